"""Each operation that kernels are made of, on drawn numbers: NaN, infinities, denormals, −0."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir

from chainrule.engine.kernels.library import library
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.formats import Format
from chainrule.engine.language.lanes import (
    count_lanes,
    lane_sums,
    reduce,
    spread,
    transposed,
)
from chainrule.engine.language.values import Condition, Vector, fma, intrinsic
from chainrule.engine.language.vector_mathematics import READER
from chainrule.engine.machine.memory import VECTOR, aligned
from chainrule.engine.planning.program import Instructions
from chainrule.engine.running.runner import Runner
from chainrule.random import Stream, words

FORMATS = (
    Format("float32", "float32"),
    Format("float64", "float64"),
    Format("float16", "float32"),
    Format("bfloat16", "float32"),
)
COUNT = 4096
"""Drawn numbers of each operand, beside the special ones."""

Operation = Callable[..., Any]

VOCABULARY = (
    *("exp", "expm1", "log", "log1p", "tanh", "sin", "cos"),
    *("erf", "erfc", "sqrt", "abs"),
)

ONE: dict[str, Operation] = {
    "-x": lambda x: -x,
    "1/x": lambda x: 1 / x,
    "x as 0 or 1": lambda x: (x > 0).as_vector(),
    "is NaN": lambda x: x.is_nan.as_vector(),
    "sum of lanes": lambda x: spread(reduce(x, lambda a, b: a + b)),
    "sums of lanes": lambda x: lane_sums([x * (lane + 1) for lane in range(x.body.lanes)]),
    "columns": lambda x: transposed([x + float(lane) for lane in range(x.body.lanes)])[1],
    "lanes above 0": lambda x: spread(x.body.to_number(count_lanes(x > 0))),
    **{
        name: getattr(READER, name)
        for name in VOCABULARY
    },
}
TWO: dict[str, Operation] = {
    "x + y": lambda x, y: x + y,
    "x − y": lambda x, y: x - y,
    "x · y": lambda x, y: x * y,
    "x / y": lambda x, y: x / y,
    "x·y + x": lambda x, y: fma(x, y, x),
    "x·y − y": lambda x, y: fma(x, y, -y),
    "sign of y": lambda x, y: intrinsic("copysign", x, y),
    "maximum": READER.maximum,
    "minimum": READER.minimum,
    "larger": lambda x, y: READER.where(x > y, x, y),
    "smaller": lambda x, y: READER.where(x <= y, x, y),
    "equal": lambda x, y: READER.equal(x, y).as_vector(),
    "neither": lambda x, y: Condition.__invert__((x < y) | (x >= y)).as_vector(),
}


@kernel("count", "x", "y", "z")
def applied(k: KernelBuilder, name: str) -> None:
    """Z = operation(X, Y), vector by vector."""
    with k.loop(0, k.argument("count")) as i:
        x, y = k.load(k.argument("x") + i * VECTOR), k.load(k.argument("y") + i * VECTOR)
        k.store(ONE[name](x) if name in ONE else TWO[name](x, y), k.argument("z") + i * VECTOR)


@kernel("count", "x", "z")
def firsts(k: KernelBuilder) -> None:
    """The first 0, 1, 2, … numbers of each vector, read and stored with the others left out."""
    with k.loop(0, k.argument("count")) as i:
        x = k.load_first(k.argument("x") + i * VECTOR, i % (k.lanes + 1))
        k.store_first(x, k.argument("z") + i * VECTOR, (i * 7) % (k.lanes + 1))


@kernel("count", "x", "z")
def whole_numbers(k: KernelBuilder) -> None:
    """The arithmetic of dropout's masks and of places: halves of products, words, shifts."""
    with k.loop(0, k.argument("count")) as i:
        place = k.argument("x") + i * VECTOR
        word = k.load_integer(place)
        high, low = word.multiply_wide(0xD2B74407B1CE6E93)
        both = high ^ low ^ k.load_integer(place + 8)
        k.store_integer(both % 1000003, k.argument("z") + i * VECTOR)
        k.store_short(word // 12345, k.argument("z") + i * VECTOR + 8)


@kernel("count", "x", "z")
def words_reach(k: KernelBuilder) -> None:
    """1 in the lanes whose word of 64 bits is large enough, else 0; as a number, too."""
    with k.loop(0, k.argument("count")) as i:
        reached = k.words_reach(k.argument("x") + i * 8 * k.lanes, 11, k.integer(2**52))
        number = Vector(k, k.builder.sitofp(ir.Constant(k.whole, -7), k.number))
        k.store(reached.as_vector() * spread(number), k.argument("z") + i * VECTOR)


def numbers(form: Format, place: int) -> np.ndarray:
    """Return drawn numbers: any bits, sizes near the smallest normal number, and near 1."""
    bits = words(COUNT, 1, Stream.CHECKING, place)
    wide = np.dtype(form.compute)
    info = np.finfo(wide)
    whole = bits.astype(f"u{wide.itemsize}").view(wide)
    mantissas = 1 + (bits >> np.uint64(12)).astype(np.float64) * 2.0**-52
    small = mantissas * 2.0 ** (info.minexp + (bits % np.uint64(41)).astype(np.float64) - 30)
    near = mantissas * 2.0 ** ((bits % np.uint64(9)).astype(np.float64) - 6)
    sides = 1 - 2.0 * (bits >> np.uint64(9) & np.uint64(1)).astype(np.float64)
    special = [0.0, np.inf, np.nan, 1.0, 0.5, 3.0, info.tiny, info.tiny / 2, info.max]
    special += [info.smallest_subnormal, info.tiny * (1 + info.eps), 1 - info.eps, 1 + info.eps]
    with np.errstate(all="ignore"):
        every = np.concatenate([whole, (sides * small).astype(wide), (sides * near).astype(wide)])
        signed = np.array([*special, *(-x for x in special)], dtype=wide)
        pairs = np.array(list(product(signed, signed)), dtype=wide)
        values = np.concatenate([pairs[:, place], every])
        if form.storage == "bfloat16":
            return (values.view(np.uint32) >> 16).astype(np.uint16)
        return values.astype(form.dtype)


def in_vectors(values: np.ndarray) -> np.ndarray:
    """Return numbers in whole vectors; what is beyond them is 0."""
    lanes = VECTOR // values.itemsize
    array = aligned((-(-len(values) // lanes) * lanes,), values.dtype)
    array[: len(values)] = values
    return array


def results() -> Iterator[tuple[str, np.ndarray]]:
    """Yield each operation's name and results."""
    for form in FORMATS:
        x, y = (in_vectors(numbers(form, place)) for place in range(2))
        for name in (*ONE, *TWO):
            yield f"{name}, {form}", _run(form, applied, name, x=x, y=y)
        yield f"first lanes, {form}", _run(form, firsts, x=x)
        drawn = in_vectors(words(8 * len(x), 2, Stream.CHECKING))
        yield f"words, {form}", _run(form, words_reach, x=drawn, like=x)
    yield "whole numbers", _run(FORMATS[1], whole_numbers, x=drawn)
    yield "settings", np.array([1e-310, 1e-320]) * 0.5  # NumPy's denormals are what they were


def _run(
    form: Format, emit: Any, *rules: Any, like: np.ndarray | None = None, **given: np.ndarray
) -> np.ndarray:
    """Return what a kernel makes of arrays, run by the dispatch loop."""
    like = given["x"] if like is None else like
    z = aligned(like.shape, like.dtype)
    program = Instructions(1)
    places = {name: array.ctypes.data for name, array in given.items()}
    compiled = library(form).get(emit, *rules)
    program.add(0, compiled, count=like.nbytes // VECTOR, z=z.ctypes.data, **places)
    Runner(program.finished()).run(1)
    return z
