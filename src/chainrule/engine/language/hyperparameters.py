"""Hyperparameters of functions and losses as arguments of kernels: one kernel serves all values.

A rule such as ``where(x > 0, x, slope * x)`` is read with stand-ins for the fields that are
numbers. What is computed from these alone, Python computes, as it does in the textbook; kernels
read the results from memory. Where a rule branches on such a number, or uses it in ways that a
stand-in has not, its value is part of the code.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import SimpleNamespace
from typing import Any

from chainrule import mathematics
from chainrule.engine.language import by_number
from chainrule.engine.language.step_scalars import ScalarReader, StepScalar


class Hyperparameter(StepScalar):
    """A number that depends on hyperparameters alone; branches see its value."""

    def __float__(self) -> float:
        return float(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    __hash__ = StepScalar.__hash__


def _number(operand: Any) -> bool:
    """Return whether an operand is known by now."""
    return isinstance(operand, StepScalar) or not hasattr(operand, "__mathematics__")


def _value(operand: Any) -> Any:
    return operand.value if isinstance(operand, StepScalar) else operand


def _comparison(compare: Callable[[Any, Any], bool]) -> Any:
    def method(self: Hyperparameter, other: Any) -> Any:
        return compare(self.value, _value(other)) if _number(other) else NotImplemented

    return method


for _name in ("lt", "le", "gt", "ge"):
    setattr(Hyperparameter, f"__{_name}__", _comparison(getattr(operator, _name)))


def _sign(text: str, compute: Callable[[Any], Any]) -> Any:
    def method(self: Hyperparameter) -> Any:
        return self.made(f"{text}({self})", compute, self)

    return method


for _name in ("neg", "pos", "abs"):
    setattr(Hyperparameter, f"__{_name}__", _sign(_name, getattr(operator, _name)))


def _function(name: str) -> Callable[..., Any]:
    """Return a function of the vocabulary, of hyperparameters alone or among other operands."""
    compute = by_number.FUNCTIONS.get(name) or getattr(mathematics, name)

    def function(*operands: Any) -> Any:
        for operand in operands:
            if not _number(operand):
                return getattr(operand.__mathematics__, name)(*operands)
        one = next(operand for operand in operands if isinstance(operand, Hyperparameter))
        return one.made(f"{name}({', '.join(map(str, operands))})", compute, *operands)

    return function


Hyperparameter.__mathematics__ = SimpleNamespace(
    **{name: _function(name) for name in mathematics.NAMES}
    | {"constant": lambda value: mathematics.constant(value, 0.0)}
)


def has_arguments(rule: Any) -> bool:
    """Return whether an object is a function or loss whose hyperparameters are arguments."""
    if not is_dataclass(rule):
        return False
    from chainrule.functions import Elementwise  # most kernels are made from no rule
    from chainrule.losses import ElementwiseLoss

    return isinstance(rule, Elementwise | ElementwiseLoss)


def with_arguments(rule: Any, reader: ScalarReader, place: int | str) -> Any:
    """Return a rule whose numbers are read from memory; any other object as it is.

    ``place`` tells its numbers from those of another rule with the same reader.
    """
    if not has_arguments(rule):
        return rule
    stand_in = object.__new__(type(rule))
    for name, value in vars(rule).items():
        object.__setattr__(stand_in, name, value)
    for field in fields(rule):
        value = getattr(rule, field.name)
        if isinstance(value, float) or (type(value) is int and field.type in (float, "float")):
            text = f"{place}.{field.name}"
            number = Hyperparameter(text, lambda *_, value=value: value, value, reader)
            object.__setattr__(stand_in, field.name, number)
    return stand_in
