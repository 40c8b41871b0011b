"""Features of lines that a model is asked about: words and n-grams as rows of its matrix.

An n-gram's row follows from its bucket by one of three ways. ``all``: each bucket has a row, after
those of the words. ``kept``: those that training has met have one, which ``known`` says, plus one;
the others are as they were drawn, and get a row of their own behind all, in the order in which they
come. ``pruned``: those that have none, a 0 in ``known``, give no feature.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.engine.kernels import ngrams
from chainrule.engine.kernels.tokens import FNV_START, fnv, word_at
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.scalars import (
    Variable,
    choose,
    either,
    load_byte,
    loop_while,
    signed,
)
from chainrule.engine.language.values import Integer, least

FEATURES = fields(
    "tokens count text starts ends line_end rows hashes prefix prefix_length word_ngrams shortest "
    "longest bucket row_count word_rows part_starts parts known missing state features labels "
    "lines scratch letters"
)
PARTS = fields(
    "words store count rows shortest longest bucket row_count word_rows part_starts known "
    "missing state features letters"
)


AHEAD = 16
"""Tokens: so many further on are words whose parts are asked for; the array has room for them."""


@dataclass
class Rows:
    """The list of features under construction, and the code that finds an n-gram's row.

    ``more`` is how many rows a line has beyond one for each feature.
    """

    k: KernelBuilder
    buckets: str
    feature: Variable[Integer]
    missing: Variable[Integer]
    more: Variable[Integer]

    def add(self, feature: Integer) -> None:
        """Add a row, or a word whose rows are listed."""
        k = self.k
        k.store_short(feature, k.argument("features") + self.feature.get() * 4)
        self.feature.add(1)

    def ask_for(self, hashed: Integer) -> None:
        """List the bucket of an n-gram, whose row is found later, and ask for what is known."""
        k, bucket = self.k, hashed % self.k.argument("bucket")
        k.prefetch(k.argument("known") + bucket * 4)
        self.add(bucket)

    def find(self, first: Integer) -> None:
        """Put rows where buckets have been listed, from the first of them on."""
        k, behind = self.k, self.feature.get()
        self.feature.set(first)
        with k.loop(first, behind) as i:
            self.add_bucket(k.load_short(k.argument("features") + i * 4))

    def add_bucket(self, bucket: Integer) -> None:
        """Add the row of a bucket, if it has one; no branch, as whether it has is a guess."""
        k, words = self.k, self.k.argument("word_rows")
        if self.buckets == "all":
            self.add(bucket + words)
            return
        place = k.load_short(k.argument("known") + bucket * 4)
        has_none = place.equals(0)
        row = place - 1 + words
        if self.buckets == "kept":
            count = self.missing.get()
            k.store_integer(bucket + words, k.argument("missing") + count * 8)
            self.missing.set(count + has_none.as_integer())
            self.add(choose(has_none, k.argument("row_count") + count, row))
        else:
            self.add(row)
            self.feature.add(0 - has_none.as_integer())


@kernel(*FEATURES)
def features(k: KernelBuilder, *, buckets: str, characters: bool, word_ngrams: bool) -> None:
    """Write for each line its features and its labels, from its tokens' numbers.

    A feature is a row; or, with n-grams of characters, −1 − i for all rows of word i. ``state``
    has, at the end, how many features, labels, lines and missing rows there are.
    """
    feature, missing, more = (Variable(k, k.integer(0)) for _ in range(3))
    label, place, number = (Variable(k, k.integer(0)) for _ in range(3))
    rows, count = Rows(k, buckets, feature, missing, more), k.argument("count")
    with loop_while(k, lambda: place.get() < count):
        record = k.argument("lines") + number.get() * ngrams.LINE
        first_feature, first_label, first = feature.get(), label.get(), place.get()
        k.store_integer(first_feature, record)
        k.store_integer(first_label, record + 8)
        spoken, going = (Variable(k, k.integer(start)) for start in (0, 1))
        with loop_while(k, lambda: going.get() > 0):
            token = signed(k.load_short(k.argument("tokens") + place.get() * 4))
            if characters:
                later = signed(k.load_short(k.argument("tokens") + (place.get() + AHEAD) * 4))
                k.prefetch(k.argument("part_starts") + later * 8)
            with either(k, token < 0) as (unknown, known):
                with unknown:
                    _unknown(k, place.get(), rows, spoken, characters, word_ngrams)
                with known:
                    row = signed(k.load_short(k.argument("rows") + token * 4))
                    with either(k, row >= ngrams.DROPPED) as (word, name):
                        with word:
                            _known(k, token, row, rows, spoken, characters, word_ngrams)
                        with name:
                            k.store_short(
                                ngrams.LABEL - row, k.argument("labels") + label.get() * 4
                            )
                            label.add(1)
            place.add(1)
            at_end = (~(place.get() < count)) | token.equals(k.argument("line_end"))
            going.set((~at_end).as_integer())
        k.store_short(feature.get() - first_feature, record + ngrams.WORDS)
        before = feature.get()
        if word_ngrams:
            ngrams.sequences(k, spoken.get(), k.argument("word_ngrams"), feature)
            rows.find(before)
        k.store_short(feature.get() - before, record + ngrams.NGRAMS)
        size = feature.get() - first_feature + rows.more.get()
        k.store_integer(size, record + ngrams.SIZE)
        rows.more.set(k.integer(0))
        k.store_short(label.get() - first_label, record + ngrams.LABELS)
        k.store_short(place.get() - first, record + ngrams.TOKENS)
        number.add(1)
    for i, value in enumerate((feature, label, number, missing)):
        k.store_integer(value.get(), k.argument("state") + 8 * i)


def _say(k: KernelBuilder, hashed: Integer, spoken: Variable[Integer]) -> None:
    k.store_short(hashed, k.argument("scratch") + spoken.get() * 4)
    spoken.add(1)


def _known(
    k: KernelBuilder,
    token: Integer,
    row: Integer,
    rows: Rows,
    spoken: Variable[Integer],
    characters: bool,
    word_ngrams: bool,
) -> None:
    """Add what a known word gives: its row, if it has one, or those listed for it and its parts."""
    if word_ngrams:
        _say(k, k.load_short(k.argument("hashes") + token * 4), spoken)
    if not characters:
        with k.when(row >= 0):
            rows.add(row)
        return
    at = k.argument("part_starts") + token * 8
    rows.add(-1 - token)
    rows.more.add(k.load_integer(at + 8) - k.load_integer(at) - 1)


def _unknown(
    k: KernelBuilder,
    place: Integer,
    rows: Rows,
    spoken: Variable[Integer],
    characters: bool,
    word_ngrams: bool,
) -> None:
    """Add what a word gives that the dictionary has not, unless it is a label."""
    start = k.load_short(k.argument("starts") + place * 4)
    length = k.load_short(k.argument("ends") + place * 4) - start
    at, prefix = k.argument("text") + start, k.argument("prefix_length")
    same = Variable(k, least(length, prefix).equals(prefix).as_integer())
    with k.loop(0, prefix * same.get()) as i:
        equal = load_byte(k, at + i).equals(load_byte(k, k.argument("prefix") + i))
        same.set(same.get() & equal.as_integer())
    with k.when(same.get().equals(0)):
        if word_ngrams:
            _say(k, fnv(k, at, length, k.integer(FNV_START)), spoken)
        if characters:
            first = rows.feature.get()
            ngrams.parts(k, at, length, rows.ask_for)
            rows.find(first)


@kernel(*PARTS)
def word_parts(k: KernelBuilder, *, buckets: str) -> None:
    """List for each word of a dictionary its row, then those of its n-grams of characters.

    Labels have none, nor has a line's end that the dictionary does not have. ``state`` has, at the
    end, how many are listed, and how many of them are missing; at first, the word that ends a line.
    """
    feature, missing, more = (Variable(k, k.integer(0)) for _ in range(3))
    rows, line_end = Rows(k, buckets, feature, missing, more), k.load_integer(k.argument("state"))
    with k.loop(0, k.argument("count")) as number:
        k.store_integer(feature.get(), k.argument("part_starts") + number * 8)
        row = signed(k.load_short(k.argument("rows") + number * 4))
        with k.when(row >= 0):
            rows.add(row)
            with k.when(~number.equals(line_end)):
                first = rows.feature.get()
                ngrams.parts(k, *word_at(k, number), rows.ask_for)
                rows.find(first)
    k.store_integer(feature.get(), k.argument("part_starts") + k.argument("count") * 8)
    for i, value in enumerate((feature, missing)):
        k.store_integer(value.get(), k.argument("state") + 8 * i)
