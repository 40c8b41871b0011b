"""Vectors of words as text, ``.vec``: their number and size, then a word and its numbers a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.binary import mapped
from chainrule.fasttext.line_text import Names, vector_lines
from chainrule.fasttext.model import FastTextModel, at_unit_length
from chainrule.fasttext.prepared import InputRows, Words
from chainrule.files.atomic import replace_file
from chainrule.files.errors import named_errors

__all__ = ["WordVectors", "is_vectors_file", "read_vectors", "word_vectors", "write_vectors"]

LONGEST_HEADER = 64
CHUNK = 2**22
NUMBER = 16
"""Bytes of a number as text, at most."""


@dataclass(frozen=True)
class WordVectors:
    """Words and their vectors.

    Parameters
    ----------
    words : list of bytes
        The words.
    values : NDArray[np.float32] of shape (n, dim)
        Their vectors.
    """

    words: list[bytes]
    values: NDArray[np.float32]


def write_vectors(
    path: str | os.PathLike[str], model: FastTextModel, unit_length: bool = True
) -> None:
    """Write the vectors of a model's words as text; the file is whole at any moment.

    Parameters
    ----------
    path : str or path
        Where; fastText's names end in ``.vec``.
    model : FastTextModel
        Whose.
    unit_length : bool
        Whether vectors have length 1, as version 0.11 writes them; 0.9.2 does not.

    Raises
    ------
    ModelFileError
        The path cannot be written.
    """
    path = Path(path)
    with named_errors(path, "written"):
        if not path.parent.is_dir():
            raise ValueError("cannot be written: its folder does not exist")
        replace_file(path, _text(model, unit_length))


def _text(model: FastTextModel, unit_length: bool) -> Iterator[bytes]:
    words = model.dictionary.words
    yield b"%d %d\n" % (len(words), model.settings.dim)
    first = 0
    for rows in word_vectors(model, unit_length):
        yield vector_lines(rows, Names(words[first : first + len(rows)]))
        first += len(rows)


def word_vectors(
    model: FastTextModel, unit_length: bool = False
) -> Iterator[NDArray[np.float32]]:
    """Yield the vectors (n, dim) of all words of a model, some of them at a time.

    ``unit_length`` divides each by its length.
    """
    count, prepared = model.dictionary.nwords, None
    if model.settings.maxn > 0:
        prepared = InputRows(model, Words(model.dictionary, model.settings), sums=True)
    step = max(1, CHUNK // (NUMBER * model.settings.dim))
    for first in range(0, count, step):
        here = np.arange(first, min(first + step, count))
        if prepared is None:
            rows = model.input.take(here) + np.float32(0)  # no zero has a sign in a sum
        else:
            parts = prepared.part_starts[here + 1] - prepared.part_starts[here]
            rows = prepared.sums[here, : prepared.dim] * (1 / parts).astype(np.float32)[:, None]
        yield at_unit_length(rows) if unit_length else rows


def read_vectors(path: str | os.PathLike[str]) -> WordVectors:
    """Read vectors as text.

    Parameters
    ----------
    path : str or path
        A ``.vec`` file.

    Returns
    -------
    WordVectors
        Its words and vectors.

    Raises
    ------
    ModelFileError
        The file cannot be read, is another kind of file, cut off, or has a number that is none.
    """
    path = Path(path)
    with named_errors(path, "read"), mapped(path) as (content, _):
        count, dim, place = _header(content[: LONGEST_HEADER + 1], len(content))
        words: list[bytes] = []
        values = np.empty((count, dim), np.float32)
        while place < len(content):
            end = content.rfind(b"\n", place, place + CHUNK) + 1
            end = end or (content.find(b"\n", place) + 1) or len(content)
            rows = [line.split() for line in content[place:end].split(b"\n") if line.strip()]
            _add_rows(rows, words, values)
            place = end
        if len(words) != count:
            raise ValueError(f"is cut off: expected {count:,} vectors, got {len(words):,}")
    return WordVectors(words, values)


def is_vectors_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file has the ending ``.vec`` and begins as vectors as text do."""
    if Path(path).suffix != ".vec":
        return False
    try:
        with mapped(Path(path)) as (content, _):
            _header(content[: LONGEST_HEADER + 1], len(content))
    except (OSError, ValueError):
        return False
    return True


def _header(beginning: bytes, size: int) -> tuple[int, int, int]:
    """Return how many vectors there are, their size, and where the first begins."""
    line, feed, _ = beginning.partition(b"\n")
    numbers = line.split()
    if not feed or len(numbers) != 2 or not all(number.isdigit() for number in numbers):
        raise ValueError(
            "are no vectors as text: expected two numbers, of words and of their dimensions, "
            f"in its first line, got {line[:40]!r}"
        )
    count, dim = map(int, numbers)
    if dim < 1 or count * (2 * dim + 1) > size:
        raise ValueError(
            f"is cut off or damaged: expected {count:,} vectors of {dim:,} numbers, "
            f"got {size:,} bytes in all"
        )
    return count, dim, len(line) + 1


def _add_rows(rows: list[list[bytes]], words: list[bytes], values: NDArray[np.float32]) -> None:
    """Add lines, taken apart, to words and vectors."""
    count, dim = values.shape
    first = len(words)
    if first + len(rows) > count:
        raise ValueError(f"is damaged: expected {count:,} vectors, got more")
    for number, row in enumerate(rows, first):
        if len(row) != dim + 1:
            raise ValueError(
                f"is damaged: expected a word and {dim:,} numbers for vector {number + 1:,}, "
                f"got {len(row):,} parts"
            )
        words.append(row[0])
        try:
            values[number] = list(map(float, row[1:]))
        except ValueError:
            raise ValueError(
                f"is damaged: expected numbers in vector {number + 1:,}, got another word"
            ) from None
    if not np.isfinite(values[first : len(words)]).all():
        raise ValueError("expected finite numbers in vectors, got NaN or infinity")
