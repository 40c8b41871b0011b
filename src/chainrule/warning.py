"""Warnings that point at the user's own line, however deep in the library they come up."""

from __future__ import annotations

import sys
import warnings

LIBRARIES = frozenset({"chainrule", "sklearn", "joblib", "contextlib", "functools"})
"""The packages between a user's line and the place where something is found wrong."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the line that called the library.

    That is the innermost line outside of chainrule, scikit-learn and joblib; where there is none,
    as in a worker process, the outermost line of all.

    Parameters
    ----------
    message : str
        What the user should know.
    category : type of Warning, default=UserWarning
        What filters go by.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in LIBRARIES:
            break
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        category,
        filename=frame.f_code.co_filename,
        lineno=frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )
