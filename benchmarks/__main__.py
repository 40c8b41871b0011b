"""python -m benchmarks [WHAT] [options]: cases, growth, lines, estimators, MNIST, accuracy, …"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import accuracy, estimators, growth, mnist, notation, prediction, raw_rows
from benchmarks.cases import CASES, Case
from benchmarks.machine import described
from benchmarks.memory import beyond_data
from benchmarks.peers import TRAINERS, Trainer
from benchmarks.tables import figure, head, row
from benchmarks.timing import APART, cold, measure
from benchmarks.trainers import Chainrule
from chainrule.engine.machine.availability import processors
from chainrule.engine.running.peak import peak

COLD_STARTS = 5

WHAT = ("cases", "growth", "predictions", "notation", "estimators", "mnist", "accuracy")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("what", nargs="?", choices=WHAT, default="cases")
    parser.add_argument("data", nargs="*", help="FILE.csv:TARGET … of estimators; mnist's folder")
    parser.add_argument("--json", type=Path, help="write the figures to a file, too")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--rounds", type=int, default=7, help="epochs of which the median counts")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of MNIST")
    names = [kind.name for kind in TRAINERS]
    parser.add_argument("--peers", nargs="*", choices=names[1:], default=names[1:], metavar="NAME")
    arguments = parser.parse_args()
    threads = processors()
    print(described(threads))
    if arguments.what == "growth":
        found = growth.measure(threads, arguments.rounds)
    elif arguments.what == "predictions":
        found = prediction.measure(threads, arguments.rounds) | raw_rows.measure(arguments.rounds)
    elif arguments.what == "notation":
        found = notation.measure(threads, arguments.rounds)
    elif arguments.what == "estimators":
        found = estimators.measure(arguments.rounds, arguments.data)
    elif arguments.what == "accuracy":
        found = accuracy.report()
    elif arguments.what == "mnist":
        found = mnist.measure(Path(arguments.data[0]), threads, arguments.seeds)
    else:
        kinds = [kind for kind in TRAINERS if kind is Chainrule or kind.name in arguments.peers]
        cases = [case for case in CASES if arguments.only in str(case)]
        found = measure_cases(cases, kinds, threads, arguments.rounds)
        found["start"] = measure_starts(kinds, threads)
    if arguments.json:
        whole = {"machine": described(threads), **found}
        arguments.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def measure_cases(
    cases: list[Case], kinds: list[type[Trainer]], threads: int, rounds: int
) -> dict[str, Any]:
    """Print a line for each case, about time; then one about memory."""
    kinds = [kind for kind in kinds if any(kind.runs(case) for case in cases)]
    peers = [kind.name for kind in kinds[1:]]
    # Measured again with each case: the best so far counts.
    one, every = peak(1) / 1e9, peak(threads) / 1e9
    print(f"multiply-adds on registers: {one:.0f} GFLOP/s on one thread, {every:.0f} on all\n")
    print(f"Time: the median of {rounds} epochs, all taking turns, float32.\n")
    ratios = [f"{name} / ours" for name in peers]
    head("network", "µs a step", *ratios, "of the limit", "weights differ by at most")
    results = []
    for case in cases:
        able, start = [kind for kind in kinds if kind.runs(case)], case.start()
        result = measure(case, start, able, threads, rounds)
        times, apart = result["microseconds"], result[APART]
        ours = times[Chainrule.name]
        one, every = max(one, peak(1) / 1e9), max(every, peak(threads) / 1e9)
        result["of the limit"] = case.operations / ours / 1e3 / (one, every)[result["threads"] > 1]
        result["bytes of parameters"] = sum(array.nbytes for array in start.weights)
        result["bytes"] = {kind.name: beyond_data(kind, case, start, threads) for kind in able}
        results.append(result)
        ratios = [figure(times[name] / ours) if name in times else "" for name in peers]
        most = f"{max(apart.values()):.0e}" if apart else ""
        row(str(case), figure(ours), *ratios, f"{result['of the limit']:.0%}", most)
    print("\nMemory: the most that training holds beyond libraries and data, measured once, in MB")
    print("(and as a multiple of the parameters).\n")
    head("network", "parameters", *(kind.name for kind in kinds))
    for result in results:
        size = result["bytes of parameters"]
        found = [result["bytes"].get(kind.name) for kind in kinds]
        cells = ["" if b is None else f"{figure(b / 1e6)} ({figure(b / size)} ×)" for b in found]
        row(result["case"], figure(size / 1e6), *cells)
    return {"limit": [one, every], "rounds": rounds, "cases": results}


def measure_starts(kinds: list[type[Trainer]], threads: int) -> dict[str, float]:
    """Print and return how long it takes to the first epoch, in seconds."""
    print("\nFrom NumPy and scikit-learn imported to the first epoch of 784-256-128-10:")
    starts = {}
    with tempfile.TemporaryDirectory() as cache:
        starts["chainrule, first time on a machine (once)"] = cold(Chainrule, threads, cache)
        for kind in kinds:
            if kind.name in ("chainrule", "PyTorch", "JAX"):
                times = [cold(kind, threads, cache) for _ in range(COLD_STARTS)]
                starts[f"{kind.name} (median of {COLD_STARTS})"] = median(times)
    for name, seconds in starts.items():
        print(f"- {name}: {seconds:.2f} s")
    return starts


if __name__ == "__main__":
    main()
