"""The cells of a column as codes into the texts that occur, each of them kept once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coded", "Kind", "LineNumbers", "RawCells", "Unit", "line_of", "lines_of", "taken"]

Kind = Literal["text", "boolean", "category", "number", "time", "zoned"]
"""What a column's cells are by themselves; texts may be numbers that are written out."""

LineNumbers = Sequence[int] | NDArray[np.int64]
"""Numbers of lines of a file, or of rows; none, where these are 2, 3, 4, ..., or 0, 1, 2, ..."""

Unit = Literal["line", "row"]
"""What rows are counted in: lines of a file, below its header, or rows from 0."""

FIRST: dict[Unit, int] = {"line": 2, "row": 0}
"""The number of the first row."""


class Coded(Sequence[str]):
    """Texts (n) as codes (n) into the distinct ones (d): a list of str of little memory.

    Parameters
    ----------
    texts : sequence of str
        Different texts; some may not occur.
    codes : array of integers
        The place of each cell's text.
    kind : str, default="text"
        "boolean" where the texts are Python's names of truth values, as of a DataFrame; "category"
        where their type there is of categories, whatever these look like; "number" where they were
        numbers, and are written as programs do; "zoned" where they are times with a zone, as
        `zoned_times.zoned` writes them.
    """

    __slots__ = ("codes", "kind", "texts")

    def __init__(
        self, texts: Sequence[str], codes: NDArray[np.int32], kind: Kind = "text"
    ) -> None:
        self.texts = texts
        self.codes = codes
        self.kind: Kind = kind

    @classmethod
    def of(cls, cells: Iterable[str]) -> Coded:
        """Encode texts."""
        index: dict[str, int] = {}
        codes = [index.setdefault(cell, len(index)) for cell in cells]
        return cls(list(index), np.array(codes, np.int32))

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Coded: ...
    def __getitem__(self, place: int | slice) -> str | Coded:
        if isinstance(place, slice):
            return Coded(self.texts, self.codes[place], self.kind)
        return self.texts[int(self.codes[place])]

    def __iter__(self) -> Iterator[str]:
        return map(self.texts.__getitem__, self.codes.tolist())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (Coded, list, tuple)):
            return len(self) == len(other) and all(map(str.__eq__, self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return an array of texts."""
        found: NDArray[Any] = np.asarray(self.texts, dtype=str if dtype is None else dtype)
        cells: NDArray[Any] = found[self.codes]
        return cells

    def __repr__(self) -> str:
        return repr(list(self))

    def take(self, rows: NDArray[np.integer]) -> Coded:
        """Return the cells of some rows."""
        return Coded(self.texts, self.codes[rows], self.kind)


RawCells = list[str] | Coded | NDArray[np.float64] | NDArray[np.datetime64]
"""The cells of a column: texts, numbers with NaN or times with NaT where one is missing."""


def taken(cells: RawCells, rows: NDArray[np.integer]) -> RawCells:
    """Return the cells of some rows."""
    if isinstance(cells, Coded):
        return cells.take(rows)
    return [cells[row] for row in rows.tolist()] if isinstance(cells, list) else cells[rows]


def line_of(lines: LineNumbers, row: int, unit: Unit = "line") -> int:
    """Return the number of a row (counted from 0)."""
    return int(lines[row]) if len(lines) else row + FIRST[unit]


def lines_of(
    lines: LineNumbers, rows: NDArray[np.integer], unit: Unit = "line"
) -> NDArray[np.int64]:
    """Return the numbers of some rows."""
    if len(lines):
        chosen: NDArray[np.int64] = np.asarray(lines, np.int64)[rows]
        return chosen
    return np.asarray(rows, np.int64) + FIRST[unit]
