"""A loss and its gradient at a few samples, with which a program checks its own.

Of a gradient's many numbers a program keeps one for each array: the derivative along a direction,
which all of the numbers go into. Targets are made up, as a gradient is right for any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.export.walk import Network
from chainrule.functions import sequence
from chainrule.losses import CrossEntropy, Loss, MeanOverMembers, fused
from chainrule.types import Array

__all__ = ["GOLDEN", "GradientSamples", "keep_gradient"]

MOST_SAMPLES = 5
"""How many samples a loss is the mean of."""

GOLDEN = 2654435761
"""2³² over the golden ratio: its multiples are spread evenly, which directions are made of."""

SHAKEN = 3
"""How often parameters are changed by a few roundings, one way and the other."""


@dataclass(frozen=True)
class GradientSamples:
    """The mean loss of some samples, its derivatives, and how far a program's may be from these.

    Parameters
    ----------
    places : list of int
        Which of the kept samples they are.
    T : ndarray of shape (n, targets)
        Their targets.
    expected, allowed : ndarray of shape (1 + arrays,)
        The loss and, for each array, the derivative along a direction; and the largest difference
        that is rounding.
    """

    places: list[int]
    T: Array
    expected: Array
    allowed: Array


def keep_gradient(
    network: Network, loss: Loss, X: Array, names: Sequence[str], dtype: np.dtype[Any]
) -> GradientSamples | None:
    """Return the mean loss and gradient of the first few samples where that has one value.

    At a kink, as where an activation is at 0 up to rounding, there are two: such samples are left
    out. None where no sample is left.

    Parameters
    ----------
    network : Network
        What is differentiated.
    loss : Loss
        The loss.
    X : ndarray of shape (n, …)
        Samples as the first layer takes them.
    names : sequence of str
        The parameters whose gradients are kept, in order; that by X comes before.
    dtype : dtype
        The program's float type.
    """
    eps = float(np.finfo(dtype).eps)
    places: list[int] = []
    targets, found, spreads, sizes = [], [], [], []
    for place, x in enumerate(X):
        reference = _Reference(network, loss, x[None], place)
        own, size = reference.derivatives(names, network.parameters, np.float64)
        others = [reference.derivatives(names, network.parameters, dtype)[0]]
        others += [
            reference.derivatives(names, _shaken(network.parameters, share, seed), np.float64)[0]
            for seed in range(SHAKEN)
            for share in (4 * eps, -4 * eps)
        ]
        spread = np.abs(np.array(others) - own).max(axis=0)
        if not (spread <= np.sqrt(eps) * max(size)).all():  # NaN, too
            continue
        places.append(place)
        targets.append(np.ravel(reference.T))
        found.append(own)
        spreads.append(spread)
        sizes.append(size)
        if len(places) == MOST_SAMPLES:
            break
    if not places:
        return None
    size = np.max(sizes, axis=0)
    allowed = 4 * np.max(spreads, axis=0) + eps * (64 * size + 16 * size.max())
    return GradientSamples(places, np.array(targets), np.mean(found, axis=0), allowed)


class _Reference:
    """The loss of one sample and its gradient by plain NumPy."""

    def __init__(self, network: Network, loss: Loss, X: Array, place: int) -> None:
        last = network.layers[-1]
        pair = fused(last.function, loss)
        self.loss, self.X = pair or loss, X
        self.layers = network.layers[: len(network.layers) - bool(pair)]
        self.shape = last.input_shape if pair else last.output_shape
        each = loss.each if isinstance(loss, MeanOverMembers) else loss
        shape = (self.shape[1:] or (1,)) if isinstance(loss, MeanOverMembers) else self.shape
        count = int(np.prod(shape))
        numbers = np.arange(count)
        is_class = isinstance(each, CrossEntropy)
        self.T = numbers == place % count if is_class else (numbers + place) % 2

    def derivatives(
        self, names: Sequence[str], parameters: Mapping[str, Array], dtype: Any
    ) -> tuple[Array, Array]:
        """Return the loss and derivatives along directions, and what goes into them in size."""
        cast = {name: array.astype(dtype) for name, array in parameters.items()}
        steps = sequence.steps(self.layers, cast, None)
        gradients: dict[str, Array] = {}
        with np.errstate(all="ignore"):
            values = sequence.trace(steps, self.X.astype(dtype))
            T = np.broadcast_to(self.T, (1, *self.shape[:-1], len(self.T)))
            T = T.reshape(values[-1].shape).astype(dtype)
            errors, dY = self.loss.checked(values[-1], T)
            dX = sequence.backprop(steps, values, dY, gradients.__setitem__, input_gradient=True)
        terms = [np.ravel(errors).astype(np.float64)]
        terms += [_terms(each) for each in (dX, *(gradients[name] for name in names))]
        sums = np.array([each.sum() for each in terms])
        return sums, np.array([np.sqrt((each**2).sum()) for each in terms])


def _terms(gradient: Any) -> Array:
    """Return the numbers of a gradient times those of the direction, from −1 to 1."""
    numbers = np.ravel(gradient).astype(np.float64)
    multiples = np.arange(1, len(numbers) + 1, dtype=np.uint32) * np.uint32(GOLDEN)
    return np.asarray(numbers * (multiples / 2.0**31 - 1))


def _shaken(parameters: Mapping[str, Array], share: float, seed: int) -> dict[str, Array]:
    """Return parameters that are changed by about a share of each."""
    drawn = np.random.default_rng(seed)
    return {
        name: array * (1 + share * drawn.normal(size=array.shape))
        for name, array in parameters.items()
    }
