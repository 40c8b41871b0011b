"""What a line of words becomes: rows of a matrix, for words, their parts, and their sequences.

An n-gram's row is decided by a hash modulo a number of buckets. Only rows that occur are kept, and
numbered as they do: ``known`` tells for each bucket its number among those kept, plus one, and 0
where it has none; ``kept`` lists the buckets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.engine.kernels.tokens import FNV_PRIME, FNV_START, word_at
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.scalars import (
    Variable,
    choose,
    load_byte,
    loop_while,
    signed,
    store_byte,
)
from chainrule.engine.language.values import Condition, Integer, least

LINE = 40
"""Bytes of a line's record: its first feature (8), its first label (8), how many features of words
and of word n-grams are listed, how many labels and tokens it has (4 each), and how many rows its
features are (8), where a model asks."""
WORDS, NGRAMS, LABELS, TOKENS = range(16, 32, 4)
SIZE = 32
SEQUENCE = 116049371
"""A word n-gram's hash is that of the words before it times this, plus the last word's."""
DROPPED = -1
"""The row of a word that has none."""
LABEL = -2
"""Label i stands where a word's row does as LABEL − i."""
NO_LABEL = -(2**31)
"""A label that does not count."""

LINES = fields(
    "tokens count line_end rows hashes length bucket words known kept state features labels "
    "lines scratch"
)
CHARACTERS = fields(
    "words store count rows line_end shortest longest bucket row_count known kept state starts "
    "features letters"
)


@dataclass
class Buckets:
    """Where a bucket's row is, among those that occur."""

    k: KernelBuilder
    used: Variable[Integer]

    def find(self, first: Integer, last: Integer, words: Integer) -> None:
        """Put rows, which follow those of the words, where buckets have been listed."""
        k = self.k
        with k.loop(first, last) as i:
            at = k.argument("features") + i * 4
            k.store_short(self.row_of(k.load_short(at)) + words, at)

    def row_of(self, bucket: Integer) -> Integer:
        """Return the number of a bucket's row; one met for the first time gets the next one."""
        k = self.k
        at = k.argument("known") + bucket * 4
        number = k.load_short(at)
        fresh = number.equals(0).as_integer()
        used = self.used.get() + fresh
        self.used.set(used)
        number = number + fresh * used
        k.store_short(number, at)
        k.store_short(bucket, k.argument("kept") + (number - 1) * 4)
        return number - 1


@kernel(*LINES)
def lines(k: KernelBuilder) -> None:
    """Write for each line its features and labels, from the numbers of its tokens' words.

    A word's feature is what ``rows`` says of it, or with n-grams of characters (``length`` below
    0) −1 − i for word i; those of its n-grams of up to |length| words follow.
    """
    state = k.argument("state")
    buckets = Buckets(k, Variable(k, k.load_integer(state)))
    words, longest = k.argument("words"), k.argument("length")
    by_parts = longest < 0
    most = choose(by_parts, 0 - longest, longest)
    feature, label = (Variable(k, k.integer(0)) for _ in range(2))
    place, number = (Variable(k, k.integer(0)) for _ in range(2))
    count = k.argument("count")
    with loop_while(k, lambda: place.get() < count):
        record = k.argument("lines") + number.get() * LINE
        first_feature, first_label, first = feature.get(), label.get(), place.get()
        k.store_integer(first_feature, record)
        k.store_integer(first_label, record + 8)
        spoken, going = (Variable(k, k.integer(start)) for start in (0, 1))
        with loop_while(k, lambda: going.get() > 0):
            token = k.load_short(k.argument("tokens") + place.get() * 4)
            row = signed(k.load_short(k.argument("rows") + token * 4))
            with k.when(row >= DROPPED):
                hashed = k.load_short(k.argument("hashes") + token * 4)
                k.store_short(hashed, k.argument("scratch") + spoken.get() * 4)
                spoken.add(1)
                k.store_short(choose(by_parts, -1 - token, row), _feature(k, feature))
                feature.add(((row >= 0) | by_parts).as_integer())
            with k.when((row < DROPPED) & (row > NO_LABEL)):
                k.store_short(LABEL - row, k.argument("labels") + label.get() * 4)
                label.add(1)
            place.add(1)
            at_end = (~(place.get() < count)) | token.equals(k.argument("line_end"))
            going.set((~at_end).as_integer())
        k.store_short(feature.get() - first_feature, record + WORDS)
        before = feature.get()
        sequences(k, spoken.get(), most, feature)
        buckets.find(before, feature.get(), words)
        k.store_short(feature.get() - before, record + NGRAMS)
        k.store_short(label.get() - first_label, record + LABELS)
        k.store_short(place.get() - first, record + TOKENS)
        number.add(1)
    for i, value in enumerate((buckets.used, feature, label, number)):
        k.store_integer(value.get(), state + 8 * i)


