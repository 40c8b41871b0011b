"""Data of one class, as a fold or a first batch may be: it fits, or the error says so."""

import numpy as np
import pandas
import pytest

from chainrule import (
    Chain,
    Classifier,
    Linear,
    LogSoftmax,
    MLPClassifier,
    ReLU,
    Sigmoid,
    Softmax,
    load,
)
from cli.runs import chainrule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(30, 4))
SHORT = {"max_iter": 3, "random_state": 0}
MODELS = {
    "layers": MLPClassifier((5,), **SHORT),
    "lbfgs": MLPClassifier((5,), solver="lbfgs", **SHORT),
    "early": MLPClassifier((5,), early_stopping=True, label_smoothing=0.1, **SHORT),
    "complete": Classifier(Chain(Linear(3), ReLU()), complete=True, **SHORT),
    "sigmoid": Classifier(Chain(Linear(1), Sigmoid()), class_weight="balanced", **SHORT),
    "softmax": Classifier(Chain(Linear(5), ReLU(), Linear(1), Softmax()), **SHORT),
    "softmax early": Classifier(Chain(Linear(1), Softmax()), early_stopping=True, **SHORT),
    "softmax lbfgs": Classifier(Chain(Linear(1), Softmax()), solver="lbfgs", **SHORT),
    "softmax reference": Classifier(
        Chain(Linear(1), Softmax()), engine="reference", label_smoothing=0.1, **SHORT
    ),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("only", [7, "spam", True, -1])
def test_a_single_class_has_probability_1(model, only, tmp_path):
    y = np.full(30, only)
    model.fit(X, y)
    assert model.classes_.tolist() == [only]
    model.save(tmp_path / "m")
    for fitted in (model, load(tmp_path / "m")):
        assert fitted.predict(X).tolist() == y.tolist()
        np.testing.assert_array_equal(fitted.predict_proba(X), np.ones((30, 1)))
        np.testing.assert_array_equal(fitted.predict_log_proba(X), np.zeros((30, 1)))
        assert fitted.decision_function(X).shape == (30,)
        assert fitted.score(X, y) == 1.0
    early = model.early_stopping and model.solver != "lbfgs"
    assert not early or set(model.validation_scores_) == {1.0}
    assert model.input_gradient(X, y).shape == X.shape
    assert model.jacobian(X).shape == (30, 1, 4)
    assert model.check_gradients(X[:3], y[:3]).passed
    with pytest.raises(ValueError, match="has classes not in"):
        model.input_gradient(X, np.full(30, 5 if only != "spam" else "ham"))


@pytest.mark.parametrize(
    "end",
    [
        (Linear(2), Softmax()),
        (Linear(3), Softmax()),
        (Linear(3), Sigmoid()),
        (Linear(1), ReLU()),
        (Linear(1), LogSoftmax()),
    ],
    ids=str,
)
def test_a_chain_for_more_classes_is_told_that_there_is_one(end):
    expected = (
        r"Classifier: expected a chain that ends with Linear\(1\) and Softmax\(\) or Sigmoid\(\) "
        "for the one class that y has, 'spam', got one that ends in "
    )
    with pytest.raises(ValueError, match=expected):
        Classifier(Chain(Linear(5), *end), **SHORT).fit(X, np.full(30, "spam"))


def test_a_first_batch_may_lack_classes():
    for end, outputs in (((Linear(2), Softmax()), 2), ((Linear(1), Sigmoid()), 1)):
        model = Classifier(Chain(*end), random_state=0)
        model.partial_fit(X, np.zeros(30, int), classes=[0, 1])
        assert model.predict_proba(X).shape == (30, 2)
        assert model.n_outputs_ == outputs


def test_the_command_line_uses_a_network_of_one_class(tmp_path):
    frame = pandas.DataFrame(X, columns=[*"abcd"])
    model = MLPClassifier((5,), **SHORT).fit(frame, pandas.Series(["spam"] * 30, name="kind"))
    model.save(tmp_path / "m")
    frame.assign(kind="spam").to_csv(tmp_path / "data.csv", index=False)
    run = chainrule("predict", tmp_path / "m", tmp_path / "data.csv", "--probabilities")
    assert run.out.splitlines()[:2] == ["kind,p(spam)", "spam,1"]
    told = chainrule("predict", tmp_path / "m", tmp_path / "data.csv", "--json").json
    assert (told["classes"], told["probabilities"][0]) == (["spam"], [1.0])
    run = chainrule("evaluate", tmp_path / "m", tmp_path / "data.csv", "--json")
    assert run.json["scores"]["all"] == {"accuracy": 1.0}
