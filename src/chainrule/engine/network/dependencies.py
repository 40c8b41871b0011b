"""What a rule is made from, found by reading it with stand-ins for its arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, ClassVar

from chainrule import mathematics
from chainrule.engine.network.errors import CannotLowerError
from chainrule.functions import Elementwise
from chainrule.numpy_functions import ReadsNumPy


class DependencyTracer(ReadsNumPy):
    """A stand-in for a number that remembers which arguments it was made from."""

    __mathematics__: ClassVar[Any]

    def __init__(self, *origins: str) -> None:
        self.origins = frozenset(origins)

    def __bool__(self) -> bool:
        raise TypeError("a rule must not branch on its arguments; use mathematics.where")


def _combine(*operands: Any) -> DependencyTracer:
    traced = (x for x in operands if isinstance(x, DependencyTracer))
    return DependencyTracer(*(origin for x in traced for origin in x.origins))


for _name in ("add", "sub", "mul", "truediv", "pow"):
    for _form in (f"__{_name}__", f"__r{_name}__"):
        setattr(DependencyTracer, _form, lambda self, other: _combine(self, other))
for _name in ("lt", "le", "gt", "ge", "and", "or"):
    setattr(DependencyTracer, f"__{_name}__", lambda self, other: _combine(self, other))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(DependencyTracer, f"__{_name}__", lambda self: _combine(self))
DependencyTracer.__mathematics__ = SimpleNamespace(
    **dict.fromkeys(mathematics.NAMES, _combine)
    | {"constant": lambda value: math.pi if value == "pi" else value}
)


def derivative_reads(function: Elementwise) -> frozenset[str]:
    """Return which of "x" and "y" backprop of a function of each number is made from.

    Where y suffices, kernels take y for x, too.
    """
    # A class that is derived from such a function may have rules of its own.
    suffices = vars(type(function)).get("output_suffices", False)
    try:
        slope = function.derivative(
            DependencyTracer("y" if suffices else "x"), DependencyTracer("y")
        )
    except (TypeError, AttributeError) as error:
        raise CannotLowerError(
            f"{function}: the engine cannot read its derivative: {error}"
        ) from None
    return slope.origins if isinstance(slope, DependencyTracer) else frozenset()


def check_keeps_nothing(rule: Any, call: Callable[..., Any], arguments: str) -> None:
    """Raise CannotLowerError if a call leaves something in a rule's object for a later one.

    Kernels call a rule when they are made, in an order of their own, so what is kept would be of
    other numbers.
    """
    held = getattr(rule, "__dict__", {})
    before = dict(held)
    with suppress(Exception):  # what a rule cannot take is told by the kernel that is made of it
        call(*map(DependencyTracer, arguments))
    changed = [name for name in held if held[name] is not before.get(name)]
    for name in changed:
        if name in before:
            held[name] = before[name]
        else:
            del held[name]
    if changed:
        raise CannotLowerError(
            f"{rule}: the engine cannot read it: it keeps {', '.join(changed)} from one call for "
            "another; compute it anew"
        )
