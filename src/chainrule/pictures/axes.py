"""What all pictures share: matplotlib where it is needed first, and axes that are easy to read."""

from __future__ import annotations

from typing import Any

import numpy as np

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#444444")
"""Colors that people who see few colors can tell apart (Okabe & Ito, 2008)."""

MOST_LABELS = 16
"""A legend of more has several columns."""

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
