"""Scores of parts are those of all rows at once, but for rounding."""

from itertools import pairwise

import numpy as np
import pytest

from chainrule.targets.score_sums import ClassSums, LabelSums, RegressionSums
from chainrule.targets.scores import class_scores, label_scores, regression_scores

RNG = np.random.default_rng(0)
CUTS = [0, 1, 1, 40, 97]


def summed(sums, *arrays):
    for start, stop in pairwise(CUTS):
        if stop > start:
            sums.add(*(each[start:stop] for each in arrays))
    assert sums.rows == CUTS[-1]
    return sums.scores()


@pytest.mark.parametrize("shape", [(97,), (97, 3)])
@pytest.mark.parametrize("unit", [1.0, 1e200])
def test_numbers(shape, unit):
    t = 1000 + RNG.normal(size=shape)
    y = t + 0.3 * RNG.normal(size=shape)
    expected = regression_scores(unit * t, unit * y)
    assert summed(RegressionSums(), unit * t, unit * y) == pytest.approx(expected, rel=1e-9)


def test_numbers_that_do_not_vary():
    t = np.full((97, 2), 3.0)
    y = t + np.arange(2)
    assert summed(RegressionSums(), t, y) == regression_scores(t, y)
    one = RegressionSums()
    one.add(np.array([2.0]), np.array([5.0]))
    assert one.scores() == {"mean absolute error": 3.0, "root mean squared error": 3.0}


@pytest.mark.parametrize(("classes", "logits"), [(2, 1), (2, 2), (4, 4)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_classes(classes, logits, kind):
    t, Z = RNG.integers(0, classes, 97), RNG.normal(size=(97, logits)).astype(kind)
    whole = np.hstack([0 * Z, Z]) if logits == 1 else Z
    p = np.exp(whole) / np.exp(whole).sum(axis=1, keepdims=True)
    p = p.astype(np.float64)
    found = summed(ClassSums(), t, np.argmax(p, axis=1), p, Z)
    assert found == pytest.approx(class_scores(t, np.argmax(p, axis=1), p, Z), rel=1e-12)


def test_of_two_classes_one_may_be_missing():
    t, p = np.zeros(97, int), np.full((97, 2), 0.5)
    expected = class_scores(t, t, p, np.zeros((97, 1)))
    assert summed(ClassSums(), t, t, p, np.zeros((97, 1))) == pytest.approx(expected)
    assert set(expected) == {"accuracy", "log loss"}


def test_one_class_has_no_log_loss():
    t = np.zeros(97, int)
    assert summed(ClassSums(), t, t, np.ones((97, 1)), np.zeros((97, 1))) == {"accuracy": 1.0}


def test_labels_of_which_one_never_holds():
    t, chosen = RNG.integers(0, 2, (97, 3)), RNG.integers(0, 2, (97, 3))
    t[:, 1] = chosen[:, 1] = 0
    assert summed(LabelSums(), t, chosen) == pytest.approx(label_scores(t, chosen), rel=1e-12)
