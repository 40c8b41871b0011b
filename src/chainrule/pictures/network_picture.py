"""Pictures of a trained network: its learning curve, its first weights, and its functions."""

from __future__ import annotations

from typing import Any

from chainrule.data import DataError
from chainrule.pictures.curve_panels import CurvesDisplay
from chainrule.pictures.figures import new_figure, save_figure
from chainrule.pictures.functions import activations_of, function_curve
from chainrule.pictures.layer_weights import LayerWeights, layer_weights
from chainrule.pictures.learning_curve import LearningCurveDisplay, validation_curves
from chainrule.pictures.losses import loss_curves, loss_of
from chainrule.pictures.weights import WeightsDisplay

WIDTH, CURVE_HEIGHT = 10.0, 3.4
"""Inches."""

PARTS = ("all", "curve", "weights", "functions")
"""All are the curve and the weights."""

MOST_IMAGES = MOST_UNITS = 64
"""More are not drawn: those with the longest weights stand for all."""


def draw_network(estimator: Any, part: str, kind: str) -> tuple[bytes, list[str]]:
    """Return a picture of a network as the content of a file, and notes on what it does not show.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    part : str
        One of PARTS; of "all", what the network does not have is left out and noted.
    kind : str
        "png", "svg" or "pdf".

    Raises
    ------
    ImportError
        matplotlib is not installed.
    DataError
        The network has nothing of what is asked for.
    """
    if part == "functions":
        return save_figure(_rules(estimator), kind), []
    notes: list[str] = []
    curve = weights = None
    if part != "weights":
        try:
            curve = saved_curve(estimator)
        except DataError as error:
            if part == "curve":
                raise
            notes.append(str(error))
    if part != "curve":
        try:
            weights = _first_weights(estimator)
        except ValueError as error:
            if curve is None:
                raise DataError(str(error)) from None
            notes.append(str(error))
    curves = 0 if curve is None else 1 + (curve.scores is not None)
    heights = [CURVE_HEIGHT] * (curves > 0)
    if weights is not None:
        heights.append(_height(*weights))
    figure = new_figure(WIDTH if curves != 1 or weights else WIDTH / 2, sum(heights))
    rooms = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    if curve is not None:
        curve.plot(ax=rooms[0].subplots(1, curves, squeeze=False)[0])
    if weights is not None:
        shown, columns = weights
        rooms[-1].suptitle(shown.title, fontsize=10)
        WeightsDisplay.of_layer(shown, columns=columns).plot(ax=rooms[-1].subplots())
    return save_figure(figure, kind), notes


class _Rules(CurvesDisplay):
    """Activations and a loss."""

    labels = ("value", "derivative")


def _rules(estimator: Any) -> Any:
    """Return a figure of a network's activations and its loss."""
    curves = [function_curve("plot", each) for each in activations_of("plot", estimator)]
    figure = new_figure(1, 1)  # which takes the size that it needs
    _Rules([*curves, *loss_curves("plot", loss_of("plot", estimator))]).plot(figure)
    return figure


def _first_weights(estimator: Any) -> tuple[LayerWeights, int]:
    """Return what is drawn of the first layer that has weights, and in how many columns."""
    weights = layer_weights(estimator)
    if weights.table:
        return weights.longest_features().longest(MOST_UNITS), 1
    channels = weights.numbers.shape[1]
    if channels not in (1, 3):
        return weights.longest(max(1, MOST_IMAGES // channels)), channels
    chosen = weights.longest(MOST_IMAGES)
    count = len(chosen.outputs)
    return chosen, min(count, 8 if count <= 24 else 16)


def _height(weights: LayerWeights, columns: int) -> float:
    """Return inches that a picture of weights takes."""
    if weights.table:
        return 0.24 * len(weights.names) + 1.2
    n, c, h, w = map(int, weights.numbers.shape)
    rows = -(-n * (1 if c in (1, 3) else c) // columns)
    return 0.6 + 0.9 * WIDTH * (rows * h) / (columns * w)


def saved_curve(estimator: Any) -> LearningCurveDisplay:
    """Return the learning curve of a fitted estimator, or that which a file of 0.1.0 remembers.

    Raises
    ------
    DataError
        There is none.
    """
    losses = getattr(estimator, "loss_curve_", None)
    if losses:
        return LearningCurveDisplay(losses, **validation_curves(estimator))
    if losses is not None:
        raise DataError("this model has no learning curve: it was not trained for a whole epoch")
    curve: Any = getattr(estimator, "metadata_", {}).get("history")
    if not isinstance(curve, dict) or not _numbers(curve.get("epoch"), None):
        raise DataError("this model has no learning curve; chainrule train saves one")
    count = len(curve["epoch"])
    columns = {name: curve.get(name) for name in ("loss", "validation_loss", "validation_score")}
    for name, column in columns.items():
        if not (_numbers(column, count) or (column is None and name != "loss")):
            raise DataError(f"the learning curve of this model: expected {count} numbers of {name}")
    kept = curve.get("kept")
    return LearningCurveDisplay(
        curve["loss"],
        validation_losses=columns["validation_loss"],
        scores=columns["validation_score"],
        score_name=str(curve.get("score", "score")),
        kept=kept if type(kept) is int and kept else None,
        epochs=curve["epoch"],
    )


def _numbers(column: object, count: int | None) -> bool:
    """Return whether something is a list of `count` numbers, one at least."""
    return (
        isinstance(column, list)
        and len(column) > 0
        and count in (None, len(column))
        and all(type(value) in (int, float) for value in column)
    )
