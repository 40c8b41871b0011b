"""Model files of fastText, read: versions 11 and 12, with and without quantisation.

    int32 magic, version; 12 int32 of the settings; double t
    dictionary: int32 entries, words, labels; int64 tokens, pruned n-grams or −1
                each entry: its bytes, 00, int64 count, int8 0 for a word and 1 for a label
                each pruned n-gram: int32 bucket, int32 row
    byte: input quantised?   matrix
    byte: output quantised?  matrix, quantised only if both are

    dense:      int64 rows, columns; float32
    quantised:  byte norms?; int64 rows, columns; int32 codes; the codes; quantiser;
                with norms: a code for each row, and their quantiser
    quantiser:  int32 dim, parts, numbers of a part, of the last; float32, 256·dim of them

Whoever reads trusts no number: what it promises must lie in the file before memory is taken.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import entries
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.binary import Cursor, mapped
from chainrule.fasttext.dictionary import Dictionary, PruneMap
from chainrule.fasttext.known_names import check_different, check_names
from chainrule.fasttext.matrices import Dense
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.quantisation import CENTROIDS, ProductQuantiser, Quantised
from chainrule.fasttext.settings import LOSSES, MODELS, Settings
from chainrule.files.errors import named_errors

__all__ = ["MAGIC", "SAVED", "VERSION", "is_fasttext_file", "read_model"]

MAGIC = 793712314
VERSION = 12
OLDEST = 11
SAVED = ["dim", "ws", "epoch", "minCount", "neg", "wordNgrams", "loss", "model", "bucket"]
SAVED += ["minn", "maxn", "lrUpdateRate"]
"""The integers that a file keeps of the settings, in its order."""

ENTRY = 10
"""Bytes of an entry besides its name."""


def is_fasttext_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file begins as fastText's models do."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return file.read(4) == MAGIC.to_bytes(4, "little")
    except OSError:
        return False


def read_model(path: str | os.PathLike[str], label: str = "__label__") -> FastTextModel:
    """Read a model that fastText, or ``write_model``, has written.

    Parameters
    ----------
    path : str or path
        A ``.bin`` or ``.ftz`` file.
    label : str
        What labels begin with: files do not keep it. It matters only for labels that the model
        does not know.

    Returns
    -------
    FastTextModel
        The model; one of word vectors has vectors, and predicts nothing.

    Raises
    ------
    ModelFileError
        The file cannot be read, is another kind of file, cut off, damaged or inconsistent.
    """
    path = Path(path)
    with named_errors(path, "read"), mapped(path) as (content, file):
        return _model(Cursor(content, file), label)


def _model(cursor: Cursor, label: str) -> FastTextModel:
    settings = _settings(cursor, label)
    cursor.expect(4 * settings.dim, f"vectors of {settings.dim:,} numbers")
    dictionary = _dictionary(cursor)
    if settings.model == "supervised":  # others look words up one by one
        _check_names(dictionary)
    quantised = cursor.flag("whether the input matrix is quantised")
    if dictionary.pruned is not None and not quantised:
        raise ValueError("expected a quantised input matrix, as it was pruned, got a dense one")
    inputs = _matrix(cursor, settings.dim, quantised, "the input matrix")
    quantised &= cursor.flag("whether the output matrix is quantised")
    outputs = _matrix(cursor, settings.dim, quantised, "the output matrix")
    cursor.end()
    model = FastTextModel(settings, dictionary, inputs, outputs)
    model.check()
    return model


def _settings(cursor: Cursor, label: str) -> Settings:
    magic, version = cursor.numbers("ii", "its beginning")
    if magic != MAGIC:
        raise ValueError(
            f"is no model of fastText: expected {MAGIC} as its first number, got {magic}; "
            "vectors as text, .vec, have a reader of their own, read_vectors"
        )
    if not OLDEST <= version <= VERSION:
        raise ValueError(f"expected a model of version {OLDEST} or {VERSION}, got {version}")
    values = dict(zip(SAVED, cursor.numbers("12i", "settings"), strict=True))
    (values["t"],) = cursor.numbers("d", "settings")
    for name, known in (("loss", LOSSES), ("model", MODELS)):
        if values[name] not in known:
            expected = ", ".join(f"{number} ({word})" for number, word in known.items())
            raise ValueError(f"is damaged: expected {name} to be {expected}, got {values[name]}")
        values[name] = known[values[name]]
    if version == OLDEST and values["model"] == "supervised":
        values["maxn"] = 0  # such models were trained without, whatever stands there
    return Settings(**values, label=label)


def _dictionary(cursor: Cursor) -> Dictionary:
    size, nwords, nlabels, ntokens, pruned = cursor.numbers("3i2q", "the dictionary")
    if min(size, nwords, nlabels, ntokens) < 0 or size != nwords + nlabels or pruned < -1:
        raise ValueError(
            "is damaged: expected a dictionary of words and labels, got "
            f"{size:,} entries, {nwords:,} words, {nlabels:,} labels, {ntokens:,} tokens, "
            f"{pruned:,} n-grams"
        )
    cursor.expect(size * ENTRY, f"a dictionary of {size:,} entries")
    text, bounds, counts, kinds = _entries(cursor, size)
    if kinds[:nwords].any() or (kinds[nwords:] != 1).any():
        raise ValueError(f"is damaged: expected {nwords:,} words, then {nlabels:,} labels")
    if size and counts.min() < 0:
        raise ValueError("is damaged: expected counts of 0 or more, got a negative one")
    pairs = cursor.array(2 * max(pruned, 0), "<i4", f"{pruned:,} n-grams").reshape(-1, 2)
    kept = None if pruned < 0 else PruneMap(*np.ascontiguousarray(pairs.T))
    return Dictionary(text, bounds, counts, nwords, ntokens, kept)


def _check_names(dictionary: Dictionary) -> None:
    try:
        check_names(dictionary.text, dictionary.bounds)
    except ValueError as error:
        raise ValueError(f"is damaged: {error}") from None


def _entries(
    cursor: Cursor, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return the names' text and bounds, the counts, and which of them are labels."""
    bounds, counts = np.empty(size + 1, np.int64), np.empty(size, np.int64)
    kinds, state = np.empty(size, np.uint8), np.zeros(2, np.int64)
    given = {"count": size, "bounds": bounds}
    found_of = {"size": cursor.left, "counts": counts, "kinds": kinds, "state": state}
    _with_content(cursor, entries.find, **given, **found_of)
    found, end = state.tolist()
    if found < size:
        raise ValueError(
            f"is cut off or damaged: expected {size:,} entries of the dictionary, "
            f"got its end in number {found + 1:,}"
        )
    text = np.empty(bounds[size] + 8, np.uint8)
    _with_content(cursor, entries.names, **given, names=text)
    cursor.place += end
    check_different(text[:-8], bounds)
    return text[:-8], bounds, counts, kinds


