"""Classifiers of a single class: programs and graphs always answer with it."""

import json
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest

from chainrule import (
    Chain,
    Classifier,
    Linear,
    MLPClassifier,
    Sigmoid,
    Softmax,
    TableClassifier,
    TextClassifier,
)
from export.programs import COMPILER, NODE, STRICT, needs_compiler, needs_node

X = np.random.default_rng(0).normal(size=(20, 3))
TABLE = pd.DataFrame({"a": [0.5, 2.0, 3.25, 1.5, 8.0] * 6, "b": ["u", "v", None] * 10})
TEXTS = ["a good film", "a bad one"] * 10


def of_chain(last):
    return Classifier(Chain(Linear(1), last), solver="lbfgs", random_state=0)


CASES = {
    "mlp": (MLPClassifier((4,), solver="lbfgs", random_state=0), X, "only", X[3].tolist()),
    "softmax": (of_chain(Softmax()), X, 7, X[3].tolist()),
    "sigmoid": (of_chain(Sigmoid()), X, True, X[3].tolist()),
    "table": (TableClassifier(random_state=0), TABLE, "only", {"a": 3, "b": None}),
    "texts": (TextClassifier(random_state=0), TEXTS, "only", "a film"),
}


@pytest.fixture(scope="module", params=CASES)
def fitted(request):
    """Return a fitted model, its samples, its class, and a sample in JavaScript."""
    model, samples, label, raw = CASES[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(samples, [label] * len(samples)), samples, label, raw


@needs_compiler
def test_c(tmp_path, fitted):
    model, samples, _, _ = fitted
    assert (model.predict_proba(samples) == 1).all()
    model.export(tmp_path / "one.c", samples=samples, gradient=True)
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "one.c", "-o", "one", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run("./one", cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("one: 20 samples, largest difference 0, allowed")
    text = (tmp_path / "one.c").read_text(encoding="utf-8")
    assert f"check_places[20] = {{{', '.join(['0'] * 20)}}};" in text  # so the place is compared


@needs_node
def test_javascript(tmp_path, fitted):
    model, _, label, raw = fitted
    model.export(tmp_path / "one.mjs")
    (tmp_path / "run.mjs").write_text(
        "import { predict } from './one.mjs';\n"
        f"const {{ label, place, probabilities }} = predict({json.dumps(raw)});\n"
        "console.log(JSON.stringify([label, place, Array.from(probabilities)]));\n",
        encoding="utf-8",
    )
    done = subprocess.run([NODE, "run.mjs"], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(done.stdout) == [label, 0, [1]]


@pytest.mark.parametrize("fitted", [name for name in CASES if name != "texts"], indirect=True)
def test_onnx(tmp_path, fitted):
    runtime = pytest.importorskip("onnxruntime")
    model, samples, label, _ = fitted
    model.export(tmp_path / "one.onnx")
    session = runtime.InferenceSession(tmp_path / "one.onnx", providers=["CPUExecutionProvider"])
    if isinstance(samples, pd.DataFrame):
        feed = {
            "a": samples[["a"]].to_numpy(np.float64),
            "b": samples[["b"]].astype(str).to_numpy(object),
        }
    else:
        feed = {"X": samples.astype(np.float32)}
    found, probabilities = session.run(["label", "probabilities"], feed)
    assert found.tolist() == [label] * len(samples)
    np.testing.assert_array_equal(probabilities, np.ones((len(samples), 1)))


def test_a_page_shows_no_network_whose_answer_is_always_the_same(tmp_path, fitted):
    model, samples, *_ = fitted
    with pytest.raises(ValueError, match="explain: expected two classes or more, got"):
        model.explain(samples, path=tmp_path / "page.html")
    assert not list(tmp_path.iterdir())
