"""Augmentation: small random changes of images, others in each epoch, that leave their labels.

Each change is drawn from random words that depend on the seed, the epoch, the place of the
augmentation among others and the sample alone, so that it is the same whatever takes the steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from chainrule import random
from chainrule.functions.fields import check_choice, check_number, pair
from chainrule.types import Array

Words = NDArray[np.uint64]

BLOCK = 512
"""Samples that are changed together, so that they stay in the caches."""

_HALF = np.uint64(32)
_LOW = np.uint64(2**32 - 1)


class Augmentation(ABC):
    """A random change of samples that keeps their shape, and what they show."""

    @abstractmethod
    def words(self, shape: tuple[int, ...]) -> int:
        """Return how many random words a sample takes.

        Parameters
        ----------
        shape : tuple of int
            The shape of a sample.

        Returns
        -------
        count : int
            The number of 64-bit words.

        Raises
        ------
        ValueError
            Samples of this shape cannot be changed so.
        """

    @abstractmethod
    def apply(self, X: Array, words: Words) -> Array:
        """Return samples changed.

        Parameters
        ----------
        X : ndarray of shape (n, …)
            The samples, which stay as they are.
        words : ndarray of shape (n, k)
            For each sample its random words; they alone determine the change.

        Returns
        -------
        changed : ndarray of shape (n, …)
            New samples of the same shape and type.
        """

    def _check_image(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 3:
            raise ValueError(f"{self}: expected images (channels, height, width), got {shape}")


@dataclass(frozen=True)
class Shift(Augmentation):
    """Images moved at random, up or down, left or right; what comes in at the edge is filled.

    Parameters
    ----------
    pixels : int or (int, int), default=1
        The largest way: vertical, horizontal, or one number for both.
    fill : float, default=0.0
        What comes in at the edge.
    """

    pixels: int | tuple[int, int] = 1
    fill: float = 0.0

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        pair(self, "pixels")
        check_number(self, "fill")

    def words(self, shape: tuple[int, ...]) -> int:
        """Return 1: both ways come from one word."""
        self._check_image(shape)
        return 1

    def apply(self, X: Array, words: Words) -> Array:
        """Return the images moved."""
        ways = pair(self, "pixels")
        return _cut(_padded(X, ways, "constant", self.fill), X.shape, ways, words)


@dataclass(frozen=True)
class Crop(Augmentation):
    """Images cut at random, in their own size, from images that are padded.

    Parameters
    ----------
    padding : int or (int, int), default=4
        Pixels on each side: vertical, horizontal, or one number for both.
    mode : {"reflect", "edge", "constant"}, default="reflect"
        What the padding shows: the image mirrored, its edge repeated, or zeros.
    """

    padding: int | tuple[int, int] = 4
    mode: Literal["reflect", "edge", "constant"] = "reflect"

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        pair(self, "padding")
        check_choice(self, "mode", ("reflect", "edge", "constant"))

    def words(self, shape: tuple[int, ...]) -> int:
        """Return 1: the place of a cut comes from one word."""
        self._check_image(shape)
        if self.mode == "reflect" and any(
            way >= size for way, size in zip(pair(self, "padding"), shape[1:], strict=True)
        ):
            raise ValueError(f"{self}: expected images larger than the padding, got {shape}")
        return 1

    def apply(self, X: Array, words: Words) -> Array:
        """Return the cuts."""
        ways = pair(self, "padding")
        return _cut(_padded(X, ways, self.mode, 0.0), X.shape, ways, words)


@dataclass(frozen=True)
class Flip(Augmentation):
    """Images with left and right exchanged, some of them.

    Parameters
    ----------
    probability : float, default=0.5
        The fraction of images that are flipped.
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        """Check the fraction."""
        check_number(self, "probability", low=0.0, high=1.0)

    def words(self, shape: tuple[int, ...]) -> int:
        """Return 1."""
        self._check_image(shape)
        return 1

    def apply(self, X: Array, words: Words) -> Array:
        """Return the images, some flipped."""
        flipped = (words[:, 0] >> _HALF).astype(np.float64) < self.probability * 2.0**32
        result = X.copy()
        result[flipped] = X[flipped, ..., ::-1]
        return result


