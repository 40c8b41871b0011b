"""Classifier and Regressor: any chain, its parameters, its targets."""

import inspect
from dataclasses import fields

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    CrossEntropy,
    Dropout,
    Exp,
    Flatten,
    HalfSquaredError,
    Linear,
    MeanAbsoluteError,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from chainrule.estimators.base import NetworkEstimator

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def hidden():
    return Chain(Linear(8), Tanh())


def three():
    return Chain(Linear(8), Tanh(), Linear(3), Softmax())


def quick(chain, **parameters):
    return Classifier(chain, learning_rate_init=0.02, max_iter=60, random_state=0, **parameters)


@pytest.mark.parametrize("solver", ["adam", "sgd", "adamw", "rmsprop", "lbfgs"])
def test_labels_of_any_type_come_back(solver):
    model = quick(three(), solver=solver)
    model.set_params(learning_rate_init=0.2 if solver == "sgd" else 0.02).fit(X, NAMES)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.score(X, NAMES) > 0.93
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probabilities, rtol=1e-12)
    np.testing.assert_allclose(probabilities, model.chain_.forward(X), rtol=1e-12)
    Z = model.decision_function(X)
    np.testing.assert_allclose(Softmax().forward(Z, {}), probabilities, rtol=1e-12)


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("kind", ["classes", "pair", "two"])
def test_logarithms_of_probabilities_that_are_rounded_to_0_or_1(kind, engine):
    answers = NAMES if kind == "classes" else NAMES == "setosa"
    chain = Chain(Linear(2), Softmax()) if kind == "pair" else Chain(Linear(8))
    model = quick(chain, complete=kind != "pair", engine=engine).fit(X, answers)
    far = 1e4 * X[:20]
    logs, probabilities = model.predict_log_proba(far), model.predict_proba(far)
    assert logs.shape == probabilities.shape
    assert np.isfinite(logs).all()
    assert (probabilities == 0).any()
    assert (logs[probabilities == 0] < -700).all()
    logs, probabilities = model.predict_log_proba(X), model.predict_proba(X)
    np.testing.assert_allclose(np.exp(logs), probabilities, rtol=1e-12)
    sample, best = np.arange(len(X)), probabilities.argmax(axis=1)
    others = probabilities.copy()
    others[sample, best] = 0
    np.testing.assert_allclose(logs[sample, best], np.log1p(-others.sum(axis=1)), rtol=1e-12)


def test_a_fit_is_the_one_of_the_network_with_the_same_parameters():
    drop_in = MLPClassifier((8,), "tanh", max_iter=5, random_state=3, shuffle=False).fit(X, y)
    own = Classifier(three(), max_iter=5, shuffle=False, warm_start=True, random_state=3)
    own.set_params(max_iter=1, learning_rate_init=1e-300).fit(X, y)
    first = MLPClassifier((8,), "tanh", max_iter=1, random_state=3, learning_rate_init=1e-300)
    own.chain_.parameters.flat[...] = first.fit(X, y).chain_.parameters.flat
    own.set_params(max_iter=5, learning_rate_init=0.001).fit(X, y)
    assert own.loss_curve_[1:] == drop_in.loss_curve_
    np.testing.assert_array_equal(own.predict_proba(X), drop_in.predict_proba(X))


def test_two_classes_take_one_output_or_two():
    first, labels = X[:100], NAMES[:100]
    one = quick(Chain(Linear(1), Sigmoid())).fit(first, labels)
    two = quick(Chain(Linear(2), Softmax())).fit(first, labels)
    for model in (one, two):
        assert model.score(first, labels) == 1
        odds = model.decision_function(first)
        assert odds.shape == (100,)
        P = model.predict_proba(first)
        np.testing.assert_allclose(odds, np.log(P[:, 1] / P[:, 0]), rtol=1e-6, atol=1e-9)
    assert two.chain_.layers[-1].output_shape == (2,)


def test_any_labels_may_hold():
    Y = np.stack([y > 0, y == 1, X[:, 0] > 0], axis=1).astype(int)
    model = quick(Chain(Linear(16), ReLU(), Linear(3), Sigmoid())).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.8
    assert model.predict_proba(X).shape == (150, 3)


def test_a_chain_is_completed_for_the_targets():
    labels = Classifier(hidden(), complete=True, max_iter=1)
    assert str(labels.fit(X, y).chain_.functions[2:]) == str((Linear(3), Softmax()))
    assert str(labels.fit(X[:100], y[:100]).chain_.functions[2:]) == str((Linear(1), Sigmoid()))
    counts = Regressor(hidden(), complete=True, loss="poisson", max_iter=1).fit(X, y)
    assert str(counts.chain_.functions[2:]) == str((Linear(1), Exp()))


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (
            Chain(Linear(4), Softmax()),
            r"expected a chain that ends with Linear\(3\) and Softmax\(\) for 3 classes, got one "
            r"that ends in Softmax\(\), its outputs of shape 4",
        ),
        (Chain(Linear(3)), r"for 3 classes, got one that ends in Linear\(3\)"),
        (Chain(Linear(3), Sigmoid()), r"for 3 classes, got one that ends in Sigmoid\(\)"),
        (Chain(Conv2d(2, 3)), r"does not fit X: Conv2d\(2\): expected.*got \(4,\); image_shape="),
        (Chain(Linear(1), Sigmoid()), "Only binary classification is supported.*for 3 classes"),
    ],
)
def test_a_chain_that_does_not_fit_the_labels_is_named(chain, message):
    with pytest.raises(ValueError, match=f"^(Classifier: )?.*{message}"):
        Classifier(chain).fit(X, y)


