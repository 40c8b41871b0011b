"""Kenjiro Taura, "Neural Networks": each formula in its order.

The note's vectors are columns, y = W x; ours are rows, so each of our W is its transpose.
"""

import numpy as np
import pytest
import sympy

from chainrule import notation
from chainrule.chain import Chain
from chainrule.checking import check_function, check_gradients, descend, finite_difference, jacobian
from chainrule.functions import Conv2d, Linear, ReLU, Softmax
from chainrule.losses import CrossEntropy, MeanSquaredError, SoftmaxCrossEntropy
from notes.comparison import assert_equal

# --- regression -----------------------------------------------------------------------------

POINTS = np.linspace(-1.2, 1, 11)
POWERS = POINTS[:, None] ** [0, 1, 2]
NOISY = 1 - 2 * POINTS + 3 * POINTS**2 + np.random.default_rng(0).normal(size=11) / 5


def sum_of_squares(w, t=NOISY):
    return sum((w[2] * a**2 + w[1] * a + w[0] - b) ** 2 for a, b in zip(POINTS, t, strict=True))


def gradient_of_sum(w, t=NOISY, batch=slice(None)):
    rest = w[2] * POINTS**2 + w[1] * POINTS + w[0] - t
    return sum(2 * r * row for r, row in zip(rest[batch], POWERS[batch], strict=True))


def test_loss_is_the_sum_of_errors_and_n_times_our_mean():
    w = np.array([0.3, -1.0, 2.0])
    y = notation.evaluate(notation.parse("y[n] = X[n,k] w[k]"), {"X": POWERS, "w": w})
    assert_equal(y, w[2] * POINTS**2 + w[1] * POINTS + w[0])
    assert_equal(11 * MeanSquaredError().value(y[:, None], NOISY), sum_of_squares(w))


def test_gradient_of_the_regression():
    w = np.array([0.3, -1.0, 2.0])
    assert_equal(gradient_of_sum(w), finite_difference(sum_of_squares, w))
    chain = Chain(Linear(1)).initialize((2,), dtype=np.float64)
    chain.parameters["b0"][0], chain.parameters["W0"][:, 0] = w[0], w[1:]
    _, gradient = chain.gradient(MeanSquaredError(), POWERS[:, 1:], NOISY)
    assert_equal(11 * gradient["b0"], gradient_of_sum(w)[:1])
    assert_equal(11 * gradient["W0"][:, 0], gradient_of_sum(w)[1:])


def test_one_step_of_gradient_descent():
    w = np.array([0.3, -1.0, 2.0])
    path = descend(sum_of_squares, w, learning_rate=0.01, steps=1)
    assert_equal(path[1], w - 0.01 * gradient_of_sum(w))


def test_gradient_descent_reaches_least_squares():
    best = np.linalg.lstsq(POWERS, NOISY)[0]
    path = descend(
        sum_of_squares, np.zeros(3), learning_rate=0.04, steps=1200, gradient=gradient_of_sum
    )
    assert_equal(path[-1], best)
    values = [sum_of_squares(w) for w in path[::50]]
    assert all(np.diff(values) <= 1e-12)

    chain = Chain(Linear(1)).initialize((2,), dtype=np.float64)
    for _ in range(1200):
        _, gradient = chain.gradient(MeanSquaredError(), POWERS[:, 1:], NOISY)
        chain.parameters.flat -= 0.04 * 11 * gradient.flat
    assert_equal(chain.parameters["b0"], best[:1])
    assert_equal(chain.parameters["W0"][:, 0], best[1:])


def test_stochastic_gradient_descent():
    w, rng = np.array([0.3, -1.0, 2.0]), np.random.default_rng(1)
    batches = np.array_split(rng.permutation(11), 4)
    parts = [gradient_of_sum(w, batch=batch) for batch in batches]
    assert_equal(sum(parts), gradient_of_sum(w))

    clean = POWERS @ [1, -2, 3]
    w = np.zeros(3)
    for _ in range(700):
        for batch in np.array_split(rng.permutation(11), 4):
            w = w - 0.1 * gradient_of_sum(w, clean, batch)
    assert_equal(w, [1, -2, 3])


