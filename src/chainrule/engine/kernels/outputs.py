"""Outputs of samples, from panels to rows: as they are, or through a last softmax.

Each call puts its rows behind those of the call before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from chainrule.engine.emit import Kernel
from chainrule.engine.kernels.losses import log_of
from chainrule.engine.memory import VECTOR
from chainrule.engine.values import Integer, Vector
from chainrule.functions import LogSoftmax, Softmax
from chainrule.mathematics import exp, maximum

FIELDS = ("first", "last", "outputs", "y", "vector_stride", "result", "result_row", "result_step")


def emit(name: str, dtype: Any, final: Softmax | LogSoftmax | None) -> ir.Module:
    """Rows of outputs, after the last function if it is one of whole rows."""
    k = Kernel(name, dtype, FIELDS)
    outputs, result = k.argument("outputs"), k.argument("result")
    vectors = (outputs + (k.lanes - 1)) // k.lanes
    with k.loop(k.argument("first"), k.argument("last")) as n:
        row = result + n * k.argument("result_row")
        change = _change(k, final, n, vectors)
        with k.loop(0, vectors) as v:
            y = change(_load(k, n, v))
            k.store_first(y, row + v * VECTOR, outputs - v * k.lanes)
    following = result + k.argument("result_step")
    k.store_integer(following, k.arguments_at + 8 * FIELDS.index("result"))
    return k.finish().module


def _load(k: Kernel, n: Integer, vector: Integer) -> Vector:
    """Return some outputs of a sample; lanes beyond the last count for nothing in a softmax."""
    z = k.load(k.argument("y") + n * VECTOR + vector * k.argument("vector_stride"))
    inside = k.first_lanes(k.argument("outputs") - vector * k.lanes)
    return k.select(inside, z, k.constant(float("-inf")))


def _change(
    k: Kernel, final: Softmax | LogSoftmax | None, n: Integer, vectors: Integer
) -> Callable[[Vector], Vector]:
    """Return what the last function does to each vector of a sample's outputs."""
    if final is None:
        return lambda y: y
    with k.loop(0, vectors, carry=[k.constant(float("-inf"))]) as turn:
        turn.following = [maximum(turn.carried[0], _load(k, n, turn.index))]
    top = k.spread(k.reduce(turn.carried[0], maximum))
    with k.loop(0, vectors, carry=[k.constant(0.0)]) as turn:
        turn.following = [turn.carried[0] + exp(_load(k, n, turn.index) - top)]
    whole = k.reduce(turn.carried[0], lambda a, b: a + b)
    if isinstance(final, LogSoftmax):
        logarithm = k.spread(log_of(k, whole))
        return lambda y: y - top - logarithm
    total = k.spread(whole)
    return lambda y: exp(y - top) / total
