"""Items put in order as libstdc++ does it, where equal ones come as its steps leave them.

An item has 16 bytes: a key with a sign, by which it is compared, and what it stands for. The order
is that of std::sort, quicksort by the median of three until 16 are left, heapsort where that takes
too many turns, insertion at the end; and that of std::push_heap, pop_heap and sort_heap. None of
them is stable, so that to have the same order among equal keys is to take the same steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.scalars import Variable, choose, either, loop_while
from chainrule.engine.language.values import Condition, Integer

ITEM = 16
FEW = 16
"""Items that quicksort leaves to insertion."""
FRAME = 24
"""Bytes of a part that is left for later: its first item, the one behind its last, turns left."""

SORT = fields("items count turns stack")


@dataclass(frozen=True)
class Item:
    """A key, and what it stands for."""

    key: Integer
    of: Integer

    @classmethod
    def load(cls, k: KernelBuilder, at: Integer) -> Item:
        """Return the item at an address."""
        return cls(k.load_integer(at), k.load_integer(at + 8))

    def store(self, k: KernelBuilder, at: Integer) -> None:
        """Put it at an address."""
        k.store_integer(self.key, at)
        k.store_integer(self.of, at + 8)


def _move(k: KernelBuilder, source: Integer, to: Integer) -> None:
    Item.load(k, source).store(k, to)


def _swap(k: KernelBuilder, left: Integer, right: Integer) -> None:
    first, second = Item.load(k, left), Item.load(k, right)
    first.store(k, right)
    second.store(k, left)


@kernel(*SORT)
def sort(k: KernelBuilder) -> None:
    """Sort by rising keys; ``turns`` is how often a part is divided before heapsort takes it."""
    items, stack = k.argument("items"), k.argument("stack")
    end = items + k.argument("count") * ITEM
    first, last, turns, top = (
        Variable(k, value) for value in (items, end, k.argument("turns"), stack)
    )

    def left_for_later() -> Condition:
        return (stack < top.get()) | (first.get() + FEW * ITEM < last.get())

    with loop_while(k, left_for_later):
        many = first.get() + FEW * ITEM < last.get()
        with either(k, many & (turns.get() > 0)) as (divide, take_next):
            with divide:
                turns.add(-1)
                cut = _divide(k, first.get(), last.get())
                for place, value in enumerate((cut, last.get(), turns.get())):
                    k.store_integer(value, top.get() + 8 * place)
                top.add(FRAME)
                last.set(cut)
            with take_next:
                with k.when(many):
                    _heap_sort(k, first.get(), last.get())
                    last.set(first.get())
                with k.when(stack < top.get()):
                    top.add(-FRAME)
                    for place, variable in enumerate((first, last, turns)):
                        variable.set(k.load_integer(top.get() + 8 * place))
    _insert_all(k, items, end)


def _divide(k: KernelBuilder, first: Integer, last: Integer) -> Integer:
    """Part the items by their pivot, which comes first; return where the larger ones begin."""
    middle = first + (((last - first) >> 5) << 4)
    _median_to_first(k, first, first + ITEM, middle, last - ITEM)
    pivot = k.load_integer(first)
    left, right = Variable(k, first + ITEM), Variable(k, last)
    going = Variable(k, k.integer(1))
    with loop_while(k, lambda: going.get() > 0):
        with loop_while(k, lambda: k.load_integer(left.get()) < pivot):
            left.add(ITEM)
        right.add(-ITEM)
        with loop_while(k, lambda: pivot < k.load_integer(right.get())):
            right.add(-ITEM)
        with either(k, left.get() < right.get()) as (apart, met):
            with apart:
                _swap(k, left.get(), right.get())
                left.add(ITEM)
            with met:
                going.set(k.integer(0))
    return left.get()


def _median_to_first(k: KernelBuilder, first: Integer, *three: Integer) -> None:
    a, b, c = three
    x, y, z = (k.load_integer(at) for at in three)
    upper = choose(y < z, b, choose(x < z, c, a))
    lower = choose(x < z, a, choose(y < z, c, b))
    _swap(k, first, choose(x < y, upper, lower))


def _insert_all(k: KernelBuilder, first: Integer, last: Integer) -> None:
    """Insert each item among those before it; none goes further than the first few allow."""
    bound = first + FEW * ITEM
    with k.loop(first + ITEM, last, ITEM) as at:
        item = Item.load(k, at)
        hole = Variable(k, at)
        guarded = (at < bound) & (item.key < k.load_integer(first))
        with either(k, guarded) as (lowest, other):
            with lowest, loop_while(k, lambda: first < hole.get()):
                _move(k, hole.get() - ITEM, hole.get())
                hole.add(-ITEM)
            with other, loop_while(k, lambda: item.key < k.load_integer(hole.get() - ITEM)):
                _move(k, hole.get() - ITEM, hole.get())
                hole.add(-ITEM)
        item.store(k, hole.get())


def _heap_sort(k: KernelBuilder, first: Integer, last: Integer) -> None:
    count = (last - first) >> 4
    with k.loop(0, count >> 1) as back:
        parent = (count >> 1) - 1 - back
        _sift(k, first, parent, count, Item.load(k, first + parent * ITEM))
    sort_heap(k, first, count)


def sort_heap(k: KernelBuilder, first: Integer, count: Integer) -> None:
    """Sort a heap, by rising keys."""
    with k.loop(0, count - 1) as out:
        pop_heap(k, first, count - out)


def push_heap(k: KernelBuilder, first: Integer, count: Integer) -> None:
    """Put the last of some items where it belongs in the heap of the others."""
    last = count - 1
    _rise(k, first, last, k.integer(0), Item.load(k, first + last * ITEM))


def pop_heap(k: KernelBuilder, first: Integer, count: Integer) -> None:
    """Move the largest item of a heap to its end, and make a heap of the others."""
    with k.when(count > 1):
        end = first + (count - 1) * ITEM
        item = Item.load(k, end)
        _move(k, first, end)
        _sift(k, first, k.integer(0), count - 1, item)


def _sift(
    k: KernelBuilder, first: Integer, top: Integer, count: Integer, item: Item
) -> None:
    """Let the hole at ``top`` sink to the bottom, and the item rise from there."""
    hole, child = Variable(k, top), Variable(k, top)

    def at(place: Integer) -> Integer:
        return first + place * ITEM

    with loop_while(k, lambda: child.get() < (count - 1) >> 1):
        right = (child.get() + 1) * 2
        smaller = k.load_integer(at(right)) < k.load_integer(at(right - 1))
        child.set(right - smaller.as_integer())
        _move(k, at(child.get()), at(hole.get()))
        hole.set(child.get())
    half = (count - 2) >> 1
    with k.when((count & 1).equals(0) & child.get().equals(half)):
        left = child.get() * 2 + 1
        _move(k, at(left), at(hole.get()))
        hole.set(left)
    _rise(k, first, hole.get(), top, item)


def _rise(k: KernelBuilder, first: Integer, start: Integer, top: Integer, item: Item) -> None:
    hole, going = Variable(k, start), Variable(k, k.integer(1))
    _while_larger(k, hole, going, top, lambda place: first + place * ITEM, item)
    item.store(k, first + hole.get() * ITEM)


def _while_larger(
    k: KernelBuilder,
    hole: Variable[Integer],
    going: Variable[Integer],
    top: Integer,
    at: Callable[[Integer], Integer],
    item: Item,
) -> None:
    """Move parents with smaller keys down, from the hole up to the top."""
    with loop_while(k, lambda: (going.get() > 0) & (top < hole.get())):
        parent = (hole.get() - 1) >> 1
        with either(k, k.load_integer(at(parent)) < item.key) as (smaller, stays):
            with smaller:
                _move(k, at(parent), at(hole.get()))
                hole.set(parent)
            with stays:
                going.set(k.integer(0))
