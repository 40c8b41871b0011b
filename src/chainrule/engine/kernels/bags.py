"""The first layer on sparse samples: a sample is a list of tokens, each with its value.

    Z[n] = Σ_e value[e] · W[token[e]],      dW[token] = Σ_n Σ_e value[e] · dZ[n]

where e are the entries of sample n, those of a token in the second sum. A sample's address is that
of two whole numbers: its first entry, and the one behind its last. A row of W, of its state and of
its gradient lies in memory as a whole.

The gradient has rows for the tokens of the batch alone. ``slots`` tells which is a token's: row 0,
which stays zero, for those that the batch has not. The tokens are shared among threads by a hash,
and a thread writes nothing but the slots and the sums of its own. All sums go in the order of
samples, and of their entries, on any thread.
"""

from __future__ import annotations

from typing import Any

from chainrule.engine.kernels.epilogues import move
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.step_scalars import StepScalar
from chainrule.engine.language.values import Integer, Vector, fma
from chainrule.engine.machine.compiling import Target
from chainrule.engine.machine.memory import VECTOR

FORWARD = fields("rows vectors samples tokens values w w_row w_vector epilogue arguments")
SCATTER = fields(
    "rows vectors samples tokens values gradient vector_stride whose threads own slots "
    "before used touched sums"
)
MOVE = fields(
    "w state0 state1 scalars l2 row_stride vector_stride vectors first last threads slots "
    "slots_of_thread before used touched sums"
)
TOKEN = 4
"""Bytes of a token, and of a slot."""

OWN = 16
"""Bytes in the list of a thread's entries: where the gradient's row is, and the value."""

GOLDEN = 2654435769
"""2³² divided by the golden ratio: its multiples are spread evenly, whatever their order."""


def owner(token: Any, threads: Any) -> Any:
    """Return the thread that a token belongs to; of numbers in Python as of a kernel's."""
    return token * GOLDEN % 2**32 * threads // 2**32


@kernel(*FORWARD)
def forward(k: KernelBuilder) -> None:
    """Σ value · W[token] of each sample, handed to an epilogue as rows of products are."""
    sizes = _sizes(k.target)
    scratch = k.allocate(sizes[0])
    with k.loop(0, k.argument("rows")) as n:
        first, last = _entries(k, n)
        for p, wide in k.pieces(k.argument("vectors"), sizes):
            with k.loop(first, last, carry=[k.constant(0.0)] * wide) as turn:
                value = spread(_value(k, turn.index))
                row = k.argument("w") + _token(k, turn.index) * k.argument("w_row")
                vectors = [k.load(row + (p + j) * k.argument("w_vector")) for j in range(wide)]
                turn.following = [
                    fma(value, w, total) for w, total in zip(vectors, turn.carried, strict=True)
                ]
            for j, total in enumerate(turn.carried):
                k.store_scratch(total, scratch + j * k.wide)
            tile = [k.integer(1), k.integer(wide)]
            k.call(k.argument("epilogue"), k.argument("arguments"), scratch, n, p, *tile)


@kernel(*SCATTER)
def scatter(k: KernelBuilder, *, alone: bool) -> None:
    """Add value · dZ[n] to the gradient's row of each token that belongs to the thread.

    If it is ``alone``, all tokens do.
    """
    with k.loop(0, k.argument("rows"), carry=[k.argument("before")]) as sample:
        n = sample.index
        first, last = _entries(k, n)
        count = last - first if alone else _own(k, first, last)
        used = _find_rows(k, count, sample.carried[0], first if alone else None)
        sample.following = [used]
        for p, wide in k.pieces(k.argument("vectors"), _sizes(k.target)):
            stride = k.argument("vector_stride")
            dz = k.argument("gradient") + n * VECTOR
            vectors = [k.load(dz + (p + j) * stride) for j in range(wide)]
            with k.loop(0, count) as i:
                own = k.argument("own") + i * OWN
                row, value = k.load_integer(own) + p * VECTOR, spread(k.load_number(own + 8))
                for j, vector in enumerate(vectors):
                    place = row + j * VECTOR
                    k.store(fma(value, vector, k.load(place)), place)
    k.store_integer(sample.carried[0], k.argument("used"))


