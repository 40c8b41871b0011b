"""The numbers of a step that an optimizer's rule is made from, found by reading the rule.

``rule(w, g, state, rate, step)`` mixes numbers of each parameter with numbers of the step: the
rate, 1 − β₁ᵗ. The latter are the same for all parameters, so Python computes them once a step, as
the reference does, and kernels read them from memory. Hyperparameters are such numbers too: one
kernel serves every β₁.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

from chainrule import mathematics
from chainrule.engine.language import by_number
from chainrule.engine.language.values import Vector
from chainrule.numpy_functions import ReadsNumPy

Evaluate = Callable[[Any, Any, Any], Any]
"""From an optimizer, learning rates and step numbers, one or many of both."""


class StepScalar(ReadsNumPy):
    """A number of the step: how to compute it from the optimizer, the rate and the step.

    ``value`` is what it is for this optimizer at step 1; rules may compare that with constants.
    """

    __mathematics__: Any = None

    def __init__(self, text: str, evaluate: Evaluate, value: float, reader: ScalarReader) -> None:
        self.text, self.evaluate, self.value, self.reader = text, evaluate, value, reader

    def __repr__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, StepScalar) else other)

    def __hash__(self) -> int:
        return hash(self.value)

    def made(self, text: str, compute: Callable[..., Any], *operands: Any) -> Any:
        """Return what is computed from numbers of the step and others."""

        def evaluate(*at: Any) -> Any:
            return compute(*(x.evaluate(*at) if isinstance(x, StepScalar) else x for x in operands))

        values = (x.value if isinstance(x, StepScalar) else x for x in operands)
        return type(self)(text, evaluate, compute(*values), self.reader)

    def as_vector(self) -> Vector:
        """Return it in all lanes, read from memory."""
        return self.reader.vector(self)


def _combined(symbol: str, compute: Callable[[Any, Any], Any], swap: bool) -> Any:
    def method(self: StepScalar, other: Any) -> Any:
        if not isinstance(other, StepScalar) and hasattr(other, "__mathematics__"):
            return NotImplemented  # it is not known yet
        left, right = (other, self) if swap else (self, other)
        return self.made(f"({left} {symbol} {right})", compute, left, right)

    return method


_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}
for _name, _symbol in _OPERATORS.items():
    _compute = by_number.power if _name == "pow" else getattr(operator, _name)
    setattr(StepScalar, f"__{_name}__", _combined(_symbol, _compute, swap=False))
    setattr(StepScalar, f"__r{_name}__", _combined(_symbol, _compute, swap=True))


def _function(name: str) -> Callable[[StepScalar], Any]:
    compute = by_number.FUNCTIONS.get(name) or getattr(mathematics, name)
    return lambda x: x.made(f"{name}{x}", compute, x)


StepScalar.__mathematics__ = SimpleNamespace(
    **{
        name: _function(name)
        for name in ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "sqrt")
    }
)


class ScalarReader:
    """The scalars that a kernel reads, in the order of their places in memory."""

    def __init__(self, load: Callable[[int], Vector]) -> None:
        self.load = load
        self.scalars: list[StepScalar] = []

    def vector(self, rate: StepScalar) -> Vector:
        """Return a scalar in all lanes, which has a place in memory from now on."""
        texts = [known.text for known in self.scalars]
        if rate.text not in texts:
            self.scalars.append(rate)
            texts.append(rate.text)
        return self.load(texts.index(rate.text))


def _hyperparameter(name: str) -> Evaluate:
    return lambda optimizer, rate, step: getattr(optimizer, name)


def trace_rule(
    optimizer: Any, w: Vector, g: Vector, state: tuple[Vector, ...], load: Callable[[int], Vector]
) -> tuple[Vector, tuple[Vector, ...], list[StepScalar]]:
    """Emit an optimizer's rule; return the new w, the new state, and the scalars that it reads.

    ``load(number)`` returns the vector of a scalar by its place.
    """
    reader = ScalarReader(load)
    stand_in = object.__new__(type(optimizer))
    for field in fields(optimizer):
        value = getattr(optimizer, field.name)
        if isinstance(value, float | int) and not isinstance(value, bool):
            name = field.name
            value = StepScalar(name, _hyperparameter(name), value, reader)
        object.__setattr__(stand_in, field.name, value)
    rate = StepScalar("rate", lambda o, r, s: r, optimizer.learning_rate, reader)
    step = StepScalar("step", lambda o, r, s: s, 1, reader)
    moved, fresh = stand_in.rule(w, g, state, rate, step)
    return moved, fresh, reader.scalars
