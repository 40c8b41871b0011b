"""Weights of classes where the samples at hand lack some of them, and what "balanced" counts."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight

from chainrule import Chain, Classifier, Linear, MLPClassifier, ReLU

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4))
CLASSES = np.array([*"aaab"] * 22 + ["a", "c"])  # c is rare
LABELS = (rng.random((90, 3)) < [0.5, 0.3, 0.1]).astype(int)
FEW_LABELS = np.where([True, False, True], 0, LABELS)  # of two labels none holds
OPTIONS = {"max_iter": 3, "random_state": 0}
MODELS = [
    MLPClassifier((5,), **OPTIONS),
    Classifier(Chain(Linear(5), ReLU()), complete=True, **OPTIONS),
]
KINDS = {
    "classes": (CLASSES, CLASSES != "c", CLASSES, {"c": 9.0}, {"a": 1.0, "b": 1.0, "c": 9.0}),
    "labels": (
        LABELS,
        np.ones(90, bool),
        FEW_LABELS,
        [{1: 3.0}, {0: 2.0}, {}],
        [{0: 1.0, 1: 3.0}, {0: 2.0, 1: 1.0}, {0: 1.0, 1: 1.0}],
    ),
}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("job", ["partial_fit", "X_val", "input_gradient", "check", "score"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_classes_that_are_not_named_weigh_1_and_may_be_lacking(model, kind, job, solver):
    if job == "partial_fit" and solver == "lbfgs":
        solver = "sgd"
    y, few, lacking, rare, whole = KINDS[kind]
    found = []
    for weights in (rare, whole):
        fitted = clone(model).set_params(class_weight=weights, solver=solver)
        fitted.fit(X, y, X_val=X[few], y_val=lacking[few])
        some, answers = X[few][:4], lacking[few][:4]
        found.append(fitted.validation_loss_curve_)
        if job == "partial_fit":
            found[-1] = fitted.partial_fit(X[few], lacking[few]).chain_.parameters.flat
        elif job == "input_gradient":
            found[-1] = fitted.input_gradient(some, answers)
        elif job == "check":
            assert fitted.check_gradients(some, answers).passed
        elif job == "score":
            found[-1] = fitted.score(some, answers)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_weights_of_labels_multiply(container):
    weights = [{1: 3.0}, {0: 2.0}, {1: 0.5}]
    one, two, three = LABELS.T
    own = np.where(one, 3, 1) * np.where(two, 1, 2) * np.where(three, 0.5, 1)
    by_class = MLPClassifier((5,), class_weight=weights, **OPTIONS).fit(X, container(LABELS))
    by_sample = MLPClassifier((5,), **OPTIONS).fit(X, container(LABELS), own)
    np.testing.assert_array_equal(by_class.coefs_[0], by_sample.coefs_[0])


def test_a_list_fits_the_labels():
    with pytest.raises(ValueError, match="class_weight: expected a dict for each of 3 outputs"):
        MLPClassifier(class_weight=[{1: 3.0}]).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"class_weight: got 2, expected classes of y: 0, 1$"):
        MLPClassifier(class_weight=[{1: 3.0}, {2: 1.0}, {}]).fit(X, LABELS)
    one = MLPClassifier((5,), class_weight=[{"c": 9.0}], **OPTIONS).fit(X, CLASSES)
    same = MLPClassifier((5,), class_weight={"c": 9.0}, **OPTIONS).fit(X, CLASSES)
    np.testing.assert_array_equal(one.coefs_[0], same.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_balanced_counts_the_samples_at_hand(solver):
    few = CLASSES != "c"
    options = {**OPTIONS, "solver": solver, "alpha": 0}
    model = MLPClassifier((5,), class_weight="balanced", **options)
    model.fit(X, CLASSES, X_val=X[few], y_val=CLASSES[few])
    weights = [compute_sample_weight("balanced", y) for y in (CLASSES, CLASSES[few])]
    same = MLPClassifier((5,), **options)
    own = {"X_val": X[few], "y_val": CLASSES[few], "sample_weight_val": weights[1]}
    same.fit(X, CLASSES, weights[0], **own)
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])
    assert model.validation_loss_curve_ == same.validation_loss_curve_
    # A part that is set aside keeps the weights of all samples.
    several = np.array([*"aaab"] * 22 + ["a", "b"])
    early = {**options, "early_stopping": True}
    model = MLPClassifier((5,), class_weight="balanced", **early).fit(X, several)
    same = MLPClassifier((5,), **early).fit(X, several, compute_sample_weight("balanced", several))
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])
    assert model.validation_loss_curve_ == same.validation_loss_curve_


def test_of_many_classes_a_few_are_named_after_what_is_wrong():
    many = np.arange(60) % 30
    with pytest.raises(ValueError, match=r"got '7', .* of y: 0, 1, 2, 3, 4, \.\.\. \(30 in all\)$"):
        MLPClassifier(class_weight={"7": 3.0}).fit(np.ones((60, 2)), many)
