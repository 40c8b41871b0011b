"""From raw samples to what the first layer takes: a step for each kind of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.export.language.expressions import Index, element
from chainrule.export.lowering.lines import flat_index
from chainrule.export.scaling import RowScaling
from chainrule.export.steps import Array, Program
from chainrule.export.tables import write_table
from chainrule.export.walk import Network
from chainrule.inputs import Images, Inputs, Rows, TableEncoder, Texts

__all__ = ["INPUT_KINDS", "write_inputs"]


def _rows(program: Program, inputs: Rows, x: Array) -> Array:
    """Return the numbers themselves."""
    return x


def _scaled(program: Program, scaling: RowScaling, x: Array, suffix: str) -> Array:
    """Write X[i] = (x[i] − shift[i]) / divisor[i], in double."""
    X = Array(f"scaled{suffix}", x.shape)
    arrays = {"x": x, "X": X}
    for name in ("shift", "divisor"):
        own = Array(f"scaling{suffix}_{name}", x.shape, getattr(scaling, name), wide=True)
        program.parameters[own.name] = arrays[name] = own
    formulas = ("X[i] = (x[i] − shift[i]) / divisor[i]",)
    with (
        program.step(scaling.name, formulas, arrays, wide=True) as b,
        b.loop("i", x.size) as i,
    ):
        shifted = element("x", i) - element("shift", i)
        b.store(element("X", i), shifted / element("divisor", i))
    return X


def _images(program: Program, inputs: Images, x: Array) -> Array:
    """Write X[c,i,j] = (x − mean[c]) / scale[c], of pixels in the order of the raw images."""
    c, h, w = shape = inputs.sample_shape
    order = {"nchw": ("c", "i", "j"), "nhw": ("i", "j"), "nhwc": ("i", "j", "c")}[inputs.format]
    sizes = {"c": c, "i": h, "j": w}
    raw_shape = tuple(sizes[letter] for letter in order)
    if inputs.scaling is None and inputs.format != "nhwc":
        return x
    X = Array("X", shape)
    arrays = {"x": x, "X": X}
    scaling = inputs.scaling
    if scaling is not None:
        scales = np.array(scaling.scale, np.float32)  # as images are float32, and rounded twice
        for name, numbers in (("mean", scaling.mean), ("scale", scales)):
            arrays[name] = Array(f"pixel_{name}", (c,), np.array(numbers))
            program.parameters[arrays[name].name] = arrays[name]
    own = ",".join(order)
    title = f"pixels, {inputs.format}"
    formula = f"(x[{own}] − mean[c]) / scale[c]" if scaling else f"x[{own}]"
    with (
        program.step(title, (f"X[c,i,j] = {formula}",), arrays, single=scaling is not None) as b,
        b.loop("c", c),
        b.loop("i", h),
        b.loop("j", w),
    ):
        X_at = element("X", flat_index(["c", "i", "j"], shape))
        value: Any = element("x", flat_index(list(order), raw_shape))
        if scaling is not None:
            b.store(X_at, value - element("mean", Index.of("c")))
            value = X_at / element("scale", Index.of("c"))
        b.store(X_at, value)
    return X


def _texts(program: Program, inputs: Texts, x: Array) -> Array:
    """Return the features, which each language makes of a text in its own way."""
    return x


INPUT_KINDS: dict[type[Inputs], Callable[[Program, Any, Array], Array]] = {
    Rows: _rows,
    Images: _images,
    TableEncoder: write_table,
    Texts: _texts,
}
"""The kinds of inputs that are arrays of numbers, and what writes the step of each."""


def write_inputs(program: Program, network: Network, x: Array) -> Array:
    """Write the step that makes X of a raw sample x, and return X."""
    inputs = network.inputs
    if inputs is None:
        return x
    for place, scaling in enumerate(network.scalings):
        x = _scaled(program, scaling, x, f"{place}")
    for kind, write in INPUT_KINDS.items():
        if isinstance(inputs, kind):
            return write(program, inputs, x)
    raise ValueError(
        f"{network.title}: cannot be exported: expected inputs of rows, images, tables or texts, "
        f"got those of kind {inputs.kind!r}"
    )
