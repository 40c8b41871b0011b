"""The notes' slips: what is printed fails, what should stand there holds, and is what we compute.

The numbers are those of docs/notes/slips.md; those from 21 on are in test_slips_of_lectures.py.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import sympy

from chainrule.chain import Chain
from chainrule.checking import finite_difference, jacobian
from chainrule.functions import Conv2d, EmbeddingBag, Linear, ReLU, Softmax
from chainrule.losses import CrossEntropy, SoftmaxCrossEntropy
from notes import test_slips_of_lectures
from notes.comparison import assert_equal, differ
from notes.slip_cases import C, D, N, P, case, softmax

__all__ = ["case"]

COUNT = 34


def test_the_document_has_them_all():
    path = Path(__file__).parents[2] / "docs" / "notes" / "slips.md"
    numbers = re.findall(r"^\*\*(\d+)\. ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert numbers == [str(number) for number in range(1, COUNT + 1)]
    names = [*globals(), *vars(test_slips_of_lectures)]
    tested = [re.match(r"test_(\d\d)_", name) for name in names]
    assert sorted(int(match[1]) for match in tested if match) == list(range(1, COUNT + 1))


def test_ours_agrees_with_the_judge(case):
    assert_equal(Softmax().jacobian(case.z[None], {})[0], case.J)
    assert_equal(CrossEntropy().gradient(case.p[None], [case.c])[0], case.dL_dp)
    assert_equal(SoftmaxCrossEntropy().gradient(case.z[None], [case.c])[0], case.dL_dz)


# --- Xue ------------------------------------------------------------------------------------


def test_01_quotient_rule_subtracts(case):
    e, S = case.e, case.S
    assert differ(e / S * -e / S**2 * e, np.diag(case.J))
    assert_equal(e / S - e / S**2 * e, np.diag(case.J))


# --- Cooley ---------------------------------------------------------------------------------


def test_02_factor_lost_in_the_quotient_rule(case):
    e, S = case.e, case.S
    assert differ((e * S - e) / (S * S), np.diag(case.J))
    assert_equal((e * S - e * e) / (S * S), np.diag(case.J))


def test_03_exponential_of_the_other_score(case):
    e, S, i, j = case.e, case.S, 0, 3
    assert differ((0 * S - e[j] * e[j]) / S**2, case.J[i, j])
    assert_equal((0 * S - e[j] * e[i]) / S**2, case.J[i, j])


def test_04_index_both_bound_and_free(case):
    p, t, every = case.p, case.t, range(C)
    printed = np.full(C, sum(case.dL_dp[j] * case.J[j, j] for j in every))
    assert differ(printed, case.dL_dz)
    right = [sum(case.dL_dp[i] * case.J[i, j] for i in every) for j in every]
    assert_equal(right, case.dL_dz)
    collapsed = [-t[j] + t[j] * p[j] + sum(t[i] * p[i] for i in every if i != j) for j in every]
    assert differ(collapsed, case.dL_dz)
    apart = [-t[j] + t[j] * p[j] + sum(t[i] * p[j] for i in every if i != j) for j in every]
    assert_equal(apart, case.dL_dz)


def test_05_sign_of_the_other_terms(case):
    own = case.dL_dp * np.diag(case.J)
    rest = case.dL_dp @ case.J - own
    assert differ(own - rest, case.dL_dz)
    assert_equal(own + rest, case.dL_dz)


def test_06_sum_missing_in_the_chain_to_a(case):
    B, h = np.random.default_rng(0).normal(size=(C, D)), np.array([0.3, -0.7, 1.1])
    p = softmax(B @ h)
    J = Softmax().jacobian((B @ h)[None], {})[0]
    truth = finite_difference(lambda h: -case.t @ np.log(softmax(B @ h)), h)
    assert differ(-case.t / p * np.diag(J) @ B, truth)
    assert_equal(-case.t / p @ J @ B, truth)


def test_07_sum_over_dimensions_not_samples():
    B, h = np.random.default_rng(0).normal(size=(C, D)), np.array([0.3, -0.7, 1.1])
    with pytest.raises(IndexError):
        sum(B[0, i] * h[i] for i in range(N))
    with pytest.raises(IndexError):
        sum(B[0, i] * h[i] for i in range(D + 1))
    assert_equal(sum(B[0, i] * h[i] for i in range(D)), (B @ h)[0])


def test_08_index_bound_and_free_in_the_sum_of_a_score():
    B, letters = np.random.default_rng(0).normal(size=(C, D)), sympy.symbols("h:3")
    truth = jacobian(lambda h: B @ h, np.array([0.3, -0.7, 1.1]))
    for j in range(C):
        printed = sum(sympy.diff(B[j, i] * letters[i], letters[i]) for i in range(D))
        assert differ(np.full(D, float(printed)), truth[j])
        total = sum(B[j, k] * letters[k] for k in range(D))
        right = [float(sympy.diff(total, letters[i])) for i in range(D)]
        assert_equal(right, truth[j])
        assert_equal(B[j], truth[j])


def test_09_gradient_of_a_row_is_a_row():
    rng = np.random.default_rng(0)
    A, B, x = rng.normal(size=(D, P)), rng.normal(size=(C, D)), rng.normal(size=(P, 1))
    t = np.eye(C)[[2]].T
    backward = B.T @ (softmax((B @ A @ x)[:, 0])[:, None] - t)
    model = Chain(EmbeddingBag(D), Linear(C, bias=False), Softmax())
    model.initialize((P,), dtype=np.float64)
    model.parameters["A0"][...], model.parameters["W1"][...] = A.T, B.T
    _, gradient = model.gradient(CrossEntropy(), x.T, [2])
    for i in range(D):
        row, printed, right = A[i : i + 1], backward[i] * x, backward[i] * x.T
        assert printed.shape == (P, 1)
        assert (row - printed).shape == (P, P)
        assert_equal(gradient["A0"].T[i : i + 1], right)


def test_10_softmax_of_a_column_is_a_column(case):
    y_n, column = case.t[None], case.p[:, None]
    with pytest.raises(ValueError, match="matmul"):
        y_n @ np.log(column.T)
    assert_equal(-(y_n @ np.log(column))[0, 0], CrossEntropy().value(case.p[None], [case.c]))


# --- Taura ----------------------------------------------------------------------------------


def entropy(t, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.sum(np.where(t == 0, 0, t * np.log(y)))


def test_11_parameters_are_a_column():
    X, t = np.random.default_rng(0).normal(size=(5, 3)), np.zeros((5, 1))
    row = np.array([[0.5, -1.0, 2.0]])
    update = 0.1 * 2 * X.T @ (X @ row.T - t)
    assert (row - update).shape == (D, D)
    stepped = row.T - update
    assert stepped.shape == (D, 1)
    assert np.sum((X @ stepped - t) ** 2) < np.sum((X @ row.T - t) ** 2)


def test_12_parenthesis_of_the_loss(case):
    with pytest.raises(TypeError):
        entropy(softmax(case.t, case.z))
    assert_equal(entropy(case.t, softmax(case.z)), CrossEntropy().value(case.p[None], [case.c]))


def test_13_cross_entropy_is_not_symmetric(case):
    assert entropy(case.p, case.t) == np.inf
    assert_equal(entropy(case.t, case.p), CrossEntropy().value(case.p[None], [case.c]))
    soft = softmax(-case.z)
    assert differ(entropy(soft, case.p), entropy(case.p, soft))


def test_14_input_of_the_last_function():
    chain = Chain(Linear(2), ReLU(), Linear(4)).initialize((3,), dtype=np.float64)
    n, trace = 3, chain.trace(np.random.default_rng(0).normal(size=(5, 3)))
    last = chain.layers[-1].function
    own = {"W": chain.parameters["W1"], "b": chain.parameters["b1"]}
    with pytest.raises(ValueError):  # x_n is y, and f_n does not take its own output
        last.forward(trace[n], own)
    assert_equal(last.forward(trace[n - 1], own), trace[n])


def test_15_derivative_is_a_row_and_the_step_a_column():
    rng = np.random.default_rng(0)
    X, w, t = rng.normal(size=(5, 3)), rng.normal(size=(3, 1)), rng.normal(size=(5, 1))

    def loss(w):
        return np.sum((X @ w - t) ** 2)

    column = 2 * X.T @ (X @ w - t)
    with pytest.raises(ValueError, match="matmul"):  # a Δx, the definition, with the column
        column @ w
    assert (w - 0.1 * column.T).shape == (3, 3)  # and the update, which transposes it
    row = column.T
    step = 1e-6 * rng.normal(size=(3, 1))
    assert (row @ step).item() == pytest.approx(loss(w + step) - loss(w), rel=1e-4)
    assert_equal(row.T, finite_difference(loss, w))


@pytest.fixture
def convolution():
    rng, conv = np.random.default_rng(0), Conv2d(3, size=3, padding="same", bias=False)
    x, w = rng.normal(size=(2, 2, 4, 5)), rng.normal(size=(3, 2, 3, 3))
    dY = rng.normal(size=(2, 3, 4, 5))
    truth = finite_difference(lambda X: np.sum(dY * conv.forward(X, {"W": w})), x)
    return conv, x, w, dY, truth


def test_16_gradient_by_an_image_sums_over_taps(convolution):
    conv, x, w, dY, truth = convolution
    b, ic = 1, 0
    for p, q in np.ndindex(4, 5):
        printed = [np.sum(dY[b].sum(axis=(1, 2)) * w[:, ic, u, v]) for u, v in np.ndindex(3, 3)]
        assert all(differ(one, truth[b, ic, p, q]) for one in printed)
        right = sum(
            dY[b, :, p - u, q - v] @ w[:, ic, u + 1, v + 1]
            for u in (-1, 0, 1)
            for v in (-1, 0, 1)
            if 0 <= p - u < 4 and 0 <= q - v < 5
        )
        assert_equal(right, truth[b, ic, p, q])
    assert_equal(conv.backprop(dY, x, conv.forward(x, {"W": w}), {"W": w})[0], truth)


def test_17_relu_at_zero():
    x, dY = np.zeros((1, 1)), np.full((1, 1), 3.0)
    stated, printed = np.maximum(np.sign(x), 0), np.where(x >= 0, dY, 0)
    assert differ(printed, dY * stated)
    y = ReLU().forward(x, {})
    assert_equal(ReLU().slopes(x, y), stated)
    assert_equal(ReLU().backprop(dY, x, y, {})[0], dY * stated)


def test_18_derivative_of_cross_entropy_is_not_one_hot(case):
    one_hot = {0.0, 1.0}
    assert not set(case.dL_dp) <= one_hot
    assert differ(case.dL_dp, case.t)
    assert_equal(case.dL_dp, -case.t / case.p[case.c])


def test_19_derivative_by_a_column_is_a_row(case):
    column, y_c, truth = case.t[:, None], case.p[case.c], case.dL_dp[None]
    assert (-column / y_c).shape != truth.shape
    with pytest.raises(ValueError, match="matmul"):
        -column / y_c @ case.J
    assert_equal(-column.T / y_c, truth)
    assert_equal(-column.T / y_c @ case.J, case.dL_dz[None])


def test_20_minus_sign_of_the_correct_class(case):
    p, c = case.p, case.c
    printed, right = p * p[c], p * p[c]
    printed[c], right[c] = p[c] * (1 - p[c]), -p[c] * (1 - p[c])
    assert differ(printed / p[c], case.dL_dz)
    assert_equal(right / p[c], case.dL_dz)
