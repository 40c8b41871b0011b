"""A text file larger than memory may be beside a part of its lines in memory.

Lines with labels are made of the texts of a table, halves of two of one class each, so that words
are as frequent as they are in texts. Processes of their own then train TextClassifier on them: one
streams all lines, one has those in memory that are to be there.

python -m benchmarks.streaming_texts KIND FOLDER is such a process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.memory import most_held
from benchmarks.tables import figure, head, row

EPOCHS = 2
LINES, PART = "lines.txt", "part.txt"


def measure(
    folder: Path, source: Path, megabytes: float = 520.0, in_memory: float = 60.0
) -> dict[str, Any]:
    """Train on a text file of so many megabytes, streamed, and on a part of it in memory.

    Parameters
    ----------
    folder : path
        Where the file goes, if it is not there yet.
    source : path
        A CSV file with columns ``text`` and ``gt``, the class.
    megabytes, in_memory : float
        How much is made, and how much of it is trained on in memory.
    """
    if not (folder / LINES).exists():
        write(folder, source, megabytes * 1e6, in_memory * 1e6)
    size = os.path.getsize(folder / LINES)
    print(f"\nTextClassifier, lines of a text file of {size / 1e6:,.0f} MB;")
    print(f"the faster of {EPOCHS} epochs.\n")
    found = {"streamed": in_process("streamed", folder), "in memory": in_process("memory", folder)}
    head("texts", "count", "rows a second", "of memory's", "peak, MB", "waited, s", "vocabulary, s")
    for name, one in found.items():
        share = one["speed"] / found["in memory"]["speed"]
        waited = figure(one["waited"]) if "waited" in one else ""
        cells = figure(one["speed"]), f"{share:.0%}", figure(one["peak"] / 1e6), waited
        row(name, f"{one['rows']:,}", *cells, figure(one["before"]))
    return {"bytes": size, **found}


def write(folder: Path, source: Path, size: float, part: float) -> None:
    """Write lines with labels, and the first ones of them once more."""
    import pandas as pd

    frame = pd.read_csv(source, dtype=str)
    numbers = np.random.default_rng(0)
    kinds = [
        (label, [text.split() for text in own]) for label, own in frame.groupby("gt")["text"]
    ]
    with open(folder / LINES, "w") as whole, open(folder / PART, "w") as few:
        written = 0
        while written < size:
            label, texts = kinds[numbers.integers(len(kinds))]
            one, other = (texts[place] for place in numbers.integers(len(texts), size=2))
            words = [*one[: len(one) // 2], *other[len(other) // 2 :]]
            line = f"__label__{label} {' '.join(words)}\n"
            whole.write(line)
            if written < part:
                few.write(line)
            written += len(line.encode())


def in_process(kind: str, folder: Path) -> dict[str, Any]:
    """Return what a process of its own measures."""
    command = [sys.executable, "-m", "benchmarks.streaming_texts", kind, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def trained(kind: str, folder: Path) -> dict[str, Any]:
    """Train on lines, streamed or in memory."""
    from chainrule import DataStream, TextClassifier
    from chainrule.training.windows import WindowedSamples

    windows: list[WindowedSamples] = []
    close = WindowedSamples.close
    WindowedSamples.close = lambda own: (windows.append(own), close(own))[1]  # type: ignore[method-assign]
    if kind == "streamed":
        stream: Any = DataStream(folder / LINES)
        data = (stream,)
    else:
        stream = DataStream(folder / PART).whole()
        data = (list(stream.raw.columns[0]), stream.y)
    model = TextClassifier(max_iter=EPOCHS, random_state=0)
    begin = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(*data)
    seconds = [epoch.seconds for epoch in model.history_.epochs]
    found = {"rows": len(stream), "speed": len(stream) / min(seconds)}
    found["before"] = perf_counter() - begin - sum(seconds)
    found["features"] = model.inputs_.count
    return {**found, **({"waited": windows[0].waited} if windows else {})}


def main() -> None:
    """Measure one thing, and print it."""
    found = trained(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps({**found, "peak": most_held()}))


if __name__ == "__main__":
    main()
