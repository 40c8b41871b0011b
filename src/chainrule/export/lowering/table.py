"""The one table of kinds, and layers in sequence.

A function is of the first kind whose class it is an instance of. To add a kind: a class derived
from :class:`.base.BlockKind`, and a line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.export.lowering.base import Kind, Made
from chainrule.export.steps import Array, Program
from chainrule.functions import Function
from chainrule.layout import Layer

__all__ = ["KINDS", "backprop", "forward", "kind_of"]

KINDS: dict[Any, Kind] = {}
"""The kinds of functions, filled by :mod:`chainrule.export.lowering.kinds`."""


def kind_of(function: Function) -> Kind:
    """Return how a function is written; ValueError for one that is of no kind."""
    for base, kind in KINDS.items():
        if not isinstance(function, base):
            continue
        for name in kind.replaced:
            own: Any = getattr(type(function), name, None)
            if own is not getattr(base, name, None):
                raise ValueError(f"{function}: cannot be exported: it has its own {name}")
        return kind
    raise ValueError(
        f"{function}: cannot be exported: expected an Elementwise, a Multilinear, or a function of "
        f"chainrule, got {type(function).__name__}"
    )


def forward(
    program: Program, layers: Sequence[Layer], X: Array, prefix: str = "", *, first: int = 0
) -> list[Made]:
    """Write the steps of layers in sequence, the first of a place; return what each has made."""
    made: list[Made] = []
    for place, layer in enumerate(layers, first):
        made.append(kind_of(layer.function).forward(program, layer, X, f"{prefix}{place}"))
        X = made[-1].Y
    return made


def backprop(program: Program, made: Sequence[Made], dY: Array, dX: Array | None) -> Array | None:
    """Write backprop of layers in sequence; return the gradient by X, None if it is not wanted."""
    upstream: Array | None = dY
    for each in reversed(made):
        if upstream is None:  # only layers that move no number are left
            return None
        own = dX if each.X is made[0].X else Array(f"d{each.X.name}", each.layer.input_shape)
        before = kind_of(each.layer.function).backprop(program, each, upstream, own)
        program.passed[each.suffix] = upstream, before
        upstream = before
    return upstream
