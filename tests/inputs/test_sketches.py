"""Sketches of columns: exact while little comes, and within the stated bounds of NumPy's."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from chainrule.inputs.tables.distributions import Counted, Sample
from chainrule.inputs.tables.sketches import LEVEL, QuantileSketch, TextCounts

SHARES = np.linspace(0, 1, 17)


def sketched(x, piece=1000):
    sketch = QuantileSketch()
    for start in range(0, len(x), piece):
        sketch.add(x[start : start + piece])
    return sketch


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e9, 1e9)))
def test_quantiles_of_counted_numbers_are_those_of_numpy_to_the_bit(x):
    counted = Counted(*np.unique(x, return_counts=True))
    shares = np.concatenate([SHARES, [0.25, 0.5, 0.75, 0.1, 1 / 3]])
    np.testing.assert_array_equal(counted.quantiles(shares), np.quantile(x, shares))
    assert counted.count == len(x)
    assert counted.constant == Sample(x).constant


def test_a_few_different_numbers_are_counted_exactly_however_many_rows_there_are():
    x = np.random.default_rng(0).integers(-300, 300, 100_000) / 4
    sketch = sketched(x)
    found, known = sketch.distribution(), Sample(x)
    assert sketch.exact
    assert sketch.rank_error == 0
    np.testing.assert_array_equal(found.values, known.values)
    np.testing.assert_array_equal(found.counts, known.counts)
    np.testing.assert_array_equal(found.quantiles(SHARES), known.quantiles(SHARES))


ORDERS = {
    "random": lambda n: np.random.default_rng(1).normal(size=n),
    "rising": lambda n: np.arange(float(n)),
    "falling": lambda n: -np.arange(float(n)),
    "in turns": lambda n: np.where(np.arange(n) % 2, 1, -1) * np.arange(float(n)),
    "skewed": lambda n: np.exp(3 * np.random.default_rng(2).normal(size=n)),
    "mostly zero": lambda n: np.where(
        np.random.default_rng(3).random(n) < 0.7, 0.0, np.random.default_rng(4).normal(size=n)
    ),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n", [4 * LEVEL, 50_000, 600_000])
def test_ranks_are_within_the_stated_bound(order, n):
    x = ORDERS[order](n)
    sketch = sketched(x)
    found = sketch.distribution()
    assert not sketch.exact
    assert found.count == n
    assert (found.values[0], found.values[-1]) == (x.min(), x.max())
    assert sketch.rank_error <= (np.log2(n / LEVEL) / 2 + 2.5) * n / LEVEL
    ordered = np.sort(x)
    true = np.searchsorted(ordered, found.values, side="right")
    off = np.abs(np.cumsum(found.counts) - true).max()
    assert off <= sketch.rank_error
    assert off <= 0.003 * n


def test_a_sketch_keeps_little():
    sketch = sketched(np.random.default_rng(0).normal(size=2_000_000), 50_000)
    kept = sum(level.nbytes for level in sketch._levels)
    assert kept <= 8 * LEVEL * 11


def test_pieces_in_which_numbers_come_change_little_and_the_same_come_to_the_same():
    x = np.random.default_rng(0).normal(size=100_000)
    one, other = sketched(x, 1000).distribution(), sketched(x, 1000).distribution()
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.counts, other.counts)


def test_texts_are_counted_exactly_up_to_a_bound():
    counts = TextCounts(most=10)
    for _ in range(3):
        counts.add(Counter({f"t{place}": place + 1 for place in range(10)}))
    assert counts.exact
    assert counts.counts() == Counter({f"t{place}": 3 * place + 3 for place in range(10)})


def test_pruned_counts_keep_what_is_frequent_and_are_off_by_what_was_taken_off():
    rng = np.random.default_rng(0)
    counts, true = TextCounts(most=100), Counter()
    for _ in range(200):
        drawn = Counter(f"t{number}" for number in rng.zipf(1.3, 500).tolist())
        true += drawn
        counts.add(drawn)
    found, rows = counts.counts(), sum(true.values())
    assert (counts.exact, counts.rows) == (False, rows)
    assert len(found) <= 100
    assert counts.taken_off <= rows / 51
    for text, count in true.items():
        assert count - counts.taken_off <= found[text] <= count
    assert [text for text, _ in found.most_common(5)] == [text for text, _ in true.most_common(5)]
