"""Where no derivative exists, or a choice was made: the exact values, pinned."""

import numpy as np
import pytest

from chainrule.functions import ELU, SELU, EmbeddingBag, Identity, LeakyReLU, MaxPool2d, ReLU


def at_zero(function, dtype=np.float64):
    X = np.array([[0.0, -0.0]], dtype)
    Y = function.forward(X, {})
    return Y[0].tolist(), function.jacobian(X, {})[0].diagonal().tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (ReLU(), 0),
        (LeakyReLU(), 0.01),
        (LeakyReLU(0.25), 0.25),
        (ELU(), 1),
        (ELU(0.5), 0.5),
        (ELU(3.0), 3),
        (ELU(0.0), 0),
        (SELU(), 1.0507009873554805 * 1.6732632423543772),
        (Identity(), 1),
    ],
)
def test_at_zero(function, slope, dtype):
    values, slopes = at_zero(function, dtype)
    assert values == [0, 0]
    assert slopes == [dtype(slope), dtype(slope)]


@pytest.mark.parametrize("function", [ReLU(), LeakyReLU(0.25), ELU(0.5)])
def test_next_to_zero(function):
    tiny = np.finfo(np.float64).tiny
    X = np.array([[tiny, -tiny]])
    below = {ReLU: 0, LeakyReLU: 0.25, ELU: 0.5}[type(function)]
    assert function.slopes(X, function.forward(X, {})).tolist() == [[1, below]]


@pytest.mark.parametrize(
    "function", [ReLU(), LeakyReLU(0.25), LeakyReLU(0.0), ELU(0.5), ELU(0.0), SELU()]
)
def test_where_the_output_suffices_slopes_are_the_same(function):
    assert type(function).output_suffices
    near, far = np.geomspace(1e-300, 1e-3, 50), np.geomspace(1e-2, 1000, 50)
    X = np.concatenate([[0.0, -0.0, np.inf, -np.inf], near, -near, far, -far])
    Y = function.forward(X, {})
    assert np.array_equal(function.derivative(Y, Y), function.derivative(X, Y))


def image(*rows):
    return np.array([[rows]], dtype=np.float64)


def test_of_equal_maxima_the_first_takes_the_gradient():
    X = image([2, 7, 7, 1], [7, 7, 3, 3], [5, 5, 4, 4], [5, 5, 4, 4])
    function = MaxPool2d(2)
    Y = function.forward(X, {})
    assert Y.tolist() == [[[[7, 7], [5, 4]]]]
    dX, _ = function.backprop(image([1, 2], [3, 4]), X, Y, {})
    assert dX.tolist() == image([0, 1, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]).tolist()
    J = function.jacobian(X, {})
    assert [tuple(place) for place in np.argwhere(J)] == [
        (0, 0, 0, 0, 0, 0, 1),
        (0, 0, 0, 1, 0, 0, 2),
        (0, 0, 1, 0, 0, 2, 0),
        (0, 0, 1, 1, 0, 2, 2),
    ]


def test_overlapping_windows_add_their_gradients():
    X = image([0, 0, 0], [0, 9, 0], [0, 0, 0])
    function = MaxPool2d(2, stride=1)
    Y = function.forward(X, {})
    dX, _ = function.backprop(image([1, 2], [3, 4]), X, Y, {})
    assert dX.tolist() == image([0, 0, 0], [0, 10, 0], [0, 0, 0]).tolist()


@pytest.mark.parametrize("padding", [1, "same"])
def test_padding_never_wins(padding):
    X = image([-5, -6], [-7, -8])
    function = MaxPool2d(3 if padding == "same" else 2, stride=1, padding=padding)
    Y = function.forward(X, {})
    assert Y.max() == -5
    assert np.isfinite(Y).all()
    dX, _ = function.backprop(np.ones_like(Y), X, Y, {})
    assert dX.sum() == Y.size


@pytest.mark.parametrize("padding", [1, "same"])
def test_padding_does_not_win_over_infinity(padding):
    X = np.full((1, 1, 3, 4), -np.inf)
    function = MaxPool2d(3, stride=1, padding=padding)
    Y = function.forward(X, {})
    J = function.jacobian(X, {})
    windows = [[(max(0, i - 1), max(0, j - 1)) for j in range(4)] for i in range(3)]
    places = [(0, 0, i, j, 0, *windows[i][j]) for i in range(3) for j in range(4)]
    assert [tuple(place) for place in np.argwhere(J)] == places
    dY = np.arange(12.0).reshape(Y.shape)
    dX, _ = function.backprop(dY, X, Y, {})
    assert np.array_equal(dX, np.einsum("ncij,ncijdhw->ndhw", dY, J))
    X[0, 0, 1, 2] = -1e300  # a window that holds a finite number has its maximum there
    assert function.backprop(dY, X, Y, {})[0][0, 0, 1, 2] == 1 + 2 + 3 + 5 + 6 + 7 + 9 + 10 + 11


def test_rows_that_no_window_reaches_are_left_out():
    X = np.arange(25.0).reshape(1, 1, 5, 5)
    function = MaxPool2d(2)
    Y = function.forward(X, {})
    assert Y.tolist() == [[[[6, 8], [16, 18]]]]
    dX, _ = function.backprop(np.ones_like(Y), X, Y, {})
    assert np.flatnonzero(dX).tolist() == [6, 8, 16, 18]


def test_the_mean_of_an_empty_bag_is_zero_and_so_is_its_gradient():
    function, A = EmbeddingBag(2, mode="mean"), np.ones((3, 2))
    X = np.array([[0.0, 0, 0], [2, 1, 1]])
    Y = function.forward(X, {"A": A})
    assert Y.tolist() == [[0, 0], [1, 1]]
    dX, gradients = function.backprop(np.array([[1.0, 2], [4, 8]]), X, Y, {"A": A})
    assert dX[0].tolist() == [0, 0, 0]
    assert gradients["A"].tolist() == [[2, 4], [1, 2], [1, 2]]
    assert not function.jacobian(X, {"A": A})[0].any()
    assert not function.jacobian(X, {"A": A}, "A")[0].any()
