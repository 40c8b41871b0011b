"""The vocabulary of texts that need not fit in memory, learned in two passes over them.

**Words.** The first pass counts words: exactly, as long as there are at most 2²⁰ different ones.
Beyond, counts are pruned as those of categories are (:mod:`chainrule.inputs.tables.sketches`): the
524,289th largest count is taken off all of them, and words with nothing left are forgotten. A count
is then too small by at most n / 524,289 for n words in all. What is frequent enough has its number,
the most frequent word the first.

**Runs and pieces of words** are numbers that are made of words' numbers. The second pass counts
them, and in how many texts each stands: exactly up to 2²² different ones of a kind, and pruned
likewise beyond: the 2,097,153rd largest count is taken off. Of a run that was forgotten and came
again the texts are counted from there on. In how many texts a word stands is exact.

Nothing is drawn: the same texts in the same parts make the same vocabulary. Where nothing was
pruned it is the one that all texts in memory make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.tables.sketches import TextCounts
from chainrule.inputs.texts.counting import Slots, least_count
from chainrule.inputs.texts.growing import MOST_FEATURES, words_with
from chainrule.inputs.texts.ngrams import NO_KEYS, Keys, Places
from chainrule.inputs.texts.vocabulary import Vocabulary
from chainrule.inputs.texts.words import words_of

__all__ = ["KeyCounts", "grown_in_two_passes"]

MOST_WORDS = 2**20
MOST_KEYS = 2**22
WAITING = 2**20
"""Numbers that are kept as they came until they are counted."""

Known = TypeVar("Known", bound=Vocabulary)

Passes = Callable[[], Iterable[list[str]]]
"""Yields all texts, some at a time, the same at each call."""


def grown_in_two_passes(before: Known, texts: Passes) -> Known:
    """Return a vocabulary with the features of more texts, as `growing.grown_by` does.

    Parameters
    ----------
    before : Vocabulary
        The vocabulary, perhaps one without anything.
    texts : callable
        All of the texts.
    """
    lowercase = before.features.lowercase
    counts, count = TextCounts[bytes](MOST_WORDS), 0
    for part in texts():
        found = words_of(part, lowercase=lowercase)
        each = np.bincount(found.numbers, minlength=len(found.lengths)).tolist()
        pairs = zip(found.different, each, strict=True)
        counts.add(Counter({word: times for word, times in pairs if times}))
        count += found.count
    known = replace(before, words=words_with(before, counts.counts().items()))
    with_word = np.zeros(len(known.words), np.int64)
    kinds = [_Kind(before.runs), _Kind(before.pieces)]
    for part in texts():
        found = words_of(part, lowercase=lowercase)
        with_word += _texts_with(found.texts, known.rows_of(found), len(known.words))
        kinds[0].add(*known.runs_of(found))
        kinds[1].add(*known.pieces_of(found))
    with_word[: len(before.words)] += before.texts_with[: len(before.words)]
    features, parts, least = before.features, [with_word], list(before.least_counts)
    room = MOST_FEATURES if features.max_ngrams is None else features.max_ngrams
    first = len(before.words)
    learned: list[Keys] = []
    for number, kind in enumerate(kinds):
        own = before.texts_with[first : first + len(kind.known)]
        first += len(kind.known)
        keys, with_key, rarest = kind.frequent(features.min_ngram_count, room, own)
        learned.append(keys)
        parts.append(with_key)
        least[number] = least[number] or rarest
    return replace(
        known,
        runs=learned[0],
        pieces=learned[1],
        training_texts=before.training_texts + count,
        texts_with=np.concatenate(parts).astype(np.int32),
        least_counts=(least[0], least[1]),
    )


def _texts_with(texts: Places, rows: Places, count: int) -> NDArray[np.int64]:
    """Return in how many texts each word stands, (count,); −1 is no word."""
    stands = rows >= 0
    both = np.sort(texts[stands] * count + rows[stands])
    first = np.ones(len(both), bool)
    first[1:] = both[1:] != both[:-1]
    return np.bincount(both[first] % max(1, count), minlength=count)


class _Kind:
    """Runs, or pieces: those known before, and how often others come."""

    def __init__(self, known: Keys) -> None:
        self.known, self.slots = known, Slots(known)
        self.with_known = np.zeros(len(known), np.int64)
        self.counts = KeyCounts()

    def add(self, texts: Places, keys: Keys) -> None:
        """Take the text and the number of each that stands in some texts."""
        if len(self.known):
            places = self.slots.places(keys)
            self.with_known += _texts_with(texts, places, len(self.known))
            texts, keys = texts[places < 0], keys[places < 0]
        order = np.lexsort((texts, keys))
        texts, keys = texts[order], keys[order]
        begins = np.ones(len(keys), bool)
        begins[1:] = keys[1:] != keys[:-1]
        anew = begins.copy()
        anew[1:] |= texts[1:] != texts[:-1]
        starts = np.flatnonzero(begins)
        counts = np.diff(np.append(starts, len(keys)))
        with_key = np.add.reduceat(anew, starts, dtype=np.int64) if len(starts) else counts
        self.counts.add(keys[starts], counts, with_key)

    def frequent(
        self, least: int, room: int, with_before: NDArray[np.int32]
    ) -> tuple[Keys, NDArray[np.int64], int]:
        """Return those known and those frequent enough, rising, the texts of each, the rarest."""
        keys, counts, with_key = self.counts.all()
        least = least_count(counts, max(0, room - len(self.known)), least)
        chosen = counts >= least
        keys = np.concatenate([self.known, keys[chosen]])
        with_key = np.concatenate([self.with_known + with_before, with_key[chosen]])
        order = np.argsort(keys)
        return keys[order], with_key[order], least


class KeyCounts:
    """How often each of many numbers came, and in how many texts, given some at a time.

    Parameters
    ----------
    most : int
        Different ones that are counted exactly.
    """

    def __init__(self, most: int = MOST_KEYS) -> None:
        self.most, self.taken_off = most, 0
        self._keys: Keys = NO_KEYS
        self._counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._texts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._waiting: list[tuple[Keys, NDArray[np.int64], NDArray[np.int64]]] = []

    @property
    def exact(self) -> bool:
        """Whether all numbers are known with their counts."""
        return not self.taken_off

    def add(self, keys: Keys, counts: NDArray[np.int64], texts: NDArray[np.int64]) -> None:
        """Add different numbers, how often each came, and in how many texts."""
        self._waiting.append((keys, counts, texts))
        if sum(len(keys) for keys, _, _ in self._waiting) >= min(WAITING, self.most):
            self._take()

    def all(self) -> tuple[Keys, NDArray[np.int64], NDArray[np.int64]]:
        """Return the numbers that are known, rising, their counts, and those of texts."""
        self._take()
        return self._keys, self._counts, self._texts

    def _take(self) -> None:
        """Count what waits; where there are too many different numbers, prune."""
        if not self._waiting:
            return
        parts = [(self._keys, self._counts, self._texts), *self._waiting]
        self._waiting = []
        keys, counts, texts = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(keys)
        keys, counts, texts = keys[order], counts[order], texts[order]
        begins = np.ones(len(keys), bool)
        begins[1:] = keys[1:] != keys[:-1]
        starts = np.flatnonzero(begins)
        if len(starts):
            keys = keys[starts]
            counts, texts = (np.add.reduceat(each, starts) for each in (counts, texts))
        if len(keys) > self.most:
            kept = self.most // 2
            off = int(np.partition(counts, len(counts) - kept - 1)[len(counts) - kept - 1])
            self.taken_off += off
            left = counts > off
            keys, counts, texts = keys[left], counts[left] - off, texts[left]
        self._keys, self._counts, self._texts = keys, counts, texts
