"""The features of texts: words, runs of words and pieces of words, and where texts have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.inputs.texts import ngrams
from chainrule.inputs.texts.counting import Slots, counts_of
from chainrule.inputs.texts.known_words import KnownWords
from chainrule.inputs.texts.ngrams import NO_KEYS, Keys, Places
from chainrule.inputs.texts.settings import TextFeatures
from chainrule.inputs.texts.weighing import weights_of
from chainrule.inputs.texts.words import Words, words_of

__all__ = ["Vocabulary"]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What of texts is known, and how many texts have it.

    Parameters
    ----------
    features : TextFeatures
        What counts.
    column : str
        The column of a table that the texts of training stood in, "" if in none.
    words : tuple of bytes
        Those known, the most frequent first; each is a feature.
    runs, pieces : array of uint64, rising
        The numbers of runs and pieces of words that are features.
    training_texts : int
        How many there were.
    texts_with : array of int32, (features,)
        How many texts of training have a feature.
    least_counts : (int, int)
        How often each of the runs, and of the pieces, stood in the texts that came first, at least.
    """

    features: TextFeatures
    column: str
    words: tuple[bytes, ...]
    runs: Keys
    pieces: Keys
    training_texts: int
    texts_with: NDArray[np.int32]
    least_counts: tuple[int, int] = (0, 0)

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone, without what is computed of them and kept."""
        return {name: vars(self)[name] for name in self.__dataclass_fields__}

    @property
    def count(self) -> int:
        """How many features there are."""
        return len(self.words) + len(self.runs) + len(self.pieces)

    @cached_property
    def word_rows(self) -> dict[bytes, int]:
        """The number of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def slots(self) -> tuple[Slots, Slots]:
        """Where runs, and pieces, stand: built once, as each prediction looks up some of them."""
        return Slots(self.runs), Slots(self.pieces)

    @cached_property
    def idf(self) -> NDArray[np.float64]:
        """The inverse document frequency of each feature."""
        return np.log((1 + self.training_texts) / (1.0 + self.texts_with)) + 1

    def places_of(self, before: Self) -> Places:
        """Return where each feature of the vocabulary that this one has grown from stands now."""
        words, runs = len(self.words), len(self.runs)
        return np.concatenate(
            [
                np.arange(len(before.words)),
                words + np.searchsorted(self.runs, before.runs),
                words + runs + np.searchsorted(self.pieces, before.pieces),
            ]
        )

    def rows_of(self, found: Words) -> Places:
        """Return the row of each word, −1 for one that is not known."""
        rows = self.word_rows
        known = np.array([rows.get(word, -1) for word in found.different], np.int64)
        return known[found.numbers]

    def rows_in_runs(self, found: Words) -> Places:
        """Return the row of each word that runs may have, −1 for others."""
        rows = self.rows_of(found)
        return rows if self.features.sign_ngrams else np.where(found.signs[found.numbers], -1, rows)

    def runs_of(self, found: Words) -> tuple[Places, Keys]:
        """Return the text and the number of each run of known words."""
        rows = self.rows_in_runs(found)
        texts, keys = ngrams.runs(rows, found.texts, self.features.word_ngrams)
        return texts, self.in_bucket(keys)

    def pieces_of(self, found: Words) -> tuple[Places, Keys]:
        """Return the text and the number of each piece of a word."""
        if self.features.char_ngrams is None:
            return np.zeros(0, np.int64), NO_KEYS
        owners, keys = ngrams.pieces(found, *self.features.char_ngrams)
        return ngrams.spread(found, owners, self.in_bucket(keys))

    def in_bucket(self, keys: Keys) -> Keys:
        """Return the numbers of buckets, where features share them."""
        buckets = self.features.buckets
        return keys if buckets is None else (keys ^ keys >> np.uint64(32)) % np.uint64(buckets)

    @cached_property
    def known_words(self) -> KnownWords:
        """The words as machine code finds them."""
        return KnownWords(self.words)

    def counts_in(self, texts: Sequence[str]) -> sparse.csr_array:
        """Return how often each feature stands in each text, as `counts` does."""
        if self.features.char_ngrams is not None or not self.words:  # of words not known, too
            return self.counts(words_of(texts, lowercase=self.features.lowercase))
        known = self.known_words
        rows, of = known.rows_of(texts, lowercase=self.features.lowercase)
        in_runs = rows
        if not self.features.sign_ngrams:
            in_runs = np.where((rows >= 0) & known.signs[rows], -1, rows)
        starts, keys = ngrams.runs(in_runs, of, self.features.word_ngrams)
        no_pieces = np.zeros(0, np.int64), NO_KEYS
        return self._counts(of, rows, ((starts, self.in_bucket(keys)), no_pieces), len(texts))

    def counts(self, found: Words) -> sparse.csr_array:
        """Return how often each feature stands in each text, (n, features) of float64."""
        kinds = self.runs_of(found), self.pieces_of(found)
        return self._counts(found.texts, self.rows_of(found), kinds, found.count)

    def _counts(
        self, of: Places, rows: Places, kinds: Sequence[tuple[Places, Keys]], texts: int
    ) -> sparse.csr_array:
        """Return how often words, and runs and pieces, stand in each text."""
        parts = [(of, rows)]
        before = len(self.words)
        for (stand, keys), known in zip(kinds, self.slots, strict=True):
            places = known.places(keys)
            parts.append((stand, np.where(places < 0, -1, places + before)))
            before += known.count
        return counts_of(parts, texts, self.count)

    def weighted(self, counts: sparse.csr_array) -> sparse.csr_array:
        """Return what features weigh, float32, from how often they stand in texts."""
        return weights_of(counts, self.features.weighting, self.idf)