# --- the digits' network --------------------------------------------------------------------

N, PIXELS = 5, 12
DIGITS = np.array([4, 9, 0, 4, 7])


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    return np.exp(x) / np.sum(np.exp(x))


@pytest.fixture(name="X")
def images_as_rows():
    return np.random.default_rng(3).normal(size=(N, PIXELS))


@pytest.fixture
def network():
    sizes = (8, 6, 10)
    layers = [each for size in sizes for each in (Linear(size, bias=False), ReLU())]
    return Chain(*layers[:-1], Softmax()).initialize((PIXELS,), dtype=np.float64, seed=4)


@pytest.fixture(name="W")
def matrices(network):
    return [network.parameters[name].T for name in ("W0", "W1", "W2")]


def test_one_hot_vectors(network, X):
    four = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert_equal(CrossEntropy().targets(DIGITS, network.forward(X))[0], four)


def test_the_network_is_a_composition(network, X, W):
    W0, W1, W2 = W
    assert network.formula() == "Softmax(Linear(W2; ReLU(Linear(W1; ReLU(Linear(W0; x))))))"
    for n in range(N):
        assert_equal(network.forward(X)[n], softmax(W2 @ relu(W1 @ relu(W0 @ X[n]))))


def test_the_output_is_ten_probabilities(network, X):
    Y = network.forward(X)
    assert Y.shape == (N, 10)
    assert (Y > 0).all()
    assert_equal(Y.sum(axis=1), np.ones(N))


def test_the_loss_is_cross_entropy_summed(network, X):
    y = network.forward(X)
    H = [-np.eye(10)[DIGITS[n]] @ np.log(y[n]) for n in range(N)]
    assert_equal(N * network.loss(CrossEntropy(), X, DIGITS), sum(H))


def test_every_stage(network, X, W):
    W0, W1, W2 = W
    trace = network.trace(X)
    for n in range(N):
        x, x1, x2, x3, x4, x5, y = (values[n] for values in trace)
        stages = {"x": x, "W0 x": x1, "relu": x2, "W1 x": x3, "relu again": x4, "W2 x": x5, "y": y}
        made = [X[n], W0 @ x, relu(x1), W1 @ x2, relu(x3), W2 @ x4, softmax(x5)]
        for (name, ours), theirs in zip(stages.items(), made, strict=True):
            assert ours.shape == theirs.shape, name
            assert_equal(ours, theirs)


def test_gradients_of_all_matrices_by_hand(network, X, W):
    W0, W1, W2 = W
    by_hand = [np.zeros_like(each) for each in W]
    for n in range(N):
        x1 = W0 @ X[n]
        x2 = relu(x1)
        x3 = W1 @ x2
        x4 = relu(x3)
        de_dx5 = softmax(W2 @ x4) - np.eye(10)[DIGITS[n]]
        de_dx3 = (de_dx5 @ W2) * np.maximum(np.sign(x3), 0)
        de_dx1 = (de_dx3 @ W1) * np.maximum(np.sign(x1), 0)
        outer = (np.outer(de_dx1, X[n]), np.outer(de_dx3, x2), np.outer(de_dx5, x4))
        for total, product in zip(by_hand, outer, strict=True):
            total += product
    _, gradient = network.gradient(CrossEntropy(), X, DIGITS)
    for k in range(3):
        assert_equal(gradient[f"W{k}"].T, by_hand[k] / N)
    assert check_gradients(network, CrossEntropy(), X, DIGITS, samples=20).passed


def test_gradient_descent_on_the_network_lowers_its_loss(network, X):
    losses = []
    for _ in range(60):
        value, gradient = network.gradient(CrossEntropy(), X, DIGITS)
        losses.append(value)
        network.parameters.flat -= 0.05 * gradient.flat
    assert (np.diff(losses) < 0).all()
    assert losses[-1] < losses[0] / 2


# --- the chain rule -------------------------------------------------------------------------


def scalar(x):
    return np.sum(np.exp(x) * x[::-1])


