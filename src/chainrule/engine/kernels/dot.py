"""The product whose sums run along lanes too: gradients of filters, whose lanes are samples.

    Y[m,q] = Σ_k Σ_lanes A[rows[m] + taps[k].a] · X[columns[q] + taps[k].x]

Each lane is a chain of fused multiply-adds in the order of k; at the end lanes are added up, half
with half. Tiles are walked over in an order in which what they read stays in the first cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from chainrule.engine.kernels import tiles
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.lanes import lane_sums
from chainrule.engine.language.values import Integer, Vector, fma, least
from chainrule.engine.machine.memory import VECTOR

_SUMS = ("rows", "columns", "depth", "a", "row_offsets", "x", "column_offsets")

TURNS = 80
"""Turns after which a long sum goes on in the next columns: 30 KB of A, so that it is read once."""
TILES = 8
"""Tiles side by side whose partial sums are kept in scratch."""


@kernel(*_SUMS, "taps", "y", "y_row")
def dot(k: KernelBuilder) -> None:
    """Products summed along lanes, of any depth: a function for each tile adds to partial sums.

    Some rows of A are at hand for a number of turns, while columns change.
    """
    row_sizes, column_sizes = k.target.dot_tile
    tile = {size: _part(k, *size) for size in product(row_sizes, column_sizes)}
    end = _end(k)
    scratch = k.allocate(TILES * row_sizes[0] * column_sizes[0] + k.lanes)
    cuts = (k.argument("depth") + (TURNS - 1)) // TURNS
    turns = (k.argument("depth") + cuts - 1) // cuts
    for m, high in _alike(k, k.argument("rows"), row_sizes):
        for first, columns in _blocks(k, TILES * column_sizes[0]):
            with k.loop(0, columns * high) as place:
                k.store_scratch(k.constant(0.0), scratch + place * k.wide)
            with k.loop(0, k.argument("depth"), turns) as start:
                taps = k.argument("taps") + start * 16
                depth = least(k.argument("depth") - start, turns)
                for q, wide in k.pieces(columns, column_sizes):
                    at = scratch + q * (high * k.wide)
                    k.call_inner(tile[high, wide], m, first + q, taps, depth, at)
            for q, wide in k.pieces(columns, column_sizes):
                at = scratch + q * (high * k.wide)
                k.call_inner(end, m, first + q, k.integer(high), k.integer(wide), at)


@kernel(*_SUMS, "y")
def added(k: KernelBuilder) -> None:
    """Such products, of few turns, added to what Y has; taps are a vector apart.

    Y lies tile by tile: :func:`places` says how.
    """
    row_sizes, column_sizes = k.target.added_tile
    tile = tiles.functions(k, product(row_sizes, column_sizes), _whole, _add)
    in_block = (k.integer(TURNS) // k.argument("depth") + 1) * column_sizes[0]  # 32 KB or less
    for first, columns in _blocks(k, in_block):
        for m, high in k.pieces(k.argument("rows"), row_sizes):
            for q, wide in k.pieces(columns, column_sizes):
                k.call_inner(tile[high, wide], m, first + q)


def places(rows: int, columns: int, sizes: tiles.Sizes) -> list[list[int]]:
    """Return where Y[m,q] lies, as a number of elements: one tile behind the other."""
    found = [[0] * columns for _ in range(rows)]
    for m, high in _pieces(rows, sizes[0]):
        for q, wide in _pieces(columns, sizes[1]):
            for i in range(high):
                for j in range(wide):
                    found[m + i][q + j] = m * columns + high * q + i * wide + j
    return found


def _pieces(count: int, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return what KernelBuilder.pieces yields: first and size of each piece."""
    pieces, at = [], 0
    for size in sizes:
        while count - at >= size:
            pieces.append((at, size))
            at += size
    return pieces


def _alike(
    k: KernelBuilder, count: Integer, sizes: Sequence[int]
) -> Iterator[tuple[Integer, int]]:
    """Yield first and size of as few pieces as can be, as large as each other or by one larger.

    The sizes are all from the largest down to 1; the body is emitted once for each.
    """
    pieces, at = (count + (sizes[0] - 1)) // sizes[0], k.integer(0)
    least_size, larger = count // pieces, count % pieces
    for size in sizes:
        as_large = least_size.equals(size).as_integer() * (pieces - larger)
        many = as_large + (least_size + 1).equals(size).as_integer() * larger
        with k.loop(0, many) as piece:
            yield at + piece * size, size
        at = at + many * size


