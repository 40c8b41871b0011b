"""Where in a text each feature of a vocabulary stands, and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.inputs.texts import ngrams
from chainrule.inputs.texts.counting import Slots
from chainrule.inputs.texts.encoder import Texts
from chainrule.inputs.texts.ngrams import Keys, Places
from chainrule.inputs.texts.words import Words, words_of

__all__ = ["Occurrences", "occurrences"]


@dataclass(frozen=True, eq=False)
class Occurrences:
    """Each standing of each known feature in a text: the words from one on, and so many.

    Parameters
    ----------
    features, first, lengths : array of int64, (standings,)
        The feature, the first word by its place in the text, and how many words it takes.
    names : dict of int to str
        What each feature is called: those that share a number are named together.
    """

    features: Places
    first: Places
    lengths: Places
    names: dict[int, str]

    def shares(self, words: int, columns: NDArray[np.integer]) -> sparse.csr_array:
        """Return which part of each feature each word has, (words, columns): of a column all 1.

        Parameters
        ----------
        words : int
            How many the text has.
        columns : array of int
            The features.
        """
        rising = np.argsort(columns)
        at = rising[np.searchsorted(columns, self.features, sorter=rising)]
        part = 1 / np.bincount(at, minlength=len(columns))[at] / self.lengths
        ends = np.cumsum(self.lengths)
        within = np.arange(int(self.lengths.sum())) - np.repeat(ends - self.lengths, self.lengths)
        standing = np.repeat(self.first, self.lengths) + within
        entries = np.repeat(part, self.lengths), (standing, np.repeat(at, self.lengths))
        return sparse.coo_array(entries, (words, len(columns))).tocsr()


def occurrences(inputs: Texts, text: str) -> tuple[tuple[str, ...], Occurrences]:
    """Return the words of a text, and each standing of each feature that is known.

    Parameters
    ----------
    inputs : Texts
        The vocabulary.
    text : str
        One text.
    """
    found = words_of([text], lowercase=inputs.features.lowercase)
    different = [word.decode("utf-8", "surrogatepass") for word in found.different]
    words = tuple(different[number] for number in found.numbers.tolist())
    rows = inputs.rows_of(found)
    known = np.flatnonzero(rows >= 0)
    once = np.ones(len(known), np.int64)
    alone = Occurrences(rows[known], known, once, {int(rows[at]): words[at] for at in known})
    pieces = _pieces(inputs, found, different)
    runs = _runs(inputs, words, inputs.rows_in_runs(found))
    return words, _together([alone, *runs, *pieces])


def _runs(inputs: Texts, words: tuple[str, ...], rows: Places) -> Iterable[Occurrences]:
    """Yield the standings of runs of each length."""
    one_text = np.zeros(len(rows), np.int64)
    for length, first, keys in ngrams.windows(rows, one_text, inputs.features.word_ngrams):
        places, known = _known(inputs, inputs.slots[0], keys, len(inputs.words))

        def name(at: int, first: Places = first, length: int = length) -> str:
            return " ".join(words[first[at] : first[at] + length])

        names = _names(places[known], keys[known], known, name)
        yield Occurrences(places[known], first[known], np.full(len(known), length), names)


def _pieces(inputs: Texts, found: Words, different: list[str]) -> Iterable[Occurrences]:
    """Yield the standings of pieces of words of each length."""
    if inputs.features.char_ngrams is None:
        return
    letters = ngrams.bracketed(found).decode("utf-8", "surrogatepass")
    before = len(inputs.words) + len(inputs.runs)
    stand = np.bincount(found.numbers, minlength=len(different)) > 0  # the end of a text does not
    for length, begin, owners, keys in ngrams.spans(found, *inputs.features.char_ngrams):
        begin, owners, keys = begin[stand[owners]], owners[stand[owners]], keys[stand[owners]]
        places, known = _known(inputs, inputs.slots[1], keys, before)

        def name(
            at: int, begin: Places = begin, owners: Places = owners, length: int = length
        ) -> str:
            piece = letters[begin[at] : begin[at] + length]
            return piece if len(different[owners[at]]) + 2 == length else f"…{piece}…"

        names = _names(places[known], keys[known], known, name)
        where, of = _standings(found, owners[known], places[known])
        yield Occurrences(of, where, np.ones(len(of), np.int64), names)


def _known(inputs: Texts, features: Slots, keys: Keys, before: int) -> tuple[Places, Places]:
    """Return the feature of each number, and which of the numbers have one."""
    places = features.places(inputs.in_bucket(keys))
    return places + before, np.flatnonzero(places >= 0)


def _names(
    features: Places, keys: Keys, standings: Places, name: Callable[[int], str]
) -> dict[int, str]:
    """Return the different names of each feature: its different numbers' ones."""
    _, first = np.unique(keys, return_index=True)
    names: dict[int, str] = {}
    for feature, at in zip(features[first].tolist(), standings[first].tolist(), strict=True):
        _add(names, feature, name(at))
    return names


def _add(names: dict[int, str], feature: int, name: str) -> None:
    names[feature] = f"{names[feature]} / {name}" if feature in names else name


def _standings(found: Words, owners: Places, values: Places) -> tuple[Places, Places]:
    """Return the places in the text, and the values, of what belongs to different words."""
    order = np.argsort(found.numbers, kind="stable")
    counts = np.bincount(found.numbers, minlength=len(found.lengths))
    first, times = (np.cumsum(counts) - counts)[owners], counts[owners]
    within = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    return order[np.repeat(first, times) + within], np.repeat(values, times)


def _together(parts: Iterable[Occurrences]) -> Occurrences:
    every = list(parts)
    names: dict[int, str] = {}
    for part in every:
        for feature, name in part.names.items():
            _add(names, feature, name)
    features, first, lengths = (
        np.concatenate([getattr(part, name) for part in every])
        for name in ("features", "first", "lengths")
    )
    return Occurrences(features, first, lengths, names)
