"""Texts as rows of a sparse matrix: what each feature of a vocabulary weighs in each text."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule import strict_json
from chainrule.inputs.base import Inputs, Options, RowCheck, Shape
from chainrule.inputs.texts import ngrams
from chainrule.inputs.texts.ngrams import Keys, Places
from chainrule.inputs.texts.raw import column_of_texts, listed
from chainrule.inputs.texts.settings import TextFeatures
from chainrule.inputs.texts.words import Words, words_of
from chainrule.tables import counted

__all__ = ["Texts"]

MOST_TEXTS = 2**31
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
    """

    features: TextFeatures
    column: str
    words: tuple[bytes, ...]
    runs: Keys
    pieces: Keys
    training_texts: int
    texts_with: NDArray[np.int32]

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
        column = column_of_texts(options.owner, data, options.text[0] if options.text else "")
        chosen = options.text_features
        return cls.fit(
            listed(options.owner, data, column), chosen, owner=options.owner, column=column
        )

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
        found = words_of(texts, lowercase=features.lowercase)
        counts = np.bincount(found.numbers, minlength=len(found.lengths))
        frequent = [
            (-count, word)
            for count, word in zip(counts.tolist(), found.different, strict=True)
            if count >= features.min_count and count  # the end of a text counts as no word
        ]
        words = tuple(word for _, word in sorted(frequent))
        if not words:
            least = f" that stands {features.min_count} times" if features.min_count > 1 else ""
            raise ValueError(f"{owner}: expected texts with a word{least}, got none")
        known = cls(features, column, words, NO_KEYS, NO_KEYS, len(texts), np.zeros(0, np.int32))
        runs = _frequent(known._runs(found)[1], features)
        pieces = _frequent(known._pieces(found)[1], features)
        known = cls(features, column, words, runs, pieces, len(texts), np.zeros(0, np.int32))
        entries = known._counts(found)
        with_it = np.bincount(entries.indices, minlength=known.count).astype(np.int32)
        return cls(features, column, words, runs, pieces, len(texts), with_it)

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
        X = self.encode_texts(listed(self.kind, data, self.column))
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

    def _known(self, found: Words) -> Places:
        """Return the row of each different word, −1 for one that is not known."""
        rows = self._rows
        return np.array([rows.get(word, -1) for word in found.different], np.int64)

    def _runs(self, found: Words) -> tuple[Places, Keys]:
        """Return the text and the number of each run of known words."""
        rows = self._known(found)[found.numbers]
        texts, keys = ngrams.runs(rows, found.texts, self.features.word_ngrams)
        return texts, self._in_bucket(keys)

    def _pieces(self, found: Words) -> tuple[Places, Keys]:
        """Return the text and the number of each piece of a word."""
        if self.features.char_ngrams is None:
            return np.zeros(0, np.int64), NO_KEYS
        owners, keys = ngrams.pieces(found, *self.features.char_ngrams)
        return ngrams.spread(found, owners, self._in_bucket(keys))

    def _in_bucket(self, keys: Keys) -> Keys:
        """Return the numbers of buckets, where features share them."""
        buckets = self.features.buckets
        return keys if buckets is None else (keys ^ keys >> np.uint64(32)) % np.uint64(buckets)

    def _counts(self, found: Words) -> sparse.csr_array:
        """Return how often each feature stands in each text, (n, features) of float64."""
        rows = self._known(found)[found.numbers]
        parts = [(found.texts, rows)]
        before = len(self.words)
        for (texts, keys), known in (
            (self._runs(found), self.runs),
            (self._pieces(found), self.pieces),
        ):
            places = ngrams.found_among(known, keys)
            parts.append((texts, np.where(places < 0, -1, places + before)))
            before += len(known)
        return _counted(parts, found.count, self.count)

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
            "words": _packed(b"\n".join(self.words)),
            "runs": _packed(self.runs.astype("<u8").tobytes()),
            "pieces": _packed(self.pieces.astype("<u8").tobytes()),
            "training_texts": self.training_texts,
            "texts_with": _packed(self.texts_with.astype("<i4").tobytes()),
        }

    @classmethod
    def from_json(cls, data: object) -> Texts:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        fields = tuple(cls.__dataclass_fields__)
        entries = strict_json.record(data, "inputs", fields)
        features = TextFeatures.from_json(entries["features"])
        column = strict_json.text(entries["column"], "inputs.column", least=0)
        words = tuple(_unpacked(entries["words"], "words").split(b"\n"))
        runs = _keys(entries["runs"], "runs")
        pieces = _keys(entries["pieces"], "pieces")
        texts = strict_json.whole(entries["training_texts"], "inputs.training_texts", 1, MOST_TEXTS)
        with_it = _numbers(entries["texts_with"], "texts_with", "<i4").astype(np.int32)
        if not all(words) or len(set(words)) != len(words):
            raise ValueError("inputs.words: expected different words, none of them empty")
        result = cls(features, column, words, runs, pieces, texts, with_it)
        if len(with_it) != result.count or with_it.min() < 1 or with_it.max() > texts:
            raise ValueError(
                f"inputs.texts_with: expected {result.count} numbers from 1 to {texts}"
            )
        return result


def _frequent(keys: Keys, features: TextFeatures) -> Keys:
    """Return the different numbers that stand often enough, rising."""
    different, counts = np.unique(keys, return_counts=True)
    return different[counts >= features.min_ngram_count]


def _counted(parts: list[tuple[Places, Places]], texts: int, features: int) -> sparse.csr_array:
    """Return how often each feature stands in each text; parts are texts and features, or −1."""
    cells = np.concatenate([of[rows >= 0] * features + rows[rows >= 0] for of, rows in parts])
    cells, counts = np.unique(cells, return_counts=True)
    found, columns = np.divmod(cells, features)
    starts = np.concatenate([[0], np.cumsum(np.bincount(found, minlength=texts))])
    index = np.int32 if max(features, len(cells)) < 2**31 else np.int64
    return sparse.csr_array(
        (counts.astype(np.float64), columns.astype(index), starts.astype(index)), (texts, features)
    )


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unpacked(value: object, name: str) -> bytes:
    where = f"inputs.{name}"
    if type(value) is not str:
        raise ValueError(f"{where}: expected bytes in base64, got {type(value).__name__}")
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError(f"{where}: expected bytes in base64") from None


def _numbers(value: object, name: str, kind: str) -> NDArray[Any]:
    data = _unpacked(value, name)
    if len(data) % np.dtype(kind).itemsize:
        raise ValueError(f"inputs.{name}: expected whole numbers, got {len(data)} bytes")
    return np.frombuffer(data, kind)


def _keys(value: object, name: str) -> Keys:
    keys = _numbers(value, name, "<u8").astype(np.uint64)
    if (keys[1:] <= keys[:-1]).any():
        raise ValueError(f"inputs.{name}: expected numbers that rise")
    return keys
