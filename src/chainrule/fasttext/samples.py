"""Texts and labels from Python as the lines that fastText reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["as_labels", "label_bytes", "prediction_lines_of", "text_bytes", "training_lines"]

WHITE_SPACE = re.compile(rb"[ \n\r\t\v\f\0]")
END = re.compile(rb"(?:(?<=[ \r\t\v\f\0])|^)</s>(?=[ \r\t\v\f\0]|$)")


def text_bytes(texts: Any, caller: str) -> list[bytes]:
    """Return texts in UTF-8.

    Raises
    ------
    TypeError
        Something is no text.
    ValueError
        A text has a line feed, which would make two of it.
    """
    if isinstance(texts, str | bytes):
        raise TypeError(f"{caller}: expected a list of texts, got one: [text] is a list")
    if getattr(texts, "ndim", 1) != 1:
        raise ValueError(f"{caller}: expected a list of texts, got an array of shape {texts.shape}")
    return [_encoded(text, f"{caller}: text {place}") for place, text in enumerate(texts)]


def _encoded(text: Any, name: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"{name}: expected a str, got {type(text).__name__}")
    if "\n" in text:
        raise ValueError(
            f"{name}: expected a line, got a text with a line feed; "
            r"text.replace('\n', ' ') makes one line of it"
        )
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name}: expected letters that UTF-8 has: {error}") from None


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
                f"fit: text {place}: expected words, got {found[0].decode()!r}, which begins as "
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


def as_labels(y: Any) -> list[list[Any]]:
    """Return the labels of each text: one, or those that are listed for it.

    Raises
    ------
    ValueError
        They are an array of two axes, or labels and lists mixed.
    """
    if getattr(y, "ndim", 1) != 1:
        raise ValueError(
            f"fit: expected a label, or a list of labels, for each text, got an array of shape "
            f"{y.shape}"
        )
    each = list(y)
    are_lists = [isinstance(one, list | tuple | set | frozenset) for one in each]
    if not any(are_lists):
        return [[one] for one in each]
    if not all(are_lists):
        raise ValueError("fit: expected labels, or a list of labels for each text, got both")
    return [sorted(one) if isinstance(one, set | frozenset) else list(one) for one in each]
