#!/usr/bin/env bash
# onnxruntime 1.20.1 (onnx 1.17.0, numpy 2.2.6): AveragePool after Pad averages over fewer numbers than it
# is told to. Pad writes zeros around an image, and they count in AveragePool, for which they are the image.
#
# A 2 x 2 image of ones, Pad by one zero on each side, AveragePool of 2 x 2 without pads of its own (opset 17):
#     by the operators' definitions     0.25 0.5 0.25 / 0.5 1 0.5 / 0.25 0.5 0.25
#     as loaded by default              1 everywhere
#     without graph optimisations       0.25 0.5 0.25 / 0.5 1 0.5 / 0.25 0.5 0.25
# So the corners of an image are four times what the same file says elsewhere; nothing is said.
#
# Expected: optimisations that do not change what is computed. With count_include_pad=1 written out, which
# without pads of its own means nothing in the file, the answer is right. onnxruntime 1.32.0 is right, too.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxruntime==1.20.1 onnx==1.17.0 numpy==2.2.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def padded_average(**options):
    nodes = [
        helper.make_node("Pad", ["X", "widths"], ["P"]),
        helper.make_node("AveragePool", ["P"], ["Y"], kernel_shape=[2, 2], **options),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, size, size])
        for name, size in (("X", 2), ("Y", 3))
    ]
    widths = numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "widths")
    graph = helper.make_graph(nodes, "padded", values[:1], values[1:], [widths])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model


def answer(model, optimised=True):
    options = onnxruntime.SessionOptions()
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": ones})[0][0, 0]


ones = np.ones((1, 1, 2, 2), np.float32)
model = padded_average()
meant = np.array([[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]], np.float32)
(reference,) = ReferenceEvaluator(model).run(None, {"X": ones})
plain, default = answer(model, optimised=False), answer(model)
written_out = answer(padded_average(count_include_pad=1))
print("onnx's own evaluator", reference[0, 0].tolist())
print("without optimisations", plain.tolist())
print("as loaded by default", default.tolist())
print("with count_include_pad=1", written_out.tolist())
same = all(np.array_equal(meant, y) for y in (reference[0, 0], plain, written_out))
raise SystemExit(not (same and np.array_equal(default, np.ones((3, 3)))))
PY
