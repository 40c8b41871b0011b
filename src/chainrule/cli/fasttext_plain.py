"""fastText's commands for lines, called as plainly as most are: without what reads command lines.

To load that takes longer than fastText takes for thousands of lines. Whatever is not plain, help
and mistakes among it, is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from chainrule.cli.endings import interruptible

__all__ = ["plain_call", "run_plainly"]

THREAD = "-thread"


def run_plainly(arguments: Sequence[str]) -> bool:
    """Do what a command line asks for if ``plain_call`` knows it; return whether it does."""
    call = plain_call(arguments)
    if call is None:
        return False
    from chainrule.cli.fasttext_files import reader_may_leave

    with interruptible(), reader_may_leave():
        call()
    return True


def plain_call(arguments: Sequence[str]) -> Callable[[], None] | None:
    """Return what a command line asks for, None unless it is one of a few, plainly said.

    Parameters
    ----------
    arguments : sequence of str
        ``fasttext``, the command, and what follows it.
    """
    if len(arguments) < 3 or arguments[0] != "fasttext" or arguments[1] not in COMMANDS:
        return None
    taken = _taken(arguments[2:])
    return None if taken is None else COMMANDS[arguments[1]](*taken)


def _taken(rest: Sequence[str]) -> tuple[list[str], int | None] | None:
    """Return the arguments, and the number of threads; None where there are other options."""
    plain, thread, left = list[str](), None, iter(rest)
    try:
        for each in left:
            if each == THREAD:
                thread = int(next(left))
            elif each.startswith("-") and each not in ("-", "-1"):
                return None
            else:
                plain.append(each)
    except (StopIteration, ValueError):
        return None
    return plain, thread


Call = Callable[[], None] | None


def _predict(plain: list[str], thread: int | None, *, probabilities: bool) -> Call:
    numbers = _numbers(plain)
    if numbers is None:
        return None
    from chainrule.cli.fasttext_answers import print_predictions

    return partial(
        print_predictions, plain[0], plain[1], *numbers, thread, probabilities=probabilities
    )


def _score(plain: list[str], thread: int | None, *, each_label: bool) -> Call:
    numbers = _numbers(plain)
    if numbers is None:
        return None
    from chainrule.cli.fasttext_answers import print_scores

    return partial(print_scores, plain[0], plain[1], *numbers, thread, each_label=each_label)


def _vectors(plain: list[str], thread: int | None) -> Call:
    if len(plain) != 1:
        return None
    from chainrule.cli.fasttext_answers import print_sentence_vectors

    return partial(print_sentence_vectors, plain[0], thread)


def _numbers(plain: list[str]) -> tuple[int, float] | None:
    """Return K and TH, which stand behind the model and the text; None for anything else."""
    if not 2 <= len(plain) <= 4:
        return None
    try:
        k = int(plain[2]) if len(plain) > 2 else 1
        return k, float(plain[3]) if len(plain) > 3 else 0.0
    except ValueError:
        return None


COMMANDS: dict[str, Callable[[list[str], int | None], Call]] = {
    "predict": partial(_predict, probabilities=False),
    "predict-prob": partial(_predict, probabilities=True),
    "test": partial(_score, each_label=False),
    "test-label": partial(_score, each_label=True),
    "print-sentence-vectors": _vectors,
}
