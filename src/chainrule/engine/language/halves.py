"""bfloat16 in kernels: the upper halves of float32's bits, two of them in a word.

A number is rounded to the nearest, to even where two are as near; denormal numbers become zeros
of their sign, and NaN stays NaN, quiet. By whole numbers, as not all processors have instructions
for it. Rounded numbers and words are kept in vectors of float32, as their bits.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engine.language.body import I16, I32
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.values import Integer, Vector

_SIGN, _QUIET, _UPPER = 0x8000_0000, 0x0040_0000, 0xFFFF_0000
_LEAST, _INFINITY = 0x0080_0000, 0x7F80_0000


def nearest(vector: Vector) -> Vector:
    """Return numbers of float32 rounded to those that bfloat16 has."""
    builder, bits = vector.body.builder, _bits(vector)

    def constant(number: int) -> Any:
        return _all(vector, number)

    odd = builder.and_(builder.lshr(bits, constant(16)), constant(1))
    rounded = builder.add(bits, builder.add(odd, constant(0x7FFF)))
    magnitude = builder.and_(bits, constant(0x7FFF_FFFF))
    tiny = builder.icmp_unsigned("<", magnitude, constant(_LEAST))
    rounded = builder.select(tiny, builder.and_(bits, constant(_SIGN)), rounded)
    is_nan = builder.icmp_unsigned(">", magnitude, constant(_INFINITY))
    rounded = builder.select(is_nan, builder.or_(bits, constant(_QUIET)), rounded)
    return _as_floats(vector, builder.and_(rounded, constant(_UPPER)))


def store_halves(k: KernelBuilder, rounded: Vector, address: Integer) -> None:
    """Put rounded numbers at an address, two bytes each."""
    upper = k.builder.lshr(_bits(rounded), _all(rounded, 16))
    halves = k.builder.trunc(upper, ir.VectorType(I16, k.lanes))
    k.builder.store(halves, k.pointer(address)).align = 2 * k.lanes


def side_by_side(left: Vector, right: Vector) -> Vector:
    """Return the numbers of two rounded vectors as halves, the first one's first."""
    body, lanes = left.body, left.body.lanes
    halves = ir.VectorType(I16, 2 * lanes)
    words = [body.builder.bitcast(each.value, halves) for each in (left, right)]
    odd = ir.Constant(ir.VectorType(I32, 2 * lanes), list(range(1, 4 * lanes, 2)))
    return _as_floats(left, body.builder.shuffle_vector(*words, odd))


def pair_words(low: Vector, high: Vector) -> Vector:
    """Return two vectors of rounded numbers as one of pairs: the first one's in lower halves."""
    builder = low.body.builder
    return _as_floats(low, builder.or_(_bits(high), builder.lshr(_bits(low), _all(low, 16))))


def even_halves(words: Vector) -> Vector:
    """Return the numbers in the lower halves of words: those at even places."""
    return _as_floats(words, words.body.builder.shl(_bits(words), _all(words, 16)))


def odd_halves(words: Vector) -> Vector:
    """Return the numbers in the upper halves of words: those at odd places."""
    return _as_floats(words, words.body.builder.and_(_bits(words), _all(words, _UPPER)))


def _bits(vector: Vector) -> Any:
    return vector.body.builder.bitcast(vector.value, ir.VectorType(I32, vector.body.lanes))


def _as_floats(like: Vector, bits: Any) -> Vector:
    return like.like(like.body.builder.bitcast(bits, like.body.vector))


def _all(vector: Vector, number: int) -> Any:
    lanes = vector.body.lanes
    return ir.Constant(ir.VectorType(I32, lanes), [number - 2**32 * (number >> 31)] * lanes)
