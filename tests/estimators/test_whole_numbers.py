"""Parameters that are sizes and counts take whole numbers, and nothing that would be cut off."""

import re

import numpy as np
import pytest

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    MeanSquaredError,
    MLPClassifier,
    MLPRegressor,
    Plan,
    Shift,
    train,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(30, 4))
y = np.arange(30) % 2
SHORT = {"max_iter": 1, "random_state": 0}


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ((100.9, 7.2), "100.9 in (100.9, 7.2)"),
        ((8, 1.5), "1.5 in (8, 1.5)"),
        ((0.5,), "0.5 in (0.5,)"),
        ([3.0], "3.0 in [3.0]"),
        (np.array([5.0, 3.0]), "np.float64(5.0) in array([5., 3.])"),
        (("3",), "'3' in ('3',)"),
        ((True, 3), "True in (True, 3)"),
        ((np.True_,), "np.True_ in (np.True_,)"),
        ((np.nan,), "nan in (nan,)"),
        ((None,), "None in (None,)"),
        ((3, (4, 5)), "(4, 5) in (3, (4, 5))"),
        ((4 + 0j,), "(4+0j) in ((4+0j),)"),
    ],
)
def test_sizes_of_layers_are_whole_numbers(kind, solver, sizes, named):
    model = kind(hidden_layer_sizes=sizes, solver=solver, **SHORT)
    message = f"{kind.__name__}: expected hidden_layer_sizes to be whole numbers >= 1, got {named}"
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X, y)
    if solver != "lbfgs":
        classes = {"classes": [0, 1]} if kind is MLPClassifier else {}
        with pytest.raises(ValueError, match=re.escape(message)):
            model.partial_fit(X, y, **classes)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("warm_start", [False, True])
def test_sizes_that_a_search_draws_are_checked_in_each_fit(warm_start):
    model = MLPClassifier((5,), warm_start=warm_start, **SHORT).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=r"whole numbers >= 1, got 5\.5 in \(5\.5,\)"):
        model.set_params(hidden_layer_sizes=(5.5,)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((6, 5), [6, 5]),
        ([6, 5], [6, 5]),
        (np.array([6, 5]), [6, 5]),
        ((np.int64(6), np.uint8(5)), [6, 5]),
        (6, [6]),
        (np.int32(6), [6]),
        ((), []),
    ],
    ids=str,
)
def test_whole_numbers_of_any_type_are_sizes(sizes, expected):
    model = MLPClassifier(sizes, **SHORT).fit(X, y)
    assert [W.shape[1] for W in model.coefs_[:-1]] == expected


@pytest.mark.parametrize("value", [3.0, 3.7, True, "3", (3,)], ids=repr)
@pytest.mark.parametrize(
    "name", ["batch_size", "max_iter", "n_iter_no_change", "max_fun", "gradient_samples", "n_jobs"]
)
def test_counts_are_whole_numbers(name, value):
    model = MLPClassifier(**{"max_iter": 1, name: value})
    with pytest.raises(ValueError, match=f"The .{name}. parameter of MLPClassifier must be"):
        model.fit(X, y)
    MLPClassifier(**{"max_iter": 1, name: np.int16(3)}).fit(X, y)


def test_the_size_of_one_layer_is_no_flag():
    for value in (True, 3.7, "3"):
        with pytest.raises(ValueError, match="The 'hidden_layer_sizes' parameter of MLPClassifier"):
            MLPClassifier(value).fit(X, y)


@pytest.mark.parametrize("shape", [(2.0, 2.0), (2.9, 2), ("2", 2), (True, 4), 4, np.array(4)])
def test_shapes_of_images_are_whole_numbers(shape):
    chain = Chain(Conv2d(2, 1), Flatten())
    with pytest.raises(ValueError, match="image_shape"):
        Classifier(chain, complete=True, image_shape=shape, **SHORT).fit(X, y)
    for whole in ((2, 2), np.array([2, 2]), (np.int64(2), 2)):
        Classifier(chain, complete=True, image_shape=whole, **SHORT).fit(X, y)


def test_pairs_of_whole_numbers_may_be_numpys():
    two = (np.int64(3), np.int32(2))
    assert Conv2d(4, two, stride=two) == Conv2d(4, (3, 2), stride=(3, 2))
    assert repr(MaxPool2d(two)) == repr(MaxPool2d((3, 2)))
    assert Shift(two) == Shift((3, 2))
    with pytest.raises(ValueError, match="expected size to be a whole number >= 1, or two of them"):
        Conv2d(4, (np.float64(3), 2))


@pytest.mark.parametrize("value", [2.0, 2.5, True, "2"], ids=repr)
def test_chains_and_threads_count_in_whole_numbers(value):
    with pytest.raises(ValueError, match="expected the shape of one sample"):
        Chain(Linear(2)).initialize((value,))
    with pytest.raises(ValueError, match="expected threads to be a whole number >= 1"):
        train(Chain(Linear(1)), MeanSquaredError(), X, X[:, :1], Plan(epochs=1), threads=value)
