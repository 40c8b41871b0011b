"""Blocks of a product: what it reads again and again stays in the caches meanwhile.

A tile reads a row of X for each of its columns and taps. All tiles of some rows read the same, so
some taps are done for all of them first, from the first cache; then come the next taps. What these
rows read of A is read again for the next columns, from the second cache.
"""

from __future__ import annotations

from chainrule.engine.language.formats import Format
from chainrule.engine.machine.compiling import Target
from chainrule.engine.machine.memory import VECTOR

FIRST_CACHE = 24576
"""Bytes of X that the tiles of a block read: of a first cache of 32 or 48 KB, what A leaves."""

SECOND_CACHE = 1 << 20
"""Bytes of A that a block reads: as much as a second cache has at least, or half of it."""

ROWS = 240
"""Rows of a block at most: whole tiles of 4, 5, 6, 8, 12 and 16."""


def blocks(target: Target, rows: int, depth: int, item: int) -> dict[str, int]:
    """Return the rows and taps of a product's blocks as its kernel takes them; all are 0.

    Blocks are as equal as can be. Where all taps take little more than one, they are one.
    """
    most = FIRST_CACHE // (target.even_tile[0][0] * VECTOR)
    count = 1 if depth * 4 <= most * 5 else -(-depth // most)
    fitting = max(48, SECOND_CACHE // (depth * item) // 48 * 48)
    if count > 1:
        return {"row_block": min(ROWS, fitting), "depth_block": -(-depth // count)}
    return {} if rows <= fitting else {"row_block": fitting}


def waiting_bytes(target: Target, form: Format) -> int:
    """Return the bytes of the sums of a block, that wait for the next taps."""
    return ROWS * target.even_tile[0][0] * form.lanes * form.compute_dtype.itemsize
