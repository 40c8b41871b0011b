"""Rules of elementwise functions as nodes, by forms that keep the digits that rules keep.

A rule is read as an expression of :mod:`chainrule.export.language`, and each part of it is a node.
ONNX has no erfc, expm1 and log1p; here are forms of them whose error is a few units in the last
place in float32, however small the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule import mathematics as m
from chainrule.engine.language.fits import ERFC_FAR
from chainrule.export.language.expressions import Expression, as_expression, floor, local, number
from chainrule.export.onnx.graph import Graph, Tensor

__all__ = ["write_rule"]

OPERATORS = {
    "+": "Add",
    "-": "Sub",
    "*": "Mul",
    "/": "Div",
    "<": "Less",
    "<=": "LessOrEqual",
    ">": "Greater",
    ">=": "GreaterOrEqual",
    "==": "Equal",
    "and": "And",
    "or": "Or",
    "not": "Not",
    "neg": "Neg",
    "pow": "Pow",
    "where": "Where",
    "exp": "Exp",
    "log": "Log",
    "tanh": "Tanh",
    "sin": "Sin",
    "cos": "Cos",
    "erf": "Erf",
    "sqrt": "Sqrt",
    "abs": "Abs",
    "floor": "Floor",
    "maximum": "Max",
    "minimum": "Min",
}
"""The operators that compute what parts of an expression say."""


def expm1(x: Expression) -> Any:
    """Return exp(x) − 1 as tanh(x/2)·(exp(x) + 1), whose factors keep their digits near 0."""
    return m.tanh(x / 2) * (m.exp(x) + 1)


def log1p(x: Expression) -> Any:
    """Return log(1 + x) as log(u)·x/(u − 1), u being 1 + x as it is rounded.

    Source: Kahan; Higham, "Accuracy and Stability of Numerical Algorithms", 2002, 1.14.1
    """
    u = 1 + x
    near = m.log(u) * (x / (u - 1))
    return m.where(m.equal(u, 1), x, m.where(m.greater(x, 1e10), m.log(u), near))


def erfc(x: Expression) -> Any:
    """Return 1 − erf(x); beyond 0.5 by the fit of exp(x²)·erfc(x) that the engine has.

    With h, x cut off to sixteenths, h² is exact, and exp(−x²) is exp(−h²)·exp(−(x − h)(x + h)).
    """
    scale, shift, most, coefficients = ERFC_FAR[4]
    a = m.minimum(m.maximum(x, 0.5), most)
    high = floor(a * 16) / 16
    tail = m.exp(-(high * high)) * m.exp(-((a - high) * (a + high)))
    s = scale * ((a - 2) / (a + 2)) + shift
    polynomial: Any = number(0.0)
    for place, coefficient in enumerate(reversed(coefficients)):
        polynomial = polynomial * s + coefficient if place else number(coefficient)
    far = tail * polynomial / (a + 2)
    return m.where(m.less(x, 0.5), 1 - m.erf(x), m.where(m.greater(x, most), 0.0, far))


FORMS: dict[str, Callable[[Expression], Any]] = {"expm1": expm1, "log1p": log1p, "erfc": erfc}
"""What stands for functions that have no operator."""


def write_rule(
    graph: Graph, rule: Any, values: Mapping[str, Tensor], dtype: Any = np.float32
) -> Tensor:
    """Return the tensor of a rule's expression.

    Parameters
    ----------
    graph : Graph
        Where the nodes go.
    rule : Expression or float
        What is to be computed.
    values : mapping of str to str
        The tensors that its local names stand for.
    dtype : dtype, default=float32
        The type of its numbers.
    """
    made: dict[int, Tensor] = {}
    whole = as_expression(rule)
    for part in whole.walk():
        made[id(part)] = _write_part(graph, part, made, values, dtype)
    return made[id(whole)]


def _write_part(
    graph: Graph,
    part: Expression,
    made: Mapping[int, Tensor],
    values: Mapping[str, Tensor],
    dtype: Any,
) -> Tensor:
    operands = [made[id(operand)] for operand in part.operands]
    if part.operation == "number":
        return graph.constant(part.value, dtype)
    if part.operation == "local":
        return values[part.value]
    if part.operation in FORMS:
        form = FORMS[part.operation](local("x"))
        return write_rule(graph, form, {"x": operands[0]}, dtype)
    if part.operation == "==" and operands[0] == operands[1]:  # which holds but for NaN
        return graph.op("Not", graph.op("IsNaN", operands[0]))
    if part.operation == "maximum" and _is_zero(part.operands[1]):
        return graph.op("Relu", operands[0])
    return graph.op(OPERATORS[part.operation], *operands)


def _is_zero(part: Expression) -> bool:
    return part.operation == "number" and part.value == 0
