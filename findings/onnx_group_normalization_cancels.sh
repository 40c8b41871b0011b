#!/usr/bin/env bash
# onnxruntime 1.32.0 on CPUs, onnx 1.23.2 (numpy 2.4.6): GroupNormalization takes the variance as the mean
# of the squares less the square of the mean, in float32, and ends in wrong numbers and NaN.
#
# Four channels of 256 normal numbers each, of standard deviation 1 around a mean, and a group a channel.
# Largest errors of the outputs, which lie within ±4:
#     mean     GroupNormalization    InstanceNormalization
#      100     0.004                 0.00001
#     1000     0.2                   0.0001
#     3000     980                   0.0003
#    10000     NaN                   0.001
# At 3,000 the squares are known to ±0.5 and their difference comes out negative or near 0. onnxruntime
# has no kernel of its own for the operator, and runs the function that onnx gives as its body; so onnx's
# ReferenceEvaluator fails in the same way.
#
# Expected: the same from both, to rounding: the operator is described as y = (x − mean) / √(variance +
# epsilon), computed in float32 by default, and as equivalent to InstanceNormalization for one channel a
# group.
#
# Both ways round differently on different processors; what is checked are sizes of errors.
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import warnings

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

warnings.simplefilter("ignore", RuntimeWarning)  # the square root of a negative variance
normal = np.random.default_rng(0).normal(size=(1, 4, 256))
parameters = {"scale": np.ones(4, np.float32), "shift": np.zeros(4, np.float32)}


def model(operator, **attributes):
    node = helper.make_node(operator, ["x", "scale", "shift"], ["y"], **attributes)
    shapes = {"x": normal.shape, "scale": (4,), "shift": (4,), "y": normal.shape}
    info = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    graph = helper.make_graph([node], "one_node", [info["x"], info["scale"], info["shift"]], [info["y"]])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(made, full_check=True)
    return made


def session(made):
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])


group = model("GroupNormalization", num_groups=4)
runs = {
    "GroupNormalization": session(group),
    "GroupNormalization, ReferenceEvaluator": ReferenceEvaluator(group),
    "InstanceNormalization": session(model("InstanceNormalization")),
}
right = True
for mean in (100, 1000, 3000, 10_000):
    x = (normal + mean).astype(np.float32)
    wide = x.astype(np.float64)
    y = (wide - wide.mean(2, keepdims=True)) / np.sqrt(wide.var(2, keepdims=True) + 1e-5)
    errors = {name: np.abs(run.run(None, {"x": x, **parameters})[0] - y).max() for name, run in runs.items()}
    print(f"mean {mean}:", ", ".join(f"{name} {error:.2g}" for name, error in errors.items()))
    right &= bool(errors.pop("InstanceNormalization") < 0.01)
    if mean >= 1000:
        right &= all(not error < 0.02 for error in errors.values())  # NaN is no small error
raise SystemExit(not right)
PY
