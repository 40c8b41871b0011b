"""The record of a training as JSON, and back: curves, counts, and what each epoch was like.

JSON has no number that is not finite: "nan", "inf" and "-inf" stand for those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from chainrule import strict_json
from chainrule.training.history import End, Epoch, History

__all__ = [
    "COLUMNS",
    "RECORD",
    "history_from_json",
    "history_to_json",
    "number_from_json",
    "record_from_json",
    "to_plain",
]

CURVES = ("loss_curve_", "validation_scores_", "validation_loss_curve_")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_")
COUNTS = ("n_iter_", "t_", "_no_improvement_count")
ENGINES = ("machine", "reference")
RECORD = (*CURVES, *NUMBERS, *COUNTS, "engine_", "gradient_norms_")
"""The attributes that describe training; an estimator has some of them."""

COLUMNS = ("n_features_in_", "feature_names_in_")
"""Those of all columns of raw samples, which estimators keep whose inputs leave some out."""

MOST = 10**7
"""Epochs that a file may have."""
MOST_REMARKS = 1000
EPOCH = ("number", "loss", "learning_rate", "seconds", "validation_loss", "validation_score")
HISTORY = ("epochs", "end", "kept", "engine", "trouble", "reason", "remarks", "start")
"""The fields of both; one that is new is to be read by `strict_json.record(…, added)`."""


def to_plain(value: Any) -> Any:
    """Return numbers, texts, lists and dicts of them as JSON has them."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | np.ndarray):
        return [to_plain(item) for item in value]
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else str(float(value))


def number_from_json(value: Any, where: str) -> float:
    """Return a number that `to_plain` described; ValueError if it is none."""
    if value == "nan":
        return math.nan  # itself, so that equal histories are equal
    return float(value) if value in ("inf", "-inf") else strict_json.number(value, where)


def record_from_json(data: Any, parameters: Sequence[str]) -> dict[str, Any]:
    """Return the record of a chain that has parameters of these names.

    Raises
    ------
    ValueError
        Something in it is wrong.
    """
    known = (*RECORD, *COLUMNS)
    if type(data) is not dict or not set(data) <= set(known):
        raise ValueError(f"record: expected an object with keys among {', '.join(known)}")
    record: dict[str, Any] = {}
    for name, value in data.items():
        where = f"record.{name}"
        if value is None:
            record[name] = None
        elif name in CURVES:
            record[name] = _read_curve(value, where)
        elif name in NUMBERS:
            record[name] = number_from_json(value, where)
        elif name in COUNTS or name == "n_features_in_":
            record[name] = strict_json.whole(value, where, 0, 2**62)
        elif name == "feature_names_in_":
            names = strict_json.items(value, where, MOST)
            record[name] = np.array([strict_json.text(x, where, least=0) for x in names], object)
        elif name == "engine_":
            record[name] = _one_of(ENGINES, value, where)
        else:
            norms = strict_json.record(value, where, parameters)
            record[name] = {own: _read_curve(norms[own], where) for own in parameters}
    return record


def history_to_json(history: History) -> dict[str, Any]:
    """Return a history as JSON, its epochs column by column."""
    own = {name: to_plain(getattr(history, name)) for name in HISTORY if name != "epochs"}
    epochs = {name: [to_plain(getattr(epoch, name)) for epoch in history.epochs] for name in EPOCH}
    return {**own, "epochs": epochs}


def history_from_json(data: Any, where: str = "history") -> History:
    """Return the history that `history_to_json` described.

    Raises
    ------
    ValueError
        Something in it is wrong.
    """
    own = strict_json.record(data, where, HISTORY)
    columns = strict_json.record(own["epochs"], f"{where}.epochs", EPOCH)
    size = len(strict_json.items(columns["number"], f"{where}.epochs.number", MOST))
    read = [_read_column(name, columns[name], size, f"{where}.epochs") for name in EPOCH]
    remarks = strict_json.items(own["remarks"], f"{where}.remarks", MOST_REMARKS)
    start = own["start"]
    return History(
        epochs=[Epoch(*row) for row in zip(*read, strict=True)],
        end=_one_of(get_args(End), own["end"], f"{where}.end"),
        kept=strict_json.whole(own["kept"], f"{where}.kept", 0, size),
        engine=_one_of(ENGINES, own["engine"], f"{where}.engine"),
        trouble=strict_json.text(own["trouble"], f"{where}.trouble", least=0),
        reason=strict_json.text(own["reason"], f"{where}.reason", least=0),
        remarks=[strict_json.text(each, f"{where}.remarks", least=0) for each in remarks],
        start=None if start is None else number_from_json(start, f"{where}.start"),
    )


def _read_column(name: str, values: Any, size: int, where: str) -> list[Any]:
    """Return what epochs have under a name; only the last two may be without."""
    where = f"{where}.{name}"
    values = strict_json.items(values, where, size, size)
    if name == "number":
        return [strict_json.whole(value, where, 0, 2**62) for value in values]
    optional = name.startswith("validation_")
    return [
        None if value is None and optional else number_from_json(value, where) for value in values
    ]


def _read_curve(value: Any, where: str) -> list[float]:
    return [number_from_json(x, where) for x in strict_json.items(value, where, MOST)]


def _one_of(choices: Sequence[str], value: Any, where: str) -> Any:
    if type(value) is not str or value not in choices:
        raise ValueError(f"{where}: expected one of {', '.join(choices)}")
    return value
