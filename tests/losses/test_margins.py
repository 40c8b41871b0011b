"""Cross-entropies keep their digits at any margin, in the textbook and in the kernels."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from chainrule import Plan, train
from chainrule.chain import Chain
from chainrule.functions import Linear, LogSoftmax, Sigmoid, Softmax
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)
from chainrule.training import SGD

TYPES = (np.float32, np.float64)
MOST = {np.float32: 80.0, np.float64: 690.0}
"""Margins at which exp is still a normal number."""

INF, NAN = float("inf"), float("nan")


def machine(loss, Z, t, *last):
    """Return loss and gradient by the logits of one sample, as a step of the engine has them."""
    k = len(Z)
    chain = Chain(Linear(k), *last).initialize((k,), dtype=Z.dtype)
    chain.parameters["W0"][...] = np.eye(k)
    history = train(chain, loss, Z[None], t, Plan(SGD(1.0), epochs=1), engine="machine")
    return history.losses[0], -chain.parameters["b0"]


def exact(Z, T):
    """Return loss and gradient of softmax and cross-entropy, with the size of its terms."""
    with mp.workdps(320):
        z, t = ([mp.mpf(float(x)) for x in row] for row in (Z, T))
        e = [mp.exp(x - max(z)) for x in z]
        y = [x / mp.fsum(e) for x in e]
        whole = mp.fsum(t)
        loss = mp.fsum(-a * mp.log(b) for a, b in zip(t, y, strict=True) if a)
        gradient = [whole * b - a for a, b in zip(t, y, strict=True)]
        terms = [b * (whole - a) + a * (1 - b) for a, b in zip(t, y, strict=True)]
    return loss, gradient, terms


def close(found, true, terms, dtype, epsilons=4):
    """Whether numbers are right to some epsilons of their terms, or too small to be normal."""
    least = float(np.finfo(dtype).tiny / np.finfo(dtype).eps)
    error = epsilons * float(np.finfo(dtype).eps)
    return all(
        abs(mp.mpf(float(x)) - y) <= error * max(abs(by), least)
        for x, y, by in zip(found, true, terms, strict=True)
    )


@st.composite
def margins(draw):
    """Draw logits of one sample, its class, and how far that is ahead or behind."""
    k, dtype = draw(st.integers(2, 40)), draw(st.sampled_from(TYPES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    Z, t = rng.normal(size=k) * draw(st.sampled_from([0.0, 1.0, 3.0])), int(rng.integers(k))
    Z[t] = np.delete(Z, t).max() + draw(st.floats(-1, 1)) * MOST[dtype]
    return Z.astype(dtype), t


@given(margins())
@example((np.array([10.0, 0.0], np.float32), 0))
@example((np.array([20.0, 0.0, 0.0], np.float32), 0))
@example((np.array([60.0, 0.0, 0.0]), 0))
def test_the_textbook_at_any_margin(case):
    Z, t = case
    loss, gradient, _ = exact(Z, np.eye(len(Z))[t])
    found, slopes = SoftmaxCrossEntropy().value_and_gradient(Z[None], [t])
    assert close([found], [loss], [loss], Z.dtype)
    assert close(slopes[0], gradient, gradient, Z.dtype)
    with mp.workdps(320):
        logs = [mp.log(g + (k == t)) for k, g in enumerate(gradient)]
    assert close(LogSoftmax().forward(Z[None], {})[0], logs, logs, Z.dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("k", [2, 7, 37])
@pytest.mark.parametrize("ahead", [0, 1e-3, 0.3, 5.1, 17.3, 40.7, 77.7, 333.3, -3.3, -33.3, -66])
def test_the_kernels_at_any_margin(k, ahead, dtype):
    if abs(ahead) > MOST[dtype]:
        ahead /= 10
    rng = np.random.default_rng(k)
    Z, t = rng.normal(size=k), int(rng.integers(k))
    Z[t] = np.delete(Z, t).max() + ahead
    Z = Z.astype(dtype)
    for T, targets in ((np.eye(k)[t], np.array([t])), (np.eye(k)[t], np.eye(k)[[t]])):
        loss, gradient, _ = exact(Z, T)
        found, slopes = machine(CrossEntropy(), Z, targets, Softmax())
        assert close([found], [loss], [loss], dtype)
        assert close(slopes, gradient, gradient, dtype)
    T = np.full((1, k), 0.1 / k, dtype)
    T[0, t] += dtype(0.9)
    T = SoftmaxCrossEntropy().targets(T, Z[None])
    loss, gradient, terms = exact(Z, T[0])
    found, slopes = SoftmaxCrossEntropy().value_and_gradient(Z[None], T)
    for one, other in ((found, slopes[0]), machine(CrossEntropy(), Z, T, Softmax())):
        assert close([one], [loss], [loss], dtype, 6)  # a sum of k terms
        assert close(other, gradient, terms, dtype, 6)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("z", [0.0, 1e-3, 2.5, 9.9, 17.5, 40.1, 79.0, 600.0])
def test_sigmoids_at_any_logit(z, dtype):
    z = min(z, MOST[dtype])
    for sign in (1, -1):
        for t in (0.0, 1.0):
            Z = np.array([sign * z], dtype)
            with mp.workdps(320):
                x = mp.mpf(float(Z[0])) * (1 if t else -1)
                loss, slope = mp.log1p(mp.exp(-x)), 1 / (1 + mp.exp(x)) * (-1 if t else 1)
            textbook = SigmoidBinaryCrossEntropy().value_and_gradient(Z[None], [[t]])
            kernel = machine(BinaryCrossEntropy(), Z, np.array([[t]]), Sigmoid())
            for found, slopes in (textbook, kernel):
                assert close([found], [loss], [loss], dtype)
                assert close(np.ravel(slopes), [slope], [slope], dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("targets", ["labels", "rows"])
@pytest.mark.parametrize(
    ("Z", "t", "loss", "gradient"),
    [
        ([3.0, 3.0, -INF], 0, np.log(2), [-0.5, 0.5, 0]),  # two are ahead; one class is ruled out
        ([1.0] * 20, 7, np.log(20), [0.05] * 7 + [-0.95] + [0.05] * 12),
        ([5.0], 0, 0, [0]),
        ([-INF, 2.0], 1, 0, [0, 0]),
        ([-3e38, 3e38], 1, 0, [0, 0]),
        ([0.0, -INF], 1, INF, [1, -1]),
        ([1.0, INF], 1, NAN, [NAN, NAN]),
        ([NAN, 1.0, 2.0], 2, NAN, [NAN] * 3),
        ([-INF, -INF], 0, NAN, [NAN, NAN]),
    ],
)
def test_ties_infinities_and_nan(Z, t, loss, gradient, targets, dtype):
    Z = np.array([Z], dtype)
    t = np.array([t]) if targets == "labels" else np.eye(Z.shape[1])[[t]]
    found, slopes = SoftmaxCrossEntropy().value_and_gradient(Z, t)
    np.testing.assert_allclose(found, loss, rtol=1e-6)
    np.testing.assert_allclose(slopes[0], gradient, rtol=1e-6)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("k", [1, 3, 17])
def test_kernels_see_class_numbers_as_rows_of_one_class(k, dtype):
    rng = np.random.default_rng(k)
    X, t = rng.normal(size=(37, 5)).astype(dtype), rng.integers(0, k, 37)
    ends = []
    for targets in (t, np.eye(k)[t]):
        chain = Chain(Linear(k), Softmax()).initialize(X, dtype=dtype)
        history = train(chain, CrossEntropy(), X, targets, Plan(SGD(2.0), epochs=2, batch_size=9))
        ends.append((history.losses, chain.parameters.flat.tobytes()))
    assert ends[0] == ends[1]


def test_weights_of_samples_weigh_what_is_kept():
    Z = np.array([[30.0, 0.0], [0.0, 1.0]], np.float32)
    value, gradient = SoftmaxCrossEntropy().value_and_gradient(Z, [0, 0], np.array([3.0, 0.0]))
    assert value == pytest.approx(np.exp(-30), rel=1e-6)
    np.testing.assert_allclose(gradient, [[-np.exp(-30), np.exp(-30)], [0, 0]], rtol=1e-6)
