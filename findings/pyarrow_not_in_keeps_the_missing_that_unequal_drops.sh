#!/usr/bin/env bash
# pyarrow 26.0.1, filters of Parquet files: ("kind", "not in", ["a"]) keeps the rows without a kind, and
# ("kind", "!=", "a") leaves them out.
#
# Of the rows a, b, missing:
#     filters=[("kind", "!=", "a")]          b
#     filters=[("kind", "not in", ["a"])]    b, missing
#     pc.field("kind") != "a"                b
#     ~pc.field("kind").isin(["a"])          b, missing
#
# Expected: the same rows, as `!=` is `not in` one value: without the missing in SQL, with them in pandas
# (`df.kind != "a"`, `~df.kind.isin(["a"])`). `isin` says false of a missing cell where `==` says missing, so
# that the opposite of one keeps it and that of the other doesn't.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyarrow==26.0.1 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - "$folder/rows.parquet" <<'PY'
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

path = sys.argv[1]
pq.write_table(pa.table({"kind": ["a", "b", None]}), path)
filters = {
    "!= a": [("kind", "!=", "a")],
    "not in [a]": [("kind", "not in", ["a"])],
    "field != a": pc.field("kind") != "a",
    "~field.isin([a])": ~pc.field("kind").isin(["a"]),
}
kept = {name: pq.read_table(path, filters=f)["kind"].to_pylist() for name, f in filters.items()}
for name, kinds in kept.items():
    print(f"{name:<17} {kinds}")
as_said = list(kept.values()) == [["b"], ["b", None], ["b"], ["b", None]]
raise SystemExit(0 if as_said else "changed: both filters do the same with missing cells")
PY
