"""Factors of the learning rate and of weight decay that an optimizer is told, by parameter."""

import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from chainrule import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Chain,
    Classifier,
    Constant,
    Cosine,
    CosLog,
    CrossEntropy,
    FlatCosine,
    Linear,
    Plan,
    ReLU,
    RMSProp,
    Softmax,
    StepDecay,
    TrainingPosition,
    load,
    train,
)
from chainrule.engine.running.steps import Steps
from chainrule.files.objects import object_from_json, to_json
from chainrule.training import OPTIMIZERS
from chainrule.training.factors import factors_of
from training.test_learning_rate_factors import OwnScale, SlowLinear, trained

RATES = {"b": 0.1, "W3": 0.5, "s": 6}
DECAYED = AdamW(
    0.01,
    weight_decay=0.3,
    rate_factors=RATES,
    decay_schedule=FlatCosine(),
    decay_factors={"b": 0, "W2": 2.0},
)


def chain_of(*functions, shape=(3,)):
    return Chain(*functions).initialize(shape, dtype=np.float64)


def test_a_name_in_the_chain_wins_and_factors_of_functions_multiply():
    chain = chain_of(OwnScale(0.25), Linear(2), SlowLinear(4), Linear(2))
    told = Adam(rate_factors={"W": 3, "b1": 0.5, "b": 0.1, "s": 4.0})
    weights, biases = {"W1": 3.0, "W2": 0.75, "W3": 3.0}, {"b1": 0.5, "b2": 0.0, "b3": 0.1}
    assert factors_of(chain, told) == {"learning_rate": {"s0": 1.0, **weights, **biases}}
    assert factors_of(chain, Adam()) == {"learning_rate": {"s0": 0.25, "W2": 0.25, "b2": 0.0}}
    undecayed = AdamW(decay_factors={"b": 0})
    assert factors_of(chain_of(Linear(2)), undecayed) == {"weight_decay": {"b0": 0.0}}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("engine", ["reference", "machine"])
def test_factors_that_are_told_do_what_those_of_functions_do(optimizer, engine):
    rng = np.random.default_rng(1)
    X, T, ends = rng.normal(size=(20, 5)), rng.dirichlet(np.ones(4), 20), []
    told = optimizer(0.01, rate_factors={"W": 0.25, "b": 0.0})
    for layer, rule in ((SlowLinear(4), optimizer(0.01)), (Linear(4), told)):
        chain = chain_of(layer, Softmax(), shape=(5,))
        train(chain, CrossEntropy(), X, T, Plan(rule, batch_size=6, epochs=2), engine=engine)
        ends.append(chain.parameters.flat)
    np.testing.assert_array_equal(*ends)


@pytest.mark.parametrize("engine", ["reference", "machine"])
def test_each_parameter_decays_by_its_factor_at_each_step(engine):
    chain = chain_of(Linear(4), ReLU(), Linear(3), Linear(2), Softmax())
    chain.parameters.flat[...] = 1.0
    for name, value in {"b0": -3.0, "b1": 0.0, "b2": 0.0}.items():
        chain.parameters[name][...] = value
    # Nothing passes ReLU, and each batch has one sample of each class: all gradients are 0.
    X, t = np.zeros((4, 3)), np.array([0, 1, 0, 1])
    factors = {"W2": 3, "b": 0.25}
    decay = AdamW(0.1, weight_decay=0.5, decay_factors=factors, decay_schedule=StepDecay(1, 0.5))
    plan = Plan(decay, batch_size=2, epochs=2, shuffle=False)
    train(chain, CrossEntropy(), X, t, plan, engine=engine)
    expected = {
        "W0": (1 - 0.1 * 0.5) ** 2 * (1 - 0.1 * 0.25) ** 2,
        "W2": (1 - 0.1 * 1.5) ** 2 * (1 - 0.1 * 0.75) ** 2,
        "b0": -3 * (1 - 0.1 * 0.125) ** 2 * (1 - 0.1 * 0.0625) ** 2,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(chain.parameters[name], value, rtol=1e-14)


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.1, rate_factors=RATES),
        SGD(0.05, momentum=0.8, nesterov=True, rate_factors=RATES),
        Adam(0.01, rate_factors=RATES),
        RMSProp(0.003, rate_factors=RATES),
        AdaGrad(0.03, rate_factors=RATES),
        DECAYED,
        AdamW(0.01, weight_decay=0.3, decay_schedule=CosLog(2)),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
