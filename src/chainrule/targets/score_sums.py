"""Scores of predictions that come a part at a time: sums are kept in place of the rows.

They are those of `scores`, but for what another order of sums rounds. The area under ROC alone
takes memory that grows with the rows: five bytes each, a float32 and a class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.targets.scores import log_loss

__all__ = ["ClassSums", "LabelSums", "RegressionSums", "ScoreSums"]


class ScoreSums(ABC):
    """What is kept of targets and predictions, of which scores are made at the end."""

    rows = 0

    @abstractmethod
    def add(
        self,
        t: NDArray[Any],
        chosen: NDArray[Any],
        probabilities: NDArray[np.float64] | None = None,
        logits: NDArray[Any] | None = None,
    ) -> None:
        """Take the targets of some rows, and what is predicted for them."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """Return the scores of all rows so far."""


class RegressionSums(ScoreSums):
    """Scores of numbers: sums of errors, and of squares around the mean of the targets.

    They are taken in long double, where that is one, whose squares do not overflow.
    """

    def __init__(self) -> None:
        self.absolute: Any = np.longdouble(0)
        self.squares: Any = np.longdouble(0)
        self.mean: Any = np.longdouble(0)
        self.around: Any = np.longdouble(0)

    def add(
        self,
        t: NDArray[Any],
        chosen: NDArray[Any],
        probabilities: NDArray[np.float64] | None = None,
        logits: NDArray[Any] | None = None,
    ) -> None:
        """Take targets (n,) or (n, k), and the numbers that are predicted."""
        t = t.reshape(len(t), -1).astype(np.longdouble)
        errors = t - chosen.reshape(len(t), -1)
        self.absolute = self.absolute + np.abs(errors).sum(axis=0)
        self.squares = self.squares + (errors**2).sum(axis=0)
        n, own = len(t), t.mean(axis=0)
        more, rows = own - self.mean, self.rows + n
        self.around = self.around + ((t - own) ** 2).sum(axis=0) + more**2 * (self.rows * n / rows)
        self.mean = self.mean + more * (n / rows)
        self.rows = rows

    def scores(self) -> dict[str, float]:
        """Return R², which needs two rows, and the mean errors; means over several targets."""
        scores = {}
        if self.rows > 1:
            still = np.where(self.squares == 0, 1.0, 0.0)  # where all targets are one number
            varied = self.around > 0
            r2 = np.where(varied, 1 - self.squares / np.where(varied, self.around, 1), still)
            scores["R²"] = float(np.mean(r2))
        return scores | {
            "mean absolute error": float(np.mean(self.absolute / self.rows)),
            "root mean squared error": float(np.mean(np.sqrt(self.squares / self.rows))),
        }


class LabelSums(ScoreSums):
    """Scores of labels (n, k) of which any may hold: how often each is right."""

    def __init__(self) -> None:
        self.whole, self.right = 0, 0
        self.both: Any = 0
        self.either: Any = 0

    def add(
        self,
        t: NDArray[Any],
        chosen: NDArray[Any],
        probabilities: NDArray[np.float64] | None = None,
        logits: NDArray[Any] | None = None,
    ) -> None:
        """Take the labels that hold (n, k), and those that are chosen."""
        t, chosen = t == 1, chosen == 1
        same = t == chosen
        self.rows += len(t)
        self.whole += int(same.all(axis=1).sum())
        self.right += int(same.sum())
        self.both = self.both + (t & chosen).sum(axis=0)
        self.either = self.either + t.sum(axis=0) + chosen.sum(axis=0)

    def scores(self) -> dict[str, float]:
        """Return the shares of rows and of labels that are right, and the mean of labels' F1."""
        return {
            "subset accuracy": self.whole / self.rows,
            "label accuracy": self.right / (self.rows * len(self.both)),
            "F1 of labels": float(np.mean(2 * self.both / np.maximum(self.either, 1))),
        }


class ClassSums(ScoreSums):
    """Scores of classes: how many are right, and the sum of the log loss."""

    def __init__(self) -> None:
        self.right, self.loss = 0, 0.0
        self.counts = np.zeros((2, 2), np.int64)
        self.classes: list[NDArray[np.bool_]] = []
        self.shares: list[NDArray[Any]] = []
        self.several = False

    def add(
        self,
        t: NDArray[Any],
        chosen: NDArray[Any],
        probabilities: NDArray[np.float64] | None = None,
        logits: NDArray[Any] | None = None,
    ) -> None:
        """Take classes (n,), those chosen, probabilities (n, K), and logits (n, K) or (n, 1)."""
        assert probabilities is not None
        assert logits is not None
        self.rows += len(t)
        self.right += int((t == chosen).sum())
        count = probabilities.shape[1]
        self.several = count > 1
        if self.several:
            self.loss += log_loss(t, logits.astype(np.float64)) * len(t)
        if count == 2:
            np.add.at(self.counts, (t, chosen), 1)
            share = probabilities[:, 1]
            short = share.astype(np.float32)
            self.classes.append(t == 1)
            self.shares.append(short if np.array_equal(short, share) else share)

    def scores(self) -> dict[str, float]:
        """Return accuracy and log loss; of two classes that both occur, F1 and the area too."""
        from sklearn import metrics

        scores = {"accuracy": self.right / self.rows}
        if self.several:
            scores["log loss"] = self.loss / self.rows
        if self.classes and self.counts.sum(axis=1).all():
            (_, wrong), (missed, both) = self.counts.tolist()
            scores["F1"] = 2 * both / (2 * both + wrong + missed)
            t, shares = np.concatenate(self.classes), np.concatenate(self.shares)
            scores["area under ROC"] = float(metrics.roc_auc_score(t, shares))
        return scores
