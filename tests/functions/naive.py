"""Each function of ``FUNCTIONS`` again, as a person would write it down: loops and scalars.

Nothing here uses the package except the random words, which have tests of their own.
"""

import itertools
import math

import numpy as np
from scipy import special

from chainrule import functions as f, random


def elementwise(scalar):
    def oracle(function, X, parameters, key):
        Y = np.empty(X.shape)
        for place in np.ndindex(X.shape):
            Y[place] = scalar(function, float(X[place]))
        return Y

    return oracle


def linear(function, X, parameters, key):
    W, b = parameters["W"], parameters.get("b")
    Y = np.zeros((X.shape[0], W.shape[1]))
    for n, o in np.ndindex(Y.shape):
        for i in range(W.shape[0]):
            Y[n, o] += X[n, i] * W[i, o]
        Y[n, o] += 0 if b is None else b[o]
    return Y


def member_linear(function, X, parameters, key):
    W, b = parameters["W"], parameters["b"]
    Y = np.zeros((len(X), len(W), W.shape[2]))
    for n, k, o in np.ndindex(Y.shape):
        x = X[n] if function.members else X[n, k]
        for i in range(W.shape[1]):
            Y[n, k, o] += x[i] * W[k, i, o]
        Y[n, k, o] += b[k, o]
    return Y


def batch_ensemble_linear(function, X, parameters, key):
    r, W, s, b = (parameters[name] for name in "rWsb")
    Y = np.zeros((len(X), *s.shape))
    for n, k, o in np.ndindex(Y.shape):
        x = X[n] if function.members else X[n, k]
        for i in range(len(W)):
            Y[n, k, o] += x[i] * r[k, i] * W[i, o]
        Y[n, k, o] = Y[n, k, o] * s[k, o] + b[k, o]
    return Y


def two(number):
    return (number, number) if isinstance(number, int) else number


def windows(function, shape):
    """Yield, for each of the two axes, where each window's taps lie: [[place, …], …]."""
    size, padding = two(function.size), function.padding
    stride = size if getattr(function, "stride", 1) is None else two(function.stride)
    dilation = two(getattr(function, "dilation", 1))
    for axis in range(2):
        k, s, d, n = size[axis], stride[axis], dilation[axis], shape[axis]
        reach = (k - 1) * d + 1
        if padding == "same":
            count = math.ceil(n / s)
            before = max((count - 1) * s + reach - n, 0) // 2
        else:
            before = 0 if padding == "valid" else two(padding)[axis]
            count = (n + 2 * before - reach) // s + 1
        yield [[start * s + tap * d - before for tap in range(k)] for start in range(count)]


def pixel(image, row, column, outside):
    inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
    return image[row, column] if inside else outside


