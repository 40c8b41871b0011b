"""What a page says of each layer: its shapes, its formulas, and its lines as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

__all__ = ["Placed", "gradient_lines", "layers_facts", "placed"]


@dataclass(frozen=True)
class Placed:
    """A layer in its place among all layers of a network, those inside of blocks included.

    Values are counted from X, which is 0; what the layer of number k makes is k + 1.

    Parameters
    ----------
    made : Made
        The layer.
    takes : list of int
        The values that it takes: one, or of a block what it is given and what those inside make.
    within : int, optional
        The number of the block that it is inside of.
    """

    made: Made
    takes: list[int]
    within: int | None = None


def placed(made: Sequence[Made]) -> list[Placed]:
    """Return all layers: those of the chain, then those inside of each block, and so on."""
    found = [Placed(each, [place]) for place, each in enumerate(made)]
    for number, block in enumerate(found):  # which grows
        value = block.takes[0]
        for inner in block.made.inner:
            found.append(Placed(inner, [value], number))
            value = len(found)
        if block.made.inner:
            block.takes.append(value)
    return found


def layers_facts(made: Sequence[Made]) -> list[dict[str, Any]]:
    """Return all layers as data for a page, in the order of :func:`placed`."""
    return [_layer(each) for each in placed(made)]


def _layer(placed: Placed) -> dict[str, Any]:
    made = placed.made
    layer = made.layer
    shapes = layer.function.parameter_shapes(layer.input_shape)
    own = {
        name: {"name": identifier(full), "label": full, "shape": list(shapes[name])}
        for name, full in layer.names.items()
    }
    return {
        "title": f"{made.suffix} {layer.function}",
        "kind": type(layer.function).__name__,
        "suffix": made.suffix,
        "takes": placed.takes,
        "within": placed.within,
        "inputShape": list(layer.input_shape),
        "outputShape": list(layer.output_shape),
        "parameters": own if not made.inner else {},
        "gradients": gradient_lines(layer),
        "same": bool(made.inner) or isinstance(kind_of(layer.function), SameNumbers),
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
