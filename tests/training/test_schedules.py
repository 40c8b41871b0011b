from math import cos, log2, pi, sin, sqrt

import numpy as np
import pytest
from sklearn.linear_model import SGDRegressor

from chainrule import Chain, Linear, MeanSquaredError
from chainrule.training import (
    SCHEDULES,
    SGD,
    Constant,
    Cosine,
    CosLog,
    FlatCosine,
    InverseScaling,
    LinearToZero,
    Plan,
    StepDecay,
    TrainingPosition,
    WarmUp,
    train,
)

PER_EPOCH, EPOCHS = 3, 8
STEPS = PER_EPOCH * EPOCHS

# Steps done -> factor, worked out by hand, with 24 steps in 8 epochs of 3.
BY_HAND = [
    (Constant(), {0: 1, 1: 1, 23: 1}),
    (InverseScaling(), {0: 1, 1: 1 / sqrt(2), 3: 1 / 2, 8: 1 / 3, 23: 1 / sqrt(24)}),
    (InverseScaling(power=0.25), {0: 1, 15: 1 / 2}),
    (InverseScaling(power=0), {0: 1, 15: 1}),
    (StepDecay(every=2, ratio=0.1), {0: 1, 5: 1, 6: 0.1, 11: 0.1, 12: 0.01, 23: 0.001}),
    (StepDecay(every=1), {2: 1, 3: 0.5, 6: 0.25}),
    (StepDecay(), {0: 1, 23: 1}),
    (Cosine(), {0: 1, 4: (1 + sqrt(3) / 2) / 2, 6: (1 + sqrt(0.5)) / 2, 8: 3 / 4, 12: 1 / 2}),
    (Cosine(), {16: 1 / 4, 23: (1 - cos(pi / 24)) / 2}),
    (LinearToZero(), {0: 1, 6: 3 / 4, 12: 1 / 2, 23: 1 / 24}),
    (FlatCosine(), {0: 1, 11: 1, 12: 1, 14: (1 + sqrt(3) / 2) / 2, 16: 3 / 4, 18: 1 / 2}),
    (FlatCosine(), {20: 1 / 4, 23: (1 - cos(pi / 12)) / 2}),
    # 1 + 3·8/24 = 2 ends a cycle; 1 + 3·16/24 = 3, and (1 − cos 2a)/2 is sin² a.
    (CosLog(2), {0: 0, 8: 0, 16: sin(pi * log2(3)) ** 2}),
    (CosLog(1), {0: 0, 12: sin(pi * log2(1.5)) ** 2}),
    (CosLog(), {0: 0, 8: sin(pi * log2(6)) ** 2, 16: sin(pi * log2(11)) ** 2}),
    (WarmUp(2), {0: 1 / 6, 1: 2 / 6, 4: 5 / 6, 5: 1, 6: 1, 23: 1}),
    (WarmUp(), {0: 1 / 3, 1: 2 / 3, 2: 1, 3: 1}),
    (WarmUp(0.5), {0: 1 / 1.5, 1: 1}),
    (WarmUp(0), {0: 1, 1: 1}),
    (WarmUp(2, LinearToZero()), {0: 1 / 6, 4: 5 / 6 * 20 / 24, 6: 18 / 24, 23: 1 / 24}),
    (WarmUp(2, StepDecay(1, 0.5)), {2: 3 / 6, 3: 4 / 6 * 0.5, 6: 0.25}),
    (WarmUp(1, WarmUp(2)), {0: 1 / 3 / 6, 3: 4 / 6}),
]


@pytest.mark.parametrize(("schedule", "values"), BY_HAND, ids=lambda case: str(case)[:40])
def test_factors_are_those_worked_out_by_hand(schedule, values):
    factors = {step: schedule.factor(TrainingPosition(step, STEPS, PER_EPOCH)) for step in values}
    assert factors == pytest.approx(values, rel=1e-14)


def test_every_schedule_is_worked_out():
    assert {type(schedule) for schedule, _ in BY_HAND} == set(SCHEDULES)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_schedule_is_ever_negative_or_faster_than_the_optimizer(schedule):
    factors = [schedule().factor(TrainingPosition(step, STEPS, PER_EPOCH)) for step in range(STEPS)]
    assert all(0 < factor <= 1 for factor in factors[1:])
    assert 0 <= factors[0] <= 1


def test_each_cycle_of_coslog_is_twice_as_long_as_the_one_before():
    steps = 15 * 64
    factors = [CosLog(4).factor(TrainingPosition(step, steps, 1)) for step in range(steps + 1)]
    ends = [step for step, factor in enumerate(factors) if factor < 1e-12]
    assert ends == [64 * k for k in (0, 1, 3, 7, 15)]


@pytest.mark.parametrize("power", [0.5, 0.25])
def test_inverse_scaling_is_that_of_scikit_learn(power):
    rng = np.random.default_rng(3)
    X, t = rng.normal(size=(11, 3)), rng.normal(size=11)
    model = SGDRegressor(
        penalty=None,
        learning_rate="invscaling",
        eta0=0.05,
        power_t=power,
        shuffle=False,
        tol=None,
        max_iter=4,
    )
    model.fit(X, t, coef_init=np.zeros(3), intercept_init=0.0)
    chain = Chain(Linear(1)).initialize(X, dtype=np.float64)
    chain.parameters.flat[...] = 0
    # Half the learning rate: its error is half the square.
    plan = Plan(SGD(0.025), InverseScaling(power), batch_size=1, epochs=4, shuffle=False)
    train(chain, MeanSquaredError(), X, t, plan)
    np.testing.assert_allclose(chain.parameters["W0"][:, 0], model.coef_, rtol=1e-12)
    np.testing.assert_allclose(chain.parameters["b0"], model.intercept_, rtol=1e-12)


def test_training_asks_at_each_step_and_tells_the_last_rate_of_each_epoch():
    X, t = np.arange(7.0)[:, None], np.zeros(7)
    chain = Chain(Linear(1)).initialize(X, dtype=np.float64)
    plan = Plan(SGD(0.01), LinearToZero(), batch_size=3, epochs=4, patience=None)
    rates = [epoch.learning_rate for epoch in train(chain, MeanSquaredError(), X, t, plan).epochs]
    assert rates == pytest.approx([0.01 * (1 - step / 12) for step in (2, 5, 8, 11)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InverseScaling(-0.5), r"InverseScaling: expected a number 0 <= power, got -0\.5"),
        (lambda: InverseScaling("a"), "InverseScaling: expected a number 0 <= power, got 'a'"),
        (lambda: StepDecay(0), "StepDecay: expected every to be a whole number >= 1, got 0"),
        (lambda: StepDecay(1.5), r"StepDecay: expected every to be a whole number >= 1, got 1\.5"),
        (lambda: StepDecay(2, -1.0), r"StepDecay: expected a number 0 <= ratio, got -1\.0"),
        (lambda: CosLog(0), "CosLog: expected cycles to be a whole number >= 1, got 0"),
        (lambda: CosLog(31), "CosLog: expected at most 30 cycles, got 31"),
        (lambda: WarmUp(-1), "WarmUp: expected a number 0 <= epochs, got -1"),
        (lambda: WarmUp(float("nan")), "WarmUp: expected a number 0 <= epochs, got nan"),
    ],
)
def test_hyperparameters_that_make_no_sense_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("then", [Cosine, 0.5, None])
def test_a_warm_up_must_lead_to_a_schedule(then):
    with pytest.raises(TypeError, match="WarmUp: expected a schedule as then, got "):
        WarmUp(1, then)
