"""Lines of texts with labels among their words, as fastText has them: ``__label__x some words``."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.data.cells import shortened
from chainrule.data.errors import DataError

__all__ = ["HEAD", "PREFIX", "TEXT", "check_labels_of_line", "have_labels", "split_lines"]

PREFIX = "__label__"

TEXT = "text"
"""What the column of the texts of lines is called."""

SPACES = " \t\v\f\r\0"
"""What stands between words, as fastText has it."""

HEAD = 2**16
FIRST_LINES = 20
"""Labelled lines are known by one of their first ones."""


def have_labels(head: bytes) -> bool:
    """Return whether one of the first lines of a file has a label."""
    lines = [line for line in head.split(b"\n") if line.strip()][:FIRST_LINES]
    label = PREFIX.encode()
    return any(word.startswith(label) for line in lines for word in line.split())


def split_lines(content: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the text of each line, words with a blank between, and its different labels.

    A line feed at the end begins no line.
    """
    if not content:
        return [], []
    content = _with_single_blanks(content.removesuffix("\n"))
    lines = content.split("\n")
    at_begin = content.count("\n" + PREFIX) + content.startswith(PREFIX)
    if at_begin == content.count(PREFIX) == len(lines):  # as files mostly are: one label a line
        pairs = [line.partition(" ") for line in lines]
        texts = [text.strip(" ") for _, _, text in pairs]
        return texts, [(label.removeprefix(PREFIX),) for label, _, _ in pairs]
    found = [_split_line(line) for line in lines]
    return [text for text, _ in found], [labels for _, labels in found]


def _with_single_blanks(content: str) -> str:
    """Return a text in which one blank stands between words."""
    for space in SPACES[1:]:
        content = content.replace(space, " ")
    while "  " in content:
        content = content.replace("  ", " ")
    return content


def _split_line(line: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of a line, and its different labels."""
    if PREFIX not in line:
        return line.strip(" "), ()
    words = [word for word in line.split(" ") if word]
    labels = [word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)]
    text = " ".join(word for word in words if not word.startswith(PREFIX))
    return text, tuple(dict.fromkeys(labels))


def check_labels_of_line(
    name: str, line: int, labels: Sequence[str], *, several: bool | None
) -> None:
    """Raise DataError for a label without a name, or for several labels where one is expected."""
    if "" in labels:
        raise DataError(f"{name}, line {line}: expected a label after {PREFIX}, got none")
    if several is False and len(labels) > 1:
        raise DataError(
            f"{name}, line {line}: expected one label, as in training, got {shortened(labels)}"
        )
