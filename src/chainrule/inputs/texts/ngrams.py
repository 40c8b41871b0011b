"""Runs of words and pieces of words as numbers of 64 bits, and features as their places.

A run of the numbers a, b, c is ((a·G) + b)·G + c, modulo 2⁶⁴, with G the fraction of the golden
ratio times 2⁶⁴: two pairs never share a number, and longer runs as good as never.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.texts.words import Words

__all__ = [
    "NO_KEYS",
    "Keys",
    "Places",
    "bracketed",
    "pieces",
    "runs",
    "spans",
    "spread",
    "windows",
]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)

Keys = NDArray[np.uint64]
Places = NDArray[np.int64]

NO_KEYS: Keys = np.zeros(0, np.uint64)


def runs(rows: Places, texts: Places, longest: int) -> tuple[Places, Keys]:
    """Return the text and the number of each run of 2 to ``longest`` words that are known.

    Parameters
    ----------
    rows : array, (tokens,)
        The words' numbers; −1 for one that is not known, and belongs to no run.
    texts : array, (tokens,)
        The text that each stands in.
    longest : int
        Words of a run, at most.
    """
    return _joined([(texts[first], keys) for _, first, keys in windows(rows, texts, longest)])


def windows(
    rows: Places, texts: Places, longest: int
) -> Iterator[tuple[int, Places, Keys]]:
    """Yield the runs of 2, 3, … words: how many, the first words' places, the runs' numbers.

    Parameters
    ----------
    rows, texts, longest
        As of `runs`.
    """
    words = (rows + 1).astype(np.uint64)
    known, keys = rows >= 0, words
    for last in range(1, min(longest, len(rows))):
        known = known[:-1] & (rows[last:] >= 0) & (texts[last:] == texts[:-last])
        keys = keys[:-1] * GOLDEN + words[last:]
        yield last + 1, np.flatnonzero(known), keys[known]


def pieces(words: Words, least: int, most: int) -> tuple[Places, Keys]:
    """Return the pieces of all different words: the word, and the number of the piece.

    Parameters
    ----------
    words : Words
        Of texts.
    least, most : int
        Characters of a piece, < and > for a word's begin and end among them.
    """
    return _joined([(owners, keys) for _, _, owners, keys in spans(words, least, most)])


def spans(
    words: Words, least: int, most: int
) -> Iterator[tuple[int, Places, Places, Keys]]:
    """Yield the pieces of each length: how long, where each begins, the words, the numbers.

    Parameters
    ----------
    words, least, most
        As of `pieces`; they begin at letters of what `bracketed` returns.
    """
    letters = _code_points(bracketed(words))
    lengths = np.array([len(_code_points(word)) for word in words.different], np.int64) + 2
    word = np.repeat(np.arange(len(lengths)), lengths)
    edge = np.zeros(len(letters), bool)
    edge[np.cumsum(lengths) - 1] = edge[np.cumsum(lengths) - lengths] = True
    keys = np.zeros(len(letters), np.uint64)
    for length in range(1, min(most, len(letters)) + 1):
        keys = keys[: len(letters) - length + 1] * GOLDEN + letters[length - 1 :] + np.uint64(1)
        if length < least:
            continue
        within = word[: len(keys)] == word[length - 1 :]
        if length == 1:
            within &= ~edge
        yield length, np.flatnonzero(within), word[: len(keys)][within], keys[within]


def bracketed(words: Words) -> bytes:
    """Return all different words, < before and > behind each."""
    return b"<" + b"><".join(words.different) + b">" if words.different else b""


def _code_points(text: bytes) -> Keys:
    letters = text.decode("utf-8", "surrogatepass").encode("utf-32-le", "surrogatepass")
    return np.frombuffer(letters, np.uint32).astype(np.uint64)


def _joined(found: list[tuple[Places, Keys]]) -> tuple[Places, Keys]:
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    return np.concatenate([of for of, _ in found]), np.concatenate([keys for _, keys in found])


def spread(words: Words, owners: Places, values: Any) -> tuple[Places, Any]:
    """Return what belongs to different words as what belongs to texts: once for each token.

    Parameters
    ----------
    words : Words
        Of texts.
    owners : array, (entries,)
        The number of a different word that each value belongs to.
    values : array, (entries,)
        Anything.

    Returns
    -------
    texts, values : array
    """
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=len(words.lengths))
    first = np.cumsum(counts) - counts
    times = counts[words.numbers]
    within = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    places = np.repeat(first[words.numbers], times) + within
    return np.repeat(words.texts, times), values[order][places]
