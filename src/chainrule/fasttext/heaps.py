"""The C++ standard library's heap and sort, step by step: equal items keep the order they leave.

``less(a, b)`` is a strict order; the greatest item is a heap's first. Where items are equal, which
one comes first depends on the steps, so these are the steps of libstdc++: a heap's hole sinks to
the bottom before it rises again, and a sort is quicksort by the median of three down to 16 items,
then insertion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

__all__ = ["pop_heap", "push_heap", "sort_heap", "unstable_order"]

Less: TypeAlias = Callable[[Any, Any], bool]

FEW = 16
"""Items that quicksort leaves to insertion."""


def push_heap(heap: list[Any], less: Less) -> None:
    """Make a heap of a heap and one item after it."""
    _rise(heap, len(heap) - 1, 0, heap[-1], less)


def pop_heap(heap: list[Any], less: Less) -> None:
    """Move the greatest item to the end; what is before it is a heap."""
    _pop(heap, len(heap), less)


def sort_heap(heap: list[Any], less: Less) -> None:
    """Sort a heap, the smallest item first."""
    for size in range(len(heap), 1, -1):
        _pop(heap, size, less)


def _pop(heap: list[Any], size: int, less: Less) -> None:
    if size < 2:
        return
    item = heap[size - 1]
    heap[size - 1] = heap[0]
    _sink(heap, 0, size - 1, item, less)


def _rise(heap: list[Any], hole: int, top: int, item: Any, less: Less) -> None:
    """Put an item into the hole, or above it where parents are smaller."""
    parent = (hole - 1) // 2
    while hole > top and less(heap[parent], item):
        heap[hole] = heap[parent]
        hole, parent = parent, (parent - 1) // 2
    heap[hole] = item


def _sink(heap: list[Any], hole: int, size: int, item: Any, less: Less) -> None:
    """Let the hole sink to the bottom along the greater children, then the item rise from it."""
    top, child = hole, hole
    while child < (size - 1) // 2:
        child = 2 * (child + 1)
        if less(heap[child], heap[child - 1]):
            child -= 1
        heap[hole] = heap[child]
        hole = child
    if size % 2 == 0 and child == (size - 2) // 2:
        child = 2 * child + 1
        heap[hole] = heap[child]
        hole = child
    _rise(heap, hole, top, item, less)


def unstable_order(keys: Sequence[Any]) -> list[int]:
    """Return where the items of these keys go, in the order that ``std::sort`` gives them.

    Quicksort decides it; the insertion that ends it is stable.
    """
    order = list(range(len(keys)))
    parts = [(0, len(keys), 2 * (max(len(keys), 1).bit_length() - 1))]
    while parts:
        first, last, depth = parts.pop()
        while last - first > FEW:
            if depth == 0:
                _heap_sort(order, first, last, keys)
                break
            depth -= 1
            cut = _partition(order, first, last, keys)
            parts.append((cut, last, depth))
            last = cut
    order.sort(key=keys.__getitem__)
    return order


def _partition(order: list[int], first: int, last: int, keys: Sequence[Any]) -> int:
    """Move what is below the median of three before what is above it; return where they meet."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    at_a, at_b, at_c = keys[order[a]], keys[order[b]], keys[order[c]]
    if at_a < at_b:
        middle = b if at_b < at_c else c if at_a < at_c else a
    else:
        middle = a if at_a < at_c else c if at_b < at_c else b
    order[first], order[middle] = order[middle], order[first]
    pivot = keys[order[first]]
    low, high = first + 1, last
    while True:
        while keys[order[low]] < pivot:
            low += 1
        high -= 1
        while pivot < keys[order[high]]:
            high -= 1
        if low >= high:
            return low
        order[low], order[high] = order[high], order[low]
        low += 1


def _heap_sort(order: list[int], first: int, last: int, keys: Sequence[Any]) -> None:
    """Sort a part that quicksort does not get smaller."""

    def less(a: int, b: int) -> bool:
        return bool(keys[a] < keys[b])

    part = order[first:last]
    for place in range(len(part) // 2 - 1, -1, -1):
        _sink(part, place, len(part), part[place], less)
    sort_heap(part, less)
    order[first:last] = part
