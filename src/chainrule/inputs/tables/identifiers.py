"""Columns that name a row instead of saying something about it."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import Cells

__all__ = ["FREE_TEXT", "identifier_of_numbers", "identifier_of_texts"]

FEWEST_ROWS = 20
"""Below, different values in all rows are no surprise."""

NEARLY_ALL = 0.95
DENSE = 0.5
"""Numbers that are all different and fill this share of their range count something: at random,
20 of them would in one table of 200,000."""

MANY = 100

FREE_TEXT = "free text"
"""How the reason begins why such a column is left out, unless it is learned with answers."""

WORDS_OF_A_TEXT = 3.0
NAMED = re.compile(
    r"#|nr\.?|no\.?|key|index|row|(row|record|line)?[ _]?(id|number|num|no)|.*[ _.-](id|uuid)"
    r"|id[ _.-].*|u?uid|guid|unnamed: \d+",
    re.IGNORECASE,
)
CAMEL = re.compile(r".*[a-z0-9]I[dD]")
"""Such as PassengerId, but not Madrid."""

TIMES = re.compile(r".*(year|month|week|day|hour|date|time|period|jahr|age).*", re.IGNORECASE)
"""What may count the rows and still say something: a table with a row a year."""


def identifier_of_numbers(name: str, x: NDArray[np.float64]) -> str:
    """Return why numbers (n), NaN where missing, only say which row it is; "" if they may not."""
    rows, x = len(x), x[~np.isnan(x)]
    if not len(x) or len(x) < NEARLY_ALL * rows or (x != np.floor(x)).any():
        return ""
    distinct = len(np.unique(x))
    with np.errstate(over="ignore"):
        span = x.max() - x.min() + 1
    if distinct == len(x) and len(x) > 2 and span <= len(x) / DENSE:
        steps = np.diff(x)
        many = len(x) >= FEWEST_ROWS and not TIMES.fullmatch(name)
        if many or (_named(name) and (steps == steps[0]).all()):
            return "counts the rows"
    if _named(name) and len(x) >= FEWEST_ROWS and distinct >= NEARLY_ALL * len(x):
        return _different(distinct, len(x))
    return ""


def identifier_of_texts(cells: Cells) -> str:
    """Return why texts (n) are left out: identifiers or free text; "" if they are categories."""
    rows = int(cells.counts()[~cells.missing].sum())
    texts = [text for text, gone in zip(cells.texts, cells.missing, strict=True) if not gone]
    words = float(np.mean([len(text.split()) for text in texts]))
    different = len(texts) >= NEARLY_ALL * rows and rows >= FEWEST_ROWS
    many = len(texts) > MANY and len(texts) > 0.5 * rows
    if words >= WORDS_OF_A_TEXT and (different or many):
        return f"{FREE_TEXT}, {len(texts):,} different cells in {rows:,} rows"
    return _different(len(texts), rows) if different or many else ""


def _named(name: str) -> bool:
    """Return whether a column is called as identifiers are."""
    return any(names.fullmatch(name.strip()) for names in (NAMED, CAMEL))


def _different(distinct: int, rows: int) -> str:
    if distinct == rows:
        return "a different value in each row"
    return f"{distinct:,} different values in {rows:,} rows"
