"""Winograd's transforms of one sample: tiles of 2 × 2 outputs run along lanes, row by row.

The arithmetic is that of :mod:`.winograd`, in the same order. Of the tiles in a row of tiles, a
vector has those of 2 · lanes pixels; what it has beyond the last one is written over by the next
row, or lies in the room behind.
"""

from __future__ import annotations

from chainrule.engine.kernels.winograd import INPUTS, TILES, input_transform, output_transform
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import shuffle, spread
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.machine.memory import VECTOR
from chainrule.functions import Elementwise

OUTPUTS = (*TILES, *fields("high wide m m_channel m_point bias y y_channel y_row"))


def _both(k: KernelBuilder, at: Integer) -> list[Vector]:
    """Return the pixels at even and at odd places of two vectors."""
    pair, lanes = (k.load(at), k.load(at + VECTOR)), 2 * k.lanes
    return [shuffle(*pair, range(first, lanes, 2)) for first in (0, 1)]


@kernel(*INPUTS)
def inputs(k: KernelBuilder) -> None:
    """V = Bᵀ d B of tiles whose 4 × 4 pixels overlap."""
    columns, item, vectors = k.argument("columns"), k.item, _vectors(k)
    with (
        k.loop(0, k.argument("channels")) as c,
        k.loop(0, k.argument("rows")) as i,
        k.loop(0, vectors) as j,
    ):
        x = k.argument("x") + c * k.argument("x_channel") + i * 2 * k.argument("x_row")
        x = x + j * (2 * VECTOR)
        v = k.argument("v") + c * k.argument("v_channel") + i * columns * item + j * VECTOR
        d = []
        for a in range(4):
            row = x + k.argument("x_row") * a
            d.append([*_both(k, row), *_both(k, row + 2 * item)])
        for point, value in enumerate(input_transform(d)):
            k.store(value, v + k.argument("v_point") * point)


@kernel(*OUTPUTS)
def outputs(k: KernelBuilder, function: Elementwise | None) -> None:
    """Y = Aᵀ M A + b, or the value of a function; nothing is written beyond the image."""
    columns, item, lanes = k.argument("columns"), k.item, k.lanes
    high, wide = k.argument("high"), k.argument("wide")
    low = [of + lane for lane in range(lanes // 2) for of in (0, lanes)]
    upper = [lane + lanes // 2 for lane in low]
    with k.loop(0, k.argument("channels")) as c:
        bias = spread(k.load_number(k.argument("bias") + c * item))
        with k.loop(0, k.argument("rows")) as i, k.loop(0, _vectors(k)) as j:
            m = k.argument("m") + c * k.argument("m_channel") + i * columns * item + j * VECTOR
            y = k.argument("y") + c * k.argument("y_channel") + i * 2 * k.argument("y_row")
            y, rest = y + j * (2 * VECTOR), wide - j * (2 * lanes)
            points = [k.load(m + k.argument("m_point") * point) for point in range(16)]
            sums = output_transform([points[4 * a : 4 * a + 4] for a in range(4)])
            for a, pair in enumerate((sums[:2], sums[2:])):
                z = [sum_ + bias for sum_ in pair]
                made = z if function is None else [function.value(each) for each in z]
                both = [shuffle(made[0], made[1], chosen) for chosen in (low, upper)]
                with k.when(i * 2 + a < high):
                    _store_both(k, both, y + k.argument("y_row") * a, rest)


def _store_both(k: KernelBuilder, both: list[Vector], at: Integer, rest: Integer) -> None:
    """Store two vectors side by side, as far as numbers are left."""
    whole = rest >= 2 * k.lanes
    with k.when(whole):
        k.store(both[0], at)
        k.store(both[1], at + VECTOR)
    with k.when(~whole):
        k.store_first(both[0], at, rest)
        k.store_first(both[1], at + VECTOR, rest - k.lanes)


def _vectors(k: KernelBuilder) -> Integer:
    """Return how many vectors the tiles of a row take."""
    return (k.argument("columns") + (k.lanes - 1)) // k.lanes
