"""Equations and steps: what a derivation says, and whether it is so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.checking.report import Entry, compare
from chainrule.explain.algebra import Side
from chainrule.explain.arrays import NetworkArrays
from chainrule.explain.evaluation import Scope, TooLargeError, evaluate, indices_of
from chainrule.explain.expressions import (
    Derivative,
    Expression,
    Matrix,
    MatrixProduct,
    Stated,
    Symbol,
)
from chainrule.explain.text import text
from chainrule.explain.typesetting import latex
from chainrule.notation.line import Indices

Left = Symbol | Derivative | Matrix


@dataclass(frozen=True, repr=False)
class Equation:
    """A value or derivative, and the forms that it takes, one after the other.

    Parameters
    ----------
    left : Symbol, Derivative or Matrix
        What the equation is about.
    sides : tuple of Side
        Its forms, each with the reason why it is the same as the one before.
    scope : Scope
        Sizes of letters that no array tells, and constants.
    program : str
        The line of backprop that computes it, "" where that is another equation's.
    silent : bool
        Whether its words stand before it already, with another array that they are about.
    """

    left: Left
    sides: tuple[Side, ...]
    scope: Scope = field(default_factory=Scope)
    program: str = ""
    silent: bool = False

    @property
    def stated(self) -> bool:
        """Whether it is a statement in words, with a left side of its own."""
        return isinstance(self.sides[0].formula, Stated)

    def __repr__(self) -> str:
        return "\n".join(line for line, _ in self.lines())

    def lines(self) -> list[tuple[str, str]]:
        """Return lines of text, each with its reason."""
        if self.silent:
            return []
        if self.stated:
            return [(text(side.formula), side.reason) for side in self.sides]
        first, *rest = self.sides
        lines = [(f"{text(self.left)} = {text(first.formula)}", first.reason)]
        return lines + [(f"  = {text(side.formula)}", side.reason) for side in rest]

    def latex_lines(self) -> list[tuple[str, str]]:
        """Return the same as LaTeX, the first line with its left side, all with an = to align."""
        if self.stated:
            *lines, last = latex(self.sides[0].formula).split("\n")
            own = [*((line, "") for line in lines), (last, self.sides[0].reason)]
            return [] if self.silent else own
        sides = [(f"= {latex(side.formula)}", side.reason) for side in self.sides]
        return [(f"{latex(self.left)} {sides[0][0]}", sides[0][1]), *sides[1:]]

    def left_latex(self) -> str:
        """Return the left side as LaTeX."""
        return latex(self.left)

    def checked(self, arrays: NetworkArrays, name: str, tolerance: float) -> Iterator[Entry]:
        """Yield the comparison of each form with what is true; none of those that are too large."""
        array = self.left.array if isinstance(self.left, Matrix) else self.left
        try:
            truth = arrays.differences.truth(array)
        except TooLargeError:
            return
        sides = [(f"{name}.{number}", side.formula) for number, side in enumerate(self.sides, 1)]
        if self.program:
            assert isinstance(array, Derivative)
            sides.append((f"{name} d{array.by.name}", Stated("", "", "backprop", array)))
        elif self._has_jacobian(array, arrays):
            sides.append((f"{name} jacobian", Stated("", "", "jacobian", array)))
        for title, formula in sides:
            try:
                found = self.values(formula, arrays, truth.shape)
            except TooLargeError:
                continue
            if found.shape != truth.shape:
                raise ValueError(f"{title}: expected the shape {truth.shape}, got {found.shape}")
            yield compare(
                f"{title} {text(self.left)}",
                truth.shape,
                found.reshape(-1)[truth.positions],
                truth.values,
                kinks=truth.kinks,
                positions=truth.positions,
                size=truth.size,
                tolerance=tolerance,
            )

    def _has_jacobian(self, array: Symbol | Derivative, arrays: NetworkArrays) -> bool:
        """Return whether the line is a Jacobian that its function computes, too."""
        if self.stated or not isinstance(array, Derivative) or array.of is None:
            return False
        return array.of.name in arrays.trace.sites

    def values(
        self, formula: Expression, arrays: NetworkArrays, shape: tuple[int, ...]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Return a form computed, as the array that the equation is about lies."""
        found = evaluate(formula, self._indices, shape, arrays, self.scope)
        back = isinstance(formula, MatrixProduct) and isinstance(self.left, Matrix)
        turned = back and isinstance(self.left, Matrix) and self.left.transposed
        return np.asarray(found.T if turned else found, dtype=np.float64)

    @property
    def _indices(self) -> Indices:
        match self.left:
            case Symbol(_, indices):
                return indices
            case Derivative():
                return indices_of(self.left)
        return ()


@dataclass(frozen=True)
class Step:
    """A step of a derivation: a title, what happens in a sentence, and equations.

    Parameters
    ----------
    title : str
        What the step is about.
    explanation : str
        What happens, in a sentence or two.
    equations : tuple of Equation
        Line by line.
    number : int
        Its place.
    lines : tuple of str
        Lines of a program, that end the derivation.
    """

    title: str
    explanation: str
    equations: tuple[Equation, ...]
    number: int = 0
    lines: tuple[str, ...] = ()

    def numbered(self, number: int) -> Step:
        """Return the step in its place."""
        return replace(self, number=number)
