"""Scores of numbers are scikit-learn's, of numbers of any size."""

import numpy as np
import pytest
from sklearn import metrics

from chainrule.targets.scores import regression_scores

RNG = np.random.default_rng(0)
T = RNG.normal(size=50)
Y = T + 0.1 * RNG.normal(size=50)


@pytest.mark.parametrize("unit", [1.0, 37.5, 1e-3])
def test_scores_of_numbers_are_scikit_learns_to_the_bit(unit):
    assert regression_scores(unit * T, unit * Y) == {
        "R²": metrics.r2_score(unit * T, unit * Y),
        "mean absolute error": metrics.mean_absolute_error(unit * T, unit * Y),
        "root mean squared error": metrics.root_mean_squared_error(unit * T, unit * Y),
    }


@pytest.mark.parametrize("power", [-900, 1020])
def test_no_square_overflows_and_none_is_0(power):
    found = regression_scores(np.ldexp(T, power), np.ldexp(Y, power))
    expected = regression_scores(T, Y)
    assert found.pop("R²") == expected.pop("R²")
    assert found == {name: np.ldexp(value, power) for name, value in expected.items()}


def test_whole_numbers_and_zeros_have_scores():
    assert regression_scores(np.arange(4), np.arange(4) + 0.5) == {
        "R²": 0.8,
        "mean absolute error": 0.5,
        "root mean squared error": 0.5,
    }
    assert regression_scores(np.zeros(1), np.ones(1), 3.0) == {
        "mean absolute error": 3.0,
        "root mean squared error": 3.0,
    }
