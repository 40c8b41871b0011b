"""What every function promises, checked for every function in ``FUNCTIONS``."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule import Chain, functions as f
from chainrule.checking import check_function
from chainrule.formulas import SECTIONS, sections
from chainrule.functions import FUNCTIONS, RandomKey
from functions import naive
from functions.cases import ALL, CASES

every_case = pytest.mark.parametrize("case", ALL, ids=str)
FLOATS = (np.float32, np.float64, np.longdouble)


def numeric_jacobian(g, x, h=1e-3):
    """Return ∂g/∂x by five-point central differences, wrong by about h⁴."""
    columns = []
    for place in np.ndindex(x.shape):

        def moved(steps, place=place):
            at = x.copy()
            at[place] += steps * h
            return g(at)

        columns.append((8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * h))
    return np.stack(columns, axis=-1).reshape(g(x).shape + x.shape)


def assert_close(actual, expected, tolerance=1e-7):
    """Compare with the largest number of all, so that zeros may be as wrong as rounding is."""
    assert actual.shape == expected.shape
    scale = max(np.abs(expected).max(initial=0), 1e-3)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def pass_through(case, dtype=np.float64, **options):
    """Return X, parameters, Y, a random dY, and what backprop makes of it."""
    X, parameters = case.draw(dtype, **options)
    Y = case.function.forward(X, parameters, case.key)
    dY = np.random.default_rng(1).normal(size=Y.shape).astype(dtype)
    return X, parameters, Y, dY, case.function.backprop(dY, X, Y, parameters, case.key)


def test_every_function_has_cases_and_an_oracle():
    assert set(CASES) == set(naive.ORACLES) == set(FUNCTIONS)
    assert all(type(case.function) is kind for kind, cases in CASES.items() for case in cases)
    public = {getattr(f, name) for name in f.__all__ if isinstance(getattr(f, name), type)}
    bases = {f.Function, f.Elementwise, f.Multilinear, f.ExplicitFunction, RandomKey}
    assert public - bases == set(FUNCTIONS)


@every_case
def test_forward_is_the_naive_one(case):
    X, parameters = case.draw()
    Y = case.function.forward(X, parameters, case.key)
    expected = naive.forward(case.function, X, parameters, case.key)
    assert Y.shape == expected.shape
    np.testing.assert_allclose(Y, expected, rtol=1e-12, atol=1e-13)


@every_case
def test_jacobians_are_central_differences_and_backprop_multiplies_by_them(case):
    function, key = case.function, case.key
    X, parameters, Y, dY, (dX, gradients) = pass_through(case)
    n = len(X)
    assert set(gradients) == set(parameters) == set(function.parameter_shapes(case.shape))

    def moved(at):
        return function.forward(at, parameters, key)

    numeric = numeric_jacobian(moved, X)
    if isinstance(function, f.EmbeddingBag) and function.mode == "mean":
        numeric[1] = 0  # the empty bag has no derivative: a single step would fill it
    assert_close(np.tensordot(dY, numeric, axes=dY.ndim), dX)
    J = function.jacobian(X, parameters, key=key)
    across = numeric.reshape(n, -1, n, int(np.prod(case.shape)))
    own = across[np.arange(n), :, np.arange(n)]
    assert_close(J.reshape(own.shape), own)
    assert J.shape == Y.shape + case.shape
    across[np.arange(n), :, np.arange(n)] = 0
    assert not across.any(), "one sample changes another's output"
    for name, array in parameters.items():

        def with_parameter(at, name=name):
            return function.forward(X, {**parameters, name: at}, key)

        numeric = numeric_jacobian(with_parameter, array)
        assert_close(function.jacobian(X, parameters, name, key), numeric)
        assert_close(gradients[name], np.tensordot(dY, numeric, axes=dY.ndim))


@every_case
def test_shapes_are_those_that_are_announced(case):
    X, parameters, Y, _, (dX, gradients) = pass_through(case)
    assert Y.shape == (len(X), *case.function.output_shape(case.shape))
    assert dX.shape == X.shape
    shapes = case.function.parameter_shapes(case.shape)
    assert {name: array.shape for name, array in gradients.items()} == shapes
    if parameters:
        inputs, outputs = case.function.fans(case.shape)
        assert inputs >= 1
        assert outputs >= 1


@every_case
def test_the_gradient_of_the_data_may_be_left_out(case):
    X, parameters, Y, dY, (_, gradients) = pass_through(case)
    dX, same = case.function.backprop(dY, X, Y, parameters, case.key, input_gradient=False)
    assert dX is None
    assert all((same[name] == gradients[name]).all() for name in parameters)
    assert set(same) == set(gradients)


@every_case
def test_nothing_is_changed_in_place(case):
    X, parameters = case.draw()
    arrays = [X, *parameters.values()]
    for array in arrays:
        array.flags.writeable = False
    Y = case.function.forward(X, parameters, case.key)
    Y.flags.writeable = False
    dY = np.ones_like(Y)
    dY.flags.writeable = False
    case.function.backprop(dY, X, Y, parameters, case.key)
    case.function.jacobian(X, parameters, key=case.key)


@pytest.mark.parametrize("dtype", FLOATS)
@every_case
def test_the_float_type_stays(case, dtype):
    X, parameters, Y, _, (dX, gradients) = pass_through(case, dtype)
    arrays = [Y, dX, *gradients.values()]
    arrays += [case.function.jacobian(X, parameters, by, case.key) for by in ("X", *parameters)]
    assert [array.dtype for array in arrays] == [dtype] * len(arrays)


@every_case
def test_float32_is_float64_but_for_rounding(case):
    _, _, Y, _, (dX, gradients) = pass_through(case, np.float64)
    _, _, Y32, _, (dX32, gradients32) = pass_through(case, np.float32)
    for exact, rounded in (
        (Y, Y32),
        (dX, dX32),
        *((gradients[k], gradients32[k]) for k in gradients),
    ):
        assert_close(rounded, exact, 3e-6)


@every_case
def test_no_samples_give_no_outputs(case):
    X, _, Y, _, (dX, gradients) = pass_through(case, n=0)
    assert Y.shape == (0, *case.function.output_shape(case.shape))
    assert dX.shape == X.shape
    assert not any(gradient.any() for gradient in gradients.values())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1000.0, -1000.0])
@every_case
def test_large_inputs_stay_finite(case, size, dtype):
    if isinstance(case.function, f.Exp):
        size = min(size, 80.0)  # beyond, an exponential is infinite
    X, parameters = case.draw(dtype)
    for at in (np.full_like(X, size), np.where(X > 0, X.dtype.type(size), X)):
        Y = case.function.forward(at, parameters, case.key)
        dX, gradients = case.function.backprop(np.ones_like(Y), at, Y, parameters, case.key)
        J = case.function.jacobian(at, parameters, key=case.key)
        assert all(np.isfinite(array).all() for array in (Y, dX, J, *gradients.values()))


@every_case
def test_nan_in_a_sample_is_nan_in_its_output_only(case):
    X, parameters = case.draw()
    X[0] = np.nan
    Y = case.function.forward(X, parameters, case.key)
    if isinstance(case.function, f.Conv2d | f.AvgPool2d):  # some windows are padding alone
        expected = np.isnan(naive.forward(case.function, X, parameters, case.key)[0])
        assert (np.isnan(Y[0]) == expected).all()
        assert expected.any()
    else:
        assert np.isnan(Y[0]).all()
    assert np.isfinite(Y[1:]).all()


@every_case
def test_a_single_nan_does_not_get_lost(case):
    X, parameters = case.draw()
    J = case.function.jacobian(X, parameters, key=case.key)[0]
    matters = J.reshape(-1, *case.shape).any(axis=0) & (X[0] != 0)
    X[(0, *np.argwhere(matters | ~matters.any())[-1])] = np.nan
    assert np.isnan(case.function.forward(X, parameters, case.key)).any()


@every_case
def test_the_same_call_gives_the_same_bits(case):
    X, parameters = case.draw()
    first, second = (case.function.forward(X, parameters, case.key) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@every_case
def test_functions_are_values(case):
    function = case.function
    again = eval(str(function), {**vars(f), "Chain": Chain})
    assert function == again
    assert hash(function) == hash(again)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_every_docstring_is_the_lecture(kind):
    parts = sections(kind)
    assert {"Definition", "Shapes", "Backprop"} <= set(parts)
    assert {"Derivative", "Jacobian"} & set(parts)
    assert all(parts.values())
    order = [title for title in parts if title in SECTIONS]
    assert order == sorted(order, key=SECTIONS.index)
    assert re.match(r"[A-ZE].*[.]$", kind.__doc__.splitlines()[0])


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_every_function_has_formulas(kind):
    for case in CASES[kind]:
        formulas = case.function.formulas()
        assert formulas.definition
        assert formulas.derivative
        assert formulas.backprop


DIMENSIONS = st.integers(1, 4)


@pytest.mark.parametrize("kind", FUNCTIONS)
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_the_checker_agrees_at_any_shape(kind, data):
    case = data.draw(st.sampled_from(CASES[kind]))
    shape = tuple(data.draw(DIMENSIONS) for _ in case.shape)
    if len(shape) == 3:
        groups = getattr(case.function, "groups", 1)
        shape = (groups * data.draw(st.integers(1, 2)), *(size + 3 for size in shape[1:]))
    if isinstance(case.function, f.Residual) and case.function.parameter_shapes(case.shape):
        shape = case.shape  # its last function makes samples of this one
    if case.function == f.EmbeddingBag(3, mode="mean"):
        shape = (shape[0] + 1,)  # with a single token the derivative is 0, lost in rounding
    n, seed = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 99))
    X, parameters = type(case)(case.function, shape, case.key).draw(n=n, seed=seed)
    if isinstance(case.function, f.EmbeddingBag):
        X += 1  # no bag is empty
    report = check_function(case.function, X, parameters, case.key, seed=seed)
    assert report.passed, str(report)
