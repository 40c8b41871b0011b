"""What a step needs besides arithmetic: its samples, transposes, sums."""

from __future__ import annotations

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import first_lane, reduce, spread, transposed
from chainrule.engine.language.values import Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.mathematics import sqrt

ADVANCE = fields(
    "rows padded order x x_row t_row weights weights_row members row_offsets taps targets "
    "normalized_weights scalars_now scalars scalar_count l2 shared_l2"
)
TRANSPOSE = fields(
    "row_blocks column_blocks source source_row_block source_column_block target "
    "target_row_block target_column_block"
)
TOTAL = fields("rows losses normalized_weights penalties penalty_count l2 result penalty stop")


@kernel(*ADVANCE)
def advance(k: KernelBuilder) -> None:
    """Take the next samples of the order: their places in X and t, their weights, the scalars.

    A penalty that weighted samples share is divided by their weight, the mean of its members'.
    """
    rows, order = k.argument("rows"), k.argument("order")
    with k.loop(0, rows) as n:
        sample = k.load_integer(order + n * 8)
        place = k.argument("x") + sample * k.argument("x_row")
        k.store_integer(place, k.argument("row_offsets") + n * 8)
        k.store_integer(place, k.argument("taps") + n * 16)
        k.store_integer(sample * k.argument("t_row"), k.argument("targets") + n * 8)
    first = k.argument("x") + k.load_integer(order) * k.argument("x_row")
    with k.loop(rows, k.argument("padded")) as n:  # what fills the last tile is not counted
        k.store_integer(first, k.argument("row_offsets") + n * 8)
    with k.when(k.argument("weights") > 0):
        whole = _normalize(k, order)
        with k.when(k.argument("shared_l2") > 0):
            shared = k.load_number(k.argument("shared_l2")) * k.to_number(k.argument("members"))
            k.store_number(shared / whole, k.argument("l2"))
    with k.loop(0, k.argument("scalar_count")) as i:
        at = i * k.item
        k.store_number(k.load_number(k.argument("scalars_now") + at), k.argument("scalars") + at)
    k.store_integer(order + rows * 8, k.arguments_at + 8 * ADVANCE.index("order"))
    following = k.argument("scalars_now") + k.argument("scalar_count") * k.item
    k.store_integer(following, k.arguments_at + 8 * ADVANCE.index("scalars_now"))


def _normalize(k: KernelBuilder, order: Integer) -> Vector:
    """Divide the samples' weights, those of each member, by their sum; return that."""
    rows, members, zero = k.argument("rows"), k.argument("members"), first_lane(k.constant(0.0))

    def weight(member: Integer, n: Integer) -> Vector:
        own = k.argument("weights") + member * k.argument("weights_row")
        return k.load_number(own + k.load_integer(order + n * 8) * k.item)

    with k.loop(0, members, carry=[zero]) as each:
        with k.loop(0, rows, carry=each.carried) as turn:
            turn.following = [turn.carried[0] + weight(each.index, turn.index)]
        each.following = list(turn.carried)
    whole: Vector = each.carried[0]
    with k.loop(0, members) as member, k.loop(0, rows) as n:
        place = (member * rows + n) * k.item
        k.store_number(weight(member, n) / whole, k.argument("normalized_weights") + place)
    return whole


@kernel("rows", "features", "vectors", "samples", "panels", "vector_stride")
def into_panels(k: KernelBuilder) -> None:
    """Rows of numbers, each at an address of its own, lie in panels, with zeros beyond the last."""
    features, stride = k.argument("features"), k.argument("vector_stride")
    whole = features // k.lanes
    with k.loop(0, k.argument("rows")) as n:
        sample = k.load_integer(k.argument("samples") + n * 8)
        to = k.argument("panels") + n * VECTOR
        with k.loop(0, whole) as v:
            k.store(k.load(sample + v * VECTOR), to + v * stride)
        with k.loop(whole, k.argument("vectors")) as v:
            numbers = k.load_first(sample + v * VECTOR, features - v * k.lanes)
            k.store(numbers, to + v * stride)


@kernel(*TRANSPOSE)
def transpose(k: KernelBuilder) -> None:
    """Square blocks, a vector wide and high: rows become columns, by swaps of halves."""
    with k.loop(0, k.argument("row_blocks")) as i, k.loop(0, k.argument("column_blocks")) as j:
        source = k.argument("source") + i * k.argument("source_row_block")
        source = source + j * k.argument("source_column_block")
        target = k.argument("target") + i * k.argument("target_row_block")
        target = target + j * k.argument("target_column_block")
        rows = [k.load(source + r * VECTOR) for r in range(k.lanes)]
        for r, row in enumerate(transposed(rows)):
            k.store(row, target + r * VECTOR)


@kernel("rows", "vectors", "w", "row_stride", "vector_stride", "sums")
def squares(k: KernelBuilder) -> None:
    """Σ w² of each panel of weights."""
    with k.loop(0, k.argument("vectors")) as v:
        panel = k.argument("w") + v * k.argument("vector_stride")
        with k.loop(0, k.argument("rows"), carry=[k.constant(0.0)]) as turn:
            w = k.load(panel + turn.index * k.argument("row_stride"))
            turn.following = [turn.carried[0] + w * w]
        total = reduce(turn.carried[0], lambda a, b: a + b)
        k.store_number(total, k.argument("sums") + v * k.item)


@kernel("count", "sums", "limit", "scale")
def clip(k: KernelBuilder) -> None:
    """Min(1, limit/√Σ sums); NaN if that sum is not finite."""
    with k.loop(0, k.argument("count"), carry=[first_lane(k.constant(0.0))]) as turn:
        part = k.load_number(k.argument("sums") + turn.index * k.item)
        turn.following = [turn.carried[0] + part]
    total = spread(turn.carried[0])
    length, limit = sqrt(total), spread(k.load_number(k.argument("limit")))
    scale = select(length > limit, limit / length, k.constant(1.0))
    k.store(scale + (total - total), k.argument("scale"))


@kernel(*TOTAL)
def total(k: KernelBuilder) -> None:
    """The mean loss of the batch, penalty included, next in the results; stop if not finite."""
    item = k.item
    zero = first_lane(k.constant(0.0))
    with k.loop(0, k.argument("rows"), carry=[zero]) as turn:
        at = turn.index * item
        loss = k.load_number(k.argument("losses") + at)
        weight = k.load_number(k.argument("normalized_weights") + at)
        turn.following = [turn.carried[0] + loss * weight]
    mean = turn.carried[0]
    with k.loop(0, k.argument("penalty_count"), carry=[zero]) as turn:
        part = k.load_number(k.argument("penalties") + turn.index * item)
        turn.following = [turn.carried[0] + part]
    half = first_lane(k.constant(0.5))
    penalty = turn.carried[0] * (k.load_number(k.argument("l2")) * half)
    mean = mean + penalty
    for field, number in (("result", mean), ("penalty", penalty)):
        k.store_number(number, k.argument(field))
        k.store_integer(k.argument(field) + item, k.arguments_at + 8 * TOTAL.index(field))
    with k.when(~(mean - mean).compare("==", 0.0)):  # infinite or NaN
        k.store_integer(k.integer(1), k.argument("stop"))
