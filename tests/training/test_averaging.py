"""Parameters averaged over epochs: an average by hand, and steps that do not notice."""

import numpy as np
import pytest

from chainrule import (
    AdamW,
    Chain,
    CrossEntropy,
    Dropout,
    Linear,
    MeanSquaredError,
    Plan,
    Softmax,
    Tanh,
    train,
)

RNG = np.random.default_rng(3)
X, X_VAL = RNG.normal(size=(70, 3)), RNG.normal(size=(31, 3))
T, T_VAL = X[:, 0] * X[:, 1], X_VAL[:, 0] * X_VAL[:, 1]
ENGINES = ("machine", "reference")


def trained(epochs, averaging, engine, validation=None, dtype=np.float64):
    chain = Chain(Linear(5), Tanh(), Dropout(0.2), Linear(1)).initialize(X, seed=1).astype(dtype)
    plan = Plan(AdamW(0.02), epochs=epochs, batch_size=16, patience=None, averaging=averaging)
    data = X.astype(dtype), T.astype(dtype)
    history = train(chain, MeanSquaredError(), *data, plan, validation=validation, engine=engine)
    return chain, history


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_kept_is_the_average_of_what_epochs_end_with(engine, dtype):
    ends = [trained(epochs, 0.0, engine, dtype=dtype)[0].parameters.flat for epochs in (1, 2, 3)]
    average = ends[0].copy()
    for end in ends[1:]:
        average += (end - average) * dtype(1 - 0.6)
    chain, history = trained(3, 0.6, engine, dtype=dtype)
    np.testing.assert_array_equal(chain.parameters.flat, average)
    assert not np.array_equal(average, ends[-1])
    assert history.losses == trained(3, 0.0, engine, dtype=dtype)[1].losses


@pytest.mark.parametrize("engine", ENGINES)
def test_the_average_is_what_is_validated(engine):
    chain, history = trained(6, 0.5, engine, (X_VAL, T_VAL))
    measured = MeanSquaredError().value(chain.forward(X_VAL), T_VAL)
    kept = history.epochs[history.kept - 1]
    assert measured == pytest.approx(kept.validation_loss, rel=1e-12)
    assert kept.validation_loss == min(epoch.validation_loss for epoch in history.epochs)
    plain = trained(6, 0.0, engine, (X_VAL, T_VAL))[1]
    assert history.losses == plain.losses
    assert history.epochs[0].validation_loss == plain.epochs[0].validation_loss
    assert history.epochs[-1].validation_loss != plain.epochs[-1].validation_loss


def test_threads_change_no_bit():
    def bits(threads):
        chain = Chain(Linear(40), Tanh(), Linear(4), Softmax()).initialize(X, seed=2)
        plan = Plan(epochs=3, averaging=0.7, patience=None)
        classes = (T > 0).astype(int)
        train(chain, CrossEntropy(), X, classes, plan, threads=threads, engine="machine")
        return chain.parameters.flat.tobytes()

    assert bits(1) == bits(2) == bits(3)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, True, "0.5", float("nan")])
def test_shares_that_are_none(share):
    with pytest.raises(ValueError, match=r"Plan: expected averaging from 0 to below 1, such as"):
        Plan(averaging=share)
