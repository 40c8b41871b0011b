"""Texts and labels from Python as the lines that fastText reads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from chainrule.inputs.texts.raw import NO_SAMPLES, listed
from chainrule.tables import cut
from chainrule.targets.classes import indicators
from chainrule.targets.label_checks import check_labels, check_order, is_list, rows_of
from chainrule.targets.label_lists import check_label_lists, is_matrix

__all__ = [
    "WHITE_SPACE",
    "as_labels",
    "label_bytes",
    "prediction_lines_of",
    "text_bytes",
    "training_lines",
]

WHITE_SPACE = re.compile(rb"[ \n\r\t\v\f\0]")
END = re.compile(rb"(?:(?<=[ \r\t\v\f\0])|^)</s>(?=[ \r\t\v\f\0]|$)")


def text_bytes(texts: Any, caller: str) -> list[bytes]:
    """Return texts in UTF-8.

    Raises
    ------
    TypeError
        Something is no text.
    ValueError
        There are none, or one has a line feed, which would make two of it.
    """
    if isinstance(texts, str | bytes | os.PathLike):
        raise TypeError(
            f"{caller}: expected a list of texts, got one, {cut(repr(texts))}: [text] is a list, "
            "and fit_file trains on a file"
        )
    whole = listed(caller, list(texts) if hasattr(texts, "__next__") else texts)
    if not whole:
        raise ValueError(f"{NO_SAMPLES} FastTextClassifier.")
    return [_encoded(text, caller, row) for row, text in enumerate(whole)]


def _encoded(text: str, caller: str, row: int) -> bytes:
    if "\n" in text:
        raise ValueError(
            f"{caller}: expected lines, got a text with a line feed in row {row}; "
            r"text.replace('\n', ' ') makes one line of it"
        )
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{caller}: expected letters that UTF-8 has, got others in row {row}: {error}"
        ) from None


def label_bytes(label: Any, prefix: bytes) -> bytes:
    """Return a label as a word of a line.

    Raises
    ------
    ValueError
        It would be none, or more than one word.
    """
    word = str(label).encode()
    if WHITE_SPACE.search(word) or not word:
        raise ValueError(
            f"fit: expected labels without white space, got {label!r}: fastText's labels are words"
        )
    return prefix + word


def training_lines(
    texts: Sequence[bytes], labels: Iterable[Sequence[bytes]], prefix: bytes
) -> bytes:
    """Return a text to train on: of each sample its labels, its text and a line feed.

    Raises
    ------
    ValueError
        A text has a word that would be a label.
    """
    label = re.compile(rb"(?:(?<=[ \r\t\v\f\0])|^)" + re.escape(prefix) + rb"[^ \r\t\v\f\0]*")
    for place, text in enumerate(texts):
        if prefix in text and (found := label.search(text)):
            raise ValueError(
                f"fit: expected words, got {found[0].decode()!r} in row {place}, which begins as "
                f"labels do; another label= is a way out"
            )
    lines = (b" ".join([*own, text]) for own, text in zip(labels, texts, strict=True))
    return b"".join(line + b"\n" for line in lines)


def prediction_lines_of(texts: Sequence[bytes]) -> bytes:
    """Return one line for each text: what stands behind a literal ``</s>`` does not count."""
    lines = [text if b"</s>" not in text else _first_line(text) for text in texts]
    return b"".join(line + b"\n" for line in lines)


def _first_line(text: bytes) -> bytes:
    """Return a text up to a literal ``</s>``, for which the line feed stands."""
    found = END.search(text)
    return text if found is None else text[: found.start()]


def as_labels(y: Any, caller: str) -> list[list[Any]]:
    """Return the labels of each text: one, or those that are listed for it.

    Of an indicator matrix these are the numbers of the columns that hold.

    Raises
    ------
    ValueError
        They are a matrix of others than 0 and 1, labels and lists mixed, or missing.
    TypeError
        They are no labels.
    """
    check_order(caller, y)
    if is_matrix(y):
        return [np.flatnonzero(row).tolist() for row in indicators(y)]
    rows = rows_of(y)
    if not rows and not (hasattr(y, "__len__") and len(y) == 0):
        shape = f"an array of shape {y.shape}" if hasattr(y, "shape") else type(y).__name__
        raise ValueError(
            f"{caller}: expected a label, or a list of labels, for each text, got {shape}"
        )
    are_lists = [is_list(one) for one in rows]
    if not any(are_lists):
        check_labels(caller, rows)
        return [[one] for one in rows]
    if not all(are_lists):
        raise ValueError(
            f"{caller}: expected a list of labels for each text, as others have, got one label in "
            f"row {are_lists.index(False)} of y"
        )
    found = [list(one) for one in rows]
    check_label_lists(caller, found)
    return [sorted(own) if isinstance(one, set | frozenset) else own
            for one, own in zip(rows, found, strict=True)]
