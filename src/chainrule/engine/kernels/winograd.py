"""Convolutions of 3 × 3 taps by Winograd's minimal filtering: 16 products where there were 36.

A tile of 2 × 2 outputs sees 4 × 4 pixels d. With g the 3 × 3 taps,

    Y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A

so at each of the 4 × 4 points a sum over channels is a product of matrices. Tiles are numbered row
by row; of their values at a point, (channels, tiles), each is a vector of samples.

Source: Lavin & Gray, "Fast algorithms for convolutional neural networks", 2016
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

from chainrule.engine.kernels.derivatives import derivative
from chainrule.engine.language.emit import KernelBuilder, epilogue, fields, kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.values import Integer, Vector, fma
from chainrule.engine.machine.memory import VECTOR
from chainrule.engine.network.dependencies import derivative_reads
from chainrule.functions import Elementwise

Row = Sequence[Vector]
Transform = Callable[[Row], list[Vector]]

TILES = ("channels", "rows", "columns")
LINE = (*TILES, "x", "x_channel", "x_row", "second", "signs", "v", "v_channel", "v_point")
INPUTS = (*TILES, "x", "x_channel", "x_row", "v", "v_channel", "v_point")
_PIXELS = ("columns", "high", "wide")
OUTPUTS = (*_PIXELS, "bias", "z", "y", "y_channel", "y_row")
SLOPES = (*_PIXELS, *fields("x y y_channel y_row gradient gradient_channel gradient_row"))


def _filter(g: Row) -> list[Vector]:
    """G g: three taps at four points."""
    outer, middle = 0.5 * (g[0] + g[2]), 0.5 * g[1]
    return [g[0], outer + middle, outer - middle, g[2]]


def _input(d: Row) -> list[Vector]:
    """Bᵀ d: four pixels at four points."""
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]


def _output(m: Row) -> list[Vector]:
    """Aᵀ m: two outputs from four points."""
    return [(m[0] + m[1]) + m[2], (m[1] - m[2]) - m[3]]


def _gradient(y: Row) -> list[Vector]:
    """A y: two gradients at four points."""
    return [y[0], y[0] + y[1], y[0] - y[1], -y[1]]


def _filter_gradient(u: Row) -> list[Vector]:
    """Gᵀ u: four points' gradients at three taps."""
    both, apart = 0.5 * (u[1] + u[2]), 0.5 * (u[1] - u[2])
    return [u[0] + both, apart, both + u[3]]


def _twice(transform: Transform, square: Sequence[Row]) -> list[list[Vector]]:
    """Return T square Tᵀ."""
    columns = [transform(column) for column in zip(*square, strict=True)]
    return [transform(row) for row in zip(*columns, strict=True)]


def input_transform(d: Sequence[Row]) -> list[Vector]:
    """Return Bᵀ d B of 4 × 4 pixels, at all points."""
    return list(chain(*_twice(_input, d)))


def output_transform(m: Sequence[Row]) -> list[Vector]:
    """Return Aᵀ m A, 2 × 2 outputs, of 4 × 4 points."""
    return list(chain(*_twice(_output, m)))


@kernel("count", "w", "places", "u", "u_point")
def filters(k: KernelBuilder) -> None:
    """U = G g Gᵀ, one number at each point, for `count` pairs of an output and an input.

    ``places`` has where each pair's number lies among those of a point.
    """
    item = k.item
    with k.loop(0, k.argument("count")) as pair:
        w = k.argument("w") + pair * (9 * item)
        g = [[k.load_number(w + (3 * u + v) * item) for v in range(3)] for u in range(3)]
        u = k.argument("u") + k.load_integer(k.argument("places") + pair * 8)
        for point, value in enumerate(chain(*_twice(_filter, g))):
            k.store_number(value, u + k.argument("u_point") * point)


@kernel(*INPUTS)
def inputs(k: KernelBuilder) -> None:
    """V = Bᵀ d B of tiles whose 4 × 4 pixels overlap: two columns are the next tile's, too."""
    with k.loop(0, k.argument("channels")) as c, k.loop(0, k.argument("rows")) as i:
        x = k.argument("x") + c * k.argument("x_channel") + i * 2 * k.argument("x_row")
        v = k.argument("v") + c * k.argument("v_channel")
        v = v + i * k.argument("columns") * VECTOR
        _transform_row(k, x, v)


def _transform_row(k: KernelBuilder, x: Integer, v: Integer) -> None:
    """Emit V of a row of tiles."""

    def column(j: Integer) -> list[Vector]:
        at = x + j * VECTOR
        return _input([k.load(at + k.argument("x_row") * a) for a in range(4)])

    start = [*column(k.integer(0)), *column(k.integer(1))]
    with k.loop(0, k.argument("columns"), carry=start) as turn:
        j, known = turn.index, turn.carried
        third, fourth = column(j * 2 + 2), column(j * 2 + 3)
        for a, row in enumerate(zip(known[:4], known[4:], third, fourth, strict=True)):
            for b, value in enumerate(_input(row)):
                k.store(value, v + k.argument("v_point") * (4 * a + b) + j * VECTOR)
        turn.following = [*third, *fourth]


