#!/usr/bin/env bash
# pyarrow 26.0.1: its reader of CSV skips the spaces around a number, and not those around a missing one, so
# that one padded "NA" or a blank cell makes texts of a column of numbers.
#
#     cells "1", " 3 "            int64: 1, 3
#     cells "1", "NA", " 3 "      int64: 1, null, 3
#     cells "1", " NA", " 3 "     string: "1", " NA", " 3 "
#     cells "1", " ", " 3 "       string: "1", " ", " 3 "
# If the column is said to be float64, the last two are refused, with the cell as it is after skipping:
#     CSV conversion error to double: invalid value 'NA'
# although "NA" is in null_values. The empty text is there, too, and a blank cell is refused as ''.
# A null_values of " NA" and " " helps, which the message does not lead to.
#
# Expected: null_values compared with what a number would be read from, or at least an error that shows the
# spaces. Descriptions have no word on spaces for either.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyarrow==26.0.1 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import io

import pyarrow
from pyarrow import csv


def read(cells, **options):
    """Type and cells of a column, in a file of two columns, or the error."""
    lines = ["number,text"] + [f"{cell},x" for cell in cells]
    try:
        table = csv.read_csv(io.BytesIO("\n".join(lines).encode()), convert_options=csv.ConvertOptions(**options))
    except pyarrow.ArrowInvalid as error:
        return str(error)
    return str(table["number"].type), table["number"].to_pylist()


stated = {"column_types": {"number": pyarrow.float64()}}
error = "In CSV column #0: CSV conversion error to double: invalid value "
right = True
for cells, expected, expected_stated in (
    (["1", " 3 "], ("int64", [1, 3]), ("double", [1, 3])),
    (["1", "NA", " 3 "], ("int64", [1, None, 3]), ("double", [1, None, 3])),
    (["1", " NA", " 3 "], ("string", ["1", " NA", " 3 "]), error + "'NA'"),
    (["1", " ", " 3 "], ("string", ["1", " ", " 3 "]), error + "''"),
):
    seen, seen_stated = read(cells), read(cells, **stated)
    print(f"{cells}: {seen}; as float64: {seen_stated}")
    right &= seen == expected
    if isinstance(expected_stated, str):
        right &= isinstance(seen_stated, str) and seen_stated.startswith(expected_stated)
    else:
        right &= seen_stated == expected_stated
defaults = csv.ConvertOptions().null_values
print("null_values:", defaults)
right &= "NA" in defaults and "" in defaults
padded = read(["1", " NA", " ", " 3 "], null_values=[*defaults, " NA", " "])
print("with ' NA' and ' ' in null_values:", padded)
right &= padded == ("int64", [1, None, None, 3])
raise SystemExit(not right)
PY
