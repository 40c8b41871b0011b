"""Two libraries side by side: a table for people, and JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from chainrule.cli.comparing import OURS, THEIRS, Comparison
from chainrule.cli.output import score_title

FIGURES = ("fit, seconds", "epochs")
"""What a fit has besides scores."""


def _names(comparison: Comparison) -> list[str]:
    scores = [name for fit in comparison.fits for name in fit.scores]
    return [*dict.fromkeys(scores), *FIGURES]


def comparison_table(comparison: Comparison) -> Table:
    """Return the mean and the deviation over the folds of each score, and what sets them apart."""
    versions = comparison.versions
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"mean ± deviation of {_folds(len(comparison.whole_folds))}")
    for library in (OURS, THEIRS):
        table.add_column(f"{library} {versions[library]}", justify="right")
    table.add_column("chainrule is", justify="right")
    for name in _names(comparison):
        ours, theirs = (comparison.values(library, name) for library in (OURS, THEIRS))
        if len(ours) and len(ours) == len(theirs):
            digits = 0 if name == "epochs" else 4 if name != "fit, seconds" else 3
            cells = [_spread(values, digits) for values in (ours, theirs)]
            title = Text(score_title(name, comparison.positive))
            table.add_row(title, *cells, _apart(name, ours, theirs))
    return table


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return every fit, and the means and deviations over the folds that both have fitted."""
    summary: dict[str, Any] = {}
    for name in _names(comparison):
        ours, theirs = (comparison.values(library, name) for library in (OURS, THEIRS))
        if len(ours) and len(ours) == len(theirs):
            summary[name] = {OURS: _moments(ours), THEIRS: _moments(theirs)}
            if theirs.mean() and ours.mean():
                summary[name]["ratio"] = theirs.mean() / ours.mean()
    return {
        "target": comparison.target,
        "task": comparison.task,
        "versions": comparison.versions,
        "parameters": {
            name: None if value == np.inf else value
            for name, value in comparison.parameters.items()
        },
        **({} if comparison.positive is None else {"positive": comparison.positive}),
        "folds": comparison.folds,
        "interrupted": comparison.interrupted,
        "fits": [vars(fit) for fit in comparison.fits],
        "summary": summary,
    }


def settings_sentence(parameters: Mapping[str, Any]) -> str:
    """Return the estimators' parameters in a line, as Python would have them."""
    named = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    return f"both have {named}"


def _folds(count: int) -> str:
    return f"{count} fold{'s' if count != 1 else ''}"


def _moments(values: NDArray[Any]) -> dict[str, float]:
    return {"mean": float(values.mean()), "deviation": _deviation(values)}


def _deviation(values: NDArray[Any]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _spread(values: NDArray[Any], digits: int) -> str:
    mean = float(values.mean())
    if abs(mean) >= 1000:
        digits = min(digits, 1)
    return f"{mean:,.{digits}f} ± {_deviation(values):,.{digits}f}"


def _apart(name: str, ours: NDArray[Any], theirs: NDArray[Any]) -> str:
    """Return what sets our figures apart: a factor of times, a difference of scores."""
    if name == "fit, seconds":
        ratio = theirs.mean() / max(ours.mean(), 1e-9)
        return f"{ratio:.1f} times faster" if ratio >= 1 else f"{1 / ratio:.1f} times slower"
    if name == "epochs":
        return ""
    difference = ours - theirs
    mean = float(difference.mean())
    digits = 1 if abs(theirs.mean()) >= 1000 else 4
    return f"{mean:+,.{digits}f} ± {_deviation(difference):,.{digits}f}"
