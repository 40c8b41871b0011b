"""Columns of pandas, polars, pyarrow and NumPy as cells, without going through them one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import plain
from chainrule.data.coded import Coded, RawCells
from chainrule.data.errors import DataError
from chainrule.data.table import Table
from chainrule.data.zoned_times import zoned

__all__ = ["cells_of", "is_frame", "is_index", "table_of_frame"]

INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls an index without a name where it writes one among the columns of a file."""

FEW = 16
"""Rows up to which a DataFrame of pandas is quicker taken apart as Python's objects."""

EXACT = 2**53
"""Integers up to here float64 holds without rounding."""

TRUTH = ("False", "True", "")
BOOLEANS = {bool, np.bool_}
FLOATS = (float, np.floating)
NUMBERS = (int, np.integer, *FLOATS)


def is_frame(data: Any) -> bool:
    """Return whether data have named columns: a DataFrame, or a table of pyarrow.

    Raises
    ------
    DataError
        They are a LazyFrame of polars, which has no rows yet.
    """
    if hasattr(data, "collect_schema") and not hasattr(data, "shape"):
        raise DataError(
            f"expected a table with its rows, got a {type(data).__name__}; .collect() makes a "
            "DataFrame of it"
        )
    return hasattr(data, "__dataframe__") or (
        hasattr(data, "columns") and hasattr(data, "shape") and not isinstance(data, np.ndarray)
    )


def is_index(name: str) -> bool:
    """Return whether a column is an index of pandas without a name, which is no data."""
    return INDEX.fullmatch(name) is not None


def table_of_frame(data: Any) -> Table:
    """Return a DataFrame, a table of pyarrow or a dict of columns as a table of cells.

    An index of pandas that a file has as a column is left out, as it is of the DataFrame.
    """
    if isinstance(data, Mapping):
        names, columns = list(data), [data[name] for name in data]
        single = [name for name in names if np.ndim(data[name]) == 0]
        if single:
            raise DataError(
                f"expected a list of cells for each column, got a single value for {single[0]!r}; "
                "of one row each list has one cell"
            )
    elif hasattr(data, "column_names"):  # pyarrow
        names, columns = list(data.column_names), list(data.columns)
    elif is_frame(data):
        names = list(data.columns)
        columns = _columns_of(data)
    else:
        raise DataError(
            "expected a table with named columns: a DataFrame of pandas or polars, a CSV file's "
            f"name, or a dict of columns, got {_received(data)}"
        )
    found = [(str(name), cells) for name, cells in zip(names, columns, strict=True)]
    kept = [(name, cells_of(cells)) for name, cells in found if not is_index(name)]
    return Table(tuple(name for name, _ in kept), tuple(cells for _, cells in kept), unit="row")


def _columns_of(frame: Any) -> list[Any]:
    """Return the columns of a DataFrame of pandas or polars, by their places."""
    if hasattr(frame, "get_columns"):  # polars
        return list(frame.get_columns())
    if hasattr(frame, "iloc"):
        if len(frame) <= FEW and not any(_has_more(dtype) for dtype in frame.dtypes):
            few: dict[Any, list[Any]] = frame.to_dict("list")
            if len(few) == frame.shape[1]:
                return list(few.values())
        return [frame.iloc[:, place] for place in range(frame.shape[1])]
    return [frame[name] for name in frame.columns]


def _has_more(dtype: Any) -> bool:
    """Return whether Python's objects lack what cells are: times, durations, categories."""
    return getattr(dtype, "kind", "") in ("m", "M") or hasattr(dtype, "categories")


def _received(data: Any) -> str:
    shape = getattr(data, "shape", None)
    return f"{type(data).__name__}{'' if shape is None else f' of shape {tuple(shape)}'}"


def cells_of(values: Any) -> RawCells:
    """Return a column's cells: numbers, times, or texts as a file would have them.

    Durations become seconds; times with a zone become texts of its clock, and how far that is
    ahead of UTC, as files and Python's datetimes have them.
    """
    if isinstance(values, Coded):
        return values
    if hasattr(values, "combine_chunks") or hasattr(values, "dictionary_encode"):
        found = _of_arrow(values)
    elif hasattr(values, "get_chunks"):
        found = _of_polars(values)
    elif isinstance(values, np.ndarray):
        found = _of_array(values)
    else:
        found = _of_pandas(values)
    return _one_by_one(values) if found is None else found


