"""Who of the ranks is alive: they say so, each to all, when one is waited for in vain.

A rank that waits for another may do so because that one waits for a third. So the one that is named
in the end is the one that nobody has heard.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

HEARD = 1.0
"""Seconds in which those that wait hear each other: they look twenty times in it."""

ALIVE = 2**15 - 1
"""The tag of a sign of life, the largest that every MPI has."""


class SignsOfLife:
    """What the ranks of a communicator say and hear of each other.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
        Theirs.
    """

    def __init__(self, communicator: Any) -> None:
        self.communicator, self._sent = communicator, list[Any]()
        self.rank, self.size = communicator.Get_rank(), communicator.Get_size()
        self._heard = {self.rank}

    def give(self, seconds: float) -> None:
        """Tell all others, once, that this rank is alive and has waited for so long."""
        said = np.array([seconds])
        others = [rank for rank in range(self.size) if rank != self.rank and not self._sent]
        self._sent += [self.communicator.Isend(said, rank, ALIVE) for rank in others]

    def asked(self) -> float | None:
        """Return how long another rank has waited in vain, None if none has said so."""
        from mpi4py import MPI

        status = MPI.Status()
        if not self.communicator.Iprobe(MPI.ANY_SOURCE, ALIVE, status):
            return None
        said = np.zeros(1)
        self.communicator.Irecv(said, status.Get_source(), ALIVE).Wait()
        self._heard.add(status.Get_source())
        return float(said[0])

    def silent(self) -> list[int]:
        """Return the ranks that give no sign of life in a moment; this one has given its own."""
        end = time.perf_counter() + HEARD
        while len(self._heard) < self.size and time.perf_counter() < end:
            if self.asked() is None:
                time.sleep(HEARD / 100)
        return sorted(set(range(self.size)) - self._heard)
