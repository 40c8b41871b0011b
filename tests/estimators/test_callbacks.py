"""scikit-learn's callbacks hear of fits, epochs and iterations."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from chainrule import Chain, Classifier, Linear, MLPClassifier, MLPRegressor, ReLU, Softmax

callback = pytest.importorskip("sklearn.callback", reason="callbacks come with scikit-learn 1.9")

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]


class Recorder:
    """A callback that writes down what it hears, and may ask to stop."""

    def __init__(self, stop_after=None):
        self.heard, self.scores, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.heard.append("setup")

    def teardown(self, estimator, context):
        self.heard.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.heard.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.heard.append(f"end {context.task_name}")
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X, y))
        return context.task_name == "epoch" and len(self.scores) == self.stop_after


def epochs(count):
    return ["begin epoch", "end epoch"] * count


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_is_a_task_of_epochs(solver):
    recorder = Recorder()
    model = MLPClassifier((16,), solver=solver, max_iter=5, random_state=0)
    model.set_callbacks(recorder).fit(X, y)
    # One epoch more begins than is taken: whether training goes on is not known before.
    middle = epochs(len(model.loss_curve_) + 1)
    assert recorder.heard == ["setup", "begin fit", *middle, "end fit", "teardown"]
    assert recorder.scores[-1] == recorder.scores[-2] == model.score(X, y)
    assert len(set(recorder.scores)) > 2


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_a_callback_may_stop_a_fit(solver):
    network = MLPRegressor(hidden_layer_sizes=(4,), solver=solver, max_iter=50, random_state=0)
    network.set_callbacks(Recorder(stop_after=3)).fit(X, y)
    assert network.n_iter_ == len(network.loss_curve_) == 3
    assert network.history_.end == "converged"


def test_a_fit_that_fails_is_torn_down():
    recorder = Recorder()
    model = MLPClassifier(max_iter=5, solver="sgd", learning_rate_init=1e30)
    with pytest.raises(ValueError, match="non-finite"):
        model.set_callbacks(recorder).fit(X, y)
    assert recorder.heard[-1] == "teardown"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scores_of_each_epoch_in_a_pipeline():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    chain = Chain(Linear(20), ReLU(), Linear(10), Softmax())
    model = Classifier(chain, max_iter=4, random_state=0).set_callbacks(monitor)
    make_pipeline(MinMaxScaler(), model).fit(X, y)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 4
    assert scores[-1] > scores[0]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_callbacks_change_nothing():
    fits = [MLPClassifier((16,), max_iter=5, random_state=0) for _ in range(2)]
    fits[1].set_callbacks(Recorder())
    first, second = (model.fit(X, y).chain_.parameters.flat for model in fits)
    assert np.array_equal(first, second)
