"""The derivative that each elementwise rule states is the one that SymPy finds."""

from dataclasses import replace

import numpy as np
import pytest
import sympy

from chainrule.functions import (
    ELU,
    FUNCTIONS,
    GELU,
    Elementwise,
    Identity,
    LeakyReLU,
    Sigmoid,
    SiLU,
    Tanh,
)
from chainrule.losses import (
    LOSSES,
    BinaryCrossEntropy,
    ElementwiseLoss,
    ExpPoisson,
    Huber,
    Poisson,
    SigmoidBinaryCrossEntropy,
)

x, y, t = sympy.symbols("x y t", real=True)
SMOOTH = (GELU(), SiLU(), Sigmoid(), Tanh(), Identity())
ELEMENTWISE = [kind() for kind in FUNCTIONS if issubclass(kind, Elementwise)]
ELEMENTWISE += [LeakyReLU(0.25), ELU(0.5), ELU(2.0)]
POINTS = [sympy.Rational(*fraction) for fraction in ((1, 3), (7, 5), (1, 100), (4, 1), (23, 2))]
PROBABILITIES = [sympy.Rational(*fraction) for fraction in ((1, 7), (1, 2), (9, 11))]


def exact(expression):
    return sympy.nsimplify(sympy.sympify(expression), rational=True)


def assert_equal_to_30_digits(a, b, point):
    a, b = (sympy.N(exact(side).subs(point).doit(), 40) for side in (a, b))
    assert abs(a - b) <= sympy.Float("1e-30") * max(1, abs(a)), f"at {point}"


@pytest.mark.parametrize("function", SMOOTH, ids=str)
def test_a_smooth_derivative_is_the_symbolic_one(function):
    value = exact(function.value(x))
    stated = exact(function.derivative(x, value))
    assert sympy.simplify((sympy.diff(value, x) - stated).rewrite(sympy.exp)) == 0


@pytest.mark.parametrize("function", ELEMENTWISE, ids=str)
def test_a_derivative_is_the_symbolic_one_on_both_sides_of_a_kink(function):
    value = exact(function.value(x))
    derivative = sympy.diff(value, x)
    for point in POINTS:
        for side in (point, -point):
            assert_equal_to_30_digits(derivative, function.derivative(x, value), {x: side})


@pytest.mark.parametrize("function", ELEMENTWISE, ids=str)
def test_the_symbolic_value_is_the_numeric_one(function):
    numbers = np.array([float(s * p) for p in POINTS for s in (1, -1)])
    value = exact(function.value(x))
    expected = [float(sympy.N(value.subs(x, sympy.Rational(number)), 30)) for number in numbers]
    np.testing.assert_allclose(function.forward(numbers, {}), expected, rtol=1e-13, atol=1e-15)


def places(loss):
    """Pairs (y, t) on both sides of every kink, inside the domain of a loss."""
    if isinstance(loss, BinaryCrossEntropy):
        return [(p, q) for p in PROBABILITIES for q in (0, *PROBABILITIES, 1)]
    if isinstance(loss, SigmoidBinaryCrossEntropy):
        return [(s * p, q) for p in POINTS for s in (1, -1) for q in (0, *PROBABILITIES, 1)]
    if isinstance(loss, ExpPoisson):
        return [(s * p, q) for p in POINTS for s in (1, -1) for q in (0, *PROBABILITIES, 3)]
    if isinstance(loss, Poisson):
        return [(p, q) for p in POINTS for q in (0, *PROBABILITIES, 3)]
    return [(s * p, q) for p in POINTS for s in (1, -1) for q in (0, *PROBABILITIES, -2)]


LOSS_CASES = [kind() for kind in LOSSES if issubclass(kind, ElementwiseLoss)]
LOSS_CASES += [replace(Huber(), delta=0.25), Huber(8.0)]


@pytest.mark.parametrize("loss", LOSS_CASES, ids=repr)
def test_a_losss_derivative_is_the_symbolic_one(loss):
    for at, target in places(loss):
        target = sympy.sympify(target)
        error, derivative = exact(loss.error(y, target)), exact(loss.derivative(y, target))
        assert_equal_to_30_digits(sympy.diff(error, y), derivative, {y: at})


@pytest.mark.parametrize("loss", LOSS_CASES, ids=repr)
def test_a_losss_symbolic_error_is_the_numeric_one(loss):
    for at, target in places(loss):
        error = exact(loss.error(y, sympy.sympify(target)))
        expected = float(sympy.N(error.subs(y, at).doit(), 30))
        value = loss.value(np.array([[float(at)]]), [float(target)])
        assert value == pytest.approx(expected, rel=1e-13, abs=1e-15)