def _of_array(values: NDArray[Any]) -> RawCells | None:
    """Return a NumPy array's cells, None for objects."""
    kind = values.dtype.kind
    if kind in "iuf":
        return _numbers(values)
    if kind == "b":
        return Coded(TRUTH, values.astype(np.int32), "boolean")
    if kind == "M":
        return values
    if kind == "m":
        return _seconds(values)
    if kind == "U":
        texts, codes = np.unique(values, return_inverse=True)
        return Coded(texts.tolist(), codes.astype(np.int32))
    return None


def _of_pandas(values: Any) -> RawCells | None:
    """Return a Series' cells by its dtype; None for what has to be gone through."""
    dtype: Any = getattr(values, "dtype", None)
    kind = getattr(dtype, "kind", "")
    if hasattr(dtype, "pyarrow_dtype"):
        return _of_arrow(values.array.__arrow_array__())
    if hasattr(values, "cat"):  # categories and their places, -1 for a missing one
        found = _coded([_text(value) for value in dtype.categories], values.cat.codes.to_numpy())
        return found if dtype.ordered else Coded(found.texts, found.codes, "category")
    if kind in ("i", "u", "f"):
        if kind != "f" and hasattr(dtype, "numpy_dtype"):  # integers that may be missing
            whole = values.fillna(0).to_numpy(dtype=dtype.numpy_dtype)
            return _numbers(whole, values.isna().to_numpy())
        if hasattr(values, "to_numpy") and getattr(dtype, "na_value", None) is not None:
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        return _numbers(np.asarray(values))
    if kind == "b" and hasattr(values, "isna"):
        gone = values.isna().to_numpy()
        codes = np.where(gone, 2, values.fillna(False).to_numpy(dtype=np.bool_))
        return Coded(TRUTH, codes.astype(np.int32), "boolean")
    if kind == "M" and hasattr(values, "dt"):
        zone = getattr(dtype, "tz", None)
        clock = _microseconds(values.dt.tz_localize(None) if zone else values)
        if not zone:
            return clock
        return zoned(clock, _microseconds(values.dt.tz_convert("UTC").dt.tz_localize(None)))
    if kind == "m" and hasattr(values, "to_numpy"):
        return _seconds(values.to_numpy(dtype="timedelta64[us]"))
    if hasattr(values, "factorize"):
        try:
            codes, distinct = values.factorize()
        except TypeError:  # cells that cannot be told apart by a hash, such as lists
            return None
        if all(isinstance(value, str) for value in distinct):  # others may equal each other
            return _coded(list(distinct), codes)
    return None


def _of_polars(values: Any) -> RawCells | None:
    """Return a Series' cells by its dtype; None for nested ones and objects."""
    import polars

    dtype = values.dtype
    if dtype.is_integer():
        return _numbers(values.fill_null(0).to_numpy(), values.is_null().to_numpy())
    if dtype.is_numeric():
        return np.asarray(values.cast(polars.Float64).to_numpy(), dtype=np.float64)
    if dtype == polars.Boolean:
        codes = values.cast(polars.Int32).fill_null(2).to_numpy()
        return Coded(TRUTH, codes, "boolean")
    if dtype == polars.Datetime:
        clock = np.asarray(values.dt.replace_time_zone(None).to_numpy())
        if dtype.time_zone is None:
            return clock
        utc = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return zoned(clock, np.asarray(utc.to_numpy()))
    if dtype == polars.Date:
        return np.asarray(values.to_numpy())
    if dtype == polars.Duration:
        return _seconds(values.to_numpy())
    if dtype in (polars.String, polars.Categorical, polars.Enum):
        texts = values.cast(polars.String)
        distinct = texts.drop_nulls().unique(maintain_order=True)
        places = polars.Series(range(len(distinct)), dtype=polars.Int32)
        codes = texts.replace_strict(distinct, places, default=-1, return_dtype=polars.Int32)
        found = _coded(distinct.to_list(), codes.fill_null(-1).to_numpy())
        return found if dtype == polars.String else Coded(found.texts, found.codes, "category")
    return None


