#!/usr/bin/env bash
# scikit-learn 1.9.1, polars 2.1.0, pandas 3.1.1 (pyarrow 26.0.1, numpy 2.4.6): encoders fitted on a polars
# table do not know the missing texts of the same table in pandas, and the other way round.
#
# A column of "a", "b" and missing, as a polars table and as its to_pandas(). OneHotEncoder learns from
# either that missing is a category, None in one case and nan in the other, and
#     fitted on polars, polars transformed    missing is [0, 0, 1]
#     fitted on polars, pandas transformed    missing is [0, 0, 0], as an unknown category
# with handle_unknown="ignore", and no warning in either case. TargetEncoder gives missing the mean of all
# targets in place of its own. OrdinalEncoder refuses: "Found unknown categories [nan] in column 0"; and
# its encoded_missing_value is what missing texts of pandas become, and not those of polars. Numbers with
# missing ones are the same to all of them from either.
#
# Expected: one missing, as both tables have only one, and as scikit-learn takes either table for input.
# Descriptions say that nan and None are categories of their own where a column holds both.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import numpy as np
import polars
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

warnings.simplefilter("error")  # no warning is part of the find
texts = polars.DataFrame({"column": ["a", "b", None] * 20})
numbers = polars.DataFrame({"column": [1.0, 2.0, None] * 20})
y = np.array([0.0, 1.5, 2.25] * 20)


def missing_row(encoder, fitted, transformed):
    """What an encoder makes of the missing cell of the third row, as a list, or the start of its error."""
    try:
        return encoder.fit(fitted, y).transform(transformed)[2].tolist()
    except ValueError as error:
        return str(error)


right = True
for content, table in (("texts", texts), ("numbers", numbers)):
    tables = {"polars": table, "pandas": table.to_pandas()}
    for first, fitted in tables.items():
        for second, transformed in tables.items():
            seen = [
                missing_row(OneHotEncoder(handle_unknown="ignore", sparse_output=False), fitted, transformed),
                missing_row(TargetEncoder(), fitted, transformed),
                missing_row(OrdinalEncoder(encoded_missing_value=-2), fitted, transformed),
            ]
            print(f"{content}: fitted on {first}, {second} transformed: {seen}")
            if content == "texts" and first != second:
                right &= seen[:2] == [[0, 0, 0], [1.25]] and seen[2].startswith("Found unknown categories")
            else:
                right &= seen == [[0, 0, 1], [2.25], [2 if content == "texts" and first == "polars" else -2]]
raise SystemExit(not right)
PY
