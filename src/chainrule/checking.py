"""Gradients and Jacobians checked against finite differences.

An entry is right if

    |analytic − numeric| ≤ tolerance · max(|analytic|, |numeric|, s/100, max(1, |f|)/10,000)

where s is the largest entry of the array and |f| the size of what is differentiated. Smaller
numbers are compared on the scale of these, because f is only known to ε of the numbers that it is
made from: a loss of 0.001 comes from outputs of size 10. The tolerance, 1e-7, is far above what
correct rules reach and far below any wrong factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule import random
from chainrule.chain import Chain
from chainrule.differences import Difference, differences
from chainrule.functions import Function, Moment
from chainrule.loss_path import LossPath
from chainrule.losses import Loss

__all__ = ["Report", "check_function", "check_gradients", "check_loss"]

Array = NDArray[Any]

TOLERANCE = 1e-7


@dataclass(frozen=True)
class Entry:
    """The comparison of one array: how many entries, the worst of them, and the verdict."""

    name: str
    shape: tuple[int, ...]
    checked: int
    kinks: int
    error: float
    where: tuple[int, ...]
    analytic: float
    numeric: float
    passed: bool

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        if self.checked and self.kinks == self.checked:
            return "not judged"
        return "right" if self.passed else "WRONG"


@dataclass(frozen=True)
class Report:
    """What a check found, array by array; print it."""

    entries: tuple[Entry, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every entry is right."""
        return all(entry.passed for entry in self.entries)

    @property
    def largest_error(self) -> float:
        """The largest relative error of all."""
        return max((entry.error for entry in self.entries), default=0.0)

    def __str__(self) -> str:
        head = ("array", "checked", "largest error", "at", "backprop", "finite difference", "")
        rows = [head]
        for e in self.entries:
            size = prod(e.shape)
            checked = f"{e.checked:,} of {size:,}" + (f", {e.kinks} at kinks" if e.kinks else "")
            at = ",".join(map(str, e.where)) if e.checked > e.kinks else ""
            rows.append(
                (
                    e.name,
                    checked,
                    f"{e.error:.1e}",
                    f"[{at}]",
                    f"{e.analytic:+.10g}",
                    f"{e.numeric:+.10g}",
                    e.verdict,
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(7)]
        table = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        verdict = "all right" if self.passed else "WRONG"
        return f"{table}\n{verdict}: tolerance {self.tolerance:g}"


def compare(
    name: str,
    shape: tuple[int, ...],
    analytic: Array,
    numeric: Array,
    *,
    kinks: Array | None = None,
    positions: Array | None = None,
    size: float = 0.0,
    tolerance: float = TOLERANCE,
) -> Entry:
    """Return the comparison of some entries (m,) of an array of a shape; NaN is never right.

    ``size`` is |f|, the largest number of what was differentiated.
    """
    analytic, numeric = np.ravel(analytic), np.ravel(numeric)
    smooth = np.ones(analytic.size, dtype=bool) if kinks is None else ~np.ravel(kinks)
    places = np.arange(analytic.size) if positions is None else positions
    if not smooth.any():
        nothing = (0.0, (), 0.0, 0.0, True)
        return Entry(name, shape, analytic.size, int(np.sum(~smooth)), *nothing)
    a, b = analytic[smooth], numeric[smooth]
    scale = max(np.max(np.abs(a), initial=0), np.max(np.abs(b), initial=0))
    sizes = np.maximum(np.maximum(np.abs(a), np.abs(b)), max(scale / 100, max(1, size) / 10_000))
    with np.errstate(invalid="ignore"):
        errors = np.where(a == b, 0, np.abs(a - b) / sizes)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    worst = int(np.argmax(errors))
    where = tuple(int(i) for i in np.unravel_index(int(places[smooth][worst]), shape or (1,)))
    return Entry(
        name,
        shape,
        checked=analytic.size,
        kinks=int(np.sum(~smooth)),
        error=float(errors[worst]),
        where=where if shape else (),
        analytic=float(a[worst]),
        numeric=float(b[worst]),
        passed=bool(errors[worst] <= tolerance),
    )


def check_function(
    function: Function,
    X: Any,
    parameters: Mapping[str, Any] | None = None,
    moment: Moment | None = None,
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> Report:
    """Check the Jacobians and the backprop of a function at X (n, …).

    Each Jacobian is compared with finite differences of forward, samples' influence on each
    other (which must be none) included. Backprop is compared with the numeric Jacobians by a
    random cotangent: dX[n] must be dY[n] · ∂Y[n]/∂X[n].
    """
    X = _numbers(X)
    own = {k: np.array(v, dtype=np.float64, order="C") for k, v in (parameters or {}).items()}
    missing = set(function.parameter_shapes(X.shape[1:])) ^ set(own)
    if missing:
        raise ValueError(f"{function}: missing or unknown parameters: {', '.join(sorted(missing))}")
    operands = {"X": X, **own}
    Y = function.forward(X, own, moment)
    numbers = random.normal(Y.size, seed, random.Stream.CHECKING)
    dY = numbers.reshape(Y.shape)
    dX, gradients = function.backprop(dY, X, Y, own, moment)
    entries = []
    for name, array in operands.items():

        def forward(_: Array) -> Array:
            return function.forward(X, own, moment)

        found = [difference for _, difference in differences(forward, array)]
        J = np.stack([difference.values for difference in found], axis=-1)
        kinks = np.stack([difference.kinks for difference in found], axis=-1)
        J, kinks = (a.reshape(Y.shape + array.shape) for a in (J, kinks))
        stated = function.jacobian(X, own, name, moment)
        stated = _spread(stated, Y.shape) if name == "X" else stated
        shape = Y.shape + array.shape
        if stated.shape != shape:
            raise ValueError(
                f"{function}: expected a Jacobian {shape} by {name}, got {stated.shape}"
            )
        size = float(np.max(np.abs(Y), initial=0))
        entries.append(
            compare(f"∂Y/∂{name}", shape, stated, J, kinks=kinks, size=size, tolerance=tolerance)
        )
        backward = dX if name == "X" else gradients.get(name)
        if backward is None or backward.shape != array.shape:
            received = None if backward is None else backward.shape
            raise ValueError(f"{function}: expected d{name} of shape {array.shape}, got {received}")
        pulled = np.tensordot(dY, J, axes=Y.ndim)
        any_kink = np.asarray(kinks.reshape(Y.size, -1).any(axis=0))
        entries.append(
            compare(
                f"d{name}",
                array.shape,
                backward,
                pulled,
                kinks=any_kink,
                size=size * float(np.max(np.abs(dY), initial=0)),
                tolerance=tolerance,
            )
        )
    return Report(tuple(entries), tolerance)


def _numbers(X: Any) -> Array:
    """Return a copy of X in float64, dense: differences are taken of each number."""
    dense = X.toarray() if sparse.issparse(X) else X
    return np.array(dense, dtype=np.float64, order="C")


def _spread(J: Array, output: tuple[int, ...]) -> Array:
    """Return the Jacobian of a batch (n, *out, n, *in) from those of its samples."""
    n, size = output[0], prod(output[1:])
    own = J.shape[len(output) :]
    whole = np.zeros((n, size, n, *own), dtype=J.dtype)
    every = np.arange(n)
    whole[every, :, every] = J.reshape(n, size, *own)
    return whole.reshape(*output, n, *own)


def check_loss(
    loss: Loss,
    Y: Any,
    t: Any,
    sample_weight: Any = None,
    *,
    tolerance: float = TOLERANCE,
) -> Report:
    """Check the gradient of a loss by the outputs Y (n, k)."""
    Y = np.array(Y, dtype=np.float64, order="C")
    stated = loss.gradient(Y, t, sample_weight)
    found = [d for _, d in differences(lambda at: loss.value(at, t, sample_weight), Y)]
    return Report((_compare_found("dY", Y, stated, found, tolerance=tolerance),), tolerance)


def check_gradients(
    chain: Chain,
    loss: Loss,
    X: Any,
    t: Any,
    sample_weight: Any = None,
    moment: Moment | None = None,
    *,
    samples: int | None = 50,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> Report:
    """Check the gradient of the loss by each parameter of a chain, and by X.

    The check runs in float64 whatever the type of the chain. The loss is differentiated by finite
    differences, function by function: see :mod:`chainrule.loss_path`. Of a large array only so many
    entries are compared as ``samples`` says, drawn by the seed; None compares all.
    """
    exact = chain.astype(np.float64)
    X = _numbers(X)
    _, gradients, dX = exact.differentiate(loss, X, t, sample_weight, moment, input_gradient=True)
    path = LossPath.of(exact, loss, X, t, sample_weight, moment)
    places = [
        (name, position, exact.parameters[name], gradients[name])
        for position, layer in enumerate(exact.layers)
        for name in layer.names.values()
    ]
    entries = []
    for number, (name, position, array, stated) in enumerate(
        [*places, ("X", 0, X, np.asarray(dX))]
    ):
        chosen = np.arange(array.size)
        if samples is not None and array.size > samples:
            chosen = random.choice(array.size, samples, seed, random.Stream.CHECKING, number)
        found = list(path.differences(position, array, chosen))
        stated = stated.reshape(-1)[chosen]
        entries.append(
            _compare_found(f"d{name}", array, stated, found, chosen, tolerance=tolerance)
        )
    return Report(tuple(entries), tolerance)


def _compare_found(
    name: str,
    array: Array,
    stated: Array,
    found: Sequence[Difference],
    positions: Array | None = None,
    *,
    tolerance: float,
) -> Entry:
    """Return the comparison of a number's stated derivatives with those that were found."""
    return compare(
        name,
        array.shape,
        stated,
        np.array([difference.values for difference in found]),
        kinks=np.array([difference.kinks for difference in found]),
        positions=positions,
        size=max((difference.size for difference in found), default=0.0),
        tolerance=tolerance,
    )
