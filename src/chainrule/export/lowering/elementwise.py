"""Elementwise functions: ``value`` and ``derivative``, read as expressions."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Expression, element
from chainrule.export.lowering.base import BlockKind
from chainrule.functions import Elementwise
from chainrule.layout import Layer

__all__ = ["ElementwiseKind", "read"]


class ElementwiseKind(BlockKind):
    """A loop over numbers."""

    replaced: ClassVar[tuple[str, ...]] = ("forward", "backprop", "slopes")
    same_places: ClassVar[bool] = True

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write y = value(x)."""
        function = layer.function
        assert isinstance(function, Elementwise)
        with b.loop("e", prod(layer.input_shape)) as e:
            x = b.let("x", element("X", e))
            b.store(element("Y", e), read(function, "value", function.value, x))

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write dx = dy · derivative(x, y)."""
        if not input_gradient:
            return
        function = layer.function
        assert isinstance(function, Elementwise)
        with b.loop("e", prod(layer.input_shape)) as e:
            x, y = element("X", e), element("Y", e)
            slope = read(function, "derivative", function.derivative, x, y)
            b.store(element("dX", e), element("dY", e) * slope)


def read(rule: Any, name: str, method: Callable[..., Any], *operands: Expression) -> Any:
    """Return what a method of a rule makes of expressions.

    Parameters
    ----------
    rule : Elementwise or ElementwiseLoss
        Whom the message names.
    name : str
        The method's name, for the message.
    method : callable
        It takes the operands.
    *operands : Expression
        Numbers that are not known yet.

    Raises
    ------
    ValueError
        The method uses more than :mod:`chainrule.mathematics` has.
    """
    try:
        return method(*operands)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{rule}: its {name} cannot be exported: {error}") from None
