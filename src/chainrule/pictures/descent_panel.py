"""One panel of a picture of gradient descent: contours, arrows, and a way."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.pictures.axes import COLORS, tidy
from chainrule.pictures.descent_settings import Limits, contour_levels, title_of
from chainrule.pictures.surfaces import Descent, Surface
from chainrule.types import Array

WAY = {
    "color": COLORS[1],
    "markersize": 4,
    "linewidth": 1.6,
    "markeredgecolor": "white",
    "markeredgewidth": 0.5,
}
"""How the way of an optimizer looks."""

ENDS = {"markeredgecolor": "white", "markeredgewidth": 0.8, "color": COLORS[1]}
"""How its start and its end look."""

ARROWS = 11
"""So many arrows stand in a row."""

SHORTEST = 0.01
"""As a share of the steepest slope; arrows of less would be dots."""


class Landscape:
    """A surface within limits, computed once for all panels.

    Parameters
    ----------
    surface : Surface
        The heights.
    limits : two pairs of float
        From where to where.
    points : int
        In how many places along each side heights are computed.
    """

    def __init__(self, surface: Surface, limits: Limits, points: int) -> None:
        self.surface, self.limits = surface, limits
        self.first, self.second = (np.linspace(*ends, points) for ends in limits)
        self.heights = surface.grid(self.first, self.second)
        self.levels = contour_levels(self.heights)
        self.arrows = self._arrows()

    def draw(self, ax: Any) -> Any:
        """Draw contours and arrows; return the contours."""
        grid = self.first, self.second, self.heights
        shown = ax.contourf(*grid, levels=self.levels, cmap="Blues", extend="max")
        ax.contour(*grid, levels=self.levels, colors="white", linewidths=0.5)
        ax.quiver(*self.arrows, angles="xy", scale=1.25 * ARROWS, width=0.005, color="#444444")
        tidy(ax, *self.surface.names)
        ax.grid(visible=False)
        ax.set_xlim(*self.limits[0])
        ax.set_ylim(*self.limits[1])
        return shown

    def draw_way(self, ax: Any, descent: Descent) -> list[Any]:
        """Draw the way of an optimizer, its start and its end; return its line."""
        x, y = descent.points.T
        ax.plot(x, y, color="white", linewidth=3.4)  # so that it shows on every gray
        lines: list[Any] = ax.plot(x, y, "o-", **WAY)
        ax.plot(x[:1], y[:1], "s", markersize=8, **ENDS)
        ax.plot(x[-1:], y[-1:], "*", markersize=13, **ENDS)
        ax.set_title(title_of(descent, self.surface.label), fontsize=9)
        return lines

    def _arrows(self) -> tuple[Array, ...]:
        """Return places of arrows, and the directions in which the surface falls, the longest 1."""
        first, second = (
            np.linspace(0.95 * low + 0.05 * high, 0.05 * low + 0.95 * high, ARROWS)
            for low, high in self.limits
        )
        places = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
        slopes = np.zeros(places.shape)
        for k, place in enumerate(places):
            try:
                slopes[k] = -self.surface.gradient(place)
            except ValueError:  # a loss refuses the outputs there
                continue
        slopes = np.where(np.isfinite(slopes), slopes, 0)
        lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            slopes = slopes / lengths * np.sqrt(lengths / lengths.max())
        seen = lengths[:, 0] > SHORTEST * lengths.max()
        return places[seen, 0], places[seen, 1], slopes[seen, 0], slopes[seen, 1]
