"""What fastText is told before it trains, and what a model file keeps of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

__all__ = ["LOSSES", "MODELS", "Settings", "float32_of"]

LOSSES = {1: "hs", 2: "ns", 3: "softmax", 4: "ova"}
"""Losses by their number in a file: hierarchical softmax, negative sampling, …, one-vs-all."""

MODELS = {1: "cbow", 2: "skipgram", 3: "supervised"}
"""Kinds of models by their number in a file."""

LARGEST = 2**31 - 1
LEAST = {"dim": 1, "bucket": 0, "wordNgrams": 0, "minn": 0, "maxn": 0}
MOST_NEGATIVES = 2**20
LEAST_IN_TRAINING = {"epoch": 1, "minCount": 0, "minCountLabel": 0, "neg": 0, "lrUpdateRate": 0}


@dataclass(frozen=True)
class Settings:
    """FastText's settings, with its names and the defaults of ``supervised``.

    Parameters
    ----------
    dim : int
        Numbers of a vector.
    ws : int
        Words on each side that count as neighbours; only for word vectors.
    epoch : int
        Passes over the text.
    minCount : int
        Words that are seen less often are dropped.
    neg : int
        Labels drawn as negatives for each step of the loss ``"ns"``.
    wordNgrams : int
        Words of the longest word n-gram; 0 and 1 mean none.
    loss : str
        ``"softmax"``, ``"ova"`` (one-vs-all), ``"hs"`` (hierarchical softmax) or ``"ns"``
        (negative sampling).
    model : str
        ``"supervised"``, ``"cbow"`` or ``"skipgram"``.
    bucket : int
        Rows that all n-grams share.
    minn, maxn : int
        Characters of the shortest and the longest character n-gram; maxn 0 means none.
    lrUpdateRate : int
        Tokens that are read until the learning rate is set anew.
    t : float
        Threshold of sampling; only for word vectors.
    lr : float
        Learning rate. ``float32_of`` reads one as fastText's command line does.
    minCountLabel : int
        Labels that are seen less often are dropped.
    label : str
        What labels begin with. Files do not keep it.
    seed : int
        Of the random numbers.
    """

    dim: int = 100
    ws: int = 5
    epoch: int = 5
    minCount: int = 1  # noqa: N815
    neg: int = 5
    wordNgrams: int = 1  # noqa: N815
    loss: str = "softmax"
    model: str = "supervised"
    bucket: int = 2_000_000
    minn: int = 0
    maxn: int = 0
    lrUpdateRate: int = 100  # noqa: N815
    t: float = 1e-4
    lr: float = 0.1
    minCountLabel: int = 0  # noqa: N815
    label: str = "__label__"
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type == "int":
                least = LEAST.get(field.name, -LARGEST - 1)
                _expect_whole(field.name, getattr(self, field.name), least)
        _expect_one_of("loss", self.loss, LOSSES.values())
        _expect_one_of("model", self.model, MODELS.values())
        for name in ("t", "lr"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise _wrong(name, "a number", value)
            if not math.isfinite(value):
                raise _wrong(name, "a finite number", value)
        if not isinstance(self.label, str):
            raise _wrong("label", "a text, such as '__label__'", self.label)
        try:
            self.prefix  # noqa: B018
        except UnicodeEncodeError:
            raise _wrong("label", "a text of Unicode characters", self.label) from None
        if self.bucket == 0 and self.has_ngrams:
            raise _wrong("bucket", "1 or more, as wordNgrams or maxn ask for n-grams", 0)

    @property
    def has_ngrams(self) -> bool:
        """Whether words or characters are taken together, so that rows are shared."""
        return self.wordNgrams > 1 or self.maxn > 0

    @property
    def prefix(self) -> bytes:
        """What labels begin with, in bytes."""
        return self.label.encode("utf-8", "surrogateescape")

    def for_training(self) -> Settings:
        """Return these settings as fastText trains with them: no bucket where none is used.

        Raises
        ------
        ValueError
            A setting with which training has no sense.
        """
        for name, least in LEAST_IN_TRAINING.items():
            _expect_whole(name, getattr(self, name), least)
        if self.neg > MOST_NEGATIVES:
            raise _wrong("neg", f"at most {MOST_NEGATIVES:,} to train with", self.neg)
        if self.lr < 0:
            raise _wrong("lr", "0 or more", self.lr)
        if self.model != "supervised":
            raise _wrong("model", "'supervised', the one kind that is trained here", self.model)
        return self if self.has_ngrams else replace(self, bucket=0)


def float32_of(text: str | float) -> float:
    """Return a number as fastText's command line reads it: rounded to float32.

    Its Python functions take the number as it is, so that ``lr`` 0.1 gives two models that differ
    in their last digits.
    """
    return float(np.float32(float(text)))


def _wrong(name: str, expected: str, received: object) -> ValueError:
    return ValueError(f"Settings: expected {name} to be {expected}, got {received!r}")


def _expect_whole(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole and least < -LARGEST:  # files may have any, of which there is nothing to say
        raise _wrong(name, "an integer", value)
    if not (whole and least <= value <= LARGEST):
        raise _wrong(name, f"an integer from {least:,} to {LARGEST:,}", value)


def _expect_one_of(name: str, value: Any, names: Any) -> None:
    if value not in names:
        raise _wrong(name, f"one of {sorted(names)}", value)
