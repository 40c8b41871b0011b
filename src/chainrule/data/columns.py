"""Columns that grow block by block: codes into texts, or numbers where these are many."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import is_missing, number
from chainrule.data.coded import Coded, RawCells

__all__ = ["FEW_TEXTS", "GrowingColumn", "MixedColumnError", "plain_numbers"]

FEW_TEXTS = 4096
"""Numbers with more spellings than this are kept as numbers."""

ODD_SPELLING = re.compile(r"\s*(\+|-?0\d|-?\d{16})")
"""Numbers that are more than their value: 007, +49, and integers that float64 does not hold."""

MAYBE_ODD = re.compile(r"\n(\s|\+|-?0\d|-?\d{16})")
"""What is found in texts, a line break before each, if one of them is odd: quick to look for."""


class MixedColumnError(Exception):
    """A column that began with thousands of numbers goes on with words: it is one of texts."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class GrowingColumn:
    """The cells of one column while a file is read.

    Parameters
    ----------
    place : int
        The column's place in the file.
    is_text : bool
        Whether the column is known to be one of texts.
    once : bool, default=False
        Whether the file cannot be read again: then the kind is known when all cells are.
    clean : callable or None
        What a file's texts become, such as 1234.5 of 1.234,5.
    """

    def __init__(
        self,
        place: int,
        *,
        is_text: bool = False,
        once: bool = False,
        clean: Callable[[str], str] | None = None,
    ) -> None:
        self.place = place
        self.is_text = is_text
        self.once = once
        self.clean = clean
        self.are_numbers = False
        self._index: dict[str, int] = {}
        self._codes: list[NDArray[np.int32]] = []
        self._numbers: list[NDArray[np.float64]] = []
        self._texts: list[str] | None = None

    def add(self, cells: Sequence[str]) -> None:
        """Add a block of cells."""
        texts = list(dict.fromkeys(cells))
        index = {text: code for code, text in enumerate(texts)}
        codes = np.fromiter(map(index.__getitem__, cells), np.int32, len(cells))
        self.add_coded(texts, codes)

    def add_coded(self, texts: list[str], codes: NDArray[np.int32]) -> None:
        """Add a block of cells as codes into texts, all of which occur."""
        if self.clean is not None:
            texts = list(map(self.clean, texts))
        if self.are_numbers:
            values = plain_numbers(texts)
            if values is None:
                raise MixedColumnError(self.place)
            self._numbers.append(values[codes])
            return
        index = self._index
        fresh = [text for text in dict.fromkeys(texts) if text not in index]
        index.update(zip(fresh, range(len(index), len(index) + len(fresh)), strict=True))
        known = np.fromiter(map(index.__getitem__, texts), np.int32, len(texts))
        self._codes.append(known[codes])
        if len(index) > FEW_TEXTS and not self.is_text and not self.once:
            self._decide()

    def add_numbers(self, values: NDArray[np.float64]) -> None:
        """Add a block of numbers to a column of numbers."""
        self._numbers.append(values)

    def become_numbers(self, values: list[NDArray[np.float64]]) -> None:
        """Go on as a column of numbers, whose first cells these blocks are."""
        self.are_numbers = True
        self._numbers = values
        self._index, self._codes = {}, []

    def replace(self, cells: Coded) -> None:
        """Take these for the cells of a column of texts."""
        self._texts = list(cells.texts)
        self._codes = [cells.codes]

    def cells(self) -> RawCells:
        """Return all cells."""
        if self.once and len(self._index) > FEW_TEXTS:
            self._decide()
        if self.are_numbers:
            return np.concatenate(self._numbers)
        return self.coded()

    def coded(self) -> Coded:
        """Return the cells of a column of texts."""
        texts = list(self._index) if self._texts is None else self._texts
        return Coded(texts, np.concatenate(self._codes))

    def _decide(self) -> None:
        """Let a column of many different texts be one of numbers, if it is."""
        values = plain_numbers(list(self._index))
        if values is None:
            self.is_text = True
        else:
            self.become_numbers([values[codes] for codes in self._codes])


def plain_numbers(texts: list[str]) -> NDArray[np.float64] | None:
    """Return texts as finite numbers, NaN for a missing one; None if that would lose anything."""
    joined = "\n".join(["", *texts])
    if MAYBE_ODD.search(joined) and any(map(ODD_SPELLING.match, texts)):
        return None
    try:
        if joined.isascii() and not {"_", "n", "N"} & set(joined):  # so no nan, no infinity
            values = np.fromiter(map(float, texts), np.float64, len(texts))
            return values if np.isfinite(values).all() else None
    except ValueError:
        pass
    found = [np.nan if is_missing(text) else number(text) for text in texts]
    if None in found:
        return None
    values = np.array(found, np.float64)
    gone = np.fromiter(map(is_missing, texts), np.bool_, len(texts))
    return values if np.isfinite(values[~gone]).all() else None
