"""Whether models have fastText's bits: python -m benchmarks.fasttext_bits FILE [--dim 20] […].

FILE has lines as fastText trains on them. For each loss, with words, with word trigrams and with
n-grams of 2 to 5 characters, fastText with one thread and chainrule train on it; then dictionary,
both matrices and the printed predictions of the lines are compared, bit by bit. What is compared
with is the package ``fasttext`` that is installed: fasttext-community 0.11.9 agrees in all, and
fasttext-wheel 0.9.2 leaves nine tenths of its first matrix zeros where it has one thread.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import head, row
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.reader import read_model
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model

FEATURES: dict[str, dict[str, int]] = {
    "words": {},
    "word trigrams": {"wordNgrams": 3},
    "characters 2-5": {"minn": 2, "maxn": 5},
}
LOSSES = "softmax", "ova", "hs", "ns"
ASKED = (1, 0.0), (3, 0.01), (-1, 0.0)


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fasttext_bits")
    parser.add_argument("file", type=Path)
    parser.add_argument("--dim", type=int, default=20)
    parser.add_argument("--bucket", type=int, default=200_000)
    parser.add_argument("--epoch", type=int, default=5)
    parser.add_argument("--lines", type=int, default=500, help="predicted, from the first on")
    parser.add_argument("--only", default="", help="losses whose name contains this")
    options = parser.parse_args()
    try:
        import fasttext
    except ImportError:
        sys.exit("fasttext is not installed: pip install fasttext-community")
    names = ("loss", "features", "dictionary", "inputs", "outputs", *map(_asked, ASKED))
    head(*names)
    for loss in (loss for loss in LOSSES if options.only in loss):
        for features, chosen in FEATURES.items():
            common = {name: getattr(options, name) for name in ("dim", "bucket", "epoch")}
            settings = Settings(loss=loss, **common, **chosen)
            row(loss, features, *compared(fasttext, options, settings))


def _asked(pair: tuple[int, float]) -> str:
    return f"lines, k={pair[0]}, p≥{pair[1]}"


def compared(fasttext: Any, options: argparse.Namespace, settings: Settings) -> list[str]:
    """Return what each comparison of one model says."""
    chosen = {
        name: getattr(settings, name)
        for name in ("dim", "bucket", "epoch", "loss", "wordNgrams", "minn", "maxn")
    }
    theirs = fasttext.train_supervised(str(options.file), thread=1, verbose=0, **chosen)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        theirs.save_model(str(path))
        expected = read_model(path)
    with options.file.open("rb") as file:
        ours = train_model(file, settings)
    said = [_same(names_and_counts(ours), names_and_counts(expected))]
    for matrix, other in ((ours.input, expected.input), (ours.output, expected.output)):
        values, others = (each.take(np.arange(each.shape[0])) for each in (matrix, other))
        said.append(_same(values.tobytes(), others.tobytes()))
    lines = options.file.read_bytes().splitlines(keepends=True)[: options.lines]
    predictor = Predictor(ours)
    for k, threshold in ASKED:
        found = printed(predictor, ours, b"".join(lines), k, threshold)
        wrong = sum(
            mine != _printed_by(theirs, line, k, threshold)
            for mine, line in zip(found, lines, strict=True)
        )
        said.append(f"{len(lines) - wrong} of {len(lines)}")
    return said


def names_and_counts(model: FastTextModel) -> tuple[Any, ...]:
    """Return what a dictionary says."""
    known = model.dictionary
    return known.names, known.counts.tolist(), known.nwords, known.ntokens


def printed(
    predictor: Predictor, model: FastTextModel, text: bytes, k: int, threshold: float
) -> list[str]:
    """Return labels and probabilities of lines as the command line prints them."""
    names, lines = [name.decode() for name in model.dictionary.labels], []
    for part in predictor.predict(text, k, threshold):
        shown = [
            f"{names[label]} {p:g}"
            for label, p in zip(part.labels.tolist(), part.probabilities.tolist(), strict=True)
        ]
        lines += [" ".join(shown[a:b]) for a, b in pairwise(part.offsets.tolist())]
    return lines


def _printed_by(model: Any, line: bytes, k: int, threshold: float) -> str:
    found = model.f.predict(line.decode(), k, threshold, "strict")
    return " ".join(f"{label} {p:g}" for p, label in found)


def _same(ours: Any, theirs: Any) -> str:
    return "the same" if ours == theirs else "DIFFERENT"


if __name__ == "__main__":
    main()
