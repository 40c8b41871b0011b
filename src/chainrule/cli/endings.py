"""How a command ends that goes wrong, or is interrupted: with a sentence, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainrule.interruption import EXIT_CODE, interruption

if TYPE_CHECKING:
    from chainrule.cli.output import Output

__all__ = ["interruptible", "said"]


@contextmanager
def said() -> Iterator[None]:
    """Say what goes wrong on standard error; the exit code is 1."""
    try:
        yield
    except (ValueError, OSError, MemoryError, ImportError, ArithmeticError) as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        _output().error("; ".join([sentence, *getattr(error, "__notes__", ())]))
        sys.exit(1)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end what is done with a word; the exit code is 130."""
    try:
        with interruption.during_work():
            yield
    except KeyboardInterrupt:
        _output().say("interrupted")
        sys.exit(EXIT_CODE)


def _sentence(error: Exception) -> str | None:
    """Return what is said of an error; None of one that is the program's own."""
    if not isinstance(error, ArithmeticError):
        return str(error) or "there is not enough memory"
    from chainrule.training import TrainingDivergedError

    if not isinstance(error, TrainingDivergedError):
        return None
    return f"{error}" if error.history.epochs else f"{error} No model is saved."


def _output() -> Output:
    from chainrule.cli.output import Output  # which loads what draws tables

    return Output()
