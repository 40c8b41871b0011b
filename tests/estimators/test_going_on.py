"""Fits that go on with a network: what may change between them, and what may not."""

import re
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone

from chainrule import (
    Chain,
    Classifier,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    Softmax,
    Softplus,
    Tanh,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
CLASSES, NUMBERS = np.arange(60) % 3, X[:, 0]
OPTIONS = {"max_iter": 3, "random_state": 0, "warm_start": True}
MULTILAYER = [(MLPClassifier, CLASSES), (MLPRegressor, NUMBERS)]
JOBS = ["fit", "partial_fit"]


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(("kind", "t"), MULTILAYER)
@pytest.mark.parametrize("sizes", [[12], [12, 4], [8, 8], []])
def test_other_hidden_layers_are_another_network(kind, t, sizes, job):
    model = kind(hidden_layer_sizes=8, **OPTIONS).fit(X, t)
    before = model.predict(X)
    model.set_params(hidden_layer_sizes=sizes)
    said = f"to go on with, hidden_layer_sizes=[8], got hidden_layer_sizes={sizes};"
    with pytest.raises(ValueError, match=re.escape(said)):
        getattr(model, job)(X, t)
    np.testing.assert_array_equal(model.predict(X), before)


def test_a_network_from_a_file_knows_its_hidden_layers(tmp_path):
    MLPRegressor(hidden_layer_sizes=(8,), **OPTIONS).fit(X, NUMBERS).save(tmp_path / "m")
    model = MLPRegressor.load(tmp_path / "m").set_params(hidden_layer_sizes=(8, 8))
    with pytest.raises(ValueError, match=r"sizes=\[8\], got hidden_layer_sizes=\[8, 8\]"):
        model.fit(X, NUMBERS)
    assert len(model.set_params(hidden_layer_sizes=[8]).fit(X, NUMBERS).loss_curve_) == 6


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(("kind", "t"), MULTILAYER)
@pytest.mark.parametrize("change", [{"activation": "tanh"}, {"dropout": 0.5}], ids=str)
def test_activation_and_dropout_are_those_of_now(kind, t, change, job):
    model = kind(hidden_layer_sizes=(8,), **OPTIONS).fit(X, t)
    start = model.coefs_[0].copy()
    getattr(model.set_params(**change, learning_rate_init=1e-300), job)(X, t)
    expected = kind(hidden_layer_sizes=(8,), **{**OPTIONS, **change}).fit(X, t)
    assert model.chain_.functions == expected.chain_.functions
    np.testing.assert_array_equal(model.coefs_[0], start)  # the numbers are those of before


def test_scikit_learn_takes_another_activation_too():
    from sklearn.neural_network import MLPRegressor as Theirs

    options = {"hidden_layer_sizes": (8,), **OPTIONS, "solver": "sgd"}
    theirs, ours = Theirs(**options), MLPRegressor(**options)
    for model in (theirs, ours):
        model.fit(X, NUMBERS).set_params(activation="tanh").fit(X, NUMBERS)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_another_loss_goes_on_where_the_network_ends_alike():
    model = MLPRegressor(hidden_layer_sizes=(8,), **OPTIONS).fit(X, NUMBERS)
    model.set_params(loss="huber").fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"ends in Linear\(1\), got loss='poisson'.*Exp\(\)"):
        model.set_params(loss="poisson").fit(X, np.abs(NUMBERS))
    any_chain = Regressor(Chain(Linear(8), ReLU(), Linear(1)), **OPTIONS).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"outputs > 0 for Poisson's loss.*ends in Linear\(1\)"):
        any_chain.set_params(loss="poisson").fit(X, np.abs(NUMBERS))
    positive = Regressor(Chain(Linear(8), Linear(1), Softplus()), **OPTIONS).fit(X, NUMBERS)
    positive.set_params(loss="poisson").fit(X, np.abs(NUMBERS))


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chain__0__outputs": 9}, r"the chain of .*Chain\(Linear\(8\).*got Chain\(Linear\(9\)"),
        ({"chain": Chain(Linear(8), Tanh())}, r"the chain of the fit.*ReLU.*got .*Tanh"),
        ({"complete": False}, r"the chain of the fit before.*Linear\(3\).*got Chain"),
        ({"inputs": "table"}, "inputs of the fit before to go on with, 'rows', got 'table'"),
        ({"image_shape": (2, 2)}, r"image_shape of the fit before.*None, got \(2, 2\)"),
        ({"image_format": "nhw"}, "image_format of the fit before.*None, got 'nhw'"),
    ],
)
def test_what_a_chain_is_made_for_does_not_change(change, said, job):
    model = Classifier(Chain(Linear(8), ReLU()), complete=True, **OPTIONS).fit(X, CLASSES)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=said):
        getattr(model.set_params(**change), job)(X, CLASSES)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_images_are_read_as_before():
    chain = Chain(Flatten(), Linear(3), Softmax())
    model = Classifier(chain, image_shape=(2, 2), **OPTIONS).fit(X, CLASSES)
    model.fit(X, CLASSES).set_params(image_shape=None, image_format="nhw").fit(X, CLASSES)
    with pytest.raises(ValueError, match=r"image_format .* 'nhw', got 'nchw'"):
        model.set_params(image_format="nchw").fit(X, CLASSES)
    with pytest.raises(ValueError, match=r"image_shape .* \(2, 2\), got \(1, 4\)"):
        model.set_params(image_format=None, image_shape=(1, 4)).fit(X, CLASSES)


