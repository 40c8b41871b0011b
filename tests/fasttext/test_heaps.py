"""The order of equal items: that of the C++ standard library of GCC, from programs run there."""

import hashlib
import random
import string

import pytest

from chainrule.fasttext import heaps
from chainrule.fasttext.heaps import pop_heap, push_heap, sort_heap, unstable_order


@pytest.mark.parametrize(("k", "ids"), [(1, [5]), (2, [5, 4]), (3, [5, 1, 4])])
def test_the_best_of_six_equal_labels(k, ids):
    heap = []
    for number in range(6):
        heap.append((0.5, number))
        push_heap(heap, worse)
        if len(heap) > k:
            pop_heap(heap, worse)
            heap.pop()
    sort_heap(heap, worse)
    assert [number for _, number in heap] == ids


def worse(a, b):
    return a[0] > b[0]


def test_a_heap_sorts():
    numbers = random.Random(1).choices(range(40), k=61)
    heap = []
    for number in numbers:
        heap.append(number)
        push_heap(heap, int.__lt__)
        assert heap[0] == max(heap)
    sort_heap(heap, int.__lt__)
    assert heap == sorted(numbers)


def test_26_equal_items():
    order = unstable_order([0] * 26)
    letters = [string.ascii_lowercase[::-1][place] for place in order]
    assert "".join(letters) == "mabcdefghijklznopqrstuvwxy"


def test_many_equal_items():
    draw = random.Random(5).random
    order = unstable_order([int(draw() * 9) for _ in range(2000)])
    assert hashlib.sha256(repr(order).encode()).hexdigest()[:16] == "394225f8f5ba9e0d"


def test_items_that_quicksort_is_slow_for(monkeypatch):
    parts = []
    sort = heaps._heap_sort
    monkeypatch.setattr(heaps, "_heap_sort", lambda *args: parts.append(sort(*args)))
    keys = [value // 7 for value in slow_keys(3000)]
    parts.clear()
    order = unstable_order(keys)
    assert len(parts) == 3
    assert hashlib.sha256(repr(order).encode()).hexdigest()[:16] == "aa4494d4d5f8ba2f"


def slow_keys(count):
    """Return keys that take as long as can be: each is made up when it is compared.

    Source: M. D. McIlroy, "A killer adversary for quicksort", 1999
    """
    values = [count] * count
    candidate = 0
    made = iter(range(count))

    class Key:
        def __init__(self, place):
            self.place = place

        def __lt__(self, other):
            nonlocal candidate
            a, b = self.place, other.place
            if values[a] == values[b] == count:
                values[a if a == candidate else b] = next(made)
            if values[a] == count:
                candidate = a
            elif values[b] == count:
                candidate = b
            return values[a] < values[b]

    unstable_order([Key(place) for place in range(count)])
    return values
