"""Texts to numbers of words: tokens found 64 bytes at a time, and looked up in a table that grows.

A text is split at separators, the bytes of some ranges; a line feed may be a token of its own,
which stands for a word that ends a line. A buffer ends with separators, so that no word reaches
beyond it, and 8 bytes can be read from any byte on.

A word's record has 32 bytes: where its bytes are in the store of all words, 40 bits of it, and its
length; how often it was met; its first 8 bytes, and the next 8, zeros where it has fewer. A slot of
the table has 8: the lower half is the tag, the upper one the word's number plus one, and 0 means
that it is free. A word's slot is the first free one from that of its tag on.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.scalars import (
    BYTES,
    Block,
    Variable,
    choose,
    count_ones,
    either,
    load_byte,
    load_word,
    loop_while,
    store_word,
    trailing_zeros,
)
from chainrule.engine.language.values import Condition, Integer, least

RECORD = 32
"""Bytes of a word's record."""
KEPT = 64
"""Bytes of a token in scratch."""
GROUP = 32
"""Tokens whose slots are asked for before the first of them is looked up."""
POSITIONS = 4
"""Places that are written at once: arrays of them have so many more at their end."""
PLACE = 40
"""Bits of a record that say where a word's bytes are; those above have its length."""
LONGEST = 2**24 - 1
KNOWN = 16
"""Bytes of a word that its record has."""
FIRST, SECOND = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
FNV_START, FNV_PRIME = 2166136261, 16777619

SPLIT = fields("text blocks ranges range_count line_feed starts ends counts")
LOOK_UP = fields(
    "text starts ends count line_feed line_end line_end_length table mask words store state "
    "limit numbers"
)
REHASH = fields("table mask before slots")
HASHES = fields("words store count hashes")


@kernel(*SPLIT)
def split(k: KernelBuilder) -> None:
    """Find where tokens start, and where they end; write how many starts and ends there are.

    A line feed is a token of one byte, unless ``line_feed`` is beyond 255. A token that reaches
    the end of the last block has a start and no end.
    """
    text, line_feed = k.argument("text"), k.argument("line_feed")
    is_token = (line_feed < 256).as_integer()
    starts, ends = (Variable(k, k.argument(name)) for name in ("starts", "ends"))
    inside, after_feed = (Variable(k, k.integer(0)) for _ in range(2))
    with k.loop(0, k.argument("blocks")) as number:
        block = Block(k, text + number * BYTES)
        with k.loop(0, k.argument("range_count"), carry=[k.integer(0)]) as turn:
            at = k.argument("ranges") + turn.index * 16
            within = block.between(k.load_integer(at), k.load_integer(at + 8))
            turn.following = [turn.carried[0] | within]
        separator = turn.carried[0]
        word = separator ^ -1
        feeds = block.equal(line_feed) & (is_token * -1)
        behind = (word << 1) | inside.get()
        beginning = (word & (behind ^ -1)) | feeds
        ending = (separator & behind) | (feeds << 1) | after_feed.get()
        inside.set(word >> (BYTES - 1))
        after_feed.set(feeds >> (BYTES - 1))
        for bits, at in ((beginning, starts), (ending, ends)):
            _write_places(k, bits, number * BYTES, at)
    for place, (at, name) in enumerate(((starts, "starts"), (ends, "ends"))):
        k.store_integer((at.get() - k.argument(name)) >> 2, k.argument("counts") + 8 * place)


def _write_places(k: KernelBuilder, bits: Integer, base: Integer, at: Variable[Integer]) -> None:
    """Write the places of the bits that are 1, as numbers of 32 bits."""
    count = count_ones(bits)
    first = at.get()
    with k.loop(0, count, POSITIONS, carry=[bits]) as turn:
        left = turn.carried[0]
        for place in range(POSITIONS):
            k.store_short(base + trailing_zeros(left), first + (turn.index + place) * 4)
            left = left & (left - 1)
        turn.following = [left]
    at.set(first + count * 4)


