"""How much work a call makes of its input: counted, not timed, whatever else a machine does."""

import sys
import tracemalloc
from contextlib import contextmanager

CALLS, CALLS_FOR_A_BYTE = 20_000, 10


@contextmanager
def bounded(size, memory):
    """Check that the reading of a file of a size makes few calls, in bounded memory.

    Calls of Python's functions and C's are counted; a few for each byte are as they should be.
    """
    made = 0

    def count(frame, event, argument):
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    tracemalloc.start()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert made < CALLS + CALLS_FOR_A_BYTE * size, f"{made:,} calls for {size:,} bytes"
    assert peak < memory, f"{peak:,} bytes"
