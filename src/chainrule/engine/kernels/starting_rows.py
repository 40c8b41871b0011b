"""Rows of a matrix as fastText draws them, each by itself: any row, in any order.

The matrix is filled in blocks, each with a generator of its own; a number takes two draws,

    x ← 48271·x mod (2³¹ − 1),    u = ((x₁ − 1) + (x₂ − 1)·r) / r²,    r = 2³¹ − 2

in float64, scaled and shifted to the range and rounded to float32. A generator's n-th state is
its first one times 48271ⁿ, so that the numbers of a row need none of those before it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engine.language.body import I32, I64
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.scalars import Variable, choose, loop_while
from chainrule.engine.language.values import Integer, least

MODULUS, FACTOR = 2**31 - 1, 48271
RANGE = float(MODULUS - 1)
BLOCKS = 10
LANES = 8
DIGIT, DIGITS = 12, 4
"""Bits of a digit of an exponent, and how many there are: a table of powers for each."""

START = fields("rows first count dim row_bytes numbers block_size seed powers scale shift")


@kernel(*START)
def start(k: KernelBuilder) -> None:
    """Write the numbers of some rows: those listed, or ``count`` from the first one on."""
    dim, listed = k.argument("dim"), k.argument("rows")
    many = Lanes(k)
    with k.loop(0, k.argument("count")) as turn:
        row = Variable(k, k.argument("first") + turn)
        with k.when(listed > 0):
            row.set(k.load_integer(listed + turn * 8))
        to = k.argument("numbers") + turn * k.argument("row_bytes")
        place = Variable(k, k.integer(0))
        with loop_while(k, lambda: place.get() < dim):
            begin = place.get()
            state, left = _state(k, row.get() * dim + begin)
            run = least(dim - begin, left)
            with k.loop(0, run, LANES, carry=[Lane(k, many.begin(state))]) as piece:
                states = piece.carried[0].value
                many.store(states, run - piece.index, to + (begin + piece.index) * 4)
                piece.following = [Lane(k, many.times(states, many.next_piece))]
            place.add(run)


def _state(k: KernelBuilder, number: Integer) -> tuple[Integer, Integer]:
    """Return the generator's state before a number of the matrix, and what is left of its block."""
    size = k.argument("block_size")
    block = least(number // choose(size.equals(0), k.integer(1), size), BLOCKS)
    block = choose(size.equals(0), k.integer(BLOCKS), block)
    seeded = (k.argument("seed") + block) % MODULUS
    state = choose(seeded.equals(0), k.integer(1), seeded)
    offset = number - block * size
    for digit in range(DIGITS):
        at = ((offset >> (DIGIT * digit)) & (2**DIGIT - 1)) + digit * 2**DIGIT
        state = reduced(state * k.load_short(k.argument("powers") + at * 4))
    last = (block >= BLOCKS).as_integer()
    return state, choose(last > 0, k.argument("dim"), size - offset)


def reduced(product: Integer) -> Integer:
    """Return a product of two numbers below 2³¹ − 1 modulo that."""
    once = (product & MODULUS) + (product >> 31)
    return (once & MODULUS) + (once >> 31)


def next_state(state: Integer) -> Integer:
    """Return the state of the generator after this one."""
    return reduced(state * FACTOR)


class Lane(Integer):
    """States in lanes, which a loop carries as it does a whole number."""


class Lanes:
    """Eight states at once, two draws apart."""

    def __init__(self, k: KernelBuilder) -> None:
        self.k, self.builder = k, k.builder
        self.whole, self.single = ir.VectorType(I64, LANES), ir.VectorType(ir.FloatType(), LANES)
        self.double = ir.VectorType(ir.DoubleType(), LANES)
        self.first = ir.Constant(self.whole, [pow(FACTOR, 2 * i, MODULUS) for i in range(LANES)])
        self.next_piece = self.same(pow(FACTOR, 2 * LANES, MODULUS))
        self.scale, self.shift = (
            k.repeated(k.builder.bitcast(k.argument(name).value, ir.DoubleType()), self.double)
            for name in ("scale", "shift")
        )

    def same(self, number: int) -> Any:
        """Return a whole number in all lanes."""
        return ir.Constant(self.whole, [number] * LANES)

    def doubles(self, number: float) -> Any:
        """Return a number of float64 in all lanes."""
        return ir.Constant(self.double, [number] * LANES)

    def begin(self, state: Integer) -> Any:
        """Return the states of the first eight numbers from a state on."""
        return self.times(self.k.repeated(state.value, self.whole), self.first)

    def times(self, states: Any, factors: Any) -> Any:
        """Return products modulo 2³¹ − 1."""
        builder = self.builder
        mask, bits = self.same(MODULUS), self.same(31)
        value = builder.mul(states, factors)
        for _ in range(2):
            value = builder.add(builder.and_(value, mask), builder.lshr(value, bits))
        return value

    def store(self, states: Any, count: Integer, address: Integer) -> None:
        """Put the first ``count`` numbers at an address, zeros behind them."""
        builder, k = self.builder, self.k
        first = self.times(states, self.same(FACTOR))
        second = self.times(first, self.same(FACTOR))
        low, high = (self._less_one(draw) for draw in (first, second))
        drawn = builder.fadd(low, builder.fmul(high, self.doubles(RANGE)))
        share = builder.fdiv(drawn, self.doubles(RANGE * RANGE))
        limit = self.doubles(1 - 2.0**-53)
        over = builder.fcmp_ordered(">", share, limit)
        share = builder.select(over, limit, share)
        number = builder.fadd(builder.fmul(share, self.scale), self.shift)
        places = ir.Constant(self.whole, list(range(LANES)))
        inside = builder.icmp_signed("<", places, k.repeated(count.value, self.whole))
        single = builder.fptrunc(number, self.single)
        kept = builder.select(inside, single, ir.Constant(self.single, [0.0] * LANES))
        builder.store(kept, k.pointer(address)).align = 4

    def _less_one(self, draw: Any) -> Any:
        short = ir.VectorType(I32, LANES)
        return self.builder.sitofp(
            self.builder.trunc(self.builder.sub(draw, self.same(1)), short), self.double
        )
