"""The kernels, compiled when they are first used.

A :class:`Library` has those of one float type. What an epilogue or a map does to a number is read
from the rule of a function, a loss or an optimizer, so a rule of the user's own compiles like any
other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import (
    bags,
    dot,
    dropout,
    epilogues,
    losses,
    maps,
    outputs,
    planes,
    product,
    rows,
    softmax,
    winograd,
)
from chainrule.engine.language.rates import Rate
from chainrule.engine.machine import cache as disk, compiling
from chainrule.engine.machine.compiling import Target
from chainrule.engine.network.lowering import CannotLowerError, derivative_reads
from chainrule.functions import Elementwise
from chainrule.losses import ElementwiseLoss, Loss


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel: where it is, and the names of its arguments in their order."""

    address: int
    fields: tuple[str, ...]
    rates: tuple[Rate, ...] = ()

    def pack(self, **values: int) -> NDArray[np.int64]:
        """Return its arguments as it reads them; those that are not given are 0."""
        unknown = set(values) - set(self.fields)
        if unknown:
            raise TypeError(f"a kernel has no argument {', '.join(sorted(unknown))}")
        return np.array([values.get(field, 0) for field in self.fields], dtype=np.int64)


class Library:
    """The kernels of one float type, for the processor that this is or one that it can stand for.

    The bits that they compute do not depend on the processor.
    """

    def __init__(self, dtype: Any, target: Target | None = None) -> None:
        self.dtype, self.target = np.dtype(dtype), target or compiling.host()
        self._known: dict[Any, Kernel] = {}

    def _kernel(
        self, key: tuple[Any, ...], fields: tuple[str, ...], emit: Callable[..., Any]
    ) -> Kernel:
        if key not in self._known:
            name = f"{key[0]}_{self.dtype}"
            try:
                emitted = emit(name, self.dtype)
            except (TypeError, AttributeError, KeyError) as error:
                rule = key[1] if len(key) > 1 else key[0]
                raise CannotLowerError(f"{rule}: the engine cannot read it: {error}") from None
            module, rates = emitted if isinstance(emitted, tuple) else (emitted, ())
            address = compiled(str(module), name, self.target)
            self._known[key] = Kernel(address, fields, tuple(rates))
        return self._known[key]

    @property
    def product(self) -> Kernel:
        """Products in broadcast form."""
        return self._kernel(
            ("product",),
            product.FIELDS,
            lambda name, dtype: product.emit(name, dtype, self.target),
        )

    @property
    def product_stored(self) -> Kernel:
        """Products in broadcast form, stored as they are."""
        return self._kernel(
            ("product_stored",),
            product.STORED,
            lambda name, dtype: product.emit_stored(name, dtype, self.target),
        )

    @property
    def dot(self) -> Kernel:
        """Products summed along lanes, too."""
        return self._kernel(
            ("dot",), dot.FIELDS, lambda name, dtype: dot.emit(name, dtype, self.target)
        )

    @property
    def dot_added(self) -> Kernel:
        """Products summed along lanes, added to those before."""
        return self._kernel(
            ("dot_added",), dot.ADDED, lambda name, dtype: dot.emit_added(name, dtype, self.target)
        )

    def affine(self, *, by_rows: bool = False) -> Kernel:
        """Epilogue: a bias is added, one for each row of the products or for each column."""
        return self._kernel(
            ("affine", by_rows),
            epilogues.AFFINE,
            lambda name, dtype: epilogues.affine(name, dtype, by_rows=by_rows),
        )

    @property
    def store(self) -> Kernel:
        """Epilogue: the products are what is wanted."""
        return self._kernel(("store",), epilogues.STORE, epilogues.store)

    def activation(self, function: Elementwise, *, by_rows: bool = False) -> Kernel:
        """Epilogue: a bias is added and a function applied."""
        keep = "x" in derivative_reads(function)
        return self._kernel(
            ("activation", function, by_rows),
            epilogues.AFFINE,
            lambda name, dtype: epilogues.activation(
                name, dtype, function, keep=keep, by_rows=by_rows
            ),
        )

    def slope(self, function: Elementwise) -> Kernel:
        """Epilogue: the products times a derivative."""
        reads = derivative_reads(function)
        return self._kernel(
            ("slope", function),
            epilogues.SLOPE,
            lambda name, dtype: epilogues.slope(name, dtype, function, reads),
        )

    def update(self, optimizer: Any) -> Kernel:
        """Epilogue: the products are a gradient, and parameters move."""
        return self._kernel(
            ("update", optimizer),
            epilogues.UPDATE,
            lambda name, dtype: epilogues.update(name, dtype, optimizer),
        )

    def update_all(self, optimizer: Any, *, scaled: bool = False) -> Kernel:
        """Contiguous parameters move along their gradient, times a scale if wanted."""
        return self._kernel(
            ("update_all", optimizer, scaled),
            epilogues.UPDATE_ALL,
            lambda name, dtype: epilogues.update_all(name, dtype, optimizer, scaled=scaled),
        )

    @property
    def bag(self) -> Kernel:
        """The first layer on sparse samples."""
        return self._kernel(
            ("bag",), bags.FORWARD, lambda name, dtype: bags.forward(name, dtype, self.target)
        )

    def scatter(self, *, alone: bool) -> Kernel:
        """The gradient of the tokens of a batch, for one thread or one of many."""
        return self._kernel(
            ("scatter", alone),
            bags.SCATTER,
            lambda name, dtype: bags.scatter(name, dtype, self.target, alone=alone),
        )

    def move_touched(self, optimizer: Any) -> Kernel:
        """The rows of a batch's tokens move along their gradient."""
        return self._kernel(
            ("move_touched", optimizer),
            bags.MOVE,
            lambda name, dtype: bags.move_touched(name, dtype, optimizer),
        )

    def move_all(self, optimizer: Any) -> Kernel:
        """The rows of all tokens move, along their gradient if the batch has them."""
        return self._kernel(
            ("move_all", optimizer),
            bags.MOVE,
            lambda name, dtype: bags.move_all(name, dtype, optimizer),
        )

    def planes(self, what: str) -> Kernel:
        """What planes.py does without a rule: gather, copy, zero, times, pools there and back."""
        fields = {
            **{"gather": planes.GATHER, "copy": planes.COPY, "zero": planes.COPY},
            "times": planes.TIMES,
            **{"max_pool": planes.POOL, "average_pool": planes.POOL},
            **{"max_unpool": planes.UNPOOL, "average_unpool": planes.UNPOOL},
        }
        return self._kernel((what,), fields[what], getattr(planes, what))

    def unpool_apart(self, kind: str, function: Elementwise | None) -> Kernel:
        """Pools back where windows do not overlap, with the slope of the map before."""
        reads = frozenset() if function is None else derivative_reads(function)
        return self._kernel(
            (f"{kind}_unpool_apart", function),
            planes.UNPOOL_APART,
            lambda name, dtype: planes.unpool_apart(
                name, dtype, largest=kind == "max", function=function, reads=reads
            ),
        )

    def winograd(self, what: str) -> Kernel:
        """What transforms filters, inputs and gradients of convolutions of 3 × 3 taps."""
        fields = {
            **{"filters": winograd.FILTERS, "inputs": winograd.INPUTS},
            **{"input_line": winograd.LINE, "gradient_line": winograd.LINE},
            "filter_gradients": winograd.GRADIENTS,
        }
        return self._kernel((f"winograd_{what}",), fields[what], getattr(winograd, what))

    def winograd_outputs(self, function: Elementwise | None) -> Kernel:
        """Sums transformed back, a bias added and a function applied."""
        keep = function is None or "x" in derivative_reads(function)
        return self._kernel(
            ("winograd_outputs", function),
            winograd.OUTPUTS,
            lambda name, dtype: winograd.outputs(name, dtype, function, keep=keep),
        )

    def winograd_slopes(self, function: Elementwise | None) -> Kernel:
        """Sums transformed back, times a derivative."""
        reads = frozenset() if function is None else derivative_reads(function)
        return self._kernel(
            ("winograd_slopes", function),
            winograd.SLOPES,
            lambda name, dtype: winograd.slopes(name, dtype, function, reads),
        )

    def plane_value(self, function: Elementwise) -> Kernel:
        """A function of each pixel."""
        return self._kernel(
            ("plane_value", function),
            planes.VALUE,
            lambda name, dtype: planes.value(name, dtype, function),
        )

    def plane_slope(self, function: Elementwise) -> Kernel:
        """A gradient of each pixel times a derivative."""
        reads = derivative_reads(function)
        return self._kernel(
            ("plane_slope", function),
            planes.SLOPE,
            lambda name, dtype: planes.slope(name, dtype, function, reads),
        )

    def value_map(self, function: Elementwise) -> Kernel:
        """A function of contiguous numbers."""
        return self._kernel(
            ("value", function),
            maps.VALUE,
            lambda name, dtype: maps.value(name, dtype, function),
        )

    def slope_map(self, function: Elementwise) -> Kernel:
        """A gradient of contiguous numbers times a derivative."""
        reads = derivative_reads(function)
        return self._kernel(
            ("slope_map", function),
            maps.SLOPE,
            lambda name, dtype: maps.slope(name, dtype, function, reads),
        )

    def softmax(self, *, logarithm: bool) -> Kernel:
        """Softmax of the numbers of each sample, or its logarithm."""
        return self._kernel(
            ("softmax", logarithm),
            softmax.VALUE,
            lambda name, dtype: softmax.value(name, dtype, logarithm=logarithm),
        )

    def softmax_slope(self, *, logarithm: bool) -> Kernel:
        """A gradient by softmax, or by its logarithm, becomes that by what goes into it."""
        return self._kernel(
            ("softmax_slope", logarithm),
            softmax.SLOPE,
            lambda name, dtype: softmax.slope(name, dtype, logarithm=logarithm),
        )

    @property
    def dropout(self) -> Kernel:
        """Numbers times a mask that is drawn."""
        return self._kernel(("dropout",), dropout.FIELDS, dropout.draw)

    @property
    def dropout_lanes(self) -> Kernel:
        """A mask that is drawn for a tile of images."""
        return self._kernel(("dropout_lanes",), dropout.LANES, dropout.draw_lanes)

    @property
    def masked(self) -> Kernel:
        """A gradient times a mask."""
        return self._kernel(("masked",), dropout.MASKED, dropout.masked)

    def loss(self, loss: Loss, *, labels: bool) -> Kernel:
        """Losses of samples and gradients; ``labels`` are class numbers, else rows of numbers."""
        if isinstance(loss, ElementwiseLoss):
            return self._kernel(
                ("loss", loss),
                losses.FIELDS,
                lambda name, dtype: losses.elementwise(name, dtype, loss),
            )
        return self._kernel(
            ("softmax_cross_entropy", labels),
            losses.FIELDS,
            lambda name, dtype: losses.softmax_cross_entropy(name, dtype, labels=labels),
        )

    @property
    def outputs(self) -> Kernel:
        """Panels of outputs into rows."""
        return self._kernel(("outputs",), outputs.FIELDS, outputs.emit)

    @property
    def advance(self) -> Kernel:
        """The next samples."""
        return self._kernel(("advance",), rows.ADVANCE, rows.advance)

    @property
    def into_panels(self) -> Kernel:
        """Samples as panels."""
        return self._kernel(("into_panels",), rows.INTO_PANELS, rows.into_panels)

    @property
    def transpose(self) -> Kernel:
        """Square blocks transposed."""
        return self._kernel(("transpose",), rows.TRANSPOSE, rows.transpose)

    @property
    def squares(self) -> Kernel:
        """Sums of squared weights."""
        return self._kernel(("squares",), rows.SQUARES, rows.squares)

    @property
    def clip(self) -> Kernel:
        """By what a gradient must be multiplied so that it is not longer than a limit."""
        return self._kernel(("clip",), rows.CLIP, rows.clip)

    @property
    def total(self) -> Kernel:
        """The mean loss of a batch."""
        return self._kernel(("total",), rows.TOTAL, rows.total)


@cache
def library(dtype: np.dtype[Any]) -> Library:
    """Return the kernels of a float type."""
    return Library(dtype)


@cache
def compiled(text: str, name: str, target: Target) -> int:
    """Return the address of a function in LLVM's text form, from the disk if it is there."""
    return compiling.load(name, disk.object_code(text, target))


__all__ = ["Kernel", "Library", "compiled", "library"]