@dataclass(frozen=True)
class Token:
    """A token's bytes, and what it is looked up by."""

    at: Integer
    length: Integer
    first: Integer
    second: Integer
    tag: Integer

    @classmethod
    def load(cls, k: KernelBuilder, place: Integer) -> Token:
        """Return a token kept in scratch."""
        return cls(*(k.load_integer(place + 8 * i) for i in range(5)))

    def store(self, k: KernelBuilder, place: Integer) -> None:
        """Keep it in scratch."""
        for i, value in enumerate((self.at, self.length, self.first, self.second, self.tag)):
            k.store_integer(value, place + 8 * i)

    @property
    def is_long(self) -> Condition:
        """Whether it has more bytes than a record."""
        return self.length > KNOWN


def token(k: KernelBuilder, at: Integer, length: Integer) -> Token:
    """Return the token of so many bytes, one and more, at an address."""
    ones = k.integer(-1)
    first = load_word(k, at) & (ones >> ((8 - least(length, 8)) * 8))
    behind = least(length, KNOWN) - 8
    some = (behind > 0).as_integer()
    second = load_word(k, at + 8 * some) & ((ones >> ((8 - behind * some) & 7) * 8) * some)
    mixed = Variable(k, _mixed(first ^ FIRST, second ^ (length + SECOND)))
    with k.when(length > KNOWN):
        with k.loop(KNOWN, length - 8, 8) as place:
            mixed.set(_mixed(mixed.get() ^ load_word(k, at + place), k.integer(FIRST)))
        mixed.set(_mixed(mixed.get() ^ load_word(k, at + length - 8), k.integer(SECOND)))
    return Token(at, length, first, second, mixed.get() & 0xFFFFFFFF)


def _mixed(left: Integer, right: Integer) -> Integer:
    """Return both halves of a product, one upon the other."""
    upper, lower = left.multiply_wide(right)
    return lower ^ upper


def word_at(k: KernelBuilder, number: Integer) -> tuple[Integer, Integer]:
    """Return where a word's bytes are, and how many there are."""
    place = k.load_integer(k.argument("words") + number * RECORD)
    return k.argument("store") + (place & (2**PLACE - 1)), place >> PLACE


