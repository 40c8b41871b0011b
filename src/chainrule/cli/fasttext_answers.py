"""``chainrule fasttext predict``, ``test``, ``print-…`` and ``dump``: what a model file answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import typer

from chainrule.cli.fasttext_files import STANDARD_INPUT, lines_of, print_bytes
from chainrule.cli.fasttext_options import Threads, check_threads
from chainrule.fasttext.arriving import ArrivingLines
from chainrule.fasttext.dumping import DUMPS, dump_text
from chainrule.fasttext.line_text import Names, vector_lines
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.predictions import LabelScores
from chainrule.fasttext.printing import (
    ngrams_text,
    scores_of_labels_text,
    scores_text,
    sentence_vectors_text,
)
from chainrule.fasttext.reader import read_model

PIECE = 2**16
"""Bytes of lines that are taken at once where words are printed."""

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A .bin or .ftz file.")]
Text = Annotated[
    str, typer.Argument(metavar="TEXT", help="A file of lines; - for standard input.")
]
Labels = Annotated[int, typer.Argument(metavar="[K]", help="Labels of a line; -1 for all.")]
Least = Annotated[float, typer.Argument(metavar="[TH]", help="The least probability.")]


def predict(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print the likeliest labels of each line."""
    _predict(model, text, k, threshold, thread, probabilities=False)


def predict_prob(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print the likeliest labels of each line, and their probabilities plus 0.00001."""
    _predict(model, text, k, threshold, thread, probabilities=True)


def _predict(
    model: str, text: str, k: int, threshold: float, thread: int | None, *, probabilities: bool
) -> None:
    predictor = _predictor(model, thread)
    with lines_of(text) as lines:
        print_bytes(predictor.predict_text(lines, k, threshold, probabilities=probabilities))


def score(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print how many lines count, and precision and recall of K predictions."""
    _, scores = _scores(model, text, k, threshold, thread)
    print_bytes([scores_text(scores, k)])


def score_labels(
    model: Model, text: Text, k: Labels = 1, threshold: Least = 0.0, thread: Threads = None
) -> None:
    """Print F1, precision and recall of each label, then what test prints."""
    labels, scores = _scores(model, text, k, threshold, thread)
    print_bytes(scores_of_labels_text(scores, labels, k))


def _scores(
    model: str, text: str, k: int, threshold: float, thread: int | None
) -> tuple[list[bytes], LabelScores]:
    predictor = _predictor(model, thread)
    with lines_of(text) as lines:
        return predictor.labels.names, predictor.score(lines, k, threshold)


def print_sentence_vectors(model: Model, thread: Threads = None) -> None:
    """Print the vector of each line of standard input."""
    known = read_model(model)
    with lines_of(STANDARD_INPUT) as lines:
        if known.settings.model == "supervised":
            rows = Predictor(known, _checked(thread)).vectors(lines)
            print_bytes(vector_lines(some) for some in rows)
        else:
            pieces = _pieces(lines)
            print_bytes(b"".join(sentence_vectors_text(known, text, False)) for text in pieces)


def print_word_vectors(model: Model) -> None:
    """Print each word of standard input and its vector."""
    known = read_model(model)
    with lines_of(STANDARD_INPUT) as lines:
        print_bytes(_word_vectors(known, text.split()) for text in _pieces(lines))


def _word_vectors(model: FastTextModel, words: list[bytes]) -> bytes:
    rows = [model.word_vector(word) for word in words]
    matrix = np.array(rows, np.float32).reshape(-1, model.settings.dim)
    return vector_lines(matrix, Names(words))


def print_ngrams(
    model: Model, word: Annotated[str, typer.Argument(metavar="WORD", help="A word.")]
) -> None:
    """Print the n-grams of characters of a word and their vectors."""
    print_bytes(ngrams_text(read_model(model), os.fsencode(word)))


def dump(
    model: Model,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"{', '.join(DUMPS)}.")],
) -> None:
    """Print a model's settings, its words and labels, or one of its matrices."""
    if what not in DUMPS:
        raise ValueError(f"dump: expected one of {', '.join(DUMPS)}, got {what!r}")
    print_bytes(dump_text(read_model(model), what))


def _predictor(path: str, thread: int | None) -> Predictor:
    return Predictor(read_model(path), _checked(thread))


def _checked(thread: int | None) -> int | None:
    check_threads(thread)
    return thread


def _pieces(lines: ArrivingLines) -> Iterator[bytes]:
    """Yield pieces of whole lines."""
    for chunk in lines.chunks(PIECE):
        if chunk is not None:
            text, size, _ = chunk
            yield text[:size].tobytes()
