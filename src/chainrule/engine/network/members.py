"""Members of an ensemble that share nothing but their samples: each is a network of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.functions import (
    Dropout,
    Elementwise,
    Function,
    Linear,
    LogSoftmax,
    Multilinear,
    Softmax,
)
from chainrule.layout import Layer
from chainrule.notation import Line
from chainrule.notation.line import Factor, Indices, Term
from chainrule.types import Shape

_OF_EACH = (Elementwise, Dropout, Softmax, LogSoftmax)
"""Functions that do to each member's numbers what they would do to a sample's."""


@dataclass(frozen=True)
class MemberLine(Multilinear):
    """What a line is for one member: the letter of the members left out."""

    line_text: str
    shapes: tuple[tuple[str, Shape], ...]

    def text(self) -> str:
        """Return the line."""
        return self.line_text

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the shapes of one member's parameters."""
        return dict(self.shapes)


def one_member(layers: Sequence[Layer]) -> list[Layer] | None:
    """Return the layers of one member, if members share no parameter.

    Parameters
    ----------
    layers : sequence of Layer
        Those of the chain, whose outputs are (members, …). Names of parameters stay those of all
        members; a member's own are at its number.

    Returns
    -------
    layers : list of Layer or None
        None where members do not begin with the first layer, or a function mixes them.
    """
    if len(layers[0].output_shape) != 2:
        return None
    own = [_of_one(layer, begins=layer is layers[0]) for layer in layers]
    return None if None in own else [layer for layer in own if layer]


def _of_one(layer: Layer, *, begins: bool) -> Layer | None:
    shape = layer.input_shape if begins else layer.input_shape[1:]
    function: Function | None = layer.function
    if len(layer.output_shape) != 2:
        return None
    if isinstance(function, Multilinear):
        function = _line_of_one(function, layer, begins=begins)
    elif begins or not isinstance(function, _OF_EACH):
        return None
    if function is None:
        return None
    outputs = layer.output_shape[1:]
    return replace(layer, function=function, input_shape=shape, output_shape=outputs)


def _line_of_one(function: Multilinear, layer: Layer, *, begins: bool) -> Multilinear | None:
    """Return what a line is for one member; None where it is not one line for each."""
    line = function.line(layer.input_shape)
    if line.constants or function.sizes(layer.input_shape):
        return None
    left = line.terms[0].left
    letter = left[1].letter if len(left) == 3 else None
    if letter is None or any(term.left != left for term in line.terms):
        return None
    terms = [_term_of_one(term, letter, begins=begins) for term in line.terms]
    if None in terms:
        return None
    own = replace(line, terms=tuple(term for term in terms if term))
    shapes = function.parameter_shapes(layer.input_shape)
    outputs = layer.output_shape[1]
    for linear in (Linear(outputs), Linear(outputs, bias=False)):
        if set(shapes) == set(linear.parameter_shapes((1,))) and _same(own, linear.line()):
            return linear
    return MemberLine(str(own), tuple((name, shape[1:]) for name, shape in shapes.items()))


def _term_of_one(term: Term, letter: str, *, begins: bool) -> Term | None:
    """Return a term without the members' letter; None where that does not stand as it should.

    Each parameter has it first, and X behind the samples unless members begin there.
    """
    if letter in term.measured():
        return None
    factors = []
    for factor in term.factors:
        place: int | None = 0
        if factor.name == "X":
            place = None if begins else 1
        places = [k for k, index in enumerate(factor.indices) if letter in _letters(index)]
        if places != ([] if place is None else [place]):
            return None
        factors.append(Factor(factor.name, _without(factor.indices, place)))
    return replace(term, left=_without(term.left, 1), factors=tuple(factors))


def _letters(index: Any) -> list[str]:
    return [letter for _, letter in index.letters]


def _without(indices: Indices, place: int | None) -> Indices:
    if place is None:
        return indices
    return indices[:place] + indices[place + 1 :]


def _same(line: Line, other: Line) -> bool:
    """Return whether two lines differ in nothing but the names of their letters."""
    names: dict[str, str] = {}
    for term, as_that in zip(line.terms, other.terms, strict=False):
        names |= dict(zip(term.letters(), as_that.letters(), strict=False))
    renamed = replace(line, terms=tuple(term.renamed(names) for term in line.terms))
    return str(renamed) == str(other)
