"""python -m benchmarks [WHAT] [options]: cases, growth, lines, estimators, MNIST, accuracy, …"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import (
    accuracy,
    before,
    estimators,
    exported,
    growth,
    mnist,
    notation,
    prediction,
    products,
    raw_rows,
    streaming,
    streaming_texts,
    table_scores,
    texts,
)
from benchmarks.cases import CASES, Case
from benchmarks.machine import described
from benchmarks.memory import beyond_data
from benchmarks.peers import TRAINERS, Trainer, installed
from benchmarks.public_tables import tables
from benchmarks.table_methods import METHODS
from benchmarks.tables import figure, head, row
from benchmarks.timing import APART, Limits, cold, measure
from benchmarks.trainers import Chainrule
from chainrule.engine.machine.availability import processors

COLD_STARTS = 5

WHAT = (
    "cases",
    "products",
    "growth",
    "predictions",
    "notation",
    "estimators",
    "mnist",
    "accuracy",
    "tables",
    "texts",
    "exported",
    "streaming",
)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("what", nargs="?", choices=WHAT, default="cases")
    parser.add_argument("data", nargs="*", help="FILE.csv:TARGET … of estimators; a folder")
    parser.add_argument("--json", type=Path, help="write the figures to a file, too")
    parser.add_argument(
        "--only", default="", help="cases, tables, texts whose name contains this; rows or photos"
    )
    parser.add_argument("--rounds", type=int, default=7, help="epochs of which the median counts")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of MNIST")
    parser.add_argument("--threads", type=int, default=processors(), help="at most")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of rows that are streamed")
    parser.add_argument(
        "--in-memory", type=float, default=2.0, metavar="GIGABYTES", help="of the same, at most"
    )
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="of streamed training; 0: whole epochs"
    )
    parser.add_argument(
        "--before", type=Path, metavar="FOLDER", help="beside another source tree, not the peers"
    )
    names = list(dict.fromkeys(peer.name for peer in (*TRAINERS[1:], *METHODS[1:])))
    names = list(dict.fromkeys([*names, "scikit-learn", "fastText"]))
    parser.add_argument("--peers", nargs="*", choices=names, default=names, metavar="NAME")
    arguments = parser.parse_args()
    if problem := refused(arguments):
        parser.error(problem)
    print(described(arguments.threads))
    found: dict[str, Any] = {"machine": described(arguments.threads)}
    try:
        run(arguments, found)
    finally:  # what was measured is kept, whatever comes after it
        if arguments.json:
            text = json.dumps(found, indent=1) + "\n"
            arguments.json.write_text(text, encoding="utf-8")


def refused(arguments: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments, if something is: now, not after minutes."""
    what, only = arguments.what, arguments.only
    for name in ("rounds", "seeds", "threads"):
        if (number := getattr(arguments, name)) < 1:
            return f"--{name}: expected at least 1, got {number}"
    if arguments.before and what not in before.WHAT:
        return f"--before: expected {' or '.join(before.WHAT)}, got {what}"
    if arguments.before:
        try:
            before.source(arguments.before.resolve())
        except ValueError as error:
            return str(error)
    if what == "mnist" and len(arguments.data) != 1:
        return f"mnist: expected the folder of its files, got {len(arguments.data)} arguments"
    if arguments.json and not arguments.json.resolve().parent.is_dir():
        return f"--json: expected a file in a folder that is there, got {arguments.json}"
    if what == "tables":
        try:
            tables(folder_of(arguments), only)
        except ValueError as error:
            return str(error)
    if what == "texts":
        try:
            texts.sets(folder_of(arguments))
        except ValueError as error:
            return str(error)
    all_cases = [case for case, _ in prediction.COUNTS] if what == "predictions" else CASES
    names = [str(case) for case in all_cases]
    if what in before.WHAT and not any(only in name for name in names):
        return f"--only: expected a part of one of {'; '.join(names)}, got {only!r}"
    return None


def folder_of(arguments: argparse.Namespace) -> Path | None:
    """Return the folder that was named, if one was."""
    return Path(arguments.data[0]) if arguments.data else None


