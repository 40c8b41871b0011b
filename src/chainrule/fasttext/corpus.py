"""A text as numbers: its tokens, and the words and labels that a dictionary keeps, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.tokens import FASTTEXT, Vocabulary
from chainrule.engine.kernels import order
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.dictionary import Dictionary

__all__ = ["Corpus", "dictionary_of", "dictionary_order", "read_corpus"]


@dataclass(frozen=True)
class Corpus:
    """A text as numbers: its tokens, and the words and labels that a dictionary keeps of them.

    ``words`` and ``labels`` are the numbers of those kept, in the dictionary's order.
    """

    vocabulary: Vocabulary
    tokens: NDArray[np.int32]
    words: NDArray[np.int64]
    labels: NDArray[np.int64]
    is_label: NDArray[np.bool_]

    @cached_property
    def line_end(self) -> int:
        """The number of the word that ends a line; -1 if it was not met."""
        offset, length = self.vocabulary.spans()
        word = FASTTEXT.line_end or b""
        for number in np.flatnonzero(length == len(word)):
            start = offset[number]
            if bytes(self.vocabulary.store[start : start + len(word)]) == word:
                return int(number)
        return -1


def read_corpus(
    source: Any, *, label: bytes = b"__label__", min_count: int = 1, min_count_label: int = 0
) -> Corpus:
    """Return a text, a file or what is in memory, as numbers."""
    vocabulary = Vocabulary()
    tokens = vocabulary.add(source)
    is_label = vocabulary.begins_with(label)
    counts = vocabulary.counts()
    found = dictionary_order(counts, is_label)
    least = np.where(is_label, min_count_label, min_count)
    found = found[counts[found] >= least[found]]
    words, labels = found[~is_label[found]], found[is_label[found]]
    return Corpus(vocabulary, tokens, words, labels, is_label)


def dictionary_order(
    counts: NDArray[np.int64], is_label: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return words, then labels, by falling count; equal counts come as std::sort leaves them."""
    items = np.empty((len(counts), 2), np.int64)
    items[:, 0] = (is_label.astype(np.int64) << 62) - counts
    items[:, 1] = np.arange(len(counts))
    turns = 2 * (len(counts).bit_length() - 1)
    invoke(
        kernel_of(order.sort),
        items=items,
        count=len(items),
        turns=max(0, turns),
        stack=np.empty(3 * (max(0, turns) + 1), np.int64),
    )
    return items[:, 1].copy()


def dictionary_of(corpus: Corpus) -> Dictionary:
    """Return the words and labels that are kept of a text."""
    kept = np.concatenate([corpus.words, corpus.labels])
    offset, length = (values[kept] for values in corpus.vocabulary.spans())
    bounds = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    places = np.repeat(offset - bounds[:-1], length) + np.arange(bounds[-1])
    text = corpus.vocabulary.store[places]
    counts = corpus.vocabulary.counts()[kept]
    return Dictionary(text, bounds, counts, len(corpus.words), len(corpus.tokens))