@pytest.mark.parametrize("clip", [None, 0.05])
def test_the_engine_moves_as_the_reference(optimizer, clip):
    options = {"optimizer": optimizer, "schedule": Cosine(), "clip_norm": clip, "l2": 0.1}
    reference, _ = trained("reference", **options)
    first, *others = (trained("machine", threads=k, **options)[0] for k in (1, 2, 3))
    expected = reference.parameters.flat
    np.testing.assert_allclose(first.parameters.flat, expected, rtol=0, atol=1e-12)
    for other in others:
        assert other.parameters.flat.tobytes() == first.parameters.flat.tobytes()


def test_the_schedule_of_the_decay_is_one_of_its_own():
    position = TrainingPosition(6, 24, 3)
    decay = AdamW(weight_decay=0.2, decay_schedule=Cosine()).scheduled(position, 3)
    assert decay["weight_decay"].tolist() == (0.2 * Cosine().factors(position, 3)).tolist()
    assert AdamW(weight_decay=0.2).scheduled(position, 3) == {}
    ends = [
        trained("reference", optimizer=AdamW(0.01, weight_decay=0.9, decay_schedule=each))[0]
        for each in (Constant(), FlatCosine())
    ]
    norms = [np.linalg.norm(chain.parameters["W3"]) for chain in ends]
    assert norms[0] < norms[1] - 1e-3


def test_the_listing_runs_with_the_factors_and_gives_the_same():
    rng = np.random.default_rng(5)
    X, t = rng.normal(size=(16, 3)), rng.integers(0, 2, 16)
    chain = chain_of(OwnScale(), Linear(4), ReLU(), Linear(2), Softmax())
    told = AdamW(0.01, weight_decay=0.3, rate_factors={"b": 0.1}, decay_factors={"b": 0, "W1": 2})
    steps = Steps(chain, CrossEntropy(), told, X, t, factors=factors_of(chain, told))
    namespace = {}
    exec(steps.listing(16), namespace)
    w = {name: array.copy() for name, array in chain.parameters.items()}
    state = {name: (np.zeros_like(array),) * 2 for name, array in w.items()}
    for number in (1, 2, 3):
        namespace["step"](X, t, None, w, state, 0.01, number)
    steps.run(np.tile(np.arange(16), 3), 16, np.full(3, 0.01))
    steps.store()
    for name, expected in w.items():
        np.testing.assert_allclose(chain.parameters[name], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("optimizer", [*(each(0.5) for each in OPTIMIZERS), DECAYED], ids=repr)
def test_optimizers_come_back_from_json_and_say_what_is_set(optimizer):
    written = json.loads(json.dumps(to_json(optimizer, "optimizer")))
    assert object_from_json("optimizer", written) == optimizer
    told = optimizer is DECAYED
    for name in ("rate_factors", "decay_schedule", "decay_factors"):
        assert (name in written) == (name in repr(optimizer)) == told
    assert eval(repr(optimizer)) == optimizer
    assert hash(optimizer) == hash(eval(repr(optimizer)))


def test_an_estimator_takes_factors_and_keeps_them(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    model = Classifier(
        Chain(Linear(5), ReLU()),
        solver=AdamW(0.01, rate_factors={"b": 0}, decay_schedule=FlatCosine()),
        complete=True,
        learning_rate="coslog",
        max_iter=2,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert not model.chain_.parameters["b1"].any()
    model.save(tmp_path / "model.safetensors")
    assert load(tmp_path / "model.safetensors").solver == model.solver
    assert clone(model).solver == model.solver


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGD(rate_factors=0.1), TypeError, 'SGD: expected rate_factors such as {"b": 0.1}'),
        (lambda: Adam(rate_factors={1: 0.1}), TypeError, "Adam: expected rate_factors such as"),
        (
            lambda: Adam(rate_factors={"b": -1}),
            ValueError,
            "Adam: expected rate_factors >= 0, got -1 of b",
        ),
        (
            lambda: AdamW(decay_factors={"b": "no"}),
            ValueError,
            "AdamW: expected decay_factors >= 0, got 'no' of b",
        ),
        (
            lambda: AdamW(decay_schedule=0.5),
            TypeError,
            r"AdamW: expected decay_schedule such as Cosine\(\), got 0.5",
        ),
    ],
)
def test_factors_that_make_no_sense_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("engine", ["reference", "machine"])
def test_a_name_of_no_parameter_is_refused(engine):
    chain = chain_of(Linear(2), Softmax())
    plan = Plan(AdamW(rate_factors={"b": 0.1}, decay_factors={"s": 1}), epochs=1)
    message = "AdamW: expected factors of weight_decay for W, b or W0, b0, got one for 's'"
    with pytest.raises(ValueError, match=message):
        train(chain, CrossEntropy(), np.ones((2, 3)), np.array([0, 1]), plan, engine=engine)
