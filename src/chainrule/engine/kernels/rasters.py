"""Images of one sample, whose pixels run along lanes: copies, margins, pools, functions of pixels.

Addresses are of the first pixel; strides are in bytes. What lies behind a row's last pixel stays
as it is; it may be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import shuffle, spread, together
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.machine.memory import VECTOR
from chainrule.functions import Elementwise
from chainrule.mathematics import maximum

SIZES = ("channels", "rows", "columns")
COPY = (*SIZES, "x", "x_channel", "x_row", "y", "y_channel", "y_row")
STRIDED = (*COPY, "x_column", "address")
POOL = (*COPY, "x_column", "taps", "count")
FILL = fields("channels rows columns last number y y_channel y_row")

FEW = (1, 2)
"""Numbers from a column to the next for which there are kernels of their own."""


def stride_option(columns: int) -> int:
    """Return what option of kernels is for windows that are so many columns apart."""
    return columns if columns in FEW else 0


@contextmanager
def _rows(k: KernelBuilder) -> Iterator[tuple[Integer, Integer]]:
    with k.loop(0, k.argument("channels")) as c, k.loop(0, k.argument("rows")) as i:
        yield c, i


def _place(k: KernelBuilder, name: str, c: Integer, i: Integer) -> Integer:
    """Return where a row of an argument begins."""
    rows = c * k.argument(f"{name}_channel") + i * k.argument(f"{name}_row")
    return k.argument(name) + rows


def _along(
    k: KernelBuilder, count: Integer, use: Callable[[Integer, Integer | None], None]
) -> None:
    """Emit use(number of a vector, None) for all whole vectors, and with what is left of them."""
    vectors = count // k.lanes
    with k.loop(0, vectors) as v:
        use(v, None)
    rest = count - vectors * k.lanes
    with k.when(rest > 0):
        use(vectors, rest)


def _put(k: KernelBuilder, value: Vector, address: Integer, rest: Integer | None) -> None:
    if rest is None:
        k.store(value, address)
    else:
        k.store_first(value, address, rest)


def _strided(k: KernelBuilder, at: Integer, stride: int) -> Vector:
    """Return the numbers at every s-th place; a stride of 0 is the one in the arguments."""
    if stride == 1:
        return k.load(at)
    if stride == 2:
        return _every_second(k.load(at), k.load(at + VECTOR))
    step = k.argument("x_column")
    return together([k.load_number(at + step * lane) for lane in range(k.lanes)])


def _every_second(first: Vector, second: Vector) -> Vector:
    return shuffle(first, second, range(0, 2 * first.body.lanes, 2))


def _strided_within(k: KernelBuilder, at: Integer, stride: int, count: Integer) -> Vector:
    """Return so many numbers at every first or second place; none behind the last is read."""
    if stride == 1:
        return k.load_first(at, count)
    numbers = count * 2 - 1
    pair = (k.load_first(at, numbers), k.load_first(at + VECTOR, numbers - k.lanes))
    return _every_second(*pair)


@kernel(*COPY)
def copy(k: KernelBuilder, function: Elementwise | None = None, *, sample: bool = False) -> None:
    """Y = X, or value(X); ``x`` of a sample is where its address stands. No more than X is read."""
    start = k.load_integer(k.argument("x")) if sample else k.argument("x")
    with _rows(k) as (c, i):
        x = start + c * k.argument("x_channel") + i * k.argument("x_row")
        y = _place(k, "y", c, i)

        def use(v: Integer, rest: Integer | None) -> None:
            at = x + v * VECTOR
            numbers = k.load(at) if rest is None else k.load_first(at, rest)
            _put(k, numbers if function is None else function.value(numbers), y + v * VECTOR, rest)

        _along(k, k.argument("columns"), use)


@kernel(*STRIDED)
def every(k: KernelBuilder, *, stride: int, sample: bool) -> None:
    """Y is every s-th pixel of X's rows.

    Of a sample ``x`` is how far the first lies from where ``address`` says that the sample is; no
    more than the sample is read.
    """
    with _rows(k) as at:
        x, y = (_place(k, name, *at) for name in ("x", "y"))
        if sample:
            x = x + k.load_integer(k.argument("address"))
        step = k.argument("x_column") * k.lanes

        def use(v: Integer, rest: Integer | None) -> None:
            start = x + v * step
            numbers = (
                _strided_within(k, start, stride, k.integer(k.lanes) if rest is None else rest)
                if sample
                else _strided(k, start, stride)
            )
            _put(k, numbers, y + v * VECTOR, rest)

        _along(k, k.argument("columns"), use)


@kernel(*FILL)
def fill(k: KernelBuilder) -> None:
    """A number stands in some places behind each row, and in some more behind the last one."""
    number = spread(k.load_number(k.argument("number")))

    def run(start: Integer, count: Integer) -> None:
        _along(k, count, lambda v, rest: _put(k, number, start + v * VECTOR, rest))

    with k.loop(0, k.argument("channels")) as c:
        y = k.argument("y") + c * k.argument("y_channel")
        with k.loop(0, k.argument("rows")) as i:
            run(y + i * k.argument("y_row"), k.argument("columns"))
        run(y + k.argument("rows") * k.argument("y_row"), k.argument("last"))


def _each_window(
    k: KernelBuilder, stride: int, use: Callable[[Callable[[Integer], Vector]], Vector]
) -> None:
    """Store what is made of each window, given how its pixels are read by a tap's number."""
    step = k.argument("x_column") * k.lanes
    with _rows(k) as at:
        x, y = (_place(k, name, *at) for name in ("x", "y"))

        def windows(v: Integer, rest: Integer | None) -> None:
            def pixel(tap: Integer) -> Vector:
                offset = k.load_integer(k.argument("taps") + tap * 8)
                return _strided(k, x + v * step + offset, stride)

            _put(k, use(pixel), y + v * VECTOR, rest)

        _along(k, k.argument("columns"), windows)


@kernel(*POOL)
def max_pool(k: KernelBuilder, *, stride: int) -> None:
    """Y is the largest pixel of each window; ``taps`` are a window's offsets from its first."""

    def use(pixel: Callable[[Integer], Vector]) -> Vector:
        with k.loop(1, k.argument("count"), carry=[pixel(k.integer(0))]) as turn:
            turn.following = [maximum(turn.carried[0], pixel(turn.index))]
        largest: Vector = turn.carried[0]
        return largest

    _each_window(k, stride, use)


@kernel(*POOL)
def average_pool(k: KernelBuilder, *, stride: int) -> None:
    """Y is the mean of each window."""
    number = spread(k.to_number(k.argument("count")))

    def use(pixel: Callable[[Integer], Vector]) -> Vector:
        with k.loop(0, k.argument("count"), carry=[k.constant(0.0)]) as turn:
            turn.following = [turn.carried[0] + pixel(turn.index)]
        mean: Vector = turn.carried[0] / number
        return mean

    _each_window(k, stride, use)
