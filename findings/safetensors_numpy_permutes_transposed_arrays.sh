#!/usr/bin/env bash
# safetensors 0.8.0 (numpy 2.4.6): safetensors.numpy.save writes an array in the order in which it lies in
# memory, under its own shape; so a transposed or Fortran-ordered one comes back with its numbers at other
# places. Nothing is said. 0.7.0 brought it back as it was.
#
#     [[0, 1, 2], [3, 4, 5]] in Fortran's order    comes back as [[0, 3, 1], [4, 2, 5]]
#     its transposed one, a view                   comes back as [[0, 1], [2, 3], [4, 5]]
#
# Such arrays are what libraries leave behind: coefficients of scikit-learn, the results of LAPACK,
# DataFrame.to_numpy. NumPy's own save keeps the order in its header.
#
# Expected: the same array, as of 0.7.0, or an error; np.ascontiguousarray before save helps.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/back.py" <<'PY'
import numpy as np
import safetensors
from safetensors.numpy import load, save

rows = np.arange(6.0).reshape(2, 3)
back = [load(save({"a": a}))["a"] for a in (rows, np.asfortranarray(rows), rows.T)]
print(safetensors.__version__, *(a.tolist() for a in back))
same = [np.array_equal(one, other) for one, other in zip(back, (rows, rows, rows.T))]
expected = [True] * 3 if safetensors.__version__ == "0.7.0" else [True, False, False]
raise SystemExit(0 if same == expected else "changed: other arrays come back as they were")
PY
for version in 0.7.0 0.8.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q safetensors==$version numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
    "$folder/$version/bin/python" "$folder/back.py"
done
