"""Lines as features and labels: what training reads of a text, again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import ngrams
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.corpus import Corpus

__all__ = ["FEW", "LINE", "Lines", "lay_out", "most_parts", "most_sequences"]

FEW = 8
"""Words or characters of an n-gram: up to so many, memory for them is not counted one by one."""

LINE = np.dtype(
    [
        ("feature", np.int64),
        ("label", np.int64),
        ("words", np.int32),
        ("ngrams", np.int32),
        ("labels", np.int32),
        ("tokens", np.int32),
        ("size", np.int64),
    ]
)


@dataclass(frozen=True)
class Lines:
    """Lines as features and labels; ``buckets`` are the n-grams' that occur, in their order.

    The first ``words`` rows are those of the dictionary's words, the next those of the buckets, in
    whose rising order they come by ``rising``. With n-grams of characters a word's feature is −1
    less its number, and its rows are ``parts[starts[number] : starts[number + 1]]``.
    """

    lines: NDArray[Any]
    features: NDArray[np.int32]
    labels: NDArray[np.int32]
    words: int
    buckets: NDArray[np.int32]
    rising: NDArray[np.int32]
    starts: NDArray[np.int64] | None
    parts: NDArray[np.int32] | None


def lay_out(
    corpus: Corpus, *, word_ngrams: int = 1, minn: int = 0, maxn: int = 0, bucket: int = 2_000_000
) -> Lines:
    """Return the features and labels of each line of a text."""
    vocabulary, tokens = corpus.vocabulary, corpus.tokens
    rows, count, line_end = _rows_of_words(corpus), len(corpus.words), corpus.line_end
    _, lengths = vocabulary.spans()
    listed = most_parts(lengths, minn, maxn)
    most_features = most_sequences(tokens == line_end, word_ngrams)
    sequences = most_features - len(tokens) if word_ngrams > 1 else 0
    buckets = _Buckets.none(bucket, listed + sequences, hashed=word_ngrams > 1 or maxn > 0)
    starts = parts = None
    if maxn > 0:
        starts, parts = _parts_of_words(corpus, rows, buckets, minn, maxn, listed)
    lines = np.empty(int((tokens == line_end).sum()) + 1, LINE)
    features = np.empty(most_features + 1, np.int32)
    labels = np.empty(int(corpus.is_label[tokens].sum()), np.int32)
    invoke(
        kernel_of(ngrams.lines),
        tokens=tokens,
        count=len(tokens),
        line_end=line_end,
        rows=rows,
        hashes=vocabulary.hashes(),
        length=-max(1, word_ngrams) if maxn > 0 else max(1, word_ngrams),
        words=count,
        **vars(buckets),
        features=features,
        labels=labels,
        lines=lines,
        scratch=np.empty(len(tokens) + 1, np.int32),
    )
    used, feature_count, label_count, line_count = (int(number) for number in buckets.state)
    return Lines(
        lines[:line_count],
        features[:feature_count],
        labels[:label_count],
        count,
        buckets.kept[:used].copy(),
        buckets.known[np.flatnonzero(buckets.known)] - 1,
        starts,
        parts,
    )


@dataclass
class _Buckets:
    """Which buckets n-grams have had so far, as kernels note it."""

    bucket: int
    known: NDArray[np.int32]
    kept: NDArray[np.int32]
    state: NDArray[np.int64]

    @classmethod
    def none(cls, bucket: int, most: int, *, hashed: bool) -> _Buckets:
        """Return none as yet, with room for so many, where n-grams are hashed."""
        known = np.zeros(bucket if hashed else 1, np.int32)
        kept = np.empty((min(bucket, most) if hashed else 0) + 1, np.int32)
        return cls(bucket, known, kept, np.zeros(4, np.int64))


def _rows_of_words(corpus: Corpus) -> NDArray[np.int32]:
    """Return the row of each word of a text, and what stands for labels and for dropped words."""
    rows = np.full(corpus.vocabulary.size, ngrams.DROPPED, np.int32)
    rows[corpus.is_label] = ngrams.NO_LABEL
    rows[corpus.words] = np.arange(len(corpus.words))
    rows[corpus.labels] = ngrams.LABEL - np.arange(len(corpus.labels))
    return rows


def _parts_of_words(
    corpus: Corpus, rows: NDArray[np.int32], buckets: _Buckets, minn: int, maxn: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where the rows of each word's parts begin, and these rows, at most so many."""
    vocabulary = corpus.vocabulary
    _, lengths = vocabulary.spans()
    starts = np.empty(vocabulary.size + 1, np.int64)
    parts = np.empty(most + vocabulary.size, np.int32)
    invoke(
        kernel_of(ngrams.characters),
        words=vocabulary.words,
        store=vocabulary.store,
        count=vocabulary.size,
        rows=rows,
        line_end=corpus.line_end,
        shortest=minn,
        longest=maxn,
        row_count=len(corpus.words),
        **vars(buckets),
        starts=starts,
        features=parts,
        letters=np.empty(int(lengths.max(initial=0)) + 16, np.uint8),
    )
    return starts, np.append(parts[: buckets.state[1]], np.zeros(16, np.int32))  # read by vectors


def most_parts(lengths: NDArray[Any], minn: int, maxn: int) -> int:
    """Return how many n-grams of characters words of so many bytes have at most.

    None is longer than its word with a sign at each end, whatever ``maxn`` is.
    """
    if maxn <= 0:
        return 0
    letters = lengths.astype(np.int64) + 2
    sizes = np.minimum(letters, maxn) - max(1, minn) + 1
    return int((letters * np.maximum(sizes, 0)).sum())


def most_sequences(is_end: NDArray[np.bool_], word_ngrams: int) -> int:
    """Return how many words, and sequences of them, lines of tokens have at most.

    None is longer than its line, whatever ``word_ngrams`` is.

    Parameters
    ----------
    is_end : array of bool, (tokens,)
        Which tokens end a line.
    word_ngrams : int
        Words in a sequence, at most.
    """
    if word_ngrams <= FEW:
        return len(is_end) * max(1, word_ngrams)
    ends = np.append(np.flatnonzero(is_end), len(is_end) - 1)
    lengths = np.diff(ends, prepend=-1)
    return int((lengths * np.minimum(lengths, word_ngrams)).sum())
