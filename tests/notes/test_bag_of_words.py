"""Madison Cooley, "Cross Entropy Error with Softmax": each formula in its order."""

import numpy as np
import pytest
import sympy
from scipy import sparse

from chainrule import notation
from chainrule.chain import Chain
from chainrule.checking import check_gradients, finite_difference, jacobian
from chainrule.functions import EmbeddingBag, Linear, Softmax
from chainrule.losses import CrossEntropy
from notes.comparison import assert_equal

N, P, D, C = 5, 7, 3, 4


@pytest.fixture
def x():
    return np.random.default_rng(1).integers(0, 4, (N, P)) * 1.0


@pytest.fixture
def labels():
    return np.array([3, 1, 0, 1, 2])


@pytest.fixture
def y(labels):
    return np.eye(C)[labels]


@pytest.fixture
def model():
    chain = Chain(EmbeddingBag(D), Linear(C, bias=False), Softmax())
    chain.initialize((P,), dtype=np.float64)
    chain.parameters.flat[:] = np.random.default_rng(2).normal(size=chain.parameters.flat.size) / 3
    return chain


@pytest.fixture(name="A")
def embedding(model):
    return model.parameters["A0"].T


@pytest.fixture(name="B")
def top_layer(model):
    return model.parameters["W1"].T


@pytest.fixture
def s(x, A, B):
    return np.stack([B @ (A @ x_n) for x_n in x])


@pytest.fixture
def y_hat(s):
    return np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)


def test_shapes(A, B):
    assert (A.shape, B.shape) == ((D, P), (C, D))


def test_cost_is_the_mean_of_label_times_log_softmax(model, x, labels, y, A, B):
    def f(scores):
        return np.exp(scores) / np.sum(np.exp(scores))

    products = [y[n][None] @ np.log(f(B @ A @ x[n][:, None])) for n in range(N)]  # 1 by 1 each
    assert_equal(model.loss(CrossEntropy(), x, labels), -sum(p[0, 0] for p in products) / N)


def test_loss_of_one_text(y, y_hat):
    for n in range(N):
        L_n = -sum(y[n, j] * np.log(y_hat[n, j]) for j in range(C))
        assert_equal(CrossEntropy().errors(y_hat, y)[n], L_n)


def test_scores_and_probabilities(model, x, s, y_hat, A, B):
    h, scores, probabilities = model.trace(x)[1:]
    for n, i in np.ndindex(N, D):
        assert_equal(h[n, i], sum(A[i, p] * x[n, p] for p in range(P)))
    for n, j in np.ndindex(N, C):
        assert_equal(scores[n, j], sum(B[j, i] * h[n, i] for i in range(D)))
    assert_equal(scores, s)
    assert_equal(probabilities, y_hat)


def test_derivative_by_a_probability(y, y_hat):
    assert_equal(CrossEntropy().error_gradients(y_hat, y), -y / y_hat)


@pytest.mark.parametrize(("i", "j"), list(np.ndindex(3, 3)))
def test_quotient_rule_in_symbols(i, j):
    s = sympy.symbols("s1:4", real=True)
    e, total = [sympy.exp(each) for each in s], sum(map(sympy.exp, s))
    y = [each / total for each in e]
    derivative = sympy.diff(e[i] / total, s[j])
    rule = (sympy.diff(e[i], s[j]) * total - sympy.diff(total, s[j]) * e[i]) / total**2
    expanded = ((e[j] * total if i == j else 0) - e[i] * e[j]) / (total * total)
    for stated in (rule, expanded, y[j] * (1 - y[j]) if i == j else -y[i] * y[j]):
        assert sympy.simplify(derivative - stated) == 0


def test_derivatives_of_softmax(s, y_hat):
    J = Softmax().jacobian(s, {})
    for n, i, j in np.ndindex(N, C, C):
        p = y_hat[n]
        assert_equal(J[n, i, j], p[j] * (1 - p[j]) if i == j else -p[i] * p[j])


def test_each_step_to_the_gradient_by_a_score(s, y, y_hat):
    J = Softmax().jacobian(s, {})
    for n, j in np.ndindex(N, C):
        t, p, others = y[n], y_hat[n], [i for i in range(C) if i != j]
        steps = [
            sum(-t[i] / p[i] * J[n, i, j] for i in range(C)),
            -t[j] / p[j] * J[n, j, j] + sum(-t[i] / p[i] * J[n, i, j] for i in others),
            -t[j] / p[j] * p[j] * (1 - p[j]) + sum(t[i] / p[i] * p[i] * p[j] for i in others),
            -t[j] * (1 - p[j]) + sum(t[i] * p[j] for i in others),
            p[j] * (t[j] + sum(t[i] for i in others)) - t[j],
        ]
        for step in steps:
            assert_equal(step, p[j] - t[j])


def test_derivative_of_a_score_by_its_row_of_b(x, A, B):
    for n, j in np.ndindex(N, C):
        row = finite_difference(lambda row, n=n: row @ A @ x[n], B[j])
        assert_equal(row, (A @ x[n]).T)


def test_boxed_gradient_by_b(model, x, labels, y, y_hat, A):
    _, gradient = model.gradient(CrossEntropy(), x, labels)
    for j in range(C):
        boxed = [(y_hat[n, j] - y[n, j]) * (A @ x[n]) for n in range(N)]
        assert_equal(gradient["W1"].T[j], np.mean(boxed, axis=0))


def test_derivatives_through_the_hidden_numbers(x, A, B):
    h = A @ x[0]
    assert_equal(jacobian(lambda h: B @ h, h), np.array(B))
    for i in range(D):
        by_row = finite_difference(lambda row: row @ x[0], A[i])
        assert_equal(by_row, x[0])


def test_boxed_gradient_by_a(model, x, labels, y, y_hat, B):
    _, gradient = model.gradient(CrossEntropy(), x, labels)
    for i in range(D):
        boxed = [sum((y_hat[n] - y[n]) * B[:, i]) * x[n] for n in range(N)]
        assert_equal(gradient["A0"].T[i], np.mean(boxed, axis=0))


def test_both_boxed_formulas_as_lines(x, y, y_hat, A, B):
    line = notation.parse("s[n,j] = B[j,i] A[i,p] x[n,p]")
    operands, ds = {"A": A, "B": B, "x": x}, y_hat - y
    assert str(notation.gradient(line, "B")) == "dB[j,i] = ds[n,j] A[i,p] x[n,p]"
    assert str(notation.gradient(line, "A")) == "dA[i,p] = B[j,i] ds[n,j] x[n,p]"
    assert_equal(notation.backprop(line, operands, ds, by="B"), ds.T @ (x @ A.T))
    assert_equal(notation.backprop(line, operands, ds, by="A"), (ds @ B).T @ x)


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_the_model_against_finite_differences(model, x, labels, layout):
    assert check_gradients(model, CrossEntropy(), x, labels, samples=None).passed
    _, gradient = model.gradient(CrossEntropy(), layout(x), labels)

    def cost(at):
        moved = model.astype(np.float64)
        moved.parameters.flat[:] = at
        return moved.loss(CrossEntropy(), layout(x), labels)

    assert_equal(gradient.flat, finite_difference(cost, model.parameters.flat))
