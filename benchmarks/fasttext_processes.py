"""Processes beside fastText's: python -m benchmarks.fasttext_processes TRAIN TEST [--program …].

Files have lines as fastText trains on them. Each model is written to a file, and then processes
take turns: ``PROGRAM predict MODEL TEST``, and ``chainrule fasttext predict MODEL TEST -thread N``
with one thread and with two. What is counted is everything from the start of the process to its
end; the least of some rounds, in seconds, by the clock and of the processor's time. Outputs are
compared. ``--times 10`` gives them a file that is so many times as long. PROGRAM is fastText's own,
by default ``fasttext`` where the shell finds it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.fasttext_speed import CASES
from benchmarks.tables import head, row
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.writer import write_model

OURS = [sys.executable, "-m", "chainrule", "fasttext"]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fasttext_processes")
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--program", default="fasttext")
    parser.add_argument("--command", default="predict", choices=["predict", "predict-prob"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    if shutil.which(options.program) is None:
        sys.exit(f"there is no program {options.program}: --program says where fastText's is")
    head("", *(f"{who}, {what}" for who in ("fastText", "1 thread", "2 threads")
               for what in ("s", "of the processor")), "times", "same output")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "test.txt"
        text.write_bytes(options.test.read_bytes() * options.times)
        for name, chosen in CASES.items():
            if options.only in name:
                path = Path(folder) / "model.bin"
                with options.train.open("rb") as file:
                    write_model(path, train_model(file, Settings(epoch=1, lr=0.5, **chosen)))
                row(name, *case(options, path, text))


def case(options: argparse.Namespace, model: Path, text: Path) -> list[str]:
    """Return the figures of one model."""
    asked = [options.command, str(model), str(text)]
    commands = [[options.program, *asked]]
    commands += [[*OURS, *asked, "-thread", str(threads)] for threads in (1, 2)]
    best = [[float("inf")] * 2 for _ in commands]
    outputs = [b""] * len(commands)
    for _ in range(options.rounds):
        for place, command in enumerate(commands):
            outputs[place], *seconds = taken(command)
            best[place] = [*map(min, best[place], seconds)]
    said = [f"{seconds:.3f}" for pair in best for seconds in pair]
    same = "yes" if len(set(outputs)) == 1 else "no"
    return [*said, f"{best[0][1] / best[1][1]:.1f}", same]


def taken(command: list[str]) -> tuple[bytes, float, float]:
    """Return what a process prints, and its seconds: by the clock, and of the processor."""
    before, begin = os.times(), time.perf_counter()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    seconds, after = time.perf_counter() - begin, os.times()
    used = after.children_user + after.children_system
    return output, seconds, used - before.children_user - before.children_system


if __name__ == "__main__":
    main()
