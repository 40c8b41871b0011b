"""Sums by value and fold: the means that they make are those of the rows themselves."""

import numpy as np
import pytest

from chainrule.inputs.tables.fold_sums import FOLDS, FoldSums, most_values
from chainrule.inputs.tables.target_means import Answers, TargetMeans

N, VALUES = 600, 40
RNG = np.random.default_rng(0)
CODES = RNG.integers(0, VALUES, N)
NAMES = [f"v{code:02}" for code in range(VALUES)]
EFFECTS = RNG.normal(size=(VALUES, 2))


def rows_of(weights):
    own = {None: None, "even": RNG.random(N) + 0.5, "some": RNG.integers(0, 3, N) * 1e3}[weights]
    numbers = EFFECTS[CODES] + RNG.normal(size=(N, 2))
    return Answers(numbers, ("a", "b"), RNG.integers(0, FOLDS, N), own)


def summed(answers, piece=70):
    sums = FoldSums(2)
    for start in range(0, N, piece):
        rows = np.arange(start, min(start + piece, N))
        here, codes = np.unique(CODES[rows], return_inverse=True)
        sums.add([NAMES[each] for each in here], codes, answers.at(rows))
    return sums


@pytest.mark.parametrize("weights", [None, "even", "some"])
@pytest.mark.parametrize("known", [VALUES, 25])
def test_means_and_counts_are_those_of_rows(weights, known):
    answers = rows_of(weights)
    found = summed(answers).means(NAMES[:known])
    codes = np.where(known > CODES, CODES, -1)
    expected = TargetMeans(codes, known, answers)
    assert found.values == tuple(NAMES[:known])
    logs = np.log1p(expected.rows())
    np.testing.assert_allclose(found.known, np.column_stack([expected.means(), logs]), rtol=1e-9)
    logs = np.log1p(expected.rows_out_of_fold())
    rows = np.column_stack([expected.out_of_fold(), logs])
    np.testing.assert_allclose(found.out_of_fold[answers.folds, codes], rows, rtol=1e-9)
    assert found.differ
    counted = found.spread(1)
    assert counted.count == N
    np.testing.assert_allclose(np.repeat(counted.values, counted.counts), np.sort(rows[:, 1]))


def test_answers_that_do_not_differ_say_so():
    answers = Answers(RNG.normal(size=(N, 2)), ("a", "b"), RNG.integers(0, FOLDS, N))
    assert not summed(answers).means(NAMES).differ


def test_values_that_are_forgotten_begin_anew():
    answers = rows_of(None)
    sums = summed(answers)
    sums.keep(set(NAMES[:3]))
    assert len(sums) == 3
    sums.add(["v09"], np.zeros(N, np.intp), answers)
    found = sums.means(NAMES)
    assert found.values == ("v00", "v01", "v02", "v09")
    np.testing.assert_array_equal(found.rows[:, 3], np.bincount(answers.folds))


def test_many_answers_leave_room_for_fewer_values():
    assert (most_values(1, 65_536), most_values(1000, 65_536)) == (65_536, 697)