def _with_content(cursor: Cursor, emit: Any, **values: Any) -> None:
    """Call a kernel with what is left of a file, to which nothing refers later."""
    content = np.frombuffer(cursor.content, np.uint8)[cursor.place :]
    invoke(kernel_of(emit), content=content, **values)


def _matrix(cursor: Cursor, dim: int, quantised: bool, what: str) -> Dense | Quantised:
    return _quantised(cursor, dim, what) if quantised else _dense(cursor, dim, what)


def _dense(cursor: Cursor, dim: int, what: str) -> Dense:
    rows = _rows(cursor, dim, what)
    values = cursor.array(rows * dim, "<f4", what)
    return Dense(values.reshape(rows, dim).astype(np.float32, copy=False))


def _rows(cursor: Cursor, dim: int, what: str) -> int:
    rows, columns = cursor.numbers("qq", what)
    if rows < 0 or columns != dim:
        raise ValueError(
            f"is damaged: expected {dim} columns in {what}, as dim says, got {rows:,} × {columns:,}"
        )
    return int(rows)


def _quantised(cursor: Cursor, dim: int, what: str) -> Quantised:
    has_norms = cursor.flag(f"whether {what} has norms")
    rows = _rows(cursor, dim, what)
    (size,) = cursor.numbers("i", what)
    codes = cursor.array(size, "u1", what)
    quantiser = _quantiser(cursor, dim, what)
    if size != rows * quantiser.parts:
        raise ValueError(
            f"is damaged: expected {rows:,} × {quantiser.parts} codes in {what}, got {size:,}"
        )
    codes = codes.reshape(rows, quantiser.parts)
    if not has_norms:
        return Quantised(codes, quantiser)
    norm_codes = cursor.array(rows, "u1", f"the norms of {what}")
    return Quantised(codes, quantiser, norm_codes, _quantiser(cursor, 1, f"the norms of {what}"))


def _quantiser(cursor: Cursor, dim: int, what: str) -> ProductQuantiser:
    stated = cursor.numbers("4i", f"the quantiser of {what}")
    dsub = stated[2]
    if dsub < 1 or stated != (dim, -(-dim // dsub), dsub, dim % dsub or dsub):
        raise ValueError(
            f"is damaged: expected a quantiser of dim {dim} for {what}, got dim {stated[0]}, "
            f"{stated[1]} parts of {dsub}, the last of {stated[3]}"
        )
    centroids = cursor.array(CENTROIDS * dim, "<f4", f"the centroids of {what}")
    return ProductQuantiser(dim, dsub, centroids.astype(np.float32, copy=False))
