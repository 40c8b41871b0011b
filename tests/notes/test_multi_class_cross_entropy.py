"""The note "Gradient of Multi-class Cross-Entropy": each formula and number in its order."""

from decimal import Context, Decimal
from functools import reduce

import numpy as np
import pytest
import sympy

from chainrule import mathematics
from chainrule.checking import finite_difference, jacobian
from chainrule.functions import Linear, Sigmoid, Softmax
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)
from notes.comparison import assert_equal

SCORES = ("-2.85", "0.86", "0.28")
PRINTED = ("0.0154493156751271", "0.631163353697413", "0.353387330637003")
PRINTED_LOSS = "1.040190570"
CORRECT = 2  # "the correct class at 3", counted from 0


@pytest.fixture
def scores():
    return np.array([SCORES], dtype=np.float64)


@pytest.fixture
def p(scores):
    return Softmax().forward(scores, {})


@pytest.fixture
def z():
    return np.random.default_rng(0).normal(size=(5, 1)) * 3


@pytest.fixture
def y():
    return np.array([[1.0], [0.0], [0.0], [1.0], [0.0]])


def test_sigmoid_of_an_affine_function():
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    theta = Linear(2).forward(x, {"W": w, "b": b})
    for n, o in np.ndindex(5, 2):
        assert_equal(theta[n, o], w[:, o].T @ x[n] + b[o])
        expected = 1 / (1 + np.exp(-theta[n, o]))
        assert_equal(Sigmoid().forward(theta, {})[n, o], expected)


def test_derivative_of_sigmoid_in_symbols():
    theta = sympy.Symbol("theta", real=True)
    value = Sigmoid().value(theta)
    assert value == 1 / (1 + sympy.exp(-theta))
    stated = sympy.exp(-theta) / (1 + sympy.exp(-theta)) ** 2
    assert sympy.diff(value, theta) == stated
    assert sympy.simplify(Sigmoid().derivative(theta, value) - stated) == 0


def test_derivative_of_sigmoid_as_the_program_line(z):
    line = 0.1e1 / (0.1e1 + np.exp(-z)) ** 2 * np.exp(-z)
    assert_equal(Sigmoid().slopes(z, Sigmoid().forward(z, {})), line)


def test_softmax_divides_exponentials_by_their_sum(scores, p):
    for j in range(3):
        total = sum(np.exp(scores[0, k]) for k in range(3))
        assert_equal(p[0, j], np.exp(scores[0, j]) / total)


def test_softmax_generalises_the_sigmoid(z):
    two = np.hstack([z, 0 * z])
    assert_equal(Softmax().forward(two, {})[:, :1], Sigmoid().forward(z, {}))


def test_softmax_of_the_example_to_the_digits_that_are_right(p):
    exact = Context(prec=30)
    exponentials = [exact.exp(Decimal(text)) for text in SCORES]
    total = reduce(exact.add, exponentials)
    for ours, exponential, printed in zip(p[0], exponentials, PRINTED, strict=True):
        true = float(exact.divide(exponential, total))
        assert abs(ours - true) <= 2e-16
        assert abs(float(printed) - true) < 3e-10 * true


def test_every_printed_digit_of_the_example_in_ten_digit_arithmetic():
    ten = Context(prec=10)
    exponentials = [ten.exp(Decimal(text)) for text in SCORES]
    total = reduce(ten.add, exponentials)
    reciprocal = ten.divide(1, total)
    assert tuple(f"{float(e * reciprocal):.15g}" for e in exponentials) == PRINTED
    assert str(-ten.ln(ten.divide(exponentials[CORRECT], total))) == PRINTED_LOSS


def test_loss_of_the_example(scores, p):
    values = [
        CrossEntropy().value(p, [CORRECT]),
        SoftmaxCrossEntropy().value(scores, [CORRECT]),
        -np.log(p[0, CORRECT]),
        -np.log(np.exp(scores[0, CORRECT]) / sum(np.exp(scores[0]))),
    ]
    for value in values:
        assert f"{value:.12f}" == "1.040190569430"
        assert abs(value - float(PRINTED_LOSS)) < 1e-9


def test_cross_entropy_of_distributions():
    rng = np.random.default_rng(2)
    true, model = (Softmax().forward(rng.normal(size=(5, 4)), {}) for _ in range(2))
    for n in range(5):
        H = -sum(true[n, i] * np.log(model[n, i]) for i in range(4))
        assert_equal(CrossEntropy().errors(model, true)[n], H)


