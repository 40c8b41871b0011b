"""Several models side by side: a table and sentences for people, and JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from chainrule.cli.comparing import Comparison
from chainrule.cli.contestants import EPOCHS, MLP, OURS, SECONDS, THEIR_MLP
from chainrule.cli.evaluation import FIRST
from chainrule.cli.output import is_far, score_title
from chainrule.cli.text_contestants import VECTORS

__all__ = [
    "Verdict",
    "comparison_json",
    "comparison_table",
    "settings_sentence",
    "speed_sentence",
    "verdict",
]

DECISIVE = {"regression": ("root mean squared error", -1), "multilabel": (FIRST, 1)}
ACCURACY = ("accuracy", 1)
"""The score that decides who won, and whether more of it is better."""


@dataclass(frozen=True)
class Verdict:
    """Who won by a score, None where differences are within their spread, and that in words."""

    score: str
    winner: str | None
    sentence: str


def verdict(comparison: Comparison) -> Verdict | None:
    """Return who won over the whole folds, None if there are none.

    The best beats the second if the mean of their differences is larger than its deviation over
    the folds.
    """
    name, sign = DECISIVE.get(comparison.task, ACCURACY)
    scores = {model: comparison.values(model, name) for model in comparison.models}
    folds = len(comparison.whole_folds)
    if not folds or any(len(values) != folds for values in scores.values()):
        return None
    best, second, *_ = sorted(scores, key=lambda model: -sign * float(scores[model].mean()))
    apart = sign * (scores[best] - scores[second])
    difference, spread = float(apart.mean()), _deviation(apart)
    first, other = (_number(float(scores[model].mean())) for model in (best, second))
    better = "higher" if sign > 0 else "lower"
    told = f"{first} to {second}'s {other}"
    if folds > 1 and difference > spread:
        sentence = (
            f"{best} won: its {name} is {better}, {told}; the difference, {_number(difference)}, "
            f"is larger than its deviation over {folds} folds, {_number(spread)}"
        )
        return Verdict(name, best, sentence)
    reason = (
        f"the difference, {_number(difference)}, is within its deviation over {folds} folds, "
        f"{_number(spread)}"
        if folds > 1
        else "one fold says nothing of how it varies"
    )
    equal = difference == 0
    ahead = f"{best} and {second} have the same {name}, {first}" if equal else (
        f"{best}'s {name} is {better}, {told}, but {reason}"
    )
    return Verdict(name, None, f"no clear winner: {ahead}")


def comparison_table(comparison: Comparison) -> Table:
    """Return the mean and the deviation over the folds of each figure of each model."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"mean ± deviation of {_folds(len(comparison.whole_folds))}")
    names = comparison.names
    for name in names:
        table.add_column(Text(score_title(name, comparison.positive)), justify="right")
    for model in comparison.models:
        cells = [_spread(comparison.values(model, name), name) for name in names]
        table.add_row(Text(model), *cells)
    return table


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return every fit, the means and deviations over the folds that all have fitted, who won."""
    summary: dict[str, Any] = {}
    for name in comparison.names:
        found = {model: comparison.values(model, name) for model in comparison.models}
        known = {model: _moments(values) for model, values in found.items() if len(values)}
        if known:
            summary[name] = known
    won = verdict(comparison)
    return {
        "target": comparison.target,
        "task": comparison.task,
        "models": comparison.models,
        "versions": comparison.versions,
        "parameters": {
            name: None if value == np.inf else value
            for name, value in comparison.parameters.items()
        },
        **({} if comparison.positive is None else {"positive": comparison.positive}),
        "folds": comparison.folds,
        "interrupted": comparison.interrupted,
        "notes": comparison.notes,
        "fits": [asdict(fit) for fit in comparison.fits],
        "summary": summary,
        "verdict": won and asdict(won),
    }


def settings_sentence(parameters: Mapping[str, Any]) -> str:
    """Return the parameters of both MLPs, or of each estimator, in a line as Python has them."""
    if all(isinstance(own, dict) for own in parameters.values()):
        told = (f"{whose} has {_named(own) or 'its defaults'}" for whose, own in parameters.items())
        return "; ".join(told)
    return f"both MLPs have {_named(parameters)}"


def speed_sentence(comparison: Comparison) -> str:
    """Return in words how the times of both MLPs, or on texts of both sides, compare."""
    own, other = (MLP, THEIR_MLP) if MLP in comparison.models else (OURS, VECTORS)
    ours, theirs = (comparison.values(model, SECONDS) for model in (own, other))
    ratio = theirs.mean() / max(ours.mean(), 1e-9)
    faster, factor = ("faster", ratio) if ratio >= 1 else ("slower", 1 / ratio)
    return f"{own} trains {factor:.1f} times {faster} than {other}"


def _named(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items())


def _folds(count: int) -> str:
    return f"{count} fold{'s' if count != 1 else ''}"


def _moments(values: NDArray[Any]) -> dict[str, float]:
    return {"mean": float(values.mean()), "deviation": _deviation(values)}


def _deviation(values: NDArray[Any]) -> float:
    if len(values) < 2:
        return 0.0
    power = int(np.frexp(np.abs(values).max())[1]) - 1  # so that no square overflows
    return float(np.ldexp(np.ldexp(values, -power).std(ddof=1), power))


def _spread(values: NDArray[Any], name: str) -> str:
    """Return the mean of a figure and its deviation; nothing where there is none."""
    if not len(values):
        return ""
    digits = {EPOCHS: 0, SECONDS: 3}.get(name, 4)
    mean = float(values.mean())
    if is_far(mean) and name not in (EPOCHS, SECONDS):
        return f"{mean:.4g} ± {_deviation(values):.2g}"
    if abs(mean) >= 1000:
        digits = min(digits, 1)
    return f"{mean:,.{digits}f} ± {_deviation(values):,.{digits}f}"


def _number(value: float) -> str:
    """Return a score as the table has it."""
    return f"{value:.4g}" if is_far(value) else f"{value:,.{1 if abs(value) >= 1000 else 4}f}"
