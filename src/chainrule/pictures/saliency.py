"""Where a network looks: the gradient of its score or loss by pixels, or by columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.pictures.attribution import Attribution, loss_gradients, score_gradients
from chainrule.pictures.axes import (
    COLORS,
    bare,
    check_count,
    check_fitted,
    letters_across,
    panels,
    signed,
    tidy,
)
from chainrule.pictures.sample_images import SampleImages, sample_images, shown
from chainrule.pictures.tables import LONGEST_NAME, shortened_name
from chainrule.tables import counted
from chainrule.types import Array

OF = ("score", "loss")
MOST_COLUMNS = 8
MOST_BARS = 25
MOST_ROWS = 1000
"""The bars of a larger table are means over so many of its rows, evenly chosen."""


class SaliencyDisplay:
    """Images with the gradient of the network's score by each pixel; of a table, by each column.

    Of images the size of the gradient is drawn below each, each scaled to its own largest. Times
    the input it has a sign: what speaks for the answer is red, what speaks against it blue. Of
    tables bars are the mean of sizes over all samples, or over 1,000, evenly chosen, if there are
    more; one sample has its own.

    Parameters
    ----------
    attribution : Attribution
        The gradients.
    images : SampleImages, default=None
        What samples look like, if they are images.
    names : sequence of str, default=()
        What the numbers are called, if they are none.
    times_input : bool, default=False
        Whether gradients are multiplied by the input.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of images: rows of images and of gradients in turn.
    ax_ : matplotlib Axes
        The first.
    figure_ : matplotlib Figure
    values_ : ndarray
        What is drawn: (n, height, width), or a number for each bar.
    """

    def __init__(
        self,
        attribution: Attribution,
        *,
        images: SampleImages | None = None,
        names: Sequence[str] = (),
        times_input: bool = False,
    ) -> None:
        self.attribution, self.images, self.names = attribution, images, tuple(names)
        self.times_input = times_input

    def __repr__(self) -> str:
        return f"SaliencyDisplay({counted(len(self.attribution.X), 'sample')})"

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        of: str = "score",
        times_input: bool = False,
        output: int = 0,
        count: int = 8,
        shape: tuple[int, ...] | None = None,
        ax: Any = None,
    ) -> SaliencyDisplay:
        """Draw what a fitted network looks at.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        X : images, array-like of shape (n_samples, n_features), a table, or a file's name
            The samples; of images the first are drawn.
        y : array-like or str, default=None
            Answers, which the loss takes; None takes the column of training.
        of : {"score", "loss"}, default="score"
            The score is that of the predicted class, before softmax or sigmoid, or the number that
            is predicted. The loss is each sample's own.
        times_input : bool, default=False
            Whether to draw input × gradient: of a linear network, what each number contributes.
        output : int, default=0
            Which of several numbers that are predicted.
        count : int, default=8
            How many images are drawn, at most.
        shape : tuple of int, default=None
            How the features of rows are an image: (h, w) or (c, h, w).
        ax
            See :meth:`plot`.

        Returns
        -------
        display : SaliencyDisplay
            The display, drawn.
        """
        name = cls.__name__
        if of not in OF:
            raise ValueError(f"{name}: expected of to be one of {', '.join(OF)}, got {of!r}")
        check_count(name, "count", count)
        check_fitted(name, estimator, "chain_", "call fit first")
        images = sample_images(name, estimator, X, shape)

        def choose(n: int) -> Array:
            if images is not None:
                return np.arange(min(n, count))
            return np.unique(np.linspace(0, n - 1, min(n, MOST_ROWS)).astype(np.intp))

        if of == "loss":
            found = loss_gradients(name, estimator, X, y, output, choose)
        else:
            found = score_gradients(name, estimator, X, output, choose)
        if images is not None:
            images = SampleImages(images.images[:count], images.placed)
        names = estimator.inputs_.feature_names
        return cls(found, images=images, names=names, times_input=times_input).plot(ax)

    def plot(self, ax: Any = None) -> SaliencyDisplay:
        """Draw the images with their gradients, or the bars.

        Parameters
        ----------
        ax : Axes, default=None
            It takes the bars; images take its place, each with its own. By default those of a new
            figure.

        Returns
        -------
        self : SaliencyDisplay
            The display itself.
        """
        values = self.attribution.gradients
        if self.times_input:
            values = values * self.attribution.X
        if self.images is None:
            self._bars(values.reshape(len(values), -1), ax)
        else:
            self._images(self.images, self.images.placed(values), ax)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        return self

    @property
    def words(self) -> str:
        """What the numbers are."""
        gradient = f"∂{self.attribution.of}/∂x"
        return f"x · {gradient}" if self.times_input else gradient

    def _images(self, images: SampleImages, values: Any, ax: Any) -> None:
        """Draw each image, and its gradient below: of channels the largest size, or the sum."""
        self.values_ = values.sum(axis=1) if self.times_input else np.abs(values).max(axis=1)
        count = len(self.values_)
        columns = min(count, MOST_COLUMNS)
        rows = -(-count // columns)
        side = min(8.0 / columns, 1.5)
        height = side * self.values_.shape[1] / self.values_.shape[2]
        size = max(side * columns, 3.2) + 0.5, (2 * height + 0.55) * rows
        made = panels("SaliencyDisplay", ax, (2 * rows, columns), size, gaps=(0.25, 0.1))
        self.axes_ = made.reshape(rows, 2, columns)
        told, longest = self.attribution.answers, letters_across(made[0])
        for k, image in enumerate(shown(images.images)):
            above, below = self.axes_[k // columns, :, k % columns]
            above.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            above.set_title(answer_text(*told[k], longest), fontsize=8)
            below.imshow(self.values_[k], **self._colors(self.values_[k]))
        for each in made:
            bare(each)
            if not each.images:
                each.set_axis_off()
        sizes = self.words if self.times_input else f"|{self.words}|"
        for above, below in self.axes_[:, :, 0]:
            above.set_ylabel("image", fontsize=8)
            below.set_ylabel(sizes, fontsize=8)
        self.axes_ = made

    def _colors(self, values: Any) -> dict[str, Any]:
        if self.times_input:
            return signed(values)
        most = float(values.max()) or 1.0
        return {"cmap": "Reds", "vmin": 0, "vmax": most, "interpolation": "nearest"}

    def _bars(self, values: Any, ax: Any) -> None:
        """Draw a bar for each column, the longest first: a mean of sizes, or one sample's own."""
        one = len(values) == 1
        means = values[0] if one else np.abs(values).mean(axis=0)
        order = np.argsort(-np.abs(means), kind="stable")[:MOST_BARS]
        names = self.names if len(self.names) == len(means) else ()
        told = [shortened_name(names[k]) if names else f"input {k}" for k in order]
        self.values_ = means[order]
        self.axes_ = panels("SaliencyDisplay", ax, (1, 1), (6.4, 0.24 * len(order) + 1.1))
        (ax,) = self.axes_
        colors = [COLORS[1] if value > 0 else COLORS[0] for value in self.values_]
        ax.barh(range(len(order)), self.values_, color=colors if one else COLORS[0])
        ax.set_yticks(range(len(order)), told, fontsize=8)
        ax.set_ylim(len(order) - 0.4, -0.6)
        tidy(ax, self._of_bars(len(values)), "")
        ax.axvline(0, color="black", linewidth=0.6)
        if len(means) > len(order):
            ax.set_title(f"the {len(order)} largest of {len(means):,}", fontsize=9)

    def _of_bars(self, count: int) -> str:
        """Return what bars for so many samples are."""
        if count == 1:
            return f"{self.words} ({answer_text(*self.attribution.answers[0])})"
        among = self.attribution.among
        some = f" of {among:,}" if count < among else ""
        return f"|{self.words}|, mean of {count:,}{some} samples"


def answer_text(answer: str, share: str, longest: int = LONGEST_NAME) -> str:
    """Return a class and how surely, on one line of so many letters or on two."""
    if not share:
        return shortened_name(answer, longest)
    short = len(answer) + len(share) + 2 <= longest
    return f"{shortened_name(answer, longest)}{', ' if short else chr(10)}{share}"
