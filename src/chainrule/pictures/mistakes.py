"""Images that a classifier takes for others, the most certain mistakes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.pictures.answers import read_answers
from chainrule.pictures.axes import bare, check_count, fills_figure, letters_across, panels
from chainrule.pictures.sample_images import sample_images, shown
from chainrule.pictures.tables import shortened_name
from chainrule.tables import counted
from chainrule.types import Array

MOST_COLUMNS = 8


class MistakesDisplay:
    """Images that are classified wrongly, with their class, and what they are taken for.

    Parameters
    ----------
    images : array of shape (n, channels, height, width)
        What is shown.
    true, predicted : sequence of str
        The classes of each.
    probabilities : sequence of float
        That of the predicted class.
    rows : sequence of int
        Which of the samples these are, from 0.
    mistakes, samples : int
        How many mistakes there are among how many samples.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        All of them, row by row.
    ax_ : matplotlib Axes
        The first.
    figure_ : matplotlib Figure
    """

    def __init__(
        self,
        images: Array,
        true: Sequence[str],
        predicted: Sequence[str],
        probabilities: Sequence[float],
        rows: Sequence[int],
        mistakes: int,
        samples: int,
    ) -> None:
        self.images, self.true, self.predicted = np.asarray(images), tuple(true), tuple(predicted)
        self.probabilities, self.rows = tuple(probabilities), tuple(rows)
        self.mistakes, self.samples = mistakes, samples

    def __repr__(self) -> str:
        return f"MistakesDisplay({counted(self.mistakes, 'mistake')} of {self.samples:,})"

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        count: int = 24,
        shape: tuple[int, ...] | None = None,
        ax: Any = None,
    ) -> MistakesDisplay:
        """Draw the images that a fitted classifier is most certain of, and wrong.

        Parameters
        ----------
        estimator : estimator
            Fitted, of one class a sample.
        X : images, rows of pixels, a table, or the name of a file or folder
            The samples.
        y : array-like of shape (n_samples,) or str, default=None
            True classes, or the column of a table that holds them; None takes the column of
            training, or the folders' names.
        count : int, default=24
            How many are drawn, at most.
        shape : tuple of int, default=None
            How the features of rows are an image: (h, w) or (c, h, w). Columns called pixel_0_0,
            pixel_0_1, … are one, too.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : MistakesDisplay
            The display, drawn.
        """
        check_count(cls.__name__, "count", count)
        found = read_answers(cls.__name__, estimator, X, y)
        pictures = sample_images(cls.__name__, estimator, found.X, shape)
        if pictures is None:
            kind = estimator.inputs_.kind
            received = {"table": "columns", "text": "samples: texts"}.get(kind, "rows")
            raise ValueError(
                f"{cls.__name__}: expected images, rows with shape=(h, w), or columns called "
                f"pixel_0_0, pixel_0_1, …, got other {received}"
            )
        certain = found.probabilities[np.arange(len(found.true)), found.predicted]
        wrong = np.flatnonzero(found.true != found.predicted)
        wrong = wrong[np.argsort(-certain[wrong], kind="stable")]
        first = wrong[:count]
        return cls(
            pictures.images[first],
            [found.labels[place] for place in found.true[first]],
            [found.labels[place] for place in found.predicted[first]],
            certain[first].tolist(),
            first.tolist(),
            len(wrong),
            len(found.true),
        ).plot(ax)

    def plot(self, ax: Any = None) -> MistakesDisplay:
        """Draw the images.

        Parameters
        ----------
        ax : Axes, default=None
            Images take its place, each with its own. By default those of a new figure.

        Returns
        -------
        self : MistakesDisplay
            The display itself.
        """
        count = max(len(self.images), 1)
        rows = -(-count // MOST_COLUMNS)
        columns = -(-count // rows)
        side = min(8.0 / columns, 1.3)
        height = side * self.images.shape[2] / self.images.shape[3]
        size = max(side * columns, 3.6), (height + 0.5) * rows + 0.4
        self.axes_ = panels("MistakesDisplay", ax, (rows, columns), size, gaps=(0.5, 0.1))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        for each in self.axes_:
            bare(each)
        for each in self.axes_[len(self.images) :]:
            each.set_axis_off()
        words = f"{counted(self.mistakes, 'mistake')} among {counted(self.samples, 'sample')}"
        if not len(self.images):
            self.ax_.text(0.5, 0.5, f"no {words[2:]}", ha="center", transform=self.ax_.transAxes)
            return self
        if len(self.images) < self.mistakes:
            words = f"the {len(self.images)} most certain of {words}"
        if fills_figure(ax):
            words += ": true class → predicted, its probability"
            self.figure_.supxlabel(words, fontsize="small")
        for each, image in zip(self.axes_, shown(self.images), strict=False):
            each.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        longest = letters_across(self.ax_)
        told = zip(self.true, self.predicted, self.probabilities, strict=True)
        for each, (true, predicted, probability) in zip(self.axes_, told, strict=False):
            text = mistake_text(true, predicted, probability, longest)
            each.set_title(text, fontsize=8)
        return self


def mistake_text(true: str, predicted: str, probability: float, longest: int) -> str:
    """Return lines of so many letters: the class, what it is taken for, and how surely.

    Short classes share a line.
    """
    share = f"{100 * probability:.0f} %"
    if len(true) + len(predicted) + 3 <= longest:
        return f"{shortened_name(true)} → {shortened_name(predicted)}\n{share}"
    told = f"→ {shortened_name(predicted, longest - 2)}"
    short = len(told) + len(share) + 2 <= longest
    return f"{shortened_name(true, longest)}\n{told}{', ' if short else chr(10)}{share}"