def _feature(k: KernelBuilder, feature: Variable[Integer]) -> Integer:
    return k.argument("features") + feature.get() * 4


def sequences(
    k: KernelBuilder, count: Integer, longest: Integer, feature: Variable[Integer]
) -> None:
    """List the buckets of all sequences of two words and more, and ask for what is known of them.

    The words' hashes stand in scratch; the sequences that start at one follow each other.
    """

    def hashed(place: Integer) -> Integer:
        return signed(k.load_short(k.argument("scratch") + place * 4))

    with (
        k.loop(0, count) as start,
        k.loop(start + 1, least(start + longest, count), carry=[hashed(start)]) as turn,
    ):
        value = turn.carried[0] * SEQUENCE + hashed(turn.index)
        bucket = value % k.argument("bucket")
        k.prefetch(k.argument("known") + bucket * 4)
        k.store_short(bucket, _feature(k, feature))
        feature.add(1)
        turn.following = [value]


@kernel(*CHARACTERS)
def characters(k: KernelBuilder) -> None:
    """Write for each word its row, if it has one, and those of its n-grams of characters.

    Labels have none, and the word that ends a line only its row.
    """
    state = k.argument("state")
    buckets = Buckets(k, Variable(k, k.load_integer(state)))
    feature = Variable(k, k.integer(0))
    row_count = k.argument("row_count")
    with k.loop(0, k.argument("count")) as number:
        k.store_integer(feature.get(), k.argument("starts") + number * 8)
        row = signed(k.load_short(k.argument("rows") + number * 4))
        with k.when(row >= 0):
            k.store_short(row, _feature(k, feature))
            feature.add(1)
        ends_line = number.equals(k.argument("line_end"))
        with k.when((row >= DROPPED) & ~ends_line):
            first = feature.get()

            def found(hashed: Integer) -> None:
                bucket = hashed % k.argument("bucket")
                k.prefetch(k.argument("known") + bucket * 4)
                k.store_short(bucket, _feature(k, feature))
                feature.add(1)

            parts(k, *word_at(k, number), found)
            buckets.find(first, feature.get(), row_count)
    k.store_integer(feature.get(), k.argument("starts") + k.argument("count") * 8)
    k.store_integer(buckets.used.get(), state)
    k.store_integer(feature.get(), state + 8)


def parts(
    k: KernelBuilder, at: Integer, length: Integer, found: Callable[[Integer], None]
) -> None:
    """Hand over the hash of each n-gram of the characters of a word between < and >."""
    letters, size = k.argument("letters"), length + 2
    store_byte(k, k.integer(ord("<")), letters)
    with k.loop(0, length) as i:
        store_byte(k, load_byte(k, at + i), letters + i + 1)
    store_byte(k, k.integer(ord(">")), letters + length + 1)
    store_byte(k, k.integer(0), letters + size)  # which goes on with nothing
    longest, shortest = k.argument("longest"), k.argument("shortest")

    def follows(place: Integer) -> Condition:
        """Whether a byte goes on with the character of the one before."""
        return (load_byte(k, letters + place) & 0xC0).equals(0x80)

    with k.loop(0, size) as begin, k.when(~follows(begin)):
        place, hashed = Variable(k, begin), Variable(k, k.integer(FNV_START))
        taken = Variable(k, k.integer(0))

        def take() -> None:
            byte = (load_byte(k, letters + place.get()) ^ 128) - 128
            hashed.set(((hashed.get() ^ byte) * FNV_PRIME) & 0xFFFFFFFF)
            place.add(1)

        with loop_while(k, lambda: (place.get() < size) & (taken.get() < longest)):
            take()
            with loop_while(k, lambda: follows(place.get())):
                take()
            taken.add(1)
            edge = begin.equals(0) | place.get().equals(size)
            alone = taken.get().equals(1) & edge
            with k.when((taken.get() >= shortest) & ~alone):
                found(hashed.get())
