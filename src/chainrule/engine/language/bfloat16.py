"""Vectors of float32 rounded to bfloat16, and sums of products of pairs of these.

Where a processor has no instruction that rounds, whole numbers do the same: to the nearest, to
even where two are as near, numbers below the normal ones to zero, NaN to a quiet one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engine.language.body import I16, I32
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.machine.bfloat16 import EXPONENT, QUIET, SIGN, UPPER
from chainrule.engine.machine.memory import VECTOR

PAIR = 4
"""Bytes of two numbers of bfloat16, one after the other in memory."""


class _BFloat(ir.Type):  # type: ignore[misc]
    """LLVM's type, which llvmlite has not."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat)

    def __hash__(self) -> int:
        return hash(_BFloat)


def nearest(k: KernelBuilder, vector: Vector) -> Vector:
    """Return numbers rounded to bfloat16, as float32."""
    if not k.target.has_pairs:
        return vector.like(k.builder.bitcast(_upper(vector), vector.value.type))
    kind = ir.VectorType(_BFloat(), k.lanes)
    convert = k.declared(
        "llvm.x86.avx512bf16.cvtneps2bf16.512", ir.FunctionType(kind, [vector.value.type])
    )
    half = k.builder.bitcast(k.builder.call(convert, [vector.value]), ir.VectorType(I16, k.lanes))
    wide = k.builder.zext(half, ir.VectorType(I32, k.lanes))
    return vector.like(k.builder.bitcast(k.builder.shl(wide, _each(wide, 16)), vector.value.type))


def halves(k: KernelBuilder, even: Vector, odd: Vector) -> Any:
    """Return the numbers of two vectors as bfloat16, those of the even one first."""
    lanes = k.lanes
    if k.target.has_pairs:
        kind, both = even.value.type, ir.VectorType(_BFloat(), 2 * lanes)
        convert = k.declared(
            "llvm.x86.avx512bf16.cvtne2ps2bf16.512", ir.FunctionType(both, [kind, kind])
        )
        found = k.builder.call(convert, [odd.value, even.value])
        return k.builder.bitcast(found, ir.VectorType(I16, 2 * lanes))
    parts = []
    for vector in (even, odd):
        bits = _upper(vector)
        high = k.builder.lshr(bits, _each(bits, 16))
        parts.append(k.builder.trunc(high, ir.VectorType(I16, lanes)))
    return k.builder.shuffle_vector(*parts, _chosen(list(range(2 * lanes))))


def store_rows(k: KernelBuilder, both: Any, even: Integer, odd: Integer) -> None:
    """Put the numbers of two vectors at two addresses, half the bytes of a vector each."""
    lanes = k.lanes
    for first, address in ((0, even), (lanes, odd)):
        half = k.builder.shuffle_vector(both, both, _chosen(list(range(first, first + lanes))))
        k.builder.store(half, k.pointer(address)).align = VECTOR // 2


def store_pairs(k: KernelBuilder, both: Any, address: Integer) -> None:
    """Put the numbers of two vectors at an address, alternating, even ones first."""
    order = [lane + of for lane in range(k.lanes) for of in (0, k.lanes)]
    mixed = k.builder.shuffle_vector(both, both, _chosen(order))
    k.builder.store(mixed, k.pointer(address)).align = VECTOR


def store_upper(k: KernelBuilder, rounded: Vector, address: Integer) -> None:
    """Put numbers that are rounded at an address as bfloat16: half the bytes of a vector."""
    build, bits = k.builder, _bits(rounded)
    half = build.trunc(build.lshr(bits, _each(bits, 16)), ir.VectorType(I16, k.lanes))
    build.store(half, k.pointer(address)).align = VECTOR // 2


def pair_words(even: Vector, odd: Vector) -> Vector:
    """Return two vectors of rounded numbers as one of pairs, in float32's bits; even ones first."""
    bits = _bits(even)
    lower = even.body.builder.lshr(bits, _each(bits, 16))
    return _as_floats(even, even.body.builder.or_(lower, _bits(odd)))


def side_by_side(left: Vector, right: Vector) -> Vector:
    """Return two vectors of rounded numbers as pairs of neighbours, in float32's bits."""
    build, lanes = left.body.builder, left.body.lanes
    halves = [build.bitcast(x.value, ir.VectorType(I16, 2 * lanes)) for x in (left, right)]
    upper = ir.Constant(ir.VectorType(I32, 2 * lanes), list(range(1, 4 * lanes, 2)))
    return _as_floats(left, build.shuffle_vector(*halves, upper))


def even_halves(pairs: Vector) -> Vector:
    """Return the even numbers of pairs in float32's bits, those in the lower halves."""
    bits = _bits(pairs)
    return _as_floats(pairs, pairs.body.builder.shl(bits, _each(bits, 16)))


def odd_halves(pairs: Vector) -> Vector:
    """Return the odd numbers of pairs in float32's bits, those in the upper halves."""
    bits = _bits(pairs)
    return _as_floats(pairs, pairs.body.builder.and_(bits, _each(bits, UPPER)))


def load_pairs(k: KernelBuilder, address: Integer) -> Any:
    """Return a vector of pairs."""
    kind = ir.VectorType(I32, k.lanes)
    loaded = k.builder.load(k.pointer(address), typ=kind)
    loaded.align = VECTOR
    return _as_halves(k, loaded)


def spread_pair(k: KernelBuilder, address: Integer) -> Any:
    """Return a vector that has one pair in every lane."""
    loaded = k.builder.load(k.pointer(address), typ=I32)
    return _as_halves(k, k.repeated(loaded, ir.VectorType(I32, k.lanes)))


def add_products(k: KernelBuilder, left: Any, right: Any, total: Vector) -> Vector:
    """Return sums to which each lane's products of pairs are added, that of odd ones first."""
    function = k.declared(
        "llvm.x86.avx512bf16.dpbf16ps.512",
        ir.FunctionType(k.vector, [k.vector, left.type, right.type]),
    )
    return total.like(k.builder.call(function, [total.value, left, right]))


def _as_halves(k: KernelBuilder, pairs: Any) -> Any:
    return k.builder.bitcast(pairs, ir.VectorType(_BFloat(), 2 * pairs.type.count))


def _chosen(lanes: list[int]) -> Any:
    return ir.Constant(ir.VectorType(I32, len(lanes)), lanes)


def _bits(vector: Vector) -> Any:
    return vector.body.builder.bitcast(vector.value, ir.VectorType(I32, vector.body.lanes))


def _as_floats(like: Vector, bits: Any) -> Vector:
    return like.like(like.body.builder.bitcast(bits, like.body.vector))


def _each(like: Any, number: int) -> Any:
    return ir.Constant(like.type, [number] * like.type.count)


def _upper(vector: Vector) -> Any:
    """Return the bits of numbers rounded to bfloat16, in the upper halves of whole numbers."""
    build = vector.body.builder
    bits = build.bitcast(vector.value, ir.VectorType(I32, vector.body.lanes))

    def and_(number: int) -> Any:
        return build.and_(bits, _each(bits, number))

    last = build.and_(build.lshr(bits, _each(bits, 16)), _each(bits, 1))
    near = build.add(bits, build.add(last, _each(bits, 0x7FFF)))
    is_nan = build.fcmp_unordered("uno", vector.value, vector.value)
    near = build.select(is_nan, build.or_(bits, _each(bits, QUIET)), near)
    is_small = build.icmp_unsigned("==", and_(EXPONENT), _each(bits, 0))
    near = build.select(is_small, and_(SIGN), near)
    return build.and_(near, _each(bits, UPPER))