def _each_output(
    k: KernelBuilder, use: Callable[[Vector, Integer, Integer, Integer], None]
) -> None:
    """Emit use(Aᵀ M A, c, i, j) for an epilogue's pixels, as far as they are within the image."""
    scratch, first, tile, channels, tiles = k.extra
    high, wide = k.argument("high"), k.argument("wide")
    with k.loop(0, tiles) as t:
        row, column = (tile + t) // k.argument("columns"), (tile + t) % k.argument("columns")
        i, j = row * 2, column * 2
        with k.loop(0, channels) as o:
            at = scratch + (o * tiles + t) * k.wide
            step = channels * tiles * k.wide
            points = [k.load_scratch(at + step * point) for point in range(16)]
            outputs = output_transform([points[4 * a : 4 * a + 4] for a in range(4)])
            c = first + o
            use(outputs[0], c, i, j)
            with k.when(j + 1 < wide):
                use(outputs[1], c, i, j + 1)
            with k.when(i + 1 < high):
                use(outputs[2], c, i + 1, j)
                with k.when(j + 1 < wide):
                    use(outputs[3], c, i + 1, j + 1)


@epilogue(*OUTPUTS)
def outputs(k: KernelBuilder, function: Elementwise | None) -> None:
    """Z = Aᵀ M A + b, and Y = value(Z) where there is a function; then Z may be left out."""

    def use(sums: Vector, c: Integer, i: Integer, j: Integer) -> None:
        z = sums + spread(k.load_number(k.argument("bias") + c * k.item))
        place = c * k.argument("y_channel") + i * k.argument("y_row") + j * VECTOR
        if function is None or "x" in derivative_reads(function):
            k.store(z, k.argument("z") + place)
        if function is not None:
            k.store(function.value(z), k.argument("y") + place)

    _each_output(k, use)


@epilogue(*SLOPES)
def slopes(k: KernelBuilder, function: Elementwise | None) -> None:
    """The gradient is Aᵀ M A, times derivative(x, y) where there is a function."""

    def use(sums: Vector, c: Integer, i: Integer, j: Integer) -> None:
        place = c * k.argument("y_channel") + i * k.argument("y_row") + j * VECTOR
        if function is not None:
            x, y = (partial(k.load, k.argument(name) + place) for name in ("x", "y"))
            sums = sums * derivative(k, function, x, y)
        rows = c * k.argument("gradient_channel") + i * k.argument("gradient_row") + j * VECTOR
        k.store(sums, k.argument("gradient") + rows)

    _each_output(k, use)


@kernel(*LINE)
def input_line(k: KernelBuilder) -> None:
    """One line of four points of V = Bᵀ d B: two rows of pixels, added or subtracted, by columns.

    ``x`` is where the first of the rows begins, ``second`` the bytes to the other one.
    """
    _line(k, _input, pixels=4)


@kernel(*LINE)
def gradient_line(k: KernelBuilder) -> None:
    """One line of four points of A dY Aᵀ, of tiles of 2 × 2 windows."""
    _line(k, _gradient, pixels=2)


def _line(k: KernelBuilder, transform: Transform, *, pixels: int) -> None:
    """Transform a weighted sum of two rows; tiles are two pixels apart."""
    signs = [spread(k.load_number(k.argument("signs") + n * k.item)) for n in (0, 1)]
    with (
        k.loop(0, k.argument("channels")) as c,
        k.loop(0, k.argument("rows")) as i,
        k.loop(0, k.argument("columns")) as j,
    ):
        x = k.argument("x") + c * k.argument("x_channel") + i * 2 * k.argument("x_row")
        x = x + j * (2 * VECTOR)
        other = x + k.argument("second")
        row = [
            fma(signs[1], k.load(other + b * VECTOR), k.load(x + b * VECTOR) * signs[0])
            for b in range(pixels)
        ]
        v = k.argument("v") + c * k.argument("v_channel")
        v = v + (i * k.argument("columns") + j) * VECTOR
        for b, value in enumerate(transform(row)):
            k.store(value, v + k.argument("v_point") * b)


@kernel("count", "places", "tiles", "sums", "sums_tile", "sums_point", "w")
def filter_gradients(k: KernelBuilder) -> None:
    """Gradients Gᵀ dU G of some pairs of output and input, dU added up over tiles of images.

    ``places`` has where each pair's number lies among those of a point.
    """
    item = k.item
    with k.loop(0, k.argument("count")) as pair:
        at = k.argument("sums") + k.load_integer(k.argument("places") + pair * 8)
        points = [at + k.argument("sums_point") * point for point in range(16)]
        with k.loop(1, k.argument("tiles"), carry=[k.load_number(p) for p in points]) as turn:
            further = turn.index * k.argument("sums_tile")
            added = zip(turn.carried, points, strict=True)
            turn.following = [total + k.load_number(p + further) for total, p in added]
        u = [turn.carried[4 * a : 4 * a + 4] for a in range(4)]
        for tap, value in enumerate(chain(*_twice(_filter_gradient, u))):
            k.store_number(value, k.argument("w") + pair * (9 * item) + tap * item)