def run(arguments: argparse.Namespace, found: dict[str, Any]) -> None:
    """Measure what is asked for, and put the figures into a dictionary as they come."""
    threads, rounds = arguments.threads, arguments.rounds
    cases = [case for case in CASES if arguments.only in str(case)]
    if arguments.before:
        found |= before.measure(arguments, cases)
    elif arguments.what == "products":
        found |= products.measure(threads)
    elif arguments.what == "growth":
        found |= growth.measure(threads, rounds)
    elif arguments.what == "predictions":
        found |= prediction.measure(threads, rounds, arguments.only)
        found |= raw_rows.measure(rounds)
    elif arguments.what == "exported":
        found |= exported.measure(rounds)
    elif arguments.what == "notation":
        found |= notation.measure(threads, rounds)
    elif arguments.what == "estimators":
        found |= estimators.measure(rounds, arguments.data)
    elif arguments.what == "accuracy":
        found |= accuracy.report()
    elif arguments.what == "tables":
        found |= table_scores.measure(folder_of(arguments), arguments.only, arguments.peers)
    elif arguments.what == "streaming" and arguments.data[1:]:
        found["texts"] = streaming_texts.measure(*map(Path, arguments.data[:2]))
    elif arguments.what == "streaming":
        folder = folder_of(arguments)
        sizes = arguments.gigabytes, arguments.in_memory, arguments.seconds
        found |= streaming.measure(folder, *sizes, arguments.only)
    elif arguments.what == "texts":
        found |= texts.measure(folder_of(arguments), arguments.only, arguments.peers)
    elif arguments.what == "mnist":
        found |= mnist.measure(Path(arguments.data[0]), threads, arguments.seeds)
    else:
        asked = [kind for kind in TRAINERS if kind is Chainrule or kind.name in arguments.peers]
        kinds = installed(asked)
        found |= products.measure(threads)
        measure_cases(cases, kinds, threads, rounds, found)
        found["start"] = measure_starts(kinds, threads)


def measure_cases(
    cases: list[Case], kinds: list[type[Trainer]], threads: int, rounds: int, found: dict[str, Any]
) -> None:
    """Print a line for each case, about time; then one about memory. Figures join what is found."""
    kinds = [kind for kind in kinds if any(kind.runs(case) for case in cases)]
    peers = [kind.name for kind in kinds[1:]]
    limits = Limits(threads)
    results: list[dict[str, Any]] = []
    found |= {"rounds": rounds, "cases": results}
    print(f"\nTime: the median of {rounds} epochs, all taking turns, float32. The limit is that of")
    print("multiply-adds of float32 on registers, on as many threads as we take.\n")
    ratios = [f"{name} / ours" for name in peers]
    head("network", "µs a step", *ratios, "of the limit", "weights differ by at most")
    for case in cases:
        able, start = [kind for kind in kinds if kind.runs(case)], case.start()
        result = measure(case, start, able, threads, rounds)
        times, apart = result["microseconds"], result[APART]
        ours = times[Chainrule.name]
        result["of the limit"] = case.operations / ours * 1e6 / limits(result["threads"])
        result["bytes of parameters"] = sum(array.nbytes for array in start.weights)
        results.append(result)
        ratios = [figure(times[name] / ours) if name in times else "" for name in peers]
        most = f"{max(apart.values()):.0e}" if apart else ""
        row(str(case), figure(ours), *ratios, f"{result['of the limit']:.0%}", most)
        result["bytes"] = {kind.name: beyond_data(kind, case, start, threads) for kind in able}
    print("\nMemory: the most that training holds beyond libraries and data, measured once, in MB")
    print("(and as a multiple of the parameters).\n")
    head("network", "parameters", *(kind.name for kind in kinds))
    for result in results:
        size = result["bytes of parameters"]
        taken = [result["bytes"].get(kind.name) for kind in kinds]
        cells = ["" if b is None else f"{figure(b / 1e6)} ({figure(b / size)} ×)" for b in taken]
        row(result["case"], figure(size / 1e6), *cells)


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
