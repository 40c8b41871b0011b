"""How many threads take the steps: as many as have been the fastest lately.

Another program on one of the processors makes all threads wait for the one that shares it, so that
fewer of them can be several times as fast for a while. The bits do not depend on their number, so
it may change between slices of an epoch.
"""

from __future__ import annotations

TRIAL = 0.01
"""Seconds of steps in a trial of another number, about."""

TRIAL_INTERVAL = 100
"""A trial comes after this many times the cost of the one before."""

CLEARLY = 0.8
"""Of the present time a step: below it, fewer threads are worth a change; more, for any gain."""


class ThreadTuner:
    """Chooses how many threads take the next steps, and how many steps they take.

    >>> tuner = ThreadTuner([2, 1])         # numbers of threads, the best by expectation first
    >>> tuner.threads, tuner.steps(0.1)     # for the next slice; its length is not yet known
    (2, 1)
    >>> tuner.record(1, 0.004)              # steps, seconds
    >>> tuner.steps(0.1)
    25
    """

    def __init__(self, counts: list[int]) -> None:
        self.counts = counts
        self.present = self._next = 0
        self._step: float | None = None
        self._since, self._cost, self._up = 0.0, TRIAL, False

    @classmethod
    def of_at_most(cls, threads: int) -> ThreadTuner:
        """Return a tuner of ``threads`` threads, one less, a half, a quarter, … of them."""
        halves = (threads >> k for k in range(1, threads.bit_length()))
        return cls(sorted({threads, max(1, threads - 1), *halves}, reverse=True))

    @property
    def threads(self) -> int:
        """How many threads take the next slice."""
        return self.counts[self._next]

    @property
    def trying(self) -> bool:
        """Whether the next slice is a trial."""
        return self._next != self.present

    @property
    def known(self) -> bool:
        """Whether it is known how long a step takes."""
        return self._step is not None

    def steps(self, seconds: float) -> int:
        """Return how many steps a slice of ``seconds`` seconds has; fewer if it is a trial."""
        if self._step is None:
            return 1
        return max(1, int((min(seconds, TRIAL) if self.trying else seconds) / self._step))

    def record(self, steps: int, seconds: float, planning: float = 0.0) -> None:
        """Take note of how long a slice took, and before it the planning for another number."""
        step = seconds / steps
        if self.trying:
            needed = 1.0 if self._next < self.present else CLEARLY
            assert self._step is not None
            if step < needed * self._step:
                self.present, self._step = self._next, step
            self._next = self.present
            self._since, self._cost = 0.0, seconds + 2 * planning  # there and back
            return
        self._step = step
        self._since += seconds
        if self._since >= TRIAL_INTERVAL * self._cost and len(self.counts) > 1:
            self._next = self._neighbour()

    def _neighbour(self) -> int:
        """Return the place of a number to try, more and fewer threads in turn."""
        self._up = not self._up
        place = self.present + (-1 if self._up else 1)
        return place if 0 <= place < len(self.counts) else 2 * self.present - place
