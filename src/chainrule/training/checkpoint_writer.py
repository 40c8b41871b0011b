"""The writing of checkpoints beside a training: when, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Thread
from time import perf_counter, thread_time
from typing import Protocol

from chainrule.interruption import Request, noted
from chainrule.training.errors import TrainingDivergedError
from chainrule.training.snapshot import Snapshot
from chainrule.warning import warn

__all__ = ["CheckpointWriter", "NoCheckpoints", "NotOursError", "Writer"]

SHARE = 0.01
"""The part of the time that checkpoints take at most, by their own count of it.

By the clock it is more, for they also take caches and memory's bandwidth from a training.
"""

EXPECTED = 3e8
"""Bytes that are expected to be copied and written in a second, as long as none has been timed."""

RETRY = 10.0
"""Seconds after which it is tried again, at least, where a checkpoint could not be written."""


class NotOursError(ValueError):
    """The file is one that this training has neither read nor written: it is not replaced."""


class Run(Protocol):
    """A training of which checkpoints are written."""

    whole: bool
    """Whether no step, and no end of an epoch, has been begun and not been finished."""

    @property
    def size(self) -> int:
        """About how many bytes a snapshot has."""

    def snapshot(self) -> Snapshot:
        """Return all that changes; its arrays stay as they are now."""


class Writer(Protocol):
    """What looks at a training wherever it can be interrupted."""

    def at_work(self, run: Run) -> AbstractContextManager[None]:
        """Return a context in which the training runs."""

    def look(self, run: Run) -> None:
        """Write a checkpoint if it is time; KeyboardInterrupt if the end has been asked for."""

    def last(self, run: Run) -> None:
        """Write a checkpoint now."""


class NoCheckpoints:
    """Writes nothing."""

    @contextmanager
    def at_work(self, run: Run) -> Iterator[None]:
        """Do nothing."""
        yield

    def look(self, run: Run) -> None:
        """Do nothing."""

    def last(self, run: Run) -> None:
        """Do nothing."""


class CheckpointWriter:
    """Writes a checkpoint now and then, in a thread, never two at once.

    What the training waits for is that its numbers are copied. The next checkpoint comes no sooner
    than what the last one cost is :data:`SHARE` of the time, the first one by an estimate.

    Parameters
    ----------
    write : callable
        Writes a snapshot to the file; OSError or ValueError where it cannot, NotOursError where it
        never may again.
    every : float
        Seconds from one to the next, at least.
    goes_on : callable
        Returns what an error is to say of how training goes on from the file; nothing if it cannot.
    alone : callable
        Returns a context in which no other process writes the file.
    """

    def __init__(
        self,
        write: Callable[[Snapshot], None],
        every: float,
        goes_on: Callable[[], str] = str,
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.write, self.every, self.goes_on, self.alone = write, every, goes_on, alone
        self.request = Request()
        self.noting: Callable[[], AbstractContextManager[Request]] = noted
        self.cost = 0.0
        self._due = 0.0
        self._thread: Thread | None = None
        self._error: Exception | None = None
        self._told = ""
        self._ended = False

    @contextmanager
    def at_work(self, run: Run) -> Iterator[None]:
        """Note signals while the training runs; one that ends amid epochs is written as it is then.

        An error has a note that says so.
        """
        self._due = perf_counter() + max(self.every, run.size / EXPECTED / SHARE)
        with self.alone(), self.noting() as self.request:
            try:
                yield
            except BaseException as error:
                self._wait()
                if run.whole:
                    self.last(run)
                self.say_how_to_go_on(error)
                raise
            finally:
                self._wait()

    def say_how_to_go_on(self, error: BaseException) -> None:
        """Add to an error how training goes on from the file."""
        if isinstance(error, TrainingDivergedError) or self._ended:
            return
        if said := self.goes_on():
            error.add_note(said)

    def look(self, run: Run) -> None:
        """Write a checkpoint if it is time; KeyboardInterrupt if the end has been asked for."""
        self.request.raise_if_came()
        if not run.whole or (perf_counter() < self._due and self._error is None):
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._wait()
        if perf_counter() >= self._due:
            self._begin(run)

    def last(self, run: Run) -> None:
        """Write a checkpoint now, and wait until that is done."""
        self._wait()
        self._begin(run)
        self._wait()

    def _begin(self, run: Run) -> None:
        if self._ended:
            return
        begin = perf_counter()
        try:
            snapshot = run.snapshot()
        except MemoryError as error:
            self._failed(error)
            return
        copying = perf_counter() - begin
        self._thread = Thread(target=self._work, args=(snapshot, copying), name="checkpoint")
        self._thread.start()

    def _work(self, snapshot: Snapshot, copying: float) -> None:
        begin = thread_time()
        try:
            self.write(snapshot)
        except (OSError, ValueError, MemoryError) as error:
            self._failed(error)
        self.cost = copying + thread_time() - begin
        self._due = perf_counter() + max(self.every, self.cost / SHARE)

    def _failed(self, error: Exception) -> None:
        self._error, self._due = error, perf_counter() + max(self.every, RETRY)
        self._ended = isinstance(error, NotOursError)

    def _wait(self) -> None:
        """Wait for the thread; warn if it could not write, of the same reason once."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None and str(self._error) != self._told:
            self._told = str(self._error)
            warn(f"the checkpoint could not be written, training goes on: {self._told}")
        self._error = None
