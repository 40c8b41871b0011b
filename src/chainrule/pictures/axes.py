"""What all pictures share: matplotlib where it is needed first, and axes that are easy to read."""

from __future__ import annotations

from typing import Any

import numpy as np

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#444444")
"""Colors that people who see few colors can tell apart (Okabe & Ito, 2008)."""

MOST_LABELS = 16
"""A legend of more has several columns."""

SMALL_LETTER = 0.065
"""The width of a letter of 8 points, in inches."""

WIDE_RANGE = 20
"""Largest over smallest number from which on an axis is logarithmic."""


def pyplot(caller: str) -> Any:
    """Return matplotlib.pyplot, or raise ImportError with the way to install it."""
    try:
        from matplotlib import pyplot as found
    except ImportError:
        raise ImportError(
            f"{caller} needs matplotlib: pip install 'chainrule[plots]', or pip install matplotlib"
        ) from None
    return found


def panels(
    caller: str,
    ax: Any,
    grid: tuple[int, int],
    size: tuple[float, float],
    *,
    gaps: tuple[float, float] = (0.08, 0.08),
    projection: str | None = None,
) -> Any:
    """Return the axes of small multiples, row by row; ValueError if what is given has no room.

    Parameters
    ----------
    caller : str
        Whom an error names.
    ax : Axes, Figure or None
        What they take the place of, or what the only one is; a figure is filled, and gets the size;
        None makes a new figure.
    grid : tuple of int
        How many rows and columns there are.
    size : tuple of float
        Width and height of the figure in inches.
    gaps : tuple of float
        The room between rows and columns in the place of an Axes, as shares of one's size.
    projection : str or None, default=None
        That of the axes, such as "3d"; one that has another gives its place.
    """
    if fills_figure(ax):
        figure = pyplot(caller).figure(layout="constrained") if ax is None else ax
        if hasattr(figure, "set_size_inches"):  # as a part of a figure has not
            figure.set_size_inches(size)
        cells = figure.add_gridspec(*grid)
    elif grid == (1, 1) and projection in (None, ax.name):
        return np.array([ax])
    else:
        place = getattr(ax, "get_subplotspec", lambda: None)()
        if place is None:
            raise ValueError(f"{caller}: expected ax from a figure's subplots, got {ax!r}")
        figure, cells = ax.figure, place.subgridspec(*grid, hspace=gaps[0], wspace=gaps[1])
        ax.remove()
    return np.array([figure.add_subplot(cell, projection=projection) for cell in cells])


def fills_figure(ax: Any) -> bool:
    """Return whether a picture has a whole figure: a new one, or that which is given."""
    return ax is None or hasattr(ax, "add_gridspec")


def letters_across(ax: Any) -> int:
    """Return how many small letters have room above an Axes."""
    inches = float(ax.get_window_extent().width) / float(ax.figure.dpi)
    return max(6, int(inches / SMALL_LETTER))


def bare(ax: Any) -> None:
    """Leave out the ticks of an image."""
    ax.set_xticks([])
    ax.set_yticks([])


def tidy(ax: Any, x: str, y: str) -> None:
    """Name the axes, and leave out what is not read."""
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.8)
    ax.set_axisbelow(True)


def in_epochs(ax: Any) -> None:
    """Let the horizontal axis have whole numbers alone."""
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def legend_apart(ax: Any, *, own: bool) -> None:
    """Add a legend that lies on no line.

    Parameters
    ----------
    ax : Axes
        Where the lines are, its limits set.
    own : bool
        Whether the figure has been made for them: there the legend stands at the right. Others'
        figures may have no room beside the axes; there it stands within, above the lines.
    """
    if own:
        columns = -(-len(ax.lines) // MOST_LABELS)
        ax.legend(
            frameon=False, fontsize="small", ncols=columns, borderaxespad=0,
            loc="upper left", bbox_to_anchor=(1.02, 1),
        )  # fmt: skip
        return
    room = ax.get_window_extent()
    for columns in (2, 1):
        legend = ax.legend(frameon=False, fontsize="x-small", ncols=columns, loc="upper center")
        if legend.get_window_extent().width < room.width:
            break
    share = min(legend.get_window_extent().height / room.height + 0.04, 0.7)
    transform = ax.yaxis.get_transform()
    low, high = transform.transform(ax.get_ylim())
    ax.set_ylim(top=transform.inverted().transform(high + (high - low) * share / (1 - share)))


def scale(ax: Any, curves: list[Any], log: bool | None) -> None:
    """Make the vertical axis logarithmic, if so, or where the numbers' range asks for it."""
    numbers = np.concatenate([np.asarray(curve, dtype=float) for curve in curves])
    numbers = numbers[np.isfinite(numbers)]
    if log is None:
        log = bool(numbers.size and numbers.min() > 0)
        log = log and numbers.max() > WIDE_RANGE * numbers.min()
    if log:
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())


def signed(numbers: Any) -> dict[str, Any]:
    """Return how imshow shows numbers about 0: blue is negative, white 0, red positive."""
    limit = float(np.abs(numbers).max()) or 1.0
    return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}


def check_fitted(display: str, estimator: Any, attribute: str, advice: str) -> Any:
    """Return an attribute of a fitted estimator, or raise the error that says how to get it."""
    if not hasattr(estimator, attribute):
        kind = type(estimator).__name__
        raise ValueError(f"{display}: expected a {kind} with {attribute}; {advice}")
    return getattr(estimator, attribute)


def check_count(display: str, name: str, number: Any, low: int = 1) -> None:
    """Raise ValueError unless a parameter is a whole number, at least low."""
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not whole or number < low:
        raise ValueError(
            f"{display}: expected {name} to be a whole number >= {low}, got {number!r}"
        )