def _of_arrow(values: Any) -> RawCells | None:
    """Return an array's cells by its type; None for nested ones."""
    import pyarrow
    from pyarrow import types

    kind = values.type
    if types.is_integer(kind):
        gone, whole = values.is_null(), values.fill_null(0)
        return _numbers(whole.to_numpy(**_copied(whole)), gone.to_numpy(**_copied(gone)))
    if types.is_floating(kind) or types.is_decimal(kind):
        numbers = values.cast(pyarrow.float64())
        return np.asarray(numbers.to_numpy(**_copied(numbers)), dtype=np.float64)
    if types.is_boolean(kind):
        codes = values.cast(pyarrow.int32()).fill_null(2)
        return Coded(TRUTH, codes.to_numpy(**_copied(codes)), "boolean")
    if types.is_timestamp(kind):
        utc = values.cast(pyarrow.timestamp("us"), safe=False)
        if not kind.tz:
            return np.asarray(utc.to_numpy(**_copied(utc)))
        local = pyarrow.compute.local_timestamp(values)
        clock = local.cast(pyarrow.timestamp("us"), safe=False)
        return zoned(*(np.asarray(each.to_numpy(**_copied(each))) for each in (clock, utc)))
    if types.is_date(kind):
        days = values.cast(pyarrow.date32())
        return np.asarray(days.to_numpy(**_copied(days)), "datetime64[D]")
    if types.is_duration(kind):
        return _seconds(values.to_numpy(**_copied(values)))
    if types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if types.is_string(kind) or types.is_large_string(kind):
        chunks = values.chunks if hasattr(values, "chunks") else [values]
        encoded = pyarrow.chunked_array(chunks, kind).dictionary_encode().unify_dictionaries()
        codes = [chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks]
        texts = encoded.chunk(0).dictionary.to_pylist() if codes else []
        return _coded(texts, np.concatenate([np.empty(0, np.int32), *codes]))
    return None


def _copied(values: Any) -> dict[str, bool]:
    """Return how an Array says that it may be copied, which a ChunkedArray always may."""
    return {} if hasattr(values, "chunks") else {"zero_copy_only": False}


def _coded(texts: list[str], codes: NDArray[Any]) -> Coded:
    """Return codes into texts, of which −1 is a missing one."""
    codes = np.asarray(codes).astype(np.int32)
    gone = codes < 0
    if gone.any():
        if "" not in texts:
            texts = [*texts, ""]
        codes = np.where(gone, np.int32(texts.index("")), codes)
    return Coded(texts, codes)


def _numbers(values: NDArray[Any], gone: NDArray[np.bool_] | None = None) -> RawCells:
    """Return numbers as float64, NaN where one is gone; integers that it would round as texts."""
    whole = values.dtype.kind in "iu" and values.dtype.itemsize == 8 and len(values) > 0
    if whole and (values.max() > EXACT or values.min() < -EXACT):
        distinct, codes = np.unique(values, return_inverse=True)
        codes = codes if gone is None else np.where(gone, -1, codes)
        return _coded([str(value) for value in distinct.tolist()], codes)
    numbers = values.astype(np.float64)
    if gone is not None:
        numbers[gone] = np.nan
    return numbers


def _microseconds(times: Any) -> NDArray[np.datetime64]:
    """Return a Series of times without a zone as an array."""
    return np.asarray(times.to_numpy(dtype="datetime64[us]"))


def _seconds(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return durations as seconds, NaN for a missing one."""
    seconds: NDArray[np.float64] = values / np.timedelta64(1, "s")
    return seconds


def _one_by_one(values: Any) -> Coded:
    """Return any values as texts."""
    if hasattr(values, "to_pylist"):  # pyarrow
        values = values.to_pylist()
    elif hasattr(values, "to_list"):  # pandas, polars
        values = values.to_list()
    elif isinstance(values, np.ndarray):
        values = values.tolist()
    coded, types = Coded.of(_text(value) for value in values), set(map(type, values))
    if types & BOOLEANS and str not in types and set(coded.texts) <= set(TRUTH):
        coded.kind = "boolean"
    elif _are_numbers([value for value in values if _text(value)] if "" in coded.texts else values):
        coded.kind = "number"
    return coded


def _are_numbers(values: Sequence[Any]) -> bool:
    """Return whether values that are there are numbers, none of them one that floats round."""
    types = set(map(type, values))
    if not types or not all(issubclass(each, NUMBERS) for each in types) or types & BOOLEANS:
        return False
    return not any(abs(int(value)) > EXACT for value in values if not isinstance(value, FLOATS))


def _text(value: Any) -> str:
    """Return a cell as a file would have it: nothing where a value is missing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if value != value else plain(value)
    if isinstance(value, timedelta):
        return plain(value.total_seconds())
    text = str(value)
    return "" if text in ("NaT", "<NA>", "nan") else text
