"""A surface in three dimensions, its contours on the floor, and the way of an optimizer on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.pictures.axes import COLORS
from chainrule.pictures.descent_panel import ENDS, WAY
from chainrule.pictures.descent_settings import Limits, contour_levels, title_of
from chainrule.pictures.surfaces import Descent, Surface
from chainrule.types import Array

FLOOR = 0.35
"""How far below the surface its contours lie, as a share of its height."""

VIEW = {"elev": 32, "azim": -60}
"""From where it is seen, in degrees."""


class Relief:
    """A surface within limits, computed once for all panels.

    Parameters
    ----------
    surface : Surface
        The heights; where these are higher than nearly all of them, the surface is cut off.
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
        self.low, self.top = float(self.levels[0]), float(self.levels[-1])
        self.floor = self.low - FLOOR * (self.top - self.low)

    def draw(self, ax: Any) -> Any:
        """Draw the surface and its contours; return the surface."""
        from matplotlib.ticker import MaxNLocator

        ax.computed_zorder = False  # the way lies on the surface, and is not hidden by it
        first, second = np.meshgrid(self.first, self.second)
        heights = np.minimum(self.heights, self.top)
        ax.contour(
            first, second, heights, levels=self.levels, cmap="Blues", offset=self.floor,
            linewidths=0.8, zorder=0,
        )  # fmt: skip
        shown = ax.plot_surface(
            first, second, heights, cmap="Blues", vmin=self.floor, vmax=self.top,
            rcount=len(self.second), ccount=len(self.first), edgecolor="#444444", linewidth=0.15,
            alpha=0.85, zorder=1,
        )  # fmt: skip
        ax.set_xlim(*self.limits[0])
        ax.set_ylim(*self.limits[1])
        ax.set_zlim(self.floor, self.top)
        lowest = self.low - 0.05 * (self.top - self.low)
        ax.set_zticks([tick for tick in ax.get_zticks() if lowest <= tick <= self.top])
        ax.ticklabel_format(axis="z", useOffset=False)
        ax.set_box_aspect(None, zoom=0.92)  # so that names of axes have room
        ax.set_xlabel(self.surface.names[0], fontsize=9)
        ax.set_ylabel(self.surface.names[1], fontsize=9)
        ax.tick_params(labelsize=7, pad=0)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(5))
        ax.view_init(**VIEW)
        return shown

    def draw_way(self, ax: Any, descent: Descent) -> list[Any]:
        """Draw the way on the surface, its shadow, its start and its end; return its line."""
        x, y, z = self._within(descent)
        ax.plot(x, y, np.full(len(x), self.floor), color=COLORS[6], linewidth=1, zorder=0.5)
        lines: list[Any] = ax.plot(x, y, z, "o-", **WAY, zorder=2)
        ax.plot(x[:1], y[:1], z[:1], "s", markersize=8, **ENDS, zorder=3)
        ax.plot(x[-1:], y[-1:], z[-1:], "*", markersize=13, **ENDS, zorder=3)
        ax.set_title(title_of(descent, self.surface.label), fontsize=9, y=0.96)
        return lines

    def _within(self, descent: Descent) -> tuple[Array, Array, Array]:
        """Return the points of a way and their heights, NaN outside of what is drawn."""
        points = descent.points.copy()
        inside = [
            (low <= numbers) & (numbers <= high)
            for numbers, (low, high) in zip(points.T, self.limits, strict=True)
        ]
        seen = inside[0] & inside[1] & (descent.heights <= self.top * (1 + 1e-12))
        points[~seen] = np.nan
        return points[:, 0], points[:, 1], np.where(seen, descent.heights, np.nan)
