"""The weights of a layer as images: what each output looks for in its input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.display import shape_text
from chainrule.pictures.axes import check_fitted, pyplot, signed
from chainrule.types import Array

MOST_COLUMNS = 12


class WeightsDisplay:
    """Weights as images: blue is negative, white 0, red positive.

    Weights for three channels are shown in color, gray being 0; for other numbers of channels each
    row of images is an output, with an image for each channel.

    Parameters
    ----------
    weights : array of shape (outputs, channels, height, width)
        What is shown.
    titles : sequence of str, default=None
        A title for each image, where there is one for each output.
    columns : int, default=None
        Images in a row, where there is one for each output; by default twice as many as rows.

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
    ) -> None:
        self.weights = np.asarray(weights, dtype=float)
        if self.weights.ndim != 4:
            raise ValueError(
                "WeightsDisplay: expected weights (outputs, channels, height, width), "
                f"got shape {self.weights.shape}"
            )
        self.titles, self.columns = titles, columns

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        layer: int = 0,
        shape: tuple[int, ...] | None = None,
        count: int = 60,
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
            a Flatten before the layer was given.
        count : int, default=60
            The largest number of outputs to show, beginning with the first.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : WeightsDisplay
            The display, drawn.
        """
        chain = check_fitted(cls.__name__, estimator, "chain_", "call fit first")
        return cls(weight_images(chain, layer, shape)[:count]).plot(ax=ax)

    def plot(self, ax: Any = None) -> WeightsDisplay:
        """Draw the weights.

        Parameters
        ----------
        ax : Axes, default=None
            In its place there are as many as are needed. By default a new figure has them.

        Returns
        -------
        self : WeightsDisplay
            The display itself.
        """
        panels, columns = self._panels()
        rows = -(-len(panels) // columns)
        height, width = panels[0].shape[:2]
        if ax is None:
            size = 8.0 / max(columns, 6)
            self.figure_ = pyplot("WeightsDisplay").figure(
                figsize=(size * columns + 0.9, max(size * rows * height / width, 1.6)),
                layout="constrained",
            )
            grid = self.figure_.add_gridspec(rows, columns)
        else:
            self.figure_ = ax.figure
            grid = ax.get_subplotspec().subgridspec(rows, columns, wspace=0.08, hspace=0.08)
            ax.remove()
        self.axes_ = np.array([self.figure_.add_subplot(cell) for cell in grid])
        self.ax_ = self.axes_[0]
        self._draw(panels)
        return self

    def _panels(self) -> tuple[list[Array], int]:
        """Return the images, (h, w) or in color (h, w, 3), and how many stand in a row."""
        outputs, channels = self.weights.shape[:2]
        if channels == 1:
            panels = [each[0] for each in self.weights]
        elif channels == 3:
            panels = [each.transpose(1, 2, 0) for each in self.weights]
        else:
            return [channel for each in self.weights for channel in each], channels
        fitting = min(MOST_COLUMNS, math.ceil(math.sqrt(2 * outputs)))
        return panels, min(self.columns or fitting, outputs)

    def _draw(self, panels: list[Array]) -> None:
        how, shown = signed(self.weights), None
        for ax, panel in zip(self.axes_, panels, strict=False):
            if panel.ndim == 3:
                ax.imshow(0.5 + panel / (2 * how["vmax"]), interpolation="nearest")
            else:
                shown = ax.imshow(panel, **how)
        for ax in self.axes_:
            ax.set_xticks([])
            ax.set_yticks([])
        for ax in self.axes_[len(panels) :]:
            ax.set_axis_off()
        for ax, title in zip(self.axes_, self.titles or (), strict=False):
            ax.set_title(title, fontsize="small")
        if len(panels) > len(self.weights):
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


def weight_images(chain: Chain, layer: int, shape: tuple[int, ...] | None) -> Array:
    """Return the weights of a layer as images (outputs, channels, height, width).

    Raises
    ------
    ValueError
        There is no such layer, or its weights are no images.
    """
    weighted = [each for each in chain.layers if "W" in each.names]
    if not -len(weighted) <= layer < len(weighted):
        raise ValueError(
            f"WeightsDisplay: expected layer to be 0 to {len(weighted) - 1}, got {layer}"
        )
    chosen = weighted[layer]
    W = chain.parameters[chosen.names["W"]]
    if W.ndim == 4:
        return np.asarray(W)
    features = W.shape[0]
    if shape is None:
        shape = _flattened(chain, chain.layers.index(chosen))
    if shape is None or math.prod(shape) != features or len(shape) not in (2, 3):
        received = "none" if shape is None else shape_text(shape)
        raise ValueError(
            f"WeightsDisplay: expected shape=(h, w) or (c, h, w) for the {features} features of "
            f"{chosen.function}, got {received}"
        )
    return np.asarray(W.T.reshape(-1, *((1,) * (3 - len(shape))), *shape))


def _flattened(chain: Chain, place: int) -> tuple[int, ...] | None:
    """Return the shape of the images from which the function before a place makes rows."""
    before = chain.layers[place - 1].input_shape if place else ()
    return before if len(before) == 3 else None
