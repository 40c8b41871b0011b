"""A training by several processes: who they are, that they agree, and that all end if one does."""

from __future__ import annotations

import copy
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

from chainrule.training.communicator import DEADLINE, Messages, MPIRanks
from chainrule.training.errors import RankError, SilentRankError
from chainrule.training.plan import check_shards
from chainrule.training.ranks import OneProcess, Ranks, check_count
from chainrule.training.wire import Wire, check_wire

ALARM = 2
"""Seconds after which the system ends a rank that MPI has not ended."""

KEPT, SPOKEN_FOR = 4.0, 1.5
"""Seconds that rank 0 has to keep a checkpoint, before another rank ends all; that one has."""

READ = 0.1
"""Seconds in which ``mpiexec`` reads what a rank has said, before it ends all."""

_current: ContextVar[Ranks | None] = ContextVar("ranks", default=None)


def present_ranks() -> Ranks | None:
    """Return the processes that share trainings out at present; None where that is not asked."""
    return _current.get()


def speaks() -> bool:
    """Return whether this process is to print: alone, or the first of several."""
    ranks = _current.get()
    return ranks is None or ranks.rank == 0


@contextmanager
def ranks_of(
    communicator: Any,
    *,
    shards: int | None = None,
    deadline: float = DEADLINE,
    wire: Wire = "exact",
) -> Iterator[Ranks | None]:
    """Let trainings be shared out by the ranks of a communicator.

    All ranks come here with the same data and settings, and take the same way.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm or None
        Such as ``MPI.COMM_WORLD``. None is the processes that share trainings out already, or, of
        none, this one alone.
    shards : int or None, default=None
        In how many parts, a power of two, samples and batches of trainings are cut whose plan does
        not say it; at least the number of ranks. The bits of a training are those of this number.
        None cuts them in 8, whatever the number of ranks up to 8, and beyond in the next power of
        two; where there are no ranks it cuts nothing.
    deadline : float, default=20.0
        Seconds without a message from a rank that is waited for, after which all end. Before the
        first step it is five minutes, and where steps take long, ten times what the longest took.
    wire : {"exact", "bfloat16"}, default="exact"
        How gradients travel. In bfloat16 they have half the bytes and three digits, each time that
        they are sent: for networks that are slower than the processors. All ranks still have the
        same bits, but other ones if they are more or fewer. Those of float64 stay exact.

    Yields
    ------
    ranks : Ranks or None
        The processes; None of one alone whose trainings are not cut.

    Raises
    ------
    ValueError
        Shards that are no power of two, or fewer than ranks.
    ImportError
        mpi4py is not installed.
    TypeError
        Another thing than an intracommunicator.
    RankError
        Another rank has failed.
    """
    check_shards("ranks_of", shards)
    if communicator is None:
        with _in_shards(shards) as present:
            yield present
        return
    if isinstance(_current.get(), MPIRanks):
        raise ValueError("communicator: a training by several processes is under way already")
    _check(communicator)
    check_wire(wire)
    messages: Messages | None = None
    try:
        messages = Messages(communicator, deadline)
        ranks = MPIRanks(messages, wire, shards)
        if shards is not None:
            check_count("ranks_of", shards, ranks.size)
        token = _current.set(ranks)
        try:
            with _signals(messages), warnings.catch_warnings():
                if ranks.rank:  # rank 0 says the same
                    warnings.simplefilter("ignore")
                yield ranks
                ranks.gather(None)  # a rank that fails until here is heard of
        finally:
            _current.reset(token)
        messages.end()
    except SilentRankError as error:
        _end_all(communicator, messages, error)
    except RankError as error:
        if not communicator.Get_rank():
            _say(*getattr(error, "__notes__", ()))
        _leave_to_another(error)
        raise
    except BaseException as error:
        if messages is not None and messages.tell_all(_words(error)):
            _leave_to_another(error)
        raise


@contextmanager
def _in_shards(shards: int | None) -> Iterator[Ranks | None]:
    """Let the present processes cut trainings into so many shards."""
    present = _current.get()
    if shards is None:
        yield present
        return
    ranks: Ranks = OneProcess() if present is None else copy.copy(present)
    check_count("ranks_of", shards, ranks.size)
    ranks.shards = shards
    token = _current.set(ranks)
    try:
        yield ranks
    finally:
        _current.reset(token)


def _check(communicator: Any) -> None:
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ImportError(
            "communicator: training by several processes takes mpi4py and an MPI library, such as "
            "MPICH: pip install 'chainrule[mpi]'"
        ) from error
    if not isinstance(communicator, MPI.Intracomm):
        raise TypeError(
            "communicator: expected an intracommunicator of mpi4py, such as MPI.COMM_WORLD, got "
            f"{communicator!r}"
        )


def _words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted"
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _leave_to_another(error: BaseException) -> None:
    """Let Python print nothing of an error at its end: another rank says the same."""
    error.left_to_another = True  # type: ignore[attr-defined]
    before = sys.excepthook

    def hook(kind: Any, value: Any, trace: Any) -> None:
        if value is not error:
            before(kind, value, trace)

    sys.excepthook = hook


def is_left_to_another(error: BaseException) -> bool:
    """Return whether another rank says what this error does."""
    return getattr(error, "left_to_another", False)


def _end_all(communicator: Any, messages: Messages | None, error: SilentRankError) -> None:
    """Say in one sentence why all ranks end, and end them."""
    rank, speaker, notes = communicator.Get_rank(), 0, getattr(error, "__notes__", ())
    listens = messages is not None and not messages.hurried
    if messages is not None and listens and (silent := messages.life.silent()):
        names = f"rank{'s' * (len(silent) > 1)} {', '.join(map(str, silent))}"
        error = SilentRankError(names, error.seconds)
        speaker = min(set(range(communicator.Get_size())) - set(silent))
    if rank:
        time.sleep(KEPT if rank == speaker else KEPT + SPOKEN_FOR)
    sys.stdout.flush()
    if hasattr(signal, "alarm"):  # a rank that is cut off cannot tell its mpiexec
        signal.alarm(ALARM)
    _say(f"rank {rank} ends the training: {error}", *notes)
    time.sleep(READ)
    communicator.Abort(1)


def _say(*parts: str) -> None:
    """Write a sentence in one piece, which words of other ranks do not come into."""
    if parts:
        os.write(2, f"chainrule: {'; '.join(parts)}\n".encode())


@contextmanager
def _signals(messages: Messages) -> Iterator[None]:
    """Let a Ctrl-C of one rank end the steps of all ranks, at the same step."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.getsignal(number) for number in numbers}

    def came(number: int, frame: FrameType | None) -> None:
        if messages.running and not messages.interrupted:
            messages.interrupted, messages.hurried = True, number == signal.SIGTERM
            return
        usual = before[signal.Signals(number)]
        if callable(usual):
            usual(number, frame)

    taken = [number for number in numbers if callable(before[number])]
    for number in taken:
        signal.signal(number, came)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
