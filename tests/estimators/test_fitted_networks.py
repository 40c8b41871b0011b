"""Fitted networks whose parameters are set since, or that lie in a mapped file."""

import copy
import pickle

import joblib
import numpy as np
import pytest

from chainrule import Chain, Classifier, Linear, MLPClassifier, MLPRegressor, Regressor, ReLU

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(60, 4))
KINDS, NUMBERS = np.arange(60) % 3, X[:, 0]
SHORT = {"max_iter": 5, "random_state": 0}
MODELS = {
    "layers": (MLPClassifier((5,), **SHORT), KINDS),
    "lbfgs": (MLPClassifier((5,), solver="lbfgs", **SHORT), KINDS),
    "numbers": (MLPRegressor(hidden_layer_sizes=(5,), **SHORT), NUMBERS),
    "chain": (Classifier(Chain(Linear(5), ReLU()), complete=True, **SHORT), KINDS),
    "scaled": (Regressor(Chain(Linear(5)), complete=True, scale_target=True, **SHORT), NUMBERS),
}
SET_SINCE = {
    "layers": {"activation": "tanh", "hidden_layer_sizes": (9, 9), "dropout": 0.5},
    "lbfgs": {"activation": "logistic", "solver": "adam"},
    "numbers": {"activation": "tanh", "loss": "poisson", "hidden_layer_sizes": ()},
    "chain": {"chain": Chain(Linear(9)), "complete": False, "label_smoothing": 0.1},
    "scaled": {"scale_target": False, "loss": "huber", "chain__0__outputs": 7},
}


@pytest.mark.parametrize("name", MODELS)
def test_parameters_that_are_set_count_from_the_next_fit_on(name):
    model, y = MODELS[name]
    model = copy.deepcopy(model).fit(X, y)
    methods = [method for method in ("predict", "predict_proba") if hasattr(model, method)]
    before = {method: getattr(model, method)(X) for method in methods}
    score = model.score(X, y)
    common = {"dtype": "float32", "random_state": 7, "early_stopping": True, "alpha": 3.0}
    model.set_params(**SET_SINCE[name], **common)
    for method, expected in before.items():
        np.testing.assert_array_equal(getattr(model, method)(X), expected)
    assert model.score(X, y) == score
    for name, value in {"engine": "reference", "n_jobs": 1}.items():  # who computes
        model.set_params(**{name: value})
        np.testing.assert_allclose(model.predict(X).astype(float), before["predict"], rtol=1e-9)


@pytest.fixture(params=MODELS)
def mapped(request, tmp_path):
    """Return a fitted model, what loads it as a memory map, and its answers."""
    model, y = MODELS[request.param]
    model.fit(X, y)
    joblib.dump(model, tmp_path / "m.joblib")
    return model, lambda: joblib.load(tmp_path / "m.joblib", mmap_mode="r"), y


def test_a_mapped_model_is_used_as_any_other(mapped, tmp_path):
    model, load, y = mapped
    found = load()
    assert not found.chain_.parameters.flat.flags.writeable
    found.save(tmp_path / "m.safetensors")
    for other in (found, pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
        np.testing.assert_array_equal(other.jacobian(X), model.jacobian(X))
        assert other.score(X, y) == model.score(X, y)
    np.testing.assert_array_equal(found.input_gradient(X, y), model.input_gradient(X, y))
    assert found.check_gradients(X[:3], y[:3]).passed


def test_a_mapped_model_goes_on_with_a_copy(mapped):
    model, load, y = mapped
    warm = {"warm_start": True, "max_iter": 2}
    found = load().set_params(**warm).fit(X, y)
    expected = copy.deepcopy(model).set_params(**warm).fit(X, y)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    assert found.chain_.parameters.flat.flags.writeable
    if model.solver != "lbfgs":
        found, expected = load().partial_fit(X, y), copy.deepcopy(model).partial_fit(X, y)
        np.testing.assert_allclose(found.chain_.parameters.flat, expected.chain_.parameters.flat)
    np.testing.assert_array_equal(load().predict(X), model.predict(X))


@pytest.mark.parametrize("name", ["layers", "numbers"])
def test_mapped_weights_are_read_only_and_may_be_replaced(name, tmp_path):
    model, y = MODELS[name]
    model.fit(X, y)
    joblib.dump(model, tmp_path / "m.joblib")
    found = joblib.load(tmp_path / "m.joblib", mmap_mode="r")
    with pytest.raises(ValueError, match="read-only"):
        found.coefs_[0][0, 0] = 1.0
    for replace in (
        lambda each: each.coefs_.__setitem__(0, 2 * each.coefs_[0]),
        lambda each: setattr(each, "intercepts_", [b + 1 for b in each.intercepts_]),
    ):
        found, expected = joblib.load(tmp_path / "m.joblib", mmap_mode="r"), copy.deepcopy(model)
        replace(found)
        replace(expected)
        np.testing.assert_array_equal(found.jacobian(X), expected.jacobian(X))
        np.testing.assert_array_equal(found.predict(X), expected.predict(X))
        found.coefs_[0][0, 0] += 1.0  # it is the network's own by now
        assert not np.array_equal(found.jacobian(X), expected.jacobian(X))
