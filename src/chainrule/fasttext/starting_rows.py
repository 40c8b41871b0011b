"""Rows of the input matrix before training, by machine code: any rows, without those before."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import starting_rows as starting
from chainrule.engine.machine.memory import VECTOR, aligned
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.matrices import KeptRows

__all__ = ["FLOATS", "all_rows", "bits_of", "starting_rows"]

FLOATS = VECTOR // 4
"""Numbers of a vector."""
CHUNK = 2**18
"""Numbers that are drawn at once where all are."""


@cache
def _powers() -> NDArray[np.uint32]:
    """Return the factor's powers: 2·j·4096^i draws further, (digits, 4096)."""
    size = 2**starting.DIGIT
    table = np.empty((starting.DIGITS, size), np.uint32)
    for digit in range(starting.DIGITS):
        step, value = pow(starting.FACTOR, 2 * size**digit, starting.MODULUS), 1
        for place in range(size):
            table[digit, place] = value
            value = value * step % starting.MODULUS
    return table


def starting_rows(
    rows: NDArray[np.int64] | range, dim: int, row_count: int, *, seed: int = 0, pad: bool = False
) -> NDArray[np.float32]:
    """Return rows of the input matrix as they are drawn, (rows, dim), of ``row_count`` in all.

    With ``pad`` the rows are whole vectors, zeros behind the last number.
    """
    width = -(-dim // FLOATS) * FLOATS if pad else dim
    whole = aligned((len(rows) * width + FLOATS,), np.float32)
    scale = float(np.float32(1 / dim))
    listed = 0 if isinstance(rows, range) else np.ascontiguousarray(rows, np.int64)
    invoke(
        kernel_of(starting.start),
        rows=listed,
        first=rows.start if isinstance(rows, range) else 0,
        count=len(rows),
        dim=dim,
        row_bytes=4 * width,
        numbers=whole,
        block_size=row_count * dim // starting.BLOCKS,
        seed=seed,
        powers=_powers(),
        scale=bits_of(2 * scale),
        shift=bits_of(-scale),
    )
    return whole[: len(rows) * width].reshape(len(rows), width)


def all_rows(matrix: KeptRows) -> Iterator[NDArray[np.float32]]:
    """Yield a whole matrix, some rows (n, dim) at a time: those drawn, and those moved since."""
    count, dim = matrix.shape
    step = max(1, CHUNK // dim)
    for first in range(0, count, step):
        last = min(first + step, count)
        rows = starting_rows(range(first, last), dim, count, seed=matrix.start.seed)
        here = slice(*np.searchsorted(matrix.kept, [first, last]))
        rows[matrix.kept[here] - first] = matrix.values[here]
        yield rows


def bits_of(number: float) -> int:
    """Return the bits of a number of float64, as a whole number."""
    return int(struct.unpack("q", struct.pack("d", number))[0])


