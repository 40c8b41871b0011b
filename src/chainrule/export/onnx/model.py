"""A trained network as a model of ONNX: its graph, what it says of itself, and its check."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.export.onnx import kinds as kinds
from chainrule.export.onnx.answers import label_numbers, write_answers
from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.export.onnx.inputs import Told, write_counts, write_encoded, write_inputs
from chainrule.export.onnx.layers import Layers
from chainrule.export.walk import Network
from chainrule.inputs import Texts
from chainrule.later import release

__all__ = ["OPSETS", "OnnxModel", "onnx_model"]

OPSETS = (17, 21)
"""The versions of operators that files are written in, the usual one first."""

ML_OPSET = 3
"""The version of ai.onnx.ml, whose LabelEncoder finds texts."""

MOST_BYTES = 2**31 - 2**20
"""Of one file, whose format counts them in 32 bits."""


@dataclass(frozen=True)
class OnnxModel:
    """What a file holds, and how many bytes its parameters take."""

    content: bytes
    parameter_bytes: int


def onnx_model(network: Network, name: str, opset: int, *, encoded: bool = False) -> OnnxModel:
    """Return a network as a model of ONNX in float, checked.

    Parameters
    ----------
    network : Network
        What was walked over.
    name : str
        The graph's name.
    opset : int
        One of ``OPSETS``.
    encoded : bool, default=False
        Whether the graph begins with what the first layer takes, not with raw samples.

    Raises
    ------
    ValueError
        Something in the network has no operator; the message names it.
    """
    graph = Graph(opset)
    for own in ("label", "probabilities", "scores", "variable", "quantiles", "Y"):
        graph.reserve(own)
    scores, told = _write_scores(graph, network, encoded=encoded)
    outputs = write_answers(graph, network, scores)
    graph.finish()
    size = sum(array.nbytes for array in graph.constants().values() if array.dtype.kind not in "UO")
    if size > MOST_BYTES:
        raise ValueError(f"export: a file of ONNX has at most 2 GB, got {size:,} bytes of numbers")
    model = _assembled(graph, network, name, _metadata(network, told, outputs))
    graph.onnx.checker.check_model(model, full_check=True)
    return OnnxModel(model.SerializeToString(deterministic=True), size)


def _write_scores(graph: Graph, network: Network, *, encoded: bool) -> tuple[Tensor, Told]:
    """Write all that comes before the answers; return the scores, and what the inputs are."""
    own, layers = Layers(graph, network.parameters), network.before_answers
    if encoded and isinstance(network.inputs, Texts) and layers:
        X, told, done = write_counts(graph, own, layers[0])
        return own.sequence(layers[done:], X), told
    X, told = write_encoded(graph, network) if encoded else write_inputs(graph, network)
    return own.sequence(layers, X), told


def _metadata(network: Network, told: Told, outputs: dict[str, str]) -> dict[str, str]:
    """Return what the file says of itself, as texts."""
    answers = network.answers
    said: dict[str, Any] = {
        "kind": network.title,
        "inputs": told,
        "outputs": outputs,
        "loss": None if network.loss is None else str(network.loss),
    }
    if answers.classes is not None:
        said["classes"] = label_numbers(answers.classes).tolist()
    if answers.quantiles:
        said["quantiles"] = list(answers.quantiles)
    texts = {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in said.items()
        if value is not None
    }
    return {"chainrule": release(), **texts}


def _assembled(graph: Graph, network: Network, name: str, metadata: dict[str, str]) -> Any:
    helper = graph.onnx.helper
    initializers = [
        helper.make_tensor(
            tensor, graph.element_type(array.dtype), array.shape, _plain_values(array)
        )
        if array.dtype.kind in "UO"
        else graph.onnx.numpy_helper.from_array(np.asarray(array, order="C"), tensor)
        for tensor, array in graph.constants().items()
    ]
    whole = helper.make_graph(graph.nodes, name, graph.inputs, graph.outputs, initializers)
    opsets = [helper.make_opsetid("", graph.opset)]
    if any(node.domain for node in graph.nodes):
        opsets.append(helper.make_opsetid("ai.onnx.ml", ML_OPSET))
    model = helper.make_model(
        whole,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="chainrule",
        producer_version=release(),
        doc_string=f"{network.title}, written by chainrule {release()}",
    )
    helper.set_model_props(model, metadata)
    return model


def _plain_values(array: Any) -> list[bytes]:
    return [str(each).encode() for each in array.ravel().tolist()]
