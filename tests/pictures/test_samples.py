"""What a network makes of samples: classes taken for others, mistakes, and where it looks."""

import numpy as np
import pandas
import pytest
from sklearn.metrics import confusion_matrix

from chainrule import (
    Chain,
    Classifier,
    ConfusionDisplay,
    Conv2d,
    Flatten,
    Linear,
    MistakesDisplay,
    MLPClassifier,
    MLPRegressor,
    ReLU,
    SaliencyDisplay,
    TableClassifier,
    TextClassifier,
)
from chainrule.pictures.mistakes import mistake_text
from chainrule.pictures.saliency import answer_text
from chainrule.pictures.sample_images import shown
from pictures.test_pictures import X, closed, cnn, pyplot, y

__all__ = ["closed"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IMAGES = X.reshape(-1, 8, 8)
NAMES = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@pytest.fixture(scope="module")
def model():
    chain = Chain(Conv2d(4, 3), ReLU(), Flatten(), Linear(10))
    return Classifier(chain, complete=True, max_iter=3, random_state=0).fit(IMAGES, WORDS[y])


@pytest.fixture(scope="module")
def float64():
    parts = Chain(Conv2d(2, 3), ReLU(), Flatten(), Linear(10))
    options = {"complete": True, "max_iter": 2, "random_state": 0, "dtype": "float64"}
    return Classifier(parts, **options).fit(IMAGES, y)


def numbers(array):
    return np.asarray(array.get_array(), dtype=float)


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_cells_count_who_is_taken_for_whom(model, normalize):
    display = ConfusionDisplay.from_estimator(model, IMAGES, WORDS[y], normalize=normalize)
    labels = sorted(WORDS)
    expected = confusion_matrix(WORDS[y], model.predict(IMAGES), labels=labels)
    np.testing.assert_array_equal(display.counts, expected)
    shares = confusion_matrix(
        WORDS[y], model.predict(IMAGES), labels=labels, normalize=normalize or "true"
    )
    np.testing.assert_allclose(numbers(display.image_), shares)
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == labels
    assert display.ax_.get_xlabel() == "predicted class"
    for place, count in np.ndenumerate(expected):
        text = display.text_[place]
        assert (text is None) == (count == 0)
        if count:
            told = f"{count}" if normalize is None else f"{shares[place]:.2f}"
            assert text.get_text() == told
            assert text.get_position() == place[::-1]


def test_classes_of_any_classifier_are_counted():
    display = ConfusionDisplay.from_predictions([2.5, 1.0, 2.5, 3.0], [2.5, 2.5, 1.0, 2.5])
    assert display.labels == ("1", "2.5", "3")
    np.testing.assert_array_equal(display.counts, [[0, 1, 0], [1, 1, 0], [0, 1, 0]])
    for true, predicted in (([1, 2], [1]), ([], []), ([[1]], [[1]])):
        with pytest.raises(ValueError, match=r"expected as many classes \(n,\) as predictions"):
            ConfusionDisplay.from_predictions(true, predicted)


def test_words_are_cut_to_the_width_of_an_image():
    assert mistake_text("7", "1", 0.99, 20) == "7 → 1\n99 %"
    assert mistake_text("a sandal", "a sneaker", 0.5, 18) == "a sandal\n→ a sneaker, 50 %"
    assert mistake_text("ankle boots", "sandals", 0.5, 8) == "ankl…ots\n→ san…ls\n50 %"
    assert answer_text("sandal", "50 %", 12) == "sandal, 50 %"
    assert answer_text("sandals", "50 %", 12) == "sandals\n50 %"
    assert answer_text("3.25", "") == "3.25"


def test_a_class_without_samples_has_a_row_of_zeros(model):
    display = ConfusionDisplay.from_estimator(model, IMAGES[y > 0], WORDS[y[y > 0]])
    assert not display.counts[display.labels.index("zero")].any()
    assert np.isfinite(display.shares).all()


def test_many_classes_have_colors_alone():
    display = ConfusionDisplay(np.eye(50, dtype=int), [f"class {k}" for k in range(50)]).plot()
    assert not any(text for text in display.text_.flat)
    assert len(display.ax_.get_xticks()) == 25


def test_what_is_no_class_is_named(model):
    with pytest.raises(ValueError, match="expected classes of training, got 'ten'"):
        ConfusionDisplay.from_estimator(model, IMAGES[:1], np.array(["ten"]))
    with pytest.raises(ValueError, match="expected a class for each of 2 samples, got y of shape"):
        ConfusionDisplay.from_estimator(model, IMAGES[:2], np.array(["one"]))
    with pytest.raises(ValueError, match="expected normalize to be one of true, pred, all or None"):
        ConfusionDisplay.from_estimator(model, IMAGES, WORDS[y], normalize="row")
    with pytest.raises(ValueError, match=r"got shape \(2, 2\) and 1 labels"):
        ConfusionDisplay(np.eye(2), ["a"])
    regressor = MLPRegressor(max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="one class a sample, got a MLPRegressor of numbers"):
        ConfusionDisplay.from_estimator(regressor, X, y)
    several = MLPClassifier(max_iter=1).fit(X, np.stack([y > 3, y > 5], axis=1).astype(int))
    with pytest.raises(ValueError, match="got a MLPClassifier of several labels a sample"):
        MistakesDisplay.from_estimator(several, X, y)
    with pytest.raises(ValueError, match="expected a MLPClassifier with chain_; call fit first"):
        ConfusionDisplay.from_estimator(MLPClassifier(), X, y)


def test_the_most_certain_mistakes_come_first(model):
    display = MistakesDisplay.from_estimator(model, IMAGES, WORDS[y], count=5)
    P, predicted = model.predict_proba(IMAGES).max(axis=1), model.predict(IMAGES)
    wrong = [k for k in np.argsort(-P, kind="stable") if predicted[k] != WORDS[y][k]]
    assert list(display.rows) == wrong[:5]
    assert (display.mistakes, display.samples) == (len(wrong), len(X))
    for ax, row in zip(display.axes_[:5], wrong, strict=False):
        np.testing.assert_allclose(numbers(ax.images[0]), IMAGES[row])
        true, said, share = WORDS[y][row], predicted[row], f"{100 * P[row]:.0f} %"
        assert ax.get_title() == f"{true} → {said}\n{share}"
    assert display.figure_._supxlabel.get_text().startswith(
        f"the 5 most certain of {len(wrong)} mistakes among 300 samples: true class → predicted"
    )


def test_without_mistakes_the_picture_says_so(model):
    right = model.predict(IMAGES) == WORDS[y]
    display = MistakesDisplay.from_estimator(model, IMAGES[right], WORDS[y][right])
    (text,) = display.ax_.texts
    assert text.get_text() == f"no mistakes among {right.sum()} samples"


def test_rows_are_images_of_a_shape_and_columns_called_pixels_too():
    rows = MLPClassifier((8,), max_iter=2, random_state=0).fit(X, y)
    shaped = MistakesDisplay.from_estimator(rows, X, y, shape=(8, 8), count=3)
    np.testing.assert_allclose(shaped.images[:, 0], IMAGES[list(shaped.rows)])
    for wrong in ((8, 9), (64,)):
        with pytest.raises(ValueError, match=r"MistakesDisplay: expected shape=.* for 64 features"):
            MistakesDisplay.from_estimator(rows, X, y, shape=wrong)
    with pytest.raises(
        ValueError, match=r"expected images, rows with shape=\(h, w\), .* got other rows"
    ):
        MistakesDisplay.from_estimator(rows, X, y)
    frame = pandas.DataFrame(16 * X, columns=NAMES)
    table = Classifier(Chain(Linear(10)), complete=True, max_iter=2, inputs="table", random_state=0)
    table.fit(frame, pandas.Series(y, name="digit"))
    named = MistakesDisplay.from_estimator(table, frame.assign(digit=y), count=3)
    np.testing.assert_array_equal(named.images[:, 0], 16 * IMAGES[list(named.rows)])


def test_numbers_of_any_range_are_shown_from_0_to_1():
    images = np.array([0.0, 255.0]).reshape(1, 1, 1, 2)
    np.testing.assert_array_equal(shown(images), [[[0, 1]]])
    np.testing.assert_array_equal(shown(images / 510), [[[0, 0.5]]])
    np.testing.assert_array_equal(shown(images - 5), [[[0, 1]]])
    color = np.arange(12).reshape(1, 3, 2, 2)
    np.testing.assert_allclose(shown(color), color.transpose(0, 2, 3, 1) / 11)
    np.testing.assert_allclose(shown(np.ones((1, 2, 1, 1))), [[[1]]])


def test_saliency_is_the_slope_of_the_predicted_score(float64):
    images, h = IMAGES[:3], 1e-6
    display = SaliencyDisplay.from_estimator(float64, IMAGES[:9], count=3)
    best = float64.predict(images)
    for k, (image, label) in enumerate(zip(images, best, strict=True)):
        slopes = np.zeros((8, 8))
        for place in np.ndindex(8, 8):
            moved = np.stack([image, image])
            moved[0][place] += h
            moved[1][place] -= h
            up, down = float64.decision_function(moved)[:, label]
            slopes[place] = (up - down) / (2 * h)
        np.testing.assert_allclose(display.values_[k], np.abs(slopes), atol=1e-6)
        np.testing.assert_array_equal(numbers(display.axes_[3 + k].images[0]), display.values_[k])
        share = 100 * float64.predict_proba(images)[k].max()
        assert display.axes_[k].get_title() == f"{label}, {share:.0f} %"
    assert display.axes_[3].get_ylabel() == "|∂score/∂x|"


def test_of_the_loss_it_is_each_samples_own_gradient(float64):
    display = SaliencyDisplay.from_estimator(float64, IMAGES[:20], y[:20], of="loss", count=4)
    gradient = 20 * float64.input_gradient(IMAGES[:20], y[:20])
    np.testing.assert_allclose(display.values_, np.abs(gradient[:4]), rtol=1e-12)
    assert len(display.axes_) == 8


def test_times_the_input_a_linear_network_is_taken_apart():
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "price in $"])
    model = MLPClassifier((), max_iter=5, random_state=0).fit(frame, frame["a"] > 0)
    for row in range(3):
        one = frame.iloc[row : row + 1]
        display = SaliencyDisplay.from_estimator(model, one, times_input=True)
        sign = 1 if model.predict(one)[0] else -1
        score = model.decision_function(one)[0] - model.intercepts_[0][0]
        assert display.values_.sum() == pytest.approx(sign * score, rel=1e-5)
        contributions = sign * one.to_numpy()[0] * model.coefs_[0][:, 0]
        order = np.argsort(-np.abs(contributions))
        np.testing.assert_allclose(display.values_, contributions[order], rtol=1e-5)
        names = np.array(["a", "b", r"price in \$"])[order].tolist()
        assert [text.get_text() for text in display.ax_.get_yticklabels()] == names
        widths = [bar.get_width() for bar in display.ax_.patches]
        np.testing.assert_array_equal(widths, display.values_)


