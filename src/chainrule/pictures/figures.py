"""Figures, where matplotlib is installed."""

from __future__ import annotations

from io import BytesIO
from typing import Any

__all__ = ["new_figure", "save_figure"]

DOTS_PER_INCH = 150


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of a size in inches; no window is opened for it.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            'pictures need matplotlib, which is not installed: pip install "chainrule[plots]"'
        ) from None
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, kind: str) -> bytes:
    """Return a figure as the content of a file, "png", "svg" or "pdf".

    Equal figures have equal content; letters of an SVG stay text.
    """
    import matplotlib

    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    content = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "none"}):
        figure.savefig(content, format=kind, dpi=DOTS_PER_INCH, metadata=dates.get(kind))
    return content.getvalue()
