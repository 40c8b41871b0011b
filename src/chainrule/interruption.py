"""How a process of the command line is asked to end: Ctrl-C, SIGTERM, a terminal that closes.

The library itself sets no signal handlers, but while a training keeps a checkpoint: then Ctrl-C and
SIGTERM, where nobody else takes them, end it between two steps. While the command line loads, a
signal ends the process at once; while a command works, it is a KeyboardInterrupt, which ends a
training as if its last epoch had come. The next one ends the process by force, whatever it is
doing.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["EXIT_CODE", "Interruption", "Request", "interruption", "noted"]

EXIT_CODE = 130
"""What a shell gives Ctrl-C; a command that could keep nothing ends with it."""

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those of them that a system has."""

SAME = 0.05
"""Seconds in which more signals are the same request: ``timeout`` sends a process two."""


class Interruption:
    """What the first signal does."""

    def __init__(self) -> None:
        self._act: Callable[[], None] = _leave
        self._watched: list[signal.Signals] = []
        self._terminals: list[int] = []

    def watch(self) -> None:
        """Take the signals that nobody else does; in the main thread, which alone can."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._terminals = [stream for stream in (1, 2) if os.isatty(stream)]
        usual = (signal.SIG_DFL, signal.default_int_handler)
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is None:
                continue
            present = signal.getsignal(number)
            if present in usual:
                signal.signal(number, self._came)
                self._watched.append(number)
            elif present == signal.SIG_IGN and name == "SIGHUP" and self._terminals:
                signal.signal(number, self._terminal_closed)  # work goes on, its words go nowhere

    @contextmanager
    def during_work(self) -> Iterator[None]:
        """Let a signal be a KeyboardInterrupt; after it there is nothing left to interrupt."""
        self._act = _interrupt
        try:
            yield
        finally:
            self._act = _go_on

    @contextmanager
    def held_off(self) -> Iterator[None]:
        """Let a signal have no effect, for the moment in which results are saved."""
        with self.acting(_go_on):
            yield

    @contextmanager
    def acting(self, act: Callable[[], None]) -> Iterator[None]:
        """Let a signal do something else for a while."""
        before, self._act = self._act, act
        try:
            yield
        finally:
            self._act = before

    def _came(self, number: int, frame: FrameType | None) -> None:
        for each in self._watched:
            signal.signal(each, signal.SIG_IGN)
        time.sleep(SAME)
        for each in self._watched:
            signal.signal(each, signal.SIG_DFL)
        if number == getattr(signal, "SIGHUP", None):
            self._leave_terminals()
        self._act()

    def _terminal_closed(self, number: int, frame: FrameType | None) -> None:
        self._leave_terminals()

    def _leave_terminals(self) -> None:
        """Write nowhere from now on: a terminal that has closed makes an error of each word."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in self._terminals:
            os.dup2(nowhere, stream)
        os.close(nowhere)


def _leave() -> None:
    # Not by an exception: a half-loaded extension may swallow one, or make another error of it.
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(EXIT_CODE)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _go_on() -> None:
    pass


interruption = Interruption()
"""Of this process."""


class Request:
    """Whether somebody has asked for the end: by a signal, that is noted and does nothing else."""

    def __init__(self) -> None:
        self.came: float | None = None
        self._told = False

    def raise_if_came(self) -> None:
        """Raise KeyboardInterrupt, once, where the end has been asked for."""
        if self.came is not None and not self._told:
            self._told = True
            raise KeyboardInterrupt

    def note(self) -> None:
        """Take note of a signal; the second one is a KeyboardInterrupt at once."""
        now = time.monotonic()
        if self.came is None:
            self.came = now
        elif now - self.came > SAME:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.note()


@contextmanager
def noted(request: Request | None = None) -> Iterator[Request]:
    """Note Ctrl-C and SIGTERM, for who looks at the request where work can be ended.

    Signals that the program handles itself stay its own; in other threads than the main one nothing
    changes. At the end all is as it was before.
    """
    request = request or Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    taken = {
        number: signal.signal(number, request._handle)
        for number, handler in usual.items()
        if signal.getsignal(number) == handler
    }
    try:
        with interruption.acting(request.note):
            yield request
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
