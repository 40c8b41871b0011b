"""A wrong hyperparameter, or an input of a wrong shape, is named."""

import numpy as np
import pytest

from chainrule import functions as f
from chainrule.notation import NotationError

NAN, INF = float("nan"), float("inf")


COUNT = "to be a whole number >= 1, got"
PAIR = "to be a whole number >= 1, or two of them, got"
PADDING = "expected padding to be a whole number >= 0, or two of them, got"


def hyperparameters():
    for value in (0, -1, 2.0, True, "3", None):
        yield f.Linear, {"outputs": value}, f"Linear: expected outputs {COUNT}"
        yield f.Conv2d, {"channels": value}, f"Conv2d: expected channels {COUNT}"
        yield f.Conv2d, {"channels": 4, "groups": value}, f"Conv2d: expected groups {COUNT}"
        yield f.EmbeddingBag, {"dimensions": value}, f"EmbeddingBag: expected dimensions {COUNT}"
    for value in (0, -1, 2.0, True, "3", (1, 2, 3), (1,), (1, 0), (1, 2.0), (True, 1)):
        for kind in (f.MaxPool2d, f.AvgPool2d):
            for name in ("size", "stride"):
                yield kind, {name: value}, f"{kind.__name__}: expected {name} {PAIR}"
    for value in (0, -1, 2.0, True, "3", None, (1, 2, 3), (1,), (1, 0), (1, 2.0), (True, 1)):
        for name in ("size", "stride", "dilation"):
            yield f.Conv2d, {"channels": 4, name: value}, f"Conv2d: expected {name} {PAIR}"
    for kind, needed in ((f.Conv2d, {"channels": 4}), (f.MaxPool2d, {}), (f.AvgPool2d, {})):
        message = f"{kind.__name__}: expected padding to be 'valid', 'same', a whole number or two"
        yield kind, {**needed, "padding": "full"}, message
        for value in (-1, 1.0, True, None, (1, 2, 3), (0, -1)):
            yield kind, {**needed, "padding": value}, f"{kind.__name__}: {PADDING}"
    message = "Conv2d: expected channels to be a multiple of groups = 3, got 4"
    yield f.Conv2d, {"channels": 4, "groups": 3}, message
    for value in (2, (0, 3)):
        message = "MaxPool2d: expected a padding below the size 2, so that each window holds a pix"
        yield f.MaxPool2d, {"size": 2, "padding": value}, message
    message = "EmbeddingBag: expected mode to be one of sum, mean, got 'max'"
    yield f.EmbeddingBag, {"dimensions": 2, "mode": "max"}, message
    for value in (-0.1, NAN, INF, True, "1", None):
        yield f.LeakyReLU, {"slope": value}, "LeakyReLU: expected a number 0 <= slope, got"
        yield f.ELU, {"alpha": value}, "ELU: expected a number 0 <= alpha, got"
    for value in (-0.1, 1.0, 2, NAN, True, "1", None):
        yield f.Dropout, {"rate": value}, "Dropout: expected a number 0 <= rate < 1, got"
    for value in (-1, NAN, INF, True, "1", None):
        yield f.LayerNorm, {"epsilon": value}, "LayerNorm: expected a number 0 <= epsilon, got"
    for value in (-1, 2, NAN, True, None):
        yield f.BatchNorm, {"momentum": value}, "BatchNorm: expected a number 0 <= momentum <= 1"
    yield f.BatchNorm, {"momentum": 0}, "BatchNorm: expected momentum > 0, got 0"
    yield f.BatchNorm, {"epsilon": 0}, "BatchNorm: expected epsilon > 0, got 0"
    yield f.BatchNorm, {"affine": 1}, "BatchNorm: expected affine to be a bool, got 1"
    yield f.LayerNorm, {"epsilon": 0}, "LayerNorm: expected epsilon > 0, got 0"
    yield f.LayerNorm, {"affine": 1}, "LayerNorm: expected affine to be a bool, got 1"
    message = "LayerNorm: expected over to be one of sample, channels, last, got 'batch'"
    yield f.LayerNorm, {"over": "batch"}, message


@pytest.mark.parametrize(("kind", "fields", "message"), list(hyperparameters()))
def test_a_wrong_hyperparameter_is_named(kind, fields, message):
    with pytest.raises(ValueError, match=message):
        kind(**fields)


