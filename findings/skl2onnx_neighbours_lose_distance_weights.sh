#!/usr/bin/env bash
# skl2onnx 1.20.0 (scikit-learn 1.9.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6): nearest neighbours
# with weights="distance" are converted without a word into models that weight all neighbours alike.
#
# Three samples at 0, 1 and 10 with these as targets, three neighbours, asked at 0.1 and 0.9:
#     KNeighborsRegressor.predict         0.189, 0.989            converted: 3.667, 3.667 (the plain mean)
#     KNeighborsClassifier, class at 0    0.892, 0.099            converted: 0.333, 0.333
# The graph does hold a reciprocal and a sum of weights. The distances come to it with their sign turned,
# a maximum with a small number, meant for distances of 0, makes that number of each, and all weights are
# equal. It is so for float32 and float64, for opsets 9 to 20, and with the option optim="cdist".
#
# Expected: scikit-learn's answers, or a refusal, as of weights that are a function. On the diabetes data
# that ship with scikit-learn (300 samples to fit, 142 to ask), predictions are off by up to 16.6, and are
# to 1e-4 those of weights="uniform".
# Where: skl2onnx.operator_converters.nearest_neighbours, onnx_nearest_neighbors_indices_k, the product
# with −1 after TopK.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_diabetes
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

options = onnxruntime.SessionOptions()
options.log_severity_level = 3
right = True


def converted(model, X, **conversion):
    """A converted model's last output: predictions of a regressor, probabilities of a classifier."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = to_onnx(model, X[:1], **conversion)
    assert not [warning for warning in caught if "weight" in str(warning.message)]
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"X": X})[-1]


samples, asked = np.array([[0.0], [1.0], [10.0]]), np.array([[0.1], [0.9]])
for opset in (9, 11, 18, 20):
    model = KNeighborsRegressor(3, weights="distance").fit(samples, samples.ravel())
    seen = converted(model, asked, target_opset=opset).ravel()
    print(f"regressor, opset {opset}: {model.predict(asked).round(3)}, converted {seen.round(3)}")
    right &= np.allclose(model.predict(asked), [0.189, 0.989], atol=1e-3) and np.allclose(seen, 11 / 3)
    model = KNeighborsClassifier(3, weights="distance").fit(samples, [0, 1, 1])
    seen = converted(model, asked, target_opset=opset, options={id(model): {"zipmap": False}})[:, 0]
    print(f"classifier, opset {opset}: {model.predict_proba(asked)[:, 0].round(3)}, converted {seen.round(3)}")
    right &= np.allclose(model.predict_proba(asked)[:, 0], [0.892, 0.099], atol=1e-3) and np.allclose(seen, 1 / 3)

X, y = load_diabetes(return_X_y=True)
for kind in (np.float32, np.float64):
    fitted, asked = X[:300].astype(kind), X[300:].astype(kind)
    model = KNeighborsRegressor(weights="distance").fit(fitted, y[:300])
    plain = KNeighborsRegressor(weights="uniform").fit(fitted, y[:300])
    seen = converted(model, asked).ravel()
    off, apart = np.abs(seen - model.predict(asked)).max(), np.abs(seen - plain.predict(asked)).max()
    print(f"diabetes, {kind.__name__}: off by up to {off:.1f}, from uniform weights {apart:.1g}")
    right &= off > 10 and apart < 1e-3
raise SystemExit(not right)
PY
