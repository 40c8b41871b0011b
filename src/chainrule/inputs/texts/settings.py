"""What of a text counts: the choices of a user, checked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from chainrule import strict_json
from chainrule.added import added, is_added, value_before

__all__ = ["WEIGHTINGS", "TextFeatures"]

WEIGHTINGS = ("tfidf", "mean", "count")
LONGEST_RUN = 10
"""Words in a run, or characters in a piece, at most."""

MOST = 2**31 - 1

COUNTS = {
    "word_ngrams": (1, LONGEST_RUN),
    "min_count": (1, MOST),
    "min_ngram_count": (1, MOST),
    "max_ngrams": (1, MOST),
    "buckets": (1, MOST),
}
"""Whole numbers, from the least to the largest."""

OPTIONAL = ("max_ngrams", "buckets")
"""Those of them that may be None."""


@dataclass(frozen=True)
class TextFeatures:
    """What of a text counts, and how much.

    Parameters
    ----------
    word_ngrams : int, default=2
        How many words in sequence make a feature, at most: 2 takes words and pairs of neighbours.
    char_ngrams : (int, int) or None, default=None
        The least and most characters of the pieces of words that are features, too; a word's
        begin and end count as characters < and >. They help with endings, typing errors, and
        names of languages.
    lowercase : bool, default=True
        Whether capital letters are read as small ones.
    min_count : int, default=1
        How often a word stands in the training texts, at least; rarer ones are unknown.
    min_ngram_count : int, default=1
        The same of runs of words, and of pieces of words.
    max_ngrams : int or None, default=200_000
        How many runs of words are features, at most, and how many pieces of words: the most
        frequent ones. Those that stand as often as each other are features together, or not.
    buckets : int or None, default=None
        The number of features that all runs and pieces share, by a hash: those that share one
        cannot be told apart, and fewer numbers are trained. None gives each its own.
    weighting : {"tfidf", "mean", "count"}, default="tfidf"
        What a feature that stands c times in a text weighs there. "tfidf": (1 + ln c) times the
        inverse document frequency ln((1 + n)/(1 + d)) + 1 of a feature that d of the n texts of
        training have, divided by the length of all such weights of the text; "mean": c divided by
        the sum of all c; "count": c.
    sign_ngrams : bool, default=False
        Whether runs of words have signs such as ! and , in them. Without, a sign is a feature by
        itself, and separates the words around it.
    """

    word_ngrams: int = 2
    char_ngrams: tuple[int, int] | None = None
    lowercase: bool = True
    min_count: int = 1
    min_ngram_count: int = 1
    max_ngrams: int | None = 200_000
    buckets: int | None = None
    weighting: str = "tfidf"
    sign_ngrams: bool = field(default=False, metadata=added(before=True))

    @classmethod
    def checked(cls, owner: str, **given: Any) -> TextFeatures:
        """Return what a user chose; ValueError, which names the owner, for what makes no sense.

        Parameters
        ----------
        owner : str
            Whom messages name.
        **given
            As in the class.
        """
        for name, (low, high) in COUNTS.items():
            if name in given and (given[name] is not None or name not in OPTIONAL):
                given[name] = _whole(owner, name, given[name], low, high)
        pieces = given.get("char_ngrams")
        if pieces is not None:
            given["char_ngrams"] = _pieces(owner, pieces)
        if given.get("weighting", "tfidf") not in WEIGHTINGS:
            known = ", ".join(map(repr, WEIGHTINGS))
            raise ValueError(
                f"{owner}: expected a weighting of {known}, got {given['weighting']!r}"
            )
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""
        pieces = None if self.char_ngrams is None else list(self.char_ngrams)
        return strict_json.shorter({**vars(self), "char_ngrams": pieces}, self._added())

    @classmethod
    def from_json(cls, data: object) -> TextFeatures:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        where = "inputs.features"
        since, every = cls._added(), cls.__dataclass_fields__
        first = [name for name in every if name not in since]
        entries = strict_json.record(data, where, first, since)
        for name in ("lowercase", "sign_ngrams"):
            entries[name] = strict_json.flag(entries[name], f"{where}.{name}")
        return cls.checked(where, **entries)

    @classmethod
    def _added(cls) -> dict[str, Any]:
        """Return what files mean that lack one of the later choices."""
        return {each.name: value_before(each) for each in fields(cls) if is_added(each)}


def _whole(owner: str, name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not low <= value <= high:
        raise ValueError(
            f"{owner}: expected {name} to be a whole number from {low} to {high:,}, got {value!r}"
        )
    return int(value)


def _pieces(owner: str, given: Any) -> tuple[int, int]:
    try:
        least, most = given
        pieces = tuple(_whole(owner, "char_ngrams", n, 1, LONGEST_RUN) for n in (least, most))
    except (TypeError, ValueError):
        pieces = (2, 1)
    if pieces[0] > pieces[1]:
        raise ValueError(
            f"{owner}: expected char_ngrams such as (3, 5), the least and most characters of a "
            f"piece, from 1 to {LONGEST_RUN}, got {given!r}"
        )
    return pieces[0], pieces[1]
