"""Kinds whose products read their operands rounded to bfloat16, and sum in float32.

Both operands of each product are rounded: X and W, dZ and Wᵀ, Xᵀ and dZ. All else, the bias's
gradient, losses, functions and moves, is float32's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainrule.engine.kernels import epilogues
from chainrule.engine.kernels.library import CompiledKernel
from chainrule.engine.machine.memory import VECTOR
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.network.network import Network, Part
from chainrule.engine.planning.cuts import Range, RowCut
from chainrule.engine.planning.kinds.base import Head
from chainrule.engine.planning.kinds.dense import Dense
from chainrule.engine.planning.kinds.samples import Samples
from chainrule.engine.planning.operands import Operand
from chainrule.engine.planning.weights import Weights


class RoundedDense(Dense):
    """Y[n,o] = X[n,i] W[i,o] + b[o] of rounded X and W, and the functions after it."""

    imports = ("from chainrule.engine.machine.bfloat16 import rounded",)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        assert self.before is not None
        form, rows = self.context.form, self.context.rows
        self.x = form.operand(rows, self.part.reads, across=True, down="rows")
        passes = self.before.wants_gradient
        self.dz = form.operand(rows, self.part.features, across=passes, down="columns")
        self.before.rounded = self.x

    # ---- before there is a plan

    @classmethod
    def add_parameters(cls, part: Part, weights: Weights, *, behind: bool) -> None:
        """Add W, with its transpose if a gradient passes it, and copies of both; and b."""
        shape = (part.reads, part.features)
        weights.add(part.names["W"], shape, transposed=behind, rounded=True)
        if "b" in part.names:
            weights.add(part.names["b"], (part.features,))

    # ---- listing

    @classmethod
    def listed_operand(cls, code: str) -> str:
        """Return how a product reads what a listing calls so: rounded."""
        return f"rounded({code})"

    # ---- products

    def slopes(self, cut: Any, count: int | None = None, source: Any = None) -> None:
        """Take the gradient back through pointwise functions, and round it."""
        super().slopes(cut, count, source)
        if cut:
            self.context.round(cut.thread, self.dz, self.values.gradient, cut.rows, cut.panels)

    def _multiply(self, cut: RowCut, epilogue: CompiledKernel, arguments: dict[str, int]) -> None:
        factors = self.x, self.weight.rounded[0], cut.rows, cut.panels
        self._add(cut.thread, epilogue, arguments, *factors)

    def _multiply_back(
        self, cut: RowCut, epilogue: CompiledKernel, arguments: dict[str, int]
    ) -> None:
        factors = self.dz, self.weight.rounded[1], cut.rows, cut.panels
        self._add(cut.thread, epilogue, arguments, *factors)

    def _multiply_across(self, thread: int, inputs: Range, panels: Range) -> None:
        own = inputs[0] * VECTOR + panels[0] * self.weight.values.stride
        epilogue = self.library.get(epilogues.update, self.context.rule)
        arguments = self.moved(thread, self.weight, own)
        self._add(thread, epilogue, arguments, self.x, self.dz, inputs, panels, across=False)

    def _add(
        self,
        thread: int,
        epilogue: CompiledKernel,
        arguments: dict[str, int],
        left: Operand,
        right: Operand | None,
        rows: Range,
        panels: Range,
        *,
        across: bool = True,
    ) -> None:
        """Add a product of operands as their form has it."""
        assert right is not None
        form = self.context.form
        factors = form.factors(self.code, left, right, rows, panels, across=across)
        add = self.context.blocked_product if form.even else self.context.product
        add(thread, epilogue, arguments, form.product(across=across), **factors)


class RoundedSamples(Samples):
    """Samples X (n, i) as the first product reads them."""

    def forward(self, cut: RowCut) -> None:
        """Add the rounding of some samples of the batch."""
        if cut and self.rounded is not None:
            self.context.round(cut.thread, self.rounded, None, cut.rows, cut.panels)


ROUNDED: dict[type[Any], type[Head]] = {Dense: RoundedDense}
"""For kinds with products, the class whose products are rounded; all others are float32's."""


def with_rounded_products(network: Network) -> Network:
    """Return a network whose products read operands rounded to bfloat16, where kinds have these.

    A product of sparse samples stays float32's.

    Raises
    ------
    CannotLowerError
        No product would be rounded.
    """
    first, *others = network.parts
    parts = [replace(part, kind=ROUNDED.get(part.kind, part.kind)) for part in others]
    if network.entries is None and first.kind in ROUNDED:
        parts.insert(0, replace(first, kind=ROUNDED[first.kind]))
        first = Part(RoundedSamples, None, first.place, {}, first.inputs, first.inputs)
    if not any(part.kind in ROUNDED.values() for part in parts):
        raise CannotLowerError(
            "the engine expects a Linear on samples that are not sparse, whose product it rounds; "
            "the chain has none"
        )
    return replace(network, parts=(first, *parts))
