#!/usr/bin/env bash
# ml_dtypes 0.6.0 (numpy 2.4.6): arrays of bfloat16 and of the other types are not sorted by np.sort
# where they hold a NaN, and what is built on it repeats numbers and gives wrong ones.
#
#     np.sort([2, nan, 1])                       [2, nan, 1]                 float16: [1, 2, nan]
#     np.unique([2, 1, nan, 2, 1, 2, nan, 1])    [1, 2, nan, 1, 2, nan, 1]   float16: [1, 2, nan]
#     its counts                                 [1, 1, 1, 1, 2, 1, 1]       float16: [3, 3, 2]
#     np.median of 20 numbers, three of them NaN 10                          float16: nan
#     np.searchsorted([1, 2, 3, nan], nan)       0                           float16: 3
# A NaN is neither below nor above any number for these types, so it stops a number from passing it; the
# types that NumPy has itself put it last. kind="stable" and argsort are no different.
#
# Expected: NaN last, as np.sort describes for real numbers, or an error. max, argmax, isnan and
# comparisons of the same arrays treat NaN as float16 does.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ml_dtypes==0.6.0 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import ml_dtypes
import numpy as np

warnings.simplefilter("ignore", RuntimeWarning)  # median says that it met a NaN
nan = np.nan
twenty = np.array([4, 12, 6, nan, 19, 16, 3, 13, nan, 11, 0, 14, 7, 9, 18, nan, 8, 5, 1, 15])


def results(kind):
    """What sorting and its kin make of arrays of a type, as lists of float64."""
    few, repeated = np.array([2, nan, 1], kind), np.array([2, 1, nan, 2, 1, 2, nan, 1], kind)
    values, counts = np.unique(repeated, return_counts=True)
    answers = {
        "sort": np.sort(few),
        "stable sort": np.sort(few, kind="stable"),
        "argsort": np.argsort(few),
        "unique": values,
        "counts": counts,
        "median": np.median(twenty.astype(kind)),
        "searchsorted": np.searchsorted(np.array([1, 2, 3, nan], kind), np.array([nan], kind)),
        "max": np.max(few),
        "argmax": np.argmax(few),
        "isnan": np.isnan(few),
    }
    return {name: np.ravel(answer).astype(float).tolist() for name, answer in answers.items()}


native = {
    "sort": [1, 2, nan], "stable sort": [1, 2, nan], "argsort": [2, 0, 1],
    "unique": [1, 2, nan], "counts": [3, 3, 2], "median": [nan], "searchsorted": [3],
    "max": [nan], "argmax": [1], "isnan": [0, 1, 0],
}
added = native | {
    "sort": [2, nan, 1], "stable sort": [2, nan, 1], "argsort": [0, 1, 2],
    "unique": [1, 2, nan, 1, 2, nan, 1], "counts": [1, 1, 1, 1, 2, 1, 1], "searchsorted": [0],
}
right = True
for kind in (np.float16, np.float32, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn):
    seen, expected = results(kind), native if kind in (np.float16, np.float32) else added
    print(kind.__name__, seen)
    for name, answer in seen.items():
        if name == "median" and expected is added:
            right &= not np.isnan(answer[0])
        else:
            right &= np.array_equal(answer, expected[name], equal_nan=True)
raise SystemExit(not right)
PY
