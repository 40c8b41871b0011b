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
    rows = np.full(vocabulary.size, ngrams.DROPPED, np.int32)
    rows[corpus.is_label] = ngrams.NO_LABEL
    rows[corpus.words] = np.arange(len(corpus.words))
    rows[corpus.labels] = ngrams.LABEL - np.arange(len(corpus.labels))
    line_end, count = corpus.line_end, len(corpus.words)
    hashed = word_ngrams > 1 or maxn > 0
    known = np.zeros(bucket if hashed else 1, np.int32)
    _, length = vocabulary.spans()
    most_listed = most_parts(length, minn, maxn)
    most_features = most_sequences(tokens == line_end, word_ngrams)
    sequences = most_features - len(tokens) if word_ngrams > 1 else 0
    most = min(bucket, most_listed + sequences) if hashed else 0
    kept, state = np.empty(most + 1, np.int32), np.zeros(4, np.int64)
    starts = parts = None
    if maxn > 0:
        starts = np.empty(vocabulary.size + 1, np.int64)
        parts = np.empty(most_listed + vocabulary.size, np.int32)
        invoke(
            kernel_of(ngrams.characters),
            words=vocabulary.words,
            store=vocabulary.store,
            count=vocabulary.size,
            rows=rows,
            line_end=line_end,
            shortest=minn,
            longest=maxn,
            bucket=bucket,
            row_count=count,
            known=known,
            kept=kept,
            state=state,
            starts=starts,
            features=parts,
            letters=np.empty(int(length.max(initial=0)) + 16, np.uint8),
        )
        parts = np.append(parts[: state[1]], np.zeros(16, np.int32))  # read vector by vector
    ends = int((tokens == line_end).sum())
    lines = np.empty(ends + 1, LINE)
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
        bucket=bucket,
        words=count,
        known=known,
        kept=kept,
        state=state,
        features=features,
        labels=labels,
        lines=lines,
        scratch=np.empty(len(tokens) + 1, np.int32),
    )
    used, feature_count, label_count, line_count = (int(number) for number in state)
    return Lines(
        lines[:line_count],
        features[:feature_count],
        labels[:label_count],
        count,
        kept[:used].copy(),
        known[np.flatnonzero(known)] - 1,
        starts,
        parts,
    )


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
