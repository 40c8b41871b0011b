#!/usr/bin/env bash
# SciPy 1.17.1 (numpy 2.4.6): the mean over one axis of a sparse float32 array divides each number by the
# count before it adds, and adds the quotients in float32 one by one.
#
# For a column of ones, mean(axis=0) is
#     1.0090389 of a million, 0.9675155 of four millions, 1.0647675 of ten millions
# in each of CSR, CSC and COO, as array and as matrix. In the same cases sum(axis=0) / count is exactly 1,
# as is mean() over both axes, and the mean of the same column as a dense array by any axis. So a count of
# ones, which float32 holds exactly up to 16 millions, is lost by dividing first: the share of rows in
# which a feature is present, such as by X.mean(axis=0), is off by 6 %.
#
# dtype=np.float64, described as the type to compute with, changes nothing: 1.0647675 is converted last.
#
# Expected: the sum divided by the count, as mean() and NumPy's mean have it, and with dtype=np.float64 a
# sum in float64.
# Where: scipy.sparse._base, _spbase.mean: (self * (1.0 / count)).sum(axis), then astype(dtype).
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scipy==1.17.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from scipy import sparse

right = True
for count, expected in ((1_000_000, 1.0090389), (4_000_000, 0.9675155), (10_000_000, 1.0647675)):
    dense = np.ones((count, 1), np.float32)
    column = sparse.csr_array(dense)
    for kind in (sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix):
        mean = np.ravel(kind(column).mean(axis=0))[0]
        print(f"{kind.__name__}, {count:,} ones: mean(axis=0) {mean}")
        right &= mean.dtype == np.float32 and abs(mean - expected) < 1e-6
    wide = column.mean(axis=0, dtype=np.float64)[0]
    print("    csr_array, mean(axis=0, dtype=np.float64):", wide)
    right &= wide.dtype == np.float64 and abs(wide - expected) < 1e-6
    others = column.sum(axis=0)[0] / count, column.mean(), dense.mean(axis=0)[0]
    print("    sum / count, mean(), mean(axis=0) of the dense array:", *others)
    right &= others == (1, 1, 1)
raise SystemExit(not right)
PY
