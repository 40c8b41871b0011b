"""Answers as other libraries hold them, as NumPy's arrays of the type that they are of."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["as_numpy"]


def as_numpy(y: Any) -> Any:
    """Return answers of pandas' types that may be missing as integers, truth values or texts.

    Objects that are all truth values, or all integers, become an array of them, too. Whatever has
    missing values, or is none of these, is returned as it is.

    Parameters
    ----------
    y : array-like
        As they were given.

    Returns
    -------
    y : ndarray or array-like
    """
    if hasattr(y, "iloc") and y.ndim == 2 and y.shape[1] == 1:  # a DataFrame of one column
        column = as_numpy(y.iloc[:, 0])
        return column[:, None] if isinstance(column, np.ndarray) else y
    dtype = getattr(y, "dtype", None)
    plain: Any = getattr(dtype, "numpy_dtype", None)
    if plain is not None and plain.kind in "iub":  # pandas: Int64, boolean, int64[pyarrow], …
        return y if y.isna().any() else y.to_numpy(dtype=plain)
    if getattr(dtype, "kind", "") != "O" or getattr(y, "ndim", 0) != 1:
        return y
    values = np.asarray(y, dtype=object).tolist()
    truth = {isinstance(value, bool | np.bool_) for value in values}
    if truth != {True} and not (truth == {False} and all(map(_is_whole, values))):
        return y
    array = np.array(values)
    return array if array.dtype.kind in "iub" else y  # integers of more than 64 bits


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer)