def test_a_derivative_is_the_row_of_the_best_linear_approximation():
    x, step = np.array([0.3, -0.2, 0.5]), np.array([2e-3, 1e-3, -1e-3])
    a = finite_difference(scalar, x)
    assert_equal(a, np.exp(x) * x[::-1] + np.exp(x[::-1]))
    missing = [scalar(x + s) - scalar(x) - sum(a * s) for s in (step, step / 10)]
    assert missing[0] / missing[1] == pytest.approx(100, rel=0.01)


def test_chain_rule_sums_over_all_variables_in_between():
    x = np.array([0.3, -0.2, 0.5])

    def y(x):
        return np.array([x[0] * x[1], np.sin(x[2]), x[0] + x[2] ** 2, x[1]])

    df_dy, dy_dx = finite_difference(scalar, y(x)), jacobian(y, x)
    df_dx = finite_difference(lambda x: scalar(y(x)), x)
    for i in range(3):
        assert_equal(df_dx[i], sum(df_dy[j] * dy_dx[j, i] for j in range(4)))

    i, step = 2, 1e-6  # the note's intuition: each y_j moves, and each moves f
    moved = x.copy()
    moved[i] += step
    assert (y(moved) - y(x)) / step == pytest.approx(dy_dx[:, i], abs=1e-5)
    contributions = df_dy * dy_dx[:, i] * step
    assert (scalar(y(moved)) - scalar(y(x))) == pytest.approx(sum(contributions), rel=1e-5)


def test_chain_rule_in_symbols():
    x = sympy.symbols("x0:2")
    u = sympy.symbols("u0:3")
    y = (x[0] * x[1], sympy.sin(x[0]), x[1] ** 2)
    f = u[0] * u[1] + sympy.exp(u[2])
    put_in = dict(zip(u, y, strict=True))
    for x_i in x:
        terms = [
            sympy.diff(f, u_j).subs(put_in) * sympy.diff(y_j, x_i) for u_j, y_j in put_in.items()
        ]
        assert sympy.expand(sympy.diff(f.subs(put_in), x_i) - sum(terms)) == 0


def test_a_chain_is_a_product_of_jacobians(network, X):
    for n in range(N):
        product = np.eye(PIXELS)
        for J in network.jacobians(X):
            product = J[n] @ product
        assert_equal(network.jacobian(X)[n], product)
        numeric = jacobian(lambda x: network.forward(x[None])[0], X[n])
        assert_equal(product, numeric)


def test_backprop_is_a_row_times_that_product(network, X):
    dY = np.random.default_rng(5).normal(size=(N, 10))
    _, dX = network.backprop(network.trace(X), dY, input_gradient=True)
    assert_equal(dX, np.stack([dY[n] @ network.jacobian(X)[n] for n in range(N)]))


# --- convolution ----------------------------------------------------------------------------

HEIGHT, WIDTH = 4, 6


def at(image, i, j):
    """Return a pixel, or 0 for an index that runs under or over."""
    inside = 0 <= i < image.shape[-2] and 0 <= j < image.shape[-1]
    return image[..., i, j] if inside else np.zeros(image.shape[:-2])


@pytest.mark.parametrize("K", [0, 1, 2])
def test_convolution_of_one_channel(K):
    rng, taps = np.random.default_rng(K), range(-K, K + 1)
    x, w = rng.normal(size=(HEIGHT, WIDTH)), rng.normal(size=(2 * K + 1, 2 * K + 1))
    expected = np.empty((HEIGHT, WIDTH))
    for i, j in np.ndindex(HEIGHT, WIDTH):
        expected[i, j] = sum(w[u + K, v + K] * at(x, i + u, j + v) for u in taps for v in taps)
    line = notation.parse("y[i,j] = w[u,v] x[i+u-K,j+v-K]", {"K": K})
    assert_equal(notation.evaluate(line, {"w": w, "x": x}), expected)
    conv = Conv2d(1, size=2 * K + 1, padding="same", bias=False)
    assert_equal(conv.forward(x[None, None], {"W": w[None, None]})[0, 0], expected)


