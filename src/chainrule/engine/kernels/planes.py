"""Images in planes: samples into lanes, pooling, functions of each pixel, and what goes back.

Addresses are of the first pixel of a tile; strides are in bytes. A channel's rows and a row's
pixels are walked in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from chainrule.engine.kernels.derivatives import derivative
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import spread, together, transposed
from chainrule.engine.language.values import Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.functions import Elementwise
from chainrule.mathematics import maximum

SIZES = ("channels", "rows", "columns")
COPY = (*SIZES, "x", "x_channel", "x_row", "y", "y_channel", "y_row")
VALUE = COPY
TIMES = (*COPY, "mask", "mask_channel", "mask_row")
SOURCE = ("source", "source_channel", "source_row")
GRADIENT = ("gradient", "gradient_channel", "gradient_row")
SLOPE = (*COPY, *SOURCE, *GRADIENT)
POOL = (*COPY, "taps", "count", "x_column")
UNPOOL = (*POOL, "dy", "dy_channel", "dy_row", "dx", "dx_channel", "dx_row", "dx_column")
BEFORE = fields("before_x before_x_channel before_x_row before_x_column")


@contextmanager
def _pixels(k: KernelBuilder) -> Iterator[tuple[Integer, Integer, Integer]]:
    with (
        k.loop(0, k.argument("channels")) as c,
        k.loop(0, k.argument("rows")) as i,
        k.loop(0, k.argument("columns")) as j,
    ):
        yield c, i, j


def _place(k: KernelBuilder, name: str, c: Integer, i: Integer, j: Integer) -> Integer:
    """Return where a pixel of an argument is."""
    column = k.argument(f"{name}_column") if f"{name}_column" in k.fields else VECTOR
    rows = c * k.argument(f"{name}_channel") + i * k.argument(f"{name}_row")
    return k.argument(name) + rows + j * column


@kernel("samples", "features", "y")
def gather(k: KernelBuilder) -> None:
    """Samples, at the addresses in a table, become lanes: (features) of each, (features, lanes)."""
    features, lanes, item = k.argument("features"), k.lanes, k.item
    starts = [k.load_integer(k.argument("samples") + lane * 8) for lane in range(lanes)]
    with k.loop(0, features // lanes) as block:
        rows = [k.load(start + block * VECTOR) for start in starts]
        for place, row in enumerate(transposed(rows)):
            k.store(row, k.argument("y") + (block * lanes + place) * VECTOR)
    with k.loop(features // lanes * lanes, features) as feature:
        numbers = [k.load_number(start + feature * item) for start in starts]
        k.store(together(numbers), k.argument("y") + feature * VECTOR)


@kernel(*COPY)
def copy(k: KernelBuilder) -> None:
    """Y = X, from planes to others with other margins."""
    with _pixels(k) as at:
        k.store(k.load(_place(k, "x", *at)), _place(k, "y", *at))


@kernel(*TIMES)
def times(k: KernelBuilder) -> None:
    """Y = X times a mask; Y may be X."""
    with _pixels(k) as at:
        masked = k.load(_place(k, "x", *at)) * k.load(_place(k, "mask", *at))
        k.store(masked, _place(k, "y", *at))


@kernel(*COPY)
def zero(k: KernelBuilder) -> None:
    """Y = 0."""
    with _pixels(k) as at:
        k.store(k.constant(0.0), _place(k, "y", *at))


@kernel(*VALUE)
def value(k: KernelBuilder, function: Elementwise) -> None:
    """Y = value(X)."""
    with _pixels(k) as at:
        k.store(function.value(k.load(_place(k, "x", *at))), _place(k, "y", *at))


@kernel(*SLOPE)
def slope(k: KernelBuilder, function: Elementwise) -> None:
    """The gradient is a source, which may be itself, times derivative(x, y)."""
    with _pixels(k) as at:
        source = k.load(_place(k, "source", *at))
        x, y = (partial(k.load, _place(k, name, *at)) for name in ("x", "y"))
        k.store(source * derivative(k, function, x, y), _place(k, "gradient", *at))


@kernel(*POOL)
def max_pool(k: KernelBuilder) -> None:
    """Y is the largest pixel of each window; ``taps`` are a window's offsets from its first."""
    with _pixels(k) as at:
        window = _place(k, "x", *at)
        first = k.load(window + k.load_integer(k.argument("taps")))
        with k.loop(1, k.argument("count"), carry=[first]) as turn:
            offset = k.load_integer(k.argument("taps") + turn.index * 8)
            turn.following = [maximum(turn.carried[0], k.load(window + offset))]
        k.store(turn.carried[0], _place(k, "y", *at))


