"""The processor's limit, by bare loops of multiply-adds on registers; and how near the product is.

Nothing but the processor limits such a loop: its sums do not wait for each other, and it reads no
memory. All that is timed is machine code, without Python or the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.engine.kernels import outputs as output_kernels, rows as row_kernels
from chainrule.engine.kernels.library import library
from chainrule.engine.language.bfloat16 import add_products, load_pairs
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.matrix_tiles import begin_tiles, end_tiles, on_tiles
from chainrule.engine.language.values import Vector, fma
from chainrule.engine.machine.compiling import host
from chainrule.engine.machine.matrix_tiles import DEPTH, TILE_ROWS, usable
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.planning.lowering import lower
from chainrule.engine.planning.program import Instructions
from chainrule.engine.planning.weights import Weights
from chainrule.engine.running.prediction import Program
from chainrule.engine.running.runner import Runner
from chainrule.functions import Linear

SUMS = {64: 24, 32: 6, 16: 6}
"""Vectors of sums by the bytes of a register: more than one waits for, fewer than registers."""

TILE_SUMS = 4
"""Tiles of sums."""

TURNS = 4096
"""Of a bare loop, before the dispatch loop has its turn: 20 µs or more."""

TRIES, SECONDS = 7, 0.01
"""How often a program is timed, and about how long: to wake a thread takes 0.05 ms."""

FIELDS = ("turns", "x", "y")


def peak(threads: int, dtype: Any = np.float32) -> float:
    """Return the rate of fused multiply-adds on registers, operations a second.

    Parameters
    ----------
    threads : int
        Each runs the loop, all at the same time.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    float
        The best of several tries; a multiply-add is two operations.
    """
    return _bare(threads, np.dtype(dtype), multiply_adds, operations=2)


def bfloat16_peak(threads: int) -> float | None:
    """Return the rate of products of bfloat16 in pairs, operations a second; None without any.

    They are the instruction ``vdpbf16ps``: in each of 16 lanes of float32, two multiply-adds.
    """
    if not host().has_pairs:
        return None
    return _bare(threads, np.dtype(np.float32), pairs, operations=4)


def tiles_peak(threads: int) -> float | None:
    """Return the rate of products of bfloat16 by tiles, operations a second; None without any.

    They are the instruction ``tdpbf16ps``: for 16 × 16 numbers of float32, 32 multiply-adds each.
    """
    if not usable(host()):
        return None
    program = Instructions(threads)
    for thread in range(threads):
        program.add(thread, library(np.dtype(np.float32)).get(tiles), turns=TURNS)
    each = 2 * TILE_SUMS * DEPTH * TILE_ROWS**2 * TURNS
    return _rate(Runner(program.finished()), threads * each)


def product_rate(
    threads: int, dtype: Any = np.float32, *, rows: int = 64, inputs: int = 256, outputs: int = 192
) -> float:
    """Return the rate of the engine's product X W + b on data in the caches, operations a second.

    Parameters
    ----------
    threads : int
        Each has samples of its own, all work at the same time.
    dtype : dtype
        float32 or float64.
    rows, inputs, outputs : int
        X (rows, inputs) of a thread, W (inputs, outputs).

    Returns
    -------
    float
        The best of several tries; a multiply-add is two operations.
    """
    chain = Chain(Linear(outputs)).initialize((inputs,), dtype=dtype)
    network, kernels = lower(chain, None), library(np.dtype(dtype))
    weights = Weights(network, chain.dtype)
    weights.load(chain.parameters)
    program = Program(network, weights, rows * threads, threads, kernels)
    X = np.random.default_rng(0).normal(size=(rows * threads, inputs)).astype(dtype)
    program.put(X, np.empty((len(X), outputs), dtype), first=0)  # now it knows where samples are
    others = [
        kernels.get(emit).address for emit in (row_kernels.advance, output_kernels.outputs)
    ]
    lists = [
        listed[~np.isin(listed[:, 0], others)] for listed in program.planner.code.finished()
    ]
    return _rate(Runner(lists), 2 * rows * inputs * outputs * threads)


def _bare(threads: int, dtype: Any, emit: Callable[..., Any], *, operations: int) -> float:
    """Return the rate of a kernel that does so many operations in each lane of each sum."""
    loop, program = library(dtype).get(emit), Instructions(threads)
    for thread in range(threads):
        numbers = program.keep(aligned((2 * VECTOR // dtype.itemsize,), dtype))
        numbers[:] = np.random.default_rng(0).random(len(numbers))  # ones could be left out
        results = program.keep(aligned((VECTOR // dtype.itemsize,), dtype))
        program.add(thread, loop, turns=TURNS, x=address(numbers), y=address(results))
    lanes = VECTOR // dtype.itemsize
    each = operations * lanes * SUMS[host().register_bytes] * TURNS
    return _rate(Runner(program.finished()), threads * each)


def _rate(runner: Runner, operations: int) -> float:
    """Return operations a second, at best, of a program that does so many."""

    def seconds(steps: int) -> float:
        begin = perf_counter()
        runner.run(steps)
        return perf_counter() - begin

    runner.run(1)
    steps = max(1, round(8 * SECONDS / min(seconds(8) for _ in range(TRIES))))
    return operations * steps / min(seconds(steps) for _ in range(TRIES))


@kernel(*FIELDS)
def multiply_adds(k: KernelBuilder) -> None:
    """Sums of products of the same two vectors, again and again; at the end, all in one."""
    left, right = (k.load(k.argument("x") + i * VECTOR) for i in range(2))
    _sums(k, lambda total: fma(left, right, total))


@kernel(*FIELDS)
def pairs(k: KernelBuilder) -> None:
    """The same with vectors of pairs of bfloat16."""
    left, right = (load_pairs(k, k.argument("x") + i * VECTOR) for i in range(2))
    _sums(k, lambda total: add_products(k, left, right, total))


@kernel("turns")
def tiles(k: KernelBuilder) -> None:
    """The same with tiles, all of zeros: no time depends on what is in them."""
    begin_tiles(k)
    for tile in range(TILE_SUMS + 2):
        on_tiles(k, "tilezero", tile)
    with k.loop(0, k.argument("turns")):
        for total in range(TILE_SUMS):
            on_tiles(k, "tdpbf16ps", total, TILE_SUMS, TILE_SUMS + 1)
    end_tiles(k)


def _sums(k: KernelBuilder, add: Callable[[Vector], Vector]) -> None:
    """Add to each of some sums, in turns; then store what they are together."""
    starts = [k.load(k.argument("x")) * float(i) for i in range(SUMS[k.target.register_bytes])]
    with k.loop(0, k.argument("turns"), carry=starts) as turn:
        turn.following = [add(total) for total in turn.carried]
    whole = turn.carried[0]
    for total in turn.carried[1:]:
        whole = whole + total
    k.store(whole, k.argument("y"))
