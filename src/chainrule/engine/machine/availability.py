"""Whether the engine runs here, and on how many processors."""

from __future__ import annotations

import os
import re

from chainrule.engine.machine.quota import quota
from chainrule.warning import warn

NUMBERS = re.compile(r"\s*(\d{1,9})\s*(?:,\s*\d+\s*)*", re.ASCII)
"""Numbers of threads, of each level of nested ones."""


class UnsupportedError(ValueError):
    """The engine does not run here, or not this network; the message says why."""


def check_runs_here() -> None:
    """Raise UnsupportedError, and warn once, if there is no code for the processor or system."""
    from chainrule.engine.machine.compiling import supported

    if not supported():
        if not _warned:
            _warned.append(True)
            warn(
                "the engine has no code for this processor or system; NumPy does the work, "
                "with the same results up to rounding, slower",
                RuntimeWarning,
            )
        raise UnsupportedError("the engine has no code for this processor or system")


_warned: list[bool] = []


def processors() -> int:
    """Return how many processors this process may use.

    They are those that it may run on, no more than a container's quota of processor time amounts
    to, rounded up. OMP_NUM_THREADS lowers the number; of a list of nested levels, "2,1", the first
    counts. joblib sets that variable in its workers, so that workers and threads together are not
    more than there are processors.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    count = available or os.cpu_count() or 1
    count = min(count, quota() or count)
    levels = NUMBERS.fullmatch(os.environ.get("OMP_NUM_THREADS", ""))
    return max(1, min(count, int(levels[1]))) if levels else count
