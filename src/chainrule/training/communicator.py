"""Ranks of MPI: their messages, which are waited for no longer than a deadline.

The libraries' own sums change their order with place, length and library, so sums are made here, of
messages from one rank to another. No call waits inside the library: each is begun, and asked for
until it is done; so a rank that fails is heard of, and one that says nothing is noticed.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from chainrule.training.common_memory import CommonMemory, file_in_common, machine
from chainrule.training.ranks import Add, Total
from chainrule.training.tree_sums import Butterfly
from chainrule.training.uneven_sums import OverRanks
from chainrule.training.wire import Rounded, Wire
from chainrule.types import Array

DEADLINE = 20.0
"""Seconds without a message that is waited for, after which a rank is given up."""

SETUP = 300.0
"""The same before the first step: ranks may read their data at their own pace."""

PATIENCE = 10.0
"""A rank is not given up before this many times what the longest work has taken lately."""

FORGETS = 0.9
"""How much of that counts after the next wait: a first step plans, and may compile."""

MOMENT = 1.0
"""Seconds in which others hear that a rank has failed."""

AWAKE, NAP, LOOK = 0.0005, 0.00005, 0.05
"""Seconds of waiting without sleep; of a sleep after that; between looks for bad news."""

SHARED, GATHERED, ROWS, NEWS = range(4)
"""Tags of messages; those of sums follow."""


_yield: Callable[[], None] = getattr(os, "sched_yield", lambda: None)
"""Lets another rank on the same processor go on."""


class RankError(RuntimeError):
    """Another rank has failed; the message says which one, and why."""


class SilentRankError(RankError):
    """Another rank has not been heard of for too long."""


class Messages:
    """Messages between the ranks of a communicator.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
        It is duplicated, so that messages of others are not mistaken for these.
    deadline : float
        Seconds after which a rank that is waited for is given up.
    """

    def __init__(self, communicator: Any, deadline: float = DEADLINE) -> None:
        from mpi4py import MPI

        self._mpi, self.deadline = MPI, deadline
        self.rank, self.size = communicator.Get_rank(), communicator.Get_size()
        self.allowed = SETUP
        self._longest, self._left = 0.0, time.perf_counter()
        self.interrupted = False
        duplicate, request = communicator.Idup()
        self.communicator = communicator  # for bad news, until there is the duplicate
        self.wait([request], "another rank")
        self.communicator = duplicate

    @property
    def running(self) -> bool:
        """Whether steps have begun: ranks work at one pace from then on."""
        return self.allowed == self.deadline

    @contextmanager
    def at_one_pace(self) -> Iterator[None]:
        """Take note that steps begin and, in the end, that they are over."""
        self.allowed, self._longest = self.deadline, 0.0
        self._left = time.perf_counter()
        try:
            yield
        finally:
            self.allowed = SETUP

    def end(self) -> None:
        """Give the duplicate back."""
        self.communicator.Free()

    # ---- one message

    def send(self, array: Array, to: int, tag: int) -> Any:
        """Begin to send contiguous memory; return the request."""
        return self.communicator.Isend([_bytes(array), self._mpi.BYTE], to, tag)

    def receive(self, array: Array, source: int, tag: int) -> Any:
        """Begin to receive into contiguous memory; return the request."""
        return self.communicator.Irecv([_bytes(array), self._mpi.BYTE], source, tag)

    def done(self, requests: Sequence[Any]) -> bool:
        """Return whether all requests are done."""
        return bool(self._mpi.Request.Testall(requests))

    # ---- waiting

    def wait(self, requests: Sequence[Any], whom: str) -> None:
        """Wait until all requests are done."""
        self.wait_until(lambda: self.done(requests), lambda: whom)

    def wait_until(self, done: Callable[[], bool], whom: Callable[[], str]) -> None:
        """Ask until something is done; RankError says whom it was waited for in vain."""
        begin = now = time.perf_counter()
        self._longest = max(FORGETS * self._longest, begin - self._left)
        most, looked = max(self.allowed, PATIENCE * self._longest), begin
        while not done():
            now = time.perf_counter()
            if now - begin > AWAKE:
                time.sleep(NAP)
            else:
                _yield()
            if now - looked > LOOK:
                looked = now
                self._look_for_news()
                if now - begin > most:
                    raise SilentRankError(f"no sign of life from {whom()} for {most:.0f} seconds")
        self._left = time.perf_counter()

    def _look_for_news(self) -> None:
        """Raise RankError if another rank says that it has failed."""
        if (news := self._news()) is not None:
            raise RankError(f"rank {news[0]} has failed: {news[1]}")

    def _news(self) -> tuple[int, str] | None:
        status = self._mpi.Status()
        if not self.communicator.Iprobe(self._mpi.ANY_SOURCE, NEWS, status):
            return None
        text, source = bytearray(status.Get_count(self._mpi.BYTE)), status.Get_source()
        self.communicator.Recv([text, self._mpi.BYTE], source, NEWS)
        return source, text.decode()

    def tell_all(self, text: str) -> bool:
        """Tell all others that this rank has failed, and why; give them a moment to hear it.

        Return whether a rank before it has failed for the same reason.
        """
        words = np.frombuffer(text.encode(), np.uint8)
        others = [rank for rank in range(self.size) if rank != self.rank]
        sent = [self.send(words, rank, NEWS) for rank in others]
        end, alike = time.perf_counter() + MOMENT, False
        while not (self.done(sent) and (alike or not self.rank)) and time.perf_counter() < end:
            news = self._news()
            alike = alike or (news is not None and news[0] < self.rank and news[1] == text)
            time.sleep(NAP)
        return alike


def _bytes(array: Array) -> Array:
    assert array.flags.c_contiguous
    assert array.dtype.isnative
    return array.reshape(-1).view(np.uint8)


class MPIRanks:
    """The ranks of a communicator.

    Parameters
    ----------
    messages : Messages
        Between them.
    wire : {"exact", "bfloat16"}
        How gradients travel.
    """

    def __init__(self, messages: Messages, wire: Wire = "exact") -> None:
        self.messages, self.wire = messages, wire
        self.channel = messages if wire == "exact" else Rounded(messages)
        self.rank, self.size = messages.rank, messages.size
        self.on_this_machine = self.gather(machine()).count(machine())
        self._incoming, self.interrupted = np.zeros((0, 1)), False

    def share(self, value: Any) -> Any:
        """Return the value that rank 0 has."""
        made = pickle.dumps(value) if self.rank == 0 else b""
        return pickle.loads(self._spread(made))  # of this program's own ranks

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all ranks, in their order."""
        messages, made = self.messages, pickle.dumps(value)
        if self.rank:
            messages.wait(self._send_text(made, 0, GATHERED), "rank 0")
            return list(self.share(None))
        texts = [made, *(self._receive_text(rank, GATHERED) for rank in range(1, self.size))]
        return list(self.share([pickle.loads(text) for text in texts]))

    def join(self, rows: Array, count: int) -> Array:
        """Return ``count`` rows, of which each rank has its share."""
        whole = np.empty((count, *rows.shape[1:]), rows.dtype)
        bounds = [count * rank // self.size for rank in range(self.size + 1)]
        whole[bounds[self.rank] : bounds[self.rank + 1]] = rows
        own, messages = slice(*bounds[self.rank : self.rank + 2]), self.messages
        if self.rank:
            messages.wait([messages.send(whole[own], 0, ROWS)], "rank 0")
        for rank in range(1, 0 if self.rank else self.size):
            part = whole[bounds[rank] : bounds[rank + 1]]
            messages.wait([messages.receive(part, rank, ROWS)], f"rank {rank}")
        self._spread_array(whole)
        return whole

    def total(self, gradients: Array, add: Add, shards: int) -> Total:
        """Return the sum over shards, to be made in the memory where gradients are."""
        if self._incoming.shape != gradients.shape:
            from chainrule.engine.machine.memory import aligned

            self._incoming = aligned(gradients.shape, gradients.dtype)
        even = self.size & (self.size - 1) == 0 and shards % self.size == 0
        kind = Butterfly if even else OverRanks
        return kind(self.channel, gradients, self._incoming, add, shards)

    def common_memory(self, size: int) -> CommonMemory | None:
        """Return memory that all ranks read: on one machine, where nothing is to be rounded."""
        if self.wire != "exact" or len(set(self.gather(machine()))) > 1:
            return None
        contents = file_in_common(self, CommonMemory.counted(self.size) + size)
        return None if contents is None else CommonMemory(contents, self.messages)

    def at_one_pace(self) -> AbstractContextManager[None]:
        """Take note that steps begin and, in the end, that they are over."""
        self.interrupted = self.messages.interrupted = False
        return self.messages.at_one_pace()

    # ---- from rank 0 to all, along a tree: each rank hears from its number without the last 1

    def _spread(self, made: bytes) -> bytes:
        text = made if self.rank == 0 else self._receive_text(self._above, SHARED)
        requests = [r for rank in self._below for r in self._send_text(text, rank, SHARED)]
        self.messages.wait(requests, f"ranks {self._below}")
        return text

    def _spread_array(self, array: Array) -> None:
        messages = self.messages
        if self.rank:
            messages.wait([messages.receive(array, self._above, ROWS)], f"rank {self._above}")
        requests = [messages.send(array, rank, ROWS) for rank in self._below]
        messages.wait(requests, f"ranks {self._below}")

    @property
    def _above(self) -> int:
        return int(self.rank & (self.rank - 1))

    @property
    def _below(self) -> list[int]:
        most = self.rank & -self.rank or self.size
        steps = (1 << k for k in range(self.size.bit_length()))
        return [self.rank + step for step in steps if step < most and self.rank + step < self.size]

    def _send_text(self, text: bytes, to: int, tag: int) -> list[Any]:
        length = np.array([len(text)], np.int64)
        words = np.frombuffer(text, np.uint8)
        return [self.messages.send(length, to, tag), self.messages.send(words, to, tag)]

    def _receive_text(self, source: int, tag: int) -> bytes:
        length = np.zeros(1, np.int64)
        self.messages.wait([self.messages.receive(length, source, tag)], f"rank {source}")
        words = np.empty(int(length[0]), np.uint8)
        self.messages.wait([self.messages.receive(words, source, tag)], f"rank {source}")
        return words.tobytes()
