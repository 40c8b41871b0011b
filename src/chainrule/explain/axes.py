"""Letters for the axes of a sample."""

from __future__ import annotations

from string import ascii_lowercase

AXES = {1: ("i",), 2: ("m", "i"), 3: ("c", "i", "j")}
"""The letters of a sample's axes, where a rule has none of its own."""


def axes_of(rank: int) -> tuple[str, ...]:
    """Return letters for the axes of a sample."""
    letters = (letter for letter in ascii_lowercase[8:] if letter not in "n")
    return AXES.get(rank) or tuple(letter for letter, _ in zip(letters, range(rank), strict=False))
