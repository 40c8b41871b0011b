"""Texts as rows of a sparse matrix: what each feature of a vocabulary weighs in each text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule import strict_json
from chainrule.inputs.base import Inputs, Options, RowCheck, Shape
from chainrule.inputs.texts import ngrams
from chainrule.inputs.texts.counting import counts_of, frequent, places_among
from chainrule.inputs.texts.ngrams import Keys, Places
from chainrule.inputs.texts.packing import (
    packed,
    packed_numbers,
    unpacked,
    unpacked_keys,
    unpacked_numbers,
)
from chainrule.inputs.texts.raw import NO_SAMPLES, column_of_texts, listed
from chainrule.inputs.texts.settings import TextFeatures
from chainrule.inputs.texts.words import Words, words_of
from chainrule.tables import counted

__all__ = ["Texts"]

MOST_TEXTS = 2**31
MOST_FEATURES = 2**31 - 1
NO_KEYS = np.zeros(0, np.uint64)


@dataclass(frozen=True, eq=False)
class Texts(Inputs):
    """A vocabulary, and what its features weigh: X (n, words + runs of words + pieces of words).

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

    kind = "text"

    def __repr__(self) -> str:
        return f"Texts({', '.join(self._parts())})"

    def _parts(self) -> list[str]:
        return [
            counted(len(found), name)
            for name, found in (("word", self.words), ("run", self.runs), ("piece", self.pieces))
            if len(found)
        ]

    @classmethod
    def learn(cls, data: Any, options: Options) -> Texts:
        """Return the vocabulary of texts."""
        owner = options.owner
        column = column_of_texts(owner, data, options.text[0] if options.text else "")
        texts = listed(owner, data, column)
        words = words_of(texts, lowercase=_features(options).lowercase)
        known, counts = cls._of(words, _features(options), owner, column)
        return known._counted_already(texts, counts)

    def _counted_already(self, texts: list[str], counts: sparse.csr_array) -> Texts:
        """Return the vocabulary, which knows these texts' counts until it encodes the next texts.

        Those are mostly the ones that it was learned from, and counting takes most of the time.
        """
        self.__dict__["_of_training"] = texts, counts
        return self

    @classmethod
    def fit(
        cls,
        texts: list[str],
        features: TextFeatures | None = None,
        *,
        owner: str = "Texts",
        column: str = "",
    ) -> Texts:
        """Learn the words of texts, and how many texts have each.

        Parameters
        ----------
        texts : list of str
            Of training.
        features : TextFeatures, optional
            What counts.
        owner : str
            Whom messages name.
        column : str
            The column of a table that they stood in.

        Raises
        ------
        ValueError
            No text has a word, or none that is frequent enough.
        """
        features = TextFeatures() if features is None else features
        return cls._of(words_of(texts, lowercase=features.lowercase), features, owner, column)[0]

    @classmethod
    def _of(
        cls, found: Words, features: TextFeatures, owner: str, column: str
    ) -> tuple[Texts, sparse.csr_array]:
        """Return the vocabulary of texts, and how often each feature stands in each of them."""
        nothing = cls(features, column, (), NO_KEYS, NO_KEYS, 0, np.zeros(0, np.int32))
        known, counts = nothing.grown_by(found)
        if not found.count:
            raise ValueError(f"{NO_SAMPLES} {owner}.")
        if not known.words:
            least = f" that stands {features.min_count} times" if features.min_count > 1 else ""
            raise ValueError(f"{owner}: expected texts with a word{least}, got none")
        return known, counts

    def grown(self, data: Any) -> Texts:
        """Return the vocabulary with the features of more texts, learned likewise.

        Words, runs and pieces that it has keep their numbers among their kind; new ones are those
        frequent enough in these texts alone. How many texts have a feature is counted on.

        Parameters
        ----------
        data : array-like, DataFrame, Table, str or path
            Raw texts, as of `encode`.
        """
        texts = listed("X", data, self.column)
        known, counts = self.grown_by(words_of(texts, lowercase=self.features.lowercase))
        return known._counted_already(texts, counts)

    def grown_by(self, found: Words) -> tuple[Texts, sparse.csr_array]:
        """Return the vocabulary with features of more texts, and these texts' counts.

        Parameters
        ----------
        found : Words
            Of the texts.
        """
        features, least = self.features, list(self.least_counts)
        counts = np.bincount(found.numbers, minlength=len(found.lengths))
        often = [
            (-count, word)
            for count, word in zip(counts.tolist(), found.different, strict=True)
            if count >= features.min_count and count and word not in self._rows
        ]  # the end of a text counts as no word
        words = (*self.words, *(word for _, word in sorted(often)))
        known = replace(self, words=words)
        kinds = [self.runs, self.pieces]
        for kind, (_, keys) in enumerate((known._runs(found), known._pieces(found))):
            room = MOST_FEATURES if features.max_ngrams is None else features.max_ngrams
            before = kinds[kind]
            new = keys[places_among(before, keys) < 0] if len(before) else keys
            more, rarest = frequent(new, features.min_ngram_count, max(0, room - len(before)))
            kinds[kind] = np.union1d(before, more) if len(before) else more
            least[kind] = least[kind] or rarest
        known = replace(known, runs=kinds[0], pieces=kinds[1], least_counts=(least[0], least[1]))
        entries = known._counts(found)
        with_it = np.bincount(entries.indices, minlength=known.count)
        if self.count:
            with_it[known.places_of(self)] += self.texts_with
        return replace(
            known,
            training_texts=self.training_texts + found.count,
            texts_with=with_it.astype(np.int32),
        ), entries

    def places_of(self, before: Texts) -> Places:
        """Return where each feature of the vocabulary that this one has grown from stands now."""
        words, runs = len(self.words), len(self.runs)
        return np.concatenate(
            [
                np.arange(len(before.words)),
                words + np.searchsorted(self.runs, before.runs),
                words + runs + np.searchsorted(self.pieces, before.pieces),
            ]
        )

    def describe(self) -> str:
        """Return in words what features there are."""
        told = self._parts()
        for kind, name in enumerate(("run", "piece")):
            if self.least_counts[kind] > 1:
                told = [
                    f"{part} that stand at least {self.least_counts[kind]} times"
                    if f" {name}" in part
                    else part
                    for part in told
                ]
        return f"texts with {', '.join(told)}"

    @property
    def count(self) -> int:
        """How many features there are."""
        return len(self.words) + len(self.runs) + len(self.pieces)

    @property
    def sample_shape(self) -> Shape:
        """One axis of features."""
        return (self.count,)

    @property
    def raw_names(self) -> tuple[str, ...] | None:
        """None: a text has no columns."""
        return None

    @property
    def raw_count(self) -> int:
        """How many features a text has."""
        return self.count

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def idf(self) -> NDArray[np.float64]:
        """The inverse document frequency of each feature."""
        return np.log((1 + self.training_texts) / (1.0 + self.texts_with)) + 1

    # Encoding.

    def encode(self, data: Any, check: RowCheck | None = None) -> Any:
        """Return what each feature weighs in texts, a sparse matrix X (n, features) of float32."""
        texts = listed("X", data, self.column)
        counted_ones, counts = self.__dict__.pop("_of_training", (None, None))
        X = self._weighted(counts) if texts == counted_ones else self.encode_texts(texts)
        return X if check is None else check(X, None)

    def encode_texts(self, texts: list[str]) -> sparse.csr_array:
        """Return what each feature weighs in texts, X (n, features) of float32; 0 if unknown.

        Parameters
        ----------
        texts : list of str
            As they are; those without a known word have rows of zeros.
        """
        found = words_of(texts, lowercase=self.features.lowercase)
        return self._weighted(self._counts(found))

    def rows_of(self, found: Words) -> Places:
        """Return the row of each word, −1 for one that is not known."""
        rows = self._rows
        known = np.array([rows.get(word, -1) for word in found.different], np.int64)
        return known[found.numbers]

    def rows_in_runs(self, found: Words) -> Places:
        """Return the row of each word that runs may have, −1 for others."""
        rows = self.rows_of(found)
        return rows if self.features.sign_ngrams else np.where(found.signs[found.numbers], -1, rows)

    def _runs(self, found: Words) -> tuple[Places, Keys]:
        """Return the text and the number of each run of known words."""
        rows = self.rows_in_runs(found)
        texts, keys = ngrams.runs(rows, found.texts, self.features.word_ngrams)
        return texts, self.in_bucket(keys)

    def _pieces(self, found: Words) -> tuple[Places, Keys]:
        """Return the text and the number of each piece of a word."""
        if self.features.char_ngrams is None:
            return np.zeros(0, np.int64), NO_KEYS
        owners, keys = ngrams.pieces(found, *self.features.char_ngrams)
        return ngrams.spread(found, owners, self.in_bucket(keys))

    def in_bucket(self, keys: Keys) -> Keys:
        """Return the numbers of buckets, where features share them."""
        buckets = self.features.buckets
        return keys if buckets is None else (keys ^ keys >> np.uint64(32)) % np.uint64(buckets)

    def _counts(self, found: Words) -> sparse.csr_array:
        """Return how often each feature stands in each text, (n, features) of float64."""
        rows = self.rows_of(found)
        parts = [(found.texts, rows)]
        before = len(self.words)
        for (texts, keys), known in (
            (self._runs(found), self.runs),
            (self._pieces(found), self.pieces),
        ):
            places = places_among(known, keys)
            parts.append((texts, np.where(places < 0, -1, places + before)))
            before += len(known)
        return counts_of(parts, found.count, self.count)

    def _weighted(self, counts: sparse.csr_array) -> sparse.csr_array:
        """Return what features weigh, from how often they stand in texts."""
        values, starts = counts.data, counts.indptr
        weighting = self.features.weighting
        texts = np.repeat(np.arange(counts.shape[0]), np.diff(starts))
        if weighting == "tfidf":
            values = (1 + np.log(values)) * self.idf[counts.indices]
            sums = np.sqrt(np.bincount(texts, values * values, counts.shape[0]))
        elif weighting == "mean":
            sums = np.bincount(texts, values, counts.shape[0])
        else:
            sums = np.ones(counts.shape[0])
        weights = (values / sums[texts]).astype(np.float32)
        return sparse.csr_array((weights, counts.indices, starts), counts.shape)

    # Files.

    def to_json(self) -> dict[str, Any]:
        """Return the vocabulary as plain values; numbers are bytes, little-endian, in base64."""
        return {
            "features": self.features.to_json(),
            "column": self.column,
            "words": packed(b"\n".join(self.words)),
            "runs": packed_numbers(self.runs, "<u8"),
            "pieces": packed_numbers(self.pieces, "<u8"),
            "training_texts": self.training_texts,
            "texts_with": packed_numbers(self.texts_with, "<i4"),
            "least_counts": list(self.least_counts),
        }

    @classmethod
    def from_json(cls, data: object) -> Texts:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        fields = tuple(cls.__dataclass_fields__)
        entries = strict_json.record(data, "inputs", fields)
        features = TextFeatures.from_json(entries["features"])
        column = strict_json.text(entries["column"], "inputs.column", least=0)
        words = tuple(unpacked(entries["words"], "words").split(b"\n"))
        runs = unpacked_keys(entries["runs"], "runs")
        pieces = unpacked_keys(entries["pieces"], "pieces")
        texts = strict_json.whole(entries["training_texts"], "inputs.training_texts", 1, MOST_TEXTS)
        with_it = unpacked_numbers(entries["texts_with"], "texts_with", "<i4").astype(np.int32)
        if not all(words) or len(set(words)) != len(words):
            raise ValueError("inputs.words: expected different words, none of them empty")
        least = strict_json.items(entries["least_counts"], "inputs.least_counts", 2, 2)
        runs_at, pieces_at = (
            strict_json.whole(count, "inputs.least_counts", 0, MOST_FEATURES) for count in least
        )
        result = cls(features, column, words, runs, pieces, texts, with_it, (runs_at, pieces_at))
        if len(with_it) != result.count or with_it.min() < 1 or with_it.max() > texts:
            raise ValueError(
                f"inputs.texts_with: expected {result.count} numbers from 1 to {texts}"
            )
        return result


def _features(options: Options) -> TextFeatures:
    chosen = options.text_features
    return TextFeatures() if chosen is None else chosen
