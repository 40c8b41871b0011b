"""Gradient descent on the surface of a loss by two parameters: contours, slopes, and the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.losses.base import expect_loss
from chainrule.pictures.axes import COLORS, check_count, panels, tidy
from chainrule.pictures.descent_settings import (
    Limits,
    as_limits,
    as_optimizers,
    as_pair,
    contour_levels,
    limits_of,
    optimizer_text,
)
from chainrule.pictures.surfaces import Descent, LossSurface
from chainrule.training import SGD, Optimizer
from chainrule.types import Array

ARROWS = 11
"""So many arrows stand in a row."""

PANEL = 3.2
"""Inches."""


class DescentDisplay:
    """The loss by two parameters as contours, and the way that optimizers take on it.

    Arrows point against the gradient, in which gradient descent moves; long ones are steeper. A
    square is the start, a star the end, a dot each step; a way that leaves the picture is cut off,
    and its last loss is in the title.

    Parameters
    ----------
    surface : LossSurface
        The loss.
    descents : sequence of Descent
        A way for each panel.
    limits : two pairs of float, default=None
        From where to where both parameters are drawn; by default what shows all of the ways that
        lead down.
    points : int, default=41
        In how many places along each side the loss is computed.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        A panel for each optimizer.
    ax_ : matplotlib Axes
        The first.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        The ways.
    losses_ : ndarray of shape (points, points)
        The losses on the grid.
    """

    def __init__(
        self,
        surface: LossSurface,
        descents: Sequence[Descent],
        *,
        limits: Limits | None = None,
        points: int = 41,
    ) -> None:
        self.surface, self.descents = surface, tuple(descents)
        self.limits = limits_of(self.descents) if limits is None else limits
        self.points = points

    def __repr__(self) -> str:
        kinds = ", ".join(type(each.optimizer).__name__ for each in self.descents)
        return f"DescentDisplay({' × '.join(self.surface.names)}: {kinds})"

    @classmethod
    def from_chain(
        cls,
        chain: Chain,
        loss: Loss,
        X: Any,
        t: Any,
        *,
        parameters: Sequence[str] | None = None,
        optimizers: Optimizer | Sequence[Optimizer] | None = None,
        steps: int = 20,
        start: Sequence[float] | None = None,
        limits: Limits | None = None,
        points: int = 41,
        ax: Any = None,
    ) -> DescentDisplay:
        """Draw the loss of a chain, and the ways of optimizers whose batch are all samples.

        Parameters
        ----------
        chain : Chain
            Initialized; it stays as it is.
        loss : Loss
            Of its outputs.
        X, t : array
            Samples and targets.
        parameters : two of str, default=None
            Which parameters move, such as ``("W0[0,0]", "b0[0]")``; the others stay as they are. A
            chain of two numbers needs none.
        optimizers : Optimizer, or several, default=SGD(0.1)
            A panel for each: with several learning rates, with momentum, …
        steps : int, default=20
            How many are taken.
        start : two of float, default=None
            Where they begin; by default at the chain's own numbers.
        limits, points
            As :class:`DescentDisplay` takes them.
        ax
            See :meth:`plot`.

        Returns
        -------
        display : DescentDisplay
            The display, drawn.
        """
        if not isinstance(chain, Chain):
            kind = type(chain).__name__
            raise TypeError(f"{cls.__name__}: expected a Chain, or from_estimator, got a {kind}")
        expect_loss(loss)
        chosen = as_optimizers(SGD(0.1) if optimizers is None else optimizers)
        check_count(cls.__name__, "steps", steps)
        check_count(cls.__name__, "points", points, 2)
        surface = LossSurface(chain, loss, X, t, parameters)
        begin = surface.present.copy() if start is None else as_pair("start", start)
        if limits is not None:
            limits = as_limits(limits)
        ways = [surface.descend(each, begin, steps) for each in chosen]
        return cls(surface, ways, limits=limits, points=points).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        parameters: Sequence[str] | None = None,
        optimizers: Optimizer | Sequence[Optimizer] | None = None,
        steps: int = 20,
        start: Sequence[float] | None = None,
        limits: Limits | None = None,
        points: int = 41,
        ax: Any = None,
    ) -> DescentDisplay:
        """Draw the loss of a fitted network about its parameters, without penalty.

        Parameters
        ----------
        estimator : estimator
            Fitted; it stays as it is.
        X : array-like of shape (n_samples, n_features), images, a table, or a file's name
            The samples.
        y : array-like or str, default=None
            Answers, or the column of a table that holds them; None takes the column of training.
        parameters, optimizers, steps, start, limits, points, ax
            See :meth:`from_chain`.

        Returns
        -------
        display : DescentDisplay
            The display, drawn.
        """
        from chainrule.estimators.preparation import dense_labelled  # which loads scikit-learn

        _, data = dense_labelled(estimator, X, y, None)
        return cls.from_chain(
            estimator._network(),
            estimator._objective(estimator.targets_).loss,
            data.X.toarray() if sparse.issparse(data.X) else data.X,
            data.t,
            parameters=parameters,
            optimizers=optimizers,
            steps=steps,
            start=start,
            limits=limits,
            points=points,
            ax=ax,
        )

    def plot(self, ax: Any = None) -> DescentDisplay:
        """Draw the loss and the ways.

        Parameters
        ----------
        ax : Axes, default=None
            Panels take its place. By default those of a new figure.

        Returns
        -------
        self : DescentDisplay
            The display itself.
        """
        count = len(self.descents)
        columns = min(count, 3)
        rows = -(-count // columns)
        size = PANEL * columns + 1.0, PANEL * rows + 0.4
        made = panels("DescentDisplay", ax, (rows, columns), size, gaps=(0.5, 0.25))
        self.axes_, self.ax_, self.figure_ = made, made[0], made[0].figure
        first, second = (np.linspace(*ends, self.points) for ends in self.limits)
        self.losses_ = self.surface.grid(first, second)
        levels = contour_levels(self.losses_)
        self.lines_: list[Any] = []
        slopes = self._slopes()
        for each, descent in zip(made, self.descents, strict=False):
            shown = self._surface(each, (first, second), levels, slopes)
            self._way(each, descent)
        for each in made[count:]:
            each.set_axis_off()
        bar = self.figure_.colorbar(shown, ax=list(made), pad=0.02, aspect=30, label="loss")
        bar.ax.yaxis.set_major_formatter("{x:.2g}")
        return self

    def _surface(
        self, ax: Any, grid: tuple[Array, Array], levels: Array, slopes: tuple[Array, ...]
    ) -> Any:
        shown = ax.contourf(*grid, self.losses_, levels=levels, cmap="Blues", extend="max")
        ax.contour(*grid, self.losses_, levels=levels, colors="white", linewidths=0.5)
        ax.quiver(*slopes, angles="xy", scale=1.25 * ARROWS, width=0.005, color="#444444")
        tidy(ax, *self.surface.names)
        ax.grid(visible=False)
        ax.set_xlim(*self.limits[0])
        ax.set_ylim(*self.limits[1])
        return shown

    def _slopes(self) -> tuple[Array, ...]:
        """Return places of arrows and the directions in which the loss falls, the longest 1."""
        first, second = (
            np.linspace(0.95 * low + 0.05 * high, 0.05 * low + 0.95 * high, ARROWS)
            for low, high in self.limits
        )
        places = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
        slopes = np.zeros(places.shape)
        for k, place in enumerate(places):
            try:
                slopes[k] = -self.surface.gradient(place)
            except ValueError:  # the loss refuses the outputs there
                continue
        slopes = np.where(np.isfinite(slopes), slopes, 0)
        lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            slopes = slopes / lengths * np.sqrt(lengths / lengths.max())
        seen = lengths[:, 0] > 0.01 * lengths.max()  # shorter ones would be dots
        return places[seen, 0], places[seen, 1], slopes[seen, 0], slopes[seen, 1]

    def _way(self, ax: Any, descent: Descent) -> None:
        x, y = descent.points.T
        self.lines_ += ax.plot(
            x, y, "o-", color=COLORS[1], markersize=4, linewidth=1.6, markeredgecolor="white",
            markeredgewidth=0.5,
        )  # fmt: skip
        ends = {"markeredgecolor": "white", "markeredgewidth": 0.8, "color": COLORS[1]}
        ax.plot(x[:1], y[:1], "s", markersize=8, **ends)
        ax.plot(x[-1:], y[-1:], "*", markersize=13, **ends)
        first, last, steps = descent.losses[0], descent.losses[-1], len(x) - 1
        ax.set_title(
            f"{optimizer_text(descent.optimizer)}\nloss {first:.3g} → {last:.3g} in {steps} steps",
            fontsize=9,
        )
