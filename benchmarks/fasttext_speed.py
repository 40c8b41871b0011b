"""Time beside fastText's: python -m benchmarks.fasttext_speed TRAIN TEST [--rounds 3].

Files have lines as fastText trains on them. Training is from file to model, on one thread;
predicting from lines in memory to labels, on one thread, too, by a model that both have read from
one file, as a model that fastText has just trained is slower. fastText and chainrule take turns;
the best of some rounds counts, of the processor's time. The first training compiles, and is not
counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.tables import head, row
from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.reader import read_model
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.writer import write_model

CASES: dict[str, dict[str, Any]] = {
    "dim 10": {"dim": 10},
    "dim 100": {"dim": 100},
    "dim 10, bigrams": {"dim": 10, "wordNgrams": 2},
    "dim 10, characters 3-5": {"dim": 10, "minn": 3, "maxn": 5, "bucket": 200_000},
    "dim 10, ova": {"dim": 10, "loss": "ova"},
    "dim 10, hs": {"dim": 10, "loss": "hs"},
}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fasttext_speed")
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epoch", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    try:
        import fasttext
    except ImportError:
        sys.exit("fasttext is not installed: pip install fasttext-community")
    head("", "training: fastText, s", "chainrule, s", "times", "predicting: fastText, s",
         "chainrule, s", "times", "with sums, s", "times")  # fmt: skip
    for name, chosen in CASES.items():
        if options.only in name:
            row(name, *case(fasttext, options, chosen))


def case(fasttext: Any, options: argparse.Namespace, chosen: dict[str, Any]) -> list[str]:
    """Return the figures of one model."""
    settings = Settings(epoch=options.epoch, lr=0.5, **chosen)

    def theirs() -> Any:
        given = {"epoch": options.epoch, "lr": 0.5, **chosen}
        return fasttext.train_supervised(str(options.train), thread=1, verbose=0, **given)

    def ours() -> Any:
        with options.train.open("rb") as file:
            return train_model(file, settings)

    model = ours()
    trained = in_turn(options.rounds, theirs, ours)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        write_model(path, model)
        model, other = read_model(path), fasttext.load_model(str(path))
    text = options.test.read_bytes()
    lines = text.decode().removesuffix("\n").split("\n")
    labels = [label.decode() for label in model.dictionary.labels]
    predictors = [Predictor(model, 1, sums=sums) for sums in (False, True)]

    def ask(predictor: Predictor) -> list[str]:
        return [labels[i] for part in predictor.predict(text) for i in part.labels.tolist()]

    ask(predictors[0]), ask(predictors[1])
    asked = in_turn(
        options.rounds,
        lambda: other.predict(lines),
        lambda: ask(predictors[0]),
        lambda: ask(predictors[1]),
    )
    said = [f"{trained[0]:.2f}", f"{trained[1]:.3f}", f"{trained[0] / trained[1]:.1f}"]
    said.append(f"{asked[0]:.3f}")
    for seconds in asked[1:]:
        said += [f"{seconds:.4f}", f"{asked[0] / seconds:.1f}"]
    return said


def in_turn(rounds: int, *functions: Callable[[], Any]) -> list[float]:
    """Return the least of the processor's seconds that each function takes, one after the other."""
    best = [float("inf")] * len(functions)
    for _ in range(rounds):
        for place, function in enumerate(functions):
            begin = time.process_time()
            function()
            best[place] = min(best[place], time.process_time() - begin)
    return best


if __name__ == "__main__":
    main()
