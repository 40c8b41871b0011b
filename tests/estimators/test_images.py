"""Images as samples: formats said and inferred, rows, pixels of any type."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Regressor,
    ReLU,
    Softmax,
)

RNG = np.random.default_rng(0)
COLOR = RNG.normal(size=(12, 3, 6, 5))
LABELS = np.arange(12) % 3

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def small(**parameters):
    chain = Chain(Conv2d(4, 3, padding=1), ReLU(), Flatten(), Linear(3), Softmax())
    return Classifier(chain, max_iter=3, random_state=0, **parameters)


def channels_last(X):
    return np.ascontiguousarray(X.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("said", [False, True])
def test_the_same_images_in_any_format_are_the_same(said):
    readings = [("nchw", COLOR), ("nhwc", channels_last(COLOR))]
    fitted = []
    for form, X in readings:
        model = small(image_format=form if said else None).fit(X, LABELS)
        assert model.image_format_ == form
        assert model.n_features_in_ == 3 * 6 * 5
        fitted.append(model.predict_proba(X))
    for form, X in readings:
        rows = X.reshape(12, -1)
        model = small(image_shape=X.shape[1:], image_format=form if said else None)
        fitted.append(model.fit(rows, LABELS).predict_proba(rows))
    for other in fitted[1:]:
        np.testing.assert_array_equal(other, fitted[0])


def test_gray_images_need_no_axis_of_channels():
    gray = COLOR[:, 0]
    model = small().fit(gray, LABELS)
    assert model.image_format_ == "nhw"
    assert model.chain_.layers[0].input_shape == (1, 6, 5)
    same = small().fit(gray[:, None], LABELS)
    np.testing.assert_array_equal(model.predict_proba(gray), same.predict_proba(gray[:, None]))
    listed = small().fit(gray.tolist(), LABELS)
    np.testing.assert_array_equal(listed.predict_proba(gray.tolist()), model.predict_proba(gray))


@pytest.mark.parametrize("shape", [(3, 5, 3), (1, 7, 4), (8, 6, 5)])
def test_images_of_two_readings_are_not_guessed(shape):
    X = RNG.normal(size=(12, *shape))
    a, b, c = shape
    readings = rf'{a} channels of {b} × {c} pixels.*"nchw", or as {a} × {b} pixels of {c} channels'
    with pytest.raises(ValueError, match=rf'{readings}.*"nhwc"; say which'):
        small().fit(X, LABELS)
    assert small(image_format="nhwc").fit(X, LABELS).chain_.layers[0].input_shape == (c, a, b)
    assert small(image_format="nchw").fit(X, LABELS).chain_.layers[0].input_shape == shape


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        ({"image_format": "nhw"}, COLOR, r"images \(h, w\) with image_format='nhw', got \(3, 6, 5"),
        ({"image_format": "nchw"}, COLOR[:, 0], r"images \(c, h, w\) with .* got \(6, 5\)"),
        ({"image_format": "nhw"}, COLOR[:, 0, 0], r"\(n, h, w\) with .* got rows \(12, 5\)"),
        ({"image_shape": (3, 5)}, COLOR[:, 0, 0], r"15 features for image_shape=\(3, 5\), got 5"),
        ({"image_shape": (6, 5)}, COLOR, r"images of image_shape=\(6, 5\), got X \(12, 3, 6, 5"),
        ({"image_shape": (30,)}, COLOR, r"expected image_shape such as .* got \(30,\)"),
        ({"image_shape": (0, 5)}, COLOR, r"expected image_shape such as .* got \(0, 5\)"),
    ],
)
def test_contradictions_are_named(parameters, X, message):
    with pytest.raises(ValueError, match=f"^Classifier: .*{message}"):
        small(**parameters).fit(X, LABELS)


def test_other_images_than_those_of_the_fit_are_named():
    model = small().fit(COLOR, LABELS)
    with pytest.raises(
        ValueError, match=r"X has images of 6 × 4 pixels with 3 channels, but .* 6 × 5"
    ):
        model.predict(COLOR[..., :4])
    with pytest.raises(
        ValueError, match="X has rows of numbers, but this network is expecting images"
    ):
        model.predict(COLOR.reshape(12, -1))


def test_how_images_are_read_is_said(capsys):
    small(verbose=True).fit(channels_last(COLOR), LABELS)
    said = "Classifier: X (12, 6, 5, 3) is read as images of 6 × 5 pixels with 3 channels, nhwc"
    assert said in capsys.readouterr().out
    small().fit(channels_last(COLOR), LABELS)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, bool])
def test_pixels_are_whole_numbers_too(dtype):
    X = (COLOR > 0).astype(dtype)
    model, numbers = small().fit(X, LABELS), small().fit(X.astype(np.float32), LABELS)
    assert X.dtype == dtype
    np.testing.assert_allclose(model.predict_proba(X), numbers.predict_proba(X), rtol=1e-4)


def test_gradients_have_the_axes_of_the_images():
    first = small().fit(COLOR, LABELS)
    last = small().fit(channels_last(COLOR), LABELS)
    flat = small(image_shape=(6, 5, 3)).fit(channels_last(COLOR).reshape(12, -1), LABELS)
    G = first.input_gradient(COLOR, LABELS)
    assert G.shape == COLOR.shape
    np.testing.assert_allclose(
        last.input_gradient(channels_last(COLOR), LABELS), channels_last(G), rtol=1e-12
    )
    rows = channels_last(COLOR).reshape(12, -1)
    np.testing.assert_allclose(
        flat.input_gradient(rows, LABELS), channels_last(G).reshape(12, -1), rtol=1e-12
    )
    J = first.jacobian(COLOR)
    assert J.shape == (12, 3, 3, 6, 5)
    K = last.jacobian(channels_last(COLOR))
    np.testing.assert_allclose(K, J.transpose(0, 1, 3, 4, 2), rtol=1e-12)
    assert first.check_gradients(COLOR[:3], LABELS[:3]).passed


def test_digits_in_a_pipeline_of_rows():
    X, y = load_digits(return_X_y=True)
    chain = Chain(Conv2d(8, 3, padding=1), ReLU(), MaxPool2d(2), Flatten(), Linear(10), Softmax())
    model = Classifier(
        chain, image_shape=(8, 8), learning_rate_init=0.01, max_iter=15, random_state=0
    )
    scores = cross_val_score(make_pipeline(MinMaxScaler(), model), X, y, cv=3)
    assert scores.mean() > 0.9


def test_numbers_of_images():
    bright = COLOR.mean(axis=(1, 2, 3))
    chain = Chain(Flatten(), Linear(1))
    model = Regressor(chain, solver="lbfgs", alpha=1e-6, random_state=0).fit(COLOR, bright)
    assert model.score(COLOR, bright) > 0.99
    assert clone(model).fit(channels_last(COLOR), bright).score(channels_last(COLOR), bright) > 0.99
