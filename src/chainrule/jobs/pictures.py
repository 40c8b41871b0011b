"""Pictures of a trained model: its learning curve, and the weights of its first layer."""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import DataError, TableEncoder
from chainrule.functions import Conv2d, Linear
from chainrule.jobs.curve import Curve, read_curve
from chainrule.models import Model
from chainrule.plotting import (
    image_grid,
    learning_curve,
    new_figure,
    save_figure,
    score_curve,
    weight_table,
)

KINDS = ("png", "svg", "pdf")
PARTS = ("all", "curve", "weights")

MOST_IMAGES = 64
MOST_FEATURES, MOST_UNITS = 40, 64
"""More are not drawn: those with the longest weights stand for all."""

_PIXEL = re.compile(r"pixel_(\d{1,3})_(\d{1,3})", re.ASCII)


def picture_kind(path: Path) -> str:
    """Return the kind of picture that a file's name stands for; ValueError if it is none."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        names = ", ".join(f".{known}" for known in KINDS)
        raise ValueError(f"--output: expected a name that ends in {names}, got {path.name!r}")
    return kind


def draw_model(model: Model, part: str, kind: str) -> tuple[bytes, list[str]]:
    """Return a picture of a model as the content of a file, and notes on what it does not show.

    Parameters
    ----------
    part : one of PARTS; of "all", what the model does not have is left out and noted
    kind : one of KINDS

    Raises
    ------
    ImportError
        matplotlib is not installed.
    DataError
        The model has nothing of what is asked for.
    """
    if part not in PARTS:
        raise ValueError(f"--part: expected one of {', '.join(PARTS)}, got {part!r}")
    notes: list[str] = []
    curve = None
    if part != "weights":
        try:
            curve = read_curve(model)
        except DataError as error:
            if part == "curve":
                raise
            notes.append(str(error))
    curves = 0 if curve is None else 1 + (curve.validation_scores is not None)
    width = 5.0 * max(curves, 1) if part == "curve" else 10.0
    heights = [3.4] * (curves > 0) + [5.6] * (part != "curve")
    figure = new_figure(width, sum(heights))
    rooms = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    if curve is not None:
        _draw_curve(rooms[0], curve, curves)
    if part != "curve":
        ax = rooms[-1].subplots()
        ax.set_title(_draw_weights(ax, model), fontsize=10)
    return save_figure(figure, kind), notes


def _draw_curve(room: Any, curve: Curve, count: int) -> None:
    axes = room.subplots(1, count, squeeze=False)[0]
    learning_curve(axes[0], curve.epochs, curve.losses, curve.validation_losses, kept=curve.kept)
    if curve.validation_scores is not None:
        score_curve(axes[1], curve.epochs, curve.validation_scores, curve.score, kept=curve.kept)


def _draw_weights(ax: Any, model: Model) -> str:
    """Draw the first layer that has weights; return what is shown, in words."""
    layer = next(layer for layer in model.chain.layers if "W" in layer.names)
    W = np.asarray(model.chain.parameters[layer.names["W"]], dtype=np.float64)
    title = f"weights of {layer.function}"
    if isinstance(layer.function, Conv2d):
        most = MOST_IMAGES if W.shape[1] in (1, 3) else max(1, MOST_IMAGES // W.shape[1])
        chosen = _longest(W, most)
        image_grid(ax, W[chosen], columns=None if W.shape[1] in (1, 3) else W.shape[1])
        return title + _share(len(chosen), len(W), "filters")
    if not isinstance(layer.function, Linear):
        raise DataError(f"plot: expected a first layer of weights to draw, got {layer.function}")
    images = _unit_images(W.T, model)
    if images is not None:
        chosen = _longest(images, MOST_IMAGES)
        image_grid(ax, images[chosen], columns=ceil(len(chosen) / 4) if len(chosen) > 3 else None)
        return title + _share(len(chosen), len(images), "units")
    assert isinstance(model.inputs, TableEncoder)
    rows, units = _longest(W, MOST_FEATURES), _longest(W.T, MOST_UNITS)
    names = model.inputs.feature_names
    weight_table(ax, W[np.ix_(rows, units)], [names[row] for row in rows])
    return title + _share(len(rows), len(W), "features") + _share(len(units), W.shape[1], "units")


def _unit_images(weights: NDArray[Any], model: Model) -> NDArray[Any] | None:
    """Return the weights of units (o, i) as images (o, c, h, w), None where inputs are no pixels.

    Pixels are those of images, or columns that are named so: pixel_0_0, pixel_0_1, …
    """
    if not isinstance(model.inputs, TableEncoder):
        shape = model.chain.layers[0].input_shape
        return weights.reshape(-1, *shape) if weights.shape[1] == np.prod(shape) else None
    places = [_PIXEL.fullmatch(name) for name in model.inputs.feature_names]
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
    return "" if shown == of else f", the {shown} longest of {of:,} {what}"
