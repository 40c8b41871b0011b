"""Splits by groups and by time: what is held out is strange to what is trained on."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.data import DataError, split_groups, split_times

SHARES = (0.7, 0.1, 0.2)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=90), st.integers(0, 9))
def test_each_group_is_in_one_part_and_each_part_has_one(groups, seed):
    if len(set(groups)) < 3:
        with pytest.raises(DataError, match=r"a group or more for each of 3 parts, got [12] in"):
            split_groups(groups, SHARES, seed)
        return
    parts = split_groups(groups, SHARES, seed)
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    held = [{groups[row] for row in part} for part in parts]
    assert all(held)
    assert sum(map(len, held)) == len(set(groups))


def test_many_groups_make_parts_of_the_shares_and_seeds_make_others():
    groups = [f"patient {row // 5}" for row in range(1000)]
    parts = split_groups(groups, SHARES, 0)
    assert [len(part) for part in parts] == [700, 100, 200]
    assert not np.array_equal(parts[2], split_groups(groups, SHARES, 1)[2])
    assert np.array_equal(parts[2], split_groups(groups, SHARES, 0)[2])


def test_the_last_rows_in_time_are_the_last_part():
    times = np.array([9.0, 1, 8, 2, 7, 3, 6, 4, 5, 0])
    training, validation, test = split_times(times, SHARES)
    assert times[training].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert times[validation].tolist() == [7]
    assert times[test].tolist() == [8, 9]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60))
def test_rows_of_one_time_stay_together(times):
    times = np.array(times, np.float64)
    if len(set(times)) < 3:
        with pytest.raises(DataError, match=r"a time or more for each of 3 parts, got [12] in all"):
            split_times(times, SHARES)
        return
    parts = split_times(times, SHARES)
    assert sorted(np.concatenate(parts)) == list(range(len(times)))
    assert min(map(len, parts)) > 0
    for earlier, later in pairwise(parts):
        assert times[earlier].max() < times[later].min()
