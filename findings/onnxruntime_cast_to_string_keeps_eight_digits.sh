#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2 (numpy 2.4.6): Cast from float64 or float32 to string writes eight
# significant digits, so that different numbers become one text, from 10⁸ on in scientific notation.
#
#     123456789.0 and 123456790.0    both "1.2345679e+08"
#     20231129.5                     "20231130"
#     0.1 + 0.2                      "0.3"
#     100000000.0                    "1e+08"
# int64 numbers are written in full. Identifiers and codes are float64 as soon as one of their column was
# missing; a model that looks them up as texts takes one for another, or finds none.
#
# Expected: texts that read as the same number, as float64 needs up to 17 digits and float32 up to 9, in
# the plain notation ("314.15926") that the operator describes. onnx's ReferenceEvaluator writes
# 123456789.0 and 123456790.0, and 0.30000000000000004.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator


def cast(kind):
    """A model that makes texts of a vector of numbers."""
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.STRING)
    x = helper.make_tensor_value_info("x", kind, [None])
    y = helper.make_tensor_value_info("y", TensorProto.STRING, [None])
    made = helper.make_model(
        helper.make_graph([node], "cast", [x], [y]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10
    )
    checker.check_model(made, full_check=True)
    return made


def run(kind, numbers):
    session = onnxruntime.InferenceSession(cast(kind).SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": numbers})[0].tolist()


numbers = np.array([123456789.0, 123456790.0, 20231129.5, 0.1 + 0.2, 100000000.0, 99999999.0])
seen = run(TensorProto.DOUBLE, numbers)
reference = ReferenceEvaluator(cast(TensorProto.DOUBLE)).run(None, {"x": numbers})[0].tolist()
for number, text, expected in zip(numbers.tolist(), seen, reference):
    print(f"float64 {number!r}: onnxruntime {text!r}, ReferenceEvaluator {expected!r}")
right = seen == ["1.2345679e+08", "1.2345679e+08", "20231130", "0.3", "1e+08", "99999999"]
right &= [float(text) for text in reference] == numbers.tolist()

near = np.array([1000.00006, 1000.00012], np.float32)
texts = run(TensorProto.FLOAT, near)
print(f"float32 {near.tolist()}: onnxruntime {texts}")
right &= near[0] != near[1] and texts == ["1000.0001", "1000.0001"]
whole = run(TensorProto.INT64, np.array([123456789123456789]))
print(f"int64: onnxruntime {whole}")
right &= whole == ["123456789123456789"]
raise SystemExit(not right)
PY
