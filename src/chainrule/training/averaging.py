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

    def see(self) -> Array | None:
        """Return the average with the parameters of an epoch, to be validated; None if none is.

        The first epoch's are the first average. It is the average from :meth:`accept` on.
        """
        if not self.share:
            return None
        flat = self.parameters.flat
        if self._average is None:
            return flat.copy()
        # in this order no two products are rounded together, on any processor
        average: Array = self._average + (flat - self._average) * flat.dtype.type(1 - self.share)
        return average

    def accept(self, average: Array | None) -> None:
        """Take over what :meth:`see` returned: the epoch is at its end."""
        self._average = average

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
    def in_place(self, average: Array | None, stepper: Stepper) -> Iterator[None]:
        """Let the chain and the stepper have an average for a while, if there is one."""
        if average is None:
            yield
            return
        own = self.parameters.flat.copy()
        self.parameters.flat[...] = average
        stepper.load()
        try:
            yield
        finally:
            self.parameters.flat[...] = own
            stepper.load()
