"""What lines of index notation are made of, beside products in tiles.

Lanes are samples, so numbers of samples are vectors, and a parameter's number is the same in all
lanes. Where elements are is told by tables of byte offsets, for any order of axes:

    Y[rows[m].y] = Σ_k Π_f X_f[rows[m].f + taps[k].f]

Of sampled results there is a vector for each tile of samples; those without samples are summed
over all lanes of all tiles, too, half with half at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engine.language.emit import KernelBuilder, epilogue, kernel
from chainrule.engine.language.lanes import reduce, spread, transposed
from chainrule.engine.language.values import Integer, Vector, fma
from chainrule.engine.machine.memory import VECTOR
from chainrule.engine.network.contraction import MOST_FACTORS

SAMPLED, PARAMETER = "v", "s"
"""Kinds of factors: a vector of numbers of samples, a single number."""

FACTORS = tuple(name for f in range(MOST_FACTORS) for name in (f"x{f}", f"x{f}_tile"))
PRODUCT = ("rows", "depth", "tiles", "places", "taps", "y", "y_tile", "scale", "plus", *FACTORS)
RESULTS = ("y", "row_offsets", "vector_stride", "scale", "columns", "plus", "plus_offsets")
TURN = ("count", "places", "source", "source_row", "target")

_AT_ONCE = (4, 1)
"""How many sums are made at the same time: each alone would wait for its own additions."""


@kernel(*PRODUCT)
def values(
    k: KernelBuilder, *, kinds: str, summed: bool, scaled: bool, adds: bool, plus: bool
) -> None:
    """Products of numbers of samples: a vector for each row and tile."""
    scale = spread(k.load_number(k.argument("scale"))) if scaled else None
    tile = k.argument("y_tile")
    for p, wide in k.pieces(k.argument("tiles"), _AT_ONCE):
        with k.loop(0, k.argument("rows")) as m:
            places = _places(k, 1 + len(kinds) + plus, m)
            factors = [_Factor(k, kind, f, places[1 + f], p) for f, kind in enumerate(kinds)]
            bias = spread(k.load_number(k.argument("plus") + places[-1])) if plus else None
            zeros = [k.constant(0.0)] * wide
            if summed:
                with k.loop(0, k.argument("depth"), carry=zeros) as turn:
                    _load(k, factors, turn.index)
                    turn.following = [_added(factors, j, turn.carried[j]) for j in range(wide)]
                results = list(turn.carried)
            else:
                _load(k, factors, None)
                results = [_product(factors, j) for j in range(wide)]
            for j, result in enumerate(results):
                to = k.argument("y") + places[0] + (p + j) * tile
                result = result if scale is None else result * scale
                result = result if bias is None else result + bias
                k.store(k.load(to) + result if adds else result, to)


@kernel(*PRODUCT)
def sums(k: KernelBuilder, *, kinds: str, adds: bool) -> None:
    """Products summed over samples: a number for each row."""
    scale = k.load_number(k.argument("scale"))
    for m, high in k.pieces(k.argument("rows"), _AT_ONCE):
        places = [_places(k, 1 + len(kinds), m + i) for i in range(high)]
        zeros = [k.constant(0.0)] * high
        with k.loop(0, k.argument("tiles"), carry=zeros) as tiles:
            rows = [
                [_Factor(k, kind, f, place[1 + f], tiles.index) for f, kind in enumerate(kinds)]
                for place in places
            ]
            with k.loop(0, k.argument("depth"), carry=tiles.carried) as turn:
                following = []
                for i, factors in enumerate(rows):
                    _load(k, factors, turn.index)
                    following.append(_added(factors, 0, turn.carried[i]))
                turn.following = following
            tiles.following = list(turn.carried)
        for place, total in zip(places, tiles.carried, strict=True):
            to = k.argument("y") + place[0]
            number = reduce(total, lambda a, b: a + b) * scale
            k.store_number(k.load_number(to) + number if adds else number, to)


class _Factor:
    """A factor of a row's product: where it is, and its numbers once they are loaded."""

    def __init__(
        self, k: KernelBuilder, kind: str, number: int, place: Integer, tile: Integer
    ) -> None:
        self.kernel, self.kind, self.number = k, kind, number
        self.stride = k.argument(f"x{number}_tile")
        self.at = k.argument(f"x{number}") + place
        if kind == SAMPLED:
            self.at = self.at + tile * self.stride
        self.now = self.at
        self.single: Vector | None = None

    def load(self, offset: Integer | None) -> None:
        """Go to a tap; a parameter's number is read once for all tiles."""
        self.now = self.at if offset is None else self.at + offset
        if self.kind == PARAMETER:
            self.single = spread(self.kernel.load_number(self.now))

    def vector(self, tile: int) -> Vector:
        """Return the numbers of a tile's samples."""
        if self.single is not None:
            return self.single
        return self.kernel.load(self.now + self.stride * tile)


def _places(k: KernelBuilder, columns: int, row: Integer) -> list[Integer]:
    """Return the offsets of a row: of the result, of each factor, and of what is added."""
    at = k.argument("places") + row * (8 * columns)
    return [k.load_integer(at + 8 * column) for column in range(columns)]


def _load(k: KernelBuilder, factors: Sequence[_Factor], index: Integer | None) -> None:
    for factor in factors:
        offset = None
        if index is not None:
            tap = k.argument("taps") + index * (8 * len(factors))
            offset = k.load_integer(tap + 8 * factor.number)
        factor.load(offset)


def _product(factors: Sequence[_Factor], tile: int) -> Vector:
    product = factors[0].vector(tile)
    for factor in factors[1:]:
        product = product * factor.vector(tile)
    return product


def _added(factors: Sequence[_Factor], tile: int, total: Vector) -> Vector:
    *others, last = factors
    if not others:
        return total + last.vector(tile)
    return fma(_product(others, tile), last.vector(tile), total)


@epilogue(*RESULTS)
def results(k: KernelBuilder, *, scaled: bool, adds: bool, columns: bool, plus: bool) -> None:
    """Epilogue of a tiled product: rows of the results lie where a table says.

    With ``columns`` there are only so many, and what lies behind the last one stays as it is.
    """
    scratch, m, p, high, wide = k.extra
    scale = spread(k.load_number(k.argument("scale"))) if scaled else None
    with k.loop(0, high) as i:
        row = k.argument("y") + k.load_integer(k.argument("row_offsets") + (m + i) * 8)
        bias = None
        if plus:
            place = k.load_integer(k.argument("plus_offsets") + (m + i) * 8)
            bias = spread(k.load_number(k.argument("plus") + place))
        with k.loop(0, wide) as j:
            to = row + (p + j) * k.argument("vector_stride")
            result = k.load_scratch(scratch + (i * wide + j) * k.wide)
            result = result if scale is None else result * scale
            result = result if bias is None else result + bias
            result = k.load(to) + result if adds else result
            if columns:
                k.store_first(result, to, k.argument("columns") - (p + j) * k.lanes)
            else:
                k.store(result, to)


@kernel(*TURN)
def turn(k: KernelBuilder) -> None:
    """Square blocks transposed, each from an offset to an offset; rows of the source lie apart."""
    with k.loop(0, k.argument("count")) as block:
        place = k.argument("places") + block * 16
        source = k.argument("source") + k.load_integer(place)
        target = k.argument("target") + k.load_integer(place + 8)
        rows = [k.load(source + k.argument("source_row") * r) for r in range(k.lanes)]
        for r, row in enumerate(transposed(rows)):
            k.store(row, target + r * VECTOR)