def test_logistic_probabilities_are_complementary(z):
    g = Sigmoid().forward(z, {})
    assert_equal(g, 1 / (1 + np.exp(-z)))
    assert_equal(1 - g, Sigmoid().forward(-z, {}))


def test_binary_cross_entropy_is_cross_entropy_of_two_classes(z, y):
    y_hat = Sigmoid().forward(z, {})
    p, q = np.hstack([y, 1 - y]), np.hstack([y_hat, 1 - y_hat])
    H = -(p * np.log(q)).sum(axis=1)
    assert_equal(H, (-(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)))[:, 0])
    assert_equal(CrossEntropy().errors(q, p), H)
    assert_equal(BinaryCrossEntropy().errors(y_hat, y), H)
    assert_equal(SigmoidBinaryCrossEntropy().errors(z, y), H)


def test_binary_loss_is_the_mean(z, y):
    y_hat = Sigmoid().forward(z, {})
    terms = y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)
    assert_equal(BinaryCrossEntropy().value(y_hat, y), -sum(terms[:, 0]) / 5)
    assert_equal(SigmoidBinaryCrossEntropy().value(z, y), -sum(terms[:, 0]) / 5)


def test_one_hot_labels_leave_one_term(scores):
    z = np.vstack([scores, scores[:, ::-1], 2 * scores, -scores, scores**2])
    classes = [2, 0, 1, 1, 2]
    q = Softmax().forward(z, {})
    for n, correct in enumerate(classes):
        expected = -np.log(np.exp(z[n, correct]) / np.sum(np.exp(z[n])))
        one_hot = np.eye(3)[[correct]]
        assert_equal(CrossEntropy().errors(q[n : n + 1], one_hot)[0], -np.log(q[n, correct]))
        assert_equal(SoftmaxCrossEntropy().errors(z[n : n + 1], one_hot)[0], expected)


def test_rules_of_differentiation():
    x = sympy.Symbol("x")
    f, g = sympy.Function("f")(x), sympy.Function("g")(x)
    quotient = (f.diff(x) * g - g.diff(x) * f) / g**2
    assert sympy.simplify(sympy.diff(f / g, x) - quotient) == 0
    assert sympy.diff(mathematics.exp(x), x) == sympy.exp(x)
    assert sympy.diff(mathematics.log(x), x) == 1 / x
    a = sympy.symbols("a:5")
    assert sympy.diff(sum(a_k * x**3 for a_k in a), x) == sum(3 * a_k * x**2 for a_k in a)


def test_first_factor_is_minus_one_over_q(p):
    q = sympy.Symbol("q", positive=True)
    assert sympy.diff(-sympy.log(q), q) == -1 / q
    assert_equal(CrossEntropy().gradient(p, [CORRECT])[0], [0, 0, -1 / p[0, CORRECT]])


def test_second_factor_by_equations_2_to_6(scores, p):
    a, z_i, c, p_k = sympy.symbols("a z_i c p_k", real=True)
    total = sympy.exp(a) + sympy.exp(z_i) + sympy.exp(c)
    e = sympy.exp(z_i)
    assert sympy.diff(total, z_i) == e  # (3)
    derivative = sympy.diff(e / total, z_i)
    for equation in (
        e / total - e * sympy.diff(total, z_i) / total**2,
        e / total - e**2 / total**2,
    ):
        assert sympy.simplify(derivative - equation) == 0  # (2), then (4) and (5)
    assert sympy.factor(p_k - p_k**2) == -p_k * (p_k - 1)  # (6) and the last line
    for k in range(3):
        assert_equal(Softmax().jacobian(scores, {})[0, k, k], -p[0, k] * (p[0, k] - 1))


def test_product_of_both_factors_and_the_other_scores(scores, p):
    J = jacobian(lambda row: Softmax().forward(row[None], {})[0], scores[0])
    gradient = SoftmaxCrossEntropy().gradient(scores, [CORRECT])[0]
    assert_equal(gradient, -1 / p[0, CORRECT] * J[CORRECT])
    assert_equal(gradient[CORRECT], p[0, CORRECT] - 1)
    assert_equal(gradient[:CORRECT], p[0, :CORRECT])

    def loss(z):
        return CrossEntropy().value(Softmax().forward(z, {}), [CORRECT])

    assert_equal(finite_difference(loss, scores)[0], gradient)
