"""Numbers and places that a program will know when it runs.

Rules of functions are read with them: operators, :mod:`chainrule.mathematics` and NumPy's
functions of the same names make an expression of expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

from chainrule import mathematics
from chainrule.numpy_functions import ReadsNumPy, plain

__all__ = [
    "Condition",
    "Expression",
    "Index",
    "as_expression",
    "element",
    "floor",
    "local",
    "number",
]

COMPARISONS = {
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
}
"""Functions of the vocabulary that compare, and their signs."""


@dataclass(frozen=True)
class Index:
    """A place in an array: whole numbers times letters, and an offset. ``10*i + o``."""

    terms: tuple[tuple[int, str], ...] = ()
    offset: int = 0

    @classmethod
    def of(cls, value: Index | int | str) -> Index:
        """Return a letter, a whole number, or an index as an index."""
        if isinstance(value, Index):
            return value
        return cls(((1, value),)) if isinstance(value, str) else cls((), value)

    def __add__(self, other: Index | int | str) -> Index:
        more = Index.of(other)
        factors: dict[str, int] = {}
        for factor, letter in (*self.terms, *more.terms):
            factors[letter] = factors.get(letter, 0) + factor
        terms = tuple((factor, letter) for letter, factor in factors.items() if factor)
        return Index(terms, self.offset + more.offset)

    def __mul__(self, factor: int) -> Index:
        terms = tuple((own * factor, letter) for own, letter in self.terms if factor)
        return Index(terms, self.offset * factor)

    def factor(self, letter: str) -> int:
        """Return what a letter is multiplied by."""
        return {name: factor for factor, name in self.terms}.get(letter, 0)

    def __str__(self) -> str:
        parts = [
            ("-" if factor < 0 else "+") + (f"{abs(factor)}*" if abs(factor) != 1 else "") + letter
            for factor, letter in self.terms
        ]
        if self.offset or not parts:
            parts.append(f"{self.offset:+d}")
        first, *others = parts
        return first.removeprefix("+") + "".join(f" {part[0]} {part[1:]}" for part in others)


def _arithmetic(sign: str, *, swap: bool = False) -> Callable[[Any, Any], Expression]:
    """Return the operator of a sign, its operands exchanged or not."""

    def method(self: Any, other: Any) -> Expression:
        operands = (as_expression(self), as_expression(other))
        return Expression(sign, operands[::-1] if swap else operands)

    return method


def _comparison(sign: str) -> Callable[[Any, Any], Condition]:
    return lambda x, y: Condition(sign, (as_expression(x), as_expression(y)))


class Expression(ReadsNumPy):
    """A number: an operation on other numbers, an element of an array, or a local name.

    Parameters
    ----------
    operation : str
        "number", "element", "local", a sign, or a function's name.
    operands : tuple of Expression
        What it is done with.
    value : object
        The number, the (array, index), or the name.
    """

    __mathematics__: ClassVar[Any] = None

    def __init__(
        self, operation: str, operands: tuple[Expression, ...] = (), value: Any = None
    ) -> None:
        self.operation, self.operands, self.value = operation, operands, value

    __add__, __radd__ = _arithmetic("+"), _arithmetic("+", swap=True)
    __sub__, __rsub__ = _arithmetic("-"), _arithmetic("-", swap=True)
    __mul__, __rmul__ = _arithmetic("*"), _arithmetic("*", swap=True)
    __truediv__, __rtruediv__ = _arithmetic("/"), _arithmetic("/", swap=True)
    __lt__, __le__ = _comparison("<"), _comparison("<=")
    __gt__, __ge__ = _comparison(">"), _comparison(">=")

    def __bool__(self) -> bool:
        raise TypeError("what a program computes is not known yet; use where()")

    def __pow__(self, exponent: Any) -> Expression:
        if isinstance(exponent, int | float) and exponent == int(exponent) and 1 <= exponent <= 16:
            product = self
            for _ in range(int(exponent) - 1):
                product = product * self
            return product
        return Expression("pow", (self, as_expression(exponent)))

    def __rpow__(self, base: Any) -> Expression:
        return Expression("pow", (as_expression(base), self))

    def __neg__(self) -> Expression:
        return Expression("neg", (self,))

    def __pos__(self) -> Expression:
        return self

    def walk(self) -> Iterator[Expression]:
        """Yield every expression in it once, what is inside first."""
        seen: set[int] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                yield node
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack += [(operand, False) for operand in reversed(node.operands)]


class Condition(Expression):
    """Whether something holds; as a number it is 1 or 0."""

    def __and__(self, other: Condition) -> Condition:
        return Condition("and", (self, _condition(other)))

    def __or__(self, other: Condition) -> Condition:
        return Condition("or", (self, _condition(other)))

    def __invert__(self) -> Condition:
        return Condition("not", (self,))


def number(value: float) -> Expression:
    """Return a number that is known."""
    return Expression("number", value=float(value))


def local(name: str) -> Expression:
    """Return the number that a local name stands for."""
    return Expression("local", value=name)


def element(array: str, index: Index | int | str) -> Expression:
    """Return the element of an array at a place."""
    return Expression("element", value=(array, Index.of(index)))


def floor(x: Any) -> Expression:
    """Return the largest whole number that is at most x."""
    return Expression("floor", (as_expression(x),))


def as_expression(value: Any) -> Expression:
    """Return a value of a rule as a number, a condition as 1 or 0."""
    if isinstance(value, Condition):
        return Expression("where", (value, number(1), number(0)))
    return value if isinstance(value, Expression) else number(plain(value))


def _condition(value: Any) -> Condition:
    """Return a value of a rule as a condition; a number holds unless it is 0."""
    if isinstance(value, Condition):
        return value
    return ~Condition("==", (as_expression(value), number(0)))


def _function(name: str) -> Callable[..., Any]:
    if name in COMPARISONS:
        return _comparison(COMPARISONS[name])
    return lambda *operands: Expression(name, tuple(map(as_expression, operands)))


Expression.__mathematics__ = SimpleNamespace(
    **{name: _function(name) for name in mathematics.NAMES}
    | {
        "where": lambda condition, x, y: Expression(
            "where", (_condition(condition), as_expression(x), as_expression(y))
        ),
        "constant": lambda value: mathematics.constant(value, 0.0),
    }
)
