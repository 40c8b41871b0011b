"""What each row of a stream weighs: numbers in an array, or in a column of the stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.streams import DataStream, LabelledPart
from chainrule.data.streams.arrays import Answers, described_array
from chainrule.types import Array

__all__ = ["RowWeights", "weighed", "weights_in"]


@dataclass(frozen=True)
class RowWeights:
    """The weights of a stream's rows.

    Parameters
    ----------
    column : str
        That has them, "" if none does.
    array : Answers or None
        That has them, if no column does.
    """

    column: str = ""
    array: Answers | None = None

    def of(self, part: LabelledPart, block: int, start: int) -> Array:
        """Return those of some rows, of a block from its row ``start`` on."""
        if self.array is None:
            return self._numbers(part)
        return self.array.of(block, start, start + len(part))

    def at(self, part: LabelledPart, rows: Array) -> Array:
        """Return those of some rows of the stream, by their numbers."""
        if self.array is None:
            return self._numbers(part)
        return np.asarray(self.array.y)[rows]

    def described(self) -> str:
        """Return the column, which is digested with its file, or a digest of the array."""
        return f"column {self.column!r}" if self.array is None else described_array(self.array.y)

    def _numbers(self, part: LabelledPart) -> Array:
        return part.part.numbers((self.column,))[:, 0]


def weighed(
    name: str, stream: DataStream, sample_weight: Any
) -> tuple[DataStream, RowWeights | None]:
    """Return a stream without the column of weights, and what its rows weigh, None if alike.

    Raises
    ------
    ValueError
        There is no such column, or not one number for each row.
    """
    if sample_weight is None:
        return stream, None
    if isinstance(sample_weight, str):
        return stream.without(sample_weight), RowWeights(sample_weight)
    weights = sample_weight if hasattr(sample_weight, "dtype") else np.asarray(sample_weight)
    if np.dtype(weights.dtype).kind not in "biuf" or tuple(weights.shape) != (len(stream),):
        raise ValueError(
            f"{name}: expected sample_weight as an array of {len(stream):,} numbers, one for each "
            f"row of the stream, or the name of its column, got {weights.dtype} "
            f"{tuple(weights.shape)}"
        )
    return stream, RowWeights(array=Answers(weights, stream.sizes))


def weights_in(X: Any, sample_weight: Any) -> tuple[Any, Any]:
    """Return samples to be scored, and their weights: as given, or in a column of a stream.

    Raises
    ------
    ValueError
        A column is named, of samples that are no stream, or of one that has no such column.
    """
    if not isinstance(sample_weight, str):
        return X, sample_weight
    if not isinstance(X, DataStream):
        raise ValueError(
            "score: expected sample_weight as an array of numbers, or with a DataStream as X the "
            f"name of its column, got {sample_weight!r}"
        )
    return X.without(sample_weight), X.column_numbers(sample_weight)
