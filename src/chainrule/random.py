"""Random numbers that depend on nothing but their key: the same bits everywhere, for ever.

Everything random in chainrule (initial parameters, shuffling, dropout) is made from the raw
words of the counter-based generator Philox (Salmon et al., 2011), keyed by a seed and by what the
numbers are for. NumPy's own distributions may change their stream between versions; raw words
may not, and element e of a dropout mask is word e of its stream, whoever computes it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special


class Stream(IntEnum):
    """What random words are for; numbers in one stream are independent of the others."""

    INITIALIZATION = 0
    SHUFFLING = 1
    DROPOUT = 2
    SPLITTING = 3
    CHECKING = 4
    AUGMENTATION = 5
    BLOCKS = 6


BLOCK = 65_536
"""Numbers that are made from words at once."""


def words(count: int, seed: int, stream: Stream, *place: int) -> NDArray[np.uint64]:
    """Return 64-bit words (count,) that depend on the seed, the stream and up to two numbers.

    Raises
    ------
    ValueError
        The seed is not a whole number from 0 to 2⁶⁴ − 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise ValueError(f"seed: expected a whole number from 0 to 2**64 - 1, got {seed!r}")
    if len(place) > 2 or min(place, default=0) < 0:
        raise ValueError(f"place: expected at most two numbers, none negative, got {place}")
    counter = [0, *place, *([0] * (2 - len(place))), int(stream)]
    generator = np.random.Philox(key=int(seed), counter=np.array(counter, dtype=np.uint64))
    return np.asarray(generator.random_raw(count), dtype=np.uint64)


def uniform(count: int, seed: int, stream: Stream, *place: int) -> NDArray[np.float64]:
    """Return numbers (count,) uniform in the open interval (0, 1)."""
    whole = words(count, seed, stream, *place)
    numbers = whole.view(np.float64)  # in the words' place: initial weights can be very many
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        numbers[block] = ((whole[block] >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return numbers


def normal(count: int, seed: int, stream: Stream, *place: int) -> NDArray[np.float64]:
    """Return numbers (count,) of the standard normal distribution."""
    numbers: Any = special.ndtri(uniform(count, seed, stream, *place))
    return np.asarray(numbers, dtype=np.float64)


def permutation(count: int, seed: int, stream: Stream, *place: int) -> NDArray[np.intp]:
    """Return the numbers 0 to count − 1 in random order."""
    return np.argsort(words(count, seed, stream, *place), kind="stable")


def choice(count: int, size: int, seed: int, stream: Stream, *place: int) -> NDArray[np.intp]:
    """Return different numbers (size,) from 0 to count − 1, sorted; each set is as likely.

    By Floyd's method, which takes a word for each number and not one for each of the count
    (Bentley and Floyd, "A sample of brilliance", 1987).
    """
    chosen: set[int] = set()
    drawn = words(size, seed, stream, *place).tolist()
    for last, word in zip(range(count - size, count), drawn, strict=True):
        number = word % (last + 1)
        chosen.add(last if number in chosen else number)
    return np.array(sorted(chosen), dtype=np.intp)
