"""Whether parameters in panels are those of a chain still, bit by bit."""

from __future__ import annotations

from llvmlite import ir

from chainrule.engine.language.body import I64
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.machine.memory import VECTOR

AT_ONCE = 4
"""Vectors of a turn: more are under way at the same time than a sum over one of each would let."""

WORDS = ir.VectorType(I64, VECTOR // 8)
FIELDS = ("rows", "features", "numbers", "panels", "row_stride", "vector_stride", "differs")


@kernel(*FIELDS)
def compare(k: KernelBuilder) -> None:
    """A row of numbers lies behind the other, in panels its vectors do; ``differs`` is set, or not.

    What lies in panels behind the last number of a row is not compared.
    """
    features, item = k.argument("features"), k.item
    many = features // k.lanes
    whole = many - many % AT_ONCE
    apart = [Vector(k, ir.Constant(WORDS, [0] * WORDS.count)) for _ in range(AT_ONCE)]
    with k.loop(0, k.argument("rows"), carry=apart) as turn:
        row = k.argument("numbers") + turn.index * (features * item)
        panel = k.argument("panels") + turn.index * k.argument("row_stride")

        def both(v: Integer, row: Integer = row, panel: Integer = panel) -> tuple[Integer, Integer]:
            return row + v * VECTOR, panel + v * k.argument("vector_stride")

        with k.loop(0, whole, AT_ONCE, carry=turn.carried) as inner:
            inner.following = [
                _differing(before, *map(k.load, both(inner.index + i)))
                for i, before in enumerate(inner.carried)
            ]
        first, *others = inner.carried
        with k.loop(whole, many, carry=[first]) as inner:
            inner.following = [_differing(inner.carried[0], *map(k.load, both(inner.index)))]
        rest = [k.load_first(at, features - many * k.lanes) for at in both(many)]
        turn.following = [_differing(inner.carried[0], *rest), *others]
    found = turn.carried[0]
    for each in turn.carried[1:]:
        found = found.like(k.builder.or_(found.value, each.value))
    bits = k.builder.bitcast(found.value, ir.IntType(8 * VECTOR))
    unequal = k.builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))
    before = k.load_integer(k.argument("differs"))
    both_found = k.builder.or_(before.value, k.builder.zext(unequal, I64))
    k.store_integer(Integer(k, both_found), k.argument("differs"))


def _differing(before: Vector, left: Vector, right: Vector) -> Vector:
    """Return words with the bits that differ between two vectors, beside those from before."""
    build = before.body.builder
    words = [build.bitcast(each.value, WORDS) for each in (left, right)]
    return before.like(build.or_(before.value, build.xor(*words)))
