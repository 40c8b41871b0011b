"""Predictions of many lines, as arrays; and how often they were right."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.dictionary import lines
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.reference import Prediction, predict_rows

__all__ = ["LabelScores", "Predictions", "predict_text", "score_text"]


@dataclass(frozen=True)
class Predictions:
    """The best labels of each line, the best first.

    Parameters
    ----------
    offsets : NDArray[np.int64] of shape (lines + 1,)
        Line i has the labels from ``offsets[i]`` to ``offsets[i + 1]``.
    labels : NDArray[np.int32]
        Labels, by number.
    scores : NDArray[np.float32]
        Logarithms of their probabilities plus 1e-5.
    """

    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    scores: NDArray[np.float32]

    @classmethod
    def of_lines(cls, found: Iterable[list[Prediction]]) -> Predictions:
        """Return what was ``found`` for each line as arrays."""
        each = list(found)
        flat = [prediction for line in each for prediction in line]
        return cls(
            np.cumsum([0, *map(len, each)], dtype=np.int64),
            np.array([label for _, label in flat], np.int32),
            np.array([score for score, _ in flat], np.float32),
        )


def predict_text(
    model: FastTextModel, text: bytes, k: int = 1, threshold: float = 0.0
) -> Predictions:
    """Return the predictions of each line of a text, in NumPy.

    Parameters
    ----------
    model : FastTextModel
        A supervised model.
    text : bytes
        Lines; for one without words nothing is predicted.
    k : int
        At most so many labels a line; −1 for all.
    threshold : float
        The least probability.
    """
    seen = (model.features(line).rows for line in lines(text))
    return Predictions.of_lines(predict_rows(model, rows, k, threshold) for rows in seen)


@dataclass(frozen=True)
class LabelScores:
    """How often labels were predicted, and how often that was right.

    Parameters
    ----------
    examples : int
        Lines that count.
    predicted, gold, hits : NDArray[np.int64] of shape (nlabels,)
        How often each label was predicted, stood there, and both.
    """

    examples: int
    predicted: NDArray[np.int64] = field(repr=False)
    gold: NDArray[np.int64] = field(repr=False)
    hits: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(
        cls,
        found: Predictions,
        gold_offsets: NDArray[np.int64],
        gold_labels: NDArray[np.int32],
        nlabels: int,
    ) -> LabelScores:
        """Return the scores of predictions for lines that have labels.

        Parameters
        ----------
        found : Predictions
            Of the lines that count.
        gold_offsets : NDArray[np.int64] of shape (lines + 1,)
            Line i has the labels from ``gold_offsets[i]`` to ``gold_offsets[i + 1]``.
        gold_labels : NDArray[np.int32]
            What stands in the lines, by number; a label that stands there twice is two.
        nlabels : int
            How many labels there are.
        """
        right = np.isin(
            _places(found.offsets, found.labels, nlabels),
            _places(gold_offsets, gold_labels, nlabels),
        )
        counted = (found.labels, gold_labels, found.labels[right])
        return cls(
            len(gold_offsets) - 1, *(np.bincount(labels, minlength=nlabels) for labels in counted)
        )

    @property
    def precision(self) -> float:
        """Hits of all predictions; NaN without any."""
        return ratio(self.hits.sum(), self.predicted.sum())

    @property
    def recall(self) -> float:
        """Hits of all labels that stand there; NaN without any."""
        return ratio(self.hits.sum(), self.gold.sum())


def ratio(part: int, whole: int) -> float:
    """Return a part of a whole, NaN if the whole is 0."""
    return int(part) / int(whole) if whole else math.nan


def _places(
    offsets: NDArray[np.int64], labels: NDArray[np.int32], nlabels: int
) -> NDArray[np.int64]:
    """Return one number for each pair of a line and a label."""
    line = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return line * nlabels + labels


def score_text(
    model: FastTextModel, text: bytes, k: int = 1, threshold: float = 0.0
) -> LabelScores:
    """Return the scores of a model on lines with labels, in NumPy.

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
    seen = [model.features(line) for line in lines(text)]
    seen = [line for line in seen if line.labels and line.rows]
    found = Predictions.of_lines(predict_rows(model, line.rows, k, threshold) for line in seen)
    offsets = np.cumsum([0, *(len(line.labels) for line in seen)], dtype=np.int64)
    labels = np.array([label for line in seen for label in line.labels], np.int32)
    return LabelScores.of(found, offsets, labels, model.dictionary.nlabels)
