"""Quantiles: one or several at once, at their kink, in the engine, and what they predict."""

import numpy as np
import pytest

from chainrule import (
    Adam,
    Chain,
    Linear,
    MeanAbsoluteError,
    Mish,
    Plan,
    Predictor,
    QuantileLoss,
    check_loss,
    train,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = X[:, 0] + rng.normal(size=60)
MANY = tuple(np.linspace(0.02, 0.98, 19))


@pytest.mark.parametrize("quantile", [0.5, 0.25, 0.9])
def test_at_the_kink_and_beside_it(quantile):
    loss = QuantileLoss(quantile)
    outputs, targets = np.array([[2.0], [2.5], [1.0]]), np.array([2.0, 2.0, 2.0])
    assert loss.errors(outputs, targets[:, None]).tolist() == [0, 0.5 * (1 - quantile), quantile]
    slopes = loss.error_gradients(outputs, targets[:, None])
    assert slopes.tolist() == [[0], [1 - quantile], [-quantile]]


def test_the_median_is_half_the_absolute_error():
    outputs = rng.normal(size=(5, 2))
    targets = rng.normal(size=(5, 2))
    expected = MeanAbsoluteError().value(outputs, targets) / 2
    assert QuantileLoss().value(outputs, targets) == pytest.approx(expected, rel=1e-15)


def test_all_quantiles_share_the_targets_of_a_sample():
    loss, outputs = QuantileLoss((0.1, 0.5, 0.8)), rng.normal(size=(5, 3))
    one, whole = rng.normal(size=5), []
    for k, quantile in enumerate((0.1, 0.5, 0.8)):
        whole.append(QuantileLoss(quantile).value(outputs[:, k : k + 1], one))
    for given in (one, one[:, None], np.repeat(one[:, None], 3, axis=1)):
        assert loss.value(outputs, given) == pytest.approx(np.mean(whole), rel=1e-14)
    assert check_loss(loss, outputs, one).passed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("outputs", ["mean", "sum"])
@pytest.mark.parametrize("quantile", [0.3, (0.9,), (0.05, 0.5, 0.95), MANY], ids=str)
def test_machine_code_trains_as_chain_py(quantile, outputs, dtype):
    count = len(quantile) if isinstance(quantile, tuple) else 1
    ends, losses = [], []
    for engine, threads in (("reference", None), ("machine", 1), ("machine", 3)):
        chain = Chain(Linear(6), Mish(), Linear(count)).initialize(X, seed=1, dtype=dtype)
        plan = Plan(Adam(0.01), batch_size=11, epochs=3)
        loss = QuantileLoss(quantile, outputs=outputs)
        own = X.astype(dtype), Y.astype(dtype)
        history = train(chain, loss, *own, plan, engine=engine, threads=threads)
        assert history.engine == engine
        ends.append(chain.parameters.flat)
        losses.append(history.losses)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(ends[0], ends[1], rtol=0, atol=tolerance)
    np.testing.assert_allclose(losses[0], losses[1], rtol=0, atol=tolerance * count)
    assert ends[1].tobytes() == ends[2].tobytes()


def test_outputs_have_as_many_targets_below_them_as_was_asked():
    samples = np.random.default_rng(1).normal(size=(4000, 1))
    targets = 2 * samples[:, 0] + np.random.default_rng(2).exponential(size=4000)
    quantiles = (0.1, 0.5, 0.9)
    chain = Chain(Linear(3)).initialize(samples, dtype=np.float64)
    plan = Plan(Adam(0.02), batch_size=100, epochs=30, patience=None)
    train(chain, QuantileLoss(quantiles), samples, targets, plan)
    below = (targets[:, None] < Predictor(chain)(samples)).mean(axis=0)
    np.testing.assert_allclose(below, quantiles, rtol=0, atol=0.03)
    exact = -np.log1p(-np.array(quantiles))  # of the exponential distribution
    np.testing.assert_allclose(chain.parameters["b0"], exact, rtol=0, atol=0.15)


def test_formulas_have_the_quantile_as_a_letter_where_there_are_several():
    several = QuantileLoss((0.1, 0.9)).formulas().definition
    assert any("q" in line for line in several)
    assert "0.1" not in "".join(several)


@pytest.mark.parametrize(
    ("quantile", "message"),
    [
        (0.0, "QuantileLoss: expected a number 1e-30 <= quantile < 1, got 0.0"),
        (1, "QuantileLoss: expected a number 1e-30 <= quantile < 1, got 1"),
        ((0.5, 1.5), r"QuantileLoss: expected a number 1e-30 <= quantile < 1, got 1\.5"),
        ((), r"QuantileLoss: expected a quantile or several, got \(\)"),
        ("half", "QuantileLoss: expected a number 1e-30 <= quantile < 1, got 'half'"),
    ],
)
def test_what_is_no_quantile_is_named(quantile, message):
    with pytest.raises(ValueError, match=message):
        QuantileLoss(quantile)


def test_other_outputs_than_quantiles_are_named():
    message = r"QuantileLoss: expected outputs of shape \(n, 2\), one a quantile, got \(5, 3\)"
    with pytest.raises(ValueError, match=message):
        QuantileLoss((0.1, 0.9)).value(np.ones((5, 3)), np.ones(5))
