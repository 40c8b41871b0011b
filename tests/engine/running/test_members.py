"""Ensembles as one chain: the engine's steps and outputs are those of chain.py."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, Chain, Plan, Predictor, train
from chainrule.engine.planning.lowering import lower
from chainrule.engine.running.steps import Steps, threads_for
from chainrule.functions import (
    BatchEnsembleLinear,
    Dropout,
    Flatten,
    Linear,
    MemberLinear,
    Multilinear,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    MeanOverMembers,
    MeanSquaredError,
    SoftmaxCrossEntropy,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(61, 5))
CLASSES = X[:, :3].argmax(axis=1)
NUMBERS, HALVES = X[:, 0] - X[:, 1], (X[:, 1] > 0) * 1.0
WEIGHTS = rng.uniform(0.1, 2, 61)
FOLDS = (np.arange(61)[:, None] % 4 != np.arange(4)) * WEIGHTS[:, None]
FOLDS[7] = 0


@dataclass(frozen=True)
class MemberScale(Multilinear):
    """Scales of each member's inputs."""

    members: int

    def text(self):
        return "Y[n,k,i] = X[n,i] s[k,i]"

    def parameter_shapes(self, input_shape):
        return {"s": (self.members, *input_shape)}

    def starts(self, input_shape):
        return {"s": 1.0}


APART = {
    "classes": (
        (MemberLinear(37, 4), SiLU(), Dropout(0.2), MemberLinear(16), Tanh(), MemberLinear(3)),
        (Softmax(),),
        MeanOverMembers(CrossEntropy()),
        CLASSES,
    ),
    "numbers": (
        (MemberLinear(19, 4), SiLU(), MemberLinear(1)),
        (),
        MeanOverMembers(HalfSquaredError()),
        NUMBERS,
    ),
    "logits": (
        (MemberLinear(6, 4), ReLU(), Dropout(0.1), MemberLinear(1)),
        (Sigmoid(),),
        MeanOverMembers(BinaryCrossEntropy()),
        HALVES,
    ),
    "rows": (
        (MemberLinear(6, 4), SiLU(), MemberLinear(3)),
        (Softmax(),),
        MeanOverMembers(MeanSquaredError()),
        np.eye(3)[CLASSES],
    ),
    "scales": (
        (MemberScale(4), MemberLinear(6), SiLU(), MemberLinear(3)),
        (),
        MeanOverMembers(SoftmaxCrossEntropy()),
        CLASSES,
    ),
}
SHARED = {
    "batch ensemble": (
        (BatchEnsembleLinear(7, 4), SiLU(), Dropout(0.2), BatchEnsembleLinear(6), Tanh()),
        (MemberLinear(3), Softmax()),
        MeanOverMembers(CrossEntropy()),
        CLASSES,
    ),
    "shared first": (
        (Linear(9), ReLU(), MemberLinear(6, 4), SiLU()),
        (MemberLinear(2), Softmax()),
        MeanOverMembers(CrossEntropy()),
        HALVES.astype(int),
    ),
    "shared softmax": (
        (BatchEnsembleLinear(6, 4), SiLU(), BatchEnsembleLinear(3)),
        (Softmax(),),
        MeanOverMembers(MeanSquaredError()),
        np.eye(3)[CLASSES],
    ),
    "one number each": (
        (BatchEnsembleLinear(6, 4), SiLU(), MemberLinear(1)),
        (Flatten(),),
        MeanOverMembers(HalfSquaredError()),
        NUMBERS,
    ),
}
CASES = {**APART, **SHARED}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def trained(case, engine, threads=1, weights=None, dtype=np.float64, **plan):
    functions, last, loss, t = case
    chain = Chain(*functions, *last).initialize(X, dtype=dtype, seed=3)
    plan = Plan(AdamW(0.005), epochs=3, batch_size=16, seed=1, **plan)
    options = {"engine": engine, "threads": threads, "sample_weight": weights}
    history = train(chain, loss, X, t, plan, validation=(X[:20], t[:20]), **options)
    assert (history.engine, history.reason) == (engine, "")
    return chain, np.array(history.losses), np.array([e.validation_loss for e in history.epochs])


@pytest.mark.parametrize("weights", [None, WEIGHTS, FOLDS], ids=["plain", "samples", "members"])
@pytest.mark.parametrize(
    "plan", [{}, {"l2": 0.01}, {"l2": 0.01, "l2_shared": True, "clip_norm": 0.1}], ids=str
)
@every_case
def test_the_machine_takes_the_steps_of_the_textbook(case, plan, weights):
    found, expected = (trained(case, e, 2, weights, **plan) for e in ("machine", "reference"))
    np.testing.assert_allclose(found[0].parameters.flat, expected[0].parameters.flat, atol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-12)
    np.testing.assert_allclose(found[2], expected[2], atol=1e-12)


