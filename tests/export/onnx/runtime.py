"""Graphs of ONNX, run by onnxruntime; tests are skipped where that is not installed."""

import numpy as np
import pytest

from chainrule.data.frames import as_table
from chainrule.export.onnx.model import onnx_model
from chainrule.export.raw_columns import raw_columns, raw_rows
from chainrule.export.walk import walk

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def graph_session(graph):
    """Return a graph as a session."""
    graph.finish()
    helper = onnx.helper
    constants = [
        onnx.helper.make_tensor(
            name, graph.element_type(array.dtype), array.shape, array.ravel().tolist()
        )
        for name, array in graph.constants().items()
    ]
    whole = helper.make_graph(graph.nodes, "g", graph.inputs, graph.outputs, constants)
    opsets = [helper.make_opsetid("", graph.opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=8)
    return Session(model.SerializeToString())


class Session:
    """A model, given as a file's path or as its content."""

    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        given = model if isinstance(model, bytes) else str(model)
        self.session = onnxruntime.InferenceSession(
            given, options, providers=["CPUExecutionProvider"]
        )
        self.names = [output.name for output in self.session.get_outputs()]
        self.inputs = {each.name: each.type for each in self.session.get_inputs()}
        self.metadata = self.session.get_modelmeta().custom_metadata_map

    def run(self, feed):
        """Return the outputs by name; what is given without a name is X, in float32."""
        feed = feed if isinstance(feed, dict) else {"X": np.asarray(feed, np.float32)}
        return dict(zip(self.names, self.session.run(None, feed), strict=True))


def chain_session(chain, opset=17):
    """Return a chain as a session."""
    return Session(onnx_model(walk(chain), "net", opset).content)


def exported(model, folder, **options):
    """Return an estimator's file as a session."""
    return Session(model.export(folder / "model.onnx", **options).path)


def columns_of(model, frame):
    """Return the rows of a frame as a graph takes them: an array for each column."""
    rows = raw_rows(model.inputs_, as_table(frame))
    feed = {}
    for column, cells in zip(raw_columns(model.inputs_), zip(*rows, strict=True), strict=True):
        kind, missing = (np.float64, np.nan) if column.values is None else (object, "")
        array = np.array([missing if cell is None else cell for cell in cells], kind)
        feed[column.name] = array[:, None]
    return feed


def assert_close(found, expected, ulps=8.0):
    """Compare numbers in float32 with exact ones, relative to the largest of all."""
    assert found.shape == expected.shape
    size = max(np.abs(expected).max(), 1e-30)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ulps * 2**-23 * size)
