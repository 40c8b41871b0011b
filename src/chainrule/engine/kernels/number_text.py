"""Numbers of float32 as text, as C's ``%.6g`` and ``%.5g`` write them; lines of labels and vectors.

    x = m·10^(e + 1 − digits),    m = the whole number nearest to |x|·10^(digits − 1 − e)

For 1e-7 ≤ |x| < 10^digits the product is exact in float64: x has 24 bits, and 5^12 has 28. So m is
rounded once, ties to even, as the C library does it. A line with any other number but 0 is left to
the caller.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from chainrule.engine.kernels.single_exponential import exponential
from chainrule.engine.language.body import I32, I64
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.scalars import (
    Variable,
    choose,
    either,
    load_word,
    loop_while,
    store_word,
    to_double,
)
from chainrule.engine.language.values import Condition, Integer, Vector

PREDICTIONS = fields("line count offsets labels scores names bounds tables roots text state")
VECTORS = fields("line count dim rows row_bytes names bounds tables text state")

ROOM = 16
"""Bytes that a number, its sign and a space need at most."""
SLACK = 16
"""Bytes behind the text that may be written."""

SMALLEST = -7
"""The exponent of the smallest number that is written here."""
FIXED = -4
"""The exponent of the smallest number that is written without one."""
SPACE, LINE_FEED, POINT, MINUS = 0x20, 0x0A, 0x2E, 0x2D
ZEROS = int.from_bytes(b"0.000000", "little")
EXPONENT = int.from_bytes(b"e-00", "little")
MAGIC = 1.5 * 2.0**52
"""Added to a number, it leaves a whole one in the last bits."""

GROUPS = 1000
EXPONENTS = 256
POWERS = 64
"""Powers of ten in the tables, from the one of −32 on."""
LEAST_POWER = -32
NOWHERE = 20
"""Stands for the exponent of numbers that are too small or too large."""


@cache
def tables() -> NDArray[np.int64]:
    """Return groups of three digits, exponents of ten by those of two, and powers of ten.

    A group has its digits in the lower bytes, and in the upper one how many there are up to the
    last that is not 0.
    """
    groups = [
        int.from_bytes(b"%03d" % n, "little") | len((b"%03d" % n).rstrip(b"0")) << 56
        for n in range(GROUPS)
    ]
    exponents = [math.floor((n - 127) * math.log10(2)) for n in range(EXPONENTS)]
    exponents = [e if SMALLEST - 1 <= e < NOWHERE else NOWHERE for e in exponents]
    powers = np.array([float(f"1e{LEAST_POWER + n}") for n in range(POWERS)])
    return np.concatenate([np.array(groups + exponents, np.int64), powers.view(np.int64)])


class Writer:
    """The code that writes text, at a place that goes on.

    ``failed`` is 1 once there was a number that is not written here, else 0.
    """

    def __init__(self, k: KernelBuilder) -> None:
        self.k, self.tables = k, k.argument("tables")
        self.at = Variable(k, k.argument("text"))
        self.failed = Variable(k, k.integer(0))

    def byte(self, value: int) -> None:
        """Write a byte."""
        self.word(self.k.integer(value), self.k.integer(1))

    def word(self, bytes_: Integer, length: Integer) -> None:
        """Write the lower bytes, so many of them."""
        store_word(self.k, bytes_, self.at.get())
        self.at.add(length)

    def copy(self, begin: Integer, length: Integer) -> None:
        """Write the bytes at an address."""
        k, to = self.k, self.at.get()
        with k.loop(0, length, 8) as place:
            store_word(k, load_word(k, begin + place), to + place)
        self.at.add(length)

    def number(self, x: Vector, digits: int) -> None:
        """Write a number with so many digits, zeros at its end left out."""
        k = self.k
        bits = Integer(k, k.builder.zext(k.builder.bitcast(x.value, I32), I64))
        sign = bits >> 31
        size = bits & 0x7FFFFFFF
        store_word(k, k.integer(MINUS), self.at.get())
        self.at.add(sign)
        with either(k, size.equals(0)) as (zero, other):
            with zero:
                self.byte(ord("0"))
            with other:
                self._size(size, digits)

    def _size(self, bits: Integer, digits: int) -> None:
        k = self.k
        x = to_double(Vector(k, k.builder.bitcast(k.builder.trunc(bits.value, I32), k.number)))
        about = k.load_integer(self.tables + (bits >> 23) * 8 + GROUPS * 8)
        e = about + (x >= self._power(about + 1)).as_integer()
        m = self._whole(x * self._power(digits - 1 - e))
        carried = m.equals(10**digits)
        m, e = choose(carried, k.integer(10 ** (digits - 1)), m), e + carried.as_integer()
        possible = (e >= SMALLEST) & (e < digits)
        with k.when(~possible):
            self.failed.set(k.integer(1))
        m = choose(possible, m * 10 ** (6 - digits), 0)
        upper = m // GROUPS
        first, second = (self._group(n) for n in (upper, m - upper * 1000))
        word = (first & 0xFFFFFF) | ((second & 0xFFFFFF) << 24)
        more = second >> 56
        count = choose(more.equals(0), first >> 56, more + 3)
        with either(k, possible & (e < 0) & (e >= FIXED)) as (small, other):
            with small:
                self.word(k.integer(ZEROS), 1 - e)
                self.word(word, count)
            with other:
                self._with_point(word, count, e)

    def _with_point(self, word: Integer, count: Integer, e: Integer) -> None:
        """Write digits with a point after the first, or further on, and an exponent below 0."""
        k = self.k
        tiny = (e < 0).as_integer()
        before = choose((e >= 0) & (e < 6), e + 1, 1)
        mask = (k.integer(1) << (before * 8)) - 1
        text = (word & mask) | (k.integer(POINT) << (before * 8)) | ((word & (mask ^ -1)) << 8)
        self.word(text, choose(count > before, count + 1, before))
        self.word(EXPONENT + ((0 - e) << 24), tiny * 4)

    def _whole(self, x: Vector) -> Integer:
        """Return the nearest whole number."""
        k = self.k
        magic = Vector(k, ir.Constant(ir.DoubleType(), MAGIC))
        bits = (k.builder.bitcast(value.value, I64) for value in (x + magic, magic))
        rounded, zero = (Integer(k, value) for value in bits)
        return rounded - zero

    def _group(self, number: Integer) -> Integer:
        return self.k.load_integer(self.tables + number * 8)

    def _power(self, exponent: Integer) -> Vector:
        at = self.tables + (exponent + (GROUPS + EXPONENTS - LEAST_POWER)) * 8
        k = self.k
        return Vector(k, k.builder.bitcast(k.load_integer(at).value, ir.DoubleType()))

    def lines(self, write: Callable[[Integer], None]) -> None:
        """Write lines from ``line`` on until one has a number that is not written here.

        ``state`` has the line that is next, and where the text ends.
        """
        k = self.k
        line, start = Variable(k, k.argument("line")), Variable(k, self.at.get())

        def go_on() -> Condition:
            return (line.get() < k.argument("count")) & self.failed.get().equals(0)

        with loop_while(k, go_on):
            start.set(self.at.get())
            write(line.get())
            with either(k, self.failed.get().equals(0)) as (whole, broken):
                with whole:
                    line.add(1)
                with broken:
                    self.at.set(start.get())
        k.store_integer(line.get(), k.argument("state"))
        k.store_integer(self.at.get() - k.argument("text"), k.argument("state") + 8)


@kernel(*PREDICTIONS)
def predictions(k: KernelBuilder, *, probabilities: bool) -> None:
    """Write each line's labels, with a space behind each name, and their probabilities."""
    writer = Writer(k)

    def write(line: Integer) -> None:
        begin = k.argument("offsets") + line * 8
        first, last = k.load_integer(begin), k.load_integer(begin + 8)
        with k.loop(first, last) as i:
            label = k.load_short(k.argument("labels") + i * 4)
            span = k.argument("bounds") + label * 8
            name = k.load_integer(span)
            writer.copy(k.argument("names") + name, k.load_integer(span + 8) - name)
            if probabilities:
                score = k.load_number(k.argument("scores") + i * 4)
                writer.number(exponential(k, score, k.argument("roots")), 6)
                writer.byte(SPACE)
        writer.at.add(0 - (last > first).as_integer())  # no space at a line's end
        writer.byte(LINE_FEED)

    writer.lines(write)


@kernel(*VECTORS)
def vectors(k: KernelBuilder, *, digits: int, ends_with_space: bool) -> None:
    """Write each row's name, which may be empty, and its numbers, a space behind each.

    ``ends_with_space`` is whether the last number has one, too.
    """
    writer = Writer(k)

    def write(line: Integer) -> None:
        span = k.argument("bounds") + line * 8
        name = k.load_integer(span)
        writer.copy(k.argument("names") + name, k.load_integer(span + 8) - name)
        row = k.argument("rows") + line * k.argument("row_bytes")
        with k.loop(0, k.argument("dim")) as i:
            writer.number(k.load_number(row + i * 4), digits)
            writer.byte(SPACE)
        writer.at.add(-1 + int(ends_with_space))
        writer.byte(LINE_FEED)

    writer.lines(write)
