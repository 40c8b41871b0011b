"""A stream as a training takes it: raw parts of blocks become numbers, targets and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from chainrule.data import DataError
from chainrule.data.streams import DataStream, LabelledPart
from chainrule.data.streams.parts import ArrayPart
from chainrule.estimators.streams.answers import AnswerEncoder
from chainrule.estimators.streams.places import placed
from chainrule.estimators.streams.weights import RowWeights
from chainrule.inputs import Inputs, TableEncoder
from chainrule.training.samples import Samples
from chainrule.types import Array

__all__ = ["EncodedBlocks", "encoded_rows", "few_rows"]

LEAST_ROWS, NUMBERS = 256, 2**21
"""Rows that are encoded at once at least, and numbers, 8 MiB of float32, that more rows make."""


class EncodedBlocks:
    """The blocks of a stream as samples of a training, but for those rows that are held out.

    Parameters
    ----------
    stream : DataStream
        Of rows with answers.
    encode : callable
        Makes X (n, …) of rows of the stream, whose numbers there are told if they are trained on.
    answers : AnswerEncoder
        What makes targets of answers.
    weights : RowWeights or None
        What each row weighs.
    held_out : ndarray of int
        Numbers of rows of the stream, rising, that are left out.
    """

    def __init__(
        self,
        stream: DataStream,
        encode: Callable[[LabelledPart, Array | None], Array],
        answers: AnswerEncoder,
        weights: RowWeights | None = None,
        held_out: Array | None = None,
    ) -> None:
        self.stream, self.encode, self.answers, self.weights = stream, encode, answers, weights
        self._out = np.arange(0) if held_out is None else np.asarray(held_out)
        self._first = np.concatenate([[0], np.cumsum(stream.sizes)])
        self._places = np.searchsorted(self._out, self._first)
        kept = np.array(stream.sizes) - np.diff(self._places)
        self._blocks = np.flatnonzero(kept).tolist()
        self.sizes = tuple(kept[kept > 0].tolist())
        self._numbers: int | None = None

    def without(self, held_out: Array) -> EncodedBlocks:
        """Return the blocks but for some rows of the stream, whose numbers rise."""
        return type(self)(self.stream, self.encode, self.answers, self.weights, held_out)

    def read(self, block: int) -> Iterator[Samples]:
        """Yield the samples of a block in their order, some at a time."""
        own, start = self._blocks[block], 0
        out = self._left_out(own)
        for part in self._few_of(self.stream.read(own)):
            count = len(part)
            samples = self._encoded(part, own, start)
            here = out[(out >= start) & (out < start + count)] - start
            if len(here):
                samples = samples.at(np.delete(np.arange(count), here))
            if len(samples):
                yield samples
            start += count

    def labelled(self) -> Iterator[tuple[LabelledPart, Array, Array, Array | None]]:
        """Yield all rows but those held out, as they were read, some at a time.

        With them come their numbers in the stream, their targets, and what they weigh.
        """
        for own in self._blocks:
            out, start = self._left_out(own), 0
            for part in self.stream.read(own):
                count = len(part)
                here = out[(out >= start) & (out < start + count)] - start
                t, weights = self._answered(part, own, start)
                rows = self._first[own] + start + np.arange(count)
                start += count
                if len(here):
                    kept = np.delete(np.arange(count), here)
                    part, rows, t = self.stream.taken(part, kept), rows[kept], t[kept]
                    weights = None if weights is None else weights[kept]
                if len(part):
                    yield part, rows, t, weights

    def place(self, block: int, sample: int) -> str:
        """Return in words where a sample of a block stands, both counted from 0."""
        own = self._blocks[block]
        row = sample
        for out in self._left_out(own).tolist():
            row += out <= row
        return self.stream.place(own, row)

    def identity(self) -> dict[str, str]:
        """Return what is read, part by part, with a digest of every byte that can matter."""
        found = self.stream.contents()
        if self.weights is not None:
            found["all sample weights"] = self.weights.described()
        return found

    def rows_at(self, rows: Array) -> Samples:
        """Return samples of some rows of the stream, whose numbers rise, as a score takes them."""
        part = self.stream.at(rows)
        t, weights = AnswerEncoder(self.answers.estimator, self.answers.targets)(part.y)
        if self.weights is not None:
            own = self.weights.at(part, rows)
            weights = own if weights is None else own * weights
        return Samples(self._whole(part), t, weights)

    def _whole(self, part: LabelledPart) -> Any:
        """Return all rows of a part as the chain takes them."""
        X, at = np.empty(0), 0
        for few in self._few_of(iter([part])):
            own = self.encode(few, None)
            if not at:
                X = np.empty((len(part), *own.shape[1:]), own.dtype)
            X[at : at + len(own)] = own
            at += len(own)
        return X

    def _left_out(self, block: int) -> Array:
        """Return the rows of a block of the stream that are held out."""
        first, last = self._places[block : block + 2]
        return np.asarray(self._out[first:last] - self._first[block])

    def _few_of(self, parts: Iterator[LabelledPart]) -> Iterator[LabelledPart]:
        """Yield rows so few at a time that their numbers take little memory."""
        for part in parts:
            yield from few_rows([part], self._width(part))

    def _width(self, part: LabelledPart) -> int:
        """Return how many numbers X has for a row."""
        if self._numbers is None:
            self._numbers = int(np.prod(self.encode(part.rows(0, 1), None).shape[1:]))
        return max(1, self._numbers)

    def _encoded(self, part: LabelledPart, block: int, start: int) -> Samples:
        try:
            X = self.encode(part, self._first[block] + start + np.arange(len(part)))
        except DataError as error:
            raise self._placed(error, block, start, part) from None
        return Samples(X, *self._answered(part, block, start))

    def _answered(self, part: LabelledPart, block: int, start: int) -> tuple[Array, Array | None]:
        """Return the targets of rows of a block, and what they weigh."""
        try:
            t, weights = self.answers(part.y)
        except DataError as error:
            raise self._placed(error, block, start, part) from None
        if self.weights is not None:
            own = self.weights.of(part, block, start)
            weights = own if weights is None else own * weights
        return t, weights

    def _placed(self, error: DataError, block: int, start: int, part: LabelledPart) -> DataError:
        """Return an error of rows of a block that says where they stand."""
        first = int(self._first[block]) + start if isinstance(part.part, ArrayPart) else 0
        told = placed(str(error), self.stream, first)
        if told == str(error):
            told = f"{error}, of those from {self.stream.place(block, start)}"
        return DataError(told)


def few_rows(parts: Iterable[LabelledPart], width: int) -> Iterator[LabelledPart]:
    """Yield rows so few at a time that so many numbers for each of them take little memory."""
    rows = max(LEAST_ROWS, NUMBERS // max(1, width))
    for part in parts:
        for start in range(0, len(part), rows):
            yield part if rows >= len(part) else part.rows(start, min(start + rows, len(part)))


def encoded_rows(inputs: Inputs, part: LabelledPart) -> Any:
    """Return rows of a stream as a chain takes them."""
    if isinstance(inputs, TableEncoder):
        return inputs.encode_table(part.raw)[0]
    if inputs.kind != "rows":
        return inputs.encode(part.raw)
    X = part.part.numbers(part.features if inputs.raw_names is None else inputs.raw_names)
    if X.ndim != 2 or X.shape[1] != inputs.raw_count:
        raise DataError(
            f"expected rows of {inputs.raw_count} features, got an array of shape {X.shape}"
        )
    return X