@pytest.mark.parametrize("rows", [3, 256])
def test_of_several_rows_bars_are_means_of_sizes(rows, monkeypatch):
    monkeypatch.setattr("chainrule.pictures.attribution.ROWS", rows)
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X[:, 10:40], y)
    display = SaliencyDisplay.from_estimator(model, X[:7, 10:40])
    jacobian = np.abs(model.jacobian(X[:7, 10:40])[:, 0]).mean(axis=0)
    np.testing.assert_allclose(display.values_, np.sort(jacobian)[::-1][:25], rtol=1e-5)
    assert display.ax_.get_xlabel() == "|∂output/∂x|, mean of 7 samples"
    assert display.ax_.get_title() == "the 25 largest of 30"
    monkeypatch.setattr("chainrule.pictures.saliency.MOST_ROWS", 3)
    some = SaliencyDisplay.from_estimator(model, X[:7, 10:40])
    every_third = display.attribution.gradients[::3]
    np.testing.assert_allclose(some.attribution.gradients, every_third, rtol=1e-9)
    assert some.ax_.get_xlabel() == "|∂output/∂x|, mean of 3 of 7 samples"
    monkeypatch.undo()
    losses = SaliencyDisplay.from_estimator(model, X[:7, 10:40], y[:7], of="loss")
    gradient = 7 * model.input_gradient(X[:7, 10:40], y[:7])
    np.testing.assert_allclose(losses.attribution.gradients, gradient, rtol=1e-5)


