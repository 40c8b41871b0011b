"""How long the gradient of each layer is, epoch by epoch: whether all of them learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.pictures.axes import check_fitted, in_epochs, legend_apart, pyplot, scale, tidy
from chainrule.pictures.tables import shortened_name


class GradientNormsDisplay:
    """The lengths of gradients by each layer's weights, on the same samples after each epoch.

    Lines far apart, or falling together to nothing, are the picture of gradients that vanish on
    their way back through the layers.

    Parameters
    ----------
    norms : mapping from str to sequence of float
        For each parameter the length of the gradient by it after each epoch.
    labels : mapping from str to str, default=None
        What parameters are called in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        A line for each parameter, from the first layer, dark, to the last, light.
    """

    def __init__(
        self, norms: Mapping[str, Sequence[float]], *, labels: Mapping[str, str] | None = None
    ) -> None:
        self.norms, self.labels = norms, labels

    def __repr__(self) -> str:
        return f"GradientNormsDisplay({', '.join(self.norms)})"

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, biases: bool = False, ax: Any = None, log: bool | None = True
    ) -> GradientNormsDisplay:
        """Draw the lengths that a fitted estimator has recorded.

        Parameters
        ----------
        estimator : estimator
            Fitted with ``gradient_samples``, the number of samples to record lengths on.
        biases : bool, default=False
            Whether to draw biases, too. What training does not move, such as the statistics of a
            BatchNorm, is left out.
        ax, log
            See :meth:`plot`.

        Returns
        -------
        display : GradientNormsDisplay
            The display, drawn.
        """
        advice = "set gradient_samples, such as to 200, before fit"
        norms = check_fitted(cls.__name__, estimator, "gradient_norms_", advice)
        moved = estimator.chain_.learning_rate_factors
        labels = {
            name: f"{name} of {layer.function}"
            for place in estimator.chain_.layers
            for layer in place.walk()
            for own, name in layer.names.items()
            if (biases or own != "b") and moved.get(name, 1)
        }
        return cls({name: norms[name] for name in labels}, labels=labels).plot(ax=ax, log=log)

    def plot(self, ax: Any = None, *, log: bool | None = True) -> GradientNormsDisplay:
        """Draw the lengths.

        Parameters
        ----------
        ax : Axes, default=None
            By default that of a new figure.
        log : bool, default=True
            Whether the axis is logarithmic; None makes it so if the range is wide.

        Returns
        -------
        self : GradientNormsDisplay
            The display itself.
        """
        matplotlib = pyplot("GradientNormsDisplay")
        own = ax is None
        if own:
            _, ax = matplotlib.subplots(layout="constrained", figsize=(7.2, 3.6))
        self.ax_, self.figure_ = ax, ax.figure
        colors = matplotlib.get_cmap("viridis")(np.linspace(0, 0.88, len(self.norms)))
        self.lines_: list[Any] = []
        for color, (name, lengths) in zip(colors, self.norms.items(), strict=True):
            epochs = range(1, len(lengths) + 1)
            label = shortened_name((self.labels or {}).get(name, name))
            marker = "o" if len(lengths) == 1 else None
            self.lines_ += ax.plot(epochs, lengths, label=label, color=color, marker=marker)
        tidy(ax, "epoch", "length of the gradient")
        scale(ax, list(self.norms.values()), log)
        in_epochs(ax)
        legend_apart(ax, own=own)
        return self
