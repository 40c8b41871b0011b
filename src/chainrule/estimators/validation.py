"""Data as users give them: samples through inputs, answers for targets, both checked.

scikit-learn's checks take note of columns on an estimator; here they do on a copy, so that a fit
that is refused changes nothing.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_X_y, column_or_1d
from sklearn.utils.validation import validate_data

from chainrule.data import Column, DataError, Images, Table
from chainrule.data.frames import as_table, is_frame
from chainrule.data.sources import is_source
from chainrule.data.streams import DataStream
from chainrule.inputs import Inputs
from chainrule.inputs.base import numeric
from chainrule.sparse_rows import check_arrays
from chainrule.targets import Targets
from chainrule.targets.given import as_numpy
from chainrule.targets.label_lists import is_listed
from chainrule.types import Array

SPARSE = ["csr", "csc"]
FLOATS = (np.float64, np.float32)
"""Types that stay as they are; numbers of any other, such as bfloat16, become the first."""


def with_answers(
    X: Any, y: Any, known: tuple[str, ...], inputs: Inputs | None = None
) -> tuple[Any, Any]:
    """Return samples without, and as, the column of answers where y names one.

    Parameters
    ----------
    X : array-like, images, table, or str or path
        Raw samples.
    y : array-like, Column, str or None
        Answers, the name of a column of X, or None for the columns that are known; of a folder of
        images None takes the folders' names.
    known : tuple of str
        The columns of the targets of training; of several, a tuple of Columns is returned.
    inputs : Inputs or None
        Of a fitted network.

    Raises
    ------
    DataError
        X has no such column.
    """
    if isinstance(X, DataStream):
        return X, stream_answers(X, y, known)
    if isinstance(X, Images):
        return X, X.target if y is None and X.labels else y
    if y is None and is_source(X) and inputs is not None and (found := inputs.with_answers(X)):
        return found
    tabular = is_source(X) or is_frame(X) or isinstance(X, Table | dict)
    if y is None and known and tabular:
        if len(known) > 1:
            return with_columns(X, known)
        y = known[0]
    if not isinstance(y, str | int):
        return X, y
    if not tabular:
        raise DataError(
            f"y={y!r}: expected answers, or with a table as X the name of its column of answers"
        )
    table = as_table(X)
    return table.without(str(y)), table.target(str(y))


def stream_answers(stream: DataStream, y: Any, known: tuple[str, ...]) -> Any:
    """Return all answers to a stream: those given, those in its columns, or those it has."""
    if y is not None and not isinstance(y, str):
        return y
    if y is not None or (known and not stream.labelled):
        stream = stream.with_answers(list(known) if y is None and len(known) > 1 else y or known[0])
    return stream.all_answers() if stream.labelled else None


def with_columns(X: Any, names: Sequence[str]) -> tuple[Table, tuple[Column, ...]]:
    """Return a table without, and as, several columns of answers; DataError if one is lacking."""
    table = as_table(X)
    columns = tuple(map(table.target, names))
    for name in names:
        table = table.without(name)
    return table, columns


def answers_to(estimator: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Return samples and answers for a fitted estimator; ValueError if there are no answers."""
    X, y = with_answers(X, y, estimator.targets_.columns, estimator.inputs_)
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__}: expected answers y to compare with, or a table that has "
            "the column of answers that training had, got none"
        )
    if isinstance(X, DataStream) and getattr(estimator.targets_, "listed", False):
        y = lists_of_labels(y)
    return X, read_answers(estimator, y, estimator.targets_)


def lists_of_labels(y: Any) -> Any:
    """Return labels of lines, all of which have one, as lists of them; others as they are."""
    if np.ndim(y) != 1 or is_listed(y):
        return y
    found = np.empty(len(y), object)
    found[:] = [(label,) for label in y]
    return found


