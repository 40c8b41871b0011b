#!/usr/bin/env bash
# PyTorch 2.14.1 on CPUs (numpy 2.4.6): within one autocast region, a layer goes on computing with the
# weights of its first call, whatever an optimizer has made of them since.
#
# A loop of training inside "with torch.autocast("cpu", torch.bfloat16):", twenty steps of SGD of a
# Linear layer on y = x₁ + x₂ + x₃ + x₄:
#     loss of each step   3.696, 3.696, … 3.696, with no warning
#     weights             move all the same, past 1 (which is right) to more than 3
#     loss afterwards     29, where it had been 3.7 before any step
# The first call keeps a bfloat16 copy of the weight until the outermost region ends. In-place updates
# raise the weight's version counter (which backward checks), but the copy is not made anew. With
# cache_enabled=False, or a region for each forward pass, the loss falls to 0.003.
#
# Expected: a copy that is made again once the weight has changed. cache_enabled is described as
# "whether the weight cache is enabled", with no word on weights that change; examples show a region a
# step, without saying that a longer one trains nothing.
#
# Seen alike with ATEN_CPU_CAPABILITY=default and ONEDNN_MAX_CPU_ISA=SSE41.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.14.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import torch
import torch.nn.functional as F

warnings.simplefilter("error")  # no warning is part of the find
x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
y = x.sum(1, keepdim=True)


def train(cache):
    """Losses of twenty steps within one region, the weights after it and their loss in float32."""
    layer = torch.nn.Linear(4, 1)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    losses = []
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=cache):
        for _ in range(20):
            loss = F.mse_loss(layer(x).float(), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert layer.weight._version >= 20
    return losses, layer.weight.detach(), F.mse_loss(layer(x), y).item()


right = True
for cache in (True, False):
    losses, weights, after = train(cache)
    print(f"cache_enabled={cache}: losses {losses[0]:.3f}, {losses[1]:.3f}, … {losses[-1]:.3f},"
          f" weights {weights.flatten().tolist()}, loss after the region {after:.3f}")
    if cache:
        right &= len(set(losses)) == 1 and bool((weights > 2).all()) and after > 2 * losses[0]
    else:
        right &= losses[-1] < 0.05 and bool(((weights - 1).abs() < 0.1).all()) and after < 0.05
raise SystemExit(not right)
PY
