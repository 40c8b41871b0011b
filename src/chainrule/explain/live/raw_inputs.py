"""What a raw sample is, as data for a page: pixels on a grid, named columns, or a text."""

from __future__ import annotations

import re
from math import isqrt
from typing import Any

import numpy as np

from chainrule.explain.live.samples import PageSamples
from chainrule.export.plan import ExportPlan
from chainrule.export.raw_columns import DATES, TRUTH, RawColumn
from chainrule.inputs import Images, TableEncoder, Texts
from chainrule.inputs.tables.base import MISSING_VALUE

__all__ = ["input_facts"]

PIXEL = re.compile(r"(.*?)(\d+)\D(\d+)")
LEAST_SIDE = 4
LEAST_SQUARE = 49
"""Rows without names of fewer numbers are no pictures, even if their count is a square."""
LEAST_SHARE = 0.5
"""Of the pixels of a grid so many columns stand for; constant ones are left out."""


def input_facts(plan: ExportPlan, samples: PageSamples) -> dict[str, Any]:
    """Return what raw samples are, which numbers of X come from what, and what names they have."""
    inputs = plan.network.inputs
    if isinstance(inputs, Texts):
        return {"kind": "text", "groups": [], "grid": None}
    raw, names = plan.prediction.columns, _names(plan)
    grid = None if any(column.is_text for column in raw) else _grid(plan, names)
    if grid is not None and not raw and not (inputs and inputs.raw_names):
        names = _pixel_names(grid, len(names))
    columns = [
        {"name": name, "range": own, **_cells(raw[place] if raw else None)}
        for place, (name, own) in enumerate(zip(names, samples.ranges, strict=True))
    ]
    return {
        "kind": "table" if raw else "numbers",
        "columns": columns,
        "groups": _groups(plan, len(columns)),
        "grid": grid,
    }


def _cells(column: RawColumn | None) -> dict[str, Any]:
    """Return what the cells of a column are: numbers, dates, truth values, values or texts."""
    if column is None:
        return {"kind": "number"}
    if column.text is not None:
        return {"kind": "text"}
    if column.values is not None:
        known = [value for value in column.values if value != MISSING_VALUE]
        return {"kind": "values", "values": known}
    kinds = {DATES: "date", TRUTH: "truth"}
    return {"kind": kinds.get(column.told, "number")}


def _names(plan: ExportPlan) -> list[str]:
    inputs = plan.network.inputs
    if plan.prediction.columns:
        return [column.name for column in plan.prediction.columns]
    if inputs is not None and inputs.raw_names:
        return list(map(str, inputs.raw_names))
    return [f"x{place}" for place in range(plan.prediction.x.size)]


def _pixel_names(grid: dict[str, Any], count: int) -> list[str]:
    """Return names for pixels by their row and column."""
    names = [""] * count
    for channel, places in enumerate(grid["places"]):
        for flat, place in enumerate(places):
            i, j = divmod(flat, grid["width"])
            end = f" of channel {channel}" if grid["channels"] > 1 else ""
            names[place] = f"pixel {i}, {j}{end}"
    return names


def _groups(plan: ExportPlan, count: int) -> list[int]:
    """Return for each number of X the raw number, or column, that it comes from."""
    inputs = plan.network.inputs
    if isinstance(inputs, TableEncoder):
        widths = [len(column.feature_names) for column in inputs.columns]
        return [place for place, width in enumerate(widths) for _ in range(width)]
    if isinstance(inputs, Images):
        return list(map(int, _pixel_places(inputs).ravel()))
    return list(range(count))


def _pixel_places(inputs: Images) -> Any:
    """Return the places of raw pixels, in the order (c, h, w) that chains take."""
    places = np.arange(inputs.raw_count).reshape(inputs.given)
    if inputs.format == "nhwc":
        return np.moveaxis(places, -1, 0)
    return places if places.ndim == 3 else places[None]


def _grid(plan: ExportPlan, names: list[str]) -> dict[str, Any] | None:
    """Return the grid of pixels that raw numbers are, and the number of each place; −1 of none."""
    inputs = plan.network.inputs
    if isinstance(inputs, Images):
        places = _pixel_places(inputs)
    elif (found := _of_names(names)) is not None:
        places = found[None]
    else:
        plain = not (inputs is not None and inputs.raw_names)
        shape = plan.network.input_shape
        if len(shape) in (2, 3) and plain:
            places = np.arange(len(names)).reshape((1, *shape)[-3:])
        elif plain and len(names) >= LEAST_SQUARE and isqrt(len(names)) ** 2 == len(names):
            places = np.arange(len(names)).reshape(1, isqrt(len(names)), -1)
        else:
            return None
    channels, height, width = places.shape
    if min(height, width) < LEAST_SIDE:
        return None
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "places": places.reshape(channels, -1).tolist(),
    }


def _of_names(names: list[str]) -> Any:
    """Return the places of columns on a grid that they are named by, as pixel_0_1; else None."""
    matches = [PIXEL.fullmatch(name) for name in names]
    if not all(matches) or len({match[1] for match in matches if match}) != 1:
        return None
    at = np.array([[int(match[2]), int(match[3])] for match in matches if match])
    at -= np.minimum(at.min(axis=0), 1)
    height, width = at.max(axis=0) + 1
    if height * width > 4 * len(names) or len(names) < LEAST_SHARE * height * width:
        return None
    places = np.full((height, width), -1)
    places[at[:, 0], at[:, 1]] = np.arange(len(names))
    return places
