"""The weights of a layer as images or as a table: what each output looks for in its input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.pictures.axes import bare, check_fitted, panels, pyplot, signed
from chainrule.pictures.layer_weights import LayerWeights, layer_weights
from chainrule.pictures.tables import weight_table
from chainrule.types import Array

MOST_COLUMNS = 12
MOST_OUTPUTS, MOST_IMAGES = 60, 120
"""What is drawn of an estimator's layer, unless another number of outputs is asked for."""


class WeightsDisplay:
    """Weights as images, or as a table: blue is negative, white 0, red positive.

    Weights for three channels are shown in color, gray being 0; for other numbers of channels each
    row of images is an output, with an image for each channel. Weights of features that are no
    pixels are a table, with a row for each feature and a column for each output.

    Parameters
    ----------
    weights : array of shape (outputs, channels, height, width) or (features, outputs)
        What is shown.
    titles : sequence of str, default=None
        A title for each image, where there is one for each output.
    columns : int, default=None
        Images in a row, where there is one for each output; by default twice as many as rows.
    names : sequence of str, default=None
        The names of a table's features.
    outputs : sequence of int, default=None
        The numbers of a table's outputs; by default the first ones.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        All of them, row by row; those that are left over show nothing.
    ax_ : matplotlib Axes
        The first, or the one that was given.
    figure_ : matplotlib Figure
    """

    def __init__(
        self,
        weights: Array,
        *,
        titles: Sequence[str] | None = None,
        columns: int | None = None,
        names: Sequence[str] | None = None,
        outputs: Sequence[int] | None = None,
    ) -> None:
        self.weights = np.asarray(weights, dtype=float)
        if self.weights.ndim != (4 if names is None else 2):
            raise ValueError(
                "WeightsDisplay: expected weights (outputs, channels, height, width), or "
                f"(features, outputs) with names of the features, got shape {self.weights.shape}"
            )
        self.titles, self.columns, self.names, self.outputs = titles, columns, names, outputs

    def __repr__(self) -> str:
        return f"WeightsDisplay({' × '.join(map(str, self.weights.shape))})"

    @classmethod
    def of_layer(cls, weights: LayerWeights, *, columns: int | None = None) -> WeightsDisplay:
        """Return the display of a layer's weights, not drawn; images stand in columns."""
        if weights.table:
            return cls(weights.numbers, names=weights.names, outputs=weights.outputs)
        return cls(weights.numbers, columns=columns)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        layer: int = 0,
        shape: tuple[int, ...] | None = None,
        count: int | None = None,
        ax: Any = None,
    ) -> WeightsDisplay:
        """Draw the weights of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        layer : int, default=0
            Which of the layers that have weights.
        shape : tuple of int, default=None
            How the features of a Linear layer are an image: (h, w) or (c, h, w). By default what
            a Flatten before the layer was given; columns called pixel_0_0, pixel_0_1, … are an
            image, too, and the weights of other features are a table of the 40 with the longest
            weights.
        count : int, default=None
            The largest number of outputs to show, beginning with the first; by default 60, and
            not more than make 120 images.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : WeightsDisplay
            The display, drawn.
        """
        check_fitted(cls.__name__, estimator, "chain_", "call fit first")
        weights = layer_weights(estimator, layer, shape)
        if weights.table:
            weights = weights.longest_features()
        elif count is None and (channels := weights.numbers.shape[1]) not in (1, 3):
            count = max(1, min(MOST_OUTPUTS, MOST_IMAGES // channels))
        return cls.of_layer(weights.first(count or MOST_OUTPUTS)).plot(ax=ax)

    def plot(self, ax: Any = None) -> WeightsDisplay:
        """Draw the weights.

        Parameters
        ----------
        ax : Axes, default=None
            It takes a table; images take its place, each with its own. By default those of a new
            figure.

        Returns
        -------
        self : WeightsDisplay
            The display itself.
        """
        if self.names is not None:
            return self._table(self.names, ax)
        images, columns = self._images()
        rows = -(-len(images) // columns)
        height, width = images[0].shape[:2]
        size = 8.0 / max(columns, 6)
        inches = size * columns + 0.9, max(size * rows * height / width, 1.6)
        self.axes_ = panels("WeightsDisplay", ax, (rows, columns), inches)
        self.figure_ = self.axes_[0].figure
        self.ax_ = self.axes_[0]
        self._draw(images)
        return self

    def _table(self, names: Sequence[str], ax: Any) -> WeightsDisplay:
        if ax is None:
            size = (8.0, 0.24 * len(names) + 1.2)
            _, ax = pyplot("WeightsDisplay").subplots(layout="constrained", figsize=size)
        self.ax_, self.figure_, self.axes_ = ax, ax.figure, np.array([ax])
        weight_table(ax, self.weights, names, self.outputs)
        return self

    def _images(self) -> tuple[list[Array], int]:
        """Return the images, (h, w) or in color (h, w, 3), and how many stand in a row."""
        outputs, channels = self.weights.shape[:2]
        if channels == 1:
            images = [each[0] for each in self.weights]
        elif channels == 3:
            images = [each.transpose(1, 2, 0) for each in self.weights]
        else:
            return [channel for each in self.weights for channel in each], channels
        fitting = min(MOST_COLUMNS, math.ceil(math.sqrt(2 * outputs)))
        return images, min(self.columns or fitting, outputs)

    def _draw(self, images: list[Array]) -> None:
        how, shown = signed(self.weights), None
        for ax, image in zip(self.axes_, images, strict=False):
            if image.ndim == 3:
                ax.imshow(0.5 + image / (2 * how["vmax"]), interpolation="nearest")
            else:
                shown = ax.imshow(image, **how)
        for ax in self.axes_:
            bare(ax)
        for ax in self.axes_[len(images) :]:
            ax.set_axis_off()
        for ax, title in zip(self.axes_, self.titles or (), strict=False):
            ax.set_title(title, fontsize="small")
        if len(images) > len(self.weights):
            self._number()
        if shown is not None:
            self.figure_.colorbar(shown, ax=list(self.axes_), shrink=0.8, aspect=30, label="weight")

    def _number(self) -> None:
        """Write at the left which output, and above which channel an image belongs to."""
        channels = self.weights.shape[1]
        for channel, ax in enumerate(self.axes_[:channels]):
            ax.set_title(str(channel), fontsize="x-small")
        for output, ax in enumerate(self.axes_[::channels]):
            ax.set_ylabel(str(output), fontsize="x-small", rotation=0, ha="right", va="center")
        self.figure_.supxlabel("channel of the input (columns), output (rows)", fontsize="small")
