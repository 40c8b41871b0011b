"""Finite differences: against SymPy and by hand, at kinks, and steps along gradients."""

import numpy as np
import pytest
import sympy

from chainrule import ascend, descend, finite_difference, jacobian
from chainrule.checking.differences import difference_along, differences


def only(f, x):
    """Return the one difference of a function of a number."""
    ((_, found),) = differences(lambda at: np.float64(f(at[0])), np.array([x]))
    return found


FUNCTIONS = [
    lambda x, y, z: x * y + y * z**2,
    lambda x, y, z: sympy.exp(x / 3) * sympy.sin(y) - z,
    lambda x, y, z: sympy.log(1 + x**2) / (2 + sympy.cos(y * z)),
    lambda x, y, z: sympy.sqrt(1 + x**2 + y**4) * sympy.tanh(z),
]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_gradients_are_sympys(f):
    symbols = sympy.symbols("x y z")
    expression = f(*symbols)
    numeric = sympy.lambdify(symbols, expression, "numpy")
    for point in ((0.3, -1.2, 2.0), (-4.0, 0.0, 0.7)):
        at = dict(zip(symbols, point, strict=True))
        exact = [float(sympy.diff(expression, s).subs(at)) for s in symbols]
        found = finite_difference(lambda x: numeric(*x), list(point))
        np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-11)


def test_a_jacobian_has_the_shape_of_the_value_then_of_the_point():
    A = np.arange(24.0).reshape(2, 3, 4)
    x = np.array([[0.5, -1.0], [2.0, 0.1]])

    def f(x):
        return np.einsum("abc,b->ac", A, np.array([x[0, 0], x[1, 0] ** 2, x[0, 1] * x[1, 1]]))

    J = jacobian(f, x)
    assert J.shape == (2, 4, 2, 2)
    np.testing.assert_allclose(J[:, :, 0, 0], A[:, 0], rtol=1e-11)
    np.testing.assert_allclose(J[:, :, 1, 0], A[:, 1] * 2 * x[1, 0], rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(J[:, :, 0, 1], A[:, 2] * x[1, 1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", [float, int, np.float32])
def test_any_array_will_do_and_stays_as_it_is(order, kind):
    x = np.asarray([[1, 2, 3], [4, 5, 6]], dtype=kind, order=order)
    before = x.copy()
    found = finite_difference(lambda x: np.sum(x**3), x)
    np.testing.assert_allclose(found, 3.0 * before**2, rtol=1e-9)
    assert np.array_equal(x, before)


def test_numbers_of_any_size_have_steps_of_their_size():
    for size in (1e-9, 1.0, 1e9):
        found = finite_difference(lambda x, size=size: np.sin(x[0] / max(size, 1)), [size])
        exact = np.cos(size / max(size, 1)) / max(size, 1)
        np.testing.assert_allclose(found, [exact], rtol=1e-9)


def test_a_constant_has_the_derivative_zero_and_no_kink():
    found = only(lambda x: 2.718, 1.0)
    assert (found.values, found.kinks) == (0, False)


@pytest.mark.parametrize(
    "f",
    [
        np.abs,
        lambda x: np.maximum(x, 0),
        lambda x: max(x, 2 * x),
        lambda x: 3 + 1e-3 * abs(x),
        lambda x: x + 1e-2 * abs(x),
    ],
)
def test_a_kink_is_seen(f):
    assert only(f, 0.0).kinks


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: x**2, 0.0, 0),
        (lambda x: 1e6 * x**2, 0.0, 0),
        (lambda x: 5 + 1e-9 * np.sin(x), 0.3, 1e-9 * np.cos(0.3)),
        (lambda x: np.tanh(50 * x), 0.01, 50 / np.cosh(0.5) ** 2),
        (lambda x: x * abs(x), 0.0, 0),  # the second derivative jumps
        (lambda x: x / (1 + abs(x)), 0.0, 1),
    ],
)
def test_a_smooth_place_is_no_kink(f, x, slope):
    found = only(f, x)
    assert not found.kinks
    assert found.values == pytest.approx(slope, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5])
def test_a_kink_nearby_is_kept_clear_of(distance):
    found = only(lambda x: np.maximum(x - distance, 0) + x, 0.0)
    assert found.values == pytest.approx(1, abs=1e-9)
    assert not found.kinks


