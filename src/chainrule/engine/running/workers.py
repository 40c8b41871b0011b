"""Threads that run programs when asked to, and sleep in between: to start new ones takes longer.

A worker that is not borrowed waits for the next program, of any kind. They are daemons,
and a forked process begins without any.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Job = tuple[Callable[[int], object], int]
"""A dispatch loop, and the address of its arguments."""


class Worker:
    """A thread that does one job at a time.

    Ctrl-C may come between any two lines of those who ask and wait, so both may be done again for
    the same job: they look at what has been done, and locks only say when to look.
    """

    def __init__(self) -> None:
        self._job: Job | None = None
        self._done: Job | None = None
        self._asked, self._finished = threading.Lock(), threading.Lock()
        self._asked.acquire()
        self._finished.acquire()
        threading.Thread(target=self._serve, daemon=True, name="chainrule").start()

    def ask(self, job: Job) -> None:
        """Let the thread begin a job, a new object for each."""
        self._job = job
        _release(self._asked)

    def wait(self, job: Job) -> None:
        """Return when the job is done."""
        while self._done is not job:
            self._finished.acquire()

    def _serve(self) -> None:
        while True:
            self._asked.acquire()
            job = self._job
            if job is not None and job is not self._done:
                loop, arguments = job
                loop(arguments)
                self._done = job
                _release(self._finished)


def _release(lock: threading.Lock) -> None:
    with suppress(RuntimeError):  # it is released already
        lock.release()


_idle: list[Worker] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    """Lend `count` workers, that have no other job meanwhile."""
    borrowed: list[Worker] = []
    try:
        while len(borrowed) < count:
            try:
                borrowed.append(_idle.pop())
            except IndexError:
                borrowed.append(Worker())
        yield borrowed
    finally:
        _idle.extend(borrowed)
