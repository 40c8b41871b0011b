"""Model files of fastText, written: ``.bin`` and ``.ftz`` are one format, version 12."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.known_names import check_different
from chainrule.fasttext.matrices import Dense, KeptRows, Rows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.quantisation import ProductQuantiser, Quantised
from chainrule.fasttext.reader import ENTRY, MAGIC, SAVED, VERSION
from chainrule.fasttext.settings import LOSSES, MODELS
from chainrule.fasttext.starting_rows import all_rows
from chainrule.files.atomic import replace_file
from chainrule.files.errors import named_errors
from chainrule.memory import expect_disk

__all__ = ["BYTES", "model_bytes", "write_model"]

LARGEST = 2**31 - 1
CHUNK = 2**22
BYTES = 4
"""Of a number."""


def write_model(path: str | os.PathLike[str], model: FastTextModel) -> None:
    """Write a model that fastText reads; the file is whole at any moment.

    Parameters
    ----------
    path : str or path
        Where; fastText's names end in ``.bin``, or in ``.ftz`` if the input is quantised.
    model : FastTextModel
        What.

    Raises
    ------
    ModelFileError
        The path cannot be written, or the model is none that fastText reads.
    """
    path = Path(path)
    with named_errors(path, "written"):
        if not path.parent.is_dir():
            raise ValueError("cannot be written: its folder does not exist")
        if path.exists() and not path.is_file():
            raise ValueError("cannot be written: it is a folder, a device or a pipe")
        model.check()
        check_different(model.dictionary.text, model.dictionary.bounds)
        _check_possible(model)
        if isinstance(model.input, KeptRows):
            expect_disk(path, BYTES * math.prod(model.input.shape))
        replace_file(path, model_bytes(model))


def model_bytes(model: FastTextModel) -> Iterator[bytes]:
    """Yield the bytes of a model's file."""
    settings = model.settings
    numbers = {name: getattr(settings, name) for name in SAVED}
    numbers["loss"] = _number(LOSSES, settings.loss)
    numbers["model"] = _number(MODELS, settings.model)
    yield struct.pack("<14id", MAGIC, VERSION, *numbers.values(), settings.t)
    yield from _dictionary(model.dictionary)
    for matrix in (model.input, model.output):
        yield bytes([isinstance(matrix, Quantised)])
        yield from _quantised(matrix) if isinstance(matrix, Quantised) else _dense(matrix)


def _check_possible(model: FastTextModel) -> None:
    """Raise ValueError for what the format has no place for."""
    dictionary = model.dictionary
    if dictionary.size > LARGEST:
        raise ValueError(f"expected at most {LARGEST:,} words and labels, got {dictionary.size:,}")
    if (dictionary.text == 0).any():
        raise ValueError("expected words and labels without the byte 00, got one that has it")
    quantised = [isinstance(matrix, Quantised) for matrix in (model.input, model.output)]
    if quantised == [False, True]:
        raise ValueError("expected a quantised input matrix, as the output is, got a dense one")
    if dictionary.pruned is not None and not quantised[0]:
        raise ValueError("expected a quantised input matrix, as it was pruned, got a dense one")
    for matrix in (model.input, model.output):
        if isinstance(matrix, Quantised) and matrix.codes.size > LARGEST:
            raise ValueError(f"expected at most {LARGEST:,} codes, got {matrix.codes.size:,}")


def _number(names: dict[int, str], name: str) -> int:
    return next(number for number, known in names.items() if known == name)


def _dictionary(dictionary: Dictionary) -> Iterator[bytes]:
    pruned = dictionary.pruned
    kept = -1 if pruned is None else len(pruned.buckets)
    sizes = dictionary.size, dictionary.nwords, dictionary.nlabels
    yield struct.pack("<3i2q", *sizes, dictionary.ntokens, kept)
    yield _entries(dictionary).tobytes()
    if pruned is not None:
        yield np.stack([pruned.buckets, pruned.rows], 1).astype("<i4").tobytes()


def _entries(dictionary: Dictionary) -> NDArray[np.uint8]:
    """Return each name, 00, its count, and 1 for a label."""
    size = dictionary.size
    content = np.zeros(len(dictionary.text) + ENTRY * size, np.uint8)
    zeros = dictionary.bounds[1:] + ENTRY * np.arange(size)
    rest = zeros[:, None] + np.arange(1, ENTRY)
    is_name = np.ones(len(content), bool)
    is_name[zeros] = is_name[rest] = False
    content[is_name] = dictionary.text
    content[rest[:, :-1]] = dictionary.counts.astype("<i8")[:, None].view(np.uint8)
    content[rest[dictionary.nwords :, -1]] = 1
    return content


def _dense(matrix: Rows) -> Iterator[bytes]:
    yield struct.pack("<qq", *matrix.shape)
    if isinstance(matrix, KeptRows):
        chunks = all_rows(matrix)
    elif isinstance(matrix, Dense):
        step = max(1, CHUNK // matrix.shape[1])
        values = matrix.values
        chunks = (values[first : first + step] for first in range(0, len(values), step))
    else:
        raise TypeError(f"expected a matrix that can be written, got {type(matrix).__name__}")
    for chunk in chunks:
        yield chunk.astype("<f4", copy=False).tobytes()


def _quantised(matrix: Quantised) -> Iterator[bytes]:
    has_norms = matrix.norm_codes is not None and matrix.norms is not None
    yield struct.pack("<?qqi", has_norms, *matrix.shape, matrix.codes.size)
    yield matrix.codes.tobytes()
    yield _quantiser(matrix.quantiser)
    if matrix.norm_codes is not None and matrix.norms is not None:
        yield matrix.norm_codes.tobytes()
        yield _quantiser(matrix.norms)


def _quantiser(quantiser: ProductQuantiser) -> bytes:
    dim, dsub = quantiser.dim, quantiser.dsub
    header = struct.pack("<4i", dim, quantiser.parts, dsub, dim % dsub or dsub)
    return header + quantiser.centroids.astype("<f4", copy=False).tobytes()
