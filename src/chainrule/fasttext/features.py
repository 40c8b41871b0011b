"""From tokens to rows of the input matrix: words, their character n-grams, word n-grams.

    h ← (h xor byte)·16777619 mod 2³²        FNV-1a, from 2166136261; the byte counts with its sign
    h ← h·116049371 + next mod 2⁶⁴           word n-grams, of hashes as signed numbers

An n-gram's row is after those of the words, at its hash modulo the number of buckets; n-grams may
meet in one row, and none is kept by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chainrule.fasttext.dictionary import END_OF_LINE, Dictionary
from chainrule.fasttext.settings import Settings

__all__ = [
    "LineFeatures",
    "character_ngrams",
    "hash_of",
    "line_features",
    "rows_of_hashes",
    "word_rows",
]

FNV_START = 2166136261
FNV_FACTOR = 16777619
WORD_FACTOR = 116049371


@dataclass(frozen=True)
class LineFeatures:
    """What a model sees of a line.

    Parameters
    ----------
    rows : list of int
        Rows of the input matrix, some of them repeatedly.
    labels : list of int
        Labels that the dictionary has, by number.
    ntokens : int
        Tokens of the line, all counted.
    """

    rows: list[int]
    labels: list[int]
    ntokens: int


def hash_of(name: bytes) -> int:
    """Return the hash of a name, from 0 to 2³² − 1."""
    value = FNV_START
    for byte in name:
        signed = byte if byte < 128 else byte | 0xFFFFFF00
        value = (value ^ signed) * FNV_FACTOR % 2**32
    return value


def _signed(value: int) -> int:
    """Return a number of 32 bits as one with a sign."""
    return value - 2**32 if value >= 2**31 else value


def line_features(
    line: list[bytes], dictionary: Dictionary, settings: Settings
) -> LineFeatures:
    """Return the rows and labels of a line's tokens.

    Parameters
    ----------
    line : list of bytes
        Tokens.
    dictionary : Dictionary
        Words, labels, and the n-grams that have rows.
    settings : Settings
        Which n-grams there are, and what unknown labels begin with.
    """
    rows: list[int] = []
    labels: list[int] = []
    hashes: list[int] = []
    for token in line:
        place = dictionary.ids.get(token, -1)
        if place >= dictionary.nwords:
            labels.append(place - dictionary.nwords)
        elif place >= 0 or not token.startswith(settings.prefix):
            hashes.append(hash_of(token))
            rows += word_rows(token, dictionary, settings)
    rows += rows_of_hashes(_word_ngrams(hashes, settings.wordNgrams), dictionary, settings)
    return LineFeatures(rows, labels, len(line))


def word_rows(word: bytes, dictionary: Dictionary, settings: Settings) -> list[int]:
    """Return the row of a word, if it has one, and those of its character n-grams.

    A label's place among the names counts as a row, as it does for fastText's word vectors.
    """
    place = dictionary.ids.get(word, -1)
    ngrams = (hash_of(ngram) for ngram in character_ngrams(word, settings.minn, settings.maxn))
    return [place] * (place >= 0) + rows_of_hashes(ngrams, dictionary, settings)


def character_ngrams(word: bytes, minn: int, maxn: int) -> Iterator[bytes]:
    """Yield the character n-grams of ``<word>`` of minn to maxn characters of UTF-8.

    A single ``<`` or ``>`` is none, and ``</s>`` has none.
    """
    if maxn <= 0 or word == END_OF_LINE:
        return
    text = b"<" + word + b">"
    begins = [place for place, byte in enumerate(text) if byte & 0xC0 != 0x80] + [len(text)]
    for first, begin in enumerate(begins[:-1]):
        for length, end in enumerate(begins[first + 1 : first + 1 + maxn], 1):
            alone = length == 1 and (begin == 0 or end == len(text))
            if length >= minn and not alone:
                yield text[begin:end]


def _word_ngrams(hashes: list[int], longest: int) -> Iterator[int]:
    """Yield the hashes of runs of 2 to ``longest`` words, of the hashes of all words."""
    numbers = [_signed(value) for value in hashes]
    for first, value in enumerate(numbers):
        for following in numbers[first + 1 : first + longest] if longest > 1 else ():
            value = (value * WORD_FACTOR + following) % 2**64
            yield value


def rows_of_hashes(
    hashes: Iterable[int], dictionary: Dictionary, settings: Settings
) -> list[int]:
    """Return the rows of n-grams; those that were pruned have none."""
    pruned, nwords = dictionary.pruned, dictionary.nwords
    if pruned is None:
        return [nwords + value % settings.bucket for value in hashes]
    row_of = pruned.row_of
    buckets = (value % settings.bucket for value in hashes)
    return [nwords + row_of[bucket] for bucket in buckets if bucket in row_of]
