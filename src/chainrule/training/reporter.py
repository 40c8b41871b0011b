"""What follows a training from outside: called when it starts, steps, and ends."""

from __future__ import annotations

from typing import Protocol

from chainrule.training.history import Epoch, History
from chainrule.training.snapshot import Reader, Snapshot, snapshot_of


class Reporter(Protocol):
    """An observer of training, such as a progress bar."""

    def started(self, epochs: int, samples: int) -> None:
        """Take note that training starts: at most these epochs, with these samples in each."""

    def stepped(self, samples: int, loss: float) -> None:
        """Take note of steps: the samples in them, and the loss of the last one."""

    def finished(self, epoch: Epoch) -> None:
        """Take note of an epoch."""

    def ended(self, history: History) -> None:
        """Take note that training is over, however it ended; the history is whole."""


class ReporterTee:
    """A reporter that passes everything on to another, if there is one: a base for others.

    Parameters
    ----------
    reporter : Reporter or None
        The next reporter; with None nothing is passed on.
    """

    def __init__(self, reporter: Reporter | None = None) -> None:
        self.reporter = reporter

    def started(self, epochs: int, samples: int) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.started(epochs, samples)

    def stepped(self, samples: int, loss: float) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.stepped(samples, loss)

    def finished(self, epoch: Epoch) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.finished(epoch)

    def resumed(self, epochs: int, samples: int) -> None:
        """Pass it on to one that takes note of where a training goes on."""
        takes_note = getattr(self.reporter, "resumed", None)
        if takes_note is not None:
            takes_note(epochs, samples)

    def snapshot(self) -> Snapshot:
        """Return what changes in the next reporter."""
        return {"next": snapshot_of(self.reporter)}

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("next")
        reader.restore("next", self.reporter)

    def ended(self, history: History) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.ended(history)
