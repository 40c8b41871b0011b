"""Exported programs: one sample at a time, in C and by onnxruntime, on one thread."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.tables import figure, head, row
from chainrule import Chain, Linear, ReLU, Softmax
from chainrule.export.onnx.model import OPSETS, onnx_model
from chainrule.export.walk import walk

SIZES = ((64, 256, 128, 10), (64, 32, 16, 10))
"""Networks for the digits."""

CALLS = 2000
"""Samples that are predicted for one figure, of which the best of all rounds counts."""

LOOP = """
#include "net.c"
void many(const real *x, real *y, int calls)
{
  for (int n = 0; n < calls; n++) net_predict(x + NET_INPUTS * (n % 64), y);
}
"""
"""A loop in C, so that no call from Python is timed."""


def measure(rounds: int) -> dict[str, Any]:
    """Print and return the time of a sample for each network."""
    print(f"\nµs a sample, one at a time, in float on one thread; the best of {rounds} rounds.\n")
    ways = {"C, -O3": ["-O3"], "C, -O3 -march=native": ["-O3", "-march=native"]}
    peers = ["onnxruntime, bound", "onnxruntime, run"] if _has_onnx() else []
    head("network", *ways, *peers)
    found = {}
    for sizes in SIZES:
        hidden = [layer for size in sizes[1:-1] for layer in (Linear(size), ReLU())]
        chain = Chain(*hidden, Linear(sizes[-1]), Softmax()).initialize(sizes[:1])
        X = np.random.default_rng(0).integers(0, 17, (64, sizes[0])).astype(np.float32) / 16
        times = {name: _in_c(chain, X, options, rounds) for name, options in ways.items()}
        if peers:
            times |= dict(zip(peers, _in_onnx(chain, X, rounds), strict=True))
        name = "-".join(map(str, sizes))
        row(name, *(figure(time) for time in times.values()))
        found[name] = times
    return {"exported": found}


def _best(work: Callable[[], object], rounds: int) -> float:
    """Return the microseconds of a sample in the best round."""
    times = []
    for _ in range(max(rounds, 2)):
        begin = perf_counter()
        work()
        times.append((perf_counter() - begin) / CALLS * 1e6)
    return min(times)


def _in_c(chain: Chain, X: Any, options: list[str], rounds: int) -> float:
    compiler = shutil.which("gcc") or shutil.which("cc") or "cc"
    with tempfile.TemporaryDirectory() as folder:
        chain.export(Path(folder) / "net.c")
        (Path(folder) / "loop.c").write_text(LOOP, encoding="utf-8")
        flags = ["-std=c99", "-ffp-contract=off", "-shared", "-fPIC", *options]
        command = [compiler, *flags, "loop.c", "-o", "loop.so", "-lm"]
        subprocess.run(command, cwd=folder, check=True)
        library = ctypes.CDLL(str(Path(folder) / "loop.so"))
        y = np.empty(chain.layers[-1].output_shape, np.float32)
        given = [array.ctypes.data_as(ctypes.c_void_p) for array in (X, y)]
        return _best(lambda: library.many(*given, CALLS), rounds)


def _has_onnx() -> bool:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


def _in_onnx(chain: Chain, X: Any, rounds: int) -> tuple[float, float]:
    """Return the times with arrays that are bound once, and of calls with new ones."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = onnx_model(walk(chain), "network", OPSETS[0]).content
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input("X", X[:1])
    binding.bind_output("Y")

    def bound() -> None:
        for _ in range(CALLS):
            session.run_with_iobinding(binding)

    def run() -> None:
        for n in range(CALLS):
            session.run(None, {"X": X[n % 64 : n % 64 + 1]})

    return _best(bound, rounds), _best(run, rounds)
