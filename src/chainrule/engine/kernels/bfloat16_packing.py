"""Matrices of float32 rounded to bfloat16 and put into blocks, as products of these read them.

A matrix M (n, f) lies in panels, or its rows are samples at addresses of their own. In a product it
has one or two of four roles:

    across            A = M      k are features    samples, activations, gradients
    down, as rows     A = Mᵀ     k are rows        samples, activations
    down, as columns  B = M      k are rows        gradients, weights
    back              B = Mᵀ     k are features    weights

A block of Mᵀ in one role is the transpose of a block of M in the other, in words of two numbers.
All that are wanted are made at once of 32 rows of a panel, or of two. Beyond the last k lie zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.halves import nearest, pair_words, side_by_side, store_halves
from chainrule.engine.language.lanes import transposed
from chainrule.engine.language.values import Integer, Vector, least
from chainrule.engine.machine.blocks import BLOCK
from chainrule.engine.machine.matrix_tiles import DEPTH, TILE_ROWS
from chainrule.engine.machine.memory import VECTOR

PACK = fields("first last rows features samples x x_stride across across_stride down down_stride")
WEIGHTS = fields("first last rows features x x_stride down down_stride back back_stride")


@kernel(*PACK)
def pack(k: KernelBuilder, *, gathered: bool, across: bool, down: str) -> None:
    """Rows, and panels from the first to before the last; down is "", "rows" or "columns"."""
    scratch = k.allocate(DEPTH)
    for n, panel, count in _each(k, 1):

        def store(r: Integer, numbers: Vector, n: Integer = n, panel: Integer = panel) -> None:
            if across:
                _store_half_row(k, numbers, n + r, panel)

        _round(k, n, panel, count, scratch, gathered=gathered, store=store)
        if down:
            words = _words(k, scratch)
            to = k.argument("down") + panel * k.argument("down_stride") + (n // DEPTH) * BLOCK
            _store_block(k, transposed(words) if down == "rows" else words, to)


@kernel(*WEIGHTS)
def pack_weights(k: KernelBuilder, *, back: bool) -> None:
    """W down, as columns, and back, if that is wanted; the first panel is even."""
    scratch = k.allocate(2 * DEPTH)
    for n, panel, count in _each(k, 2):
        width = least(k.argument("last") - panel, 2)
        with k.loop(0, width) as j:
            own = scratch + j * (DEPTH * VECTOR)
            _round(k, n, panel + j, count, own, gathered=False)
            to = k.argument("down") + (panel + j) * k.argument("down_stride")
            _store_block(k, _words(k, own), to + (n // DEPTH) * BLOCK)
        if back:
            with k.loop(width, 2) as j, k.loop(0, DEPTH) as r:
                k.store(k.constant(0.0), scratch + j * (DEPTH * VECTOR) + r * VECTOR)
            with k.loop(0, _up(count, TILE_ROWS)) as part:
                to = k.argument("back") + (n // TILE_ROWS + part) * k.argument("back_stride")
                words = _pairs_along(k, scratch + part * (TILE_ROWS * VECTOR))
                _store_block(k, transposed(words), to + (panel // 2) * BLOCK)


def _each(k: KernelBuilder, panels: int) -> Iterator[tuple[Integer, Integer, Integer]]:
    """Walk over blocks of 32 rows and some panels: the first of each, and how many rows."""
    rows, first, last = (k.argument(name) for name in ("rows", "first", "last"))
    with k.loop(0, rows, DEPTH) as n, k.loop(first, last, panels) as panel:
        yield n, panel, least(rows - n, DEPTH)


def _round(
    k: KernelBuilder,
    n: Integer,
    panel: Integer,
    count: Integer,
    scratch: Integer,
    *,
    gathered: bool,
    store: Callable[[Integer, Vector], None] | None = None,
) -> None:
    """Put 32 rows of a panel, rounded, into scratch; zeros beyond the last row and feature."""
    inside = k.argument("features") - panel * k.lanes
    with k.loop(0, count) as r:
        if gathered:
            at = k.load_integer(k.argument("samples") + (n + r) * 8) + panel * VECTOR
        else:
            at = k.argument("x") + panel * k.argument("x_stride") + (n + r) * VECTOR
        numbers = nearest(k.load_first(at, inside))
        k.store(numbers, scratch + r * VECTOR)
        if store:
            store(r, numbers)
    with k.loop(count, DEPTH) as r:
        k.store(k.constant(0.0), scratch + r * VECTOR)


def _store_half_row(k: KernelBuilder, numbers: Vector, row: Integer, panel: Integer) -> None:
    to = k.argument("across") + (row // TILE_ROWS) * k.argument("across_stride")
    to = to + (panel // 2) * BLOCK + (row % TILE_ROWS) * VECTOR
    store_halves(k, numbers, to + (panel % 2) * (VECTOR // 2))


def _words(k: KernelBuilder, scratch: Integer) -> list[Vector]:
    """Return pairs of the 32 rows in scratch."""
    rows = [k.load(scratch + r * VECTOR) for r in range(DEPTH)]
    return [pair_words(*rows[r : r + 2]) for r in range(0, DEPTH, 2)]


def _pairs_along(k: KernelBuilder, scratch: Integer) -> list[Vector]:
    """Return 16 rows of two panels, the features of each side by side, as words."""
    panels = [scratch, scratch + DEPTH * VECTOR]
    return [
        side_by_side(*(k.load(panel + r * VECTOR) for panel in panels)) for r in range(TILE_ROWS)
    ]


def _store_block(k: KernelBuilder, vectors: Sequence[Vector], to: Integer) -> None:
    for r, vector in enumerate(vectors):
        k.store(vector, to + r * VECTOR)


def _up(count: Integer, size: int) -> Integer:
    return (count + (size - 1)) // size
