"""Every kind of estimator, inputs and answers: onnxruntime predicts what the library does."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from chainrule import (
    AvgPool2d,
    Chain,
    Classifier,
    Conv2d,
    EmbeddingBag,
    Flatten,
    Huber,
    Linear,
    MaxPool2d,
    MeanAbsoluteError,
    MLPClassifier,
    MLPRegressor,
    Poisson,
    QuantileLoss,
    Regressor,
    ReLU,
    TableClassifier,
    TableRegressor,
    Tanh,
    TextClassifier,
    export_network,
)
from chainrule.export.onnx.model import OPSETS
from chainrule.export.walk import walk
from export.onnx.runtime import Session, assert_close, columns_of, exported
from export.programs import module, needs_node

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X32 = X.astype(np.float32)
IMAGES, DIGITS = load_digits(return_X_y=True)
IMAGES, DIGITS = IMAGES.reshape(-1, 8, 8)[:300], DIGITS[:300]
FEW = {"max_iter": 3, "random_state": 0}
BATCHES = (1, 7, 100)


def check_classes(session, model, feeds, samples):
    """Compare labels and probabilities of batches of several sizes."""
    names = ["label", "probabilities", "scores"]
    assert session.names == names
    labels, exact = model.predict(samples), model.predict_proba(samples)
    for n in BATCHES:
        found = session.run({name: array[:n] for name, array in feeds.items()})
        assert_close(found["probabilities"], exact[:n], 32)
        assert np.array_equal(found["label"].astype(labels.dtype), labels[:n])


def check_numbers(session, model, feeds, samples):
    expected = model.predict(samples)
    expected = expected.reshape(len(expected), -1)
    for n in BATCHES:
        found = session.run({name: array[:n] for name, array in feeds.items()})
        assert_close(found["variable"], expected[:n], 32)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (y, "tensor(int64)"),
        (np.array(["sétosa", "", "virginica"])[y], "tensor(string)"),
        (y == 1, "tensor(bool)"),
        (np.array([2.0, 5.0])[y % 2], "tensor(int64)"),
        ((y == 2).astype(np.uint8), "tensor(int64)"),
        (np.array(["a", "b"], object)[y % 2], "tensor(string)"),
    ],
)
@pytest.mark.parametrize("opset", OPSETS)
def test_classes_of_every_type(labels, kind, opset, tmp_path):
    model = MLPClassifier((5,), solver="lbfgs", max_iter=30, random_state=0).fit(X32, labels)
    session = exported(model, tmp_path, opset=opset)
    assert session.session.get_outputs()[0].type == kind
    check_classes(session, model, {"X": X32}, X32)


def test_several_labels(tmp_path):
    X, Y = make_multilabel_classification(120, 6, n_classes=4, random_state=0)
    X = X.astype(np.float32)
    for own in (
        MLPClassifier((5,), solver="lbfgs", max_iter=30, random_state=0),
        Classifier(Chain(Linear(5), Tanh()), complete=True, **FEW),
    ):
        model = own.fit(X, Y)
        check_classes(exported(model, tmp_path), model, {"X": X}, X)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize(
    "loss", [None, Huber(0.5), MeanAbsoluteError(), QuantileLoss(0.3), Poisson()]
)
def test_numbers_by_every_loss(loss, opset, tmp_path):
    options = {} if loss is None else {"loss": loss}
    model = Regressor(Chain(Linear(5), Tanh()), complete=True, **options, **FEW)
    model.fit(X32[:, :3], X32[:, 3])
    session = exported(model, tmp_path, opset=opset)
    check_numbers(session, model, {"X": X32[:, :3]}, X32[:, :3])


def test_several_numbers_in_their_own_units(tmp_path):
    answers = X32[:, 2:] * [1, 1000] + [0, 5e4]
    plain = MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=30, random_state=0)
    plain.fit(X32, answers)
    check_numbers(exported(plain, tmp_path), plain, {"X": X32}, X32)
    chain = Chain(Linear(5), Tanh())
    own = Regressor(chain, complete=True, scale_target=True, **FEW)
    own.fit(X32, answers)
    check_numbers(exported(own, tmp_path), own, {"X": X32}, X32)


def test_scalers_of_scikit_learn_before_a_network(tmp_path):
    far = X + np.array([1e7, 0, -5, 1e5])
    pipe = make_pipeline(StandardScaler(), MinMaxScaler(), MLPClassifier((5,), **FEW))
    pipe.fit(far, y)
    session = Session(export_network(pipe, tmp_path / "pipe.onnx").path)
    assert session.inputs == {"X": "tensor(double)"}
    check_classes(session, pipe, {"X": far}, far)
    export_network(pipe, tmp_path / "pipe.onnx", encoded=True)
    scaled = pipe[:-1].transform(far)
    inner = Session(tmp_path / "pipe.onnx")
    check_classes(inner, pipe[-1], {"X": scaled.astype(np.float32)}, scaled)


IMAGE_KINDS = {
    "nhw": (IMAGES, {}),
    "nchw": (np.stack([IMAGES, IMAGES.transpose(0, 2, 1)], 1), {"image_format": "nchw"}),
    "nhwc": (np.stack([IMAGES, IMAGES.transpose(0, 2, 1)], 3), {"image_format": "nhwc"}),
    "rows": (IMAGES.reshape(-1, 64), {"image_shape": (8, 8)}),
}


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_images_of_every_format(kind, opset, tmp_path):
    data, options = IMAGE_KINDS[kind]
    chain = Chain(Conv2d(3), ReLU(), MaxPool2d(2), AvgPool2d(2, stride=1), Flatten())
    model = Classifier(chain, complete=True, **options, **FEW).fit(data, DIGITS)
    raw = data.astype(np.float32).reshape(-1, *model.inputs_.given)
    session = exported(model, tmp_path, opset=opset)
    told = json.loads(session.metadata["inputs"])[0]
    assert told["shape"] == ["N", *model.inputs_.given]
    assert ("rows of 64 pixels in that shape, too" in told["meaning"]) == (kind == "rows")
    check_classes(session, model, {"X": raw}, data)


@pytest.mark.parametrize("scaled", [True, False])
def test_images_that_are_scaled_and_pixels_of_a_camera(scaled, tmp_path):
    data = (IMAGES * 15.9).astype(np.uint8)
    chain = Chain(Conv2d(3), ReLU(), Flatten())
    own = {"inputs": "images"} if scaled else {}
    model = Classifier(chain, complete=True, **own, **FEW).fit(data, DIGITS)
    assert (model.inputs_.scaling is not None) == scaled
    check_classes(exported(model, tmp_path), model, {"X": data.astype(np.float32)}, data)


def test_images_far_from_zero(tmp_path):
    data = np.round(30000 + np.random.default_rng(0).normal(size=(60, 6, 6))).astype(np.uint16)
    model = Classifier(Chain(Conv2d(3), ReLU(), Flatten()), complete=True, inputs="images", **FEW)
    model.fit(data, DIGITS[:60])
    assert_close(
        exported(model, tmp_path).run(data)["scores"],
        walk(model).compute(model.inputs_.encode(data), "scores"),
    )


TEXTS = ["a fine film", "so bad, so very bad", "fine", "", "a bad film", "none is known"] * 20
GENRES = np.array(["good", "bad", "good", "none", "bad", "none"] * 20)


def features(model, texts):
    """Return the features of texts as a graph takes them: places and weights, padded."""
    X = model.inputs_.encode(texts)
    widths = np.diff(X.indptr)
    places = np.zeros((len(texts), widths.max()), np.int64)
    weights = np.zeros(places.shape, np.float32)
    inside = np.arange(widths.max()) < widths[:, None]
    places[inside], weights[inside] = X.indices, X.data
    return {"places": places, "weights": weights}


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("loss", ["softmax", "ova"])
def test_texts_by_their_features(loss, opset, tmp_path):
    model = TextClassifier(6, loss=loss, **FEW).fit(TEXTS, GENRES)
    session = exported(model, tmp_path, opset=opset, encoded=True)
    assert session.inputs == {"places": "tensor(int64)", "weights": "tensor(float)"}
    places, weights = json.loads(session.metadata["inputs"])
    assert f"features among {model.inputs_.count}:" in places["meaning"]
    assert places["shape"] == weights["shape"] == ["N", "L"]
    check_classes(session, model, features(model, TEXTS), TEXTS)


@needs_node
def test_texts_by_the_features_that_javascript_finds(tmp_path):
    model = TextClassifier(6, **FEW).fit(TEXTS, GENRES)
    session = exported(model, tmp_path, encoded=True)
    with module(tmp_path, model) as net:
        found = [net.call("features", text) for text in TEXTS[:6]]
    longest = max(len(each["places"]) for each in found)
    feed = {"places": np.zeros((6, longest), np.int64), "weights": np.zeros((6, longest), "f4")}
    for row, each in enumerate(found):
        for name, numbers in each.items():
            feed[name][row, : len(numbers)] = numbers
    assert_close(session.run(feed)["probabilities"], model.predict_proba(TEXTS[:6]), 32)


@pytest.mark.parametrize("first", [Linear(5), EmbeddingBag(4, "mean")])
def test_texts_by_another_first_layer(first, tmp_path):
    chain = Chain(first, Tanh())
    model = Classifier(chain, complete=True, inputs="text", **FEW).fit(TEXTS, GENRES)
    session = exported(model, tmp_path, encoded=True)
    check_classes(session, model, features(model, TEXTS), TEXTS)


FRAME = pd.DataFrame(
    {
        "width": X[:, 0],
        "size": np.where(X[:, 1] > 3, "large", "small"),
        "label": np.where(X[:, 2] > 4, np.nan, X[:, 2]),
    }
)


@pytest.mark.parametrize("opset", OPSETS)
def test_tables(opset, tmp_path):
    small = {"members": 2, "hidden_layer_sizes": (6,), **FEW}
    names = np.array(["a", "b", "c"])[y]
    for answers in (names, names == "a"):
        model = TableClassifier(**small).fit(FRAME, answers)
        session = exported(model, tmp_path, opset=opset)
        inputs = ["width", "size", "label_1"]  # as an output is label
        assert list(session.inputs) == inputs
        feeds = dict(zip(inputs, columns_of(model, FRAME).values(), strict=True))
        check_classes(session, model, feeds, FRAME)
    options = {"quantiles": (0.1, 0.9), "output_range": "seen"}
    for own in ({}, options):
        model = TableRegressor(**own, **small).fit(FRAME, X[:, 3])
        session = exported(model, tmp_path, opset=opset)
        feeds = dict(zip(inputs, columns_of(model, FRAME).values(), strict=True))
        check_numbers(session, model, feeds, FRAME)
    found = session.run(feeds)["quantiles"]
    assert_close(found, model.predict_quantiles(FRAME), 32)
    assert (np.diff(found, axis=1) >= 0).all()
    assert session.metadata["quantiles"] == "[0.1, 0.5, 0.9]"


def test_what_the_first_layer_takes_in_place_of_columns(tmp_path):
    model = Classifier(Chain(Linear(5)), complete=True, inputs="table", **FEW).fit(FRAME, y)
    session = exported(model, tmp_path, encoded=True)
    found = session.run(model.inputs_.encode(FRAME))
    assert_close(found["probabilities"], model.predict_proba(FRAME), 32)
