"""Pictures show the numbers that they are given."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from chainrule import (
    BatchNorm,
    Chain,
    Classifier,
    Conv2d,
    CrossEntropy,
    Flatten,
    GradientNorms,
    GradientNormsDisplay,
    LearningCurveDisplay,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Plan,
    ReLU,
    Softmax,
    WeightsDisplay,
    accuracy,
    train,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

X, y = load_digits(return_X_y=True)
X = X[:300] / 16
y = y[:300]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def cnn(**parameters):
    chain = Chain(Conv2d(3, 3), ReLU(), Conv2d(2, 3), Flatten(), Linear(10), Softmax())
    return Classifier(chain, image_shape=(8, 8), max_iter=5, random_state=0, **parameters)


def test_learning_curves_are_the_estimators():
    model = cnn(early_stopping=True, learning_rate_init=0.01).fit(X, y)
    display = LearningCurveDisplay.from_estimator(model)
    curves = [model.loss_curve_, model.validation_loss_curve_, model.validation_scores_]
    assert len(display.lines_) == 3
    for line, curve in zip(display.lines_, curves, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 6))
        np.testing.assert_array_equal(line.get_ydata(), curve)
    assert len(display.axes_) == 2
    assert [ax.get_ylabel() for ax in display.axes_] == ["loss", "accuracy"]
    kept = int(np.argmax(model.validation_scores_)) + 1
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["training", "validation", f"kept: epoch {kept}"]
    display.figure_.canvas.draw()


def test_curves_tell_the_score_that_was_chosen_and_the_epoch_that_was_kept():
    options = {"early_stopping": True, "learning_rate_init": 0.01}
    model = cnn(**options, scoring="balanced_accuracy").fit(X, y)
    display = LearningCurveDisplay.from_estimator(model)
    assert display.axes_[1].get_ylabel() == "balanced_accuracy"
    model = cnn(**options, scoring="loss").fit(X, y)
    model.validation_loss_curve_ = [0.3, 0.1, 0.2, 0.4, 0.5]
    model.validation_scores_ = [0.1, 0.2, 0.3, 0.5, 0.4]
    display = LearningCurveDisplay.from_estimator(model)
    assert (display.score_name, display.kept) == ("accuracy", 2)
    model.set_params(scoring=None)
    assert LearningCurveDisplay.from_estimator(model).kept == 4
    model.set_params(solver="lbfgs")  # which keeps the best iteration as others keep an epoch
    assert LearningCurveDisplay.from_estimator(model).kept == 4
    model.set_params(solver="adam", scoring=max)
    model.validation_scores_ = [np.nan] * 5
    display = LearningCurveDisplay.from_estimator(model)
    assert (display.score_name, display.kept) == ("score", None)


def test_a_history_has_curves_too():
    chain = Chain(Linear(10), Softmax())
    held_out = {"validation": (X[200:], y[200:]), "score": accuracy}
    history = train(chain, CrossEntropy(), X[:200], y[:200], Plan(epochs=4), **held_out)
    display = LearningCurveDisplay.from_history(history, score_name="accuracy")
    first, second, third = (line.get_ydata().tolist() for line in display.lines_)
    assert first == history.losses
    assert second == [epoch.validation_loss for epoch in history.epochs]
    assert third == [epoch.validation_score for epoch in history.epochs]
    assert display.kept == history.kept
    alone = train(chain, CrossEntropy(), X, y, Plan(epochs=2))
    assert len(LearningCurveDisplay.from_history(alone).lines_) == 1


def test_without_a_validation_set_there_is_one_curve():
    model = MLPRegressor(max_iter=3).fit(X, y)
    display = LearningCurveDisplay.from_estimator(model)
    assert len(display.axes_) == len(display.lines_) == 1
    assert display.ax_.get_legend() is None


def test_curves_go_where_they_are_told():
    figure, (left, right) = pyplot.subplots(1, 2)
    display = LearningCurveDisplay([3.0, 2.0], scores=[0.1, 0.2], score_name="R²")
    assert display.plot(ax=left) is display
    assert display.ax_ is left
    assert display.figure_ is figure
    assert not right.lines
    display.plot(ax=[left, right])
    assert right.get_ylabel() == "R²"
    assert (left.get_xlabel(), right.get_xlabel()) == ("epoch", "epoch")
    stacked = display.plot()
    assert [ax.get_xlabel() for ax in stacked.axes_] == ["", "epoch"]


def test_of_a_long_training_some_epochs_are_drawn():
    display = LearningCurveDisplay([3.0, 2.0, 0.1], scores=[0.1, 0.2, 0.3], epochs=[1, 50, 100])
    for line in display.plot().lines_:
        assert line.get_xdata().tolist() == [1, 50, 100]
    assert {label.get_text() for label in display.ax_.get_yticklabels()} >= {"0.1", "0.2", "0.5"}


@pytest.mark.parametrize(
    ("losses", "log", "scale"),
    [
        ([1.0, 0.5], None, "linear"),
        ([1.0, 0.01], None, "log"),
        ([1.0, -0.01], None, "linear"),
        ([1.0, 0.5], True, "log"),
        ([1.0, 0.01], False, "linear"),
    ],
)
def test_a_wide_range_takes_a_logarithmic_axis(losses, log, scale):
    assert LearningCurveDisplay(losses).plot(log=log).ax_.get_yscale() == scale


def ticks(axis):
    """Return the numbers and names that are seen along an axis."""
    axis.figure.canvas.draw()
    low, high = sorted(axis.get_view_interval())
    return [
        label.get_text()
        for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        if low <= place <= high
    ]


def covered(ax):
    """Return which lines have a point within the legend."""
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    points = [line.get_transform().transform(line.get_xydata()) for line in ax.lines]
    return [i for i, line in enumerate(points) if any(box.contains(*point) for point in line)]


@pytest.mark.parametrize("count", [2, 8, 40])
def test_a_legend_lies_on_no_line(count):
    norms = {f"W{k} of Linear(20)": list(1.5 ** (k - np.arange(30) / 9)) for k in range(count)}
    display = GradientNormsDisplay(norms).plot()
    assert len(display.ax_.get_legend().get_texts()) == count
    assert not covered(display.ax_)
    box = display.ax_.get_legend().get_window_extent()
    assert box.x1 <= display.figure_.bbox.x1
    assert box.y0 >= display.figure_.bbox.y0
    if count < 40:  # as many as have room
        _, (left, _) = pyplot.subplots(1, 2)
        for log in (True, False):
            assert not covered(GradientNormsDisplay(norms).plot(ax=left, log=log).ax_)
            left.clear()


def test_one_epoch_is_epoch_1():
    curve = LearningCurveDisplay([0.5], scores=[0.1]).plot()
    norms = GradientNormsDisplay({"W0": [1.0]}).plot()
    assert ticks(curve.axes_[1].xaxis) == ticks(norms.ax_.xaxis) == ["1"]


@pytest.mark.parametrize(
    "make",
    [
        cnn,
        lambda **more: cnn(engine="reference", **more),
        lambda **more: MLPClassifier(max_iter=5, dropout=0.2, **more),
    ],
)
def test_lengths_of_gradients_are_those_of_the_first_samples(make):
    model = make(gradient_samples=50, alpha=0).fit(X, y)
    chain, norms = model.chain_, model.gradient_norms_
    assert set(norms) == set(chain.parameters)
    assert all(len(lengths) == model.n_iter_ == 5 for lengths in norms.values())
    samples = X[:50].reshape(-1, *chain.layers[0].input_shape)
    _, gradients = chain.gradient(CrossEntropy(), samples, y[:50])
    last = [lengths[-1] for lengths in norms.values()]
    np.testing.assert_allclose(last, [np.linalg.norm(g) for g in gradients.values()], rtol=1e-3)
    display = GradientNormsDisplay.from_estimator(model)
    weights = [name for name in norms if name.startswith("W")]
    for line, name in zip(display.lines_, weights, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), norms[name])
    with_biases = GradientNormsDisplay.from_estimator(model, biases=True)
    assert len(with_biases.lines_) == len(norms)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[-1].startswith(f"{weights[-1]} of Linear(10")


def test_what_training_does_not_move_is_not_drawn():
    chain = Chain(Flatten(), Linear(5), BatchNorm(), ReLU())
    model = Classifier(chain, complete=True, max_iter=1, gradient_samples=5).fit(X, y)
    display = GradientNormsDisplay.from_estimator(model, biases=True)
    assert {"mean1", "variance1"} <= set(model.gradient_norms_)
    assert list(display.norms) == ["W0", "b0", "g1", "b1", "W2", "b2"]


def test_recording_changes_no_bit_and_goes_on_with_the_network():
    plain, recorded = cnn().fit(X, y), cnn(gradient_samples=20, warm_start=True).fit(X, y)
    np.testing.assert_array_equal(plain.chain_.parameters.flat, recorded.chain_.parameters.flat)
    assert not hasattr(plain, "gradient_norms_")
    recorded.fit(X, y)
    assert len(recorded.gradient_norms_["W0"]) == 10
    recorded.set_params(warm_start=False).fit(X, y)
    assert len(recorded.gradient_norms_["W0"]) == 5


def test_training_without_an_estimator_records_lengths_too():
    chain = Chain(Linear(10), Softmax()).initialize(X)
    lengths = GradientNorms(chain, CrossEntropy(), X[:9], y[:9])
    train(chain, CrossEntropy(), X, y, Plan(epochs=3), reporter=lengths)
    assert len(lengths.norms["W0"]) == 3
    assert GradientNormsDisplay(lengths.norms).plot().lines_[0].get_label() == "W0"


@pytest.mark.parametrize(
    ("display", "attribute"),
    [
        (LearningCurveDisplay, "loss_curve_"),
        (WeightsDisplay, "chain_"),
        (GradientNormsDisplay, "gradient_norms_"),
    ],
)
def test_what_is_missing_in_an_estimator_is_said(display, attribute):
    with pytest.raises(ValueError, match=f"{display.__name__}: expected a .* with {attribute};"):
        display.from_estimator(cnn())


def test_matplotlib_is_loaded_when_a_picture_is_drawn_and_not_before():
    code = """
import sys
import chainrule
from chainrule import LearningCurveDisplay
assert "matplotlib" not in sys.modules
sys.modules["matplotlib"] = None
try:
    LearningCurveDisplay([1.0]).plot()
except ImportError as error:
    print(error)
"""
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert said.strip() == (
        "LearningCurveDisplay needs matplotlib: pip install 'chainrule[plots]', or "
        "pip install matplotlib"
    )
