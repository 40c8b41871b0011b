"""Some of the raw rows of a table, of whatever kind it is: a scorer sees what a user gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from chainrule.data import Table
from chainrule.data.frames import as_table
from chainrule.data.sources import is_source

__all__ = ["raw_rows"]


def raw_rows(X: Any, rows: NDArray[np.intp]) -> Any:
    """Return some rows of a frame, dict or array as one of its kind, those of a file as a Table."""
    if isinstance(X, Mapping):
        return {name: _safe_indexing(column, rows) for name, column in X.items()}
    if is_source(X) or isinstance(X, Table):
        return as_table(X).select(rows)
    if hasattr(X, "column_names"):  # pyarrow
        return X.take(rows)
    return _safe_indexing(X, rows)