def test_labels_that_need_sigmoids_are_named():
    with pytest.raises(ValueError, match=r"Linear\(2\) and Sigmoid\(\) for 2 labels"):
        Classifier(Chain(Linear(2), Softmax())).fit(X, np.stack([y > 0, y > 1], axis=1).astype(int))


def test_outputs_and_numbers_to_predict_are_named():
    with pytest.raises(
        ValueError, match=r"^Regressor: expected .* 1 output for the targets.*of shape 2"
    ):
        Regressor(Chain(Linear(2))).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="'chain' parameter of Regressor must be an instance of"):
        Regressor([Linear(1)]).fit(X, y)


def test_the_chain_that_is_given_never_changes():
    chain = three()
    model = quick(chain).fit(X, y)
    assert not chain.initialized
    assert model.chain is chain
    begun = three().initialize(X)
    before = begun.parameters.flat.copy()
    quick(begun).fit(X, y)
    np.testing.assert_array_equal(begun.parameters.flat, before)


def test_a_clone_fits_alike():
    model = quick(three())
    other = clone(model)
    assert other.chain is not model.chain
    assert other.chain.functions == model.chain.functions
    a, b = model.fit(X, y), other.fit(X, y)
    np.testing.assert_array_equal(a.chain_.parameters.flat, b.chain_.parameters.flat)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(a.chain_.parameters.flat, other.chain_.parameters.flat)


def test_functions_have_their_parameters_set():
    chain = Chain(Linear(8), Dropout(0.25), Linear(3), Softmax())
    model = Classifier(chain).set_params(chain__0__outputs=5, chain__1__rate=0.5, alpha=0.1)
    assert model.chain.functions == (Linear(5), Dropout(0.5), Linear(3), Softmax())
    assert chain.functions[0] == Linear(8)
    assert model.alpha == 0.1
    parameters = model.get_params()
    assert parameters["chain__0__outputs"] == 5
    assert set(parameters) - set(model.get_params(deep=False)) == {
        *("chain__0__outputs", "chain__0__bias", "chain__1__rate"),
        *("chain__2__outputs", "chain__2__bias"),
    }
    model.set_params(chain=three(), chain__0__outputs=7)
    assert model.chain.functions[0] == Linear(7)


@pytest.mark.parametrize(
    "key", ["chain__4__outputs", "chain__0__size", "chain__outputs", "chain__"]
)
def test_a_parameter_that_no_function_has_is_refused(key):
    with pytest.raises(ValueError, match=rf"'{key}' for Classifier.*chain__0__outputs"):
        Classifier(three()).set_params(**{key: 3})


def test_grids_over_chains_and_their_parameters_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), quick(three()))
    grid = {
        "classifier__chain__0__outputs": [2, 8],
        "classifier__learning_rate_init": [1e-6, 0.02],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, NAMES)
    assert search.best_params_["classifier__learning_rate_init"] == 0.02
    assert search.best_score_ > 0.9
    assert len(search.cv_results_["params"]) == 4
    best = search.best_estimator_[-1].chain_
    assert best.functions[0].outputs == search.best_params_["classifier__chain__0__outputs"]

    chains = [three(), Chain(Linear(3), Softmax())]
    search = GridSearchCV(quick(three()), {"chain": chains}, cv=3).fit(X, NAMES)
    assert search.best_params_["chain"] in chains


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        ("squared_error", HalfSquaredError(outputs="sum")),
        ("absolute_error", MeanAbsoluteError(outputs="sum")),
    ],
)
def test_several_numbers_by_any_loss(loss, named):
    A, T = make_regression(200, 6, n_targets=2, noise=1, random_state=0)
    T = T / T.std(axis=0)
    both = [
        Regressor(Chain(Linear(2)), loss=each, learning_rate_init=0.2, random_state=0).fit(A, T)
        for each in (loss, named)
    ]
    assert both[0].score(A, T) > 0.99
    assert both[0].predict(A).shape == (200, 2)
    np.testing.assert_array_equal(both[0].predict(A), both[1].predict(A))


def test_counts_by_poisson_need_positive_outputs():
    with pytest.raises(ValueError, match=r"outputs > 0 for Poisson's.*ends in Linear\(1\)"):
        Regressor(Chain(Linear(1)), loss="poisson", random_state=0).fit(X, y)
    model = Regressor(Chain(Linear(1), Exp()), loss="poisson", max_iter=20).fit(X, y)
    assert (model.predict(X) > 0).all()


