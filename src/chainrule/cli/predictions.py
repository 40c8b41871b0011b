"""Predictions as text: CSV for people and spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
from typing import Any

from chainrule.jobs.sources import Source
from chainrule.models import Model, Predictions


def predictions_csv(
    trained: Model, source: Source, predictions: Predictions, probabilities: bool
) -> str:
    """Return a row for each prediction; images have their files' names."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    shares = predictions.probabilities if probabilities else None
    extra = [] if shares is None else [f"p({label})" for label in predictions.classes]
    writer.writerow([*["file"] * bool(source.files), trained.target.name, *extra])
    for row, value in enumerate(predictions.values):
        text = value if isinstance(value, str) else repr(float(value))
        numbers = [] if shares is None else [f"{share:.6g}" for share in shares[row]]
        writer.writerow([*source.files[row : row + 1], text, *numbers])
    return stream.getvalue()


def predictions_json(trained: Model, source: Source, predictions: Predictions) -> dict[str, Any]:
    """Return predictions, and probabilities if there are any, for programs."""
    result: dict[str, Any] = {"target": trained.target.name, "predictions": predictions.values}
    if source.files:
        result["files"] = source.files
    if predictions.probabilities is not None:
        result |= {"classes": predictions.classes, "probabilities": predictions.probabilities}
    return result
