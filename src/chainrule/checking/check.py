"""Gradients and Jacobians checked against finite differences: of functions, losses and chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import random
from chainrule.chain import Chain
from chainrule.checking.differences import Difference, differences
from chainrule.checking.loss_path import LossPath
from chainrule.checking.report import TOLERANCE, Entry, Report, compare
from chainrule.functions import Function, RandomKey
from chainrule.functions.contract import (
    check_arguments,
    checked_gradients,
    checked_output,
    checked_shapes,
)
from chainrule.losses import Loss
from chainrule.losses.base import expect_loss
from chainrule.sparse_rows import as_csr
from chainrule.types import Array


def check_function(
    function: Function,
    X: Any,
    parameters: Mapping[str, Any] | None = None,
    key: RandomKey | None = None,
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> Report:
    """Check the Jacobians and the backprop of a function at X (n, …).

    Each Jacobian is compared with finite differences of forward, samples' influence on each
    other included: there must be none, unless what is stated is the Jacobian of the batch,
    (n, *output, n, *input). Backprop is compared with the numeric Jacobians by a random
    cotangent: dX must be dY · ∂Y/∂X.

    Parameters
    ----------
    function : Function
        What is checked.
    X : array or sparse matrix of shape (n, …)
        Where it is checked.
    parameters : mapping from str to array, optional
        The function's parameters by its own names.
    key : RandomKey, optional
        The key of a step, to check the function as it is in training.
    seed : int, default=0
        The seed of the cotangent.
    tolerance : float, default=1e-7
        The largest relative error that counts as right.

    Returns
    -------
    report : Report
        The comparison of each Jacobian and each gradient.

    Raises
    ------
    ValueError
        Parameters are missing, or what the function returns has the wrong shape.
    """
    check_arguments(function)
    X = _numbers("check_function", X)
    own = {k: np.array(v, dtype=np.float64, order="C") for k, v in (parameters or {}).items()}
    missing = set(function.parameter_shapes(X.shape[1:])) ^ set(own)
    if missing:
        raise ValueError(f"{function}: missing or unknown parameters: {', '.join(sorted(missing))}")
    operands = {"X": X, **own}
    shapes, output = checked_shapes(function, X.shape[1:])
    given = X.copy()
    Y = checked_output(function, function.forward(X, own, key), len(X), output, X.dtype)
    if not np.array_equal(given, X, equal_nan=True):
        raise ValueError(f"{function}: expected forward to leave X as it is, got it changed")
    numbers = random.normal(Y.size, seed, random.Stream.CHECKING)
    dY = numbers.reshape(Y.shape)
    returned = function.backprop(dY, X, Y, own, key)
    dX, gradients = checked_gradients(function, returned, shapes, X.shape, input_gradient=True)
    entries = []
    for name, array in operands.items():

        def forward(_: Array) -> Array:
            return function.forward(X, own, key)

        found = [difference for _, difference in differences(forward, array)]
        J = np.stack([difference.values for difference in found], axis=-1)
        kinks = np.stack([difference.kinks for difference in found], axis=-1)
        J, kinks = (a.reshape(Y.shape + array.shape) for a in (J, kinks))
        stated = np.asarray(function.jacobian(X, own, name, key), dtype=np.float64)
        expected = Y.shape + (array.shape[1:] if name == "X" else array.shape)
        of_batch = name == "X" and stated.shape == Y.shape + X.shape != expected
        if stated.shape != expected and not of_batch:
            raise ValueError(
                f"{function}: expected a Jacobian {expected} by {name}, got {stated.shape}"
            )
        shape = Y.shape + array.shape
        stated = _spread(stated, Y.shape) if name == "X" and not of_batch else stated
        size = float(np.max(np.abs(Y), initial=0))
        entries.append(
            compare(f"∂Y/∂{name}", shape, stated, J, kinks=kinks, size=size, tolerance=tolerance)
        )
        backward = np.asarray(dX if name == "X" else gradients[name])
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


def _numbers(name: str, X: Any) -> Array:
    """Return a copy of X in float64, dense: differences are taken of each number."""
    dense = as_csr(name, X).toarray() if sparse.issparse(X) else X
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
    """Check the gradient of a loss by the outputs.

    Parameters
    ----------
    loss : Loss
        What is checked.
    Y : array of shape (n, k)
        The outputs at which it is checked.
    t : array
        The targets, as the loss takes them.
    sample_weight : array of shape (n,), optional
        The weights of the samples.
    tolerance : float, default=1e-7
        The largest relative error that counts as right.

    Returns
    -------
    report : Report
        The comparison of the gradient.
    """
    expect_loss(loss)
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
    key: RandomKey | None = None,
    *,
    samples: int | None = 50,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> Report:
    """Check the gradient of the loss by each parameter of a chain, and by X.

    The check runs in float64 whatever the type of the chain. The loss is differentiated by finite
    differences, function by function: see :mod:`chainrule.checking.loss_path`. Of a large
    array only ``samples`` entries are compared, drawn by the seed; None compares all.

    Parameters
    ----------
    chain : Chain
        What is checked, with its parameters.
    loss : Loss
        The loss of its outputs.
    X : array or sparse matrix of shape (n, …)
        The samples.
    t : array
        The targets, as the loss takes them.
    sample_weight : array of shape (n,), optional
        The weights of the samples.
    key : RandomKey, optional
        The key of a step, to check the chain as it is in training.
    samples : int or None, default=50
        The most entries of an array that are compared.
    seed : int, default=0
        The seed of the choice of entries.
    tolerance : float, default=1e-7
        The largest relative error that counts as right.

    Returns
    -------
    report : Report
        The comparison of each parameter's gradient, and of that by X.
    """
    exact = chain.astype(np.float64)
    X = _numbers("check_gradients", X)
    _, gradients, dX = exact.differentiate(loss, X, t, sample_weight, key, input_gradient=True)
    path = LossPath.of(exact, loss, X, t, sample_weight, key)
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
