"""What is predicted for lines, and what else is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.arithmetic import exp32
from chainrule.fasttext.predictions import Predictions

__all__ = ["LinePredictions", "offsets_of"]


@dataclass(frozen=True)
class LinePredictions(Predictions):
    """Predictions of lines, and what else is known of these.

    Parameters
    ----------
    rows : NDArray[np.int64] of shape (lines,)
        How many rows of the input matrix each line's features are.
    gold_offsets : NDArray[np.int64] of shape (lines + 1,)
        Line i has the labels from ``gold_offsets[i]`` to ``gold_offsets[i + 1]``.
    gold_labels : NDArray[np.int32]
        The labels that stand in the lines and that the model knows, by number.
    """

    rows: NDArray[np.int64]
    gold_offsets: NDArray[np.int64]
    gold_labels: NDArray[np.int32]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The exponential of the scores, as fastText prints it: up to 1.00001, 10⁻⁵ at least."""
        return exp32(self.scores)

    def counted(self) -> tuple[Predictions, NDArray[np.int64], NDArray[np.int32]]:
        """Return what scores count: lines with a known label and a feature, and their labels."""
        gold = np.diff(self.gold_offsets)
        counts = (gold > 0) & (self.rows > 0)
        found = np.diff(self.offsets)
        chosen = np.repeat(counts, found)
        predictions = Predictions(
            offsets_of(found[counts]), self.labels[chosen], self.scores[chosen]
        )
        return predictions, offsets_of(gold[counts]), self.gold_labels[np.repeat(counts, gold)]


def offsets_of(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return where each of some runs begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
