"""The parts of a model as text: fastText's ``dump``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.fasttext.line_text import vector_lines
from chainrule.fasttext.matrices import Rows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.quantisation import Quantised
from chainrule.fasttext.reader import SAVED

__all__ = ["DUMPS", "dump_text"]

DUMPS = ("args", "dict", "input", "output")
SHORT = {"ova": "one-vs-all", "skipgram": "sg", "supervised": "sup"}
NUMBERS = 2**18
"""Numbers of a matrix that are written at once."""


def dump_text(model: FastTextModel, what: str) -> Iterator[bytes]:
    """Yield a part of a model as lines of text.

    Parameters
    ----------
    model : FastTextModel
        Of any kind.
    what : str
        One of ``DUMPS``: settings, words and labels, or a matrix.

    Raises
    ------
    ValueError
        The matrix is quantised.
    """
    if what == "args":
        yield from _settings(model)
    elif what == "dict":
        yield from _entries(model)
    else:
        yield from _matrix(model.input if what == "input" else model.output, what)


def _settings(model: FastTextModel) -> Iterator[bytes]:
    for name in [*SAVED, "t"]:
        value = getattr(model.settings, name)
        text = f"{value:g}" if name == "t" else str(SHORT.get(value, value))
        yield f"{name} {text}\n".encode()


def _entries(model: FastTextModel) -> Iterator[bytes]:
    known = model.dictionary
    yield b"%d\n" % known.size
    for place, (name, count) in enumerate(zip(known.names, known.counts.tolist(), strict=True)):
        kind = b"word" if place < known.nwords else b"label"
        yield b"%s %d %s\n" % (name, count, kind)


def _matrix(matrix: Rows, what: str) -> Iterator[bytes]:
    if isinstance(matrix, Quantised):
        raise ValueError(f"dump: expected a model whose {what} matrix is not quantised")
    rows, columns = matrix.shape
    yield b"%d %d\n" % (rows, columns)
    step = max(1, NUMBERS // columns)
    for first in range(0, rows, step):
        some = matrix.take(np.arange(first, min(first + step, rows)))
        yield vector_lines(some, digits=6, ends_with_space=False)
