"""Another source tree beside this one, in turns: python -m benchmarks --before FOLDER.

Each turn is a process of its own, with the cases of this tree and the library of one of the two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import prediction
from benchmarks.cases import CASES, Case
from benchmarks.tables import figure, head, row
from benchmarks.trainers import Chainrule
from chainrule import Predictor

WHAT = ("cases", "predictions")
ROOT = Path(__file__).parents[1]
SECONDS = 2.0
"""How long a process repeats what it times."""
LEAST = 3
"""Times that it takes at least."""


def measure(arguments: Namespace, cases: Sequence[Case]) -> dict[str, Any]:
    """Print and return the times of both trees; a case that the other one cannot take is left out.

    A ratio above 1 says that this tree is faster.
    """
    places = {str(arguments.before): arguments.before, "this tree": ROOT}
    sources = {name: source(folder.resolve()) for name, folder in places.items()}
    rounds, predicts = arguments.rounds, arguments.what == "predictions"
    unit = "a call" if predicts else "a step"
    print(f"\nµs {unit}: the median of {rounds} processes' medians (and the best), taking turns.\n")
    head("network", *places, "ratio", "ratio of the best")
    found = []
    for number, count in jobs(cases, arguments.only, predicts=predicts):
        given = [str(x) for x in (arguments.what, number, count, arguments.threads, SECONDS)]
        pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in places}
        try:
            for _ in range(rounds):
                for name, folder in sources.items():
                    pairs[name].append(timed(folder, given))
        except subprocess.CalledProcessError as error:
            print(f"{name_of(*given[:3])} is left out: {error.stderr.strip().splitlines()[-1]}")
            continue
        medians = [median(middle for middle, _ in times) for times in pairs.values()]
        bests = [min(best for _, best in times) for times in pairs.values()]
        cells = [f"{figure(m)} ({figure(b)})" for m, b in zip(medians, bests, strict=True)]
        ratios = [before / now for before, now in (medians, bests)]
        row(name_of(*given[:3]), *cells, *(f"{ratio:.2f}" for ratio in ratios))
        found.append({"case": name_of(*given[:3]), "microseconds": pairs, "ratio": ratios[0]})
    return {"before": str(arguments.before), "rounds": rounds, arguments.what: found}


def source(folder: Path) -> Path:
    """Return where the library of a tree is."""
    found = folder / "src" if (folder / "src").is_dir() else folder
    if not (found / "chainrule").is_dir():
        raise ValueError(f"--before: expected a folder with chainrule's source, got {folder}")
    return found


def jobs(cases: Sequence[Case], only: str, *, predicts: bool) -> list[tuple[int, int]]:
    """Return the places of cases in their list, each with a number of samples to predict."""
    if not predicts:
        return [(CASES.index(case), 0) for case in cases]
    pairs = enumerate(prediction.COUNTS)
    return [(at, n) for at, (case, counts) in pairs if only in str(case) for n in counts]


def name_of(what: str, number: str, count: str) -> str:
    """Return a job as the table names it."""
    if what == "cases":
        return str(CASES[int(number)])
    return f"{prediction.COUNTS[int(number)][0].name}, {int(count):,} samples"


def timed(folder: Path, given: Sequence[str]) -> tuple[float, float]:
    """Return the median and the best time in µs, by a process that takes the library from there."""
    command = [sys.executable, "-m", "benchmarks.before", *given]
    paths = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": paths},
        check=True,
        capture_output=True,
        text=True,
    )
    where, middle, best = json.loads(done.stdout.splitlines()[-1])
    assert Path(where).is_relative_to(folder), f"{where} is not in {folder}"
    return middle, best


def work(what: str, number: int, count: int, threads: int) -> tuple[Callable[[], Any], int]:
    """Return what is timed, and how many steps it takes."""
    if what == "cases":
        case = CASES[number]
        trainer = Chainrule(case, case.start(), threads)
        return trainer.epoch, case.steps
    case, _ = prediction.COUNTS[number]
    X = np.ascontiguousarray(np.resize(case.start().X, (count, *case.shape)))
    predict = Predictor(case.chain(), threads=threads)
    return lambda: predict(X), 1


def main() -> None:
    """Time one job, and print where the library is, the median and the best."""
    import chainrule

    what, *numbers, seconds = sys.argv[1:]
    act, steps = work(what, *map(int, numbers))
    act()
    times = []
    end = perf_counter() + float(seconds)
    while perf_counter() < end or len(times) < LEAST:
        begin = perf_counter()
        act()
        times.append((perf_counter() - begin) / steps * 1e6)
    print(json.dumps([str(Path(chainrule.__file__).resolve()), median(times), min(times)]))


if __name__ == "__main__":
    main()
