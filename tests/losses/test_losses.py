"""Every loss: its values come from outside, its gradients are finite differences."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import special
from sklearn import metrics

from chainrule.checking import check_loss
from chainrule.formulas import sections
from chainrule.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    ElementwiseLoss,
    ExpPoisson,
    HalfSquaredError,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanOverMembers,
    MeanSquaredError,
    Poisson,
    QuantileLoss,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)

rng = np.random.default_rng(0)
NUMBERS, TARGETS = rng.normal(size=(2, 5, 3)) * 2
POSITIVE, DISTRIBUTIONS = np.exp(NUMBERS / 4), special.softmax(NUMBERS / 4, axis=1)
OPEN = rng.uniform(0.05, 0.95, (5, 3))
SOFT = rng.dirichlet(np.ones(3), 5)
LABELS = rng.integers(0, 2, (5, 3))
CLASSES = np.array([2, 0, 1, 1, 2])
WEIGHTS = np.array([0.5, 2.0, 0.0, 1.25, 3.0])


def class_log_loss(Y, t, w):
    return metrics.log_loss(t, Y, sample_weight=w, labels=[0, 1, 2])


def label_log_loss(Y, t, w):
    each = [metrics.log_loss(t[:, k], Y[:, k], sample_weight=w, labels=[0, 1]) for k in range(3)]
    return float(np.mean(each))


def soft_log_loss(Y, T, w):
    """Entropy plus divergence, which is −Σ T log Y."""
    return np.average((special.entr(T) + special.rel_entr(T, Y)).sum(axis=1), weights=w)


def huber(delta):
    def oracle(Y, t, w):
        return np.average(special.huber(delta, Y - t).mean(axis=1), weights=w)

    return oracle


def poisson(Y, t, w):
    return np.mean(
        [metrics.mean_poisson_deviance(t[:, k], Y[:, k], sample_weight=w) / 2 for k in range(3)]
    )


def pinball(quantile):
    return lambda Y, t, w: metrics.mean_pinball_loss(t, Y, sample_weight=w, alpha=quantile)


@dataclass(frozen=True)
class Case:
    """A loss, outputs and targets, and a value from outside."""

    loss: Loss
    Y: np.ndarray
    t: np.ndarray
    oracle: object

    def __str__(self):
        return f"{self.loss!r} {self.t.dtype}{self.t.ndim}"


CASES = [
    Case(
        MeanSquaredError(),
        NUMBERS,
        TARGETS,
        lambda Y, t, w: metrics.mean_squared_error(t, Y, sample_weight=w),
    ),
    Case(
        MeanAbsoluteError(),
        NUMBERS,
        TARGETS,
        lambda Y, t, w: metrics.mean_absolute_error(t, Y, sample_weight=w),
    ),
    Case(
        HalfSquaredError(),
        NUMBERS,
        TARGETS,
        lambda Y, t, w: metrics.mean_squared_error(t, Y, sample_weight=w) / 2,
    ),
    Case(Huber(), NUMBERS, TARGETS, huber(1.0)),
    Case(Huber(delta=2.5), NUMBERS, TARGETS, huber(2.5)),
    *(Case(QuantileLoss(q), NUMBERS, TARGETS, pinball(q)) for q in (0.5, 0.1)),
    Case(Poisson(), POSITIVE, rng.poisson(2.0, (5, 3)), poisson),
    Case(
        ExpPoisson(),
        NUMBERS,
        rng.poisson(2.0, (5, 3)),
        lambda Y, t, w: poisson(np.exp(Y), t, w),
    ),
    Case(BinaryCrossEntropy(), OPEN, LABELS, label_log_loss),
    Case(
        BinaryCrossEntropy(),
        OPEN,
        SOFT,
        lambda Y, t, w: np.mean(
            [
                soft_log_loss(np.c_[Y[:, k], 1 - Y[:, k]], np.c_[t[:, k], 1 - t[:, k]], w)
                for k in range(3)
            ]
        ),
    ),
    Case(
        SigmoidBinaryCrossEntropy(),
        NUMBERS,
        LABELS,
        lambda Y, t, w: label_log_loss(special.expit(Y), t, w),
    ),
    Case(CrossEntropy(), DISTRIBUTIONS, CLASSES, class_log_loss),
    Case(CrossEntropy(), DISTRIBUTIONS, SOFT, soft_log_loss),
    Case(
        SoftmaxCrossEntropy(),
        NUMBERS,
        CLASSES,
        lambda Y, t, w: class_log_loss(special.softmax(Y, axis=1), t, w),
    ),
    Case(
        SoftmaxCrossEntropy(),
        NUMBERS,
        SOFT,
        lambda Y, t, w: soft_log_loss(special.softmax(Y, axis=1), t, w),
    ),
]
SEVERAL = rng.normal(size=(5, 4, 3))


def of_members(oracle):
    """Return the mean of the members' own values."""

    def mean(Y, t, w):
        t = t[:, None] if t.dtype.kind == "f" and t.ndim == 1 else t
        members = Y.reshape(*Y.shape[:2], -1)
        return np.mean([oracle(members[:, k], t, w) for k in range(Y.shape[1])])

    return mean


