"""What fastText's command line prints, byte for byte."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.arithmetic import exp32
from chainrule.fasttext.dictionary import lines
from chainrule.fasttext.features import character_ngrams
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.predictions import LabelScores, Predictions, ratio

__all__ = [
    "ngrams_text",
    "predictions_text",
    "scores_of_labels_text",
    "scores_text",
    "sentence_vectors_text",
    "vector_text",
]

FLAT = "N\t%d\nP@%d\t%.3g\nR@%d\t%.3g\n"
FIXED = "N\t%d\nP@%d\t%.3f\nR@%d\t%.3f\n"


def predictions_text(
    labels: list[bytes], found: Predictions, probabilities: bool = True
) -> Iterator[bytes]:
    """Yield a line for each line of ``predict-prob``, or of ``predict``.

    Parameters
    ----------
    labels : list of bytes
        The model's labels.
    found : Predictions
        The best for each line.
    probabilities : bool
        Whether each label is followed by its probability: e to the power of its score, which
        makes 1e-5 of 0 and 1.00001 of 1.
    """
    offsets, numbers = found.offsets.tolist(), found.labels.tolist()
    words = [labels[number] for number in numbers]
    if probabilities:
        each = zip(words, exp32(found.scores).tolist(), strict=True)
        words = [b"%s %.6g" % pair for pair in each]
    for begin, end in pairwise(offsets):
        yield b" ".join(words[begin:end]) + b"\n"


def scores_text(scores: LabelScores, k: int, fixed: bool = False) -> bytes:
    """Return the three lines of ``test`` for this ``k``.

    After the lines of ``test-label`` the digits of ``scores`` are ``fixed``.
    """
    layout = FIXED if fixed else FLAT
    return (layout % (scores.examples, k, scores.precision, k, scores.recall)).encode()


def scores_of_labels_text(scores: LabelScores, labels: list[bytes], k: int) -> Iterator[bytes]:
    """Yield the lines of ``test-label``: F1, precision and recall of each label, then of all.

    ``scores`` are those of the ``labels``, with ``k`` predictions a line.
    """
    each = zip(labels, scores.predicted, scores.gold, scores.hits, strict=True)
    for label, predicted, gold, hits in each:
        f1 = _number("F1-Score", ratio(2 * hits, predicted + gold))
        precision = _number("Precision", ratio(hits, predicted))
        yield f1 + precision + _number("Recall", ratio(hits, gold)) + b" " + label + b"\n"
    yield scores_text(scores, k, fixed=True)


def _number(name: str, value: float) -> bytes:
    text = f"{value:.6f}" if math.isfinite(value) else "--------"
    return f"{name} : {text}  ".encode()


def vector_text(vector: NDArray[np.float32]) -> bytes:
    """Return the numbers of a vector (dim,) with five digits, a space after each."""
    return b"%.5g " * len(vector) % tuple(vector.tolist())


def sentence_vectors_text(
    model: FastTextModel, text: bytes, unit_length: bool = True
) -> Iterator[bytes]:
    """Yield a line of ``print-sentence-vectors`` for each line of a text.

    Parameters
    ----------
    model : FastTextModel
        A supervised one has the mean of a line's rows; one of word vectors the mean of the
        vectors of a line's words, each at length 1.
    text : bytes
        Lines.
    unit_length : bool
        Whether vectors of words have length 1 before they are brought to it, as in version 0.11;
        that changes last digits.
    """
    if model.settings.model == "supervised":
        for line in lines(text):
            yield vector_text(model.line_vector(line)) + b"\n"
        return
    for sentence in text.removesuffix(b"\n").split(b"\n") if text else ():
        yield vector_text(model.mean_word_vector(sentence.split(), unit_length)) + b"\n"


def ngrams_text(model: FastTextModel, word: bytes) -> Iterator[bytes]:
    """Yield the lines of ``print-ngrams``: the ``word``, if known, and its character n-grams.

    N-grams that a pruned ``model`` has no row for are left out; fastText gives their names to
    the vectors of others.
    """
    known = model.dictionary.ids.get(word, -1)
    if 0 <= known < model.input.shape[0]:
        yield word + b" " + vector_text(model.input.take([known])[0]) + b"\n"
    for ngram in character_ngrams(word, model.settings.minn, model.settings.maxn):
        for row in model.ngram_rows(ngram):
            yield ngram + b" " + vector_text(model.input.take([row])[0]) + b"\n"