def name_of(y: Any) -> str:
    """Return the name of the column that answers stand in, "" where there is none."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) else ""


def names_of(y: Any) -> tuple[str, ...]:
    """Return the names of several columns that answers stand in, () where there are none."""
    if are_columns(y):
        return tuple(column.name for column in y)
    names = getattr(y, "column_names", getattr(y, "columns", ())) if np.ndim(y) == 2 else ()
    named = tuple(name for name in names if isinstance(name, str) and name)
    return named if 1 < len(named) == len(names) == len(set(named)) else ()


def read_fit(
    estimator: Any, X: Any, y: Any, inputs: Inputs, targets: Targets | None, *, reset: bool
) -> tuple[Any, Array, Inputs]:
    """Return X as a chain takes it, answers as an array, and the inputs, which have seen X.

    Parameters
    ----------
    estimator : NetworkEstimator
        Whose parameters and fitted network count.
    X, y : array-like, or what else inputs and targets take
        Raw samples and answers.
    inputs : Inputs
        Of the network to be, or of the fitted one.
    targets : Targets or None
        Those that answers must belong to, if they are known.
    reset : bool
        Whether the columns of X are those of training from now on.
    """
    check_sparse(estimator, X)
    known = _known(estimator, inputs, reset=reset)
    answers = read_answers(estimator, y, targets)
    numeric = not hasattr(estimator, "predict_proba")
    checked: list[Array] = []

    def check(rows: Any, names: tuple[str, ...] | None) -> Any:
        if names is not None:
            known.__dict__.pop("feature_names_in_", None)
        _check_type(estimator, rows)
        try:
            rows, found = validate_data(
                known,
                rows,
                answers,
                accept_sparse=SPARSE,
                multi_output=True,
                y_numeric=numeric,
                dtype=FLOATS,
                reset=reset,
            )
        except ValueError as error:
            raise _with_advice(error, X) from None
        if names is not None:
            known.feature_names_in_ = np.array(names, dtype=object)
        checked.append(found)
        return rows

    for name in () if targets is None else targets.columns:
        X = inputs.without_answers(X, name)
    encoded = inputs.encode(X, check)
    if not checked:
        if not len(encoded):
            raise ValueError(
                f"Found array with 0 sample(s) while a minimum of 1 is required by "
                f"{type(estimator).__name__}."
            )
        kind = np.dtype(getattr(estimator, "dtype", None) or np.float32)
        flat, found = check_X_y(
            encoded.reshape(len(encoded), -1).astype(kind, copy=False),
            answers,
            multi_output=True,
            y_numeric=numeric,
            dtype=FLOATS,
        )
        return flat.reshape(encoded.shape), _one_column(found), inputs
    if reset:
        inputs = inputs.seen(int(known.n_features_in_), getattr(known, "feature_names_in_", None))
    return encoded, _one_column(checked[0]), inputs


def read_samples(estimator: Any, X: Any, inputs: Inputs) -> Any:
    """Return X, checked, as the chain of a fitted estimator takes it."""
    if _plain_rows(X, inputs):
        return X
    check_sparse(estimator, X)
    chain = getattr(estimator, "chain_", None)
    floats = FLOATS if chain is None or chain.dtype == np.float64 else FLOATS[::-1]

    def check(rows: Any, names: tuple[str, ...] | None) -> Any:
        known = estimator
        if names is None and inputs.raw_names is None and _whole(rows, estimator.n_features_in_):
            return rows
        if names is not None:
            known = _known(estimator, inputs, reset=False)
            known.__dict__.pop("feature_names_in_", None)
        _check_type(estimator, rows)
        rows = validate_data(known, rows, accept_sparse=SPARSE, dtype=floats, reset=False)
        return rows.tocsr() if sparse.issparse(rows) else rows

    for name in estimator.targets_.columns:
        X = inputs.without_answers(X, name)
    return inputs.encode(X, check)


def _check_type(estimator: Any, rows: Any, what: str = "X") -> None:
    """Raise ValueError for dates and durations, of which NumPy makes numbers of any unit."""
    types = [rows.dtype] if hasattr(rows, "dtype") else getattr(rows, "dtypes", ())
    for found in types:
        temporal = getattr(found, "is_temporal", lambda: False)  # so polars says it
        if getattr(found, "kind", "") in ("m", "M") or temporal():
            raise ValueError(
                f"{type(estimator).__name__}: expected numbers as {what}, got {found} values; what "
                "numbers they are depends on a unit, so make them of it, such as hours"
            )


def _numbers(estimator: Any, y: Any) -> Any:
    """Return answers of a type that NumPy alone does not know, such as bfloat16, as float64."""
    _check_type(estimator, y, "y")
    return numeric(y) if getattr(getattr(y, "dtype", None), "kind", "") == "V" else y


def _plain_rows(X: Any, inputs: Inputs) -> bool:
    """Return, in little time, whether X are rows that scikit-learn would return as they are."""
    return inputs.kind == "rows" and inputs.raw_names is None and _whole(X, inputs.raw_count)


def _whole(X: Any, count: int) -> bool:
    """Return, in little time, whether X is an array of finite rows of so many numbers."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype.char in "fd"
        and X.shape[1] == count
        and len(X) > 0
        and _finite(X)
    )


def _finite(X: Array) -> bool:
    """Return whether all numbers are finite; a sum of those that are mostly says it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(X.sum()) or bool(np.isfinite(X).all())


def read_answers(estimator: Any, y: Any, targets: Targets | None) -> Any:
    """Return answers as they are, or those in columns' cells as classes or numbers."""
    y = estimator._answers(y)
    check_sparse(estimator, y, "y")
    if are_columns(y):
        if targets is not None:
            return targets.read(*y)
        return np.stack([estimator._new_answers(column) for column in y], axis=1)
    if targets is not None and targets.name and not isinstance(y, Column):
        y = targets.matched(y)
    if not isinstance(y, Column):
        y = as_numpy(y)
        return y if hasattr(estimator, "predict_proba") else _numbers(estimator, y)
    return estimator._new_answers(y) if targets is None else targets.read(y)


def are_columns(y: Any) -> bool:
    """Return whether answers are several columns' cells, as `with_columns` returns them."""
    return isinstance(y, tuple) and bool(y) and all(isinstance(each, Column) for each in y)


def check_sparse(estimator: Any, data: Any, letter: str = "X") -> None:
    """Raise ValueError for a sparse matrix whose arrays, which SciPy trusts, are malformed."""
    if sparse.issparse(data):
        check_arrays(type(estimator).__name__, data, letter)


def _known(estimator: Any, inputs: Inputs, *, reset: bool) -> Any:
    """Return a copy of an estimator that knows the columns of its inputs."""
    probe = copy.copy(estimator)
    probe.__dict__.pop("feature_names_in_", None)
    if not reset:
        probe.n_features_in_ = inputs.raw_count
        if inputs.raw_names is not None:
            probe.feature_names_in_ = np.array(inputs.raw_names, dtype=object)
    return probe


def _with_advice(error: ValueError, X: Any) -> ValueError:
    """Return the error about rows of a table that are no numbers, with what would take them."""
    if is_frame(X) and ("could not convert" in str(error) or "contains NaN" in str(error)):
        return ValueError(
            f"{error}; a table of words, numbers and missing values is read by "
            'Classifier(chain, inputs="table") and Regressor(chain, inputs="table")'
        )
    return error


def _one_column(y: Array) -> Array:
    if y.ndim == 2 and y.shape[1] == 1:
        return np.asarray(column_or_1d(y, warn=True))
    return y