@pytest.mark.parametrize(
    ("function", "shape", "message"),
    [
        (f.Linear(2), (3, 4), r"Linear\(2\): expected samples of shape \(features\), got \(3, 4\)"),
        (f.Linear(2), (), r"expected samples of shape \(features\), got \(\)"),
        (
            f.EmbeddingBag(2),
            (3, 4),
            r"EmbeddingBag\(2\): expected samples of shape \(tokens\)",
        ),
        (f.Softmax(), (2, 3, 4), r"Softmax\(\): expected .*members, classes\), got \(2, 3"),
        (f.LogSoftmax(), (), r"LogSoftmax\(\): expected samples of shape .*, got \(\)"),
        (f.MemberLinear(2), (3,), r"Linear\(2\): expected samples of shape \(members, features\)"),
        (f.MemberLinear(2, 4), (4, 3), r"s=4\): expected samples of shape \(features\), got \(4"),
        (f.BatchEnsembleLinear(2), (3,), r"2\): expected samples of shape \(members, features\)"),
        (
            f.Conv2d(2),
            (5, 7),
            r"expected samples of shape \(channels, height, width\), got \(5, 7\)",
        ),
        (f.MaxPool2d(), (7,), r"expected samples of shape \(channels, height, width\), got \(7,\)"),
        (f.AvgPool2d(), (7,), r"expected samples of shape \(channels, height, width\), got \(7,\)"),
        (f.Conv2d(4, groups=2), (3, 5, 7), r"groups=2\): expected a multiple of 2 channels, got 3"),
        (
            f.Conv2d(2, size=4),
            (3, 5, 3),
            r"Conv2d\(2, size=4\): expected images of at least 4 rows and columns .* of 4, got 3",
        ),
        (
            f.Conv2d(2, dilation=3, padding=1),
            (3, 5, 4),
            "expected images of at least 5 rows and columns for a window of 7 padded by 1 at both",
        ),
        (f.MaxPool2d(6), (3, 5, 7), r"MaxPool2d\(size=6\): expected images of at least 6 rows"),
        (
            f.AvgPool2d((1, 8)),
            (3, 5, 7),
            "expected images of at least 8 rows and columns",
        ),
    ],
)
def test_samples_of_a_wrong_shape_are_told_so(function, shape, message):
    with pytest.raises(ValueError, match=message):
        function.output_shape(shape)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (f.Linear(2), (3, 4)),
        (f.EmbeddingBag(2), ()),
        (f.Conv2d(2), (5, 7)),
        (f.Conv2d(4, groups=2), (3, 5, 7)),
    ],
    ids=str,
)
def test_parameters_have_no_shape_either_for_such_samples(function, shape):
    with pytest.raises(ValueError, match=r"expected (samples of shape|a multiple of)"):
        function.parameter_shapes(shape)


def test_parameters_that_do_not_fit_are_named():
    X, W, b = np.ones((5, 3)), np.ones((4, 2)), np.ones(2)
    with pytest.raises(NotationError, match=r"the letter i is 3 in X\[n,i\] and 4 in W\[i,o\]"):
        f.Linear(2).forward(X, {"W": W, "b": b})
    with pytest.raises(NotationError, match="the operand b is missing"):
        f.Linear(2).forward(X, {"W": W[:3]})


@pytest.mark.parametrize("function", [f.ReLU(), f.Softmax(), f.MaxPool2d(), f.Flatten()], ids=str)
def test_a_function_without_weights_has_no_fans(function):
    with pytest.raises(NotImplementedError, match="has no weights"):
        function.fans((3, 5, 7))


def test_fans_count_inputs_and_outputs():
    assert f.Linear(2).fans((3,)) == (3, 2)
    assert f.EmbeddingBag(4).fans((7,)) == (7, 4)
    assert f.Conv2d(4, size=(2, 3)).fans((5, 8, 9)) == (30, 24)
    assert f.Conv2d(4, size=(2, 3), groups=2).fans((6, 8, 9)) == (18, 12)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (lambda: f.Linear(np.int64(7)), f.Linear(7)),
        (lambda: f.Dropout(np.float64(0.25)), f.Dropout(0.25)),
        (lambda: f.LeakyReLU(np.float32(0.5)), f.LeakyReLU(0.5)),
        (lambda: f.Conv2d(np.int32(3), np.int16(5)), f.Conv2d(3, 5)),
    ],
)
def test_numbers_of_numpy_are_numbers(given, plain):
    assert repr(given()) == repr(plain)
    assert given() == plain