def _blocks(k: KernelBuilder, size: Integer | int) -> Iterator[tuple[Integer, Integer]]:
    """Yield the first column and the columns of each block; the body is emitted once."""
    columns = k.argument("columns")
    with k.loop(0, columns, size) as first:
        yield first, least(columns - first, size)


def _part(k: KernelBuilder, high: int, wide: int) -> KernelBuilder:
    """Emit the function (arguments, row, column, taps, depth, sums): some turns of a tile."""
    name = f"tile_{high}x{wide}"
    tile = KernelBuilder(name, k.format, k.fields, module=k.module, extra=5, inner=True)
    m, q, taps, depth, scratch = tile.extra
    turn = _Turn(tile, m, high, q, wide)
    places = [scratch + place * tile.wide for place in range(high * wide)]
    before = [tile.load_scratch(place) for place in places]
    with tile.loop(taps, taps + depth * 16, 16, carry=before) as loop:
        from_a, from_x = tile.load_integer(loop.index), tile.load_integer(loop.index + 8)
        loop.following = turn.sums(loop.carried, from_a, from_x)
    for total, place in zip(loop.carried, places, strict=True):
        tile.store_scratch(total, place)
    return tile.finish()


def _whole(k: KernelBuilder, high: int, wide: int) -> Sequence[Vector]:
    """Return all sums of a tile, whose operands lie vector by vector."""
    m, q = k.extra
    turn, zeros = _Turn(k, m, high, q, wide), [k.constant(0.0)] * (high * wide)
    with k.loop(0, k.argument("depth") * VECTOR, VECTOR, carry=zeros) as loop:
        loop.following = turn.sums(loop.carried, loop.index, loop.index)
    return list(loop.carried)


class _Turn:
    """A turn of a tile: where its rows and columns are, and what is added to its sums."""

    def __init__(self, k: KernelBuilder, m: Integer, high: int, q: Integer, wide: int) -> None:
        self.k = k
        self.rows = self._starts("a", "row_offsets", m, high)
        self.columns = self._starts("x", "column_offsets", q, wide)

    def _starts(self, name: str, offsets: str, first: Integer, count: int) -> list[Integer]:
        k = self.k
        table = k.argument(offsets) + first * 8
        return [k.argument(name) + k.load_integer(table + i * 8) for i in range(count)]

    def sums(self, before: Sequence[Vector], from_a: Integer, from_x: Integer) -> list[Vector]:
        """Return the sums, row by row, that go on from those before."""
        left = [self.k.load(row + from_a) for row in self.rows]
        right = [self.k.load(column + from_x) for column in self.columns]
        pairs = zip(product(left, right), before, strict=True)
        return [fma(x, y, total) for (x, y), total in pairs]


def _end(k: KernelBuilder) -> KernelBuilder:
    """Emit the function (arguments, row, column, rows, columns, sums) that stores a tile's sums."""
    end = KernelBuilder("end", k.format, k.fields, module=k.module, extra=5, inner=True)
    m, q, high, wide, scratch = end.extra
    with end.loop(0, high * wide, end.lanes) as first:
        vectors = [scratch + (first + place) * end.wide for place in range(end.lanes)]
        # Fewer bytes are written than were read.
        end.store(lane_sums([end.load_scratch(at) for at in vectors]), scratch + first * end.item)
    with end.loop(0, high) as i, end.loop(0, wide) as j:
        to = end.argument("y") + (m + i) * end.argument("y_row") + (q + j) * end.item
        end.store_number(end.load_number(scratch + (i * wide + j) * end.item), to)
    return end.finish()


def _add(k: KernelBuilder, totals: Sequence[Vector], high: int, wide: int) -> None:
    """Add the sums over lanes to a tile of Y, and zeros to what lies behind it."""
    m, q = k.extra
    to = k.argument("y") + (m * k.argument("columns") + q * high) * k.item
    for first in range(0, len(totals), k.lanes):
        sums, at = lane_sums(totals[first : first + k.lanes]), to + first * k.item
        k.store(k.load(at) + sums, at)
