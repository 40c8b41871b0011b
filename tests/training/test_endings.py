"""How training ends: early, interrupted, diverged; and which parameters are left then.

Here the textbook takes the steps, one at a time; test_machine.py has the engine's.
"""

from functools import partial

import numpy as np
import pytest

from chainrule import Chain, Linear, MeanSquaredError, Sigmoid, training
from chainrule.training import (
    SGD,
    LinearToZero,
    Patience,
    Plan,
    TrainingDivergedError,
    WarmUp,
    r_squared,
)
from training.recorder import Recorder

train = partial(training.train, engine="reference")
N, FEATURES = 10, 3
LOSS = MeanSquaredError()


@pytest.fixture
def data():
    rng = np.random.default_rng(11)
    return rng.normal(size=(N, FEATURES)), rng.normal(size=N)


@pytest.fixture
def held_out():
    rng = np.random.default_rng(12)
    return rng.normal(size=(7, FEATURES)), rng.normal(size=7)


def network():
    return Chain(Linear(1)).initialize((FEATURES,), seed=1, dtype=np.float64)


def after(data, epochs, **plan):
    """Return the parameters after ``epochs`` epochs of undisturbed training."""
    chain = network()
    train(chain, LOSS, *data, Plan(**{"epochs": epochs, "patience": None, **plan}))
    return chain.parameters.flat


STEPS = {"optimizer": SGD(0.15), "batch_size": 4}  # three of them in an epoch


def test_the_parameters_of_the_best_epoch_are_kept(data, held_out):
    # The held-out targets have nothing to do with the others: soon it only gets worse.
    chain = network()
    history = train(
        chain, LOSS, *data, Plan(**STEPS, epochs=12, patience=None), validation=held_out
    )
    losses = [epoch.validation_loss for epoch in history.epochs]
    best = 1 + int(np.argmin(losses))
    assert 1 < best < 12
    assert (history.end, history.kept) == ("epochs", best)
    np.testing.assert_array_equal(chain.parameters.flat, after(data, best, **STEPS))
    assert chain.loss(LOSS, *held_out) == min(losses)


def test_a_score_decides_where_there_is_one(data, held_out):
    calls = []

    def score(Y, t):
        calls.append((Y, t))
        return [0.1, 0.7, 0.3, 0.7][len(calls) - 1]

    chain = network()
    train_plan = Plan(SGD(0.0), epochs=4, patience=None)
    history = train(chain, LOSS, *data, train_plan, validation=held_out, score=score)
    assert [epoch.validation_score for epoch in history.epochs] == [0.1, 0.7, 0.3, 0.7]
    assert history.kept == 2
    np.testing.assert_array_equal(calls[0][0], chain.forward(held_out[0]))
    np.testing.assert_array_equal(calls[0][1], held_out[1])


def test_validation_weights_count_in_the_validation_loss(data, held_out):
    weights, chain = np.arange(7.0), network()
    plan = Plan(SGD(0.0), epochs=1)
    history = train(chain, LOSS, *data, plan, validation=(*held_out, weights))
    expected = np.average((chain.forward(held_out[0])[:, 0] - held_out[1]) ** 2, weights=weights)
    assert history.epochs[0].validation_loss == pytest.approx(expected, rel=1e-13)


def test_a_score_that_is_no_number_is_an_error(data, held_out):
    with pytest.raises(ValueError, match="train: expected a number as score of epoch 1, got NaN"):
        train(network(), LOSS, *data, validation=held_out, score=lambda Y, t: float("nan"))


def test_patience_stops_on_the_training_loss(data):
    chain = network()
    plan = Plan(SGD(0.15), batch_size=None, epochs=500, patience=Patience(3, 1e-6))
    history = train(chain, LOSS, *data, plan)
    count = len(history.epochs)
    assert (history.end, history.kept) == ("converged", count)
    assert 10 < count < 500
    gains = -np.diff(history.losses)
    assert np.all(gains[-3:] < 1e-6)
    assert np.all(gains[:-3] > 1e-7)
    expected = after(data, count, optimizer=SGD(0.15), batch_size=None)
    np.testing.assert_array_equal(chain.parameters.flat, expected)


def test_patience_stops_on_the_validation_score_and_keeps_the_best(data, held_out):
    chain, patience = network(), Patience(4, 0.0)
    plan = Plan(**STEPS, epochs=100, patience=patience)
    history = train(chain, LOSS, *data, plan, validation=held_out, score=r_squared)
    assert (history.end, len(history.epochs)) == ("validation", history.kept + 4)
    np.testing.assert_array_equal(chain.parameters.flat, after(data, history.kept, **STEPS))
    scores = [epoch.validation_score for epoch in history.epochs]
    assert r_squared(chain.forward(held_out[0]), held_out[1]) == max(scores)


def test_ctrl_c_between_epochs_ends_as_the_last_epoch_does(data):
    chain, recorder = network(), Recorder(interrupt_epoch=2)
    history = train(chain, LOSS, *data, Plan(**STEPS), reporter=recorder)
    assert (history.end, history.kept, len(history.epochs)) == ("interrupted", 2, 2)
    assert recorder.histories == [history]
    assert history.describe() == "interrupted after 2 epochs, kept epoch 2"
    np.testing.assert_array_equal(chain.parameters.flat, after(data, 2, **STEPS))


@pytest.mark.parametrize(("step", "epochs"), [(1, 0), (2, 0), (7, 2), (9, 2)])
def test_ctrl_c_within_an_epoch_keeps_what_its_steps_have_learned(data, step, epochs):
    steps = {**STEPS, "shuffle": False}
    chain, recorder = network(), Recorder(interrupt_step=step)
    history = train(chain, LOSS, *data, Plan(**steps), reporter=recorder)
    assert (history.end, history.kept, len(history.epochs)) == ("interrupted", 0, epochs)
    assert "kept" not in history.describe()
    expected = network()
    for number in range(step):
        rows = slice(number % 3 * 4, number % 3 * 4 + 4)
        _, gradient = expected.gradient(LOSS, data[0][rows], data[1][rows])
        expected.parameters.flat[...] -= 0.15 * gradient.flat
    np.testing.assert_array_equal(chain.parameters.flat, expected.parameters.flat)


def test_ctrl_c_with_a_validation_set_keeps_the_best_epoch(data, held_out):
    chain, recorder = network(), Recorder(interrupt_step=11)
    plan = Plan(**STEPS, patience=None)
    history = train(chain, LOSS, *data, plan, validation=held_out, reporter=recorder)
    losses = [epoch.validation_loss for epoch in history.epochs]
    assert len(losses) == 3
    assert (history.end, history.kept) == ("interrupted", 1 + int(np.argmin(losses)))
    assert chain.loss(LOSS, *held_out) == min(losses)


def test_ctrl_c_never_leaves_infinite_parameters(data):
    class Overflow(Recorder):
        def stepped(self, samples, loss):
            chain.parameters.flat[0] = np.inf
            raise KeyboardInterrupt

    chain = network()
    before = chain.parameters.flat.copy()
    history = train(chain, LOSS, *data, Plan(**STEPS), reporter=Overflow())
    assert (history.end, history.kept) == ("interrupted", 0)
    np.testing.assert_array_equal(chain.parameters.flat, before)


def test_any_other_error_of_a_reporter_goes_on_after_the_end_was_told(data):
    class Broken(Recorder):
        def finished(self, epoch):
            raise OSError("the disk is full")

    recorder = Broken()
    with pytest.raises(OSError, match="the disk is full"):
        train(network(), LOSS, *data, reporter=recorder)
    assert len(recorder.histories) == 1


def test_divergence_advises_a_lower_learning_rate_and_leaves_the_last_good_epoch(data):
    # Each step multiplies the error by about ten thousand, so that it overflows in a while.
    chain, recorder = network(), Recorder()
    plan = Plan(SGD(1e4), LinearToZero(), batch_size=4, epochs=50, patience=None)
    with pytest.raises(TrainingDivergedError) as caught:
        train(chain, LOSS, *data, plan, reporter=recorder)
    history = caught.value.history
    count = len(history.epochs)
    assert count > 3
    number, step = count + 1, len(recorder.steps) + 1
    rate = 1e4 * (1 - (step - 1) / 150)
    assert str(caught.value) == (
        f"the loss became inf in epoch {number}, step {step} (all outputs were finite), at a "
        f"learning rate of {rate:g}: lower the learning rate, to 1 for a start. "
        f"The parameters are those of epoch {count}."
    )
    assert (history.end, history.kept) == ("diverged", count)
    assert history.describe() == f"diverged after {count} epochs, kept epoch {count}"
    assert recorder.histories == [history]
    assert np.isfinite(history.losses).all()
    assert np.isfinite(chain.parameters.flat).all()
    part = network()
    train(part, LOSS, *data, plan, reporter=Recorder(interrupt_epoch=count))
    np.testing.assert_array_equal(chain.parameters.flat, part.parameters.flat)


def test_divergence_in_the_first_epoch_leaves_the_start(data):
    chain = network()
    before = chain.parameters.flat.copy()
    message = r"the loss became inf in epoch 1, step 2 .*, at a .* to 1 .* of the start\."
    with pytest.raises(TrainingDivergedError, match=message) as caught:
        train(chain, LOSS, *data, Plan(SGD(1e200), batch_size=4))
    assert caught.value.history.describe() == "diverged after 0 epochs"
    np.testing.assert_array_equal(chain.parameters.flat, before)


def test_divergence_in_the_last_step_of_an_epoch_is_seen_in_the_parameters(data):
    chain = network()
    before = chain.parameters.flat.copy()
    message = "the parameter W0 became infinite or NaN in epoch 1, step 1, at a .*: lower"
    with pytest.raises(TrainingDivergedError, match=message):
        train(chain, LOSS, *data, Plan(SGD(1.7e308), batch_size=None))
    np.testing.assert_array_equal(chain.parameters.flat, before)


def test_divergence_on_the_validation_set_leaves_the_best_epoch(data, held_out):
    huge = (held_out[0] * 1e160, held_out[1])
    message = "the validation loss became inf in epoch 1, step 3, .* those of the start"
    with pytest.raises(TrainingDivergedError, match=message):
        train(network(), LOSS, *data, Plan(**STEPS), validation=huge)


def test_an_infinite_loss_before_any_update_is_no_matter_of_the_learning_rate(data):
    message = (
        r"the loss became inf in epoch 1, step 1 \(.*\), before any update: bring the numbers in X"
    )
    with pytest.raises(TrainingDivergedError, match=message):
        train(network(), LOSS, data[0] * 1e200, data[1])


def test_a_diverged_training_is_an_arithmetic_error(data):
    with pytest.raises(ArithmeticError):
        train(network(), LOSS, *data, Plan(SGD(1e200), WarmUp(), batch_size=2))


def test_a_saturated_network_does_not_diverge(data):
    chain = Chain(Linear(4), Sigmoid(), Linear(1)).initialize((FEATURES,), dtype=np.float64)
    history = train(chain, LOSS, data[0] * 1e6, data[1], Plan(SGD(0.05), epochs=5))
    assert np.isfinite(history.losses).all()
