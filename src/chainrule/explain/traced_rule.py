"""What a function written in NumPy contributes: formulas of the code that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from chainrule import random
from chainrule.explain.algebra import Side
from chainrule.explain.building import by_loss, index, indexed, product, renamed, summed, total
from chainrule.explain.differentiating import NoSlopeError
from chainrule.explain.equations import Equation
from chainrule.explain.evaluation import Scope
from chainrule.explain.expressions import (
    ONE,
    ZERO,
    Cases,
    Condition,
    Derivative,
    Expression,
    Negative,
    Position,
    Product,
    Sum,
    Symbol,
    Total,
)
from chainrule.explain.rules import Rule
from chainrule.explain.sites import Site
from chainrule.explain.text import text
from chainrule.explain.traced_forward import MISTAKES, TracedForward, traced_forward
from chainrule.explain.traced_names import Letters, canonical, with_plain_sums
from chainrule.explain.traced_slopes import slopes_of_results
from chainrule.explain.tracing import NoFormulaError, Traced, is_open
from chainrule.functions import RandomKey
from chainrule.notation.line import letters_of
from chainrule.types import Array

WORDS = {
    "m": "the mean",
    "v": "the mean of squares",
    "s": "1 over the root",
    "Z": "scaled by s",
}
"""What intermediate results are, by their names."""

SAMPLES = 3
"""Of the batch whose numbers go through a rule while its formulas are read."""


class TracedRule(Rule):
    """Formulas of forward and backprop as they run, and of the Jacobian that backprop applies.

    Parameters
    ----------
    site : Site
        The function in its place.
    key : RandomKey or None
        The key of a step in training, where it is derived as it is then.

    Raises
    ------
    NoFormulaError
        The function does what is no formula here.
    """

    def __init__(self, site: Site, key: RandomKey | None) -> None:
        super().__init__(site)
        run = traced_forward(site, *_drawn(site), key)
        self.X, self.names_within = run.X.letters, run.names
        self.places = self._places(run)
        self.value = renamed(run.Y.formula, self.places)
        self.found = self._backprop(run, key)
        self.scope = Scope()

    def _places(self, run: TracedForward) -> dict[str, str]:
        """Return the letter of each axis of a parameter: that of X which it is used beside."""
        found = dict(run.names.beside)
        sizes = dict(zip(self.X[1:], run.X.value.shape[1:], strict=True))
        for parameter in run.parameters.values():
            for letter, size in zip(parameter.letters, parameter.value.shape, strict=True):
                fitting = [x for x, own in sizes.items() if own == size]
                if letter is not None and letter not in found and fitting:
                    found[letter] = str(fitting[0])
        return found

    def _backprop(
        self, run: TracedForward, key: RandomKey | None
    ) -> dict[str, tuple[tuple[str, ...], Expression]]:
        """Return each gradient's formula with its letters, by what it is of."""
        y = indexed(self.site.output, _known(self.X))
        Y = Traced(run.Y.value, y, self.X, run.names)
        dY = Traced(np.ones(run.Y.value.shape), by_loss(y), self.X, run.names)
        try:
            dX, gradients = self.function.backprop(dY, run.X, Y, run.parameters, key)  # type: ignore[arg-type]
        except MISTAKES as error:
            raise NoFormulaError(str(error)) from error
        found: dict[str, tuple[tuple[str, ...], Expression]] = {}
        for by, gradient in {"X": dX, **gradients}.items():
            if not isinstance(gradient, Traced):
                raise NoFormulaError(f"the gradient by {by} is no formula")
            letters = tuple(self.places.get(x, x) if x else None for x in gradient.letters)
            known = _known(letters)
            found[by] = known, with_plain_sums(renamed(gradient.formula, self.places), known)
        return found

    def definitions(self) -> list[Equation]:
        """Return intermediate results, then what the function makes."""
        made = []
        for symbol, formula in self.names_within.definitions.items():
            left = renamed(symbol, self.places)
            assert isinstance(left, Symbol)
            value = with_plain_sums(renamed(formula, self.places), letters_of(left.indices))
            made.append(Equation(left, (Side(value, WORDS[symbol.name[0]]),), self.scope))
        return [*made, self.definition()]

    def definition(self) -> Equation:
        """Return what the function makes."""
        left = indexed(self.names["Y"], _known(self.X))
        return Equation(left, (Side(self.value, f"{self.function}"),), self.scope)

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return the Jacobian: what backprop makes of a gradient that is 1 at one output only."""
        letters, formula = self.found[by]
        always = _outer(formula, self.site.output, letters)
        shared = by == "X" and "n" in always
        at = {
            x: x if (x == "n" and (shared or by != "X")) or x not in letters else f"{x}'"
            for x in _known(self.X)
        }
        value = _one_hot(formula, self.site.output, at, always)
        apart = tuple(x for x in _known(self.X) if x in always and at[x] != x)
        if apart and value != ZERO:
            conditions = tuple(Condition(_at(x), "=", _at(at[x])) for x in apart)
            value = Cases(((value, conditions),), ZERO)
        of = indexed(self.names["Y"], tuple(at.values()))
        derivative = Derivative(of, indexed(self.names[by], letters))
        turned, value = self._turned(derivative, value, at)
        return turned, value

    def _turned(
        self, derivative: Derivative, value: Expression, at: Mapping[str, str]
    ) -> tuple[Derivative, Expression]:
        """Return a Jacobian with the primes at the letters of what it is by."""
        names = {x: y for pair in at.items() if pair[0] != pair[1] for x, y in (pair, pair[::-1])}
        turned = renamed(derivative, names)
        assert isinstance(turned, Derivative)
        return turned, renamed(value, names)

    @property
    def note(self) -> str:
        """Of which elements of X a derivative is 0, and not written down."""
        _, formula = self.found["X"]
        if not self._derived():
            return ""
        kept = sorted(_outer(formula, self.site.output, _known(self.X)))
        apart = " and ".join(kept)
        return f" Derivatives by elements of {self.names['X']} with another {apart} are 0."

    def jacobian_equations(self, by: str) -> list[Equation]:
        """Return the Jacobian as backprop has it; that by X after it is derived from forward."""
        read = self.jacobian_equation(by)
        said = f"the Jacobian by which {type(self.function).__name__}.backprop multiplies"
        read = replace(read, sides=(replace(read.sides[0], reason=said),))
        derived = self._derived() if by == "X" else []
        if derived and derived[-1].left == read.left:
            sides = derived[-1].sides
            more = (
                ()
                if canonical(sides[-1].formula) == canonical(read.sides[0].formula)
                else read.sides
            )
            return [*derived[:-1], replace(read, sides=(*sides, *more))]
        return [*derived, read]

    def _derived(self) -> list[Equation]:
        """Return what follows from forward: the derivatives by X of its results, then of Y."""
        _, formula = self.found["X"]
        always = _outer(formula, self.site.output, _known(self.X))
        letters = tuple(x if x in always else f"{x}'" for x in _known(self.X))
        definitions = {}
        for each in self.definitions():
            assert isinstance(each.left, Symbol)
            definitions[each.left] = each.sides[0].formula
        if len(definitions) == 1:
            return []
        x = indexed(self.names["X"], letters)
        try:
            return slopes_of_results(definitions, [*definitions][-1], x, self.scope)
        except NoSlopeError:
            return []

    def gradients(self, by: str) -> list[Equation]:
        """Return ∂L/∂by: the chain rule, the Jacobian put in, and what backprop computes."""
        letters, formula = self.found[by]
        computes = f"as {type(self.function).__name__}.backprop computes it"
        if formula == ZERO:
            left = by_loss(indexed(self.names[by], letters))
            return [Equation(left, (Side(ZERO, computes),), self.scope, f"d{text(left.by)} = 0")]
        left, sides = self.chained(by)
        last = Side(formula, computes)
        same = canonical(sides[-1].formula) == canonical(formula)
        shown = sides if same else (*sides, last)
        return [Equation(left, shown, self.scope, self.program(by, left, (last,)))]


def _drawn(site: Site) -> tuple[Array, dict[str, Array]]:
    """Return random samples and parameters, all above zero, of the shapes of a site."""
    shapes = site.function.parameter_shapes(site.input_shape)
    wanted = {"X": (SAMPLES, *site.input_shape), **shapes}
    drawn = {
        name: np.exp(
            random.normal(int(np.prod(shape)), 0, random.Stream.CHECKING, 7).reshape(shape)
        )
        for name, shape in wanted.items()
    }
    return drawn.pop("X"), drawn


def _known(letters: Letters) -> tuple[str, ...]:
    if any(x is None or is_open(x) for x in letters):
        raise NoFormulaError("an axis has no letter")
    return tuple(str(x) for x in letters)


def _at(letter: str) -> Position:
    return Position(index(letter))


def _upstream(part: Expression, output: str) -> list[str] | None:
    """Return the letters of ∂L/∂Y[…], or None of anything else."""
    if isinstance(part, Derivative) and part.of is None and part.by.name == output:
        return letters_of(part.by.indices)
    return None


def _outer(formula: Expression, output: str, letters: tuple[str, ...]) -> set[str]:
    """Return the letters that ∂L/∂Y has wherever it stands: of these the rule mixes none."""
    every = [found for part in formula.walk() if (found := _upstream(part, output)) is not None]
    return set(letters).intersection(*map(set, every))


def _one_hot(
    formula: Expression, output: str, at: Mapping[str, str], always: set[str]
) -> Expression:
    """Return a formula with ∂L/∂Y 1 at some letters and 0 elsewhere, sums over it resolved."""
    order = list(at)

    def put_in(part: Expression) -> Expression:
        if isinstance(part, Sum) and any(
            _upstream(x, output) is not None for x in part.body.walk()
        ):
            return resolved(part)
        own = _upstream(part, output)
        if own is not None:
            pairs = zip(own, order, strict=True)
            differing = [(x, at[place]) for x, place in pairs if x != at[place]]
            conditions = tuple(
                Condition(_at(x), "=", _at(y)) for x, y in differing if x not in always
            )
            return Cases(((ONE, conditions),), ZERO) if conditions else ONE
        changed = part.mapped(put_in)
        if isinstance(changed, Product):
            return product(*changed.factors)
        if isinstance(changed, Total):
            return total(*changed.terms)
        return product(changed) if isinstance(changed, Negative) else changed

    def resolved(part: Sum) -> Expression:
        terms = part.body.terms if isinstance(part.body, Total) else (part.body,)
        return total(*(product(one_term(part.letters, term)) for term in terms))

    def one_term(letters: tuple[str, ...], term: Expression) -> Expression:
        own = next(x for each in term.walk() if (x := _upstream(each, output)) is not None)
        names = {x: at[place] for x, place in zip(own, order, strict=True) if x in letters}
        left = tuple(x for x in letters if x not in names)
        return summed(left, put_in(renamed(term, names)))

    return put_in(formula)
