"""Matrices of float32 rounded to bfloat16 and put into blocks, as products of these read them.

A matrix M (n, f) lies in panels, or its rows are samples at addresses of their own. In a product it
has one or two of four roles:

    across            A = M      k are features    samples, activations, gradients
    down, as rows     A = Mᵀ     k are rows        samples, activations
    down, as columns  B = M      k are rows        gradients, weights
    back              B = Mᵀ     k are features    weights

A block of Mᵀ in one role is the transpose of a block of M in the other, in words of two numbers.
All that are wanted are made at once. Beyond the last k lie zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chainrule.engine.kernels.rounding import ROUND
from chainrule.engine.language.bfloat16 import nearest, pair_words, side_by_side, store_upper
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import transposed
from chainrule.engine.language.values import Integer, Vector, least
from chainrule.engine.machine.blocks import BLOCK
from chainrule.engine.machine.matrix_tiles import DEPTH, TILE_ROWS
from chainrule.engine.machine.memory import VECTOR

WEIGHTS = fields("first last begin rows features x x_stride down down_stride back back_stride")


@kernel(*ROUND, "begin")
def pack(k: KernelBuilder, *, gathered: bool, across: bool, down: str, high: int) -> None:
    """Rows from one on that begins a block, and panels from the first to before the last.

    ``down`` is "rows", "columns" or nothing. Rows are taken ``high`` at once: 32, or 16 where they
    begin or end in the middle of a block down.
    """
    scratch = k.allocate(high)
    for n, panel, count in _each(k, high, 1):

        def store(r: Integer, numbers: Vector, n: Integer = n, panel: Integer = panel) -> None:
            if across:
                _store_half_row(k, numbers, n + r, panel)

        _round(k, (n, panel, count), scratch, high, gathered=gathered, store=store)
        to = k.argument("down") + panel * k.argument("down_stride")
        if down == "rows":
            _store_features(k, _words(k, scratch, high), to, n)
        elif down:
            _store_pairs(k, _words(k, scratch, high), to, n)


@kernel(*WEIGHTS)
def pack_weights(k: KernelBuilder, *, back: bool) -> None:
    """W down, as columns, and back, if that is wanted; rows begin a block, the first is even."""
    scratch, side = k.allocate(2 * TILE_ROWS), TILE_ROWS * VECTOR
    for n, panel, count in _each(k, TILE_ROWS, 2):
        width = least(k.argument("last") - panel, 2)
        with k.loop(0, width) as j:
            own = scratch + j * side
            _round(k, (n, panel + j, count), own, TILE_ROWS, gathered=False)
            to = k.argument("down") + (panel + j) * k.argument("down_stride")
            _store_pairs(k, _words(k, own, TILE_ROWS), to, n)
        if back:
            with k.loop(width, 2) as j, k.loop(0, TILE_ROWS) as r:
                k.store(k.constant(0.0), scratch + j * side + r * VECTOR)
            row = k.argument("back") + _row(k, n) // TILE_ROWS * k.argument("back_stride")
            for r, vector in enumerate(transposed(_pairs_along(k, scratch))):
                k.store(vector, row + (panel // 2) * BLOCK + r * VECTOR)


def _each(
    k: KernelBuilder, high: int, panels: int
) -> Iterator[tuple[Integer, Integer, Integer]]:
    """Walk over blocks of rows and some panels: the first of each, and how many rows."""
    rows, first, last = (k.argument(name) for name in ("rows", "first", "last"))
    with k.loop(0, rows, high) as n, k.loop(first, last, panels) as panel:
        yield n, panel, least(rows - n, high)


def _round(
    k: KernelBuilder,
    place: tuple[Integer, Integer, Integer],
    scratch: Integer,
    high: int,
    *,
    gathered: bool,
    store: Callable[[Integer, Vector], None] | None = None,
) -> None:
    """Put rows of a panel, rounded, into scratch; zeros beyond the last row and feature."""
    n, panel, count = place
    inside = k.argument("features") - panel * k.lanes
    with k.loop(0, count) as r:
        if gathered:
            at = k.load_integer(k.argument("samples") + (n + r) * 8) + panel * VECTOR
        else:
            at = k.argument("x") + panel * k.argument("x_stride") + (n + r) * VECTOR
        numbers = nearest(k, k.load_first(at, inside))
        k.store(numbers, scratch + r * VECTOR)
        if store:
            store(r, numbers)
    with k.loop(count, high) as r:
        k.store(k.constant(0.0), scratch + r * VECTOR)


def _row(k: KernelBuilder, row: Integer) -> Integer:
    return k.argument("begin") + row


def _store_half_row(k: KernelBuilder, numbers: Vector, row: Integer, panel: Integer) -> None:
    """Put the numbers of a row into its block across, that of two panels."""
    row = _row(k, row)
    to = k.argument("across") + (row // TILE_ROWS) * k.argument("across_stride")
    to = to + (panel // 2) * BLOCK + (row % TILE_ROWS) * VECTOR
    store_upper(k, numbers, to + (panel % 2) * (VECTOR // 2))


def _store_pairs(
    k: KernelBuilder, words: Sequence[Vector], panel: Integer, row: Integer
) -> None:
    """Put pairs of rows into a panel's blocks as they are: k are rows, and panels columns."""
    to = panel + _row(k, row) * (VECTOR // 2)
    for pair, vector in enumerate(words):
        k.store(vector, to + pair * VECTOR)


def _store_features(
    k: KernelBuilder, words: Sequence[Vector], panel: Integer, row: Integer
) -> None:
    """Put pairs of rows into a panel's blocks feature by feature: k are rows, and rows features."""
    row = _row(k, row)
    to = panel + (row // DEPTH) * BLOCK + (row % DEPTH) * 2
    whole = [*words, *[k.constant(0.0)] * (k.lanes - len(words))]
    for feature, vector in enumerate(transposed(whole)):
        if len(words) == k.lanes:
            k.store(vector, to + feature * VECTOR)
        else:
            k.store_first(vector, to + feature * VECTOR, k.integer(len(words)))


def _words(k: KernelBuilder, scratch: Integer, high: int) -> list[Vector]:
    """Return pairs of the rows in scratch."""
    rows = [k.load(scratch + r * VECTOR) for r in range(high)]
    return [pair_words(*rows[r : r + 2]) for r in range(0, high, 2)]


def _pairs_along(k: KernelBuilder, scratch: Integer) -> list[Vector]:
    """Return 16 rows of two panels, the features of each side by side, as words."""
    panels = [scratch, scratch + TILE_ROWS * VECTOR]
    return [
        side_by_side(*(k.load(panel + r * VECTOR) for panel in panels)) for r in range(TILE_ROWS)
    ]