@pytest.fixture(params=[1, 2], ids=["K=1", "K=2"])
def images(request):
    """Return K, the layer, x (b, ic, i, j), w (oc, ic, i', j') and ∂L/∂y."""
    K, rng = request.param, np.random.default_rng(request.param)
    conv = Conv2d(5, size=2 * K + 1, padding="same", bias=False)
    x, w = rng.normal(size=(2, 3, HEIGHT, WIDTH)), rng.normal(size=(5, 3, 2 * K + 1, 2 * K + 1))
    return K, conv, x, w, rng.normal(size=(2, 5, HEIGHT, WIDTH))


def test_convolution_of_many_channels(images):
    K, conv, x, w, _ = images
    taps = range(-K, K + 1)
    Y = conv.forward(x, {"W": w})
    line = notation.parse("y[b,o,i,j] = w[o,c,u,v] x[b,c,i+u-K,j+v-K]", {"K": K})
    assert_equal(notation.evaluate(line, {"w": w, "x": x}), Y)
    for b, oc, i, j in np.ndindex(Y.shape):
        y = sum(w[oc, :, u + K, v + K] @ at(x[b], i + u, j + v) for u in taps for v in taps)
        assert_equal(Y[b, oc, i, j], y)


def test_gradient_by_the_filters(images):
    K, conv, x, w, dY = images
    _, gradients = conv.backprop(dY, x, conv.forward(x, {"W": w}), {"W": w})
    for oc, ic, u, v in np.ndindex(w.shape):
        places = np.ndindex(2, HEIGHT, WIDTH)
        dw = sum(dY[b, oc, i, j] * at(x[b, ic], i + u - K, j + v - K) for b, i, j in places)
        assert_equal(gradients["W"][oc, ic, u, v], dw)


def test_gradient_by_the_image(images):
    K, conv, x, w, dY = images
    taps = range(-K, K + 1)
    dX, _ = conv.backprop(dY, x, conv.forward(x, {"W": w}), {"W": w})
    for b, ic, p, q in np.ndindex(x.shape):
        places = ((u, v) for u in taps for v in taps)
        dx = sum(w[:, ic, u + K, v + K] @ at(dY[b], p - u, q - v) for u, v in places)
        assert_equal(dX[b, ic, p, q], dx)


def test_convolution_against_finite_differences():
    rng = np.random.default_rng(6)
    conv = Conv2d(2, size=3, padding="same", bias=False)
    assert check_function(
        conv, rng.normal(size=(2, 3, 4, 5)), {"W": rng.normal(size=(2, 3, 3, 3))}
    ).passed


# --- linear ---------------------------------------------------------------------------------


@pytest.fixture
def linear():
    """Return the layer, x (n, i), the note's W (o, i) and ∂L/∂y (n, o)."""
    rng = np.random.default_rng(7)
    return (
        Linear(2, bias=False),
        rng.normal(size=(5, 3)),
        rng.normal(size=(2, 3)),
        rng.normal(size=(5, 2)),
    )


def test_linear_is_a_matrix_times_a_column(linear):
    function, x, W, _ = linear
    y = function.forward(x, {"W": W.T})
    for n, i in np.ndindex(5, 2):
        assert_equal(y[n, i], sum(W[i, j] * x[n, j] for j in range(3)))


def test_derivatives_of_linear(linear):
    function, x, W, _ = linear
    by_W = function.jacobian(x, {"W": W.T}, by="W")
    for n, k, j, i in np.ndindex(5, 2, 3, 2):
        assert_equal(by_W[n, k, j, i], x[n, j] if k == i else 0.0)
    assert_equal(function.jacobian(x, {"W": W.T}), np.stack([W] * 5))


def test_backprop_of_linear_is_an_outer_and_a_vector_matrix_product(linear):
    function, x, W, dy = linear
    dX, gradients = function.backprop(dy, x, function.forward(x, {"W": W.T}), {"W": W.T})
    assert_equal(gradients["W"].T, sum(np.outer(dy[n], x[n]) for n in range(5)))
    assert_equal(dX, np.stack([dy[n] @ W for n in range(5)]))
    for n, j in np.ndindex(5, 3):
        assert_equal(dX[n, j], sum(W[i, j] * dy[n, i] for i in range(2)))


# --- relu, softmax, cross-entropy -----------------------------------------------------------

