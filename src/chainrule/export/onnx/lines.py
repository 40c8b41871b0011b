"""Lines of index notation as Einsum, a node for each product.

Where an index is a sum, as in X[n,i+u], the factor's elements are gathered first, so that each
index is a letter by itself; what lies outside is taken from a zero that is put behind the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product as every
from math import prod
from string import ascii_letters
from typing import Any

import numpy as np

from chainrule.export.lowering.lines import line_operands
from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.functions import Multilinear
from chainrule.layout import Layer
from chainrule.notation.line import Factor, Index, Term, letters_of
from chainrule.notation.sizes import offset

__all__ = ["LineWriter"]


class LineWriter:
    """The line of a layer, and what its letters and operands are.

    Parameters
    ----------
    graph : Graph
        Where nodes go.
    layer : Layer
        Of a multilinear function.
    operands : mapping of str to str
        The tensors of X and the parameters by their names in the line.
    """

    def __init__(self, graph: Graph, layer: Layer, operands: Mapping[str, Tensor]) -> None:
        function = layer.function
        assert isinstance(function, Multilinear)
        self.graph, self.function, self.operands = graph, function, operands
        self.line, known = line_operands(function, layer.input_shape, layer.output_shape)
        self.sizes, self.sample = known.sizes, known.sample
        self.shapes = {**known.shapes, "X": (1, *layer.input_shape)}
        self.constants = dict(self.line.constants)
        self.output_shape = layer.output_shape

    def write(self) -> Tensor:
        """Return Y (n, …)."""
        total: Tensor | None = None
        covered = [False] * (1 + len(self.output_shape))
        for term in self.line.terms:
            Y, axes = self._product(term)
            covered = [own or new for own, new in zip(covered, axes, strict=True)]
            total = Y if total is None else self.graph.op("Add", total, Y)
        assert total is not None
        return total if all(covered) else self._spread(total)

    def _product(self, term: Term) -> tuple[Tensor, list[bool]]:
        """Return a term's product with the axes of Y, and which of them are not of one number."""
        if not self._is_plain(term.left):
            return self._moved(term), [True] * len(term.left)
        present = {letter for f in term.factors for letter in letters_of(f.indices)}
        kept = [str(index.letter) for index in term.left if index.letter in present]
        Y = self._scaled(term, self._contracted(term, kept))
        missing = [axis for axis, i in enumerate(term.left) if i.letter not in present]
        own = [index.letter in present for index in term.left]
        return self.graph.unsqueeze(Y, *missing), own

    def _contracted(self, term: Term, left: Sequence[str]) -> Tensor:
        """Return the sum of a term's products over all letters but those of the left."""
        scalars = [self.operands[f.name] for f in term.factors if not f.indices]
        factors = [self._factor(f) for f in term.factors if f.indices]
        tensors = [tensor for tensor, _ in factors]
        letters = [each for _, each in factors]
        if not tensors:
            Y = self._number(1) if not scalars else scalars.pop()
        else:
            Y = self._summed(tensors, letters, left)
        for scalar in scalars:
            Y = self.graph.op("Mul", Y, scalar)
        return Y

    def _summed(
        self, tensors: Sequence[Tensor], letters: Sequence[Sequence[str]], left: Sequence[str]
    ) -> Tensor:
        """Return the sum of products of tensors with letters over those that the left has not."""
        own = list(dict.fromkeys(letter for each in letters for letter in each))
        short = dict(zip(own, ascii_letters, strict=False))
        if len(own) > len(short):
            raise ValueError(f"{self.function}: cannot be exported to ONNX: more than 52 letters")
        if len(tensors) == 1 and list(letters[0]) == list(left):
            return tensors[0]
        sides = ["".join(short[letter] for letter in each) for each in (*letters, left)]
        equation = f"{','.join(sides[:-1])}->{sides[-1]}"
        return self.graph.op("Einsum", *tensors, equation=equation)

    def _number(self, value: Any) -> Tensor:
        return self.graph.constant(float(value), np.float32)

    def _scaled(self, term: Term, Y: Tensor) -> Tensor:
        number = term.number(self.sizes)
        if number == -1:
            return self.graph.op("Neg", Y)
        return Y if number == 1 else self.graph.op("Mul", Y, self._number(number))

    def _is_plain(self, left: Sequence[Index]) -> bool:
        letters = [index.letter for index in left]
        sizes = [self.sizes.get(str(letter)) for letter in letters[1:]]
        return (
            None not in letters
            and len(set(letters)) == len(letters)
            and tuple(sizes) == self.output_shape
        )

    def _values(self, index: Index, letters: Sequence[str]) -> Any:
        """Return an index for all values of letters, an axis for each."""
        total = np.full([1] * len(letters), offset(index, self.constants), np.int64)
        for scale, letter in index.letters:
            shape = [self.sizes[each] if each == letter else 1 for each in letters]
            steps = np.arange(self.sizes[letter], dtype=np.int64).reshape(shape)
            total = total + scale.value(self.constants) * steps
        return total.reshape(total.shape if letters else ())

    def _factor(self, factor: Factor) -> tuple[Tensor, list[str]]:
        """Return a factor whose indices are letters, and these."""
        tensor, letters = self.operands[factor.name], []
        axis = 0
        for index, size in zip(factor.indices, self.shapes[factor.name], strict=True):
            own = list(dict.fromkeys(letter for _, letter in index.letters))
            is_sample = index.letter == self.sample
            whole = is_sample or (index.letter is not None and self.sizes[index.letter] == size)
            if not whole:
                tensor = self._gathered(tensor, axis, size, self._values(index, own))
            letters += own
            axis += len(own)
        return tensor, letters

    def _gathered(self, tensor: Tensor, axis: int, size: int, values: Any) -> Tensor:
        """Return the elements at places of an axis, 0 outside of it."""
        inside = (values >= 0) & (values < size)
        if not inside.all():
            tensor = self._with_zero(tensor, axis)
        places = self.graph.constant(np.where(inside, values, size), np.int64, "places")
        return self.graph.op("Gather", tensor, places, axis=axis)

    def _with_zero(self, tensor: Tensor, axis: int) -> Tensor:
        """Return a tensor with a zero behind the last element of an axis."""
        zero = self.graph.op("Gather", tensor, self.graph.whole(0), axis=axis)
        nothing = self.graph.op("Mul", zero, self._number(0.0))
        return self.graph.op("Concat", tensor, nothing, axis=axis)

    def _moved(self, term: Term) -> Tensor:
        """Return a product whose target has indices that are sums: what falls on each place."""
        letters = [letter for letter in letters_of(term.left) if letter != self.sample]
        first = term.left[0].letter == self.sample and self.sample not in letters_of(term.left[1:])
        present = {letter for f in term.factors for letter in letters_of(f.indices)}
        if not first or not present.issuperset({*letters, str(self.sample)}):
            raise self._unsaid(term)
        sizes = [self.sizes[letter] for letter in letters]
        places = np.zeros(sizes, np.int64)
        inside = np.ones(sizes, np.bool_)
        for index, size in zip(term.left[1:], self.output_shape, strict=True):
            values = np.broadcast_to(self._values(index, letters), sizes)
            inside &= (values >= 0) & (values < size)
            places = places * size + values
        source = np.full(prod(self.output_shape), prod(sizes), np.int64)
        for number, at in enumerate(every(*map(range, sizes))):
            if inside[at] and source[places[at]] != prod(sizes):
                raise self._unsaid(term)
            if inside[at]:
                source[places[at]] = number
        Y = self._scaled(term, self._contracted(term, [str(self.sample), *letters]))
        flat = self._with_zero(self.graph.reshape(Y, (prod(sizes),)), 1)
        found = self.graph.op("Gather", flat, self.graph.constant(source, np.int64), axis=1)
        return self.graph.reshape(found, self.output_shape)

    def _unsaid(self, term: Term) -> ValueError:
        return ValueError(
            f"{self.function}: cannot be exported to ONNX: expected a line that gives each element "
            f"of Y once, got {self.line}"
        )

    def _spread(self, Y: Tensor) -> Tensor:
        """Return Y for each sample and letter, where no product has them."""
        graph = self.graph
        count = graph.op("Gather", graph.op("Shape", self.operands["X"]), graph.whole(0), axis=0)
        shape = graph.op("Concat", count, graph.whole(*self.output_shape), axis=0)
        return graph.op("Expand", Y, shape)
