"""What a fitted network makes of a stream: parts of it, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from chainrule.data.streams import DataStream
from chainrule.data.streams.parts import ArrayPart
from chainrule.estimators.streams.encoding import few_rows
from chainrule.estimators.streams.places import rows_placed
from chainrule.inputs import Inputs
from chainrule.types import Array

__all__ = ["by_parts", "held_in_memory"]


def by_parts(function: Callable[[Any], Array], stream: DataStream, inputs: Inputs) -> Array:
    """Return what a function makes of raw rows, for all rows of a stream, (n, …).

    So few rows are taken at a time that inputs of a chain take little memory.
    """
    found, first = [], 0
    for part in few_rows(stream.parts(), prod(inputs.sample_shape)):
        with rows_placed(stream, first if isinstance(part.part, ArrayPart) else 0):
            found.append(function(part.raw))
        first += len(part)
    return np.concatenate(found)


def held_in_memory(held_out: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """Return raw samples, answers and weights of a validation set, those of a stream in memory."""
    X, y, weights = held_out
    if not isinstance(X, DataStream):
        return held_out
    rows = (X if y is None else X.with_answers(y)).whole()
    return rows.raw, rows.y, weights