def test_of_an_ensemble_it_is_the_mean_of_the_members_scores():
    frame = pandas.DataFrame(X[:, 20:24], columns=list("abcd"))
    model = TableClassifier(max_iter=2, random_state=0).fit(frame, y)
    found = SaliencyDisplay.from_estimator(model, frame[:2]).attribution
    chain, places = model.chain_, np.argmax(model.predict_proba(frame[:2]), axis=1)
    encoded = model._encoded(frame[:2])
    Z = np.asarray(chain.trace(encoded, until=len(chain.functions) - 1)[-1])
    scores = Z.mean(axis=1)
    moved = np.array(encoded, dtype=float)
    moved[:, 0] += 1e-2
    changed = np.asarray(chain.trace(moved, until=len(chain.functions) - 1)[-1]).mean(axis=1)
    slopes = (changed - scores)[[0, 1], places] / 1e-2
    np.testing.assert_allclose(found.gradients[:, 0], slopes, rtol=0.05, atol=1e-3)


def test_pictures_go_where_they_are_told(model):
    figure, (left, right) = pyplot.subplots(1, 2)
    assert ConfusionDisplay.from_estimator(model, IMAGES, WORDS[y], ax=left).ax_ is left
    display = SaliencyDisplay.from_estimator(model, IMAGES[:3], ax=right)
    assert right not in figure.axes
    assert display.figure_ is figure
    _, ax = pyplot.subplots()
    mistakes = MistakesDisplay.from_estimator(model, IMAGES, WORDS[y], count=3, ax=ax)
    assert len(mistakes.axes_) == 3
    assert mistakes.figure_._supxlabel is None


def test_saliency_that_is_wrong_is_named(model):
    with pytest.raises(ValueError, match="expected of to be one of score, loss, got 'gradient'"):
        SaliencyDisplay.from_estimator(model, IMAGES, of="gradient")
    for count in (0, True, 1.5):
        with pytest.raises(ValueError, match="expected count to be a whole number >= 1, got"):
            SaliencyDisplay.from_estimator(model, IMAGES, count=count)
    with pytest.raises(ValueError, match="expected answers y to compare with"):
        SaliencyDisplay.from_estimator(cnn().fit(X, y), X, of="loss")
    regressor = MLPRegressor(max_iter=1).fit(X, np.stack([y, y], axis=1))
    assert SaliencyDisplay.from_estimator(regressor, X[:1], output=1)
    with pytest.raises(ValueError, match="expected output to be 0 to 1, got 2"):
        SaliencyDisplay.from_estimator(regressor, X[:1], output=2)
    texts = TextClassifier(max_iter=1).fit(["good film", "bad film"] * 4, [1, 0] * 4)
    with pytest.raises(ValueError, match=r"got texts; explain\(texts\) of the estimator"):
        SaliencyDisplay.from_estimator(texts, ["good"])
