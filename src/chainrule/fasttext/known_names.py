"""The names of a dictionary as the kernels look them up; and whether they differ."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chainrule.data.tokens import Vocabulary
from chainrule.engine.kernels.tokens import LONGEST

__all__ = ["check_different", "check_names", "vocabulary_of"]


def vocabulary_of(text: NDArray[np.uint8], bounds: NDArray[np.int64]) -> Vocabulary:
    """Return what knows names that a text can have; those that stand twice only once.

    Parameters
    ----------
    text, bounds : arrays
        Name i is ``text[bounds[i]:bounds[i + 1]]``.
    """
    known, places = Vocabulary(), bounds.astype(np.uint32)
    known.reserve(len(bounds) - 1)
    padded = np.concatenate([text, np.zeros(8, np.uint8)])
    known.learn(padded, places[:-1], places[1:], len(bounds) - 1)
    return known


def check_names(text: NDArray[np.uint8], bounds: NDArray[np.int64]) -> None:
    """Raise ValueError unless all names of a dictionary can stand in a text."""
    if _names_a_text_can_have(text, bounds):
        return
    if bounds[-1] >= 2**32:
        raise ValueError(f"expected names of less than 4 GiB in all, got {bounds[-1]:,} bytes")
    lengths = np.diff(bounds)
    wrong = (lengths < 1) | (lengths > LONGEST)
    wrong[~wrong] = text[bounds[:-1][~wrong]] == ord("\n")
    place = int(np.argmax(wrong))
    name = text[bounds[place] : bounds[place] + min(lengths[place], 20)].tobytes()
    raise ValueError(
        f"expected names of 1 to {LONGEST:,} bytes that begin with no line feed in the dictionary, "
        f"got {name!r}, of {lengths[place]:,} bytes, as number {place + 1:,}"
    )


def _names_a_text_can_have(text: NDArray[np.uint8], bounds: NDArray[np.int64]) -> bool:
    """Return whether none is empty, too long, or begins with a line feed."""
    lengths = np.diff(bounds)
    if not len(lengths):
        return True
    if lengths.min() < 1 or lengths.max() > LONGEST or bounds[-1] >= 2**32:
        return False
    return not bool((text[bounds[:-1]] == ord("\n")).any())


def check_different(text: NDArray[np.uint8], bounds: NDArray[np.int64]) -> None:
    """Raise ValueError if a name stands there twice."""
    count = len(bounds) - 1
    if _names_a_text_can_have(text, bounds) and vocabulary_of(text, bounds).size == count:
        return
    content, seen = text.tobytes(), set[bytes]()
    for begin, end in pairwise(bounds.tolist()):
        name = content[begin:end]
        if name in seen:
            raise ValueError(f"expected different words and labels, got {name[:60]!r} twice")
        seen.add(name)
