"""What fastText's commands print of a model file: answers to lines and words, and its parts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from chainrule.cli.fasttext_files import STANDARD_INPUT, check_threads, lines_of, print_bytes
from chainrule.cli.model_file import expect_model_file
from chainrule.fasttext.arriving import ArrivingLines
from chainrule.fasttext.dumping import DUMPS, dump_text
from chainrule.fasttext.line_text import Names, vector_lines
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.prediction import Predictor
from chainrule.fasttext.printing import (
    ngrams_text,
    scores_of_labels_text,
    scores_text,
    sentence_vectors_text,
)
from chainrule.fasttext.reader import read_model

PIECE = 2**16
"""Bytes of lines that are taken at once where words are printed."""


def print_predictions(
    model: str, text: str, k: int, threshold: float, thread: int | None, *, probabilities: bool
) -> None:
    """Print the likeliest labels of each line."""
    predictor = _predictor(model, thread)
    with lines_of(text) as lines:
        print_bytes(predictor.predict_text(lines, k, threshold, probabilities=probabilities))


def print_scores(
    model: str, text: str, k: int, threshold: float, thread: int | None, *, each_label: bool
) -> None:
    """Print precision and recall; before them those of each label, and F1."""
    predictor = _predictor(model, thread)
    with lines_of(text) as lines:
        scores = predictor.score(lines, k, threshold)
    if each_label:
        print_bytes(scores_of_labels_text(scores, predictor.labels.names, k))
    else:
        print_bytes([scores_text(scores, k)])


def print_sentence_vectors(model: str, thread: int | None) -> None:
    """Print the vector of each line of standard input."""
    known = _model(model)
    with lines_of(STANDARD_INPUT) as lines:
        if known.settings.model == "supervised":
            rows = Predictor(known, _checked(thread)).vectors(lines)
            print_bytes(vector_lines(some) for some in rows)
        else:
            pieces = _pieces(lines)
            print_bytes(b"".join(sentence_vectors_text(known, text, False)) for text in pieces)


def print_word_vectors(model: str) -> None:
    """Print each word of standard input and its vector."""
    known = _model(model)
    with lines_of(STANDARD_INPUT) as lines:
        print_bytes(_word_vectors(known, text.split()) for text in _pieces(lines))


def _word_vectors(model: FastTextModel, words: list[bytes]) -> bytes:
    rows = [model.word_vector(word) for word in words]
    matrix = np.array(rows, np.float32).reshape(-1, model.settings.dim)
    return vector_lines(matrix, Names(words))


def print_ngrams(model: str, word: str) -> None:
    """Print the n-grams of characters of a word and their vectors."""
    print_bytes(ngrams_text(_model(model), os.fsencode(word)))


def print_part(model: str, what: str) -> None:
    """Print a model's settings, its words and labels, or one of its matrices."""
    if what not in DUMPS:
        raise ValueError(f"dump: expected one of {', '.join(DUMPS)}, got {what!r}")
    print_bytes(dump_text(_model(model), what))


def _model(path: str) -> FastTextModel:
    expect_model_file(path)
    return read_model(path)


def _predictor(path: str, thread: int | None) -> Predictor:
    return Predictor(_model(path), _checked(thread))


def _checked(thread: int | None) -> int | None:
    check_threads(thread)
    return thread


def _pieces(lines: ArrivingLines) -> Iterator[bytes]:
    """Yield pieces of whole lines."""
    for chunk in lines.chunks(PIECE):
        if chunk is not None:
            text, size, _ = chunk
            yield text[:size].tobytes()
