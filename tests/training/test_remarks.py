"""What a training says of itself that is no error: losses that rise, scores that are NaN."""

import warnings
from functools import partial

import numpy as np
import pytest

from chainrule import (
    Chain,
    CrossEntropy,
    Huber,
    Linear,
    MeanSquaredError,
    Softmax,
    training,
)
from chainrule.training import SGD, Plan, r_squared
from training.recorder import Recorder

ENGINES = ["machine", "reference"]
rng = np.random.default_rng(5)
X, t = rng.normal(size=(40, 3)), rng.normal(size=40)
HELD_OUT = X[:7], t[:7]


def network(*functions):
    return Chain(*(functions or (Linear(1),))).initialize((3,), seed=1, dtype=np.float64)


def run(chain, loss, t, rate, epochs=3, **options):
    plan = Plan(SGD(rate), batch_size=40, epochs=epochs, patience=None)
    return training.train(chain, loss, X, t, plan, **options)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("functions", "loss", "answers"),
    [
        ((Linear(1),), MeanSquaredError(), t),
        ((Linear(1), Linear(2), Softmax()), CrossEntropy(), (t > 0).astype(int)),
        ((Linear(1), Linear(1)), Huber(outputs="sum"), t),
    ],
)
def test_a_loss_that_rises_is_warned_of(functions, loss, answers, engine):
    chain = network(*functions)
    with pytest.warns(UserWarning, match=r"train: the loss rose from \S+ at the start to .*lower"):
        history = run(chain, loss, answers, 1e6, engine=engine)
    assert history.end == "epochs"  # all of them, as it may have come down again
    assert history.losses[-1] > 1000 * history.start
    assert history.remarks[0].startswith(f"the loss rose from {history.start:.3g} at the start to ")
    assert "from 1e+06 to 1 for a start" in history.remarks[0]


def test_the_start_is_that_of_the_first_parameters():
    chain = network()
    first = chain.loss(MeanSquaredError(), X, t)
    assert first > np.mean((t - 0.5) ** 2)  # which is the targets' scale
    with pytest.warns(UserWarning, match="the loss rose"):
        history = run(chain, MeanSquaredError(), t, 1e3)
    assert history.start == pytest.approx(first, rel=1e-12)
    chain = network()
    history = run(chain, MeanSquaredError(), t, 0.01)
    assert history.start == pytest.approx(first, rel=1e-12)
    assert not history.remarks


def test_a_training_that_is_interrupted_is_not_judged():
    history = run(network(), MeanSquaredError(), t, 1e6, reporter=Recorder(interrupt_epoch=2))
    assert history.losses[-1] > 1e6
    assert not history.remarks


def test_a_risen_network_is_left_as_it_is():
    one, other = network(), network()
    with pytest.warns(UserWarning, match="the loss rose"):
        run(one, MeanSquaredError(), t, 1e3, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="the loss rose"):
            run(other, MeanSquaredError(), t, 1e3, 3)
    np.testing.assert_array_equal(one.parameters.flat, other.parameters.flat)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_score_that_is_nan_in_a_late_epoch_is_no_improvement(engine):
    scores = iter([0.1, 0.7, np.nan, np.nan, 0.2])
    chain, until = network(), network()
    train = partial(run, loss=MeanSquaredError(), t=t, rate=0.01, engine=engine)
    said = "train: the validation score is NaN in 2 of 5 epochs, the first of them epoch 3; "
    with pytest.warns(UserWarning, match=said):
        history = train(chain, epochs=5, validation=HELD_OUT, score=lambda Y, t: next(scores))
    assert history.kept == 2
    assert history.describe() == "ran all 5 epochs, kept the best, epoch 2"
    train(until, epochs=2)
    np.testing.assert_array_equal(chain.parameters.flat, until.parameters.flat)


def test_one_sample_has_no_r_squared():
    assert np.isnan(r_squared(np.ones((1, 2)), np.ones((1, 2))))
    with pytest.raises(ValueError, match="expected a number as score of epoch 1, got NaN"):
        run(network(), MeanSquaredError(), t, 0.1, validation=(X[:1], t[:1]), score=r_squared)


def test_a_mean_of_ones_own_is_on_a_scale_of_its_own():
    plan = Plan(SGD(0.01), batch_size=8, epochs=3, epoch_loss=lambda batches: 1e9)
    history = training.train(network(), MeanSquaredError(), X, t, plan, validation=HELD_OUT)
    assert history.losses == [1e9] * 3
    assert max(epoch.validation_loss for epoch in history.epochs) < 10
    assert not history.remarks