def _own(k: KernelBuilder, first: Integer, last: Integer) -> Integer:
    """List the entries that belong to the thread; return how many there are."""
    with k.loop(first, last, carry=[k.integer(0)]) as turn:
        (count,) = turn.carried
        k.store_integer(turn.index, k.argument("own") + count * OWN)  # kept if count moves on
        belongs = owner(_token(k, turn.index), k.argument("threads"))
        turn.following = [count + belongs.equals(k.argument("whose")).as_integer()]
    found: Integer = turn.carried[0]
    return found


def _find_rows(k: KernelBuilder, count: Integer, used: Integer, first: Integer | None) -> Integer:
    """List the address of the gradient's row, and the value, of `count` entries.

    The entries stand in the list, unless they are those from the first one on. A token that has
    no slot yet gets the next one; return the last slot used.
    """
    with k.loop(0, count, carry=[used]) as turn:
        own = k.argument("own") + turn.index * OWN
        entry = k.load_integer(own) if first is None else first + turn.index
        token = _token(k, entry)
        at = k.argument("slots") + token * TOKEN
        known = k.load_short(at)
        fresh = known.equals(0).as_integer()
        used = turn.carried[0] + fresh
        slot = known + fresh * used  # no branch: whether a token is new is anybody's guess
        k.store_short(slot, at)
        k.store_short(token, k.argument("touched") + slot * TOKEN)
        k.store_integer(k.argument("sums") + slot * (k.argument("vectors") * VECTOR), own)
        k.store_number(_value(k, entry), own + 8)
        turn.following = [used]
    last: Integer = turn.carried[0]
    return last


@kernel(*MOVE)
def move_touched(k: KernelBuilder, optimizer: Any) -> list[StepScalar]:
    """Move the rows of the thread's tokens in the batch."""
    used = k.load_integer(k.argument("used"))
    with k.loop(k.argument("before") + 1, used + 1) as slot:
        token = k.load_short(k.argument("touched") + slot * TOKEN)
        return _move_row(k, optimizer, token, slot, k.argument("slots"))


@kernel(*MOVE)
def move_all(k: KernelBuilder, optimizer: Any) -> list[StepScalar]:
    """Move the rows of some tokens, in the batch or not."""
    with k.loop(k.argument("first"), k.argument("last")) as token:
        whose = owner(token, k.argument("threads"))
        slots = k.argument("slots") + whose * k.argument("slots_of_thread")
        slot = k.load_short(slots + token * TOKEN)
        return _move_row(k, optimizer, token, slot, slots)


def _move_row(
    k: KernelBuilder, optimizer: Any, token: Integer, slot: Integer, slots: Integer
) -> list[StepScalar]:
    """Move a token's row along the sums in its slot, which is free and zero again."""
    row = token * k.argument("row_stride")
    sums = k.argument("sums") + slot * (k.argument("vectors") * VECTOR)
    with k.loop(0, k.argument("vectors")) as v:
        gradient = k.load(sums + v * VECTOR)
        scalars = move(k, optimizer, gradient, row + v * k.argument("vector_stride"))
    with k.when(slot > 0):
        k.store_short(k.integer(0), slots + token * TOKEN)
        with k.loop(0, k.argument("vectors")) as v:
            k.store(k.constant(0.0), sums + v * VECTOR)
    return scalars


def _entries(k: KernelBuilder, n: Integer) -> tuple[Integer, Integer]:
    """Return the first entry of a sample, and the one behind its last."""
    sample = k.load_integer(k.argument("samples") + n * 8)
    return k.load_integer(sample), k.load_integer(sample + 8)


def _token(k: KernelBuilder, entry: Integer) -> Integer:
    return k.load_short(k.argument("tokens") + entry * TOKEN)


def _value(k: KernelBuilder, entry: Integer) -> Vector:
    return k.load_number(k.argument("values") + entry * k.item)


def _sizes(target: Target) -> range:
    """Return how many vectors of a row to take at once: as many as the registers hold."""
    return range({32: 8, 8: 4}.get(target.held, 2), 0, -1)
