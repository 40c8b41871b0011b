"""Curves with their derivatives as small multiples, kinks marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from chainrule.pictures.axes import COLORS, fills_figure, panels, tidy
from chainrule.pictures.curves import Curve

MOST_COLUMNS = 4
PANEL = (2.6, 2.3)
"""Inches."""


class CurvesDisplay:
    """Functions of one number, each with its derivative: a panel for each.

    Parameters
    ----------
    curves : sequence of Curve
        What is drawn.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        All of them, row by row.
    ax_ : matplotlib Axes
        The first.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        The function and its derivative, panel by panel.
    """

    labels: ClassVar[tuple[str, str]] = ("y", "dy/dx")
    """What the two lines are called."""

    def __init__(self, curves: Sequence[Curve]) -> None:
        self.curves = tuple(curves)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(curve.title for curve in self.curves)})"

    def plot(self, ax: Any = None) -> CurvesDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, default=None
            Where one curve is drawn; several take its place, each with its own. By default those of
            a new figure.

        Returns
        -------
        self : CurvesDisplay
            The display itself.
        """
        count = len(self.curves)
        rows = -(-count // MOST_COLUMNS)
        columns = -(-count // rows)
        size = max(PANEL[0] * columns, 4.0), PANEL[1] * rows + 0.4
        self.axes_ = panels(type(self).__name__, ax, (rows, columns), size, gaps=(0.75, 0.35))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.lines_: list[Any] = []
        for each, curve in zip(self.axes_, self.curves, strict=False):
            self._draw(each, curve)
        for each in self.axes_[count:]:
            each.set_axis_off()
        if fills_figure(ax):
            self.figure_.legend(
                handles=self.lines_[:2], loc="outside lower center", ncols=2, frameon=False
            )
        else:
            self.ax_.legend(handles=self.lines_[:2], frameon=False, fontsize="small")
        return self

    def _draw(self, ax: Any, curve: Curve) -> None:
        y, slope = self.labels
        tidy(ax, curve.variable, "")
        ax.set_title(curve.title, fontsize="medium")
        ax.set_ylim(*curve.limits())
        ax.axhline(0, color="black", linewidth=0.6)
        self.lines_ += ax.plot(*curve.y_line, color=COLORS[0], label=y, linewidth=1.8)
        self.lines_ += ax.plot(
            *curve.slope_line, color=COLORS[1], label=slope, linewidth=1.8, linestyle=(0, (4, 1.5))
        )
        for jumps, color in ((curve.jumps, COLORS[0]), (curve.kinks, COLORS[1])):
            for jump in jumps:
                limits = [y for y in (jump.before, jump.after) if y != jump.value]
                ax.plot(
                    [jump.x] * len(limits), limits, "o", color=color, markerfacecolor="white",
                    markersize=5,
                )  # fmt: skip
                ax.plot([jump.x], [jump.value], "o", color=color, markersize=5)
        for kink in curve.kinks:
            ax.axvline(kink.x, color=COLORS[-1], linewidth=0.8, linestyle=":")