@pytest.mark.parametrize("first", [False, True])
def test_targets_are_scaled_as_before(first):
    model = Regressor(Chain(Linear(1)), scale_target=first, **OPTIONS).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=f"scale_target .* {first}, got {not first}"):
        model.set_params(scale_target=not first).fit(X, NUMBERS)


def test_the_float_type_may_change():
    model = MLPRegressor(hidden_layer_sizes=(8,), dtype="float32", **OPTIONS).fit(X, NUMBERS)
    same = MLPRegressor(hidden_layer_sizes=(8,), dtype="float32", **OPTIONS).fit(X, NUMBERS)
    going_on = [m.fit(X, NUMBERS).loss_ for m in (model.set_params(dtype="float64"), same)]
    assert 0 < abs(going_on[0] - going_on[1]) < 1e-5


def test_another_learning_rate_counts_from_the_next_call_on():
    model = MLPRegressor(hidden_layer_sizes=(8,), solver="sgd", **OPTIONS).partial_fit(X, NUMBERS)
    model.partial_fit(X, NUMBERS)
    assert model.history_.epochs[0].learning_rate == 0.001
    model.set_params(learning_rate_init=0.02).partial_fit(X, NUMBERS)
    assert model.history_.epochs[0].learning_rate == pytest.approx(0.02)


def test_numbers_put_into_coefs_go_on_as_they_are():
    model = MLPRegressor(hidden_layer_sizes=(8,), **OPTIONS).fit(X, NUMBERS)
    model.coefs_ = [np.ones((4, 2)), np.ones((2, 1))]  # other sizes, by hand
    model.intercepts_ = [np.zeros(2), np.zeros(1)]
    for _ in range(2):
        assert model.partial_fit(X, NUMBERS).coefs_[0].shape == (4, 2)


TWO = np.stack([NUMBERS, X[:, 1]], axis=1)
LABELS = (X[:, :3] > 0).astype(int)


@pytest.mark.parametrize("job", [*JOBS, "X_val"])
@pytest.mark.parametrize(
    ("model", "before", "now", "said"),
    [
        (MLPRegressor(), NUMBERS, TWO, "1 number a sample, as the network predicts, got 2"),
        (MLPRegressor(), TWO, NUMBERS, "2 numbers a sample, as the network predicts, got 1"),
        (
            Regressor(Chain(Linear(2)), complete=True, scale_target=True),
            TWO,
            NUMBERS,  # which would go into both
            "2 numbers a sample, as the network predicts, got 1",
        ),
        (MLPClassifier(), LABELS, CLASSES, r"rows of 3 labels, as the network .*, got \(60,\)"),
        (MLPClassifier(), CLASSES, LABELS, r"classes \(n,\), as the network .*, got \(60, 3\)"),
    ],
    ids=["two", "one", "scaled", "classes", "labels"],
)
def test_answers_of_another_shape_are_named(model, before, now, said, job):
    model = clone(model).set_params(**OPTIONS).fit(X, before)
    call, given = getattr(model, job, None), (X, now)
    if job == "X_val":
        call, given = partial(model.fit, X_val=X, y_val=now), (X, before)
    with pytest.raises(ValueError, match=f"{type(model).__name__}: expected y .*{said}"):
        call(*given)