CASES += [
    Case(
        replace(case.loss, outputs="sum"),
        case.Y,
        case.t,
        lambda Y, t, w, oracle=case.oracle: 3 * oracle(Y, t, w),
    )
    for case in CASES
    if isinstance(case.loss, ElementwiseLoss)
]
CASES += [
    Case(
        MeanOverMembers(CrossEntropy()),
        special.softmax(SEVERAL / 4, axis=2),
        CLASSES,
        of_members(class_log_loss),
    ),
    Case(
        MeanOverMembers(SoftmaxCrossEntropy()),
        SEVERAL,
        SOFT,
        of_members(lambda Y, t, w: soft_log_loss(special.softmax(Y, axis=1), t, w)),
    ),
    Case(MeanOverMembers(Huber(delta=2.5)), SEVERAL, TARGETS, of_members(huber(2.5))),
    Case(
        MeanOverMembers(MeanSquaredError()),
        NUMBERS,
        TARGETS[:, 0],
        of_members(lambda Y, t, w: metrics.mean_squared_error(t, Y, sample_weight=w)),
    ),
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)
weighted = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])


def central_difference(f, x, h=1e-3):
    """Return the gradient of f by five-point central differences, wrong by about h⁴."""
    result = np.empty(x.shape)
    for place in np.ndindex(x.shape):

        def moved(steps, place=place):
            at = x.copy()
            at[place] += steps * h
            return f(at)

        result[place] = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * h)
    return result


def test_every_loss_has_a_case():
    assert {type(case.loss) for case in CASES} == set(LOSSES)


@weighted
@every_case
def test_values_come_from_outside(case, weights):
    expected = case.oracle(case.Y, case.t, weights)
    value = case.loss.value(case.Y, case.t, weights)
    assert type(value) is float
    assert value == pytest.approx(float(expected), rel=1e-12)


@weighted
@every_case
def test_a_gradient_is_the_central_difference(case, weights):
    gradient = case.loss.gradient(case.Y, case.t, weights)
    numeric = central_difference(lambda at: case.loss.value(at, case.t, weights), case.Y)
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())
    value, same = case.loss.value_and_gradient(case.Y, case.t, weights)
    assert value == case.loss.value(case.Y, case.t, weights)
    assert same.tolist() == gradient.tolist()


@weighted
@every_case
def test_the_checker_agrees(case, weights):
    report = check_loss(case.loss, case.Y, case.t, weights)
    assert report.passed, str(report)


@given(st.integers(0, 999))
def test_a_batch_is_the_weighted_mean_of_its_samples(seed):
    w = np.random.default_rng(seed).uniform(0, 2, 5)
    for case in CASES:
        rows = [(case.Y[n : n + 1], case.t[n : n + 1]) for n in range(5)]
        each = [case.loss.value(Y, t) for Y, t in rows]
        value, gradient = case.loss.value_and_gradient(case.Y, case.t, w)
        assert value == pytest.approx(np.dot(w, each) / w.sum(), rel=1e-12)
        gradients = np.vstack([case.loss.gradient(Y, t) for Y, t in rows])
        share = (w / w.sum()).reshape(-1, *[1] * (gradients.ndim - 1))
        np.testing.assert_allclose(gradient, gradients * share, rtol=1e-12)


