"""Estimators in files come back as they were."""

import copy
import pickle
import threading
from dataclasses import dataclass

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from chainrule import (
    GELU,
    SGD,
    Adam,
    Cosine,
    Elementwise,
    Huber,
    MLPClassifier,
    MLPRegressor,
    ModelFileError,
    WarmUp,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
NUMBERS = X @ rng.normal(size=(3, 2))
SIGN = X[:, 0] > 0
LABELS = {
    "texts": np.array(["low", "high"])[SIGN.astype(int)],
    "objects": np.array(["a", "bb", "cçć"], dtype=object)[np.arange(40) % 3],
    "integers": np.array([5, -2, 7])[np.arange(40) % 3],
    "unsigned": np.array([5, 2], dtype=np.uint8)[SIGN.astype(int)],
    "truths": SIGN,
    "reals": np.array([1.0, 2.0, 3.0], dtype=np.float32)[np.arange(40) % 3],
    "one class": np.full(40, "only"),
    "several": np.c_[SIGN, ~SIGN, X[:, 1] > 0].astype(int),
}
PARAMETERS = [
    {"solver": Adam(0.01), "learning_rate": WarmUp(2, Cosine()), "dropout": 0.2},
    {"activation": GELU(), "hidden_layer_sizes": [3, np.int64(4)], "clip_norm": 0.5},
    {"solver": SGD(0.1, 0.5), "learning_rate": "linear", "n_iter_no_change": np.inf},
    {"early_stopping": True, "hidden_layer_sizes": (), "alpha": np.float64(0.25)},
]


@dataclass(frozen=True)
class Bent(Elementwise):
    """A function of a user's own."""

    bend: float = 0.5

    def value(self, x):
        return x * self.bend

    def derivative(self, x, y):
        return 0 * x + self.bend


def same(one, other):
    """Check that two fitted estimators are alike in all that can be seen."""
    assert type(other) is type(one)
    assert repr(other) == repr(one)
    np.testing.assert_array_equal(other.predict(X), one.predict(X))
    for name in ("loss_curve_", "validation_scores_", "best_loss_", "n_iter_", "t_", "loss_"):
        assert getattr(other, name, None) == getattr(one, name, None), name
    assert other.n_features_in_ == one.n_features_in_
    if hasattr(one, "classes_"):
        assert other.classes_.tolist() == one.classes_.tolist()
        assert other.classes_.dtype == one.classes_.dtype
        np.testing.assert_array_equal(other.predict_proba(X), one.predict_proba(X))


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_type_come_back(tmp_path, kind):
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, LABELS[kind])
    model.save(tmp_path / "m")
    same(model, MLPClassifier.load(tmp_path / "m"))


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_parameters_of_every_type_come_back(tmp_path, parameters):
    model = MLPRegressor("poisson", max_iter=3, random_state=0).set_params(**parameters)
    model.fit(X.astype(np.float32), np.abs(NUMBERS))
    model.save(tmp_path / "m")
    loaded = MLPRegressor.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.coefs_[0].dtype == np.float32
    for name, value in model.get_params().items():
        found = getattr(loaded, name)
        assert found == value, name


def test_weights_of_classes_and_losses_come_back(tmp_path):
    weights = {"low": 2.0, "high": 0.5}
    MLPClassifier(class_weight=weights, max_iter=1).fit(X, LABELS["texts"]).save(tmp_path / "c")
    assert MLPClassifier.load(tmp_path / "c").class_weight == weights
    each = [{0: 1.0, 1: 2.0}] * 3
    MLPClassifier(class_weight=each, max_iter=1).fit(X, LABELS["several"]).save(tmp_path / "c")
    assert MLPClassifier.load(tmp_path / "c").class_weight == each
    MLPRegressor(Huber(2.0, outputs="sum"), max_iter=1).fit(X, NUMBERS).save(tmp_path / "r")
    assert MLPRegressor.load(tmp_path / "r").loss == Huber(2.0, outputs="sum")


def test_a_function_of_ones_own_is_handed_over(tmp_path):
    MLPRegressor(activation=Bent(0.25), max_iter=1).fit(X, NUMBERS).save(tmp_path / "m")
    with pytest.raises(ModelFileError, match=r"uses the function Bent.*functions="):
        MLPRegressor.load(tmp_path / "m")
    assert MLPRegressor.load(tmp_path / "m", functions=[Bent]).activation == Bent(0.25)


def test_names_of_features_come_back(tmp_path):
    pandas = pytest.importorskip("pandas")
    model = MLPRegressor(max_iter=1).fit(pandas.DataFrame(X, columns=["a", "b", "c"]), NUMBERS)
    model.save(tmp_path / "m")
    assert MLPRegressor.load(tmp_path / "m").feature_names_in_.tolist() == ["a", "b", "c"]


def test_what_a_file_cannot_keep_is_named(tmp_path):
    model = MLPRegressor(max_iter=1, scoring=max).fit(X, NUMBERS)
    with pytest.raises(ModelFileError, match=r"scoring: expected .* got builtin_function_or"):
        model.save(tmp_path / "m")
    model.set_params(scoring=None).save(tmp_path / "m")
    with pytest.raises(ModelFileError, match="expected MLPClassifier, got the file of another"):
        MLPClassifier.load(tmp_path / "m")


def test_partial_fit_goes_on_after_loading(tmp_path):
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, LABELS["texts"])
    model.save(tmp_path / "m")
    loaded = MLPClassifier.load(tmp_path / "m").partial_fit(X, LABELS["texts"])
    assert len(loaded.loss_curve_) == 4


@pytest.mark.parametrize("way", ["pickle", "joblib", "deepcopy"])
def test_copies_are_alike_and_apart(tmp_path, way):
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, LABELS["objects"])
    model.predict(X)
    if way == "pickle":
        other = pickle.loads(pickle.dumps(model))
    elif way == "joblib":
        joblib.dump(model, tmp_path / "m")
        other = joblib.load(tmp_path / "m")
    else:
        other = copy.deepcopy(model)
    same(model, other)
    other.coefs_[0][...] = 0
    assert model.coefs_[0].any()
    assert not other.chain_.parameters["W0"].any()
    assert not hasattr(clone(model), "coefs_")


def test_a_copy_in_the_middle_of_warm_starts_goes_on_alike():
    options = {"warm_start": True, "max_iter": 2, "random_state": 0, "solver": "sgd"}
    model = MLPClassifier((4,), **options).fit(X, LABELS["texts"])
    model.partial_fit(X, LABELS["texts"])
    other = pickle.loads(pickle.dumps(model))
    for one in (model, other):
        one.partial_fit(X, LABELS["texts"]).fit(X, LABELS["texts"])
    same(model, other)
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])


def test_threads_may_share_a_fitted_network():
    model = MLPRegressor("huber", (50,), max_iter=2, random_state=0).fit(X, NUMBERS)
    many = np.repeat(X, 500, axis=0)
    expected, found = model.predict(many), []
    threads = [threading.Thread(target=lambda: found.append(model.predict(many))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(each, expected) for each in found)
    assert len(found) == 4
