"""Where in a text each feature of a vocabulary stands, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.inputs.texts import ngrams
from chainrule.inputs.texts.counting import places_among
from chainrule.inputs.texts.encoder import Texts
from chainrule.inputs.texts.words import words_of

__all__ = ["occurrences"]

Occurrence = tuple[int, tuple[int, ...], str]
"""A feature, the words by number in which it stands, and its name."""


def occurrences(inputs: Texts, text: str) -> tuple[tuple[str, ...], list[Occurrence]]:
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
    known: list[Occurrence] = [
        (row, (place,), words[place]) for place, row in enumerate(rows.tolist()) if row >= 0
    ]
    known += _runs(inputs, words, rows)
    known += _pieces(inputs, words)
    return words, known


def _runs(inputs: Texts, words: tuple[str, ...], rows: ngrams.Places) -> Iterator[Occurrence]:
    one_text = np.zeros(len(rows), np.int64)
    for length, first, keys in ngrams.windows(rows, one_text, inputs.features.word_ngrams):
        places = places_among(inputs.runs, inputs.in_bucket(keys))
        for begin, place in zip(first.tolist(), places.tolist(), strict=True):
            if place >= 0:
                standing = tuple(range(begin, begin + length))
                name = " ".join(words[begin : begin + length])
                yield len(inputs.words) + place, standing, name


def _pieces(inputs: Texts, words: tuple[str, ...]) -> Iterator[Occurrence]:
    if inputs.features.char_ngrams is None:
        return
    before = len(inputs.words) + len(inputs.runs)
    least, most = inputs.features.char_ngrams
    for number, word in enumerate(words):
        letters = f"<{word}>"
        spans = [
            letters[begin : begin + length]
            for length in range(least, most + 1)
            for begin in range(len(letters) - length + 1)
            if length > 1 or 0 < begin < len(letters) - 1
        ]
        keys = np.array([ngrams.piece_key(span) for span in spans], np.uint64)
        for span, place in zip(
            spans, places_among(inputs.pieces, inputs.in_bucket(keys)).tolist(), strict=True
        ):
            if place >= 0:
                yield before + place, (number,), f"…{span}…" if span != letters else span
