"""What a program answers with, by what a network was trained for: its shape and its values."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from chainrule import Chain, Linear, MLPClassifier, MLPRegressor, Softmax, TableRegressor, Tanh
from export.programs import NODE, needs_node

X, y = load_iris(return_X_y=True)
PLAIN = {"solver": "lbfgs", "max_iter": 2000, "random_state": 0}


def models():
    """Yield names of answers, networks, and their answers to samples as JavaScript has them."""
    one = MLPRegressor("squared_error", (4,), **PLAIN).fit(X[:, :3], X[:, 3])
    yield "a number", one, one.predict(X[:, :3])[:, None].tolist()
    two = MLPRegressor("squared_error", (4,), **PLAIN).fit(X[:, :2], X[:, 2:])
    yield "two numbers", two, two.predict(X[:, :2]).tolist()
    classes = MLPClassifier((4,), **PLAIN).fit(X, np.array(["a", "b", "c"])[y])
    yield (
        "classes",
        classes,
        [
            {"label": label, "place": int(p.argmax()), "probabilities": p.tolist()}
            for label, p in zip(classes.predict(X), classes.predict_proba(X), strict=True)
        ],
    )
    several = MLPClassifier((4,), **PLAIN).fit(X, np.c_[y == 0, y > 0, X[:, 0] > 6].astype(int))
    yield (
        "labels",
        several,
        [
            {"labels": np.flatnonzero(held).tolist(), "probabilities": p.tolist()}
            for held, p in zip(several.predict(X), several.predict_proba(X), strict=True)
        ],
    )
    chain = Chain(Linear(3), Tanh(), Linear(2), Softmax()).initialize((4,), dtype=np.float64)
    yield "a chain", chain, chain.forward(X).tolist()


CASES = {name: (model, answers) for name, model, answers in models()}


def numbers(answer):
    """Return an answer with its numbers rounded, which programs in double have alike."""
    if isinstance(answer, dict):
        own = {key: each for key, each in answer.items() if key != "probabilities"}
        return {**own, "probabilities": numbers(answer["probabilities"])}
    return [float(f"{each:.8g}") for each in answer]


def samples(model):
    return X[:, : getattr(model, "n_features_in_", 4)]


@needs_node
@pytest.mark.parametrize("name", CASES)
def test_javascript(tmp_path, name):
    model, expected = CASES[name]
    model.export(tmp_path / "net.mjs", precision="double")
    (tmp_path / "run.mjs").write_text(
        "import { predict } from './net.mjs';\n"
        "const plain = (key, x) => x instanceof Float64Array ? Array.from(x) : x;\n"
        f"const found = {json.dumps(samples(model).tolist())}.map(predict);\n"
        "console.log(JSON.stringify(found, plain));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, "run.mjs"], cwd=tmp_path, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert list(map(numbers, found)) == list(map(numbers, expected))


@needs_node
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_quantiles_rise_and_have_the_median_in_javascript(tmp_path):
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    small = {"hidden_layer_sizes": (5,), "members": 2, "max_iter": 3, "random_state": 0}
    model = TableRegressor(quantiles=(0.9, 0.1), **small).fit(frame, X[:, 3])
    model.export(tmp_path / "net.mjs")
    rows = json.dumps(frame.to_dict("records"))
    (tmp_path / "run.mjs").write_text(
        "import { predict } from './net.mjs';\n"
        f"const found = {rows}.map((row) => Array.from(predict(row)));\n"
        "console.log(JSON.stringify(found));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, "run.mjs"], cwd=tmp_path, capture_output=True, check=True)
    found = np.array(json.loads(done.stdout))
    assert found.shape == (len(X), 3)
    np.testing.assert_allclose(found, model.predict_quantiles(frame), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[:, 1], model.predict(frame), rtol=1e-5, atol=1e-6)
