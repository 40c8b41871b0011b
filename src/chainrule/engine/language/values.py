"""What kernels compute with: whole numbers, conditions and vectors that are not there yet.

Operators on them emit instructions; each operation is rounded on its own, and only :func:`fma`
fuses a multiply-add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from llvmlite import ir

from chainrule.engine.language.body import I64, Body
from chainrule.numpy_functions import ReadsNumPy, plain


class Value:
    """Something that a kernel computes: an LLVM value, and the body that it belongs to."""

    def __init__(self, body: Body, value: Any) -> None:
        self.body, self.value = body, value

    def __bool__(self) -> bool:
        raise TypeError("a kernel's value is not known yet; use where() or KernelBuilder.when()")


def _whole(operation: str) -> Callable[[Integer, Integer | int], Integer]:
    """Return an operator of whole numbers, from the name of the builder's method."""

    def method(self: Integer, other: Integer | int) -> Integer:
        return Integer(self.body, getattr(self.body.builder, operation)(self.value, self.of(other)))

    return method


def _comparison(symbol: str) -> Callable[[Integer, Integer | int], Condition]:
    def method(self: Integer, other: Integer | int) -> Condition:
        compared = self.body.builder.icmp_signed(symbol, self.value, self.of(other))
        return Condition(self.body, compared)

    return method


class Integer(Value):
    """A whole number of 64 bits, or an address."""

    @staticmethod
    def of(other: Integer | int) -> Any:
        """Return what LLVM takes for a whole number."""
        if isinstance(other, Integer):
            return other.value
        signed = other - 2**64 if other >= 2**63 else other  # as LLVM writes 64 bits
        return ir.Constant(I64, int(signed))

    __add__ = __radd__ = _whole("add")
    __mul__ = __rmul__ = _whole("mul")
    __sub__ = _whole("sub")
    __floordiv__ = _whole("udiv")
    __mod__ = _whole("urem")
    __xor__, __and__, __or__ = _whole("xor"), _whole("and_"), _whole("or_")
    __lshift__, __rshift__ = _whole("shl"), _whole("lshr")
    __lt__, __le__ = _comparison("<"), _comparison("<=")
    __gt__, __ge__ = _comparison(">"), _comparison(">=")
    equals = _comparison("==")

    def __rsub__(self, other: int) -> Integer:
        return Integer(self.body, self.body.builder.sub(self.of(other), self.value))

    def multiply_wide(self, other: Integer | int) -> tuple[Integer, Integer]:
        """Return the upper and the lower 64 bits of the product of two numbers without sign."""
        builder, wide = self.body.builder, ir.IntType(128)
        product = builder.mul(*(builder.zext(v, wide) for v in (self.value, self.of(other))))
        high = builder.lshr(product, ir.Constant(wide, 64))
        upper, lower = (builder.trunc(half, I64) for half in (high, product))
        return Integer(self.body, upper), Integer(self.body, lower)


class Condition(ReadsNumPy, Value):
    """Whether something holds: once, for branches, or for each lane."""

    __mathematics__: ClassVar[Any] = None

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.body, self.body.builder.and_(self.value, other.value))

    def __or__(self, other: Condition) -> Condition:
        return Condition(self.body, self.body.builder.or_(self.value, other.value))

    def __invert__(self) -> Condition:
        return Condition(self.body, self.body.builder.not_(self.value))

    def as_integer(self) -> Integer:
        """Return 1 if it holds, else 0."""
        return Integer(self.body, self.body.builder.zext(self.value, I64))

    def as_vector(self) -> Vector:
        """Return 1 in each lane where it holds, else 0."""
        kind = self.body.vector if isinstance(self.value.type, ir.VectorType) else self.body.number
        one, zero = (Vector(self.body, self.body.filled(kind, x)) for x in (1.0, 0.0))
        return select(self, one, zero)

    def __mul__(self, other: Any) -> Any:
        return self.as_vector() * other

    __rmul__ = __mul__


def _arithmetic(operation: str, *, swap: bool = False) -> Callable[[Vector, Any], Vector]:
    """Return an operator of vectors, from the name of the builder's method."""

    def method(self: Vector, other: Any) -> Vector:
        operands = (self.of(other), self.value) if swap else (self.value, self.of(other))
        return self.like(getattr(self.body.builder, operation)(*operands))

    return method


