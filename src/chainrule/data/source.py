"""Data as they were read, whatever they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import shortened
from chainrule.data.coded import LineNumbers, RawCells, lines_of, taken
from chainrule.data.errors import DataError
from chainrule.data.table import Column, Table

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """Data as they were read: a table or images, and the cells of the target if there are any.

    ``validation`` and ``test`` are sets that came apart from the rest, such as MNIST's test set;
    ``lines`` are the lines of a file that the rows stand on, and ``files`` the image files that
    they are.
    """

    name: str
    data: Table | NDArray[np.uint8]
    target_name: str = ""
    cells: RawCells | None = None
    lines: LineNumbers = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    validation: Source | None = None
    test: Source | None = None

    def __repr__(self) -> str:
        target = f", target {self.target_name!r}" if self.target_name else ""
        data = self.data if isinstance(self.data, Table) else f"{self.data.dtype} {self.data.shape}"
        return f"Source {self.name!r}{target}\n{data}"

    def __len__(self) -> int:
        return len(self.data)

    @property
    def target(self) -> Column:
        """The target's cells; DataError if there are none."""
        if self.cells is not None:
            return Column(self.target_name, self.cells, self.lines, self.files)
        if isinstance(self.data, Table):
            raise DataError(
                f"{self.name}: expected the column to be predicted, one of "
                f"{shortened(self.data.names, most=50)}"
            )
        raise DataError(f"{self.name}: expected a folder of images for each class")

    def select(self, rows: NDArray[np.intp]) -> Self:
        """Return some of the rows."""
        data: Any = self.data.select(rows) if isinstance(self.data, Table) else self.data[rows]
        cells = None if self.cells is None else taken(self.cells, rows)
        lines = lines_of(self.lines, rows) if isinstance(self.data, Table) else ()
        files = tuple(self.files[row] for row in rows) if self.files else ()
        return replace(self, data=data, cells=cells, lines=lines, files=files)
