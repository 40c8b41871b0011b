"""Sparse matrices X (3, 4) whose arrays do not fit each other, by what is wrong, and odd ones."""

import numpy as np
from scipy import sparse

DENSE = np.array([[0, 1.5, 0, -2], [0, 0, 0, 0], [3, 0, 0.5, 1]])
ROWS = sparse.csr_array(DENSE)


def _compressed(kind, **arrays):
    """Return a matrix of a compressed format, arrays of it replaced after construction."""
    X = kind(DENSE)
    for name, array in arrays.items():
        setattr(X, name, np.asarray(array) if isinstance(array, list) else array)
    return X


def _at(array, place, value):
    changed = array.copy()
    changed[place] = value
    return changed


def csr(**arrays):
    return _compressed(sparse.csr_array, **arrays)


def _coo(**arrays):
    X = sparse.coo_array(DENSE)
    if "row" in arrays or "col" in arrays:
        row, col = X.coords
        X.coords = np.asarray(arrays.get("row", row)), np.asarray(arrays.get("col", col))
    if "data" in arrays:
        X.data = np.asarray(arrays["data"])
    return X


def _lil(place, columns, entries):
    X = sparse.lil_array(DENSE)
    X.rows[place], X.data[place] = columns, entries
    return X


def _dok(key):
    X = sparse.dok_array(DENSE)
    X._dict[key] = 1.0
    return X


def _dia(**arrays):
    return _compressed(sparse.dia_array, **arrays)


