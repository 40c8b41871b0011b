"""Gradient descent on the surface of a loss by two parameters, in contours or in the round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.losses.base import expect_loss
from chainrule.pictures.axes import check_count, panels
from chainrule.pictures.descent_panel import Landscape
from chainrule.pictures.descent_relief import Relief
from chainrule.pictures.descent_settings import (
    Limits,
    as_kind,
    as_limits,
    as_optimizers,
    as_pair,
    limits_of,
)
from chainrule.pictures.loss_surface import LossSurface
from chainrule.pictures.surfaces import Descent, FunctionSurface, Surface
from chainrule.training import SGD, Optimizer
from chainrule.types import Array

PANEL = 3.2
"""Inches."""


class DescentDisplay:
    """The loss by two parameters, as contours or as a surface, and the ways of optimizers on it.

    Arrows point against the gradient, in which gradient descent moves; long ones are steeper. A
    square is the start, a star the end, a dot each step; a way that leaves the picture is cut off,
    and its last loss is in the title. A surface has its contours on the floor, where the way has a
    shadow; ``ax_.view_init(elev, azim)`` turns it.

    Parameters
    ----------
    surface : Surface
        The loss, or another function of two numbers.
    descents : sequence of Descent
        A way for each panel.
    limits : two pairs of float, default=None
        From where to where both parameters are drawn; by default what shows all of the ways that
        lead down.
    points : int, default=41
        In how many places along each side it is computed.
    kind : {"contours", "surface"}, default="contours"
        A map from above, with arrows, or a surface in three dimensions.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        A panel for each optimizer.
    ax_ : matplotlib Axes
        The first.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        The ways.
    heights_ : ndarray of shape (points, points)
        The losses on the grid, or what else the surface is of.
    """

    def __init__(
        self,
        surface: Surface,
        descents: Sequence[Descent],
        *,
        limits: Limits | None = None,
        points: int = 41,
        kind: str = "contours",
    ) -> None:
        self.surface, self.descents = surface, tuple(descents)
        self.limits = limits_of(self.descents) if limits is None else limits
        self.points, self.kind = points, as_kind(kind)

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
        kind: str = "contours",
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
        limits, points, kind
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
        surface = LossSurface(chain, loss, X, t, parameters)
        begin = surface.present.copy() if start is None else start
        return cls._descended(surface, begin, optimizers, steps, limits, points, kind).plot(ax)

    @classmethod
    def from_function(
        cls,
        function: Callable[[Array], Any],
        start: Sequence[float],
        *,
        gradient: Callable[[Array], Any] | None = None,
        optimizers: Optimizer | Sequence[Optimizer] | None = None,
        steps: int = 20,
        limits: Limits | None = None,
        points: int = 41,
        kind: str = "contours",
        ax: Any = None,
    ) -> DescentDisplay:
        """Draw any function of two numbers, and the ways of optimizers down on it.

        Parameters
        ----------
        function : callable
            From an array x (2,) to a number, as ``descend`` takes it.
        start : two of float
            Where they begin.
        gradient : callable, default=None
            From x to the gradient; by finite differences unless it is given.
        optimizers, steps, limits, points, kind, ax
            See :meth:`from_chain`.

        Returns
        -------
        display : DescentDisplay
            The display, drawn.
        """
        surface = FunctionSurface(function, gradient)
        return cls._descended(surface, start, optimizers, steps, limits, points, kind).plot(ax)

    @classmethod
    def _descended(
        cls,
        surface: Surface,
        start: Any,
        optimizers: Any,
        steps: int,
        limits: Any,
        points: int,
        kind: str,
    ) -> DescentDisplay:
        """Return the display of a surface with ways, not drawn."""
        chosen = as_optimizers(SGD(0.1) if optimizers is None else optimizers)
        check_count(cls.__name__, "steps", steps)
        check_count(cls.__name__, "points", points, 2)
        as_kind(kind)
        begin = as_pair("start", start)
        if limits is not None:
            limits = as_limits(limits)
        ways = [surface.descend(each, begin, steps) for each in chosen]
        return cls(surface, ways, limits=limits, points=points, kind=kind)

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
        kind: str = "contours",
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
        parameters, optimizers, steps, start, limits, points, kind, ax
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
            data.X,
            data.t,
            parameters=parameters,
            optimizers=optimizers,
            steps=steps,
            start=start,
            limits=limits,
            points=points,
            kind=kind,
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
        round_ = self.kind == "surface"
        made = panels(
            "DescentDisplay",
            ax,
            (rows, columns),
            size,
            gaps=(0.5, 0.25),
            projection="3d" if round_ else None,
        )
        self.axes_, self.ax_, self.figure_ = made, made[0], made[0].figure
        kind = Relief if round_ else Landscape
        landscape = kind(self.surface, self.limits, self.points)
        self.heights_ = landscape.heights
        self.lines_: list[Any] = []
        for each, descent in zip(made, self.descents, strict=False):
            shown = landscape.draw(each)
            self.lines_ += landscape.draw_way(each, descent)
        for each in made[count:]:
            each.set_axis_off()
        apart = {"pad": 0.05 if round_ else 0.02, "shrink": 0.7 if round_ else 1.0}
        label = self.surface.label
        bar = self.figure_.colorbar(shown, ax=list(made), aspect=30, label=label, **apart)
        bar.ax.set_ylim(landscape.levels[0], landscape.levels[-1])
        bar.ax.ticklabel_format(useOffset=False)  # as many digits as tell ticks apart
        return self