@kernel(*LOOK_UP)
def look_up(k: KernelBuilder, *, learn: bool) -> None:
    """Write the numbers of tokens' words; those that are not known are learnt, or have -1.

    ``state`` has how many words there are, how many bytes the store has, and, when it ends, how
    many tokens have been looked up: all, or those until there were ``limit`` words.
    """
    state = k.argument("state")
    table = Table(k, learn=learn)
    scratch, done = k.allocate(GROUP * KEPT // BYTES), Variable(k, k.integer(0))
    count = k.argument("count")

    def goes_on() -> object:
        going = done.get() < count
        return going & (table.size.get() < k.argument("limit")) if learn else going

    with loop_while(k, goes_on):  # type: ignore[arg-type]
        first = done.get()
        group = least(count - first, GROUP)
        with k.loop(0, group) as i:
            found = _token_of(k, first + i)
            found.store(k, scratch + i * KEPT)
            k.prefetch(table.slot(found.tag))
        with k.loop(0, group) as i:
            tag = k.load_integer(scratch + i * KEPT + 32)
            number = k.load_integer(table.slot(tag)) >> 32
            k.prefetch(table.record(number - 1))
        with k.loop(0, group) as i:
            known = table.number_of(Token.load(k, scratch + i * KEPT))
            k.store_short(known, k.argument("numbers") + (first + i) * 4)
        done.set(first + group)
    for place, value in enumerate((table.size, table.used, done)):
        k.store_integer(value.get(), state + 8 * place)


def _token_of(k: KernelBuilder, number: Integer) -> Token:
    """Return a token of the text; a line feed is the word that ends a line."""
    start = k.load_short(k.argument("starts") + number * 4)
    length = k.load_short(k.argument("ends") + number * 4) - start
    at = k.argument("text") + start
    feed = load_byte(k, at).equals(k.argument("line_feed"))
    at = choose(feed, k.argument("line_end"), at)
    return token(k, at, choose(feed, k.argument("line_end_length"), length))


class Table:
    """The words known so far: the code that finds one, and adds it."""

    def __init__(self, k: KernelBuilder, *, learn: bool) -> None:
        self.k, self.learn = k, learn
        self.size = Variable(k, k.load_integer(k.argument("state")))
        self.used = Variable(k, k.load_integer(k.argument("state") + 8))

    def slot(self, tag: Integer) -> Integer:
        """Return where the slot of a tag, or of any number, is."""
        return self.k.argument("table") + (tag & self.k.argument("mask")) * 8

    def record(self, number: Integer) -> Integer:
        """Return where a word's record is."""
        return self.k.argument("words") + number * RECORD

    def number_of(self, found: Token) -> Integer:
        """Return the number of a token's word; one that is not known is learnt, or has -1."""
        k = self.k
        place, number = Variable(k, found.tag), Variable(k, k.integer(-2))
        with loop_while(k, lambda: number.get().equals(-2)):
            held = k.load_integer(self.slot(place.get()))
            with either(k, held.equals(0)) as (free, taken):
                with free:
                    number.set(self._added(found, place.get()) if self.learn else k.integer(-1))
                with taken, k.when((held & 0xFFFFFFFF).equals(found.tag)):
                    self._compare(found, (held >> 32) - 1, number)
            place.add(1)
        known = number.get()
        if self.learn:
            count = self.record(known) + 8
            k.store_integer(k.load_integer(count) + 1, count)
        return known

    def _compare(self, found: Token, candidate: Integer, number: Variable[Integer]) -> None:
        """Set the number if the candidate is the token's word."""
        k, record = self.k, self.record(candidate)
        place = k.load_integer(record)
        different = Variable(k, (place >> PLACE) ^ found.length)
        for at, part in ((16, found.first), (24, found.second)):
            different.set(different.get() | (k.load_integer(record + at) ^ part))
        with k.when(found.is_long & different.get().equals(0)):
            at = k.argument("store") + (place & (2**PLACE - 1))

            def compare(byte: Integer) -> None:
                pair = load_word(k, at + byte) ^ load_word(k, found.at + byte)
                different.set(different.get() | pair)

            with k.loop(KNOWN, found.length - 8, 8) as byte:
                compare(byte)
            compare(found.length - 8)
        with k.when(different.get().equals(0)):
            number.set(candidate)

    def _added(self, found: Token, place: Integer) -> Integer:
        """Add a word, met no time yet, in a free slot; return its number."""
        k, number, offset = self.k, self.size.get(), self.used.get()
        record = self.record(number)
        values = (offset | (found.length << PLACE), k.integer(0), found.first, found.second)
        for i, value in enumerate(values):
            k.store_integer(value, record + 8 * i)
        to = k.argument("store") + offset
        with k.loop(0, found.length, 8) as byte:
            store_word(k, load_word(k, found.at + byte), to + byte)
        k.store_integer(found.tag | ((number + 1) << 32), self.slot(place))
        self.size.set(number + 1)
        self.used.set(offset + found.length)
        return number


@kernel(*REHASH)
def rehash(k: KernelBuilder) -> None:
    """Put what a table has into one that is empty."""
    table, mask = k.argument("table"), k.argument("mask")
    with k.loop(0, k.argument("slots")) as number:
        held = k.load_integer(k.argument("before") + number * 8)
        with k.when(~held.equals(0)):
            place = Variable(k, held)

            def slot() -> Integer:
                return table + (place.get() & mask) * 8

            with loop_while(k, lambda: ~k.load_integer(slot()).equals(0)):
                place.add(1)
            k.store_integer(held, slot())


def fnv(k: KernelBuilder, at: Integer, length: Integer, start: Integer) -> Integer:
    """Return the FNV-1a hash, of 32 bits, of bytes that count as numbers with a sign."""
    with k.loop(0, length, carry=[start]) as turn:
        byte = (load_byte(k, at + turn.index) ^ 128) - 128
        turn.following = [((turn.carried[0] ^ byte) * FNV_PRIME) & 0xFFFFFFFF]
    hashed: Integer = turn.carried[0]
    return hashed


@kernel(*HASHES)
def hashes(k: KernelBuilder) -> None:
    """Write the FNV-1a hash of each word."""
    with k.loop(0, k.argument("count")) as number:
        hashed = fnv(k, *word_at(k, number), k.integer(FNV_START))
        k.store_short(hashed, k.argument("hashes") + number * 4)
