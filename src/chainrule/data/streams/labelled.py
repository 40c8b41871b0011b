"""Rows of a stream, with their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.streams.parts import Part
from chainrule.data.table import Column

__all__ = ["LabelledPart"]


@dataclass(frozen=True)
class LabelledPart:
    """Some rows of a stream with their answers, if it has any.

    Parameters
    ----------
    part : Part
        The rows; the columns of a table include those of answers.
    features : tuple of str or None
        The columns that are no answers, None where columns have no names.
    y : ndarray, Column, tuple of Columns or None
        The answers.
    """

    part: Part
    features: tuple[str, ...] | None
    y: Any

    def __len__(self) -> int:
        return len(self.part)

    @property
    def raw(self) -> Any:
        """The rows as inputs take them: an array, or a table."""
        return self.part.raw(self.features)

    def rows(self, start: int, stop: int) -> LabelledPart:
        """Return the rows from one to another."""
        chosen = np.arange(start, stop)
        if isinstance(self.y, tuple):
            y: Any = tuple(column.select(chosen) for column in self.y)
        elif isinstance(self.y, Column):
            y = self.y.select(chosen)
        else:
            y = None if self.y is None else self.y[start:stop]
        return LabelledPart(self.part.slice(start, stop), self.features, y)
