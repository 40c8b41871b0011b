"""Parameters averaged over epochs: what is validated and kept, while steps go on from their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chainrule.parameters import Parameters
from chainrule.training.snapshot import Reader, Snapshot
from chainrule.training.stepper import Stepper
from chainrule.types import Array


class Average:
    """An average of the parameters after each epoch, a ← share·a + (1 − share)·w.

    Parameters
    ----------
    share : float
        What is left of the average of before; 0 takes the parameters as they are.
    parameters : Parameters
        Those that steps move, as far as the stepper has put them there.
    """

    def __init__(self, share: float, parameters: Parameters) -> None:
        self.share, self.parameters = share, parameters
        self._average: Array | None = None

    @property
    def flat(self) -> Array:
        """The average, of one axis; of no epochs yet, the parameters."""
        return self.parameters.flat if self._average is None else self._average

    def see(self) -> None:
        """Take in the parameters after an epoch; the first epoch's are the first average."""
        if not self.share:
            return
        flat = self.parameters.flat
        if self._average is None:
            self._average = flat.copy()
        else:  # in this order no two products are rounded together, on any processor
            self._average += (flat - self._average) * flat.dtype.type(1 - self.share)

    def snapshot(self) -> Snapshot:
        """Return the average, None of no epochs yet."""
        return {"flat": None if self._average is None else self._average.copy()}

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("flat")
        self._average = None
        if reader.has("flat"):
            flat = self.parameters.flat
            self._average = reader.array("flat", flat.dtype, flat.shape)

    @contextmanager
    def in_place(self, stepper: Stepper) -> Iterator[None]:
        """Let the chain and the stepper have the average for a while."""
        if self._average is None:
            yield
            return
        own = self.parameters.flat.copy()
        self.parameters.flat[...] = self._average
        stepper.load()
        try:
            yield
        finally:
            self.parameters.flat[...] = own
            stepper.load()
