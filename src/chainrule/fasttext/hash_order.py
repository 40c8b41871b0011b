"""The order in which libstdc++'s ``unordered_map`` gives its entries back.

fastText's files keep the n-grams of a pruned model in this order. It matters to nobody who reads
them; with it, two files of the same model have the same bytes.

All entries are one list, those of a bucket next to each other; the key modulo the number of
buckets is the bucket. An entry goes to the front of its bucket, or of the whole list if its bucket
is empty. When there are as many entries as buckets, these become about twice as many, and all
entries move, from the front of the list on.
"""

from __future__ import annotations

__all__ = ["order_in_hash_map"]

SIZES = [13, 29, 59, 127, 257, 541, 1109, 2357, 5087, 10273, 20753, 42043, 85229, 172933, 351061]
SIZES += [712697, 1447153, 2938679, 5967347, 12117689, 24607243, 49969847, 101473717, 206062531]

FRONT = -1
"""What comes before the first entry."""


def order_in_hash_map(keys: list[int]) -> list[int]:
    """Return the places of different keys, put in one after the other, as a map gives them back."""
    table = _Table(keys)
    for place in range(len(keys)):
        if place == table.size:
            table.grow()
        table.insert(place)
    return table.order()


class _Table:
    """The list of entries, by their places among the keys, and what comes before each bucket."""

    def __init__(self, keys: list[int]) -> None:
        self.keys = keys
        self.sizes = iter(SIZES)
        self.size = next(self.sizes)
        self.following: dict[int, int] = {}
        self.before: dict[int, int] = {}

    def grow(self) -> None:
        """Take the next number of buckets, and move all entries."""
        entries = self.order()
        self.size = next(self.sizes)
        self.following, self.before = {}, {}
        for place in entries:
            self.insert(place)

    def insert(self, place: int) -> None:
        """Put an entry to the front of its bucket."""
        bucket = self.keys[place] % self.size
        if bucket in self.before:
            self._put(self.before[bucket], place)
            return
        first = self.following.get(FRONT)
        self._put(FRONT, place)
        if first is not None:
            self.before[self.keys[first] % self.size] = place
        self.before[bucket] = FRONT

    def _put(self, before: int, place: int) -> None:
        if before in self.following:
            self.following[place] = self.following[before]
        self.following[before] = place

    def order(self) -> list[int]:
        """Return all entries from the front on."""
        entries, place = [], self.following.get(FRONT)
        while place is not None:
            entries.append(place)
            place = self.following.get(place)
        return entries