def conv2d(function, X, parameters, key):
    W, b = parameters["W"], parameters.get("b")
    rows, columns = windows(function, X.shape[2:])
    Y = np.zeros((len(X), function.channels, len(rows), len(columns)))
    outputs, inputs = (channels // function.groups for channels in (len(W), X.shape[1]))
    for n, o, i, j in np.ndindex(Y.shape):
        group = o // outputs
        for c, u, v in np.ndindex(W.shape[1:]):
            image = X[n, group * inputs + c]
            Y[n, o, i, j] += W[o, c, u, v] * pixel(image, rows[i][u], columns[j][v], 0)
        Y[n, o, i, j] += 0 if b is None else b[o]
    return Y


def pool(reduce, outside):
    def oracle(function, X, parameters, key):
        rows, columns = windows(function, X.shape[2:])
        Y = np.zeros((*X.shape[:2], len(rows), len(columns)))
        for n, c, i, j in np.ndindex(Y.shape):
            places = itertools.product(rows[i], columns[j])
            Y[n, c, i, j] = reduce([pixel(X[n, c], *place, outside) for place in places])
        return Y

    return oracle


def embedding_bag(function, X, parameters, key):
    A = parameters["A"]
    Y = np.zeros((X.shape[0], A.shape[1]))
    for n in range(X.shape[0]):
        tokens = sum(X[n, p] for p in range(len(A)))
        for p, d in np.ndindex(A.shape):
            Y[n, d] += X[n, p] * A[p, d]
        if function.mode == "mean":
            Y[n] = Y[n] / tokens if tokens else 0
    return Y


def flatten(function, X, parameters, key):
    n, c, h, w = X.shape
    Y = np.zeros((n, c * h * w))
    for place in np.ndindex(X.shape):
        Y[place[0], (place[1] * h + place[2]) * w + place[3]] = X[place]
    return Y


def dropout(function, X, parameters, key):
    Y = np.array(X, dtype=np.float64)
    if key is not None:
        drawn_by = (key.seed, random.Stream.DROPOUT, key.step, key.layer)
        for place, word in zip(np.ndindex(X.shape), random.words(X.size, *drawn_by), strict=True):
            dropped = (int(word) >> 12) + 0.5 < function.rate * 2**52
            Y[place] = 0 if dropped else X[place] / (1 - function.rate)
    return Y


def softmax(function, X, parameters, key):
    return np.stack([special.softmax(x, axis=-1) for x in X])


def log_softmax(function, X, parameters, key):
    return np.stack([special.log_softmax(x, axis=-1) for x in X])


def batch_norm(function, X, parameters, key):
    Y = np.zeros(X.shape)
    for place in np.ndindex(X.shape):
        c = place[1]
        mean, variance = parameters["mean"][c], parameters["variance"][c]
        if key is not None:
            numbers = [float(X[other]) for other in np.ndindex(X.shape) if other[1] == c]
            mean = math.fsum(numbers) / len(numbers)
            variance = math.fsum((x - mean) ** 2 for x in numbers) / len(numbers)
        Y[place] = (X[place] - mean) / math.sqrt(variance + function.epsilon)
        if function.affine:
            Y[place] = Y[place] * parameters["g"][c] + parameters["b"][c]
    return Y


def layer_norm(function, X, parameters, key):
    Y = np.zeros(X.shape)
    shape = X.shape[1:]
    for place in np.ndindex(X.shape):
        n, at = place[0], place[1:]
        group = [
            float(X[n][other])
            for other in np.ndindex(shape)
            if function.over == "sample"
            or (function.over == "channels" and other[1:] == at[1:])
            or (function.over == "last" and other[:-1] == at[:-1])
        ]
        mean = math.fsum(group) / len(group)
        variance = math.fsum((x - mean) ** 2 for x in group) / len(group)
        Y[place] = (X[place] - mean) / math.sqrt(variance + function.epsilon)
        if function.affine:
            own = at[-1] if function.over == "last" else at[0]
            Y[place] = Y[place] * parameters["g"][own] + parameters["b"][own]
    return Y


def residual(function, X, parameters, key):
    Y, weights = X, 0
    for place, each in enumerate(function.chain):
        own = {}
        for name, array in parameters.items():
            if isinstance(each, f.Residual) and name.startswith(f"{weights}."):
                own[name.removeprefix(f"{weights}.")] = array
            elif name.endswith(str(weights)) and "." not in name:
                own[name.removesuffix(str(weights))] = array
        inside = key and f.RandomKey(key.seed, key.step, (key.layer + 1) * 1024 + place)
        own = own if each.parameter_shapes(Y.shape[1:]) else {}
        Y = forward(each, Y, own, inside)
        weights += bool(own)
    return X + Y


def scale(function, X, parameters, key):
    Y = np.zeros(X.shape)
    for place in np.ndindex(X.shape):
        Y[place] = X[place] * parameters["s"][place[1:]]
    return Y


def parametric(function, X, parameters, key):
    F, Y = forward(function.activation, X, {}), np.zeros(X.shape)
    for n, *i in np.ndindex(X.shape):
        a = parameters["a0"][*i]
        Y[n, *i] = (1 - a) * X[n, *i] + a * F[n, *i]
    return Y


ORACLES = {
    f.Scale: scale,
    f.Parametric: parametric,
    f.Linear: linear,
    f.MemberLinear: member_linear,
    f.BatchEnsembleLinear: batch_ensemble_linear,
    f.Conv2d: conv2d,
    f.EmbeddingBag: embedding_bag,
    f.MaxPool2d: pool(max, -math.inf),
    f.AvgPool2d: pool(lambda numbers: sum(numbers) / len(numbers), 0),
    f.Flatten: flatten,
    f.Dropout: dropout,
    f.ReLU: elementwise(lambda _, x: x if x > 0 else 0),
    f.LeakyReLU: elementwise(lambda f, x: x if x > 0 else f.slope * x),
    f.ELU: elementwise(lambda f, x: x if x > 0 else f.alpha * math.expm1(x)),
    f.GELU: elementwise(lambda _, x: x * special.ndtr(x)),
    f.SiLU: elementwise(lambda _, x: x * special.expit(x)),
    f.Sigmoid: elementwise(lambda _, x: special.expit(x)),
    f.Tanh: elementwise(lambda _, x: math.tanh(x)),
    f.Softplus: elementwise(lambda _, x: np.logaddexp(0, x)),
    f.Exp: elementwise(lambda _, x: np.e**x),
    f.Identity: elementwise(lambda _, x: x),
    f.SELU: elementwise(
        lambda _, x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x))
    ),
    f.Mish: elementwise(lambda _, x: x * math.tanh(np.logaddexp(0, x))),
    f.Cos: elementwise(lambda _, x: math.cos(x)),
    f.Softmax: softmax,
    f.LogSoftmax: log_softmax,
    f.BatchNorm: batch_norm,
    f.LayerNorm: layer_norm,
    f.Residual: residual,
}


def forward(function, X, parameters, key=None):
    return ORACLES[type(function)](function, X, parameters, key)
