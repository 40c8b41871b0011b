#!/usr/bin/env bash
# JAX 0.10.2 on CPUs (numpy 2.4.6): jnp.histogram counts in the data's own type, one by one, so that a
# bin of bfloat16 numbers stops at 256, of float16 at 2048, of float32 at 16,777,216.
#
#     jnp.histogram of 40,960 bfloat16 numbers, even over four bins: [256, 256, 256, 256]
#     the same as float16: [2048, 2048, 2048, 2048], as float32: 10,240 in each
#     20,000,000 float32 zeros in one bin: 16777216
# density=True divides these counts, and is right only where all bins have stopped alike: of 39,936
# bfloat16 numbers in one bin and 1,024 in another, it has half in each.
#
# Expected: counts of occurrences as integers, as np.histogram gives them for all of these, or at least
# in a type that holds them; jnp.bincount and the counts of jnp.unique are int32. The description says
# "counts", and examples show floats, without a word on where they stop.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cpu")
right = True
centres = np.repeat([0.125, 0.375, 0.625, 0.875], 10_240)
for kind, stop in ((jnp.bfloat16, 256), (jnp.float16, 2048), (jnp.float32, 10_240)):
    counts, _ = jnp.histogram(jnp.asarray(centres, kind), bins=4, range=(0, 1))
    print(f"40,960 numbers of {kind.__name__} in four bins: {counts.dtype} {counts}")
    right &= counts.dtype == kind and counts.tolist() == [stop] * 4
right &= np.histogram(centres.astype(np.float16), bins=4, range=(0, 1))[0].tolist() == [10_240] * 4

zeros = np.zeros(20_000_000, np.float32)
counts, _ = jnp.histogram(zeros, bins=1, range=(-1, 1))
print(f"20,000,000 zeros of float32 in one bin: {counts}, np.histogram {np.histogram(zeros, bins=1, range=(-1, 1))[0]}")
right &= counts.tolist() == [2.0**24]

uneven = jnp.asarray(np.repeat([0.25, 0.75], [39_936, 1_024]), jnp.bfloat16)
density, _ = jnp.histogram(uneven, bins=2, range=(0, 1), density=True)
print(f"39,936 and 1,024 numbers of bfloat16, density: {density}")
right &= density.tolist() == [1, 1]
_, counts = jnp.unique(uneven, return_counts=True)
print(f"counts of jnp.unique: {counts.dtype} {counts}")
right &= counts.tolist() == [39_936, 1_024]
raise SystemExit(not right)
PY
