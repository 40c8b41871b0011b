"""Times with a zone: what clocks show there, and the same moments in UTC.

They are texts as files have them, 2024-03-31 12:30:00+02:00, of one form, so that they are taken
apart again without reading them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import written_time
from chainrule.data.coded import Coded

__all__ = ["moments_of", "zoned"]

MINUTE = np.timedelta64(60, "s")
OFFSET = len("+02:00")


def zoned(clock: NDArray[np.datetime64], utc: NDArray[np.datetime64]) -> Coded:
    """Return times (n) of one zone, by its clock and in UTC, as texts; NaT is a missing one.

    A clock that is not whole minutes ahead of UTC, as before 1900, counts as a few seconds off.
    """
    _, first, codes = np.unique(utc, return_index=True, return_inverse=True)
    clock, utc = clock[first].astype("datetime64[us]"), utc[first].astype("datetime64[us]")
    texts = np.datetime_as_string(clock, "us").tolist()
    missing = np.isnat(utc)
    minutes = np.zeros(len(utc), np.int64)
    minutes[~missing] = (clock - utc)[~missing] // MINUTE
    offsets = {each: _offset(each) for each in np.unique(minutes).tolist()}
    rows = zip(texts, minutes.tolist(), missing.tolist(), strict=True)
    written = ["" if gone else f"{written_time(text)}{offsets[m]}" for text, m, gone in rows]
    return Coded(written, codes.astype(np.int32), "zoned")


def moments_of(
    texts: Sequence[str], missing: NDArray[np.bool_]
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Return the times (d) of texts that `zoned` made: what clocks showed, and in UTC."""
    rows = list(zip(texts, missing.tolist(), strict=True))
    clock = np.array(["NaT" if gone else text[:-OFFSET] for text, gone in rows], "datetime64[us]")
    offsets = ["+00:00" if gone else text[-OFFSET:] for text, gone in rows]
    known = {each: _minutes(each) for each in set(offsets)}
    ahead = np.array([known[each] for each in offsets], np.int64) * MINUTE
    return clock, np.array(clock - ahead, "datetime64[us]")


def _offset(minutes: int) -> str:
    """Write how far a clock is ahead of UTC: +02:00."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _minutes(offset: str) -> int:
    """Read what `_offset` wrote."""
    minutes = int(offset[1:3]) * 60 + int(offset[4:])
    return -minutes if offset[0] == "-" else minutes
