"""How far losses, functions and their derivatives are from the truth, beside mpmath.

An error is |found − true| in units of epsilon·|true|, the largest of some hundred inputs over the
whole range of the float type: all whose result is finite, and no smaller than the smallest normal
number divided by epsilon. Where a result is a difference that may be 0 at any size of its terms,
as σ(z) − t is at a soft target t, |true| gives way to the sum of these terms: "of terms". Where
relative digits are lost in a tail, as those of 1 − tanh² are, it gives way to 1: "of 1".
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import mpmath as mp
import numpy as np

from benchmarks import truth
from benchmarks.tables import head, row
from chainrule.engine.kernels import losses as loss_kernels, pointwise, softmax as softmax_kernels
from chainrule.engine.kernels.library import CompiledKernel, library
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.functions import FUNCTIONS, Cos, Elementwise, LogSoftmax, Softmax
from chainrule.losses import (
    LOSSES,
    CrossEntropy,
    ElementwiseLoss,
    Loss,
    MeanOverMembers,
    Poisson,
    SoftmaxCrossEntropy,
)

TYPES = np.float32, np.float64
CLASSES = 5
ANGLES = 2.0**22
"""Beyond what number no cosine is taken."""

MANY = 1000
"""Epsilons from which on an error is none of rounding."""


@dataclass(frozen=True)
class Found:
    """Results beside the truth, and what their errors are measured by, where not by that."""

    numbers: Any
    true: list[truth.Number]
    terms: list[truth.Number] | None = None

    def error(self) -> str:
        """Return the largest error in epsilons, rounded up, and what it is measured by."""
        info = np.finfo(self.numbers.dtype)
        least = float(info.tiny) / float(info.eps)
        pairs = zip(np.ravel(self.numbers), self.true, self.terms or self.true, strict=True)
        kept = [(x, y, abs(by)) for x, y, by in pairs if least <= abs(y) <= float(info.max)]
        apart = [(abs(mp.mpf(float(x)) - y), abs(y), by) for x, y, by in kept]
        note = " of terms" if self.terms else ""
        worst = max(float(error / by) for error, _, by in apart) / float(info.eps)
        if worst > MANY and not self.terms:
            note = " of 1"
            worst = max(float(error / max(by, 1)) for error, by, _ in apart) / float(info.eps)
        return f"{np.ceil(worst * 10) / 10:.1f}{note}"


@dataclass(frozen=True)
class Line:
    """A line of the table: a rule, what it was given, and the errors of value and derivative."""

    name: str
    cells: tuple[str, ...]


def measure() -> list[Line]:
    """Return the errors of all functions and losses, of textbook and kernels, in both types."""
    return [*_functions(), *_softmaxes(), *_losses()]


def report() -> dict[str, Any]:
    """Print the table, and return it."""
    lines = measure()
    columns = [f"{of}, {np.dtype(dtype)}" for dtype in TYPES for of in ("NumPy", "kernel")]
    head("value, derivative", *columns)
    for line in lines:
        row(line.name, *line.cells)
    return {"errors": {line.name: line.cells for line in lines}}


Pair = tuple[Found, Found] | None
"""A value and a derivative; None of what there is no kernel for."""


def _line(name: str, of_type: Callable[[Any], Iterator[Pair]]) -> Line:
    cells = []
    for dtype in TYPES:
        with mp.workdps(truth.DIGITS[np.dtype(dtype).itemsize]):
            for pair in of_type(dtype):
                cells.append(", ".join(found.error() for found in pair) if pair else "none")
    return Line(name, tuple(cells))


def _exact(numbers: Any) -> list[truth.Number]:
    return [mp.mpf(float(x)) for x in np.ravel(numbers)]


def _call(kernel: CompiledKernel, **values: int) -> None:
    arguments = kernel.pack(**values)
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(kernel.address)(arguments.ctypes.data)


# ---- functions of each number


def _inputs(dtype: Any) -> Any:
    """Return numbers of every size and both signs, more of them where functions bend."""
    rng, most = np.random.default_rng(0), np.finfo(dtype).maxexp
    sizes = 2.0 ** rng.uniform(-40, most / 2, 24)
    tails = rng.uniform(-0.69 * most, 0.69 * most, 32)
    x = np.concatenate([sizes, -sizes, tails, rng.uniform(-4, 4, 32), rng.uniform(-40, 40, 32)])
    inputs = aligned(x.shape, dtype)
    inputs[:] = x
    return inputs


def _functions() -> Iterator[Line]:
    for kind in FUNCTIONS:
        if issubclass(kind, Elementwise):
            function = kind()
            yield _line(str(function), partial(_of_function, function))


def _of_function(function: Elementwise, dtype: Any) -> Iterator[Pair]:
    X = _inputs(dtype)
    if isinstance(function, Cos):  # the fraction of a turn of larger numbers is lost
        np.fmod(X, ANGLES, out=X)
    value, derivative = truth.FUNCTIONS[type(function).__name__]
    true = [value(x) for x in _exact(X)], [derivative(x) for x in _exact(X)]
    Y = function.forward(X, {})
    yield Found(Y, true[0]), Found(function.slopes(X, Y), true[1])
    Y, dX, kernels = aligned(X.shape, dtype), aligned(X.shape, dtype), library(np.dtype(dtype))
    where = {"count": X.nbytes // VECTOR, "x": address(X), "y": address(Y)}
    _call(kernels.get(pointwise.value, function), **where)
    dX[:] = 1
    _call(kernels.get(pointwise.slope, function), **where, gradient=address(dX))
    yield Found(Y, true[0]), Found(dX, true[1])


# ---- functions of a row


def _rows(dtype: Any) -> tuple[Any, Any]:
    """Return rows Z whose class t is ahead by all margins, behind, or neither, at odd places."""
    rng = np.random.default_rng(1)
    most = 0.6 * np.finfo(dtype).maxexp
    margins = np.concatenate([[0.0, 1e-3], np.geomspace(0.1, most, 18), -np.geomspace(1, most, 8)])
    Z = rng.normal(size=(len(margins), CLASSES)).astype(dtype)
    t = rng.integers(0, CLASSES, len(margins))
    Z[np.arange(len(t)), t] = (Z.max(axis=1) + margins).astype(dtype)
    return Z, t


def _softmaxes() -> Iterator[Line]:
    for function in (Softmax(), LogSoftmax()):
        yield _line(str(function), partial(_of_softmax, function))


def _of_softmax(function: Softmax | LogSoftmax, dtype: Any) -> Iterator[Pair]:
    """Yield values, and what backprop makes of a gradient by the class t alone."""
    logarithm = isinstance(function, LogSoftmax)
    X, t = _rows(dtype)
    dY = np.eye(CLASSES, dtype=dtype)[t]
    values: list[truth.Number] = []
    gradients: list[truth.Number] = []
    for x, label in zip(X, t, strict=True):
        y = truth.softmax(_exact(x))
        values += map(mp.log, y) if logarithm else y
        factors = [1] * CLASSES if logarithm else [y[label]] * CLASSES
        gradients += [f * ((k == label) - y[k]) for k, f in enumerate(factors)]
    Y = function.forward(X, {})
    dX, _ = function.backprop(dY, X, Y, {})
    assert dX is not None
    yield Found(Y, values), Found(dX, gradients)
    of_x, of_y, of_d = (Panels.zeros(*X.shape, np.dtype(dtype)) for _ in range(3))
    of_x.write(X)
    of_d.write(dY)
    where = {"last": len(X), "outputs": CLASSES, "vector_stride": of_x.stride, "y": of_y.address}
    kernels = library(np.dtype(dtype))
    _call(kernels.get(softmax_kernels.value, logarithm=logarithm), **where, x=of_x.address)
    _call(kernels.get(softmax_kernels.slope, logarithm=logarithm), **where, gradient=of_d.address)
    yield Found(of_y.read(), values), Found(of_d.read(), gradients)


# ---- losses


def _losses() -> Iterator[Line]:
    for kind in LOSSES:
        if kind is MeanOverMembers:  # its errors are those of the loss that it takes the mean of
            continue
        loss = kind()
        for name, soft in (("", False), (", soft targets", True)):
            if soft and "CrossEntropy" not in str(loss):
                continue
            yield _line(f"{loss}{name}", partial(_of_loss, loss, soft=soft))


def _of_loss(loss: Loss, dtype: Any, *, soft: bool) -> Iterator[Pair]:
    elementwise = isinstance(loss, ElementwiseLoss)
    Y, t = _pairs(loss, dtype, soft) if elementwise else _samples(loss, dtype, soft)
    T = loss.targets(t, Y)
    true = _of_each(loss, Y, T) if elementwise else _of_samples(loss, Y, T)
    yield _found(loss, loss.errors(Y, T), loss.error_gradients(Y, T), true, soft)
    if type(loss) is CrossEntropy:
        yield None  # the engine has no kernel for it without Softmax
        return
    outputs, gradients = (Panels.zeros(*Y.shape, np.dtype(dtype)) for _ in range(2))
    outputs.write(Y)
    losses, weights = aligned((len(Y),), dtype), aligned((len(Y),), dtype)
    weights[:] = 1
    labels = not elementwise and not soft
    rows = np.ascontiguousarray(t, dtype=np.int64) if labels else np.ascontiguousarray(T)
    places = np.arange(len(Y)) * rows.strides[0]
    _call(
        loss_kernels.of(library(np.dtype(dtype)), loss, labels=labels),
        last=len(Y),
        outputs=Y.shape[1],
        y=outputs.address,
        gradient=gradients.address,
        vector_stride=outputs.stride,
        t=address(rows),
        targets=address(places),
        normalized_weights=address(weights),
        losses=address(losses),
    )
    yield _found(loss, losses, gradients.read(), true, soft)


Truth = tuple[list[truth.Number], list[truth.Number], list[truth.Number], list[truth.Number]]
"""Losses and gradients, and the sums of the terms of each."""


def _found(loss: Loss, errors: Any, gradients: Any, true: Truth, soft: bool) -> tuple[Found, Found]:
    """Return results with their truth; which of them are differences of terms is known here."""
    counts = "Poisson" in str(loss)
    of_logits = str(loss).startswith(("Softmax", "Sigmoid"))
    differs = (soft and of_logits) or (counts and not isinstance(loss, Poisson))
    return (
        Found(errors, true[0], true[2] if counts else None),
        Found(gradients, true[1], true[3] if differs else None),
    )


def _pairs(loss: Loss, dtype: Any, soft: bool) -> tuple[Any, Any]:
    """Return outputs and targets (n, 1) that an elementwise loss takes."""
    rng, name = np.random.default_rng(2), str(loss)
    n, most = 120, 0.6 * np.finfo(dtype).maxexp
    sizes = np.concatenate([rng.uniform(-4, 4, n // 2), rng.uniform(-most, most, n // 2)])
    if name == "ExpPoisson":
        return np.minimum(sizes, 60).astype(dtype)[:, None], rng.poisson(3, (n, 1))
    t = rng.uniform(0, 1, (n, 1)) if soft else rng.integers(0, 2, (n, 1))
    if name == "SigmoidBinaryCrossEntropy":
        return sizes.astype(dtype)[:, None], t
    if name == "BinaryCrossEntropy":
        small = 2.0 ** rng.uniform(-20, -1, n)
        return np.where(sizes > 0, small, 1 - small).astype(dtype)[:, None], t
    if name == "Poisson":
        return 2.0 ** np.clip(sizes, -30, 30).astype(dtype)[:, None], rng.poisson(3, (n, 1))
    Y = (np.sign(sizes) * 2.0 ** rng.uniform(-20, 20, n)).astype(dtype)[:, None]
    return Y, np.where(rng.random((n, 1)) < 0.5, Y * dtype(1 + 1e-4), rng.normal(size=(n, 1)))


def _of_each(loss: Loss, Y: Any, T: Any) -> Truth:
    rule = truth.ELEMENTWISE[str(loss)]
    pairs = list(zip(_exact(Y), _exact(T), strict=True))
    found = [rule(y, t) for y, t in pairs]
    log = str(loss) == "ExpPoisson"
    of_y = [mp.exp(y) if log else y for y, _ in pairs]
    sums = [
        m + t + (t * (abs(mp.log(t)) + abs(y if log else mp.log(y))) if t and m > 0 else 0)
        for m, (y, t) in zip(of_y, pairs, strict=True)
    ]
    if str(loss) == "SigmoidBinaryCrossEntropy":
        slopes = [truth.sigmoid(z) * (1 - t) + t * truth.sigmoid(-z) for z, t in pairs]
    else:
        slopes = [m + t for m, (_, t) in zip(of_y, pairs, strict=True)]
    return [value for value, _ in found], [slope for _, slope in found], sums, slopes


def _samples(loss: Loss, dtype: Any, soft: bool) -> tuple[Any, Any]:
    """Return outputs (n, k), and class numbers or rows of targets."""
    Y, t = _rows(dtype)
    if type(loss) is CrossEntropy:
        Y = Softmax().forward(Y, {})
    return Y, (0.9 * np.eye(CLASSES)[t] + 0.1 / CLASSES) if soft else t


def _of_samples(loss: Loss, Y: Any, T: Any) -> Truth:
    """Return the truth of cross-entropy; on probabilities its derivative is −t/y."""
    losses: list[truth.Number] = []
    slopes: list[truth.Number] = []
    terms: list[truth.Number] = []
    for numbers, targets in zip(Y, T, strict=True):
        z, t = _exact(numbers), _exact(targets)
        y = truth.softmax(z) if isinstance(loss, SoftmaxCrossEntropy) else z
        losses.append(truth.cross_entropy(y, t))
        if isinstance(loss, SoftmaxCrossEntropy):
            whole = mp.fsum(t)
            slopes += [whole * a - b for a, b in zip(y, t, strict=True)]
            terms += [a * (whole - b) + b * (1 - a) for a, b in zip(y, t, strict=True)]
        else:
            slopes += [-b / a if b else mp.mpf(0) for a, b in zip(y, t, strict=True)]
            terms += [mp.mpf(1)] * len(z)
    return losses, slopes, losses, terms
