"""One flat buffer, and the views into it."""

import copy
import pickle

import numpy as np
import pytest

from chainrule import Parameters

SHAPES = {"W0": (3, 2), "b0": (2,), "W1": (2, 5, 1, 1)}


def test_views_and_buffer_are_the_same_numbers():
    parameters = Parameters(SHAPES, dtype=np.float64)
    parameters["b0"][...] = [7, 8]
    assert parameters.flat.tolist() == [0] * 6 + [7, 8] + [0] * 10
    parameters.flat[8:] = np.arange(10)
    assert parameters["W1"].ravel().tolist() == list(range(10))
    assert [view.shape for view in parameters.values()] == list(SHAPES.values())
    assert list(parameters) == list(SHAPES)


def test_a_given_buffer_is_not_copied():
    flat = np.arange(18.0)
    parameters = Parameters(SHAPES, flat)
    parameters["W0"][0, 1] = -1
    assert flat[1] == -1


def test_copies_are_of_their_own():
    parameters = Parameters(SHAPES, np.arange(18.0))
    narrow, empty = parameters.astype(np.float32), parameters.empty_like()
    narrow["W0"][...] = 5
    assert (narrow.flat.dtype, empty.flat.dtype) == (np.float32, np.float64)
    assert parameters.flat.tolist() == list(range(18))
    assert not empty.flat.any()


@pytest.mark.parametrize(
    ("shape", "text"), [((17,), r"\(17,\)"), ((19,), r"\(19,\)"), ((6, 3), r"\(6, 3\)")]
)
def test_a_buffer_of_another_shape_is_refused(shape, text):
    with pytest.raises(ValueError, match=f"Parameters: expected 18 numbers, got shape {text}"):
        Parameters(SHAPES, np.zeros(shape))


def test_there_may_be_none():
    assert Parameters({}).flat.size == 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_is_found(wrong):
    parameters = Parameters({"W": (3, 5), "b": (5,)})
    assert parameters.finite
    parameters["W"][1, 2] = wrong
    parameters["b"][:] = [1, -2, 3, -4, 0]
    assert not parameters.finite


def test_no_parameters_are_finite():
    assert Parameters({}).finite


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_views_of_a_copy_are_of_its_own_buffer(copied):
    parameters = Parameters({"W": (2, 3), "b": (3,)}, np.arange(9.0))
    other = copied(parameters)
    other.flat += 1
    np.testing.assert_array_equal(other["W"], [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(parameters["b"], [6, 7, 8])
