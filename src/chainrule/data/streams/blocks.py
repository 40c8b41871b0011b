"""What every kind of file that is streamed states: its blocks of rows, each read by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from chainrule.data.streams.parts import Part

__all__ = ["RowBlocks"]


class RowBlocks(ABC):
    """Rows on a disk, in blocks, which are numbered from 0.

    Attributes
    ----------
    sizes : tuple of int
        How many rows each block has, at least one.
    names : tuple of str or None
        The columns' names, None where they have none.
    row_bytes : int
        Bytes of a row, as numbers.
    head_rows : int
        The most of the first rows that are read to see what rows are.
    labelled : bool
        Whether parts have answers of their own.
    left_out : int
        What stands in files with answers of their own and has none: no row.
    """

    head_rows = 2**31
    labelled = False
    left_out = 0

    sizes: tuple[int, ...]
    names: tuple[str, ...] | None
    row_bytes: int

    @abstractmethod
    def read(self, block: int, names: Sequence[str] | None = None) -> Iterator[Part]:
        """Yield the rows of a block in their order, some at a time; of all columns, or of some."""

    @abstractmethod
    def place(self, block: int, row: int) -> str:
        """Return in words where a row of a block stands, both counted from 0."""

    @abstractmethod
    def contents(self) -> dict[str, str]:
        """Return what is read, part by part, each as a text; a digest of its bytes follows "#"."""

    @abstractmethod
    def __repr__(self) -> str:
        """Return in words what is read."""
