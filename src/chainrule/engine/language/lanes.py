"""Numbers across the lanes of vectors: spread, shuffled, combined in a fixed order, transposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from chainrule.engine.language.body import I32, I64
from chainrule.engine.language.values import Condition, Integer, Vector


def spread(number: Vector) -> Vector:
    """Return a vector that has one number in every lane."""
    return number.like(number.body.repeated(number.value, number.body.vector))


def first_lane(vector: Vector) -> Vector:
    """Return the number in the first lane."""
    return vector.like(vector.body.builder.extract_element(vector.value, ir.Constant(I32, 0)))


def together(numbers: Sequence[Vector]) -> Vector:
    """Return a vector of as many single numbers as it has lanes."""
    body = numbers[0].body
    whole = ir.Constant(body.vector, ir.Undefined)
    for lane, number in enumerate(numbers):
        whole = body.builder.insert_element(whole, number.value, ir.Constant(I32, lane))
    return Vector(body, whole)


def lanes_before(count: Integer) -> Condition:
    """Return which lanes come before a count."""
    return _compared("<", count)


def count_lanes(condition: Condition) -> Integer:
    """Return in how many lanes a condition holds."""
    body = condition.body
    bits = ir.IntType(body.lanes)
    function = body.declared(f"llvm.ctpop.i{body.lanes}", ir.FunctionType(bits, [bits]))
    counted = body.builder.call(function, [body.builder.bitcast(condition.value, bits)])
    return Integer(body, body.builder.zext(counted, I64))


def same_lane(lane: Integer) -> Condition:
    """Return which lane has a number; none if there is no such lane."""
    return _compared("==", lane)


def _compared(symbol: str, number: Integer) -> Condition:
    """Compare the numbers of the lanes with a whole number."""
    body = number.body
    kind = ir.VectorType(I64, body.lanes)
    lanes = ir.Constant(kind, list(range(body.lanes)))
    compared = body.builder.icmp_signed(symbol, lanes, body.repeated(number.value, kind))
    return Condition(body, compared)


def shuffle(left: Vector, right: Vector, lanes: Sequence[int]) -> Vector:
    """Return chosen lanes: numbers from the count of lanes on are those of the right vector."""
    chosen = ir.Constant(ir.VectorType(I32, left.body.lanes), list(lanes))
    return left.like(left.body.builder.shuffle_vector(left.value, right.value, chosen))


def reduce(vector: Vector, combine: Callable[[Vector, Vector], Vector]) -> Vector:
    """Return all lanes combined into one number: half with half, until one is left."""
    lanes = vector.body.lanes
    half = lanes // 2
    while half:
        upper = [(lane + half) % lanes for lane in range(lanes)]
        vector = combine(vector, shuffle(vector, vector, upper))
        half //= 2
    return first_lane(vector)


def lane_sums(vectors: Sequence[Vector]) -> Vector:
    """Return the sums over lanes of vectors, at most as many as lanes, as :func:`reduce` adds.

    Two vectors' halves are added in one, until one vector has all sums; the lanes behind have 0.
    """
    lanes = vectors[0].body.lanes
    zero = vectors[0].filled(0.0)
    left = [*vectors, *[zero] * ((1 << (len(vectors) - 1).bit_length()) - len(vectors))]
    half, used = lanes // 2, lanes
    while half:
        alone = len(left) == 1
        first = left if alone else left[: len(left) // 2]
        second = [zero] if alone else left[len(left) // 2 :]
        lower = [
            of + lane
            for start in range(0, used, 2 * half)
            for of in ((0,) if alone else (0, lanes))
            for lane in range(start, start + half)
        ]
        used = len(lower)
        behind = [lanes] * (lanes - used)
        upper = [lane + half for lane in lower]
        left = [
            shuffle(x, y, [*lower, *behind]) + shuffle(x, y, [*upper, *behind])
            for x, y in zip(first, second, strict=True)
        ]
        half //= 2
    return left[0]


def transposed(vectors: Sequence[Vector]) -> list[Vector]:
    """Return the columns of as many rows as a vector has lanes, by swaps of halves."""
    rows, lanes = list(vectors), len(vectors)
    distance = lanes // 2
    while distance:
        low = [c if not c & distance else lanes + c - distance for c in range(lanes)]
        high = [c | distance if not c & distance else lanes + c for c in range(lanes)]
        for r in range(lanes):
            if not r & distance:
                above, below = rows[r], rows[r | distance]
                rows[r] = shuffle(above, below, low)
                rows[r | distance] = shuffle(above, below, high)
        distance //= 2
    return rows
