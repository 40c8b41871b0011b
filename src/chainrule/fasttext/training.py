"""fastText's training from arrays: a text's tokens in, the matrices of a model out, same bits.

Tokens are numbered as they were met; the dictionary's order, and with it the rows, come after.
Rows of n-grams that never occur are not kept: they stay as they were drawn, and
:func:`starting_rows` draws them when a file is written.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import (
    ngrams,
    order,
    starting_rows as starting,
    text_network,
    text_training,
)
from chainrule.engine.kernels.library import library
from chainrule.engine.machine.memory import VECTOR, aligned
from chainrule.engine.running.single import invoke
from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.huffman import HuffmanTree
from chainrule.fasttext.matrices import Dense, KeptRows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.randomness import UniformStart
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.tokens import FASTTEXT, Vocabulary

FLOATS = VECTOR // 4
LOSSES = ("softmax", "ova", "hs", "ns")
TURNS = 100_000
"""Tokens, about, after which training asks whether to go on."""
NEGATIVES = 10_000_000


def _kernel(emit: Callable[..., Any], **options: Any) -> Any:
    return library(np.dtype(np.float32)).get(emit, **options)


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

    @property
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
        _kernel(order.sort),
        items=items,
        count=len(items),
        turns=max(0, turns),
        stack=np.empty(3 * (max(0, turns) + 1), np.int64),
    )
    return items[:, 1].copy()


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

    The first ``words`` rows are those of the dictionary's words, the next those of the buckets.
    With n-grams of characters a word's feature is its number, and its rows are
    ``parts[starts[number] : starts[number + 1]]``.
    """

    lines: NDArray[Any]
    features: NDArray[np.int32]
    labels: NDArray[np.int32]
    words: int
    buckets: NDArray[np.int32]
    starts: NDArray[np.int64] | None
    parts: NDArray[np.int32] | None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.words + len(self.buckets)


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
    most = min(bucket, _most_ngrams(corpus, word_ngrams, minn, maxn)) if hashed else 0
    kept, state = np.empty(most + 1, np.int32), np.zeros(4, np.int64)
    starts = parts = None
    if maxn > 0:
        starts = np.empty(vocabulary.size + 1, np.int64)
        _, length = vocabulary.spans()
        parts = np.empty(
            int((_parts_of(length, minn, maxn)).sum()) + vocabulary.size, np.int32
        )
        invoke(
            _kernel(ngrams.characters),
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
        parts = parts[: state[1]].copy()
    ends = int((tokens == line_end).sum())
    lines = np.empty(ends + 1, LINE)
    features = np.empty(len(tokens) * max(1, word_ngrams) + 1, np.int32)
    labels = np.empty(int(corpus.is_label[tokens].sum()), np.int32)
    invoke(
        _kernel(ngrams.lines),
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
        starts,
        parts,
    )


def _parts_of(length: NDArray[np.int64], minn: int, maxn: int) -> NDArray[np.int64]:
    return (length + 2) * max(0, maxn - max(1, minn) + 1)


def _most_ngrams(corpus: Corpus, word_ngrams: int, minn: int, maxn: int) -> int:
    _, length = corpus.vocabulary.spans()
    parts = int(_parts_of(length, minn, maxn).sum()) if maxn > 0 else 0
    return parts + len(corpus.tokens) * max(0, word_ngrams - 1)


@cache
def _powers() -> NDArray[np.uint32]:
    """Return the factor's powers: 2·j·4096^i draws further, (digits, 4096)."""
    size = 2**starting.DIGIT
    table = np.empty((starting.DIGITS, size), np.uint32)
    for digit in range(starting.DIGITS):
        step, value = pow(starting.FACTOR, 2 * size**digit, starting.MODULUS), 1
        for place in range(size):
            table[digit, place] = value
            value = value * step % starting.MODULUS
    return table


def starting_rows(
    rows: NDArray[np.int64] | range, dim: int, row_count: int, *, seed: int = 0, pad: bool = False
) -> NDArray[np.float32]:
    """Return rows of the input matrix as they are drawn, (rows, dim), of ``row_count`` in all.

    With ``pad`` the rows are whole vectors, zeros behind the last number.
    """
    width = -(-dim // FLOATS) * FLOATS if pad else dim
    whole = aligned((len(rows) * width + FLOATS,), np.float32)
    scale = float(np.float32(1 / dim))
    listed = 0 if isinstance(rows, range) else np.ascontiguousarray(rows, np.int64)
    invoke(
        _kernel(starting.start),
        rows=listed,
        first=rows.start if isinstance(rows, range) else 0,
        count=len(rows),
        dim=dim,
        row_bytes=4 * width,
        numbers=whole,
        block_size=row_count * dim // starting.BLOCKS,
        seed=seed,
        powers=_powers(),
        scale=_bits(2 * scale),
        shift=_bits(-scale),
    )
    return whole[: len(rows) * width].reshape(len(rows), width)


def _bits(number: float) -> int:
    return int(struct.unpack("q", struct.pack("d", number))[0])


@dataclass(frozen=True)
class Trained:
    """A model's matrices: ``inputs``, of the words' rows and of ``buckets``; and ``outputs``."""

    buckets: NDArray[np.int32]
    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]


def train(
    lines: Lines,
    label_counts: NDArray[np.int64],
    token_count: int,
    *,
    row_count: int,
    dim: int = 100,
    lr: float = 0.1,
    epoch: int = 5,
    loss: str = "softmax",
    neg: int = 5,
    seed: int = 0,
    lr_update_rate: int = 100,
    goes_on: Callable[[float], bool] | None = None,
) -> Trained:
    """Return the matrices after some passes over lines.

    Parameters
    ----------
    lines : Lines
        What :func:`lay_out` returns.
    label_counts : array of int
        How often each label was met, in the dictionary's order.
    token_count : int
        How many tokens were read.
    row_count : int
        The rows of the whole input matrix: words and buckets.
    dim, lr, epoch, loss, neg, seed, lr_update_rate
        As fastText has them.
    goes_on : callable, optional
        Asked now and then, with the share that is done; training ends where it returns false.

    Raises
    ------
    FloatingPointError
        A score is NaN.
    """
    vectors, classes = -(-dim // FLOATS), len(label_counts)
    class_vectors = -(-classes // FLOATS)
    places = np.arange(lines.rows, dtype=np.int64)
    places[lines.words :] = lines.words + lines.buckets.astype(np.int64)
    inputs = starting_rows(places, dim, row_count, seed=seed, pad=True)
    nodes = classes
    outputs = aligned((nodes, vectors * FLOATS), np.float32)
    columns = aligned((dim, class_vectors * FLOATS), np.float32)
    state = np.array([0, 0, 0, seed % starting.MODULUS or 1, 0], np.int64)
    most = _most_features(lines)
    arrays: dict[str, Any] = {
        "lines": lines.lines,
        "features": lines.features,
        "labels": lines.labels,
        "rows": inputs,
        "by_rows": outputs,
        "by_dimensions": columns,
        "hidden": aligned((vectors * FLOATS,), np.float32),
        "before": aligned((vectors * FLOATS,), np.float32),
        "scores": aligned((max(class_vectors, vectors) * FLOATS,), np.float32),
        "rates": aligned((class_vectors * FLOATS,), np.float32),
        "sigmoid": sigmoid_table(),
        "state": state,
        "scratch": np.empty(most + 1, np.int32),
    }
    if lines.starts is not None:
        arrays |= {"starts": lines.starts, "parts": lines.parts}
    if loss == "hs":
        arrays["path_starts"], arrays["paths"] = tree_paths(label_counts)
    if loss == "ns":
        arrays["negatives"] = negatives(label_counts)
        arrays["negative_count"] = len(arrays["negatives"])
    total = epoch * token_count
    average = max(1.0, token_count / max(1, len(lines.lines)))
    by_parts = lines.starts is not None
    kernel = _kernel(text_training.train, loss=loss, vectors=vectors, by_parts=by_parts)
    while state[text_training.DONE] < total:
        invoke(
            kernel,
            line_count=len(lines.lines),
            dim=dim,
            classes=classes,
            class_vectors=class_vectors,
            draws=neg,
            turns=max(1, int(TURNS / average)),
            rate=_bits(lr),
            total=total,
            update_rate=lr_update_rate,
            **arrays,
        )
        if state[text_training.FAULT]:
            raise FloatingPointError(
                f"train: a score is NaN after {int(state[text_training.DONE])} of {total} tokens; "
                f"a learning rate below {lr} may help"
            )
        if goes_on is not None and not goes_on(min(1.0, state[text_training.DONE] / total)):
            break
    return Trained(lines.buckets, inputs[:, :dim], outputs[:, :dim])


def _most_features(lines: Lines) -> int:
    """Return how many rows the longest line has, n-grams of characters among them."""
    if lines.starts is None:
        return 0
    size = np.diff(lines.starts)
    most = 0
    for line in lines.lines:
        first = line["feature"]
        words = lines.features[first : first + line["words"]]
        most = max(most, int(size[words].sum()) + int(line["ngrams"]))
    return most


@cache
def sigmoid_table() -> NDArray[np.float32]:
    """Return 1/(1 + exp(−x)) at 513 places from −8 to 8; the exponential is rounded to float32."""
    steps, largest = int(text_network.STEPS), text_network.LARGEST
    found = []
    for place in range(steps + 1):
        x = place * 2 * largest / steps - largest
        found.append(1 / (1 + float(np.float32(math.exp(-x)))))
    return np.array(found, np.float32)


def tree_paths(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where each label's path to the root begins, and twice the rows plus their sides."""
    tree = HuffmanTree.of_counts(counts)
    paths = [tree.path(label) for label in range(len(counts))]
    starts = np.cumsum([0, *map(len, paths)], dtype=np.int64)
    steps = [2 * row + side for path in paths for row, side in path]
    return starts, np.array(steps or [0], np.int32)


def negatives(counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the table that labels are drawn from: by the square roots of their counts."""
    single = np.float32
    total = single(0)
    for count in counts:
        total = single(float(total) + math.sqrt(count))
    share = np.sqrt(counts.astype(np.float64)).astype(single) * single(NEGATIVES) / total
    return np.repeat(np.arange(len(counts), dtype=np.int32), np.ceil(share).astype(np.int64))


def train_model(
    source: Any, settings: Settings, goes_on: Callable[[float], bool] | None = None
) -> FastTextModel:
    """Return the model that fastText trains on a text with these settings, bit by bit.

    Parameters
    ----------
    source : bytes-like or binary file
        The text, a line for each sample.
    settings : Settings
        What it is trained with.
    goes_on : callable, optional
        Asked now and then, with the share that is done; training ends where it returns false.

    Raises
    ------
    ValueError
        A setting makes no sense in training, or no word is left.
    FloatingPointError
        A score is NaN.
    """
    settings = settings.for_training()
    corpus = read_corpus(
        source,
        label=settings.prefix,
        min_count=settings.minCount,
        min_count_label=settings.minCountLabel,
    )
    if not len(corpus.words) + len(corpus.labels):
        raise ValueError(
            f"train: expected words that are seen {settings.minCount} times (minCount), got none "
            f"among {len(corpus.tokens):,} tokens"
        )
    dictionary = dictionary_of(corpus)
    lines = lay_out(
        corpus,
        word_ngrams=settings.wordNgrams,
        minn=settings.minn,
        maxn=settings.maxn,
        bucket=settings.bucket,
    )
    rows = dictionary.nwords + settings.bucket
    trained = train(
        lines,
        dictionary.label_counts,
        dictionary.ntokens,
        row_count=rows,
        dim=settings.dim,
        lr=settings.lr,
        epoch=settings.epoch,
        loss=settings.loss,
        neg=settings.neg,
        seed=settings.seed,
        lr_update_rate=settings.lrUpdateRate,
        goes_on=goes_on,
    )
    start = UniformStart(rows, settings.dim, settings.seed)
    kept = np.arange(lines.rows, dtype=np.int64)
    order = np.argsort(trained.buckets)
    kept[lines.words :] = lines.words + trained.buckets[order]
    values = trained.inputs
    values[lines.words :] = values[lines.words :][order]
    matrix = KeptRows(kept, values, start)
    return FastTextModel(settings, dictionary, matrix, Dense(trained.outputs))


def dictionary_of(corpus: Corpus) -> Dictionary:
    """Return the words and labels that are kept of a text."""
    kept = np.concatenate([corpus.words, corpus.labels])
    offset, length = (values[kept] for values in corpus.vocabulary.spans())
    bounds = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    places = np.repeat(offset - bounds[:-1], length) + np.arange(bounds[-1])
    text = corpus.vocabulary.store[places]
    counts = corpus.vocabulary.counts()[kept]
    return Dictionary(text, bounds, counts, len(corpus.words), len(corpus.tokens))
