"""What a program without Unicode's tables has to know of characters to split texts into words."""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from chainrule.inputs.texts.words import ALONE, NO_SIGNS

__all__ = ["CaseRange", "character_classes", "lower_ranges"]

JOINING = ("Mn", "Mc", "Me", "Cf")
CASED = ("Lu", "Ll", "Lt")
SELECTOR = "\ufe00"
MIXED = "\u4000"
"""From here on signs are not among the letters that stand alone."""


class CaseRange(NamedTuple):
    """Capital letters from first to last, each ``step``-th one, and how far small ones are."""

    first: int
    last: int
    step: int
    difference: int


@lru_cache(maxsize=1)
def character_classes() -> tuple[list[int], str]:
    """Return where classes of characters beyond ASCII begin, and the class of each range.

    Of a word are w, c with two cases, and, if it joins what is before it, j; b is a blank; s a
    sign that is a word; a stands alone, too, without a selector of its look behind it; t is a
    letter, and m a mark, of scripts whose letters are words with the marks around them; A and T
    are as a and t, but no letters or digits.
    """
    starts: list[int] = []
    classes: list[str] = []
    for code in range(128, sys.maxunicode + 1):
        own = _class_of(chr(code))
        if not classes or own != classes[-1]:
            starts.append(code)
            classes.append(own)
    return starts, "".join(classes)


def _class_of(sign: str) -> str:
    if sign < MIXED or sign.isalnum():
        return _class_by_pattern(sign)
    if sign in NO_SIGNS:
        return "b"
    return "j" if unicodedata.category(sign) in JOINING else "s"


def _class_by_pattern(sign: str) -> str:
    if ALONE.match(sign) is None:
        return "c" if unicodedata.category(sign) in CASED else "w"
    if sign.isspace() or sign in NO_SIGNS:
        return "b"
    joins = unicodedata.category(sign) in JOINING
    in_words = sign.isalnum()
    if _of_script(sign):
        return "m" if joins else "t" if in_words else "T"
    if joins:
        return "j"
    return "s" if _takes_selector(sign) else "a" if in_words else "A"


def _of_script(sign: str) -> bool:
    """Return whether a character is of the scripts that are matched in runs."""
    pair = ALONE.match(sign * 2)
    return pair is not None and len(pair[0]) == 2


def _takes_selector(sign: str) -> bool:
    """Return whether a selector of its look belongs to a sign."""
    pair = ALONE.match(sign + SELECTOR)
    return pair is not None and len(pair[0]) == 2


@lru_cache(maxsize=1)
def lower_ranges() -> list[CaseRange]:
    """Return the capital letters beyond ASCII that have one small letter, in ranges."""
    pairs = []
    for code in range(128, sys.maxunicode + 1):
        small = chr(code).lower()
        if len(small) == 1 and ord(small) != code:
            pairs.append((code, ord(small) - code))
    ranges: list[CaseRange] = []
    for code, difference in pairs:
        if ranges:
            first, last, step, own = ranges[-1]
            gap = code - last
            if own == difference and gap in (1, 2) and (first == last or gap == step):
                ranges[-1] = CaseRange(first, code, gap, own)
                continue
        ranges.append(CaseRange(code, code, 1, difference))
    return ranges
