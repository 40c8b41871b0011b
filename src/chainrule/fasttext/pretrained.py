"""Vectors of words that training begins with: fastText's ``-pretrainedVectors``."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.corpus import Corpus, dictionary_of, dictionary_order
from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.vectors import WordVectors

__all__ = ["GivenRows", "with_vectors"]


@dataclass(frozen=True)
class GivenRows:
    """Rows of the input matrix that are not drawn.

    Parameters
    ----------
    rows : NDArray[np.int64] of shape (n,)
        Their places.
    values : NDArray[np.float32] of shape (n, dim)
        Their numbers.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float32]


def with_vectors(
    corpus: Corpus, vectors: WordVectors, label: bytes
) -> tuple[Corpus, Dictionary, GivenRows]:
    """Return a text with the words of vectors among its own, each counted once more.

    Parameters
    ----------
    corpus : Corpus
        The text; its vocabulary learns the words.
    vectors : WordVectors
        Words that the text does not have, or too rarely, have rows, too.
    label : bytes
        What labels begin with.
    """
    dictionary, vocabulary = dictionary_of(corpus), corpus.vocabulary
    numbers = _numbers(corpus, vectors.words)
    kept = np.concatenate([corpus.words, corpus.labels])
    _, first = np.unique(numbers, return_index=True)
    met = numbers[np.sort(first)]
    entries = np.concatenate([kept, met[~np.isin(met, kept)]])
    counts = np.bincount(numbers, minlength=vocabulary.size)[entries]
    counts[: len(kept)] += dictionary.counts
    is_label = vocabulary.begins_with(label)
    order = dictionary_order(counts, is_label[entries])
    entries, counts = entries[order], counts[order]
    words, labels = (entries[is_label[entries] == kind] for kind in (False, True))
    together = Corpus(vocabulary, corpus.tokens, words, labels, is_label)
    ntokens = len(corpus.tokens) + len(numbers)
    row_of = np.full(vocabulary.size, -1, np.int64)
    row_of[words] = np.arange(len(words))
    rows = row_of[numbers]
    given = GivenRows(rows[rows >= 0], vectors.values[rows >= 0])
    known = replace(dictionary_of(together), counts=counts, ntokens=ntokens)
    return together, known, given


def _numbers(corpus: Corpus, words: list[bytes]) -> NDArray[np.int64]:
    """Return the vocabulary's number of each word, learning those that are new."""
    text = np.frombuffer(b"\0".join([*words, bytes(16)]), np.uint8)
    lengths = np.array([len(word) for word in words], np.int64)
    ends = np.cumsum(lengths + 1) - 1
    places = (ends - lengths).astype(np.uint32), ends.astype(np.uint32)
    return corpus.vocabulary.learn(text, *places, len(words)).astype(np.int64)

