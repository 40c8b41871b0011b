"""Threads within a training, and threads that train and predict at once: not a bit is different."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Crop,
    Dropout,
    EmbeddingBag,
    Flatten,
    LayerNorm,
    Linear,
    MaxPool2d,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    Residual,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
ROWS = rng.normal(size=(210, 37))
LABELS = np.arange(210) % 5
IMAGES = rng.normal(size=(70, 3, 9, 10)).astype(np.float32)
COUNTS = sparse.csr_array(rng.poisson(0.05, size=(210, 300)).astype(float))
WIDE = {"hidden_layer_sizes": (70, 33), "batch_size": 64}
FILTERS = (Conv2d(5, 3, padding="same"), ReLU(), MaxPool2d(2), Flatten(), Dropout(0.3))

MODELS = {
    "adam": (MLPClassifier(**WIDE, dtype="float32"), ROWS),
    "double": (MLPClassifier(**WIDE, dtype="float64", label_smoothing=0.1), ROWS),
    "momentum": (MLPClassifier(**WIDE, solver="sgd", dropout=0.4, class_weight="balanced"), ROWS),
    "clipped": (MLPClassifier(**WIDE, solver="rmsprop", clip_norm=0.1, alpha=0.5), ROWS),
    "whole set": (MLPClassifier(**WIDE, solver="lbfgs"), ROWS),
    "stopping": (MLPClassifier(**WIDE, early_stopping=True, activation="tanh"), ROWS),
    "numbers": (MLPRegressor(**WIDE, solver="adamw", loss="huber"), ROWS),
    "filters": (Classifier(Chain(*FILTERS), complete=True, augmentation=Crop(1)), IMAGES),
    "filters for numbers": (Regressor(Chain(*FILTERS), complete=True, batch_size=17), IMAGES),
    "counts": (Classifier(Chain(EmbeddingBag(20, mode="mean")), complete=True), COUNTS),
    "sparse": (MLPClassifier(hidden_layer_sizes=(19,), solver="sgd"), COUNTS),
    "blocks": (Classifier(Chain(Residual(Chain(LayerNorm(), Linear(37)))), complete=True), ROWS),
}


def fitted(name, **parameters):
    model, X = MODELS[name]
    model = clone(model).set_params(max_iter=2, random_state=0, **parameters)
    return model.fit(X, LABELS[: X.shape[0]] * (1.0 if hasattr(model, "loss") else 1))


def bits(model, X):
    """Return all that a training decides, and what comes out."""
    ask = getattr(model, "predict_proba", model.predict)
    curve = np.array(model.loss_curve_)
    return model.chain_.parameters.flat.tobytes(), curve.tobytes(), ask(X).tobytes()


@pytest.mark.parametrize("name", MODELS)
def test_the_number_of_threads_changes_no_bit(name):
    X = MODELS[name][1]
    found = {bits(fitted(name, n_jobs=n_jobs), X) for n_jobs in (1, 2, 3, 4, 5, 8)}
    assert len(found) == 1


def at_once(*calls):
    """Return what calls return that begin at the same moment, each in a thread."""
    start = Barrier(len(calls))

    def call(one):
        start.wait()
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def test_trainings_at_once_are_as_one_after_the_other():
    names = ["adam", "double", "clipped", "filters", "counts", "whole set", "stopping", "numbers"]
    expected = [bits(fitted(name), MODELS[name][1]) for name in names]
    calls = [lambda name=name: bits(fitted(name), MODELS[name][1]) for name in (*names, *names)]
    assert at_once(*calls) == expected * 2


@pytest.mark.parametrize("name", ["adam", "filters", "counts"])
def test_predictions_by_one_network_at_once_are_as_alone(name):
    model, X = fitted(name), MODELS[name][1]
    parts = [X[first : first + 1 + 7 * first] for first in range(8)] * 2
    expected = [model.predict_proba(part).tobytes() for part in parts]
    calls = [lambda part=part: model.predict_proba(part).tobytes() for part in parts]
    for _ in range(3):
        assert at_once(*calls) == expected
