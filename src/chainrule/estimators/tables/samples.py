"""Raw rows as tables: frames, files, dicts, and arrays, whose columns have no names."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import _check_feature_names, _get_feature_names, validate_data

from chainrule.data import DataError, Table
from chainrule.data.frame_columns import cells_of, is_frame
from chainrule.data.frames import as_table
from chainrule.data.sources import is_source

__all__ = ["check_has_columns", "known_columns", "rows_as_table", "unnamed"]


def unnamed(count: int) -> tuple[str, ...]:
    """Return the names that columns without any are called by: x0, x1, …, as scikit-learn does."""
    return tuple(f"x{place}" for place in range(count))


def check_has_columns(estimator: Any, X: Any) -> None:
    """Raise DataError for rows that a table can be made of, and how."""
    name = type(estimator).__name__
    if isinstance(X, list | tuple) and len(X) and all(isinstance(row, Mapping) for row in X):
        raise DataError(
            f"{name}: expected a table with named columns as X, got a list of dicts; "
            "pandas.DataFrame(X) makes a table of them"
        )
    if hasattr(X, "to_frame") and np.ndim(X) == 1:
        raise DataError(
            f"{name}: expected a table as X, got a Series, which is one column; X.to_frame() makes "
            "a table of it"
        )


def rows_as_table(estimator: Any, X: Any, *, reset: bool) -> tuple[Table, bool]:
    """Return rows as a table, and whether its columns had names.

    Parameters
    ----------
    estimator : TableEstimator
        Fitted, unless ``reset``.
    X : DataFrame, pyarrow table, dict, Table, str or path, or array-like
        The rows.
    reset : bool
        Whether the columns are those of training from now on; else they must be these.

    Raises
    ------
    ValueError
        Columns are lacking, or there are no rows.
    """
    listed = is_source(X) or isinstance(X, Table | Mapping) or hasattr(X, "column_names")
    if listed and not sparse.issparse(X):  # some matrices are dicts, too
        table, named = as_table(X), True
    elif is_frame(X):
        table, named = as_table(X), _get_feature_names(X) is not None
        if named and not reset:
            _check_order(estimator, X, table)
        elif not reset and hasattr(estimator, "feature_names_in_"):
            named = set(estimator.inputs_.raw_names) <= set(table.names)  # numbers, as texts
    else:
        check_has_columns(estimator, X)
        probe = copy.copy(estimator)
        rows = validate_data(
            probe, X, dtype=None, ensure_all_finite="allow-nan", reset=reset, accept_sparse=False
        )
        names = unnamed(rows.shape[1])
        columns = tuple(cells_of(column) for column in rows.T)
        table, named = Table(names, columns, unit="row"), False
    if not len(table.names):
        raise ValueError(
            f"Found array with 0 feature(s) (shape={tuple(np.shape(X))}) while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )
    if not len(table):
        raise ValueError(
            "Found array with 0 sample(s) while a minimum of 1 is required by "
            f"{type(estimator).__name__}."
        )
    if not named:
        table = replace(table, names=unnamed(len(table.names)))
    return (table, named) if reset else (_by_place(estimator, table, named=named), named)


def known_columns(estimator: Any) -> tuple[str, ...]:
    """Return the names of all columns that a fitted estimator's training saw, in their order."""
    names = getattr(estimator, "feature_names_in_", None)
    return unnamed(estimator.n_features_in_) if names is None else tuple(names.tolist())


def _by_place(estimator: Any, table: Table, *, named: bool) -> Table:
    """Return a table with the names of training, where one of both has none."""
    known = hasattr(estimator, "feature_names_in_")
    if named and known:
        return table
    if len(table.names) != estimator.n_features_in_:
        raise ValueError(
            f"X has {len(table.names)} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )
    return replace(table, names=known_columns(estimator))


def _check_order(estimator: Any, X: Any, table: Table) -> None:
    """Raise scikit-learn's error unless a frame has the columns of training in their order.

    Those that training did not see, such as the answers, may stand among them; those of which it
    made nothing may be lacking.
    """
    known = getattr(estimator, "feature_names_in_", None)
    if known is None:
        _check_feature_names(estimator, X, reset=False)
        return
    present = [name for name in table.names if name in set(known)]
    needed = {*present, *estimator.inputs_.raw_names}
    wanted = [name for name in known if name in needed]
    if sorted(present) == sorted(wanted) and present != wanted:
        raise ValueError(
            "The feature names should match those that were passed during fit.\n"
            "Feature names must be in the same order as they were in fit.\n"
        )
    if present != wanted:
        _check_feature_names(estimator, X, reset=False)
