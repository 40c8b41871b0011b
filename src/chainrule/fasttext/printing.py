"""What fastText's command line prints, byte for byte."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.arithmetic import probability_of
from chainrule.fasttext.dictionary import lines
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.reference import Prediction, predict_rows

__all__ = [
    "Scores",
    "predictions_text",
    "printed_predictions",
    "printed_scores",
    "printed_scores_of_labels",
    "score_lines",
    "vector_text",
]

Predict: TypeAlias = Callable[[list[int]], list[Prediction]]


def printed_predictions(
    model: FastTextModel,
    text: bytes,
    k: int = 1,
    threshold: float = 0.0,
    probabilities: bool = True,
) -> Iterator[bytes]:
    """Yield what ``predict-prob``, or ``predict``, prints for each line of a text.

    Parameters
    ----------
    model : FastTextModel
        A supervised model.
    text : bytes
        Lines; one without words is an empty line.
    k : int
        At most so many labels a line; −1 for all.
    threshold : float
        The least probability.
    probabilities : bool
        Whether each label is followed by its probability.
    """
    labels = model.dictionary.labels
    for line in lines(text):
        found = predict_rows(model, model.features(line).rows, k, threshold)
        yield predictions_text(labels, found, probabilities)


def predictions_text(
    labels: list[bytes], found: Iterable[Prediction], probabilities: bool = True
) -> bytes:
    """Return the predictions of a line as they are printed.

    ``labels`` has all names, ``found`` the best, and ``probabilities`` says whether they follow.
    """
    found = list(found)
    names = [labels[prediction.label] for prediction in found]
    if probabilities and found:
        numbers = probability_of([prediction.score for prediction in found]).tolist()
        names = [b"%s %.6g" % pair for pair in zip(names, numbers, strict=True)]
    return b" ".join(names) + b"\n"


@dataclass
class Scores:
    """Hits of predictions, over all labels and for each.

    Parameters
    ----------
    examples : int
        Lines with a known label and a word.
    predicted, gold, hits : NDArray[np.int64] of shape (nlabels,)
        How often each label was predicted, was right, and both.
    """

    examples: int
    predicted: NDArray[np.int64] = field(repr=False)
    gold: NDArray[np.int64] = field(repr=False)
    hits: NDArray[np.int64] = field(repr=False)

    @classmethod
    def none(cls, nlabels: int) -> Scores:
        """Return the scores of no example, for so many labels."""
        return cls(0, *(np.zeros(nlabels, np.int64) for _ in range(3)))

    def add(self, labels: list[int], found: Iterable[int]) -> None:
        """Count a line with these ``labels``, for which others were ``found``."""
        self.examples += 1
        for label in found:
            self.predicted[label] += 1
            self.hits[label] += label in labels
        for label in labels:
            self.gold[label] += 1


def score_lines(
    model: FastTextModel, text: bytes, k: int = 1, threshold: float = 0.0
) -> Scores:
    """Return the scores of a model on lines with labels.

    Parameters
    ----------
    model : FastTextModel
        A supervised model.
    text : bytes
        Lines. Those without a known label, or without a word, do not count.
    k : int
        So many labels are predicted; −1 for all.
    threshold : float
        The least probability.
    """
    scores = Scores.none(model.dictionary.nlabels)
    for line in lines(text):
        seen = model.features(line)
        if seen.labels and seen.rows:
            found = predict_rows(model, seen.rows, k, threshold)
            scores.add(seen.labels, (prediction.label for prediction in found))
    return scores


def printed_scores(scores: Scores, k: int, fixed: bool = False) -> bytes:
    """Return the three lines of ``test``; with ``fixed`` digits as ``test-label`` ends."""
    hits = int(scores.hits.sum())
    precision, recall = _ratio(hits, scores.predicted.sum()), _ratio(hits, scores.gold.sum())
    layout = "N\t%d\nP@%d\t%.3f\nR@%d\t%.3f\n" if fixed else "N\t%d\nP@%d\t%.3g\nR@%d\t%.3g\n"
    return (layout % (scores.examples, k, precision, k, recall)).encode()


def printed_scores_of_labels(scores: Scores, labels: list[bytes], k: int) -> Iterator[bytes]:
    """Yield the lines of ``test-label``: F1, precision and recall of each of the ``labels``.

    The three lines of ``test`` for this ``k`` come last.
    """
    each = zip(labels, scores.predicted, scores.gold, scores.hits, strict=True)
    for label, predicted, gold, hits in each:
        numbers = _ratio(2 * hits, predicted + gold), _ratio(hits, predicted), _ratio(hits, gold)
        names = ("F1-Score", "Precision", "Recall")
        for name, number in zip(names, numbers, strict=True):
            text = f"{number:.6f}" if math.isfinite(number) else "--------"
            yield f"{name} : {text}  ".encode()
        yield b" " + label + b"\n"
    yield printed_scores(scores, k, fixed=True)


def _ratio(part: int, whole: int) -> float:
    return int(part) / int(whole) if whole else math.nan


def vector_text(vector: NDArray[np.float32]) -> bytes:
    """Return the numbers of a vector (dim,) with five digits, a space after each."""
    return b"".join(b"%.5g " % number for number in vector.tolist())
