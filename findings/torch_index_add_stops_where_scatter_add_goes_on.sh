#!/usr/bin/env bash
# PyTorch 2.14.1 on CPUs (numpy 2.4.6): whether a sum in bfloat16 or float16 goes on beyond 256 or 2048
# depends on which of several equal operations is asked for, and with index_add on the number of axes.
#
# 4,096 ones added into one place:
#     scatter_add, scatter_reduce "sum"                 4096
#     index_add into a matrix of four columns           4096
#     index_add into a vector                           256 in bfloat16, 2048 in float16
#     index_put with accumulate, segment_reduce "sum"   256 in bfloat16, 2048 in float16
# and gradients of reading one row 4,096 times:
#     table.index_select(0, rows), table.gather         4096
#     table[rows], F.embedding(rows, table)             256 in bfloat16, 2048 in float16
# So the row of an embedding that stands for a frequent word learns from its first 256 uses in a batch,
# and more where it is read by index_select.
#
# Expected: the same sum from each, in float32 as sum, cumsum and matrix products have it; at least the
# same from index_add for a vector and for a matrix.
#
# Seen alike with ATEN_CPU_CAPABILITY=default, avx2 and avx512 and with one, two and four threads.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.14.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import torch
import torch.nn.functional as F

count = 4096
rows = torch.zeros(count, dtype=torch.long)
right = True
for kind, stop in ((torch.bfloat16, 256), (torch.float16, 2048)):
    ones, start = torch.ones(count, dtype=kind), torch.zeros(1, dtype=kind)
    table = torch.ones(3, 4, dtype=kind, requires_grad=True)

    def gradient(read):
        table.grad = None
        read().float().sum().backward()
        return table.grad[0]

    seen = {
        "sum": (ones.sum(), count),
        "scatter_add": (start.scatter_add(0, rows, ones), count),
        "scatter_reduce": (start.scatter_reduce(0, rows, ones, "sum"), count),
        "index_add, matrix": (torch.zeros(1, 4, dtype=kind).index_add(0, rows, torch.ones(count, 4, dtype=kind)), count),
        "index_add, vector": (start.index_add(0, rows, ones), stop),
        "index_put": (start.index_put((rows,), ones, accumulate=True), stop),
        "segment_reduce": (torch.segment_reduce(ones, "sum", lengths=torch.tensor([count])), stop),
        "gradient of index_select": (gradient(lambda: table.index_select(0, rows)), count),
        "gradient of gather": (gradient(lambda: table.gather(0, rows[:, None].expand(count, 4))), count),
        "gradient of table[rows]": (gradient(lambda: table[rows]), stop),
        "gradient of embedding": (gradient(lambda: F.embedding(rows, table)), stop),
    }
    for name, (result, expected) in seen.items():
        print(f"{kind}, {name}: {result.unique().tolist()}")
        right &= result.dtype == kind and bool((result == expected).all())
raise SystemExit(not right)
PY
