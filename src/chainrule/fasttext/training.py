"""fastText's training from arrays: a text's tokens in, the matrices of a model out, same bits.

Tokens are numbered as they were met; the dictionary's order, and with it the rows, come after.
Rows of n-grams that never occur are not kept: they stay as they were drawn, and
:func:`~chainrule.fasttext.starting_rows.starting_rows` draws them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.engine.machine.memory import aligned
from chainrule.fasttext.corpus import dictionary_of, read_corpus
from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.line_rows import lay_out
from chainrule.fasttext.matrices import Dense, KeptRows
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.pretrained import with_vectors
from chainrule.fasttext.randomness import UniformStart
from chainrule.fasttext.settings import Settings
from chainrule.fasttext.starting_rows import starting_rows
from chainrule.fasttext.steps import train
from chainrule.fasttext.vectors import WordVectors
from chainrule.memory import rows_in_memory

__all__ = ["expect_labels", "train_model"]


def train_model(
    source: Any,
    settings: Settings,
    goes_on: Callable[[float], bool] | None = None,
    *,
    vectors: WordVectors | None = None,
    told: Callable[[Dictionary], None] | None = None,
    interrupted: Callable[[float], None] | None = None,
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
    vectors : WordVectors, optional
        What the rows of words begin with; their words are the model's, too.
    told : callable, optional
        Called with the dictionary once the text is read.
    interrupted : callable, optional
        Called with the share that is done where Ctrl-C ends training; the model is that so far.

    Raises
    ------
    ValueError
        A setting makes no sense in training, vectors have another dim, no word is left, or a
        score is not finite.
    KeyboardInterrupt
        Ctrl-C came before anything was learned, or nobody asked to be called.
    """
    settings = settings.for_training()
    if vectors is not None and vectors.values.shape[1] != settings.dim:
        raise ValueError(
            f"train: expected vectors of {settings.dim} numbers, as dim says, got "
            f"{vectors.values.shape[1]}"
        )
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
    dictionary, given = dictionary_of(corpus), None
    if vectors is not None:
        corpus, dictionary, given = with_vectors(corpus, vectors, settings.prefix)
    if told is not None:
        told(dictionary)
    lines = lay_out(
        corpus,
        word_ngrams=settings.wordNgrams,
        minn=settings.minn,
        maxn=settings.maxn,
        bucket=settings.bucket,
    )
    start = UniformStart(dictionary.nwords + settings.bucket, settings.dim, settings.seed)
    kept = np.concatenate([np.arange(lines.words), lines.words + lines.buckets.astype(np.int64)])
    with rows_in_memory("train", "dim", len(kept) + dictionary.nlabels, settings.dim, 4):
        inputs = starting_rows(kept, start.dim, start.rows, seed=start.seed, pad=True)
        outputs = aligned((dictionary.nlabels, inputs.shape[1]), np.float32)
    if given is not None:
        inputs[given.rows, : start.dim] = given.values
    counts, tokens = dictionary.label_counts, dictionary.ntokens
    train(lines, inputs, outputs, counts, tokens, settings, goes_on, interrupted)
    order = np.concatenate([np.arange(lines.words), lines.words + lines.rising])
    risen = aligned(inputs.shape, np.float32)
    inputs.take(order, axis=0, out=risen, mode="clip")  # without a copy between
    matrix = KeptRows(kept[order], risen[:, : start.dim], start)
    return FastTextModel(settings, dictionary, matrix, Dense(outputs[:, : start.dim]))


def expect_labels(dictionary: Dictionary, settings: Settings) -> None:
    """Raise ValueError if a text had no label: a model of it would predict nothing."""
    if not dictionary.nlabels:
        raise ValueError(
            f"train: expected labels, words that begin with {settings.label!r}, got none among "
            f"{dictionary.ntokens:,} tokens"
        )
