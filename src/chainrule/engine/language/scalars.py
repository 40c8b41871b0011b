"""What kernels of texts need beside vectors of numbers: bytes, bits, and variables that change.

A :class:`Variable` is a whole number, or a number, that the code reads and sets where it likes;
LLVM keeps it in a register. So a loop need not name what it carries, and either branch of a
condition may set it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from llvmlite import ir

from chainrule.engine.language.body import I32, I64
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.values import Condition, Integer, Value, Vector

I8 = ir.IntType(8)
BYTES = 64
"""Bytes that are compared at once, one for each bit of a whole number."""

_Kind = TypeVar("_Kind", bound=Value)


class Variable(Generic[_Kind]):
    """A place in a register, with a value from the beginning on."""

    def __init__(self, k: KernelBuilder, start: _Kind) -> None:
        self.k, self.kind = k, type(start)
        with k.builder.goto_entry_block():
            self.at = k.builder.alloca(start.value.type)
        self.set(start)

    def get(self) -> _Kind:
        """Return its value now."""
        return self.kind(self.k, self.k.builder.load(self.at, typ=self.at.allocated_type))

    def set(self, value: _Kind) -> None:
        """Give it another value."""
        self.k.builder.store(value.value, self.at)

    def add(self, more: Any) -> None:
        """Add to it."""
        self.set(self.get() + more)


@contextmanager
def loop_while(k: KernelBuilder, condition: Callable[[], Condition]) -> Iterator[None]:
    """Emit the body once, to run as long as the condition, asked before each turn, holds."""
    check, body, after = (
        k.function.append_basic_block(part) for part in ("check", "body", "after")
    )
    k.builder.branch(check)
    k.builder.position_at_end(check)
    k.builder.cbranch(condition().value, body, after)
    k.builder.position_at_end(body)
    yield
    k.builder.branch(check)
    k.builder.position_at_end(after)


@contextmanager
def either(k: KernelBuilder, condition: Condition) -> Iterator[tuple[Any, Any]]:
    """Give two contexts: what is emitted in the first runs if the condition holds, else the other.

    ``with either(k, c) as (then, otherwise): with then: …; with otherwise: …``
    """
    with k.builder.if_else(condition.value) as branches:
        yield branches


def choose(condition: Condition, left: Integer, right: Integer | int) -> Integer:
    """Return the left whole number if the condition holds, else the right one."""
    chosen = left.body.builder.select(condition.value, left.value, left.of(right))
    return Integer(left.body, chosen)


def below(left: Integer, right: Integer | int) -> Condition:
    """Return whether left < right, both of them without sign."""
    compared = left.body.builder.icmp_unsigned("<", left.value, left.of(right))
    return Condition(left.body, compared)


def trailing_zeros(bits: Integer) -> Integer:
    """Return the place of the lowest bit that is 1; 64 if there is none."""
    kind = ir.FunctionType(I64, [I64, ir.IntType(1)])
    function = bits.body.declared("llvm.cttz.i64", kind)
    none = ir.Constant(ir.IntType(1), 0)
    return Integer(bits.body, bits.body.builder.call(function, [bits.value, none]))


def count_ones(bits: Integer) -> Integer:
    """Return how many bits are 1."""
    function = bits.body.declared("llvm.ctpop.i64", ir.FunctionType(I64, [I64]))
    return Integer(bits.body, bits.body.builder.call(function, [bits.value]))


def signed(short: Integer) -> Integer:
    """Return the lower 32 bits as a whole number with its sign."""
    builder = short.body.builder
    return Integer(short.body, builder.sext(builder.trunc(short.value, I32), I64))


def load_byte(k: KernelBuilder, address: Integer) -> Integer:
    """Return the byte at an address, from 0 to 255."""
    return Integer(k, k.builder.zext(k.builder.load(k.pointer(address), typ=I8), I64))


def load_word(k: KernelBuilder, address: Integer) -> Integer:
    """Return 8 bytes at an address, aligned or not."""
    loaded = k.builder.load(k.pointer(address), typ=I64)
    loaded.align = 1
    return Integer(k, loaded)


def store_word(k: KernelBuilder, value: Integer, address: Integer) -> None:
    """Put 8 bytes at an address, aligned or not."""
    k.builder.store(value.value, k.pointer(address)).align = 1


def store_byte(k: KernelBuilder, value: Integer, address: Integer) -> None:
    """Put the lowest 8 bits of a whole number at an address."""
    k.builder.store(k.builder.trunc(value.value, I8), k.pointer(address))


class Block:
    """64 bytes of a text, compared with others byte by byte; the first is the lowest bit."""

    kind = ir.VectorType(I8, BYTES)

    def __init__(self, k: KernelBuilder, address: Integer) -> None:
        self.k = k
        self.value = k.builder.load(k.pointer(address), typ=self.kind)
        self.value.align = 1

    def _spread(self, byte: Integer) -> Any:
        return self.k.repeated(self.k.builder.trunc(byte.value, I8), self.kind)

    def _bits(self, compared: Any) -> Integer:
        return Integer(self.k, self.k.builder.bitcast(compared, I64))

    def between(self, first: Integer, beyond: Integer) -> Integer:
        """Return which bytes are among those from the first to ``beyond`` more."""
        offset = self.k.builder.sub(self.value, self._spread(first))
        return self._bits(self.k.builder.icmp_unsigned("<=", offset, self._spread(beyond)))

    def equal(self, byte: Integer) -> Integer:
        """Return which bytes are this one."""
        return self._bits(self.k.builder.icmp_signed("==", self.value, self._spread(byte)))


def to_double(number: Vector) -> Vector:
    """Return a number of float32 as one of float64."""
    return number.like(number.body.builder.fpext(number.value, ir.DoubleType()))


def to_single(number: Vector) -> Vector:
    """Return a number of float64 rounded to float32."""
    return number.like(number.body.builder.fptrunc(number.value, ir.FloatType()))
