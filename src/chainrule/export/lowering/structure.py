"""Functions that compute nothing of their own: those that hold others, or move no number."""

from __future__ import annotations

from typing import ClassVar

from chainrule.export.language.expressions import element
from chainrule.export.lowering import table
from chainrule.export.lowering.base import Kind, Made
from chainrule.export.steps import Array, Program
from chainrule.layout import Layer

__all__ = ["ResidualKind", "SameNumbers"]


class SameNumbers(Kind):
    """Y is X: Flatten, whose numbers lie in memory as they lay, and Dropout, as it predicts."""

    def forward(self, program: Program, layer: Layer, X: Array, suffix: str) -> Made:
        """Write nothing."""
        return Made(layer, X, X, suffix)

    def backprop(self, program: Program, made: Made, dY: Array, dX: Array | None) -> Array | None:
        """Write nothing."""
        return None if dX is None else dY


class ResidualKind(Kind):
    """Y = X + F, F being what the functions inside make of X."""

    replaced: ClassVar[tuple[str, ...]] = ("forward", "backprop")

    def forward(self, program: Program, layer: Layer, X: Array, suffix: str) -> Made:
        """Write the steps inside, and the sum."""
        inner = table.forward(program, layer.inner, X, f"{suffix}_")
        Y = Array(f"Y{suffix}", layer.output_shape)
        arrays = {"X": X, "F": inner[-1].Y, "Y": Y}
        title = f"{suffix} {type(layer.function).__name__}: the sum"
        with (
            program.step(title, ("Y = X + F",), arrays, same_places=True) as b,
            b.loop("e", Y.size) as e,
        ):
            b.store(element("Y", e), element("X", e) + element("F", e))
        return Made(layer, X, Y, suffix, tuple(inner))

    def backprop(self, program: Program, made: Made, dY: Array, dX: Array | None) -> Array | None:
        """Write backprop of the functions inside, with dF = dY, and the sum dX = dY + theirs."""
        own = None if dX is None else Array(f"dX{made.suffix}", dX.shape)
        passed = table.backprop(program, made.inner, dY, own)
        if dX is None or passed is None:
            return None
        arrays = {"dY": dY, "dF": passed, "dX": dX}
        title = f"{made.suffix} {type(made.layer.function).__name__}, backprop: the sum"
        with (
            program.step(title, ("dX = dY + dF·∂F/∂X",), arrays) as b,
            b.loop("e", dX.size) as e,
        ):
            b.store(element("dX", e), element("dY", e) + element("dF", e))
        return dX
