"""What kernels compute with: whole numbers, conditions and vectors that are not there yet.

Operators on them emit instructions; each operation is rounded on its own, and only :func:`fma`
fuses a multiply-add.
"""

from __future__ import annotations

from typing import Any, ClassVar

from llvmlite import ir

from chainrule.engine.language.body import I64, Body


class Value:
    """Something that a kernel computes: an LLVM value, and the body that it belongs to."""

    def __init__(self, body: Body, value: Any) -> None:
        self.body, self.value = body, value

    def __bool__(self) -> bool:
        raise TypeError("a kernel's value is not known yet; use where() or KernelBuilder.when()")


class Integer(Value):
    """A whole number of 64 bits, or an address."""

    def _other(self, other: Integer | int) -> Any:
        if isinstance(other, Integer):
            return other.value
        signed = other - 2**64 if other >= 2**63 else other  # as LLVM writes 64 bits
        return ir.Constant(I64, int(signed))

    def _make(self, operation: str, left: Any, right: Any) -> Integer:
        return Integer(self.body, getattr(self.body.builder, operation)(left, right))

    def __add__(self, other: Integer | int) -> Integer:
        return self._make("add", self.value, self._other(other))

    def __sub__(self, other: Integer | int) -> Integer:
        return self._make("sub", self.value, self._other(other))

    def __rsub__(self, other: int) -> Integer:
        return self._make("sub", self._other(other), self.value)

    def __mul__(self, other: Integer | int) -> Integer:
        return self._make("mul", self.value, self._other(other))

    def __floordiv__(self, other: int) -> Integer:
        return self._make("udiv", self.value, self._other(other))

    def __mod__(self, other: int) -> Integer:
        return self._make("urem", self.value, self._other(other))

    def __xor__(self, other: Integer | int) -> Integer:
        return self._make("xor", self.value, self._other(other))

    __radd__, __rmul__ = __add__, __mul__

    def multiply_high(self, other: Integer | int) -> Integer:
        """Return the upper 64 bits of the product of two numbers without sign."""
        builder, wide = self.body.builder, ir.IntType(128)
        factors = [builder.zext(value, wide) for value in (self.value, self._other(other))]
        high = builder.lshr(builder.mul(*factors), ir.Constant(wide, 64))
        return Integer(self.body, builder.trunc(high, I64))

    def _compare(self, symbol: str, other: Integer | int) -> Condition:
        compared = self.body.builder.icmp_signed(symbol, self.value, self._other(other))
        return Condition(self.body, compared)

    def __lt__(self, other: Integer | int) -> Condition:
        return self._compare("<", other)

    def __le__(self, other: Integer | int) -> Condition:
        return self._compare("<=", other)

    def __gt__(self, other: Integer | int) -> Condition:
        return self._compare(">", other)

    def __ge__(self, other: Integer | int) -> Condition:
        return self._compare(">=", other)

    def equals(self, other: Integer | int) -> Condition:
        """Return whether two whole numbers are the same."""
        return self._compare("==", other)


class Condition(Value):
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


class Vector(Value):
    """The numbers of 64 bytes, or one number where a kernel works on one at a time.

    Plain Python numbers mix in; they are rounded to the float type first, as NumPy does.
    """

    __mathematics__: ClassVar[Any] = None
    """The vocabulary of chainrule.mathematics for vectors; vector_mathematics.py puts it here."""

    def _other(self, other: Any) -> Any:
        if isinstance(other, Vector):
            return other.value
        if hasattr(other, "as_vector"):
            return other.as_vector().value
        return self.filled(other).value

    def like(self, value: Any) -> Vector:
        """Return another vector of the same kernel."""
        return Vector(self.body, value)

    def filled(self, number: float) -> Vector:
        """Return a number, or a vector of it, as this one is."""
        return self.like(self.body.filled(self.value.type, number))

    def _make(self, operation: str, left: Any, right: Any) -> Vector:
        return self.like(getattr(self.body.builder, operation)(left, right))

    def __add__(self, other: Any) -> Vector:
        return self._make("fadd", self.value, self._other(other))

    def __radd__(self, other: Any) -> Vector:
        return self._make("fadd", self._other(other), self.value)

    def __sub__(self, other: Any) -> Vector:
        return self._make("fsub", self.value, self._other(other))

    def __rsub__(self, other: Any) -> Vector:
        return self._make("fsub", self._other(other), self.value)

    def __mul__(self, other: Any) -> Vector:
        return self._make("fmul", self.value, self._other(other))

    def __rmul__(self, other: Any) -> Vector:
        return self._make("fmul", self._other(other), self.value)

    def __truediv__(self, other: Any) -> Vector:
        return self._make("fdiv", self.value, self._other(other))

    def __rtruediv__(self, other: Any) -> Vector:
        return self._make("fdiv", self._other(other), self.value)

    def __neg__(self) -> Vector:
        return self.like(self.body.builder.fneg(self.value))

    def __pow__(self, exponent: int) -> Vector:
        """Return the product of so many factors, for a small whole number of them."""
        if not isinstance(exponent, int) or not 1 <= exponent <= 16:
            raise TypeError(f"expected a whole number from 1 to 16 as exponent, got {exponent!r}")
        product = self
        for _ in range(exponent - 1):
            product = product * self
        return product

    def compare(self, symbol: str, other: Any) -> Condition:
        """Return whether the comparison holds, lane by lane; with NaN none does."""
        compared = self.body.builder.fcmp_ordered(symbol, self.value, self._other(other))
        return Condition(self.body, compared)

    def __lt__(self, other: Any) -> Condition:
        return self.compare("<", other)

    def __le__(self, other: Any) -> Condition:
        return self.compare("<=", other)

    def __gt__(self, other: Any) -> Condition:
        return self.compare(">", other)

    def __ge__(self, other: Any) -> Condition:
        return self.compare(">=", other)

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
