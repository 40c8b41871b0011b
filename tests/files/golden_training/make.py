"""Write the files of this folder: estimators whose training goes on, of format 2.

`PYTHONPATH=src:tests python -m files.golden_training.make` writes those that are not there yet.
Once they are they stay, to be read for good. expected.json has what a network in each of them says,
its history, and what it says after one pass more.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np

from chainrule import (
    AdamW,
    Chain,
    Classifier,
    Cosine,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    TableRegressor,
    TextClassifier,
    load,
)
from chainrule.files.record import history_to_json

HERE = Path(__file__).parent
RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(12, 3)), 3)
CLASSES = ["one", "two", "three"] * 4
NUMBERS = np.round(X[:, 0] * X[:, 1], 3)
TEXTS = [f"{name} {number % 5} of them" for number, name in enumerate(CLASSES)]
TABLE = {"word": CLASSES, "number": X[:, 0].tolist()}
SMALL = {"max_iter": 2, "random_state": 0}
EXPECTED = {}


def file(name):
    """Return where a file is."""
    return HERE / "saved" / f"{name}.safetensors"


def models():
    """Return networks by name, with their samples and answers, before any fit."""
    at = np.random.RandomState(3)
    scheduled = AdamW(0.01, decay_schedule=Cosine(), decay_factors={"b": 0.0})
    chain = Chain(Linear(4), ReLU(), Linear(1))
    sgd = {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1}
    return {
        "adam": (MLPClassifier((4,), **SMALL), X, CLASSES),
        "sgd": (MLPRegressor(hidden_layer_sizes=(4,), **SMALL | sgd), X, NUMBERS),
        "float32": (MLPRegressor(hidden_layer_sizes=(4,), **SMALL), X.astype(np.float32), NUMBERS),
        "a random state": (
            Regressor(chain, solver="rmsprop", max_iter=2, random_state=at),
            X,
            NUMBERS,
        ),
        "an optimizer": (
            Classifier(Chain(Linear(4)), complete=True, solver=scheduled, **SMALL),
            X,
            CLASSES,
        ),
        "lbfgs": (MLPClassifier((4,), solver="lbfgs", warm_start=True, **SMALL), X, CLASSES),
        "texts": (TextClassifier(4, **SMALL), TEXTS, CLASSES),
        "a table": (TableRegressor(members=2, hidden_layer_sizes=[4], **SMALL), TABLE, NUMBERS),
    }


def said(model, samples):
    """Return what a network says of samples."""
    ask = getattr(model, "predict_proba", model.predict)
    return np.asarray(ask(samples)).tolist()


def going_on(model, samples, answers):
    """Return a network after one pass more."""
    again = "partial_fit" if hasattr(model, "partial_fit") and model.solver != "lbfgs" else "fit"
    return getattr(model, again)(samples, answers)


def main():
    """Write all."""
    (HERE / "saved").mkdir(exist_ok=True)
    for name, (model, samples, answers) in models().items():
        if not file(name).exists():
            model.fit(samples, answers).save(file(name), training_state=True)
        read = load(file(name))
        EXPECTED[name] = {
            "estimator": type(read).__name__,
            "values": said(read, samples),
            "history": history_to_json(read.history_),
            "later": said(going_on(read, samples, answers), samples),
        }
    entries = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in EXPECTED.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