FLOATS = ROWS.data
MALFORMED = {
    "starts from 1": (lambda: csr(indptr=[1, 2, 2, 5]), "row starts in X .* got 1 to 5"),
    "starts below 0": (lambda: csr(indptr=[-1, 2, 2, 5]), "row starts in X .* got -1 to 5"),
    "starts that fall": (lambda: csr(indptr=[0, 3, 2, 5]), "row starts in X .* a fall between"),
    "starts beyond": (lambda: csr(indptr=[0, 2, 2, 6]), "row starts in X .* got 0 to 6"),
    "starts far beyond": (lambda: csr(indptr=[0, 2, 2, 2**40]), "row starts in X .* got 0 to 10"),
    "too few starts": (lambda: csr(indptr=[0, 5]), "expected 4 row starts in X, got 2"),
    "too many starts": (lambda: csr(indptr=[0, 2, 2, 5, 5]), "4 row starts in X, got 5"),
    "no starts": (lambda: csr(indptr=np.empty(0, np.int32)), "4 row starts in X, got 0"),
    "starts of floats": (lambda: csr(indptr=[0.0, 2, 2, 5]), "row starts in X as whole numbers"),
    "starts in a table": (lambda: csr(indptr=[[0, 2], [2, 5]]), "row starts in X as .* 1 axes"),
    "starts as a list": (lambda: csr(indptr=(0, 2, 2, 5)), "row starts in X .* got tuple"),
    "a column below 0": (
        lambda: csr(indices=_at(ROWS.indices, 2, -1)),
        "column numbers from 0 to 3 in X, got -1 in sample 2",
    ),
    "a column beyond": (
        lambda: csr(indices=_at(ROWS.indices, 1, 4)),
        "column numbers from 0 to 3 in X, got 4 in sample 0",
    ),
    "a column far beyond": (
        lambda: csr(indices=_at(ROWS.indices.astype(np.int64), 4, 2**40)),
        "column numbers from 0 to 3 in X, got 1099511627776 in sample 2",
    ),
    "a column that 32 bits make right": (
        lambda: csr(indices=_at(ROWS.indices.astype(np.int64), 4, 2**32 + 1)),
        "column numbers from 0 to 3 in X, got 4294967297 in sample 2",
    ),
    "a column without a sign": (
        lambda: csr(indices=_at(ROWS.indices.astype(np.uint64), 0, 2**64 - 1)),
        "column numbers from 0 to 3 in X, got 18446744073709551615 in sample 0",
    ),
    "columns of floats": (lambda: csr(indices=FLOATS), "column numbers in X as whole numbers"),
    "columns in a table": (lambda: csr(indices=ROWS.indices[None]), "column numbers in X .* axes"),
    "too few columns": (lambda: csr(indices=[1, 3]), "column numbers as entries in X, got 2 and 5"),
    "too few entries": (lambda: csr(data=FLOATS[:4]), "numbers as entries in X, got 5 and 4"),
    "too many entries": (lambda: csr(data=np.ones(9)), "numbers as entries in X, got 5 and 9"),
    "entries in a table": (lambda: csr(data=FLOATS[:, None]), "numbers as X, an array of 1 axes"),
    "entries of texts": (lambda: csr(data=FLOATS.astype("U3")), "numbers as X, got <U3 values"),
    "complex entries": (lambda: csr(data=FLOATS * 1j), "numbers as X, got complex128 values"),
    "NaN": (lambda: csr(data=_at(FLOATS, 2, np.nan)), "finite X, got nan in sample 2|contains NaN"),
    "infinity": (
        lambda: csr(data=_at(FLOATS, 1, -np.inf)),
        r"finite X, got -inf in sample 0 at \(3\)|contains infinity",
    ),
    "CSC, a row beyond": (
        lambda: _compressed(sparse.csc_array, indices=[2, 0, 2, 3, 2]),
        "row numbers from 0 to 2 in X, got 3 in column 3",
    ),
    "CSC, starts that fall": (
        lambda: _compressed(sparse.csc_array, indptr=[0, 1, 3, 2, 5]),
        "column starts in X .* a fall between",
    ),
    "BSR, a column beyond": (
        lambda: _compressed(lambda X: sparse.bsr_array(X, blocksize=(3, 2)), indices=[0, 2]),
        "column numbers from 0 to 1 in X, got 2 in sample 0",
    ),
    "COO, a row beyond": (lambda: _coo(row=[0, 0, 2, 2, 3]), "row numbers from 0 to 2 in X, got 3"),
    "COO, a row below 0": (lambda: _coo(row=[0, 0, -2, 2, 2]), "row numbers .* got -2 in entry 2"),
    "COO, a column beyond": (lambda: _coo(col=[1, 9, 0, 2, 3]), "column numbers .* got 9 in entry"),
    "COO, too few entries": (lambda: _coo(data=[1.0]), "row numbers as entries in X, got 5 and 1"),
    "DOK, a column beyond": (lambda: _dok((0, 4)), "column numbers from 0 to 3 in X, got 4"),
    "DOK, a row below 0": (lambda: _dok((-1, 0)), "row numbers from 0 to 2 in X, got -1"),
    "LIL, a column beyond": (
        lambda: _lil(0, [1, 4], [1.0, 2.0]),
        "column numbers from 0 to 3 in X, got 4 in sample 0",
    ),
    "LIL, too many entries": (
        lambda: _lil(2, [1], [1.0, 2.0]),
        "column numbers of sample 2 as entries in X, got 1 and 2",
    ),
    "DIA, too many offsets": (
        lambda: _dia(offsets=np.arange(9)),
        "offsets as diagonals in X, got 9 and",
    ),
}
"""For each kind a call that makes the matrix, and what the error says."""

ODD = {
    "out of order": lambda: sparse.csr_array(
        ([-2, 1.5, 1, 3, 0.5], [3, 1, 3, 0, 2], [0, 2, 2, 5]), shape=(3, 4)
    ),
    "twice": lambda: sparse.csr_array(
        ([1.0, -2, 0.5, 3, 0.5, 1], [1, 3, 1, 0, 2, 3], [0, 3, 3, 6]), shape=(3, 4)
    ),
    "zeros": lambda: sparse.csr_array(
        ([1.5, 0, -2, 3, 0.5, 1], [1, 2, 3, 0, 2, 3], [0, 3, 3, 6]), shape=(3, 4)
    ),
    "room to spare": lambda: csr(
        data=np.append(FLOATS, 9.0), indices=np.append(ROWS.indices, 99).astype(np.int32)
    ),
    "64 bits": lambda: csr(
        indices=ROWS.indices.astype(np.int64), indptr=ROWS.indptr.astype(np.int64)
    ),
    **{
        kind: lambda kind=kind: getattr(sparse, f"{kind}_array")(DENSE)
        for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")
    },
    "matrix": lambda: sparse.csr_matrix(DENSE),
}
"""Valid matrices, all of which are DENSE."""