@every_case
def test_weights_count_only_in_proportion(case):
    plain, ones = (case.loss.value_and_gradient(case.Y, case.t, w) for w in (None, np.full(5, 7)))
    assert ones[0] == pytest.approx(plain[0], rel=1e-14)
    np.testing.assert_allclose(ones[1], plain[1], rtol=1e-14)
    twice = case.loss.value(case.Y, case.t, [1, 2, 1, 1, 1])
    again = [0, 1, 1, 2, 3, 4]
    assert twice == pytest.approx(case.loss.value(case.Y[again], case.t[again]), rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.longdouble])
@weighted
@every_case
def test_the_float_type_stays(case, weights, dtype):
    Y = case.Y.astype(dtype)
    value, gradient = case.loss.value_and_gradient(Y, case.t, weights)
    exact, exact_gradient = case.loss.value_and_gradient(case.Y, case.t, weights)
    assert gradient.dtype == dtype
    assert case.loss.errors(Y, case.loss.targets(case.t, Y)).dtype == dtype
    assert value == pytest.approx(exact, rel=1e-6)
    np.testing.assert_allclose(gradient, exact_gradient, rtol=1e-4, atol=1e-7)


@every_case
def test_a_column_of_targets_may_be_a_row(case):
    if case.t.ndim == 1 or isinstance(case.loss, CrossEntropy | MeanOverMembers):
        return
    Y, t = case.Y[:, :1], case.t[:, 0]
    assert case.loss.value(Y, t) == case.loss.value(Y, t[:, None]) == case.loss.value(Y, list(t))


@every_case
def test_nothing_is_changed_in_place(case):
    arrays = [case.Y.copy(), case.t.copy(), WEIGHTS.copy()]
    for array in arrays:
        array.flags.writeable = False
    case.loss.value_and_gradient(*arrays)


@weighted
@every_case
def test_nan_outputs_are_never_a_finite_loss(case, weights):
    of_one = getattr(case.loss, "each", case.loss)
    for place in np.ndindex(case.Y.shape):
        Y = case.Y.copy()
        Y[place] = np.nan
        value, gradient = case.loss.value_and_gradient(Y, case.t, weights)
        assert np.isnan(value)
        assert np.isnan(case.loss.value(Y, case.t, weights))
        if isinstance(of_one, CrossEntropy) and not isinstance(of_one, SoftmaxCrossEntropy):
            continue  # −T/Y is 0 where T is, whatever Y
        assert np.isnan(gradient[place])


@pytest.mark.parametrize("kind", LOSSES)
def test_every_docstring_is_the_lecture(kind):
    assert {"Definition", "Shapes", "Derivative"} <= set(sections(kind))
    formulas = kind().formulas()
    assert formulas.definition
    assert formulas.derivative


def test_formulas_read_like_this():
    formulas = MeanSquaredError().formulas()
    whole = "L = 1/(N·K) Σ_n Σ_k err, of N samples with K outputs"
    assert formulas.definition == ("err = (y - t)^2", whole)
    assert formulas.derivative == ("derr/dy = 2*y - 2*t",)
    assert formulas.backprop == ("dY = 1/(N·K) · derr/dy",)
    assert formulas.latex[0] == r"\mathrm{err} = \left(y - t\right)^{2}"
    assert formulas.latex[3].startswith(r"\frac{\partial L}{\partial y} = \frac{1}{N K} \frac")
    assert MeanSquaredError(outputs="sum").formulas().backprop == ("dY = 1/N · derr/dy",)
    assert MeanAbsoluteError().formulas().definition[0] == "err = |y - t|"
    assert Huber().formulas().derivative == ("derr/dy = max(min(y - t, 1), -1)",)
    assert Huber().formulas().latex[2].endswith(r"\max\left(-1, \min\left(1, y - t\right)\right)")
    assert str(CrossEntropy()) == "CrossEntropy"
