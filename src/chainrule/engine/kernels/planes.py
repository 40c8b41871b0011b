"""Images in planes: samples into lanes, pooling, functions of each pixel, and what goes back.

Addresses are of the first pixel of a tile; strides are in bytes. A channel's rows and a row's
pixels are walked in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from chainrule.engine.language.emit import Kernel
from chainrule.engine.language.lanes import spread, together, transposed
from chainrule.engine.language.values import Integer, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.functions import Elementwise
from chainrule.mathematics import maximum

SIZES = ("channels", "rows", "columns")
GATHER = ("samples", "features", "y")
COPY = (*SIZES, "x", "x_channel", "x_row", "y", "y_channel", "y_row")
VALUE = COPY
TIMES = (*COPY, "mask", "mask_channel", "mask_row")
SLOPE = (
    *(
        *SIZES,
        "x",
        "x_channel",
        "x_row",
        "y",
        "y_channel",
        "y_row",
        "source",
        "source_channel",
        "source_row",
    ),
    *("gradient", "gradient_channel", "gradient_row"),
)
POOL = (
    *(*SIZES, "taps", "count", "x", "x_channel", "x_row", "x_column"),
    *("y", "y_channel", "y_row"),
)
UNPOOL = (*POOL, "dy", "dy_channel", "dy_row", "dx", "dx_channel", "dx_row", "dx_column")
UNPOOL_APART = (*UNPOOL, "map_x", "map_x_channel", "map_x_row", "map_x_column")


@contextmanager
def _pixels(k: Kernel) -> Iterator[tuple[Integer, Integer, Integer]]:
    with (
        k.loop(0, k.argument("channels")) as c,
        k.loop(0, k.argument("rows")) as i,
        k.loop(0, k.argument("columns")) as j,
    ):
        yield c, i, j


def _place(k: Kernel, name: str, c: Integer, i: Integer, j: Integer) -> Integer:
    """Return where a pixel of an argument is."""
    column = k.argument(f"{name}_column") if f"{name}_column" in k.fields else VECTOR
    rows = c * k.argument(f"{name}_channel") + i * k.argument(f"{name}_row")
    return k.argument(name) + rows + j * column


def gather(name: str, dtype: Any) -> ir.Module:
    """Samples, at the addresses in a table, become lanes: (features) of each, (features, lanes)."""
    k = Kernel(name, dtype, GATHER)
    features, lanes, item = k.argument("features"), k.lanes, k.dtype.itemsize
    starts = [k.load_integer(k.argument("samples") + lane * 8) for lane in range(lanes)]
    with k.loop(0, features // lanes) as block:
        rows = [k.load(start + block * VECTOR) for start in starts]
        for place, row in enumerate(transposed(rows)):
            k.store(row, k.argument("y") + (block * lanes + place) * VECTOR)
    with k.loop(features // lanes * lanes, features) as feature:
        numbers = [k.load_number(start + feature * item) for start in starts]
        k.store(together(numbers), k.argument("y") + feature * VECTOR)
    return k.finish().module


def copy(name: str, dtype: Any) -> ir.Module:
    """Y = X, from planes to others with other margins."""
    k = Kernel(name, dtype, COPY)
    with _pixels(k) as at:
        k.store(k.load(_place(k, "x", *at)), _place(k, "y", *at))
    return k.finish().module


def times(name: str, dtype: Any) -> ir.Module:
    """Y = X times a mask; Y may be X."""
    k = Kernel(name, dtype, TIMES)
    with _pixels(k) as at:
        masked = k.load(_place(k, "x", *at)) * k.load(_place(k, "mask", *at))
        k.store(masked, _place(k, "y", *at))
    return k.finish().module


def zero(name: str, dtype: Any) -> ir.Module:
    """Y = 0."""
    k = Kernel(name, dtype, COPY)
    with _pixels(k) as at:
        k.store(k.constant(0.0), _place(k, "y", *at))
    return k.finish().module


def value(name: str, dtype: Any, function: Elementwise) -> ir.Module:
    """Y = value(X)."""
    k = Kernel(name, dtype, VALUE)
    with _pixels(k) as at:
        k.store(function.value(k.load(_place(k, "x", *at))), _place(k, "y", *at))
    return k.finish().module


def slope(name: str, dtype: Any, function: Elementwise, reads: frozenset[str]) -> ir.Module:
    """The gradient is a source, which may be itself, times derivative(x, y)."""
    k = Kernel(name, dtype, SLOPE)
    with _pixels(k) as at:
        y = k.load(_place(k, "y", *at)) if "y" in reads else k.constant(0.0)
        x = k.load(_place(k, "x", *at)) if "x" in reads else y
        source = k.load(_place(k, "source", *at))
        k.store(source * function.derivative(x, y), _place(k, "gradient", *at))
    return k.finish().module


def max_pool(name: str, dtype: Any) -> ir.Module:
    """Y is the largest pixel of each window; ``taps`` are a window's offsets from its first."""
    k = Kernel(name, dtype, POOL)
    with _pixels(k) as at:
        window = _place(k, "x", *at)
        first = k.load(window + k.load_integer(k.argument("taps")))
        with k.loop(1, k.argument("count"), carry=[first]) as turn:
            offset = k.load_integer(k.argument("taps") + turn.index * 8)
            turn.following = [maximum(turn.carried[0], k.load(window + offset))]
        k.store(turn.carried[0], _place(k, "y", *at))
    return k.finish().module


