"""Samples as kernels read them, from what a user has."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from chainrule.engine.planning.kinds.table import kind_of
from chainrule.engine.planning.sample_rows import Rows, SparseRows
from chainrule.finite import narrowed
from chainrule.functions import Function
from chainrule.sparse_rows import as_csr


def as_rows(first: Function, X: Any, inputs: int, dtype: np.dtype[Any]) -> Rows:
    """Return samples X (n, …) as the kernels of a chain's first function read them."""
    if not sparse.issparse(X):
        first.check_samples(X)
        rows = np.ascontiguousarray(X, dtype=dtype).reshape(len(X), inputs)
        ready: Rows = _prepared(first, rows)
        return ready
    if not first.sparse_input:
        raise ValueError(f"{first}: expected a dense array, got a sparse matrix")
    X = as_csr(str(first), X)
    if X.shape[1] != inputs:
        raise ValueError(f"{first}: expected X with {inputs} features, got {X.shape[1]}")
    first.check_samples(X)
    X = _prepared(first, narrowed(str(first), X, dtype).astype(dtype, copy=False))
    return SparseRows(
        np.ascontiguousarray(X.indptr, dtype=np.int64),
        np.ascontiguousarray(X.indices, dtype=np.int32),
        np.ascontiguousarray(X.data, dtype=dtype),
    )


def _prepared(first: Function, X: Any) -> Any:
    """Return samples with what the first function does to them before its product."""
    found = kind_of(first)
    return found[1].prepared(first, X) if found else X


def reads_as_it_is(first: Function) -> bool:
    """Return whether kernels read samples as they are, where a function is the first."""
    found = kind_of(first)
    return found is not None and "prepared" not in vars(found[1])
