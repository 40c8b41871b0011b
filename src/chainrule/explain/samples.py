"""Random samples, targets and parameters at which the lines of a derivation are checked."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import random
from chainrule.chain import Chain
from chainrule.explain.sites import Parts
from chainrule.types import Array, Shape

SAMPLES = 3


def given_samples(X: Any, t: Any) -> Array | None:
    """Return samples as a new array in float64, sparse ones as dense, or None of neither.

    Raises
    ------
    ValueError
        Samples come without targets, or targets without samples.
    """
    if (X is None) != (t is None):
        given, lacking = ("t", "X") if X is None else ("X", "t")
        raise ValueError(f"derivation: expected {lacking}, too, as {given} is given, got None")
    if X is None:
        return None
    return np.array(X.toarray() if sparse.issparse(X) else X, dtype=np.float64, order="C")


def drawn_network(chain: Chain, parts: Parts, seed: int) -> tuple[Chain, Array, Any]:
    """Return a chain with parameters near a chain's own, samples, and targets that its loss takes.

    Biases that start at 0 would hide what multiplies them, so that all parameters are moved.

    Raises
    ------
    ValueError
        The loss takes no targets that are tried; the error is its own.
    """
    moved = chain.astype(np.float64)
    flat = moved.parameters.flat
    flat += 0.2 * _normal(flat.shape, seed, 4)
    for name, array in moved.parameters.items():
        if name.startswith("variance") or ".variance" in name:
            array[...] = np.abs(array) + 0.5
    shape = chain.layers[0].input_shape
    X = _normal((SAMPLES, *shape), seed, 5)
    try:
        chain.layers[0].function.check_samples(X)
    except ValueError:
        X = np.abs(X)
    Y = moved.forward(X)
    if parts.added:
        Y = parts.sites[-1].function.forward(Y, {})
    return moved, X, _targets(parts, Y, seed)


def _targets(parts: Parts, Y: Array, seed: int) -> Any:
    """Return the first targets that the loss of outputs Y takes."""
    trouble: ValueError | None = None
    for t in _candidates(Y, seed):
        try:
            parts.loss.targets(t, Y)
        except ValueError as error:
            trouble = trouble or error
            continue
        return t
    assert trouble is not None
    raise trouble


def _candidates(Y: Array, seed: int) -> Iterator[Array]:
    """Yield targets: shares of classes, numbers from 0 to 1, class numbers."""
    n, last = len(Y), Y.shape[-1]
    for shape in ((n, last), (n, 1), (n,)):
        shares = _uniform(shape, seed, 6)
        shares[0] = 0
        shares[0, ..., 0] = 1
        if last > 1 and shape == (n, last):
            yield shares / shares.sum(axis=1, keepdims=True)
        yield shares
    yield np.arange(n) % last


def _normal(shape: Shape, seed: int, place: int) -> Array:
    numbers = random.normal(prod(shape), seed, random.Stream.CHECKING, place)
    return np.asarray(numbers, dtype=np.float64).reshape(shape)


def _uniform(shape: Shape, seed: int, place: int) -> Array:
    numbers = random.uniform(prod(shape), seed, random.Stream.CHECKING, place)
    return np.array(numbers, dtype=np.float64).reshape(shape)
