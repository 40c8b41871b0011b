#!/usr/bin/env bash
# onnx 1.23.2 (onnxruntime 1.32.0, numpy 2.4.6): ReferenceEvaluator refuses GatherElements with axis=-1 where
# indices are shorter than the data along that axis, which is what the operator is for; axis=1 of the same
# two axes is answered.
#
# Data of 2 x 3, an index for each row (2 x 1):
#     axis=1     the chosen number of each row, from the evaluator and from onnxruntime
#     axis=-1    the same from onnxruntime; the evaluator: "Except for dimension -1, all dimensions of ..."
# The checker passes both, with full_check=True, and shape inference gives both the same shape.
#
# Expected: the operator counts a negative axis from the back, as its specification says. So a file that is
# right cannot be tested with the evaluator, whose answers are the specification's.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

feeds = {
    "data": np.array([[1, 2, 3], [4, 5, 6]], np.float32),
    "indices": np.array([[2], [0]]),
}


def gathered(axis):
    graph = helper.make_graph(
        [helper.make_node("GatherElements", ["data", "indices"], ["chosen"], axis=axis)],
        "gathered",
        [
            helper.make_tensor_value_info("data", TensorProto.FLOAT, [2, 3]),
            helper.make_tensor_value_info("indices", TensorProto.INT64, [2, 1]),
        ],
        [helper.make_tensor_value_info("chosen", TensorProto.FLOAT, [2, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model


right = True
for axis in (1, -1):
    model = gathered(axis)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    chosen = session.run(None, feeds)[0].tolist()
    try:
        own = ReferenceEvaluator(model).run(None, feeds)[0].tolist()
    except ValueError as error:
        own = f"ValueError: {error}"
    print(f"axis={axis}: onnxruntime {chosen}, onnx's own evaluator {own}")
    right &= chosen == [[3.0], [4.0]]
    right &= own == chosen if axis == 1 else str(own).startswith("ValueError: Except for dimension")
raise SystemExit(not right)
PY
