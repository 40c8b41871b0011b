"""Kinds of estimators that stand in no other test: onnxruntime and Node answer as they do."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from chainrule import (
    BatchNorm,
    Chain,
    Classifier,
    Conv2d,
    Dropout,
    Flatten,
    HalfSquaredError,
    LayerNorm,
    Linear,
    MaxPool2d,
    MLPClassifier,
    MLPRegressor,
    Noise,
    Poisson,
    QuantileLoss,
    Regressor,
    ReLU,
    Residual,
    Shift,
    TableClassifier,
    TableRegressor,
    Tanh,
    TextClassifier,
    export_network,
)
from export.onnx.runtime import Session, assert_close, columns_of
from export.programs import NODE, module

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning"),
]

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["sétosa", "versicolor", "virginica"])[Y]
LABELS = np.stack([Y > 0, X[:, 0] > 5.8, X[:, 1] > 3], axis=1).astype(int)
COUNTS = np.round(X[:, 2])
DIGITS, NUMBERS = load_digits(return_X_y=True)
IMAGES, NUMBERS = DIGITS[:200].reshape(-1, 8, 8), NUMBERS[:200]
PHOTOS = (np.stack([IMAGES, IMAGES[:, ::-1], IMAGES * 0.5], axis=3) * 16).astype(np.uint8)
FRAME = pd.DataFrame(
    {
        "length": np.where(X[:, 0] > 7, np.nan, X[:, 0]),
        "size": np.where(X[:, 1] > 3, "large", "small"),
        "kind": np.array([f"k{number % 40}" for number in range(len(X))]),
        "day": pd.to_datetime("2020-02-28") + pd.to_timedelta(np.arange(len(X)) * 7, "h"),
    }
)
FILMS = ["a fine film", "so bad, so very bad", "fine", "", "a bad film", "none"] * 10
MARKS = np.array(["good", "bad", "good", "none", "bad", "none"] * 10)
FEW = {"max_iter": 3, "random_state": 0}
FAST = {"solver": "lbfgs", "max_iter": 20, "random_state": 0}
WHOLE = {"complete": True, **FEW}
CONVOLUTIONS = Conv2d(4), BatchNorm(), ReLU(), Residual(Chain(Conv2d(4, padding="same"), Tanh()))
POOLED = *CONVOLUTIONS, MaxPool2d(2), Flatten()
MOVED = {"augmentation": [Shift(1), Noise(0.05)]}

CASES = {
    "standard scaler": (make_pipeline(StandardScaler(), MLPClassifier((4,), **FAST)), X, NAMES),
    "robust scaler": (make_pipeline(RobustScaler(), MLPClassifier((4,), **FAST)), X, Y == 1),
    "two scalers, labels": (
        make_pipeline(MaxAbsScaler(), MinMaxScaler(), MLPClassifier((4,), **FAST)),
        X,
        LABELS,
    ),
    "scaler, numbers": (
        make_pipeline(
            StandardScaler(with_mean=False), MLPRegressor(hidden_layer_sizes=(4,), **FAST)
        ),
        X[:, :3],
        X[:, 3],
    ),
    "poisson": (MLPRegressor("poisson", (4,), **FAST), X[:, :2], COUNTS),
    "several answers": (MLPRegressor("squared_error", (4,), **FAST), X[:, :2], X[:, 2:]),
    "half squared error": (
        Regressor(Chain(Linear(4), Tanh()), loss=HalfSquaredError(), **WHOLE),
        X[:, :3],
        X[:, 3],
    ),
    "quantile of scaled answers": (
        Regressor(Chain(Linear(4), Tanh()), loss=QuantileLoss(0.9), scale_target=True, **WHOLE),
        X[:, :3],
        1000 * X[:, 3],
    ),
    "dropout and norms": (
        Classifier(Chain(Linear(6), BatchNorm(), Dropout(0.3), LayerNorm(), ReLU()), **WHOLE),
        X.astype(np.float32),
        NAMES,
    ),
    "labels": (Classifier(Chain(Linear(5), Tanh()), **WHOLE), X, LABELS),
    "images that are moved": (
        Classifier(Chain(*POOLED), **MOVED, **WHOLE),
        IMAGES,
        NUMBERS,
    ),
    "photos that are moved and scaled": (
        Classifier(Chain(*POOLED), inputs="images", **MOVED, **WHOLE),
        PHOTOS,
        NUMBERS,
    ),
    "numbers of images": (
        Regressor(Chain(*POOLED), loss=Poisson(), **WHOLE),
        IMAGES,
        NUMBERS.astype(float),
    ),
    "labels of images in rows": (
        Classifier(Chain(*POOLED), image_shape=(8, 8), **WHOLE),
        DIGITS[:200],
        np.stack([NUMBERS > 4, NUMBERS % 2 == 0], axis=1).astype(int),
    ),
    "a batch ensemble of tables": (
        TableClassifier(batch_ensemble=True, members=3, hidden_layer_sizes=(5,), **FEW),
        FRAME,
        NAMES,
    ),
    "numbers of tables, unbounded": (
        TableRegressor(output_range=None, members=2, hidden_layer_sizes=(5,), **FEW),
        FRAME,
        X[:, 3],
    ),
    "labels of tables": (
        Classifier(Chain(Linear(5), Tanh()), inputs="table", **WHOLE),
        FRAME,
        LABELS,
    ),
    "counts of tables": (
        Regressor(Chain(Linear(5), Tanh()), inputs="table", loss=Poisson(), **WHOLE),
        FRAME,
        COUNTS,
    ),
    "labels of texts": (
        TextClassifier(6, **FEW),
        FILMS,
        np.stack([MARKS == "good", MARKS == "bad"], axis=1).astype(int),
    ),
    "numbers of texts": (
        Regressor(Chain(Linear(4), Tanh()), inputs="text", **WHOLE),
        FILMS,
        (MARKS == "good") * 2.5,
    ),
    "single words and pieces": (
        TextClassifier(6, char_ngrams=(2, 3), buckets=128, weighting="mean", **FEW),
        FILMS,
        MARKS,
    ),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """Return a fitted estimator and some samples."""
    model, samples, answers = CASES[request.param]
    return model.fit(samples, answers), samples[:9]


def fed(model, samples):
    """Return samples as the inputs of a graph."""
    inputs = model[-1].inputs_ if hasattr(model, "steps") else model.inputs_
    if inputs.kind == "table":
        return columns_of(model, samples)
    if inputs.kind == "text":
        X = inputs.encode(samples)
        widths = np.diff(X.indptr)
        inside = np.arange(widths.max()) < widths[:, None]
        feed = {"places": np.zeros(inside.shape, np.int64), "weights": np.zeros(inside.shape, "f4")}
        feed["places"][inside], feed["weights"][inside] = X.indices, X.data
        return feed
    shaped = np.reshape(samples, (len(samples), *getattr(inputs, "given", (-1,))))
    return {"X": shaped.astype(np.float64 if hasattr(model, "steps") else np.float32)}


@pytest.mark.parametrize("opset", [17, 21])
def test_onnx(case, opset, tmp_path):
    model, samples = case
    options = {"opset": opset, "encoded": isinstance(samples, list)}
    session = Session(export_network(model, tmp_path / "net.onnx", **options).path)
    found = session.run(fed(model, samples))
    if hasattr(model, "predict_proba"):
        assert_close(found["probabilities"], model.predict_proba(samples), 64)
        assert found["label"].tolist() == model.predict(samples).tolist()
    else:
        expected = model.predict(samples)
        assert_close(found["variable"], expected.reshape(len(samples), -1), 64)


@pytest.mark.skipif(NODE is None, reason="there is no Node")
def test_javascript(case, tmp_path):
    model, samples = case
    given = np.asarray(samples).tolist() if not isinstance(samples, pd.DataFrame) else None
    if given is None:
        columns = {name: cells[:, 0].tolist() for name, cells in columns_of(model, samples).items()}
        rows = zip(*columns.values(), strict=True)
        given = [dict(zip(columns, row, strict=True)) for row in rows]
    expected = np.asarray(
        model.predict_proba(samples) if hasattr(model, "predict_proba") else model.predict(samples)
    ).reshape(len(samples), -1)
    labels = model.predict(samples).tolist()
    with module(tmp_path, model) as net:
        found = [net.call("predict", sample) for sample in given]
    numbers = [each["probabilities"] if isinstance(each, dict) else each for each in found]
    assert_close(np.array(numbers), expected, 64)
    if "label" in found[0]:
        assert [each["label"] for each in found] == labels
    elif isinstance(found[0], dict):
        classes = getattr(model, "classes_", [0, 1, 2])
        held = [
            [label for label, held in zip(classes, row, strict=False) if held] for row in labels
        ]
        assert [each["labels"] for each in found] == np.array(held, object).tolist()
