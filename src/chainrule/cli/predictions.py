"""Predictions as text: CSV for people and spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
from typing import Any

from chainrule.cli.evaluation import Predictions
from chainrule.data import Source
from chainrule.targets.columns import label_text


def predictions_csv(
    estimator: Any,
    source: Source,
    predictions: Predictions,
    target: str | None,
    *,
    probabilities: bool,
) -> str:
    """Return a row for each prediction, a column for each number or label that is predicted.

    Images have their files' names.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names, shares = _columns(estimator, target), predictions.probabilities
    extra: list[str] = []
    if shares is not None and probabilities:
        several = estimator.targets_.several
        extra = [f"p({each})" for each in (names if several else _classes(estimator))]
    writer.writerow([*["file"] * bool(source.files), *names, *extra])
    for row, values in enumerate(_texts(estimator, predictions)):
        numbers = [f"{share:.6g}" for share in shares[row]] if shares is not None and extra else []
        writer.writerow([*source.files[row : row + 1], *values, *numbers])
    return stream.getvalue()


def predictions_json(
    estimator: Any, source: Source, predictions: Predictions, target: str | None
) -> dict[str, Any]:
    """Return predictions, and probabilities if there are any, for programs."""
    values: Any = predictions.values
    if predictions.chosen is not None and values.ndim == 1:
        values = [text for (text,) in _texts(estimator, predictions)]
    result: dict[str, Any] = {"target": target, "predictions": values}
    if source.files:
        result["files"] = source.files
    if predictions.probabilities is not None:
        result |= {"classes": _classes(estimator), "probabilities": predictions.probabilities}
    return result


def _classes(estimator: Any) -> list[str]:
    return [label_text(label) for label in estimator.classes_.tolist()]


def _columns(estimator: Any, target: str | None) -> list[str]:
    """Return the names of the columns of predictions: the target's, numbered if it has several."""
    targets = estimator.targets_
    if targets.task == "multilabel":
        count, labels = targets.outputs, _classes(estimator)
        names = [f"{target or 'label'}_{label}" for label in labels]
    else:
        count = targets.outputs if targets.kind == "numbers" else 1
        names = [f"{target or 'prediction'}_{number}" for number in range(1, count + 1)]
    if count == 1:
        return [target or "prediction"]
    said = [name.strip() for name in (target or "").split(",")]
    return said if len(said) == count else names


def _texts(estimator: Any, predictions: Predictions) -> list[list[str]]:
    """Return the predictions of each sample as texts."""
    rows = predictions.values.reshape(len(predictions.values), -1).tolist()
    write = label_text if predictions.chosen is not None else lambda value: repr(float(value))
    return [[write(value) for value in row] for row in rows]
