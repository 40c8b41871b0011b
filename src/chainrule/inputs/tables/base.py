"""What every kind of column states: how its cells become features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data import DataError
from chainrule.data.cells import shortened
from chainrule.data.table import RawCells

MOST_VALUES = 100
"""Categories of a column that have a feature each, where nobody says otherwise."""

MISSING_VALUE = "(missing)"
"""What stands for missing cells in names of features."""

Line = Callable[[int], str]
"""Where a row, counted from 0, stands: "line 2" of a file, or "row 0" of a DataFrame."""


class Block(NamedTuple):
    """Where the features of a column stand in X, and its kind."""

    name: str
    kind: str
    start: int
    width: int

    @property
    def slice(self) -> slice:
        """The columns of X."""
        return slice(self.start, self.start + self.width)


@dataclass(frozen=True)
class Settings:
    """How columns are encoded: numbers "standard" or "piecewise", and then the bins of a column.

    A bin's feature reaches ``bin_height`` at its upper edge. Of categories, the most frequent
    ``max_categories`` have a feature each.
    """

    encoding: str = "standard"
    bins: int = 16
    bin_height: float = 1.0
    max_categories: int = MOST_VALUES


class TableColumn(ABC):
    """A column that makes features, as training left it.

    A kind of column is a frozen dataclass with a classmethod ``fit`` and a line in ``COLUMNS``.
    """

    kind: ClassVar[str]
    """Its name in files."""

    called: ClassVar[str]
    """What people call it: "numbers", "categories"."""

    name: str

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """The names of its features."""

    @abstractmethod
    def describe(self) -> str:
        """Return what its features are."""

    @abstractmethod
    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features), and return what is unusual about the cells (n) in sentences.

        DataError names the line of a cell that cannot be encoded.
        """

    def checked(self) -> Self:
        """Return the column itself; DataError if a file could not keep one of its texts."""
        try:
            strict_json.check_texts(self.to_json(), f"column {shortened([self.name])}")
        except ValueError as error:
            raise DataError(
                f"{error}; no file could keep it: drop the column, or shorten the text"
            ) from None
        return self

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: object, where: str) -> Self:
        """Check and take back what `to_json` gave; ValueError for anything else."""


def counted_cells(count: int) -> str:
    """Return how many cells there are of something."""
    return "1 cell" if count == 1 else f"{count:,} cells"
