"""A column of free text: telling words as they weigh, and scores of what the text lets expect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data import DataError
from chainrule.data.cells import Cells, shortened
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import MISSING_VALUE, Line, TableColumn, counted_cells
from chainrule.inputs.tables.number_columns import NumberColumn, number_column
from chainrule.inputs.tables.text_scores import scores_of
from chainrule.inputs.texts import Texts
from chainrule.inputs.texts.packing import packed_numbers, unpacked_numbers
from chainrule.tables import abridged

__all__ = ["MOST_WEIGHTS", "MOST_WORDS", "TextColumn", "score_name", "texts_of"]

MOST_WORDS = 64
"""Words that have a feature each."""

MOST_WEIGHTS = 2**24
"""Of features times answers: 64 MiB in memory."""


@dataclass(frozen=True, eq=False)
class TextColumn(TableColumn):
    """A column of texts: a feature for each telling word, and for each score.

    With `missing`, a last feature is 1 where the cell is missing and 0 elsewhere. A missing cell is
    a text without words.

    Parameters
    ----------
    texts : Texts
        The features of texts, and what they weigh.
    words : tuple of int
        The places of telling words among them, rising.
    scales : tuple of float
        What each of these weighs on average where it stands; its feature is 1 there.
    scores : tuple of NumberColumn
        How scores become features.
    weights : ndarray of shape (p, s)
        What features of texts add to scores.
    bias : ndarray of shape (s,)
        The scores of a text without features.
    """

    name: str
    texts: Texts
    words: tuple[int, ...]
    scales: tuple[float, ...]
    scores: tuple[NumberColumn, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    missing: bool

    kind = "text"
    called = "texts"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TextColumn) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def checked(self) -> TextColumn:
        """Return the column itself; DataError if a file could not keep its name."""
        try:
            strict_json.text(self.name, "name", least=0)
        except ValueError as error:
            raise DataError(
                f"column {shortened([self.name])}: {error}; no file could keep it: drop the column"
            ) from None
        return self

    @cached_property
    def word_names(self) -> tuple[str, ...]:
        """The words that have a feature each."""
        return tuple(self.texts.words[place].decode("utf-8", "replace") for place in self.words)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features: words, scores, and whether the cell is missing."""
        return (
            *(f"{self.name}: {word}" for word in self.word_names),
            *(name for column in self.scores for name in column.feature_names),
            *((f"{self.name} {MISSING_VALUE}",) if self.missing else ()),
        )

    def describe(self) -> str:
        """Return what becomes of it."""
        parts = [f"one each: {abridged(self.word_names)}"] if self.words else []
        if self.scores:
            kinds = self.texts.describe().removeprefix("texts with ")
            parts.append(f"scores of {kinds} (cross-fitted)")
        return "; and ".join(parts) + ", and whether it is missing" * self.missing

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes."""
        cells = Cells.read(raw)
        X = self.texts.encode_texts(texts_of(cells))
        scores = scores_of(X, self.weights, self.bias)
        out[...] = self.features(X, scores, cells.missing)[cells.codes]
        gone = 0 if self.missing else int(cells.missing[cells.codes].sum())
        if not gone:
            return []
        return [
            f"column {self.name!r}: {counted_cells(gone)} missing, none in training; taken for "
            "texts without words"
        ]

    def features(
        self, X: Any, scores: NDArray[np.float64], missing: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Return what becomes of texts (n, features).

        Parameters
        ----------
        X : sparse matrix of shape (n, p)
            What features weigh in each text.
        scores : ndarray of shape (n, s)
            Of the texts.
        missing : ndarray of shape (n,)
            Whether there was none.
        """
        out = np.empty((len(missing), len(self.feature_names)), np.float32)
        end = len(self.words)
        out[:, :end] = X[:, list(self.words)].toarray() / np.array(self.scales)
        for place, column in enumerate(self.scores):
            start, end = end, end + len(column.feature_names)
            column.encode_numbers(scores[:, place], out[:, start:end])
        if self.missing:
            out[:, end] = missing
        return out

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back; weights are bytes, little-endian, in base64."""
        return {
            "kind": self.kind,
            "name": self.name,
            "texts": self.texts.to_json(),
            "words": list(self.words),
            "scales": list(self.scales),
            "scores": [column.to_json() for column in self.scores],
            "weights": packed_numbers(self.weights, "<f4"),
            "bias": packed_numbers(self.bias, "<f4"),
            "missing": self.missing,
        }

    @classmethod
    def from_json(cls, data: object, where: str) -> TextColumn:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        keys = ("kind", "name", "texts", "words", "scales", "scores", "weights", "bias", "missing")
        fields = strict_json.record(data, where, keys)
        texts = Texts.from_json(fields["texts"])
        known = len(texts.words)
        places = strict_json.items(fields["words"], f"{where}.words", MOST_WORDS)
        words = [strict_json.whole(each, f"{where}.words", 0, known - 1) for each in places]
        if sorted(set(words)) != words:
            raise ValueError(f"{where}.words: expected places that rise")
        scales = strict_json.items(fields["scales"], f"{where}.scales", len(words), len(words))
        most = MOST_WEIGHTS // max(texts.count, 1)
        scores = tuple(
            number_column(each, f"{where}.scores[{place}]")
            for place, each in enumerate(
                strict_json.items(fields["scores"], f"{where}.scores", max(most, 1))
            )
        )
        shape = texts.count, len(scores)
        return cls(
            strict_json.text(fields["name"], f"{where}.name", least=0),
            texts,
            tuple(words),
            tuple(strict_json.number(each, f"{where}.scales", positive=True) for each in scales),
            scores,
            _read(fields["weights"], f"{where}.weights", shape),
            _read(fields["bias"], f"{where}.bias", shape[1:]),
            strict_json.flag(fields["missing"], f"{where}.missing"),
        )


def score_name(name: str, what: str) -> str:
    """Return what the score of an answer is called, after what its mean would be called."""
    return f"{name} score of {what.removeprefix('share of ').removeprefix('mean ')}"


def texts_of(cells: Cells) -> list[str]:
    """Return the different texts of cells, missing ones as texts without words."""
    return ["" if gone else text for text, gone in zip(cells.texts, cells.missing, strict=True)]


def _read(value: object, where: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Take back numbers of a shape; ValueError for others, and where one is not finite."""
    numbers = unpacked_numbers(value, where, "<f4").astype(np.float32)
    if numbers.size != np.prod(shape) or not np.isfinite(numbers).all():
        raise ValueError(f"{where}: expected {int(np.prod(shape)):,} finite numbers")
    return numbers.reshape(shape)
