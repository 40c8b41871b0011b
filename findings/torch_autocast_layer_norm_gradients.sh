#!/usr/bin/env bash
# PyTorch 2.14.1 on CPUs (numpy 2.4.6): under autocast, the gradients of LayerNorm's float32 weight and
# bias are added up in bfloat16, one sum a thread, and stop at 256 × the number of threads.
#
# A Linear layer and a LayerNorm, both with float32 parameters, under
# torch.autocast("cpu", torch.bfloat16): the Linear layer's output is bfloat16, and so is LayerNorm's.
# With 4,096 rows whose gradient is 1 everywhere, the bias has the gradient 4,096. LayerNorm's comes as
# float32, and holds
#     256 with one thread, 512 with two, 1024 with four
# as 256 + 1 is 256 in bfloat16. With random slopes around 0.5 and one thread, the bias's gradient is off
# by half of its length and the weight's by an eighth. The gradients of BatchNorm1d's and GroupNorm's
# bias in the same place, from the same bfloat16 input, are 4,096.
#
# Expected: sums in float32, as in the other layers, above all where the result is float32 itself; and
# a gradient that does not double with torch.set_num_threads. The page on autocast lists what runs in
# bfloat16 and in float32 on CPUs; layer_norm is in neither list, and such operations are taken to be
# stable in bfloat16.
#
# Seen alike with ATEN_CPU_CAPABILITY=default, avx2 and avx512, and with ONEDNN_MAX_CPU_ISA=SSE41 and AVX2.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.14.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import torch
from torch import nn

x = torch.randn(4096, 16, generator=torch.Generator().manual_seed(1))


def gradients(middle, autocast, threads, slopes):
    """Gradients of a layer's weight and bias after a Linear layer, for given slopes of its output."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    first = nn.Linear(16, 32)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output = middle(first(x))
    assert middle.weight.dtype == middle.bias.dtype == torch.float32
    (output.float() * slopes).sum().backward()
    assert middle.weight.grad.dtype == middle.bias.grad.dtype == torch.float32
    return middle.weight.grad, middle.bias.grad


right = True
ones = torch.ones(4096, 32)
for threads, expected in ((1, 256), (2, 512), (4, 1024)):
    _, bias = gradients(nn.LayerNorm(32), True, threads, ones)
    print(f"LayerNorm under autocast, {threads} threads: bias's gradient {bias.unique().tolist()}")
    right &= bool((bias == expected).all())
for kind in (nn.BatchNorm1d(32), nn.GroupNorm(4, 32)):
    _, bias = gradients(kind, True, 1, ones)
    print(f"{type(kind).__name__} under autocast: bias's gradient {bias.unique().tolist()}")
    right &= bool((bias == 4096).all())
_, bias = gradients(nn.LayerNorm(32), False, 1, ones)
print(f"LayerNorm without autocast: bias's gradient {bias.unique().tolist()}")
right &= bool((bias == 4096).all())

mixed = torch.randn(4096, 32, generator=torch.Generator().manual_seed(2)) + 0.5
for name, half, exact in zip(
    ("weight", "bias"),
    gradients(nn.LayerNorm(32), True, 1, mixed),
    gradients(nn.LayerNorm(32), False, 1, mixed),
):
    error = ((half - exact).norm() / exact.norm()).item()
    print(f"random slopes around 0.5, one thread: {name}'s gradient off by {error:.0%} of its length")
    right &= error > 0.05
raise SystemExit(not right)
PY
