"""Several labels are given as 0 and 1; other numbers would be read as labels that hold."""

import numpy as np
import pandas
import pytest
from scipy import sparse
from sklearn.base import clone

from chainrule import Chain, Classifier, Linear, MLPClassifier, Sigmoid

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(60, 4))
HELD = X[:, :3] > 0
Y = HELD.astype(int)
OPTIONS = {"max_iter": 3, "random_state": 0}

MODELS = {
    "MLPClassifier": MLPClassifier((5,), **OPTIONS),
    "lbfgs": MLPClassifier((5,), solver="lbfgs", **OPTIONS),
    "Classifier": Classifier(Chain(Linear(3), Sigmoid()), **OPTIONS),
    "complete": Classifier(Chain(Linear(3)), complete=True, **OPTIONS),
}
WRONG = {
    "signs": (2 * Y - 1, r"-1 in row 0, column \d; \(y > 0\).astype\(int\) is one"),
    "signs of float": (2.0 * Y - 1, r"-1.0 in row 0, column \d; \(y > 0\)"),
    "twos": (2 * Y, r"2 in row \d, column \d; \(y > 0\).astype\(int\) is one"),
    "bytes": ((255 * Y).astype(np.uint8), r"255 in row \d, column \d; \(y > 0\)"),
    "ones and twos": (Y + 1, r"2 in row \d, column \d$"),
    "halves": (Y / 2, r"0.5 in row \d, column \d; \(y > 0\)"),
    "counts": (Y + (X[:, :3] > 1), r"2 in row \d, column \d$"),
    "all": (-np.ones((60, 3)), r"-1.0 in row 0, column 0; \(y > 0\)"),
    "list": ((2 * Y - 1).tolist(), r"-1 in row 0, column \d; \(y > 0\)"),
    "sparse": (sparse.csr_matrix(2 * Y - 1), r"-1 in row 0, column \d; \(y > 0\)"),
    "sparse array": (sparse.csc_array(2 * Y), r"2 in row \d, column \d; \(y > 0\)"),
    "frame": (pandas.DataFrame(2 * Y - 1), r"-1 in row 0, column \d; \(y > 0\)"),
    "nullable": (pandas.DataFrame(2 * Y).astype("Int64"), r"2.* in row \d, column \d; \(y > 0\)"),
}
RIGHT = {
    "flags": HELD,
    "floats": Y.astype(np.float32),
    "bytes": Y.astype(np.uint8),
    "list": Y.tolist(),
    "sparse": sparse.csr_matrix(Y),
    "sparse flags": sparse.csc_array(HELD),
    "frame": pandas.DataFrame(HELD),
    "nullable": pandas.DataFrame(Y).astype("Int64"),
}
MESSAGE = "expected an indicator matrix y of 0 and 1 for several labels, got "


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("kind", WRONG)
def test_other_numbers_are_refused_wherever_answers_go_in(model, kind):
    wrong, named = WRONG[kind]
    fitted = model.fit(X, Y)
    before = fitted.predict_proba(X)
    calls = [
        lambda: model.fit(X, wrong),
        lambda: model.fit(X, Y, X_val=X, y_val=wrong),
        lambda: fitted.score(X, wrong),
        lambda: fitted.input_gradient(X, wrong),
        lambda: fitted.check_gradients(X, wrong),
    ]
    if model.solver != "lbfgs":
        calls.append(lambda: fitted.partial_fit(X, wrong))
        calls.append(lambda: clone(model).partial_fit(X, wrong, classes=[0, 1, 2]))
    for call in calls:
        with pytest.raises(ValueError, match=MESSAGE + named):
            call()
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


@pytest.mark.parametrize("kind", RIGHT)
def test_any_type_of_0_and_1_says_the_same(kind):
    expected = MLPClassifier((5,), **OPTIONS).fit(X, Y)
    model = MLPClassifier((5,), **OPTIONS).fit(X, RIGHT[kind], X_val=X, y_val=RIGHT[kind])
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert model.score(X, RIGHT[kind]) == np.mean((model.predict(X) == Y).all(axis=1))
    assert model.validation_scores_[-1] == model.score(X, RIGHT[kind])


def test_a_score_weighs_its_samples():
    model = MLPClassifier((5,), **OPTIONS).fit(X, Y)
    right = (model.predict(X) == Y).all(axis=1)
    weights = np.arange(60.0)
    assert model.score(X, Y, weights) == pytest.approx(weights[right].sum() / weights.sum())
    with pytest.raises(ValueError, match=r"sample_weight\.shape == \(59,\), expected \(60,\)"):
        model.score(X, Y, weights[1:])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X[1:], Y)
    with pytest.raises(ValueError, match="an indicator matrix of 3 labels, got y of shape"):
        model.score(X, Y[:, :2])


@pytest.mark.parametrize("labels", [(-1, 1), (0, 2), (-1.0, 1.0), (False, True)])
def test_two_classes_may_be_any_numbers(labels):
    y = np.where(HELD[:, 0], labels[1], labels[0])
    model = MLPClassifier((5,), max_iter=200, learning_rate_init=0.05, random_state=0)
    for given in (y, y.tolist()):
        assert model.fit(X, given).score(X, given) > 0.9
        assert model.classes_.tolist() == list(labels)
