"""Which classes are taken for which others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.pictures.answers import read_answers
from chainrule.pictures.axes import panels
from chainrule.pictures.tables import shortened_name
from chainrule.targets.columns import label_text
from chainrule.types import Array

AXES = {"true": 1, "pred": 0, "all": None}
"""What shares are taken of, and along which axis that is summed."""

MOST_NUMBERS = 20
"""Of more classes the cells have colors alone."""

MOST_LABELS = 40


class ConfusionDisplay:
    """How many samples of each class, a row, are taken for each class, a column.

    A cell's color is the share of its row, so that rare classes show as frequent ones do, or what
    ``normalize`` says.

    Parameters
    ----------
    counts : array of shape (K, K)
        Samples by true and predicted class.
    labels : sequence of str
        The classes.
    normalize : {"true", "pred", "all"}, default=None
        What the cells are shares of: of the samples that are of a class, of those that are taken
        for it, or of all. By default they are counts.

    Attributes
    ----------
    shares : ndarray of shape (K, K)
        What the colors are.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    image_ : matplotlib AxesImage
    text_ : ndarray of shape (K, K)
        The texts of the cells, None where there is none.
    """

    def __init__(
        self, counts: Array, labels: Sequence[str], *, normalize: str | None = None
    ) -> None:
        self.counts, self.labels, self.normalize = np.asarray(counts), tuple(labels), normalize
        if normalize not in (None, *AXES):
            words = ", ".join(AXES)
            raise ValueError(
                f"ConfusionDisplay: expected normalize to be one of {words} or None, "
                f"got {normalize!r}"
            )
        if self.counts.shape != (len(self.labels), len(self.labels)):
            raise ValueError(
                f"ConfusionDisplay: expected counts of shape (K, K) and K labels, got shape "
                f"{self.counts.shape} and {len(self.labels)} labels"
            )
        totals = self.counts.sum(axis=AXES[normalize or "true"], keepdims=True)
        self.shares = self.counts / np.maximum(totals, 1)

    def __repr__(self) -> str:
        return f"ConfusionDisplay({len(self.labels)} classes, {int(self.counts.sum()):,} samples)"

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any = None, *, normalize: str | None = None, ax: Any = None
    ) -> ConfusionDisplay:
        """Draw how a fitted classifier takes classes for each other.

        Parameters
        ----------
        estimator : estimator
            Fitted, of one class a sample.
        X : array-like of shape (n_samples, n_features), images, a table, or a file's name
            The samples.
        y : array-like of shape (n_samples,) or str, default=None
            True classes, or the column of a table that holds them; None takes the column of
            training.
        normalize : {"true", "pred", "all"}, default=None
            What the cells are shares of; by default they are counts.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : ConfusionDisplay
            The display, drawn.
        """
        found = read_answers(cls.__name__, estimator, X, y)
        counts = _counted(found.true, found.predicted, len(found.labels))
        return cls(counts, found.labels, normalize=normalize).plot(ax)

    @classmethod
    def from_predictions(
        cls, y: Any, predicted: Any, *, normalize: str | None = None, ax: Any = None
    ) -> ConfusionDisplay:
        """Draw how any classifier takes classes for each other.

        Parameters
        ----------
        y, predicted : array-like of shape (n_samples,)
            True and predicted classes.
        normalize : {"true", "pred", "all"}, default=None
            What the cells are shares of; by default they are counts.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : ConfusionDisplay
            The display, drawn.
        """
        y, predicted = np.asarray(y), np.asarray(predicted)
        if y.ndim != 1 or y.shape != predicted.shape or not y.size:
            raise ValueError(
                f"{cls.__name__}: expected as many classes (n,) as predictions, got shapes "
                f"{y.shape} and {predicted.shape}"
            )
        labels, codes = np.unique(np.concatenate([y, predicted]), return_inverse=True)
        counts = _counted(codes[: len(y)], codes[len(y) :], len(labels))
        return cls(counts, list(map(label_text, labels.tolist())), normalize=normalize).plot(ax)

    def plot(self, ax: Any = None) -> ConfusionDisplay:
        """Draw the table.

        Parameters
        ----------
        ax : Axes, default=None
            By default that of a new figure.

        Returns
        -------
        self : ConfusionDisplay
            The display itself.
        """
        count = len(self.labels)
        side = min(max(0.5 * count, 2.2), 9.0)
        names = [shortened_name(label) for label in self.labels]
        room = 0.075 * max(map(len, names), default=0)
        (ax,) = panels("ConfusionDisplay", ax, (1, 1), (side + room + 1.8, side + room + 0.6))
        self.ax_, self.figure_ = ax, ax.figure
        self.image_ = ax.imshow(self.shares, cmap="Blues", vmin=0, vmax=self._largest())
        self._ticks(names)
        ax.set_xlabel("predicted class")
        ax.set_ylabel("true class")
        of = {"pred": "the predicted class", "all": "all samples"}
        words = f"share of {of.get(self.normalize or '', 'the true class')}"
        bar = self.figure_.colorbar(self.image_, ax=ax, shrink=0.8, aspect=25, label=words)
        bar.ax.yaxis.set_major_formatter("{x:.2g}")
        self.text_ = np.full(self.counts.shape, None, dtype=object)
        if count <= MOST_NUMBERS:
            for place in zip(*np.nonzero(self.counts), strict=True):
                self.text_[place] = self._number(place)
        return self

    def _largest(self) -> float:
        return 1.0 if self.normalize != "all" else float(self.shares.max()) or 1.0

    def _ticks(self, names: list[str]) -> None:
        places = range(0, len(names), -(-len(names) // MOST_LABELS))
        shown = [names[place] for place in places]
        turned = {"rotation": 90} if max(map(len, shown)) > 3 else {}
        self.ax_.set_xticks(places, shown, fontsize=8, **turned)
        self.ax_.set_yticks(places, shown, fontsize=8)

    def _number(self, place: tuple[Any, ...]) -> Any:
        """Write the number of a cell, white on dark colors."""
        dark = self.shares[place] > 0.55 * self._largest()
        text = f"{self.counts[place]:,}" if self.normalize is None else f"{self.shares[place]:.2f}"
        return self.ax_.text(
            place[1], place[0], text, ha="center", va="center", fontsize=8,
            color="white" if dark else "black",
        )  # fmt: skip


def _counted(true: Array, predicted: Array, count: int) -> Array:
    """Return how many samples there are of each pair of classes."""
    counts = np.zeros((count, count), np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts
