"""What callers of train may bring: an optimizer's state, orders, a watcher, their own means."""

import numpy as np
import pytest

from chainrule import chain as chains, functions as f
from chainrule.losses import HalfSquaredError
from chainrule.training import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Cosine,
    Plan,
    RMSProp,
    StepDecay,
    WarmUp,
    train,
)
from chainrule.training.optimizers import State
from chainrule.training.schedules import TrainingPosition

LOSS = HalfSquaredError()
rng = np.random.default_rng(0)
X, t = rng.normal(size=(23, 3)), rng.normal(size=(23, 2))
IMAGES = rng.normal(size=(23, 1, 5, 4))
WEIGHTS = rng.uniform(0.5, 3, 23)
BOTH = pytest.mark.parametrize("engine", ["machine", "reference"])


def network(seed=1):
    chain = chains.Chain(f.Linear(5), f.Tanh(), f.Linear(2))
    return chain.initialize(X, seed=seed, dtype=np.float64)


def convolutions():
    chain = chains.Chain(f.Conv2d(2, 3), f.Tanh(), f.Flatten(), f.Linear(2))
    return chain.initialize(IMAGES, seed=1, dtype=np.float64)


def orders(count, epoch):
    return np.random.default_rng(epoch).permutation(count)


@BOTH
@pytest.mark.parametrize(
    "optimizer", [SGD(0.1, 0.9), Adam(0.01), AdamW(0.01), RMSProp(0.01), AdaGrad()]
)
def test_a_state_goes_on_as_if_there_had_been_no_pause(engine, optimizer):
    plan = Plan(optimizer, batch_size=5, epochs=4, patience=None, shuffle=False)
    whole, parts = network(), network()
    train(whole, LOSS, X, t, plan, engine=engine)
    state = optimizer.begin(parts.parameters.flat)
    for _ in range(2):
        half = Plan(optimizer, batch_size=5, epochs=2, patience=None, shuffle=False)
        train(parts, LOSS, X, t, half, state=state, engine=engine)
    assert state.steps == 20
    np.testing.assert_array_equal(parts.parameters.flat, whole.parameters.flat)


def test_both_engines_leave_the_same_state():
    states = []
    for engine in ("machine", "reference"):
        chain = convolutions()
        states.append(Adam().begin(chain.parameters.flat))
        plan = Plan(Adam(), batch_size=5, epochs=2, l2=0.1)
        train(chain, LOSS, IMAGES, t, plan, state=states[-1], engine=engine)
    assert states[0].steps == states[1].steps
    for one, other in zip(states[0].slots, states[1].slots, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)
        assert one.any()


@pytest.mark.parametrize(
    "slots", [(np.zeros(27),), (np.zeros(32), np.zeros(32)), (np.zeros(32, np.float32),)]
)
def test_the_state_of_another_training_is_refused(slots):
    with pytest.raises(ValueError, match=r"train: expected a state of arrays .* got"):
        train(network(), LOSS, X, t, Plan(SGD(0.1, 0.5)), state=State(slots))


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("make", [network, convolutions])
def test_samples_share_a_penalty(weights, threads, make):
    data = X if make is network else IMAGES
    plan = Plan(SGD(0.1, 0.5), batch_size=5, epochs=3, l2=0.7, l2_shared=True, patience=None)
    found = {}
    for engine in ("machine", "reference"):
        chain = make()
        own = {"sample_weight": weights, "engine": engine}
        own |= {"threads": threads} if engine == "machine" else {}
        history = train(chain, LOSS, data, t, plan, **own)
        found[engine] = np.array([*history.losses, *chain.parameters.flat])
    np.testing.assert_allclose(found["machine"], found["reference"], rtol=1e-11, atol=1e-13)


@BOTH
def test_a_shared_penalty_is_divided_by_what_the_batch_weighs(engine):
    chain = network()
    start = chain.astype(np.float64)
    plan = Plan(SGD(1.0), batch_size=None, epochs=1, l2=0.7, l2_shared=True)
    train(chain, LOSS, X, t, plan, sample_weight=WEIGHTS, engine=engine)
    _, gradient = start.gradient(LOSS, X, t, WEIGHTS)
    penalized = np.where(start.weight_mask(), start.parameters.flat, 0)
    expected = start.parameters.flat - gradient.flat - 0.7 / WEIGHTS.sum() * penalized
    np.testing.assert_allclose(chain.parameters.flat, expected, rtol=1e-12, atol=1e-15)


@BOTH
def test_orders_of_ones_own(engine):
    chain, seen = network(), []

    def watched(count, epoch):
        seen.append((count, epoch))
        return orders(count, epoch)

    plan = Plan(SGD(0.1), batch_size=5, epochs=2, shuffle=watched)
    train(chain, LOSS, X, t, plan, engine=engine)
    by_hand = network()
    for epoch in (1, 2):
        order = orders(23, epoch)
        for start in range(0, 23, 5):
            rows = order[start : start + 5]
            _, gradient = by_hand.gradient(LOSS, X[rows], t[rows])
            by_hand.parameters.flat[...] -= 0.1 * gradient.flat
    assert seen == [(23, 1), (23, 2)]
    np.testing.assert_allclose(chain.parameters.flat, by_hand.parameters.flat, rtol=1e-11)


@BOTH
def test_means_of_ones_own(engine):
    seen = []

    def mean(batches):
        seen.append(batches)
        return 7.0

    plan = Plan(SGD(0.1), batch_size=5, epochs=1, l2=0.5, epoch_loss=mean)
    chain = network()
    squares = float(np.sum(np.where(chain.weight_mask(), chain.parameters.flat, 0) ** 2))
    history = train(chain, LOSS, X, t, plan, sample_weight=WEIGHTS, engine=engine)
    (batches,) = seen
    assert history.losses == [7.0]
    assert batches.sizes.tolist() == [5, 5, 5, 5, 3]
    assert batches.weights.sum() == pytest.approx(WEIGHTS.sum())
    assert batches.penalties[0] == pytest.approx(0.25 * squares)
    assert np.all(batches.losses > batches.penalties)


class Third:
    """A watcher for which the second epoch is the best and the third the last."""

    def see(self, epoch):
        return epoch.number == 2

    def exhausted(self, epoch):
        return epoch.number == 3


@BOTH
def test_a_watcher_of_ones_own(engine):
    chain, after_two = network(), network()
    plan = Plan(SGD(0.1), batch_size=5, epochs=9)
    history = train(chain, LOSS, X, t, plan, validation=(X, t), watcher=Third(), engine=engine)
    train(after_two, LOSS, X, t, Plan(SGD(0.1), batch_size=5, epochs=2), engine=engine)
    assert (len(history.epochs), history.kept, history.end) == (3, 2, "validation")
    np.testing.assert_array_equal(chain.parameters.flat, after_two.parameters.flat)


@pytest.mark.parametrize("schedule", [Cosine(), StepDecay(2, 0.3), WarmUp(1.5, Cosine())])
def test_many_factors_are_each_factor(schedule):
    factors = schedule.factors(TrainingPosition(3, 40, 4), 9)
    expected = [schedule.factor(TrainingPosition(3 + k, 40, 4)) for k in range(9)]
    assert factors.tolist() == expected
