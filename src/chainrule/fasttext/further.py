"""Training that goes on: a model's dictionary stays, and its matrices move on from where they are.

So a model learns from more text, and one with fewer rows, as quantising leaves it, learns to do
without the others. Words and labels that the dictionary has not are unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.tokens import line_chunks
from chainrule.engine.machine.memory import aligned
from chainrule.fasttext.line_rows import Lines
from chainrule.fasttext.matrices import Dense, KeptRows, Rows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.prediction import CHUNK, Predictor
from chainrule.fasttext.quantisation import Quantised
from chainrule.fasttext.starting_rows import FLOATS
from chainrule.fasttext.steps import train

__all__ = ["train_further"]


def train_further(
    model: FastTextModel,
    source: Any,
    *,
    epoch: int | None = None,
    lr: float | None = None,
    goes_on: Callable[[float], bool] | None = None,
) -> FastTextModel:
    """Return a model that was trained further on a text, as fastText does after a cutoff.

    Parameters
    ----------
    model : FastTextModel
        The model to begin with, which does not change.
    source : bytes-like or binary file
        The text, a line for each sample.
    epoch : int, optional
        How often as many tokens are read as the dictionary counted; as before, by default.
    lr : float, optional
        The learning rate that falls to 0; the one from before, by default.
    goes_on : callable, optional
        Asked now and then, with the share that is done; training ends where it returns false.

    Raises
    ------
    ValueError
        The model is quantised, a setting makes no sense in training, no line has a known label and
        a feature, or a score is not finite.
    """
    if isinstance(model.input, Quantised) or isinstance(model.output, Quantised):
        raise ValueError("train: expected a model that is not quantised, got one that is")
    settings = replace(
        model.settings,
        epoch=model.settings.epoch if epoch is None else epoch,
        lr=model.settings.lr if lr is None else lr,
    )
    known = model.dictionary
    lines, rows = _lines(model, source)
    if not ((lines.lines["labels"] > 0) & (lines.lines["size"] > 0)).any():
        raise ValueError("train: expected lines with a known label and a word, got none")
    inputs = _padded(model.input.take(rows))
    outputs = _padded(model.output.take(np.arange(known.nlabels)))
    chosen = settings.for_training()
    train(lines, inputs, outputs, known.label_counts, known.ntokens, chosen, goes_on)
    matrix = _with_rows(model.input, rows, inputs[:, : settings.dim])
    return FastTextModel(settings, known, matrix, Dense(outputs[:, : settings.dim].copy()))


def _lines(model: FastTextModel, source: Any) -> tuple[Lines, NDArray[np.int64]]:
    """Return lines as the places of their features' rows among some, and which rows these are."""
    predictor = Predictor(model, 1)
    space, count = predictor.workspace(), len(predictor.rows.values)
    joined: tuple[list[NDArray[Any]], ...] = ([], [], [], [])
    before = [0, 0, 0, 0]
    for chunk in line_chunks(source, CHUNK):
        found, listed, gold, beyond = space.features(*chunk)
        sizes = int(found["words"].sum() + found["ngrams"].sum()), int(found["labels"].sum())
        found, listed = found.copy(), listed[: sizes[0]].copy()
        found["feature"] += before[1]
        found["label"] += before[2]
        listed[listed >= count] += before[3]
        for place, array in enumerate((found, listed, gold[: sizes[1]].copy(), beyond.copy())):
            joined[place].append(array)
            before[place] += len(array)
    lines, one_list, labels, missing = map(np.concatenate, joined)
    every, parts = predictor.rows.numbers(missing), predictor.rows.parts
    by_parts = model.settings.maxn > 0
    direct = one_list >= 0
    used = np.zeros(model.input.shape[0], bool)
    used[every[one_list[direct]]] = True
    if by_parts:
        used[every[parts]] = True
    rows = np.flatnonzero(used)
    places = np.cumsum(used, dtype=np.int32) - 1
    one_list[direct] = places[every[one_list[direct]]]
    found_lines = Lines(
        lines,
        one_list,
        labels,
        len(rows),
        np.zeros(0, np.int32),
        np.zeros(0, np.int32),
        predictor.rows.part_starts if by_parts else None,
        places[every[parts]] if by_parts else None,
    )
    return found_lines, rows


def _padded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows as whole vectors, zeros behind the last number."""
    rows, dim = values.shape
    whole = aligned((rows, -(-dim // FLOATS) * FLOATS), np.float32)
    whole[:, :dim] = values
    return whole


def _with_rows(
    matrix: Rows, rows: NDArray[np.int64], values: NDArray[np.float32]
) -> Dense | KeptRows:
    """Return a matrix with other numbers in some rows."""
    if isinstance(matrix, KeptRows):
        kept = np.union1d(matrix.kept, rows)
        moved = matrix.take(kept)
        moved[np.searchsorted(kept, rows)] = values
        return replace(matrix, kept=kept, values=moved)
    changed = matrix.take(np.arange(matrix.shape[0]))
    changed[rows] = values
    return Dense(changed)
