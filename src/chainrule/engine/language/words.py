"""Whole numbers of 64 bits, several at once: what random words are made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from chainrule.engine.language.body import I64, Body
from chainrule.engine.language.values import Integer, Value
from chainrule.engine.machine.architecture import AARCH64
from chainrule.engine.machine.compiling import Target

LOWER = 2**32 - 1


def words_at_once(target: Target) -> int:
    """Return how many words are best made at once, two registers; AArch64's are, one by one."""
    return 1 if target.architecture == AARCH64 else target.register_bytes // 4


class Words(Value):
    """Whole numbers without sign, modulo 2⁶⁴."""

    def __init__(self, body: Body, value: Any) -> None:
        super().__init__(body, value)
        self.kind = value.type

    @classmethod
    def repeated(cls, number: Integer, count: int) -> Words:
        """Return the same number so many times."""
        return cls(number.body, number.body.repeated(number.value, ir.VectorType(I64, count)))

    @classmethod
    def counted(cls, first: Integer, count: int) -> Words:
        """Return so many numbers from one on."""
        alike = cls.repeated(first, count)
        return alike + cls(first.body, ir.Constant(alike.kind, list(range(count))))

    def __add__(self, other: Words) -> Words:
        return self._made(self.body.builder.add(self.value, other.value))

    def __xor__(self, other: Words | Integer) -> Words:
        of_each = other if isinstance(other, Words) else self.repeated(other, self.kind.count)
        return self._made(self.body.builder.xor(self.value, of_each.value))

    def multiply_wide(self, other: int) -> tuple[Words, Words]:
        """Return the upper and the lower 64 bits of products, made of products of halves."""
        builder = self.body.builder
        halves = self._all(other & LOWER), self._all(other >> 32)
        upper_half, mask = self._all(32), self._all(LOWER)
        low, high = builder.and_(self.value, mask), builder.lshr(self.value, upper_half)
        least, first = builder.mul(low, halves[0]), builder.mul(low, halves[1])
        second, most = builder.mul(high, halves[0]), builder.mul(high, halves[1])
        first = builder.add(first, builder.lshr(least, upper_half))
        second = builder.add(second, builder.and_(first, mask))
        most = builder.add(most, builder.lshr(first, upper_half))
        most = builder.add(most, builder.lshr(second, upper_half))
        lower = builder.or_(builder.shl(second, upper_half), builder.and_(least, mask))
        return self._made(most), self._made(lower)

    def store(self, address: Integer) -> None:
        """Put the numbers at an address."""
        body: Any = self.body
        body.builder.store(self.value, body.pointer(address)).align = 8

    def _all(self, number: int) -> Any:
        return ir.Constant(self.kind, [number] * self.kind.count)

    def _made(self, value: Any) -> Words:
        return Words(self.body, value)


def in_turn(words: Sequence[Words]) -> Words:
    """Return the first of each, then the second of each, and so on; of 4."""
    body, count = words[0].body, words[0].kind.count
    first, second = (
        _shuffled(body, words[at].value, words[at + 1].value, range(2 * count)) for at in (0, 2)
    )
    order = (place * count + lane for lane in range(count) for place in range(len(words)))
    return Words(body, _shuffled(body, first, second, order))


def _shuffled(body: Body, left: Any, right: Any, places: Any) -> Any:
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(chosen := list(places))), chosen)
    return body.builder.shuffle_vector(left, right, mask)
