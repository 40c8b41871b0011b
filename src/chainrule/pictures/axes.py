"""What all pictures share: matplotlib where it is needed first, and axes that are easy to read."""

from __future__ import annotations

from typing import Any

import numpy as np

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#444444")
"""Colors that people who see few colors can tell apart (Okabe & Ito, 2008)."""

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
    ax.xaxis.get_major_locator().set_params(integer=True)


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