NUMBERS = np.array([[-1.5, -0.25, 0.0, 0.25, 2.0], [3.0, 0.0, -7.0, 1.0, -0.5]])


def test_relu_and_its_derivative():
    y = ReLU().forward(NUMBERS, {})
    slopes = ReLU().slopes(NUMBERS, y)
    for x, value, slope in zip(NUMBERS.flat, y.flat, slopes.flat, strict=True):
        assert value == max(x, 0)
        assert slope == (1 if x > 0 else 0) == max(np.sign(x), 0)


def test_jacobian_and_backprop_of_relu():
    dY = np.arange(1.0, 11).reshape(2, 5)
    dX, _ = ReLU().backprop(dY, NUMBERS, ReLU().forward(NUMBERS, {}), {})
    J = ReLU().jacobian(NUMBERS, {})
    for n, j, i in np.ndindex(2, 5, 5):
        assert J[n, j, i] == (max(np.sign(NUMBERS[n, i]), 0) if i == j else 0)
    for n, j in np.ndindex(2, 5):
        assert dX[n, j] == sum(dY[n, i] * J[n, i, j] for i in range(5))
        assert dX[n, j] == (dY[n, j] if NUMBERS[n, j] > 0 else 0)


@pytest.fixture
def x():
    return np.random.default_rng(8).normal(size=(5, 4)) * 2


def test_softmax_is_positive_sums_to_one_and_the_largest_dominates(x):
    y = Softmax().forward(x, {})
    assert_equal(y, np.stack([softmax(row) for row in x]))
    assert (y > 0).all()
    assert_equal(y.sum(axis=1), np.ones(5))
    assert (y.argmax(axis=1) == x.argmax(axis=1)).all()
    sharper = [Softmax().forward(k * x, {}).max(axis=1) for k in (1, 3, 30)]
    assert (np.diff(sharper, axis=0) > 0).all()
    assert_equal(Softmax().forward(1e4 * x, {}), np.eye(4)[x.argmax(axis=1)])


def test_derivative_of_softmax(x):
    y, J = Softmax().forward(x, {}), Softmax().jacobian(x, {})
    for n, i, j in np.ndindex(5, 4, 4):
        e, total = np.exp(x[n]), np.exp(x[n]).sum()
        if i == j:
            assert_equal(J[n, i, i], (e[i] * total - e[i] ** 2) / total**2)
            assert_equal(J[n, i, i], y[n, i] * (1 - y[n, i]))
        else:
            assert_equal(J[n, i, j], -e[i] * e[j] / total**2)
            assert_equal(J[n, i, j], -y[n, i] * y[n, j])


def test_cross_entropy_and_its_derivative(x):
    y, c = Softmax().forward(x, {}), np.array([3, 0, 1, 1, 2])
    soft, hot = Softmax().forward(-x, {}), np.eye(4)[c]
    for t in (soft, hot):
        H = [-sum(t[n, i] * np.log(y[n, i]) for i in range(4)) for n in range(5)]
        assert_equal(CrossEntropy().errors(y, t), H)
        assert_equal(CrossEntropy().error_gradients(y, t), -t / y)
    for n in range(5):
        assert_equal(CrossEntropy().error_gradients(y, hot)[n], -hot[n] / y[n, c[n]])


def test_each_step_of_the_remarkable_simplification(x):
    y, c = Softmax().forward(x, {}), np.array([3, 0, 1, 1, 2])
    t, J = np.eye(4)[c], Softmax().jacobian(x, {})
    for n in range(5):
        k = c[n]
        entries = y[n] * y[n, k]
        entries[k] = -y[n, k] * (1 - y[n, k])
        simple = y[n].copy()
        simple[k] -= 1
        steps = [-t[n] / y[n] @ J[n], -t[n] / y[n, k] @ J[n], -J[n, k] / y[n, k], entries / y[n, k]]
        for step in [*steps, simple]:
            assert_equal(step, y[n] - t[n])
    assert_equal(SoftmaxCrossEntropy().error_gradients(x, t), y - t)
    assert_equal(
        SoftmaxCrossEntropy().gradient(x, c),
        finite_difference(lambda x: SoftmaxCrossEntropy().value(x, c), x),
    )
