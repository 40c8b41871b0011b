"""Texts to words: letters and digits in a row, and each other sign by itself.

Words of languages that write no spaces are not known to a program that has no dictionary; each of
their signs is a word of its own, so that neighbours are pairs of words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["LINE_END", "SEPARATORS", "Words", "as_bytes", "is_sign", "words_of"]

LINE_END = b"\n"
"""The word that ends a text; none of a text is like it."""

ALONE = re.compile(
    # Japanese and Chinese: Hiragana, Katakana, ideographs.
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    # Thai, Lao, Myanmar, Khmer: letters with marks above and below.
    "|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
    # Signs beyond ASCII, with the selector of their look; white space of all kinds.
    "|[^\\w\\s\\x00-\\x7f][\ufe00-\ufe0f]?|\\s"
)
"""What is to stand alone, or to be one space."""

NO_SIGNS = "\u200b\ufeff"
"""Characters without width that are neither signs nor parts of words."""

ASCII_SIGNS = [bytes([sign]) for sign in b"!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~"]
"""All but the underscore, which is part of names."""

OF_WORDS = re.compile(r"\w")
"""A letter, digit or underscore."""

SEPARATORS = np.zeros(256, bool)
"""Bytes that separate words: white space and control characters of ASCII."""
SEPARATORS[:33] = SEPARATORS[127] = True


@dataclass(frozen=True)
class Words:
    """The words of texts.

    Parameters
    ----------
    store : array of uint8
        The different words' bytes, UTF-8, one after the other.
    starts, lengths : array of int64, (words,)
        Where each begins in the store, and how many bytes it has.
    numbers : array of int64, (tokens,)
        The words in the order of the texts, by number.
    texts : array of int64, (tokens,)
        The text that each stands in, rising.
    count : int
        The number of texts.
    """

    store: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    numbers: NDArray[np.int64]
    texts: NDArray[np.int64]
    count: int

    @cached_property
    def different(self) -> list[bytes]:
        """The different words."""
        whole = self.store.tobytes()
        pairs = zip(self.starts.tolist(), self.lengths.tolist(), strict=True)
        return [whole[start : start + length] for start, length in pairs]

    @cached_property
    def signs(self) -> NDArray[np.bool_]:
        """Which of the different words are signs, without a letter or digit."""
        return np.fromiter(map(is_sign, self.different), bool, len(self.lengths))


    def of_rows(self, rows: NDArray[np.integer]) -> Words:
        """Return the words of the texts of some numbers, in their order, any text several times."""
        counts = np.bincount(self.texts, minlength=self.count)
        first, times = (np.cumsum(counts) - counts)[rows], counts[rows]
        within = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
        tokens = np.repeat(first, times) + within
        texts = np.repeat(np.arange(len(rows)), times)
        return replace(self, numbers=self.numbers[tokens], texts=texts, count=len(rows))


def is_sign(word: bytes) -> bool:
    """Return whether a word has neither letters nor digits."""
    if word.isascii():  # one sign, or all letters and digits
        return not (word.isalnum() or b"_" in word)
    return not OF_WORDS.search(word.decode("utf-8", "surrogatepass"))


def words_of(texts: Sequence[str], *, lowercase: bool) -> Words:
    """Return the words of texts.

    Parameters
    ----------
    texts : sequence of str
        Of any content; a lone surrogate is a sign like others.
    lowercase : bool
        Whether capital letters are read as small ones.
    """
    from chainrule.data.tokens import Splitting, Vocabulary  # which loads the engine

    vocabulary = Vocabulary(Splitting(SEPARATORS, LINE_END))
    found = vocabulary.add(as_bytes(texts, lowercase=lowercase)).astype(np.int64)
    starts, lengths = vocabulary.spans()
    ends = found == found[-1] if len(found) else np.zeros(0, bool)
    texts_of = np.cumsum(ends) - ends
    store = vocabulary.store[: int(vocabulary.state[1])]
    return Words(store, starts, lengths, found[~ends], texts_of[~ends], len(texts))


def as_bytes(texts: Sequence[str], *, lowercase: bool) -> bytes:
    """Return texts as UTF-8, words apart from each other, a line feed behind each text."""
    lines = [_one_line(text) for text in texts]
    lines.append("")
    whole = "\n".join(lines)
    if lowercase:
        whole = whole.lower()
    encoded = whole.encode("utf-8", "surrogatepass")
    for sign in ASCII_SIGNS:
        encoded = encoded.replace(sign, b" " + sign + b" ")
    return encoded


def _one_line(text: str) -> str:
    """Return a text without line feeds, in which signs beyond ASCII stand alone."""
    if not text.isascii():
        text = ALONE.sub(_apart, text)
    return text.replace("\n", " ") if "\n" in text else text


def _apart(found: re.Match[str]) -> str:
    """Return what was found with spaces around; signs that belong to a letter stay with it."""
    signs = found[0]
    if signs.isspace() or signs in NO_SIGNS:
        return " "
    if all(map(_joins, signs)):  # accents of many scripts, and joiners within words
        return signs
    return "".join(sign if _joins(sign) else f" {sign}" for sign in signs) + " "


def _joins(sign: str) -> bool:
    return unicodedata.category(sign) in ("Mn", "Mc", "Me", "Cf")
