"""Numbers beyond float32 and networks of float32: the right answer, or an error that names them."""

import numpy as np
import pandas
import pytest
from scipy import sparse
from sklearn.neural_network import MLPClassifier as Theirs

from chainrule import (
    Chain,
    Classifier,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
)
from cli.runs import chainrule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4))
NARROW = X.astype(np.float32)
FAR = np.where(np.arange(360).reshape(90, 4) == 14, 1e39, X)
KINDS, NUMBERS = np.arange(90) % 3, X[:, 0]
SHORT = {"max_iter": 3, "random_state": 0}
WITHIN = r"within ±3.4e\+38 for float32, got 1e\+39 in sample "
MODELS = {
    "layers": (MLPClassifier((5,), **SHORT), KINDS),
    "reference": (MLPClassifier((5,), engine="reference", **SHORT), KINDS),
    "sgd": (MLPClassifier((5,), solver="sgd", dtype="float32", **SHORT), KINDS),
    "lbfgs": (MLPClassifier((5,), solver="lbfgs", dtype="float32", **SHORT), KINDS),
    "chain": (Classifier(Chain(Linear(5), ReLU()), complete=True, **SHORT), KINDS),
    "numbers": (MLPRegressor(hidden_layer_sizes=(5,), **SHORT), NUMBERS),
    "scaled": (
        Regressor(Chain(Linear(5), ReLU()), complete=True, scale_target=True, **SHORT),
        NUMBERS,
    ),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_samples_that_a_network_of_float32_cannot_hold_are_named(name, form):
    model, y = MODELS[name]
    model, far = model.fit(NARROW, y), form(FAR)
    calls = [
        lambda: model.predict(far),
        lambda: model.predict(form(FAR[3:4])),
        lambda: model.score(far, y),
        lambda: model.input_gradient(far, y),
        lambda: model.jacobian(far),
        lambda: model.fit(NARROW, y, X_val=far, y_val=y),
    ]
    if hasattr(model, "predict_proba"):
        calls += [lambda: model.predict_proba(far), lambda: model.decision_function(far)]
    if model.solver != "lbfgs":
        model.partial_fit(NARROW, y)
        calls.append(lambda: model.partial_fit(far, y))
    before = model.chain_.parameters.flat.copy()
    for call in calls:
        with pytest.raises(ValueError, match=f"expected X {WITHIN}[03] at .2.; .*float64"):
            call()
    np.testing.assert_array_equal(model.chain_.parameters.flat, before)


def test_a_network_of_float64_answers():
    options = {"max_iter": 3, "random_state": 0}
    ours = MLPClassifier((5,), **options).fit(X, KINDS)
    theirs = Theirs((5,), **options).fit(X, KINDS)
    for far in (FAR, np.where(FAR == 1e39, -1.797e308, X)):
        np.testing.assert_allclose(ours.predict_proba(far), theirs.predict_proba(far), rtol=1e-9)


def test_a_training_in_float32_names_samples_targets_and_weights():
    model = MLPRegressor(hidden_layer_sizes=(5,), dtype="float32", **SHORT)
    far, weights = np.where(np.arange(90) == 4, 1e39, NUMBERS), np.ones(90)
    weights[7] = 1e39
    for call, what, sample in (
        (lambda: model.fit(FAR, NUMBERS), "X", r"3 at \(2\)"),
        (lambda: model.fit(X, far), "targets", r"4 at \(0\)"),
        (lambda: model.fit(X, NUMBERS, weights), "sample weights", "7"),
        (lambda: model.fit(X, NUMBERS, X_val=X, y_val=far), "targets", r"4 at \(0\)"),
    ):
        message = f"{what} {WITHIN}{sample}; dtype='float64' trains in float64$"
        with pytest.raises(ValueError, match=message):
            call()
        assert not hasattr(model, "coefs_")
    assert model.set_params(dtype=None).fit(FAR, NUMBERS).chain_.dtype == np.float64


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_what_overflows_within_a_network_is_said(engine):
    model = MLPClassifier((50,), engine=engine, **SHORT).fit(NARROW, KINDS)
    model.coefs_[1][...] *= 1000
    high = NARROW.copy()
    high[5] = 3e38
    for call in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(ValueError, match="MLPClassifier: expected a finite prediction, got"):
            call(high)
    message = r"in sample 5.*: a number in the network grew beyond float32; bring X near that of tr"
    for call in (model.predict, lambda X: model.score(X, KINDS)):
        with pytest.raises(ValueError, match=message):
            call(high)
    with pytest.raises(ValueError, match=r"expected a finite gradient, got"):
        model.input_gradient(high, KINDS)
    assert np.isfinite(model.predict_proba(np.delete(high, 5, axis=0))).all()


def test_images_and_frames_are_named_like_rows():
    images = rng.normal(size=(20, 6, 5))
    y = np.arange(20) % 2
    model = Classifier(Chain(Flatten()), complete=True, **SHORT).fit(images.astype(np.float32), y)
    images[5, 2, 3] = 1e39
    with pytest.raises(ValueError, match=f"{WITHIN}" + r"5 at \(0, 2, 3\)"):
        model.predict(images)
    names = [*"abcd"]
    model = MLPClassifier((5,), **SHORT).fit(pandas.DataFrame(NARROW, columns=names), KINDS)
    with pytest.raises(ValueError, match=f"{WITHIN}" + r"3 at \(2\)"):
        model.predict(pandas.DataFrame(FAR, columns=names))


def test_the_command_line_names_line_and_column(tmp_path):
    names = [*"abcd"]
    model = MLPClassifier((5,), **SHORT).fit(pandas.DataFrame(NARROW, columns=names), KINDS)
    model.save(tmp_path / "m")
    pandas.DataFrame(FAR, columns=names).assign(kind=KINDS).to_csv(tmp_path / "x.csv", index=False)
    expected = "column 'c', line 5: expected X within ±3.4e+38 for float32, got 1e+39"
    assert chainrule("predict", tmp_path / "m", tmp_path / "x.csv").error == expected
    run = chainrule("evaluate", tmp_path / "m", tmp_path / "x.csv", "-t", "kind")
    assert run.error == expected