@dataclass(frozen=True)
class Noise(Augmentation):
    """Samples of any shape plus normal noise, independent for each number.

    The noise takes 65,536 values, the middles of as many equal parts of the distribution.

    Parameters
    ----------
    deviation : float, default=0.1
        The standard deviation of the noise.
    """

    deviation: float = 0.1

    def __post_init__(self) -> None:
        """Check the deviation."""
        check_number(self, "deviation", low=0.0)

    def words(self, shape: tuple[int, ...]) -> int:
        """Return a word for every four numbers."""
        return -(-int(np.prod(shape)) // 4)

    def apply(self, X: Array, words: Words) -> Array:
        """Return the samples with noise."""
        quarters = np.ascontiguousarray(words, dtype="<u8").view("<u2")
        table = (self.deviation * _quantiles()).astype(X.dtype)
        numbers = int(np.prod(X.shape[1:]))
        return np.asarray(X + table[quarters[:, :numbers]].reshape(X.shape))


@cache
def _quantiles() -> NDArray[np.float64]:
    """Return the middles of 2¹⁶ equal parts of the standard normal distribution."""
    numbers: Any = special.ndtri((np.arange(2**16) + 0.5) / 2**16)
    return np.asarray(numbers, dtype=np.float64)


def _padded(X: Array, ways: tuple[int, int], mode: Any, fill: float) -> Array:
    """Return images (n, c, h + 2v, w + 2u) with v pixels above and below, u left and right."""
    widths = ((0, 0), (0, 0), (ways[0], ways[0]), (ways[1], ways[1]))
    if mode == "constant":
        return np.pad(X, widths, mode=mode, constant_values=fill)
    return np.pad(X, widths, mode=mode)


def _cut(padded: Array, shape: tuple[int, ...], ways: tuple[int, int], words: Words) -> Array:
    """Return images of a shape, cut from padded ones where the words (n, 1) point."""
    n, _, h, w = shape
    rows, columns = (
        ((half * np.uint64(2 * way + 1)) >> _HALF).astype(np.intp)
        for half, way in zip((words[:, 0] >> _HALF, words[:, 0] & _LOW), ways, strict=True)
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, (h, w), axis=(2, 3))
    return np.asarray(windows[np.arange(n), :, rows, columns])


AUGMENTATIONS: tuple[type[Augmentation], ...] = (Shift, Crop, Flip, Noise)
"""Every augmentation."""


def check_augmentations(given: Sequence[Any]) -> None:
    """Raise TypeError for a change of samples that is none."""
    for each in given:
        if not isinstance(each, Augmentation):
            raise TypeError(f"augmentation: expected such as Shift(2) or Flip(), got {each!r}")


def allocate(X: Any, augmentations: Sequence[Augmentation], dtype: np.dtype[Any]) -> Array:
    """Return an array for samples X changed; raise if they, or an augmentation, cannot be used."""
    if sparse.issparse(X):
        raise ValueError("train: expected a dense array X for augmentation, got a sparse matrix")
    check_augmentations(augmentations)
    for each in augmentations:
        count = each.words(X.shape[1:])
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
            raise ValueError(f"{each}: expected words to return a number >= 0, got {count!r}")
    return np.empty(X.shape, dtype)


def augment(
    augmentations: Sequence[Augmentation],
    X: Array,
    out: Array,
    *,
    seed: int,
    epoch: int,
    first: int = 0,
) -> None:
    """Put samples X (n, …) into ``out``, changed by each augmentation as in an epoch.

    ``first`` is the number of blocks of :data:`BLOCK` samples that the epoch has before these;
    ``out`` may be X.
    """
    for block, start in enumerate(range(0, len(X), BLOCK), first):
        samples = X[start : start + BLOCK].astype(out.dtype, copy=False)
        n, shape = len(samples), samples.shape[1:]
        for number, each in enumerate(augmentations):
            count, place = each.words(shape), block * len(augmentations) + number
            drawn = random.words(n * count, seed, random.Stream.AUGMENTATION, epoch, place)
            changed = each.apply(samples, drawn.reshape(n, count))
            if np.shape(changed) != samples.shape:
                raise ValueError(
                    f"{each}: expected apply to return samples of shape {samples.shape}, "
                    f"got {np.shape(changed)}"
                )
            samples = changed
        out[start : start + BLOCK] = samples
