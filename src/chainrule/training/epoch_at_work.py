"""The epoch whose steps are being taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

from chainrule.training.history import Batches


@dataclass
class EpochAtWork:
    """An epoch whose steps are being taken.

    Parameters
    ----------
    number : int
        1, 2, …
    rate : float
        The learning rate of its last step.
    runs : list of Batches
        Those that are done, in runs.
    seconds : float, default=0
        How long it took before a pause from which training has gone on.
    """

    number: int
    rate: float
    runs: list[Batches] = field(default_factory=list)
    seconds: float = 0.0
    begun: float = field(default_factory=perf_counter)

    @property
    def steps(self) -> int:
        """How many steps are done."""
        return sum(map(len, self.runs))

    @property
    def so_far(self) -> float:
        """How many seconds it has taken."""
        return self.seconds + perf_counter() - self.begun
