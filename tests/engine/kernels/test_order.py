"""Sorting as libstdc++ sorts, beside the same written with lists."""

import numpy as np
import pytest

from chainrule.engine.kernels import order
from chainrule.engine.running.single import invoke, kernel_of
from chainrule.fasttext.heaps import unstable_order


def placed(keys, turns):
    items = np.stack([np.array(keys, np.int64), np.arange(len(keys))], axis=1)
    stack = np.empty(3 * (turns + 1), np.int64)
    invoke(kernel_of(order.sort), items=items, count=len(items), turns=turns, stack=stack)
    assert (np.diff(items[:, 0]) >= 0).all()
    return items[:, 1].tolist()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 15, 16, 17, 18, 33, 100, 1000])
@pytest.mark.parametrize("different", [1, 3, 50, 10**6])
def test_equal_keys_come_as_quicksort_and_insertion_leave_them(count, different):
    keys = np.random.default_rng(count).integers(-different, different, count).tolist()
    turns = 2 * (max(count, 1).bit_length() - 1)
    assert placed(keys, turns) == unstable_order(keys)


def test_heapsort_takes_what_quicksort_does_not_finish():
    half = 1000  # the median of three is always the second smallest
    keys = [0] * (2 * half)
    for number in range(1, half + 1):
        if number % 2:
            keys[number - 1], keys[number] = number, half + number
        keys[half + number - 1] = 2 * number
    assert placed(keys, 2 * (len(keys).bit_length() - 1)) == unstable_order(keys)
    assert sorted(placed(keys, 0)) == list(range(2 * half))