@kernel(*UNPOOL)
def max_unpool(k: KernelBuilder) -> None:
    """Each window's gradient goes to the first of its largest pixels, on top of what is there."""
    zeros = k.constant(0.0)
    with _pixels(k) as at:
        window, target = _place(k, "x", *at), _place(k, "dx", *at)
        y, dy = k.load(_place(k, "y", *at)), k.load(_place(k, "dy", *at))
        with k.loop(0, k.argument("count"), carry=[dy]) as turn:
            offset = k.load_integer(k.argument("taps") + turn.index * 16)
            to = target + k.load_integer(k.argument("taps") + turn.index * 16 + 8)
            rest = turn.carried[0]
            hit = k.load(window + offset).compare("==", y)
            k.store(k.load(to) + select(hit, rest, zeros), to)
            turn.following = [select(hit, zeros, rest)]


@kernel(*POOL)
def average_pool(k: KernelBuilder) -> None:
    """Y is the mean of each window."""
    number = spread(k.to_number(k.argument("count")))
    with _pixels(k) as at:
        window = _place(k, "x", *at)
        with k.loop(0, k.argument("count"), carry=[k.constant(0.0)]) as turn:
            offset = k.load_integer(k.argument("taps") + turn.index * 8)
            turn.following = [turn.carried[0] + k.load(window + offset)]
        k.store(turn.carried[0] / number, _place(k, "y", *at))


@kernel(*UNPOOL)
def average_unpool(k: KernelBuilder) -> None:
    """Each window's gradient goes to its pixels in equal parts, on top of what is there."""
    number = spread(k.to_number(k.argument("count")))
    with _pixels(k) as at:
        target = _place(k, "dx", *at)
        part = k.load(_place(k, "dy", *at)) / number
        with k.loop(0, k.argument("count")) as tap:
            to = target + k.load_integer(k.argument("taps") + tap * 16 + 8)
            k.store(k.load(to) + part, to)


def _same(value: Vector) -> Vector:
    return value


@kernel(*UNPOOL, *BEFORE)
def unpool_non_overlapping(
    k: KernelBuilder, *, largest: bool, function: Elementwise | None, unrolled: int = 0
) -> None:
    """What goes back to pixels that at most one window sees, times the derivative before.

    That is derivative(x, y) of the function that made the pixels, its y. ``taps`` has three
    offsets: of a pixel, of its gradient and of x. There are ``unrolled`` taps, or, if this is 0,
    as many as ``count`` says.
    """
    number, zeros = spread(k.to_number(k.argument("count"))), k.constant(0.0)

    def offsets(tap: Integer) -> list[Integer]:
        return [k.load_integer(k.argument("taps") + tap * 24 + part) for part in (0, 8, 16)]

    known = [offsets(k.integer(tap)) for tap in range(unrolled)]
    with _pixels(k) as at:
        window, target, before = (_place(k, argument, *at) for argument in ("x", "dx", "before_x"))
        z, dy = k.load(_place(k, "y", *at)), k.load(_place(k, "dy", *at))

        def give(rest: Vector, to_pixel: Integer, to_gradient: Integer, to_x: Integer) -> Vector:
            """Give a pixel its part; return what is left for those behind."""
            y, part = k.load(window + to_pixel), rest
            if largest:
                hit = y.compare("==", z)
                part, rest = select(hit, rest, zeros), select(hit, zeros, rest)
            if function is not None:
                x = partial(k.load, before + to_x)
                part = part * derivative(k, function, x, partial(_same, y))
            k.store(part, target + to_gradient)
            return rest

        rest = dy if largest else dy / number
        for tap in known:
            rest = give(rest, *tap)
        if not unrolled:
            with k.loop(0, k.argument("count"), carry=[rest]) as turn:
                turn.following = [give(turn.carried[0], *offsets(turn.index))]
