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

    # ---- products, of few panels at a time: what is rounded is in a cache yet

    def forward(self, cut: RowCut) -> None:
        """Add Y, piece by piece unless functions need whole samples."""
        panels = max(1, cut.count) if self.part.whole_samples else self._few(cut.samples)
        for piece in cut.pieces(panels):
            super().forward(piece)

    def backward(self, cut: RowCut) -> None:
        """Add dX, and dZ of the part before, likewise."""
        assert self.before is not None
        whole = self.before.part.whole_samples
        for piece in cut.pieces(max(1, cut.count) if whole else self._few(cut.samples)):
            super().backward(piece)

    def update_matrix(self, thread: int, panels: Range) -> None:
        """Add the move of W, and of what is made from it, likewise."""
        first, last = panels
        few = self._few(self.part.reads)
        if self.weight.values.count < 2 * self.code.threads:  # which are cut otherwise
            few = max(1, last - first)
        for start in range(first, max(last, first + 1), few):
            super().update_matrix(thread, (start, min(start + few, last)))

    def _few(self, rows: int) -> int:
        """Return how many panels of so many rows make a piece."""
        return max(4, self.context.form.piece // (max(1, rows) * VECTOR) // 4 * 4)

    def slopes(self, cut: Any, count: int | None = None, source: Any = None) -> None:
        """Take the gradient back through pointwise functions, and round it."""
        super().slopes(cut, count, source)
        if cut:
            self.context.round(cut.thread, self.dz, self.values.gradient, cut.rows, cut.panels)

    def _multiply(self, cut: RowCut, epilogue: CompiledKernel, arguments: dict[str, int]) -> None:
        self._add(cut, epilogue, arguments, self.x, self.weight.rounded[0])

    def _multiply_back(
        self, cut: RowCut, epilogue: CompiledKernel, arguments: dict[str, int]
    ) -> None:
        self._add(cut, epilogue, arguments, self.dz, self.weight.rounded[1])

    def _add(
        self,
        cut: RowCut,
        epilogue: CompiledKernel,
        arguments: dict[str, int],
        left: Operand,
        right: Operand | None,
    ) -> None:
        assert right is not None
        form = self.context.form
        factors = form.factors(self.code, left, right, cut.rows, cut.panels, across=True)
        self.context.product(cut.thread, epilogue, arguments, by=form.product, **factors)

    def _multiply_across(self, thread: int, inputs: Range, panels: Range) -> None:
        form, own = self.context.form, inputs[0] * VECTOR + panels[0] * self.weight.values.stride
        self.context.product(
            thread,
            self.library.get(epilogues.update, self.context.rule),
            self.moved(thread, self.weight, own),
            by=form.product,
            **form.factors(self.code, self.x, self.dz, inputs, panels, across=False),
        )


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
    """
    first, *others = network.parts
    parts = [replace(part, kind=ROUNDED.get(part.kind, part.kind)) for part in others]
    if network.entries is None and first.kind in ROUNDED:
        parts.insert(0, replace(first, kind=ROUNDED[first.kind]))
        first = Part(RoundedSamples, None, first.place, {}, first.inputs, first.inputs)
    return replace(network, parts=(first, *parts))
