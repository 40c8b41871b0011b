"""The numbers of a sample beside the formulas: each value as an array, and one element in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.display import shape_text
from chainrule.explain.arrays import NetworkArrays
from chainrule.explain.equations import Equation
from chainrule.explain.evaluation import TooLargeError, indices_of
from chainrule.explain.expressions import (
    Derivative,
    Expression,
    Matrix,
    MatrixProduct,
    Number,
    Stated,
    Symbol,
)
from chainrule.explain.substitution import Substitution, TooManyTermsError
from chainrule.explain.text import number_text, text
from chainrule.explain.typesetting import latex, number_latex
from chainrule.notation.line import Index, Scale
from chainrule.types import Array

MOST = 60
"""An array of more numbers is shown by its first and its last ones."""

MOST_AXES = 3
"""An array of more axes is shown by its largest number alone."""

LONGEST = 160
"""A formula with numbers put in is left out if it is longer."""


class Numbers:
    """What shows numbers of a network at its samples.

    Parameters
    ----------
    arrays : NetworkArrays
        The network at its samples.
    digits : int
        How many digits are shown.
    """

    def __init__(self, arrays: NetworkArrays, digits: int) -> None:
        self.arrays, self.digits = arrays, digits

    def given(self) -> Iterator[tuple[str, Array]]:
        """Yield the samples, the parameters, and the targets, by their names."""
        yield "X", self.arrays.trace.values["X"]
        for name in self.arrays.trace.chain.parameters:
            yield name, self.arrays.trace.values[name]
        yield "T", self.arrays.trace.values["T"]

    def value(self, equation: Equation) -> Array | None:
        """Return the array that an equation is about, from its last form; None if too large."""
        left = equation.left.array if isinstance(equation.left, Matrix) else equation.left
        try:
            shape = self._shape(left)
            found = equation.values(equation.sides[-1].formula, self.arrays, shape)
        except TooLargeError:
            return None
        turned = isinstance(equation.left, Matrix) and equation.left.transposed
        return found.T if turned else found

    def _shape(self, left: Symbol | Derivative) -> tuple[int, ...]:
        if isinstance(left, Derivative) and left.of is not None:
            return self.arrays.differences.truth(left, 1).shape
        name = left.name if isinstance(left, Symbol) else left.by.name
        return self.arrays.trace.values[name].shape

    def lines(self, equation: Equation) -> list[str]:
        """Return the numbers of an equation as lines of text: an element, and the array."""
        array = self.value(equation)
        if array is None or isinstance(equation.left, Matrix):
            return []
        element = self.element(equation, array)
        lines = []
        if element is not None:
            left, filled, value = element
            sides = [text(left), *([] if filled is None else [text(filled)])]
            lines.append(" = ".join([*sides, number_text(value, self.digits)]))
        if array.ndim and (array.ndim <= MOST_AXES or element is None):
            lines += self.array_lines(text(without_indices(equation.left)), array)
        return lines

    def array_lines(self, name: str, array: Array) -> list[str]:
        """Return an array behind its name as lines of text."""
        if array.size > MOST and array.ndim > 2:
            return [f"{name} has {array.size:,} numbers, {shape_text(array.shape)}"]
        first, *rest = self.written(array).split("\n")
        space = " " * (len(name) + 3)
        return [f"{name} = {first}", *(space + line for line in rest)]

    def element(
        self, equation: Equation, array: Array
    ) -> tuple[Expression, Expression | None, float] | None:
        """Return the largest element, its last form with numbers put in, and its value.

        The form is None where it is the value; all is None where it is too long to be read.
        """
        formula, left = equation.sides[-1].formula, equation.left
        if isinstance(formula, Stated | MatrixProduct) or isinstance(left, Matrix):
            return None
        indices = left.indices if isinstance(left, Symbol) else indices_of(left)
        letters = [index.letter for index in indices]
        if None in letters or not array.size:
            return None
        place = np.unravel_index(int(np.argmax(np.abs(array))), array.shape)
        at = {str(x): int(value) for x, value in zip(letters, place, strict=True)}
        substitution = Substitution(self.arrays, equation.scope, self.digits)
        try:
            filled = substitution.put_in(formula, at)
        except TooManyTermsError:
            return None
        if len(text(filled)) > LONGEST:
            return None
        known = isinstance(filled, Number)
        return at_numbers(left, at), None if known else filled, float(array[place])

    def latex_lines(self, equation: Equation) -> list[tuple[str, str]]:
        """Return the same numbers as LaTeX, each a left and a right side; arrays of two axes."""
        array = self.value(equation)
        if array is None or isinstance(equation.left, Matrix):
            return []
        element, lines = self.element(equation, array), []
        if element is not None:
            left, filled, value = element
            sides = [*([] if filled is None else [latex(filled)]), number_latex(value, self.digits)]
            lines.append((latex(left), " = ".join(sides)))
        if 1 <= array.ndim <= 2 and array.size <= MOST:
            lines.append((latex(without_indices(equation.left)), self.matrix(array)))
        return lines

    def matrix(self, array: Array) -> str:
        """Return an array of one or two axes as a matrix in LaTeX."""
        rows: Sequence[Array] = [array] if array.ndim == 1 else list(array)
        cells = (" & ".join(number_latex(float(x), self.digits) for x in row) for row in rows)
        inside = r" \\ ".join(cells)
        return rf"\begin{{pmatrix}} {inside} \end{{pmatrix}}"

    def written(self, array: Array) -> str:
        """Return an array as text."""
        return np.array2string(
            array,
            threshold=MOST,
            edgeitems=2,
            max_line_width=84,
            separator=" ",
            formatter={"float_kind": lambda x: number_text(float(x), self.digits)},
        )


def without_indices(left: Symbol | Derivative | Matrix) -> Expression:
    """Return what an equation is about as a whole array."""
    match left:
        case Symbol(name):
            return Symbol(name)
        case Derivative(of, by):
            return Derivative(Symbol(of.name) if of else None, Symbol(by.name))
    return left


def at_numbers(expression: Expression, letters: dict[str, int]) -> Expression:
    """Return an element with numbers for its letters."""
    if isinstance(expression, Symbol):
        indices = []
        for index in expression.indices:
            assert index.letter is not None
            indices.append(Index((), (Scale(letters[index.letter]),)))
        return Symbol(expression.name, tuple(indices))
    return expression.mapped(lambda part: at_numbers(part, letters))