def _order(symbol: str) -> Callable[[Vector, Any], Condition]:
    return lambda self, other: self.compare(symbol, other)


class Vector(ReadsNumPy, Value):
    """The numbers of 64 bytes, or one number where a kernel works on one at a time.

    Plain Python numbers mix in; they are rounded to the float type first, as NumPy does.
    """

    __mathematics__: ClassVar[Any] = None
    """The vocabulary of chainrule.mathematics for vectors; vector_mathematics.py puts it here."""

    def of(self, other: Any) -> Any:
        """Return what LLVM takes for a vector, or for a number in all its lanes."""
        if isinstance(other, Vector):
            return other.value
        if hasattr(other, "as_vector"):
            return other.as_vector().value
        return self.filled(plain(other)).value

    def like(self, value: Any) -> Vector:
        """Return another vector of the same kernel."""
        return Vector(self.body, value)

    def filled(self, number: Any) -> Vector:
        """Return a number, or a vector of it, as this one is."""
        if hasattr(number, "as_vector"):
            return self.like(number.as_vector().value)
        return self.like(self.body.filled(self.value.type, number))

    __add__, __radd__ = _arithmetic("fadd"), _arithmetic("fadd", swap=True)
    __sub__, __rsub__ = _arithmetic("fsub"), _arithmetic("fsub", swap=True)
    __mul__, __rmul__ = _arithmetic("fmul"), _arithmetic("fmul", swap=True)
    __truediv__, __rtruediv__ = _arithmetic("fdiv"), _arithmetic("fdiv", swap=True)
    __lt__, __le__ = _order("<"), _order("<=")
    __gt__, __ge__ = _order(">"), _order(">=")

    def __neg__(self) -> Vector:
        return self.like(self.body.builder.fneg(self.value))

    def __pow__(self, exponent: int) -> Vector:
        """Return the product of `exponent` factors, a small whole number."""
        if not isinstance(exponent, int) or not 1 <= exponent <= 16:
            raise TypeError(f"expected a whole number from 1 to 16 as exponent, got {exponent!r}")
        product = self
        for _ in range(exponent - 1):
            product = product * self
        return product

    def compare(self, symbol: str, other: Any) -> Condition:
        """Return whether the comparison holds, lane by lane; with NaN none does."""
        compared = self.body.builder.fcmp_ordered(symbol, self.value, self.of(other))
        return Condition(self.body, compared)

    @property
    def is_nan(self) -> Condition:
        """Whether each lane is NaN."""
        unordered = self.body.builder.fcmp_unordered("uno", self.value, self.value)
        return Condition(self.body, unordered)


def intrinsic(name: str, *operands: Vector) -> Vector:
    """Return what LLVM's function of numbers, such as "sqrt", makes of its operands."""
    body, kind = operands[0].body, operands[0].value.type
    function = body.declared(
        f"llvm.{name}.{body.suffix(kind)}", ir.FunctionType(kind, [kind] * len(operands))
    )
    return Vector(body, body.builder.call(function, [x.value for x in operands]))


def fma(x: Vector, y: Vector, z: Vector) -> Vector:
    """Return x·y + z, rounded once."""
    return intrinsic("fma", x, y, z)


def select(condition: Condition, left: Vector, right: Vector) -> Vector:
    """Return the left number where the condition holds, else the right one."""
    return left.like(left.body.builder.select(condition.value, left.value, right.value))


def least(left: Integer, right: Integer | int) -> Integer:
    """Return the smaller one of two whole numbers."""
    chosen = left.body.builder.select((left < right).value, left.value, left.of(right))
    return Integer(left.body, chosen)


def or_else(number: Integer, other: Integer) -> Integer:
    """Return a whole number; another one where it is 0."""
    chosen = number.body.builder.select(number.equals(0).value, other.value, number.value)
    return Integer(number.body, chosen)


class Loop:
    """A turn of a loop: its index, the values that it carries, and those for the next turn."""

    def __init__(self, index: Integer, carried: list[Any]) -> None:
        self.index, self.carried = index, carried
        self.following: Sequence[Value] = carried
