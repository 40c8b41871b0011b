"""The last nodes: from scores to labels, probabilities, numbers in their own units."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.export.answers import Answers
from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.export.onnx.layers import Layers
from chainrule.export.walk import Network
from chainrule.types import Shape

__all__ = ["label_numbers", "write_answers"]

MEDIAN = 0.5


def write_answers(graph: Graph, network: Network, scores: Tensor) -> dict[str, str]:
    """Write the outputs of a network, given the numbers that answers are made of.

    Parameters
    ----------
    graph : Graph
        Where they go.
    network : Network
        What was walked over.
    scores : str
        Its scores (n, …).

    Returns
    -------
    outputs : dict of str to str
        The names of the outputs by what they are: label, probabilities, scores, variable.
    """
    answers = network.answers
    shape = _scores_shape(network)
    Y = Layers(graph, answers.parameters).sequence(answers.layers, scores)
    count = answers.layers[-1].output_shape if answers.layers else shape
    if answers.kind == "outputs":
        return {"Y": graph.output("Y", Y, np.float32, ("N", *shape))}
    if answers.kind == "numbers":
        return _numbers(graph, answers, Y, count[0])
    labels, dtype = _labels(graph, answers, scores, Y, shape)
    own: Shape = count if answers.kind == "labels" else ()
    outputs = {"label": graph.output("label", labels, dtype, ("N", *own))}
    outputs["probabilities"] = graph.output("probabilities", Y, np.float32, ("N", *count))
    outputs["scores"] = graph.output("scores", scores, np.float32, ("N", *shape))
    return outputs


def label_numbers(classes: Any) -> Any:
    """Return classes as ONNX has them: whole numbers, truth values, or texts."""
    if classes.dtype.kind == "b":
        return classes
    if classes.dtype.kind in "iu" and not (classes > np.iinfo(np.int64).max).any():
        return classes.astype(np.int64)
    if classes.dtype.kind == "f":
        whole = (classes == np.floor(classes)) & (np.abs(classes) < 2.0**53)
        return classes.astype(np.int64) if whole.all() else classes.astype(np.float64)
    return np.array([str(each) for each in classes.tolist()], dtype=object)


def _scores_shape(network: Network) -> Shape:
    before = network.before_answers
    return before[-1].output_shape if before else network.input_shape


def _labels(
    graph: Graph, answers: Answers, scores: Tensor, Y: Tensor, shape: Shape
) -> tuple[Tensor, Any]:
    """Return the class of each sample, or of labels which hold; and the type."""
    zero = graph.constant(0.0, np.float32)
    if answers.kind == "labels":
        half = graph.constant(0.5, np.float32)
        holds = graph.op("Greater", scores, zero)
        if len(shape) == 2:  # of members the mean is what tells
            holds = graph.op("Greater", Y, half)
        return graph.cast(holds, np.int64), np.int64
    if answers.by_scores and shape == (1,):
        positive = graph.cast(graph.op("Greater", scores, zero), np.int64)
        places = graph.op("Squeeze", positive, graph.whole(1))
    else:
        places = graph.op("ArgMax", scores if answers.by_scores else Y, axis=-1, keepdims=0)
    classes = label_numbers(answers.classes)
    table = graph.constant(classes, classes.dtype, "classes")
    return graph.op("Gather", table, places, axis=0), classes.dtype


def _numbers(graph: Graph, answers: Answers, Y: Tensor, count: int) -> dict[str, str]:
    """Return numbers within the answers' bounds, quantiles in rising order."""
    if answers.rising:
        k = graph.whole(count)
        Y, _ = graph.ops("TopK", Y, k, count=2, axis=-1, largest=0, sorted=1)
    if answers.bounds is not None:
        low, high = (graph.constant(ends, np.float32) for ends in answers.bounds)
        Y = graph.op("Min", graph.op("Max", Y, low), high)
    if not answers.quantiles:
        return {"variable": graph.output("variable", Y, np.float32, ("N", count))}
    at = graph.whole(answers.quantiles.index(MEDIAN))
    median = graph.op("Gather", Y, at, axis=1)
    return {
        "variable": graph.output("variable", median, np.float32, ("N", 1)),
        "quantiles": graph.output("quantiles", Y, np.float32, ("N", count)),
    }
