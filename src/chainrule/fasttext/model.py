"""A fastText model as data: settings, dictionary, two matrices; and the vectors it gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.dictionary import Dictionary, check_pruned
from chainrule.fasttext.features import (
    LineFeatures,
    hash_of,
    line_features,
    rows_of_hashes,
    word_rows,
)
from chainrule.fasttext.huffman import HuffmanTree
from chainrule.fasttext.matrices import Dense, KeptRows, Matrix, Rows, sum_in_order
from chainrule.fasttext.randomness import UniformStart
from chainrule.fasttext.settings import Settings

__all__ = ["FastTextModel", "at_unit_length", "mean_of_rows"]


@dataclass(frozen=True)
class FastTextModel:
    """A model, trained or read from a file.

    Parameters
    ----------
    settings : Settings
        What it was trained with.
    dictionary : Dictionary
        Its words and labels.
    input : Rows of shape (nwords + bucket, dim)
        A row for each word, then one for each bucket of n-grams: ``Dense``, ``KeptRows`` or
        ``Quantised``.
    output : Matrix of shape (nlabels, dim)
        A row for each label; with hierarchical softmax for each inner node of the tree, and one
        more. ``Dense`` or ``Quantised``.
    """

    settings: Settings
    dictionary: Dictionary
    input: Rows
    output: Matrix

    @classmethod
    def untrained(cls, dictionary: Dictionary, settings: Settings) -> FastTextModel:
        """Return the model that training begins with, for a dictionary and these settings."""
        settings = settings.for_training()
        rows = dictionary.nwords + settings.bucket
        start = UniformStart(rows, settings.dim, settings.seed)
        moved = KeptRows(np.empty(0, np.int64), np.empty((0, settings.dim), np.float32), start)
        output = Dense(np.zeros((dictionary.nlabels, settings.dim), np.float32))
        return cls(settings, dictionary, moved, output)

    def check(self) -> None:
        """Raise ValueError unless the parts belong together.

        Every word and n-gram has a row, and every label.
        """
        _check_rows(self)
        hierarchical = self.settings.model == "supervised" and self.settings.loss == "hs"
        if hierarchical and self.dictionary.nlabels:
            _ = self.tree

    @cached_property
    def tree(self) -> HuffmanTree:
        """The tree of hierarchical softmax."""
        return HuffmanTree.of_counts(self.dictionary.label_counts)

    def features(self, line: list[bytes]) -> LineFeatures:
        """Return the rows and labels of a line's tokens."""
        return line_features(line, self.dictionary, self.settings)

    def ngram_rows(self, ngram: bytes) -> list[int]:
        """Return the row of a character n-gram; none if it was pruned."""
        return rows_of_hashes([hash_of(ngram)], self.dictionary, self.settings)

    def word_vector(self, word: bytes, unit_length: bool = False) -> NDArray[np.float32]:
        """Return the mean (dim,) of the rows of a word and its n-grams; 0 if there are none.

        ``unit_length`` divides it by its length.
        """
        rows = word_rows(word, self.dictionary, self.settings)
        vector = mean_of_rows(self.input, [row for row in rows if row < self.input.shape[0]])
        return at_unit_length(vector[None])[0] if unit_length else vector

    def mean_word_vector(self, words: list[bytes], unit_length: bool) -> NDArray[np.float32]:
        """Return the mean (dim,) of the vectors of words at length 1; those of 0 do not count.

        ``unit_length`` brings them to it twice, as fastText 0.11 does.
        """
        each = [self.word_vector(word, unit_length) for word in words]
        vectors = at_unit_length(np.array(each, np.float32).reshape(-1, self.settings.dim))
        vectors = vectors[vectors.any(axis=1)]
        total = sum_in_order(vectors)
        mean: NDArray[np.float32] = total * np.float32(1 / max(len(vectors), 1))
        return mean

    def line_vector(self, line: list[bytes]) -> NDArray[np.float32]:
        """Return the mean (dim,) of the rows of a line's tokens; 0 if there are none."""
        return mean_of_rows(self.input, self.features(line).rows)


def at_unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors (n, dim), each divided by its length; those of length 0 as they are."""
    lengths = np.sqrt(np.add.accumulate(vectors * vectors, axis=1, dtype=np.float32)[:, -1])
    lengths = np.where(lengths > 0, lengths, 1).astype(np.float64)
    scaled: NDArray[np.float32] = vectors * (1 / lengths).astype(np.float32)[:, None]
    return scaled


def _check_rows(model: FastTextModel) -> None:
    settings, dictionary, pruned = model.settings, model.dictionary, model.dictionary.pruned
    ngrams = settings.bucket if settings.has_ngrams else 0
    if pruned is not None:
        ngrams = len(pruned.buckets)
        check_pruned(pruned, settings.bucket)
    rows = model.input.shape[0]
    if rows < dictionary.nwords + ngrams:
        raise ValueError(
            f"expected {dictionary.nwords:,} + {ngrams:,} rows of the input matrix for words and "
            f"n-grams, got {rows:,}"
        )
    rows = model.output.shape[0]
    if settings.model == "supervised" and rows < dictionary.nlabels:
        raise ValueError(
            f"expected {dictionary.nlabels:,} rows of the output matrix for labels, got {rows:,}"
        )


def mean_of_rows(matrix: Rows, rows: list[int]) -> NDArray[np.float32]:
    """Return the mean (dim,) of some rows of a matrix: their sum in order, times float32(1/n)."""
    total = sum_in_order(matrix.take(np.array(rows, np.int64)))
    mean: NDArray[np.float32] = total * np.float32(1 / max(len(rows), 1))
    return mean