def max_unpool(name: str, dtype: Any) -> ir.Module:
    """Each window's gradient goes to the first of its largest pixels, on top of what is there."""
    k = Kernel(name, dtype, UNPOOL)
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
    return k.finish().module


def average_pool(name: str, dtype: Any) -> ir.Module:
    """Y is the mean of each window."""
    k = Kernel(name, dtype, POOL)
    number = spread(k.to_number(k.argument("count")))
    with _pixels(k) as at:
        window = _place(k, "x", *at)
        with k.loop(0, k.argument("count"), carry=[k.constant(0.0)]) as turn:
            offset = k.load_integer(k.argument("taps") + turn.index * 8)
            turn.following = [turn.carried[0] + k.load(window + offset)]
        k.store(turn.carried[0] / number, _place(k, "y", *at))
    return k.finish().module


def average_unpool(name: str, dtype: Any) -> ir.Module:
    """Each window's gradient goes to its pixels in equal parts, on top of what is there."""
    k = Kernel(name, dtype, UNPOOL)
    number = spread(k.to_number(k.argument("count")))
    with _pixels(k) as at:
        target = _place(k, "dx", *at)
        part = k.load(_place(k, "dy", *at)) / number
        with k.loop(0, k.argument("count")) as tap:
            to = target + k.load_integer(k.argument("taps") + tap * 16 + 8)
            k.store(k.load(to) + part, to)
    return k.finish().module


def unpool_apart(
    name: str, dtype: Any, *, largest: bool, function: Elementwise | None, reads: frozenset[str]
) -> ir.Module:
    """What goes back to pixels that at most one window sees, times derivative(x, y) of a map.

    The pixels that a window sees are that map's y. ``taps`` has three offsets: of a pixel, of its
    gradient and of the map's x.
    """
    k = Kernel(name, dtype, UNPOOL_APART)
    number, zeros = spread(k.to_number(k.argument("count"))), k.constant(0.0)
    with _pixels(k) as at:
        window, target, before = (_place(k, argument, *at) for argument in ("x", "dx", "map_x"))
        z, dy = k.load(_place(k, "y", *at)), k.load(_place(k, "dy", *at))
        start = dy if largest else dy / number
        with k.loop(0, k.argument("count"), carry=[start]) as turn:
            tap, rest = k.argument("taps") + turn.index * 24, turn.carried[0]
            y, part, turn.following = k.load(window + k.load_integer(tap)), rest, [rest]
            if largest:
                hit = y.compare("==", z)
                part, turn.following = select(hit, rest, zeros), [select(hit, zeros, rest)]
            if function is not None:
                x = k.load(before + k.load_integer(tap + 16)) if "x" in reads else y
                part = part * function.derivative(x, y)
            k.store(part, target + k.load_integer(tap + 8))
    return k.finish().module
