"""What a page says of each layer: its shapes, its formulas, and its lines as data."""

from __future__ import annotations

from typing import Any

from chainrule import notation
from chainrule.explain.live.typeset import typeset_parts
from chainrule.export.language.printing import identifier
from chainrule.export.lowering.base import Made
from chainrule.export.lowering.lines import line_operands, without_sample
from chainrule.export.lowering.structure import SameNumbers
from chainrule.export.lowering.table import kind_of
from chainrule.functions import Multilinear
from chainrule.functions.embedding_bag import EmbeddingBag
from chainrule.layout import Layer
from chainrule.notation.line import Indices, Line, Term
from chainrule.notation.sizes import offset

__all__ = ["layer_facts"]


def layer_facts(made: Made) -> dict[str, Any]:
    """Return a layer as data for a page."""
    layer = made.layer
    shapes = layer.function.parameter_shapes(layer.input_shape)
    own = {
        name: {"name": identifier(full), "shape": list(shapes[name])}
        for name, full in layer.names.items()
    }
    return {
        "title": f"{made.suffix} {layer.function}",
        "suffix": made.suffix,
        "inputShape": list(layer.input_shape),
        "outputShape": list(layer.output_shape),
        "parameters": own if not made.inner else {},
        "gradients": gradient_lines(layer),
        "same": isinstance(kind_of(layer.function), SameNumbers),
        "formulas": typeset_parts(layer.function),
    }


def gradient_lines(layer: Layer) -> dict[str, Any]:
    """Return the lines of the gradients by X and each parameter, where the function is a line."""
    function = layer.function
    mean = isinstance(function, EmbeddingBag) and function.mode == "mean"
    if not isinstance(function, Multilinear) or mean:
        return {}
    line, operands = line_operands(function, layer.input_shape, layer.output_shape)
    found = {}
    for name in ("X", *layer.names):
        if name in line.names:
            own = without_sample(notation.gradient(line, name, rename=False), operands.sample)
            found[name] = _line(own, operands)
    return found


def _line(line: Line, operands: Any) -> dict[str, Any]:
    return {
        "text": str(line),
        "sizes": dict(operands.sizes),
        "terms": [_term(term, line, operands) for term in line.terms],
    }


def _term(term: Term, line: Line, operands: Any) -> dict[str, Any]:
    return {
        "number": float(term.number(operands.sizes)),
        "letters": term.letters(),
        "left": _indices(term.left, line),
        "factors": [
            {
                "name": factor.name,
                "shape": list(operands.shapes[factor.name]),
                "indices": _indices(factor.indices, line),
            }
            for factor in term.factors
        ],
    }


def _indices(indices: Indices, line: Line) -> list[dict[str, Any]]:
    """Return indices as numbers of letters and an offset."""
    constants = dict(line.constants)
    return [
        {
            "letters": {letter: scale.value(constants) for scale, letter in index.letters},
            "offset": offset(index, constants),
        }
        for index in indices
    ]
