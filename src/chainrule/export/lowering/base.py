"""What a kind of functions answers: how forward and backprop are written as steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Index
from chainrule.export.lowering.lines import flat_index
from chainrule.export.steps import Array, Program
from chainrule.layout import Layer

__all__ = ["BlockKind", "Kind", "Made", "rows_of"]


@dataclass(frozen=True)
class Made:
    """What forward made of a layer: X, Y, and the same of the layers that it holds.

    ``suffix`` is its place among the layers, in which the names of its arrays end.
    """

    layer: Layer
    X: Array
    Y: Array
    suffix: str
    inner: tuple[Made, ...] = ()


class Kind(ABC):
    """How functions of a kind are written."""

    replaced: ClassVar[tuple[str, ...]] = ("forward", "backprop")
    """The methods that the steps stand for; a subclass with its own is not exported."""

    @abstractmethod
    def forward(self, program: Program, layer: Layer, X: Array, suffix: str) -> Made:
        """Write the steps that make Y of X, whose names end in a suffix."""

    @abstractmethod
    def backprop(self, program: Program, made: Made, dY: Array, dX: Array | None) -> Array | None:
        """Write the steps that make the gradients of dY.

        The array for dX is None where the gradient by X is not wanted. What is returned has that
        gradient: the array, or another that has it already.
        """


class BlockKind(Kind):
    """A kind whose forward is one step, and whose backprop is another."""

    same_places: ClassVar[bool] = False
    """Whether each number of Y depends on the number of X at its place alone."""

    @abstractmethod
    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write the loops that make Y of X and the parameters."""

    @abstractmethod
    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write the loops that make dX, if wanted, and the gradients by the parameters, of dY."""

    def forward(self, program: Program, layer: Layer, X: Array, suffix: str) -> Made:
        """Write one step."""
        Y = Array(f"Y{suffix}", layer.output_shape)
        arrays = {"X": X, "Y": Y, **_parameters(program, layer)}
        with program.step(
            f"{suffix} {layer.function}",
            definitions(layer.function),
            arrays,
            same_places=self.same_places,
        ) as b:
            self.write_forward(b, layer)
        return Made(layer, X, Y, suffix)

    def backprop(self, program: Program, made: Made, dY: Array, dX: Array | None) -> Array | None:
        """Write one step."""
        layer = made.layer
        arrays = {"X": made.X, "Y": made.Y, "dY": dY, **_parameters(program, layer)}
        arrays |= {f"d{own}": program.gradient(name) for own, name in layer.names.items()}
        if dX is not None:
            arrays["dX"] = dX
        with program.step(
            f"{made.suffix} {layer.function}, backprop",
            layer.function.formulas().backprop,
            arrays,
        ) as b:
            self.write_backprop(b, layer, input_gradient=dX is not None)
        return dX


def definitions(function: Any) -> tuple[str, ...]:
    """Return the formulas that define a function."""
    found: tuple[str, ...] = function.formulas().definition
    return found


def _parameters(program: Program, layer: Layer) -> dict[str, Array]:
    return {own: program.parameters[name] for own, name in layer.names.items()}


def rows_of(b: Block, shape: tuple[int, ...]) -> Iterator[Index]:
    """Yield the place of each row's first number, once, within a loop over rows if there are any.

    The body of a Python loop over it is written once.
    """
    if len(shape) == 1:
        yield Index()
        return
    with b.loop("k", shape[0]) as k:
        yield flat_index([k, 0], shape)
