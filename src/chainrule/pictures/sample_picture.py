"""Pictures of what a trained network makes of samples, as files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.pictures.confusion import ConfusionDisplay
from chainrule.pictures.descent import DescentDisplay
from chainrule.pictures.figures import new_figure, save_figure
from chainrule.pictures.mistakes import MistakesDisplay
from chainrule.pictures.saliency import SaliencyDisplay

SAMPLE_PARTS: dict[str, Any] = {
    "confusion": ConfusionDisplay,
    "mistakes": MistakesDisplay,
    "saliency": SaliencyDisplay,
    "descent": DescentDisplay,
}
"""What is drawn of a network and samples."""


def draw_samples(
    estimator: Any,
    part: str,
    X: Any,
    y: Any,
    kind: str,
    options: Mapping[str, Any] | None = None,
) -> bytes:
    """Return a picture of what a fitted estimator makes of samples, as the content of a file.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    part : str
        One of SAMPLE_PARTS.
    X, y : array-like or what else the estimator takes
        The samples, and their answers; saliency takes none.
    kind : str
        "png", "svg" or "pdf".
    options : mapping, default=None
        What else the display takes.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        The network, or the samples, have nothing of what is asked for.
    """
    figure = new_figure(1, 1)  # which takes the size that it needs
    given = (X,) if part == "saliency" else (X, y)
    SAMPLE_PARTS[part].from_estimator(estimator, *given, ax=figure, **(options or {}))
    return save_figure(figure, kind)
