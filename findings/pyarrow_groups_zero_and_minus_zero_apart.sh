#!/usr/bin/env bash
# pyarrow 26.0.1: 0.0 and -0.0 are equal for `equal`, and one number for `mode`, but two for whatever looks
# numbers up: `unique`, `count_distinct`, `value_counts`, `is_in`, Table.group_by and Table.join.
#
# A column of changes rounded to a whole number, 0.3, -0.3 and 0.2, is 0, -0 and 0:
#     group_by(change).count     two groups, of 2 and of 1 rows, both shown as 0
#     join on change             the row of -0 finds no partner
#     is_in(-0.0, {0.0})         false, while equal(-0.0, 0.0) is true
#     mode                       0.0 with the count 3
#
# Expected: one number, as equal says, and as pandas, NumPy's unique, SQL and Python's dict have it. NaN, which
# is equal to nothing, is looked up as one number.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyarrow==26.0.1 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import pyarrow as pa
import pyarrow.compute as pc

change = pc.round(pa.array([0.3, -0.3, 0.2]))
rows = pa.table({"change": change, "row": [1, 2, 3]})
names = pa.table({"change": [0.0], "name": ["none"]})

groups = rows.group_by("change").aggregate([("row", "count")])["row_count"].to_pylist()
joined = rows.join(names, keys="change").sort_by("row")["name"].to_pylist()
found = pc.is_in(change, value_set=pa.array([0.0])).to_pylist()
equal = pc.equal(change, 0.0).to_pylist()
mode = pc.mode(change)[0].as_py()

print("numbers         ", change.to_pylist())
print("rows of a group ", groups)
print("joined with     ", joined)
print("is_in {0.0}     ", found)
print("equal 0.0       ", equal)
print("mode            ", mode)
print("distinct        ", pc.count_distinct(change).as_py())
as_said = (
    sorted(groups) == [1, 2]
    and joined == ["none", None, "none"]
    and found == [True, False, True]
    and equal == [True, True, True]
    and mode == {"mode": 0.0, "count": 3}
    and pc.count_distinct(change).as_py() == 2
)
raise SystemExit(0 if as_said else "changed: zero and minus zero are not told apart as before")
PY
