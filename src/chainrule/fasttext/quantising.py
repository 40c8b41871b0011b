"""A model made small: rows that matter kept, both matrices as codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.clustering import encode, learn_quantiser
from chainrule.fasttext.dictionary import END_OF_LINE, Dictionary, PruneMap
from chainrule.fasttext.hash_order import order_in_hash_map
from chainrule.fasttext.heaps import unstable_order
from chainrule.fasttext.matrices import Dense
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.quantisation import Quantised

__all__ = ["prune", "quantise", "quantise_matrix"]

Floats = NDArray[np.float32]

OUTPUT_PART = 2
"""Numbers of a part of the output matrix, whatever those of the input are."""


def quantise(
    model: FastTextModel,
    *,
    cutoff: int = 0,
    retrain: Callable[[FastTextModel], FastTextModel] | None = None,
    dsub: int = 2,
    qnorm: bool = False,
    qout: bool = False,
) -> FastTextModel:
    """Return a model whose input matrix is codes: a byte for ``dsub`` numbers.

    Parameters
    ----------
    model : FastTextModel
        A supervised model that is not quantised.
    cutoff : int
        So many words and n-grams are kept; 0 keeps all.
    retrain : callable, optional
        Trains the model that is left after the cutoff.
    dsub : int
        Numbers that one code stands for.
    qnorm : bool
        Whether rows are divided by their lengths, which have codes of their own.
    qout : bool
        Whether the output matrix is quantised, too.

    Returns
    -------
    FastTextModel
        The small model.

    Raises
    ------
    ValueError
        The model is no such one, has fewer than 256 rows, or an argument is out of its range.
    """
    if model.settings.model != "supervised":
        raise ValueError(f"quantise: expected a supervised model, got {model.settings.model!r}")
    if isinstance(model.input, Quantised) or isinstance(model.output, Quantised):
        raise ValueError("quantise: expected a model that is not quantised, got one that is")
    if cutoff < 0 or dsub < 1:
        raise ValueError(
            f"quantise: expected cutoff of 0 or more and dsub of 1 or more, got {cutoff}, {dsub}"
        )
    if 0 < cutoff < model.input.shape[0]:
        model = prune(model, cutoff)
        model = retrain(model) if retrain is not None else model
    inputs = quantise_matrix(_values(model, "input"), dsub, qnorm)
    if not qout:
        return replace(model, input=inputs)
    outputs = quantise_matrix(_values(model, "output"), OUTPUT_PART, qnorm)
    return replace(model, input=inputs, output=outputs)


def _values(model: FastTextModel, name: str) -> Floats:
    matrix = getattr(model, name)
    values: Floats = matrix.take(np.arange(matrix.shape[0]))
    return values


def quantise_matrix(values: Floats, dsub: int, qnorm: bool) -> Quantised:
    """Return a matrix (rows, dim) as codes of parts of ``dsub``, with norms if ``qnorm``."""
    if not qnorm:
        quantiser = learn_quantiser(values, dsub)
        return Quantised(encode(values, quantiser), quantiser)
    lengths = _lengths(values)[:, None]
    values = np.where(lengths != 0, values / np.where(lengths != 0, lengths, 1), values)
    norms = learn_quantiser(lengths, 1)
    quantiser = learn_quantiser(values, dsub)
    return Quantised(encode(values, quantiser), quantiser, encode(lengths, norms)[:, 0], norms)


def _lengths(values: Floats) -> Floats:
    """Return the length of each row (n,): squares in float32, their sums in float64."""
    squares = np.add.accumulate(values * values, axis=1, dtype=np.float64)[:, -1]
    lengths: Floats = np.sqrt(squares).astype(np.float32)
    return lengths


def prune(model: FastTextModel, cutoff: int) -> FastTextModel:
    """Return a model with the ``cutoff`` longest rows only, and ``</s>`` whatever its length."""
    values, dictionary = _values(model, "input"), model.dictionary
    lengths = -_lengths(values)
    end = dictionary.word_id(END_OF_LINE)
    if end >= 0:
        lengths[end] = -np.inf
    longest = np.array(unstable_order(lengths.tolist()), np.int64)[:cutoff]
    words = np.sort(longest[longest < dictionary.nwords])
    ngrams = longest[longest >= dictionary.nwords]
    inputs = Dense(values[np.concatenate([words, ngrams])])
    return replace(model, dictionary=_with_words(dictionary, words, ngrams), input=inputs)


def _with_words(
    dictionary: Dictionary, words: NDArray[np.int64], ngrams: NDArray[np.int64]
) -> Dictionary:
    """Return a dictionary with some of its words and n-grams, and all labels."""
    counts = dictionary.counts.tolist()
    entries = list(zip(dictionary.names, counts, strict=True))
    buckets = (ngrams - dictionary.nwords).tolist()
    order = np.array(order_in_hash_map(buckets), np.int64)
    pruned = PruneMap(np.array(buckets, np.int32)[order], order.astype(np.int32))
    kept, labels = [entries[word] for word in words.tolist()], entries[dictionary.nwords :]
    return Dictionary.of_names(kept, labels, dictionary.ntokens, pruned)
