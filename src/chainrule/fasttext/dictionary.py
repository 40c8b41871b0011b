"""The words and labels of a model, each by falling count, and how fastText finds them in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.heaps import unstable_order
from chainrule.fasttext.settings import Settings

__all__ = [
    "END_OF_LINE",
    "Dictionary",
    "PruneMap",
    "check_pruned",
    "lines",
    "tokens",
]

END_OF_LINE = b"</s>"
SPACE = rb" \n\r\t\v\f\0"
TOKEN = re.compile(rb"[^" + SPACE + rb"]+|\n")

MOST_ENTRIES = 22_500_000
"""Once there are more, rare ones are dropped while the text is still read."""


@dataclass(frozen=True)
class PruneMap:
    """The n-grams that a smaller model kept: a bucket each, and its row after those of the words.

    Parameters
    ----------
    buckets, rows : NDArray[np.int32] of shape (n,)
        In any order. Other buckets have no row.
    """

    buckets: NDArray[np.int32]
    rows: NDArray[np.int32]

    @cached_property
    def row_of(self) -> dict[int, int]:
        """The row of each bucket that has one."""
        return dict(zip(self.buckets.tolist(), self.rows.tolist(), strict=True))


@dataclass(frozen=True)
class Dictionary:
    """The words of a model, then its labels, as bytes one after the other.

    Parameters
    ----------
    text : NDArray[np.uint8]
        All names, without anything between them.
    bounds : NDArray[np.int64] of shape (n + 1,)
        Where names begin and end: name i is ``text[bounds[i]:bounds[i + 1]]``.
    counts : NDArray[np.int64] of shape (n,)
        How often each was seen.
    nwords : int
        How many of the names are words; the others are labels.
    ntokens : int
        Tokens that were read, those of dropped words included.
    pruned : PruneMap, optional
        The n-grams that have rows; without it all buckets have.
    """

    text: NDArray[np.uint8]
    bounds: NDArray[np.int64]
    counts: NDArray[np.int64]
    nwords: int
    ntokens: int
    pruned: PruneMap | None = field(default=None)

    @classmethod
    def of_names(
        cls,
        words: Iterable[tuple[bytes, int]],
        labels: Iterable[tuple[bytes, int]],
        ntokens: int,
        pruned: PruneMap | None = None,
    ) -> Dictionary:
        """Return the dictionary of words and labels, with their counts, in this order.

        ``ntokens`` and ``pruned`` are the attributes.
        """
        words = list(words)
        names, counts = zip(*words, *labels, strict=True) if words or labels else ((), ())
        text = np.frombuffer(b"".join(names), np.uint8)
        bounds = np.cumsum([0, *map(len, names)], dtype=np.int64)
        return cls(text, bounds, np.array(counts, np.int64), len(words), ntokens, pruned)

    @classmethod
    def of_text(cls, text: bytes, settings: Settings) -> Dictionary:
        """Return the dictionary that fastText makes of a training text with these settings.

        Raises
        ------
        ValueError
            No word and no label is left.
        """
        entries: dict[bytes, int] = {}
        ntokens, least = 0, 1
        for token in tokens(text):
            entries[token] = entries.get(token, 0) + 1
            ntokens += 1
            if len(entries) > MOST_ENTRIES:
                least += 1
                entries = dict(_by_falling_count(entries, settings.prefix, least, least))
        least, least_label = settings.minCount, settings.minCountLabel
        kept = _by_falling_count(entries, settings.prefix, least, least_label)
        if not kept:
            raise ValueError(
                f"expected words that are seen {settings.minCount} times (minCount), got none "
                f"among {ntokens:,} tokens"
            )
        labels = [entry for entry in kept if entry[0].startswith(settings.prefix)]
        return cls.of_names(kept[: len(kept) - len(labels)], labels, ntokens)

    @property
    def size(self) -> int:
        """Words and labels together."""
        return len(self.counts)

    @property
    def nlabels(self) -> int:
        """How many labels there are."""
        return self.size - self.nwords

    @property
    def label_counts(self) -> NDArray[np.int64]:
        """How often each label was seen."""
        return self.counts[self.nwords :]

    @property
    def words(self) -> list[bytes]:
        """All words."""
        return self.names[: self.nwords]

    @property
    def labels(self) -> list[bytes]:
        """All labels, with their prefix."""
        return self._names_from(self.nwords)

    @cached_property
    def names(self) -> list[bytes]:
        """All words, then all labels."""
        return self._names_from(0)

    def _names_from(self, first: int) -> list[bytes]:
        bounds = self.bounds[first:].tolist()
        content = self.text[bounds[0] :].tobytes()
        return [content[a - bounds[0] : b - bounds[0]] for a, b in pairwise(bounds)]

    @cached_property
    def ids(self) -> dict[bytes, int]:
        """The place of each name among ``names``."""
        return {name: place for place, name in enumerate(self.names)}

    def word_id(self, word: bytes) -> int:
        """Return the row of a word, or −1."""
        place = self.ids.get(word, -1)
        return place if place < self.nwords else -1


def tokens(text: bytes) -> Iterator[bytes]:
    """Yield what stands between white space, and ``</s>`` for each line feed."""
    for match in TOKEN.finditer(text):
        found = match[0]
        yield END_OF_LINE if found == b"\n" else found


def lines(text: bytes) -> Iterator[list[bytes]]:
    """Yield the tokens of each line: up to a line feed, a literal ``</s>``, or the text's end.

    One byte of white space is read with the token before it, so that what is left of a text may be
    a line without tokens.
    """
    line: list[bytes] = []
    end = 0
    for match in TOKEN.finditer(text):
        found, end = match[0], match.end()
        if found != b"\n" and end < len(text) and text[end] != ord("\n"):
            end += 1
        line.append(END_OF_LINE if found == b"\n" else found)
        if line[-1] == END_OF_LINE:
            yield line
            line = []
    if line or end < len(text):
        yield line


def _by_falling_count(
    entries: dict[bytes, int], prefix: bytes, least: int, least_label: int
) -> list[tuple[bytes, int]]:
    """Return words, then labels, each sorted by count, those that are seen too rarely left out."""
    items = list(entries.items())
    keys = [(name.startswith(prefix), -count) for name, count in items]
    kept = []
    for place in unstable_order(keys):
        name, count = items[place]
        if count >= (least_label if keys[place][0] else least):
            kept.append((name, count))
    return kept


def check_pruned(pruned: PruneMap, bucket: int) -> None:
    """Raise ValueError unless different buckets below ``bucket`` have rows below their number."""
    count = len(pruned.buckets)
    for name, values, below in (("bucket", pruned.buckets, bucket), ("row", pruned.rows, count)):
        if count and not 0 <= values.min() <= values.max() < below:
            raise ValueError(
                f"expected each n-gram that was kept to have a {name} from 0 to {below - 1:,}, "
                f"got {values.min():,} to {values.max():,}"
            )
    if len(np.unique(pruned.buckets)) < count:
        raise ValueError("expected n-grams that were kept in different buckets, got one twice")