@every_case
def test_bits_do_not_depend_on_the_number_of_threads(case):
    every = [trained(case, "machine", n, FOLDS, np.float32, l2=0.01) for n in (1, 2, 3, 7)]
    for chain, losses, _ in every[1:]:
        assert chain.parameters.flat.tobytes() == every[0][0].parameters.flat.tobytes()
        assert losses.tolist() == every[0][1].tolist()


@pytest.mark.parametrize("n", [1, 5, 17, 61])
@every_case
def test_predictions_are_those_of_the_chain(case, n):
    chain = Chain(*case[0], *case[1]).initialize(X, dtype=np.float64, seed=3)
    Y = chain.forward(X[:n])
    for threads in (1, 3):
        found = Predictor(chain, threads=threads)(X[:n])
        assert found.shape == Y.shape
        np.testing.assert_allclose(found, Y, atol=1e-12)


@pytest.mark.parametrize("case", APART.values(), ids=APART)
def test_members_that_share_nothing_are_networks_of_their_own(case):
    chain = Chain(*case[0], *case[1]).initialize(X)
    network = lower(chain, case[2])
    assert len(network.each()) == 4
    assert threads_for(chain, case[2], 10**6, 64) == 4


def test_a_member_is_the_chain_of_linears_that_it_stands_for():
    functions, last, loss, t = APART["numbers"]
    members = Chain(*functions, *last).initialize(X, dtype=np.float64)
    alone = Chain(Linear(19), SiLU(), Linear(1)).initialize(X, dtype=np.float64)
    for name, array in alone.parameters.items():
        array[...] = members.parameters[name][2]
    plan = Plan(Adam(0.01, epsilon=1e-300), epochs=2, batch_size=16)  # blind to a factor 1/k
    train(members, loss, X, t, plan)
    train(alone, HalfSquaredError(), X, t, plan)
    for name, array in alone.parameters.items():
        np.testing.assert_allclose(members.parameters[name][2], array, atol=1e-9)


def test_weights_start_as_those_of_a_linear():
    W = Chain(MemberLinear(200, 3), ReLU()).initialize((50,)).parameters["W0"]
    bound = np.sqrt(6 / 50)
    assert W.shape == (3, 50, 200)
    assert 0.99 * bound < np.abs(W).max() <= bound
    r = Chain(BatchEnsembleLinear(2, 3)).initialize((50,)).parameters["r0"]
    assert set(np.unique(r)) == {-1.0, 1.0}


def test_a_penalty_pulls_no_scale_to_0():
    chain = Chain(BatchEnsembleLinear(6, 4), SiLU(), BatchEnsembleLinear(3)).initialize(X)
    mask = type(chain.parameters)(chain.parameters.shapes, chain.weight_mask())
    assert {name[0] for name, held in mask.items() if held.any()} == {"W"}
    assert all(held.all() for name, held in mask.items() if name[0] == "W")


@pytest.mark.parametrize(
    "functions",
    [
        (MemberLinear(6, 4), ReLU(), BatchEnsembleLinear(5), MemberLinear(3)),
        (MemberLinear(6, 4), Flatten(), Linear(6), BatchEnsembleLinear(3, 4)),
    ],
)
def test_what_mixes_members_is_planned_for_all_of_them(functions):
    chain = Chain(*functions).initialize(X)
    network = lower(chain, MeanOverMembers(SoftmaxCrossEntropy()))
    assert (network.joint, network.members) == ((), 4)


@every_case
def test_the_listing_gives_the_machines_step(case):
    functions, last, loss, t = case
    functions = [function for function in functions if not isinstance(function, Dropout)]
    chain = Chain(*functions, *last).initialize(X, dtype=np.float64)
    steps = Steps(chain, loss, SGD(0.1), X, t, l2=0.1)
    space = {}
    exec(steps.listing(16), space)
    w = {name: value.copy() for name, value in chain.parameters.items()}
    mean = space["step"](X[:16], t[:16], np.full(16, 1 / 16), w, dict.fromkeys(w, ()), 0.1, 1)
    losses = steps.run(np.arange(16), 16, np.array([0.1]))
    steps.store()
    assert losses[0] == pytest.approx(mean, abs=1e-12)
    for name, value in w.items():
        np.testing.assert_allclose(value, chain.parameters[name], rtol=0, atol=1e-12)
