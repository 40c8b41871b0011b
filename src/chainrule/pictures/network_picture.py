"""Pictures of a trained network: its learning curve, and the weights of its first layer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.chain import Chain
from chainrule.data import DataError
from chainrule.functions import Conv2d, Linear
from chainrule.pictures.figures import new_figure, save_figure
from chainrule.pictures.learning_curve import LearningCurveDisplay, validation_curves
from chainrule.pictures.tables import weight_table
from chainrule.pictures.weights import WeightsDisplay

WIDTH, CURVE_HEIGHT = 10.0, 3.4
"""Inches."""

PARTS = ("all", "curve", "weights")

MOST_IMAGES = 64
MOST_FEATURES, MOST_UNITS = 40, 64
"""More are not drawn: those with the longest weights stand for all."""

_PIXEL = re.compile(r"pixel_(\d{1,3})_(\d{1,3})", re.ASCII)


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
    notes: list[str] = []
    curve = None
    if part != "weights":
        try:
            curve = saved_curve(estimator)
        except DataError as error:
            if part == "curve":
                raise
            notes.append(str(error))
    weights = None if part == "curve" else _first_weights(estimator)
    curves = 0 if curve is None else 1 + (curve.scores is not None)
    heights = [CURVE_HEIGHT] * (curves > 0)
    if weights is not None:
        heights.append(weights.height)
    figure = new_figure(WIDTH if curves != 1 or weights else WIDTH / 2, sum(heights))
    rooms = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    if curve is not None:
        curve.plot(ax=rooms[0].subplots(1, curves, squeeze=False)[0])
    if weights is not None:
        ax = rooms[-1].subplots()
        rooms[-1].suptitle(weights.title, fontsize=10)
        if weights.names:
            weight_table(ax, weights.numbers, weights.names)
        else:
            WeightsDisplay(weights.numbers, columns=weights.columns).plot(ax=ax)
    return save_figure(figure, kind), notes


@dataclass(frozen=True)
class _Weights:
    """What is drawn of a layer: images (n, c, h, w) in columns, or features (i, o) with names."""

    title: str
    numbers: NDArray[Any]
    columns: int = 1
    names: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Inches that the picture takes."""
        if self.names:
            return 0.24 * len(self.names) + 1.2
        n, c, h, w = map(int, self.numbers.shape)
        rows = -(-n * (1 if c in (1, 3) else c) // self.columns)
        return 0.6 + 0.9 * WIDTH * (rows * h) / (self.columns * w)


def _first_weights(estimator: Any) -> _Weights:
    """Return what is drawn of the first layer that has weights."""
    chain: Chain = estimator.chain_
    layer = next((layer for layer in chain.layers if "W" in layer.names), None)
    if layer is None:
        raise DataError("this model has no layer with weights W to draw")
    W = np.asarray(chain.parameters[layer.names["W"]], dtype=np.float64)
    title = f"weights of {layer.function}"
    if isinstance(layer.function, Conv2d):
        channels = W.shape[1]
        apart = channels not in (1, 3)
        chosen = _longest(W, max(1, MOST_IMAGES // channels) if apart else MOST_IMAGES)
        columns = channels if apart else _columns(len(chosen))
        return _Weights(title + _share(len(chosen), len(W), "filters"), W[chosen], columns)
    images = _unit_images(W.T, estimator) if isinstance(layer.function, Linear) else None
    if images is not None:
        chosen = _longest(images, MOST_IMAGES)
        title += _share(len(chosen), len(images), "units")
        return _Weights(title, images[chosen], _columns(len(chosen) * images.shape[1]))
    rows, units = _longest(W, MOST_FEATURES), _longest(W.T, MOST_UNITS)
    names = estimator.inputs_.feature_names
    if len(names) != len(W):
        names = tuple(f"input {row}" for row in range(len(W)))
    title += _share(len(rows), len(W), "features")
    title += _share(len(units), W.shape[1], "units")
    return _Weights(title, W[np.ix_(rows, units)], names=tuple(names[row] for row in rows))


def _columns(count: int) -> int:
    return min(count, 8 if count <= 24 else 16)


def _unit_images(weights: NDArray[Any], estimator: Any) -> NDArray[Any] | None:
    """Return the weights of units (o, i) as images (o, c, h, w), None where inputs are no pixels.

    Pixels are those of images, or columns that are named so: pixel_0_0, pixel_0_1, …
    """
    shape = estimator.chain_.layers[0].input_shape
    if len(shape) == 3:
        return weights.reshape(-1, *shape) if weights.shape[1] == np.prod(shape) else None
    places = [_PIXEL.fullmatch(name) for name in estimator.inputs_.feature_names]
    if len(places) != weights.shape[1]:
        return None
    rows = [int(place[1]) for place in places if place]
    columns = [int(place[2]) for place in places if place]
    if len(rows) < len(places) or len(set(zip(rows, columns, strict=True))) < len(places):
        return None
    images = np.zeros((len(weights), 1, max(rows) + 1, max(columns) + 1))
    images[:, 0, rows, columns] = weights
    return images


def _longest(W: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Return the places in W (n, …) of the longest entries, in their order."""
    lengths = np.sqrt(np.sum(W.reshape(len(W), -1) ** 2, axis=1))
    return np.sort(np.argsort(-lengths, kind="stable")[:most])


def _share(shown: int, of: int, what: str) -> str:
    return "" if shown == of else f", of the {shown} longest among {of:,} {what}"


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