def test_a_loss_of_ones_own_is_given_class_numbers():
    class Doubled(CrossEntropy):
        def errors(self, Y, T):
            return 2 * super().errors(Y, T)

        def error_gradients(self, Y, T):
            return 2 * super().error_gradients(Y, T)

    arguments = {"solver": "sgd", "alpha": 0, "momentum": 0, "random_state": 0, "max_iter": 5}
    own = Classifier(three(), loss=Doubled(), learning_rate_init=0.05, **arguments).fit(X, NAMES)
    plain = Classifier(three(), learning_rate_init=0.1, **arguments).fit(X, NAMES)
    np.testing.assert_allclose(own.loss_curve_, 2 * np.array(plain.loss_curve_), rtol=1e-9)


def test_going_on_needs_the_same_chain():
    model = quick(three(), warm_start=True).fit(X, y)
    epochs = len(model.loss_curve_)
    model.fit(X, y)
    assert len(model.loss_curve_) > epochs
    model.set_params(chain__0__outputs=9)
    with pytest.raises(ValueError, match=r"expected the chain of the fit before.*Linear\(9\)"):
        model.fit(X, y)
    assert clone(model).fit(X, y).chain_.functions[0] == Linear(9)


def test_epochs_one_by_one_with_the_classes_said():
    model = quick(three())
    model.partial_fit(X[:50], NAMES[:50], classes=np.unique(NAMES))
    for _ in range(60):
        model.partial_fit(X, NAMES)
    assert model.score(X, NAMES) > 0.93
    assert len(model.loss_curve_) == 61


def test_label_smoothing_and_class_weights_reach_the_loss():
    smooth = quick(three(), label_smoothing=0.3).fit(X, y)
    assert smooth.predict_proba(X).max() < quick(three()).fit(X, y).predict_proba(X).max()
    # At the minimum of a logistic regression the weighted mean of probabilities is the classes'.
    weighted = Classifier(
        Chain(Linear(3), Softmax()), class_weight={0: 1, 1: 1, 2: 4}, alpha=0, solver="lbfgs"
    ).fit(X, y)
    weights = np.where(y == 2, 4, 1)
    shares = np.average(weighted.predict_proba(X), axis=0, weights=weights)
    np.testing.assert_allclose(shares, [1 / 6, 1 / 6, 4 / 6], atol=1e-3)


def test_a_validation_set_and_early_stopping():
    model = quick(three(), early_stopping=True, n_iter_no_change=3)
    model.fit(X[::2], NAMES[::2], X_val=X[1::2], y_val=NAMES[1::2])
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_
    assert model.score(X[1::2], NAMES[1::2]) == max(model.validation_scores_)


@pytest.mark.parametrize("estimator", [Classifier(three()), MLPClassifier(), MLPRegressor()])
def test_long_gradients_are_clipped(estimator):
    plain = {"solver": "sgd", "momentum": 0, "alpha": 0, "learning_rate_init": 1.0, "max_iter": 1}
    model = clone(estimator).set_params(**plain, random_state=0, batch_size=150, shuffle=False)
    start = clone(model).set_params(learning_rate_init=1e-300).fit(X, y)
    for length in (1e-3, 1e-2):
        moved = clone(model).set_params(clip_norm=length).fit(X, y)
        step = moved.chain_.parameters.flat - start.chain_.parameters.flat
        np.testing.assert_allclose(np.linalg.norm(step), length, rtol=1e-9)
    with pytest.raises(ValueError, match="'clip_norm' parameter"):
        clone(model).set_params(clip_norm=0.0).fit(X, y)


def test_flat_chains_say_how_images_become_rows():
    with pytest.raises(ValueError, match=r"Linear\(3\).*Flatten\(\) makes rows of images"):
        Classifier(Chain(Linear(3), Softmax())).fit(X.reshape(150, 2, 2), y)
    model = quick(Chain(Flatten(), Linear(3), Softmax())).fit(X.reshape(150, 2, 2), y)
    assert model.score(X.reshape(150, 2, 2), y) > 0.8


@pytest.mark.parametrize("kind", [Classifier, Regressor, MLPClassifier, MLPRegressor])
def test_all_estimators_train_by_the_same_parameters(kind):
    own = inspect.signature(kind).parameters
    for field in fields(NetworkEstimator):
        assert own[field.name].default == field.default
        assert own[field.name].kind == inspect.Parameter.KEYWORD_ONLY


def test_a_pair_of_outputs_goes_on_whatever_is_set_meanwhile(tmp_path):
    halves = (X[:, 0] > 0).astype(int)
    model, same = (
        Classifier(Chain(Linear(2), Softmax()), max_iter=5, random_state=0).fit(X, halves)
        for _ in range(2)
    )
    model.set_params(complete=True).save(tmp_path / "m")
    loaded = Classifier.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    going_on = [each.partial_fit(X, halves).predict_proba(X) for each in (model, same)]
    np.testing.assert_array_equal(*going_on)
