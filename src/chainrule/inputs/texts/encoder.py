"""Texts as rows of a sparse matrix: what each feature of a vocabulary weighs in each text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.inputs.base import Inputs, Options, RowCheck, Shape
from chainrule.inputs.texts.files import vocabulary_fields, vocabulary_values
from chainrule.inputs.texts.growing import grown_by
from chainrule.inputs.texts.ngrams import NO_KEYS
from chainrule.inputs.texts.raw import NO_SAMPLES, column_of_texts, listed
from chainrule.inputs.texts.settings import TextFeatures
from chainrule.inputs.texts.streaming import Passes, grown_in_two_passes
from chainrule.inputs.texts.vocabulary import Vocabulary
from chainrule.inputs.texts.words import Words, words_of
from chainrule.tables import counted

__all__ = ["Texts"]


@dataclass(frozen=True, eq=False)
class Texts(Vocabulary, Inputs):
    """A vocabulary, and what its features weigh: X (n, words + runs of words + pieces of words)."""

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
        known, counts = cls.of_words(words, _features(options), owner=owner, column=column)
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
        found = words_of(texts, lowercase=features.lowercase)
        return cls.of_words(found, features, owner=owner, column=column)[0]

    @classmethod
    def of_words(
        cls, found: Words, features: TextFeatures, *, owner: str = "Texts", column: str = ""
    ) -> tuple[Texts, sparse.csr_array]:
        """Return the vocabulary of texts, and how often each feature stands in each of them.

        Parameters
        ----------
        found : Words
            Of the texts, in small letters if the features want it.
        features, owner, column
            As of `fit`.
        """
        known, counts = grown_by(cls._without_words(features, column), found)
        known._check_words(owner, found.count)
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
        known, counts = grown_by(self, words_of(texts, lowercase=self.features.lowercase))
        return known._counted_already(texts, counts)

    @classmethod
    def learned_in_passes(
        cls, texts: Passes, features: TextFeatures, *, owner: str = "Texts", column: str = ""
    ) -> Texts:
        """Return the vocabulary of texts that need not fit in memory, as `fit` does of others.

        Parameters
        ----------
        texts : callable
            Yields all texts, some at a time, at each of two calls.
        features, owner, column
            As of `fit`.
        """
        known = grown_in_two_passes(cls._without_words(features, column), texts)
        known._check_words(owner, known.training_texts)
        return known

    def grown_in_passes(self, texts: Passes) -> Texts:
        """Return the vocabulary with the features of more texts, as `grown` does.

        Parameters
        ----------
        texts : callable
            As of `learned_in_passes`.
        """
        return grown_in_two_passes(self, texts)

    @classmethod
    def _without_words(cls, features: TextFeatures, column: str) -> Texts:
        """Return a vocabulary without anything."""
        return cls(features, column, (), NO_KEYS, NO_KEYS, 0, np.zeros(0, np.int32))

    def _check_words(self, owner: str, texts: int) -> None:
        """Raise ValueError where there were no texts, or none with a word."""
        if not texts:
            raise ValueError(f"{NO_SAMPLES} {owner}.")
        if not self.words:
            count = self.features.min_count
            least = f" that stands {count} times" if count > 1 else ""
            raise ValueError(f"{owner}: expected texts with a word{least}, got none")

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

    # Encoding.

    def encode(self, data: Any, check: RowCheck | None = None) -> Any:
        """Return what each feature weighs in texts, a sparse matrix X (n, features) of float32."""
        texts = listed("X", data, self.column)
        counted_ones, counts = self.__dict__.pop("_of_training", (None, None))
        X = self.weighted(counts) if texts == counted_ones else self.encode_texts(texts)
        return X if check is None else check(X, None)

    def encode_texts(self, texts: list[str]) -> sparse.csr_array:
        """Return what each feature weighs in texts, X (n, features) of float32; 0 if unknown.

        Parameters
        ----------
        texts : list of str
            As they are; those without a known word have rows of zeros.
        """
        return self.weighted(self.counts_in(texts))

    # Files.

    def to_json(self) -> dict[str, Any]:
        """Return the vocabulary as plain values."""
        return vocabulary_values(self)

    def learned(self) -> dict[str, Any]:
        """Return all that was learned, by what a user calls it."""
        return {"words of the texts": self.to_json()}

    @classmethod
    def from_json(cls, data: object) -> Texts:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        return cls(**vocabulary_fields(data, tuple(cls.__dataclass_fields__)))


def _features(options: Options) -> TextFeatures:
    chosen = options.text_features
    return TextFeatures() if chosen is None else chosen
