"""Splits are seeded, stratified, complete, and the same everywhere."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.data import DataError
from chainrule.data.split import split

SHARES = (0.6, 0.25, 0.15)
GOLDEN = [[3, 5, 2, 9, 7, 0, 8], [6, 1, 4]]


def test_the_rows_are_fixed_for_good():
    first, second = split(10, (0.7, 0.3), seed=1)
    assert [first.tolist(), second.tolist()] == GOLDEN


def test_seeds_differ_and_repeat():
    a, b, c = (split(50, (0.5, 0.5), seed)[0].tolist() for seed in (0, 0, 1))
    assert a == b != c


@given(st.integers(3, 300), st.integers(0, 2**64))
def test_every_row_is_in_one_part(n, seed):
    parts = split(n, SHARES, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    if n >= 20:
        assert all(abs(len(p) - n * s) < 1.5 for p, s in zip(parts, SHARES, strict=True))


@given(st.lists(st.sampled_from("aaaaaabbbc"), min_size=30, max_size=200), st.integers(0, 99))
def test_labels_are_spread_over_the_parts(labels, seed):
    parts = split(len(labels), SHARES, seed, labels)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for label in set(labels):
        count = labels.count(label)
        inside = [sum(labels[row] == label for row in part) for part in parts]
        assert count < len(SHARES) or min(inside) >= 1
        assert all(abs(m - count * s) <= 2 for m, s in zip(inside, SHARES, strict=True))


def test_classes_of_one_row_still_fill_the_parts_in_their_shares():
    parts = split(100, (0.8, 0.2), 0, [str(i) for i in range(100)])
    assert [len(part) for part in parts] == [80, 20]


def test_labels_may_be_an_array():
    y = np.repeat([3, 1], [30, 10])
    _, test = split(40, (0.8, 0.2), 5, y)
    assert np.bincount(y[test]).tolist() == [0, 2, 0, 6]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, (0.5, 0.4), 0), "expected positive shares that sum to 1"),
        ((10, (1.2, -0.2), 0), "expected positive shares that sum to 1"),
        ((10, (float("nan"), 1.0), 0), "expected positive shares that sum to 1"),
        ((10, (), 0), "expected positive shares that sum to 1"),
        ((2, SHARES, 0), "expected a row or more for each of 3 parts, got 2"),
        ((0, (1.0,), 0), "expected a row or more for each of 1 parts, got 0"),
        ((10, (0.5, 0.5), -1), "expected a seed from 0"),
        ((10, (0.5, 0.5), 0, ["a"]), "expected 10 labels, got 1"),
        ((3, (0.9, 0.1), 0, ["a", "b", "c"]), "expected a row or more in each part"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(DataError, match=message):
        split(*arguments)
