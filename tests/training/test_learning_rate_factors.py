"""Factors of the learning rate that functions state, in the reference and in the engine."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from chainrule import (
    SGD,
    Adam,
    AdamW,
    Chain,
    Conv2d,
    CrossEntropy,
    Flatten,
    Linear,
    Multilinear,
    Plan,
    ReLU,
    RMSProp,
    Softmax,
    load,
    train,
)
from chainrule.estimators import Classifier


@dataclass(frozen=True)
class SlowLinear(Linear):
    """A Linear that moves slowly, and whose bias stays."""

    def learning_rate_factors(self):
        return {"W": 0.25, "b": 0.0}


@dataclass(frozen=True)
class SlowConv(Conv2d):
    """A convolution with factors of its own."""

    def learning_rate_factors(self):
        return {"W": 0.5, "b": 2.0}


@dataclass(frozen=True)
class OwnScale(Multilinear):
    """A scale for each number: Y[n,i] = X[n,i] s[i]."""

    factor: float = 3.0

    def text(self):
        return "Y[n,i] = X[n,i] s[i]"

    def parameter_shapes(self, input_shape):
        return {"s": input_shape}

    def learning_rate_factors(self):
        return {"s": self.factor}


SHAPE = (2, 5, 6)


def data(dtype=np.float64):
    rng = np.random.default_rng(1)
    return rng.normal(size=(23, *SHAPE)).astype(dtype), rng.integers(0, 3, 23)


def trained(engine, *, threads=None, dtype=np.float64, **options):
    images, rows = (SlowConv(3), ReLU(), Flatten(), OwnScale()), (SlowLinear(4), ReLU())
    chain = Chain(*images, *rows, Linear(3), Softmax()).initialize(SHAPE, dtype=dtype)
    before = chain.parameters.flat.copy()
    plan = Plan(**{"optimizer": SGD(0.1), "epochs": 3, "batch_size": 7} | options)
    history = train(chain, CrossEntropy(), *data(dtype), plan, engine=engine, threads=threads)
    assert history.engine == engine
    return chain, before


def test_factors_are_the_chains_by_the_names_of_its_parameters():
    chain, _ = trained("reference")
    expected = {"W0": 0.5, "b0": 2.0, "s1": 3.0, "W2": 0.25, "b2": 0.0}
    assert chain.learning_rate_factors == expected


def test_a_step_of_gradient_descent_moves_by_the_factor():
    chain, before = trained("reference", epochs=1, batch_size=None)
    again = Chain.assemble(chain.layers, chain.parameters.astype(np.float64))
    again.parameters.flat[...] = before
    _, gradient = again.gradient(CrossEntropy(), *data())
    for name, w in again.parameters.items():
        factor = chain.learning_rate_factors.get(name, 1.0)
        np.testing.assert_allclose(
            chain.parameters[name], w - 0.1 * factor * gradient[name], rtol=0, atol=1e-15
        )
    assert not chain.parameters["b2"].any()


@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.1), SGD(0.05, momentum=0.8, nesterov=True), Adam(0.01), AdamW(0.01), RMSProp(0.003)],
    ids=str,
)
@pytest.mark.parametrize("clip", [None, 0.05])
def test_the_engine_moves_by_the_same_factors(optimizer, clip):
    options = {"optimizer": optimizer, "clip_norm": clip, "l2": 0.1}
    reference, _ = trained("reference", **options)
    first, *others = (trained("machine", threads=k, **options)[0] for k in (1, 2, 3))
    expected = reference.parameters.flat
    np.testing.assert_allclose(first.parameters.flat, expected, rtol=0, atol=1e-12)
    for other in others:
        assert other.parameters.flat.tobytes() == first.parameters.flat.tobytes()


def test_float32_agrees_up_to_its_rounding():
    reference, machine = (trained(e, dtype=np.float32)[0] for e in ("reference", "machine"))
    assert reference.parameters.flat.dtype == np.float32
    np.testing.assert_allclose(
        machine.parameters.flat, reference.parameters.flat, rtol=0, atol=1e-5
    )


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"q": 1.0}, "expected learning rate factors of s, got one of 'q'"),
        ({"s": -1.0}, "expected a learning rate factor >= 0 of s, got -1.0"),
        ({"s": np.nan}, "expected a learning rate factor >= 0 of s, got nan"),
    ],
)
def test_a_wrong_factor_is_named(factors, message):
    class Wrong(OwnScale):
        def learning_rate_factors(self):
            return factors

    chain = Chain(Wrong(), Softmax()).initialize((3,))
    with pytest.raises(ValueError, match=message):
        train(chain, CrossEntropy(), np.ones((2, 3)), np.array([0, 1]), Plan(epochs=1))


def test_an_estimator_with_a_line_of_its_own_is_saved_and_loaded(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    model = Classifier(Chain(Linear(7), ReLU(), OwnScale(2.0), Linear(3), Softmax()), max_iter=2)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert model.history_.engine == "machine"
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors", functions=[OwnScale])
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.chain_.functions[2] == OwnScale(2.0)