def test_a_kink_near_one_number_of_an_array_does_not_blur_the_others():
    J = jacobian(lambda x: np.array([x[0], max(x[0] - 1e-3, 0), np.exp(x[0])]), [0.0])
    np.testing.assert_allclose(J[:, 0], [1, 0, 1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("x", [0.1, 0.7, 1.3, 2.2, 2.9])
def test_rounding_of_a_large_number_is_no_kink(x):
    assert not only(lambda x: 1000 + 1e-6 * np.sin(x), x).kinks


def test_the_step_that_rounding_blurs_least_is_kept():
    # The sum is rounded to 1e-10, so a step of 5e-7 knows the slope to 2e-4 only. Small steps may
    # agree by chance: most places count, not each.
    places = np.linspace(0.1, 3, 30)
    found = [finite_difference(lambda x: (1e6 + np.sin(x[0])) - 1e6, [x])[0] for x in places]
    assert np.median(np.abs(found - np.cos(places))) < 1e-6


def test_two_small_steps_that_agree_by_chance_are_not_believed():
    # The slope is 1, blurred more by smaller steps as by rounding; two of them agree on 1 + 1e-5.
    blurs = [(5e-4, 1e-8), (5e-5, 1e-7), (1e-6, 1e-5), (1e-7, 1e-3), (0, 5e-3)]

    def f(x):
        return x[0] * (1 + next(blur for least, blur in blurs if abs(x[0]) >= least))

    np.testing.assert_allclose(finite_difference(f, [0.0]), [1], rtol=1e-7)


def test_each_number_has_its_own_step_along_a_direction():
    # ReLUs whose kinks lie anywhere from far to a ten-millionth away.
    x = np.concatenate([np.geomspace(1e-7, 1, 50), -np.geomspace(1e-7, 1, 50)])
    found = difference_along(lambda x: np.maximum(x, 0), x, np.ones(100), np.maximum(x, 0))
    np.testing.assert_allclose(found.values, x > 0, atol=1e-7)
    assert not found.kinks.any()
    x[7] = 0
    found = difference_along(lambda x: np.maximum(x, 0), x, np.ones(100), np.maximum(x, 0))
    assert np.flatnonzero(found.kinks).tolist() == [7]


def test_a_direction_of_any_length_will_do():
    x = np.array([0.3, -20.0])
    for length in (1e-12, 1.0, 1e12):
        direction = length * np.array([1.0, 2.0])
        found = difference_along(lambda x: np.sin(x / 20), x, direction, np.sin(x / 20))
        np.testing.assert_allclose(found.values, np.cos(x / 20) * direction / 20, rtol=1e-11)
    found = difference_along(None, x, np.zeros(2), np.zeros(3))
    assert not found.values.any()
    assert found.values.shape == (3,)


def test_a_function_may_return_the_point_itself():
    J = jacobian(lambda x: x.reshape(-1), [[0.5, -1.0], [2.0, 0.1]])
    np.testing.assert_allclose(J.reshape(4, 4), np.eye(4), atol=1e-12)


def test_what_may_not_be_written_to_is_not():
    x = np.array([3.0, -1.0])
    x.flags.writeable = False
    np.testing.assert_allclose(finite_difference(lambda x: x[0] * x[1], x), [-1, 3], rtol=1e-11)


def test_a_function_that_fails_leaves_the_point_as_it_was():
    point = np.array([3.0, -1.0])

    def fails(x):
        raise ArithmeticError("no value here")

    with pytest.raises(ArithmeticError, match="no value here"):
        list(differences(fails, point))
    assert point.tolist() == [3, -1]


def test_a_view_that_is_not_contiguous_is_refused():
    with pytest.raises(ValueError, match="expected a contiguous array"):
        list(differences(np.sum, np.zeros((4, 4)).T[::2]))


def test_descending_a_bowl_reaches_its_bottom():
    bottom = np.array([1.5, -0.5])

    def bowl(x):
        return float((x - bottom) @ np.diag([1.0, 4.0]) @ (x - bottom))

    path = descend(bowl, [0.0, 0.0], learning_rate=0.1, steps=200)
    assert path.shape == (201, 2)
    assert np.array_equal(path[0], [0, 0])
    np.testing.assert_allclose(path[1], 0.1 * np.array([2, 8]) * bottom, rtol=1e-10)
    np.testing.assert_allclose(path[-1], bottom, rtol=1e-9)
    by_hand = descend(
        bowl,
        [0.0, 0.0],
        learning_rate=0.1,
        steps=200,
        gradient=lambda x: np.array([2.0, 8.0]) * (x - bottom),
    )
    np.testing.assert_allclose(path, by_hand, atol=1e-9)


def test_ascending_is_descending_the_negative():
    def hill(x):
        return -float(np.sum((x - 2) ** 2))

    up = ascend(hill, [[0.0, 5.0]], learning_rate=0.3, steps=9)
    down = descend(lambda x: -hill(x), [[0.0, 5.0]], learning_rate=0.3, steps=9)
    np.testing.assert_allclose(up, down, rtol=1e-12)
    assert hill(up[-1]) > hill(up[0])


def test_a_gradient_that_is_given_is_taken_in_any_shape():
    def untouched(x):
        raise AssertionError("the gradient is known")

    # The slope of −(x−2)² is 4 − 2x, so each step covers 0.6 of what is left to 2.
    path = ascend(
        untouched,
        [[0.0], [5.0], [2.0]],
        learning_rate=0.3,
        steps=4,
        gradient=lambda x: (4 - 2 * x).ravel(),
    )
    assert path.shape == (5, 3, 1)
    np.testing.assert_allclose(path[:, 0, 0], 2 - 2 * 0.4 ** np.arange(5), rtol=1e-12)
    np.testing.assert_allclose(path[:, 1, 0], 2 + 3 * 0.4 ** np.arange(5), rtol=1e-12)
    assert path[:, 2, 0].tolist() == [2] * 5
