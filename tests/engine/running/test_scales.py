"""Scales and activations of a learnt strength, as machine code and in chain.py."""

import numpy as np
import pytest

from chainrule import (
    SELU,
    SGD,
    Adam,
    AdamW,
    Chain,
    Cos,
    CrossEntropy,
    Dropout,
    Flatten,
    Linear,
    MeanOverMembers,
    MemberLinear,
    Mish,
    Parametric,
    Plan,
    Predictor,
    ReLU,
    RMSProp,
    Scale,
    Softmax,
    check_gradients,
    train,
)

X = np.random.default_rng(0).normal(size=(37, 6))
T = X[:, :3].argmax(axis=1)
CHAINS = {
    "first": (Scale(6), Linear(9), Mish(), Linear(3), Softmax()),
    "within": (Linear(19), Parametric(), Dropout(0.2), Scale(0.5), Linear(3), Softmax()),
    "deep": (
        *(Scale(6), Linear(17), Parametric(Mish()), Linear(9), Parametric(SELU(), 0.3)),
        *(Linear(5), Parametric(ReLU()), Linear(3), Softmax()),
    ),
    "cosines": (Linear(8), Cos(), Linear(3), Softmax()),
}
OPTIMIZERS = [SGD(0.1), SGD(0.05, momentum=0.9), Adam(0.01), AdamW(0.01), RMSProp(0.003)]


def trained(functions, dtype=np.float64, *, engine="machine", threads=1, **options):
    chain = Chain(*functions).initialize(X, dtype=dtype)
    plan = Plan(**{"optimizer": Adam(0.01), "batch_size": 8, "epochs": 4} | options)
    history = train(
        chain, CrossEntropy(), X.astype(dtype), T, plan, engine=engine, threads=threads
    )
    assert history.engine == engine
    return chain


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("functions", CHAINS.values(), ids=CHAINS)
def test_machine_code_trains_as_chain_py(functions, optimizer):
    options = {"optimizer": optimizer, "l2": 0.01}
    expected = trained(functions, engine="reference", threads=None, **options).parameters.flat
    first, *others = (trained(functions, threads=k, **options).parameters.flat for k in (1, 2, 3))
    np.testing.assert_allclose(first, expected, rtol=0, atol=1e-12)
    assert all(other.tobytes() == first.tobytes() for other in others)


@pytest.mark.parametrize("functions", CHAINS.values(), ids=CHAINS)
def test_float32_agrees_up_to_its_rounding(functions):
    ends = [trained(functions, np.float32, engine=each) for each in ("reference", "machine")]
    np.testing.assert_allclose(*(end.parameters.flat for end in ends), rtol=0, atol=2e-5)


@pytest.mark.parametrize("functions", CHAINS.values(), ids=CHAINS)
def test_gradients_and_predictions_are_right(functions):
    chain = trained(functions)
    assert check_gradients(chain, CrossEntropy(), X[:5], T[:5]).passed
    np.testing.assert_allclose(Predictor(chain)(X), chain.forward(X), rtol=0, atol=1e-13)


def test_a_scale_of_samples_of_two_axes_trains_as_machine_code():
    samples = X.reshape(37, 2, 3)
    ends = []
    for engine in ("reference", "machine"):
        chain = Chain(Scale(3), Flatten(), Linear(3), Softmax()).initialize((2, 3), dtype=float)
        assert chain.parameters["s0"].tolist() == [[1, 1, 1], [1, 1, 1]]
        plan = Plan(Adam(0.01), epochs=3)
        history = train(chain, CrossEntropy(), samples, T, plan, engine=engine)
        assert history.engine == engine
        ends.append(chain.parameters.flat)
    np.testing.assert_allclose(*ends, rtol=0, atol=1e-13)


def test_members_of_an_ensemble_have_strengths_of_their_own():
    ends = []
    loss, plan = MeanOverMembers(CrossEntropy()), Plan(Adam(0.01), batch_size=8, l2=0.1, epochs=3)
    functions = MemberLinear(9, 4), Parametric(Mish()), MemberLinear(3), Softmax()
    for engine, threads in (("reference", None), ("machine", 1), ("machine", 2)):
        chain = Chain(*functions).initialize(X, dtype=np.float64)
        assert chain.parameters["1.a0"].shape == (4, 9)
        assert train(chain, loss, X, T, plan, engine=engine, threads=threads).engine == engine
        ends.append(chain.parameters.flat)
    np.testing.assert_allclose(ends[0], ends[1], rtol=0, atol=1e-13)
    np.testing.assert_array_equal(ends[1], ends[2])
    assert np.ptp(chain.parameters["1.a0"], axis=0).min() > 0
    assert check_gradients(chain, loss, X[:5], T[:5]).passed


@pytest.mark.parametrize("function", [Scale(), Parametric(Mish())])
@pytest.mark.parametrize("shape", [(6,), (2, 3)])
def test_no_penalty_pulls_them_to_0(function, shape):
    assert not Chain(function).initialize(shape).weight_mask().any()


def test_weights_before_it_start_as_before_its_activation():
    ends = []
    for activation in (Mish(), Parametric(Mish()), Parametric(SELU())):
        chain = Chain(Linear(4), activation, Linear(3)).initialize(X, seed=1)
        ends.append(chain.parameters["W0"])
    np.testing.assert_array_equal(ends[0], ends[1])
    assert np.abs(ends[2]).max() < np.abs(ends[1]).max()


def test_both_start_at_1_and_move_by_their_factors():
    chain = Chain(Scale(6), Linear(4), Parametric(Mish()), Linear(3), Softmax()).initialize(X)
    assert chain.learning_rate_factors == {"s0": 6.0, "2.a0": 0.1}
    assert chain.parameters["s0"].tolist() == [1.0] * 6
    assert chain.parameters["2.a0"].tolist() == [1.0] * 4
    plain = Chain(Linear(4), Mish(), Linear(3), Softmax()).initialize(X)
    for name, other in {"W1": "W0", "W3": "W1"}.items():
        plain.parameters[other][...] = chain.parameters[name]
    np.testing.assert_allclose(chain.forward(X), plain.forward(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Scale(-1), ValueError, "Scale: expected a number 0 <= rate_factor, got -1"),
        (lambda: Parametric(rate_factor=-1), ValueError, "Parametric: expected a number 0 <= rate"),
        (
            lambda: Parametric(Softmax()),
            TypeError,
            r"Parametric: expected an elementwise function such as SELU\(\), got Softmax",
        ),
        (
            lambda: Chain(Parametric()).initialize((2, 3, 4)),
            ValueError,
            r"expected samples of shape \(features\) or \(members, features\), got \(2, 3, 4\)",
        ),
    ],
)
def test_what_makes_no_sense_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
