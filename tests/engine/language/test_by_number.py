"""Numbers of the step and of rules: as the C library computes them, whatever NumPy's arrays do."""

import math

import numpy as np
import pytest

from chainrule import Adam, Chain, HalfSquaredError, Linear
from chainrule.engine.language.by_number import FUNCTIONS, power
from chainrule.engine.running.scalars import ScalarTable
from chainrule.engine.running.steps import Steps


@pytest.mark.parametrize("base", [0.9, 0.999, 0.7, 0.95])
def test_powers_are_those_of_the_c_library(base):
    steps = np.arange(1.0, 300)
    expected = [base ** int(step) for step in steps]
    assert power(base, steps).tolist() == expected
    assert [power(base, int(step)) for step in steps] == expected


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_are_those_of_the_c_library(name):
    x = np.random.default_rng(0).uniform(0.1, 5, (3, 50))
    one = getattr(math, name)
    expected = [[one(value) for value in row] for row in x.tolist()]
    assert FUNCTIONS[name](x).tolist() == expected
    assert FUNCTIONS[name](x[0, 0]) == expected[0][0]


def test_what_the_c_library_refuses_is_infinite_or_not_a_number():
    assert power(0.0, np.array([-1.0, 2.0])).tolist() == [math.inf, 0.0]
    assert power(10.0, 400) == math.inf
    assert math.isnan(power(-1.0, 0.5))
    assert FUNCTIONS["exp"](np.array([1000.0, 0.0])).tolist() == [math.inf, 1.0]
    assert FUNCTIONS["log"](0) == -math.inf
    assert math.isnan(FUNCTIONS["log"](-1.0))


def test_adam_reads_the_corrections_of_the_textbook():
    chain = Chain(Linear(1)).initialize((1,), seed=0, dtype=np.float64)
    optimizer, rates = Adam(0.01, beta1=0.7, beta2=0.99), np.full(40, 0.01)
    steps = Steps(chain, HalfSquaredError(), optimizer, np.ones((1, 1)), np.ones((1, 1)))
    planner = steps._program(1)[0]
    texts = [each.text for each in planner.scalars]
    table = ScalarTable(steps.weights).of(planner.scalars, rates, 0)
    corrections = [1 / math.sqrt(1 - 0.99**step) for step in range(1, 41)]
    column = next(i for i, text in enumerate(texts) if "sqrt" in text)
    assert table[:, column].tolist() == corrections
