"""A vocabulary that learns the features of texts, its first ones or more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from scipy import sparse

from chainrule.inputs.texts.counting import Slots, frequent
from chainrule.inputs.texts.vocabulary import Vocabulary
from chainrule.inputs.texts.words import Words

__all__ = ["MOST_FEATURES", "grown_by", "words_with"]

MOST_FEATURES = 2**31 - 1

Known = TypeVar("Known", bound=Vocabulary)


def grown_by(before: Known, found: Words) -> tuple[Known, sparse.csr_array]:
    """Return a vocabulary with features of more texts, and these texts' counts.

    Parameters
    ----------
    before : Vocabulary
        The vocabulary.
    found : Words
        Of the texts.
    """
    counts = np.bincount(found.numbers, minlength=len(found.lengths))
    words = words_with(before, zip(found.different, counts.tolist(), strict=True))
    known = _with_more_ngrams(replace(before, words=words), found)
    entries = known.counts(found)
    with_it = np.bincount(entries.indices, minlength=known.count)
    if before.count:
        with_it[known.places_of(before)] += before.texts_with
    training_texts = before.training_texts + found.count
    grown = replace(known, training_texts=training_texts, texts_with=with_it.astype(np.int32))
    vars(grown).update(word_rows=known.word_rows, slots=known.slots)  # the features are the same
    return grown, entries


def words_with(before: Vocabulary, counts: Iterable[tuple[bytes, int]]) -> tuple[bytes, ...]:
    """Return the words of a vocabulary, and behind them those that stand often enough, too.

    Parameters
    ----------
    before : Vocabulary
        The vocabulary.
    counts : iterable of (bytes, int)
        Words, and how often each stands in more texts.
    """
    least, rows = before.features.min_count, before.word_rows
    often = [
        (-count, word)
        for word, count in counts
        if count >= least and count and word not in rows
    ]  # the end of a text counts as no word
    return (*before.words, *(word for _, word in sorted(often)))


def _with_more_ngrams(known: Known, found: Words) -> Known:
    """Return a vocabulary of these words with runs and pieces of more texts, too."""
    features, least = known.features, list(known.least_counts)
    room = MOST_FEATURES if features.max_ngrams is None else features.max_ngrams
    kinds = [known.runs, known.pieces]
    for kind, (_, keys) in enumerate((known.runs_of(found), known.pieces_of(found))):
        before = kinds[kind]
        new = keys[Slots(before).places(keys) < 0] if len(before) else keys
        more, rarest = frequent(new, features.min_ngram_count, max(0, room - len(before)))
        kinds[kind] = np.union1d(before, more) if len(before) else more
        least[kind] = least[kind] or rarest
    return replace(known, runs=kinds[0], pieces=kinds[1], least_counts=(least[0], least[1]))
