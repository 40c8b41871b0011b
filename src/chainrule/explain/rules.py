"""What a function contributes to a derivation: its definition, its Jacobians, its gradients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from chainrule.explain.algebra import Side, simplified
from chainrule.explain.axes import axes_of
from chainrule.explain.building import by_loss, index, indexed, product, renamed, summed
from chainrule.explain.elementary import formula_of
from chainrule.explain.equations import Equation
from chainrule.explain.evaluation import Scope
from chainrule.explain.expressions import (
    ZERO,
    Cases,
    Condition,
    Derivative,
    Expression,
    Position,
    Sum,
    Symbol,
)
from chainrule.explain.halves import as_one
from chainrule.explain.sites import Site
from chainrule.explain.text import text
from chainrule.formulas import exact
from chainrule.functions import Elementwise
from chainrule.notation.line import letters_of
from chainrule.symbols import read


class Rule(ABC):
    """The rule of a function in its place."""

    def __init__(self, site: Site) -> None:
        self.site, self.function = site, site.function
        self.names = {"X": site.input, "Y": site.output, **site.names}
        self.scope = Scope()

    @property
    def note(self) -> str:
        """What must be known to read the lines of the Jacobian by X, if anything."""
        return ""

    @abstractmethod
    def definition(self) -> Equation:
        """Return what the function makes."""

    def definitions(self) -> list[Equation]:
        """Return what the function makes, after intermediate results that have names."""
        return [self.definition()]

    @abstractmethod
    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return ∂Y[…]/∂by[…], by its own name in the function, and what it is."""

    def jacobian_equation(self, by: str) -> Equation:
        """Return the Jacobian as the rule states it."""
        left, right = self.jacobian(by)
        return Equation(left, (Side(right, "the Jacobian"),), self.scope)

    def jacobian_equations(self, by: str) -> list[Equation]:
        """Return the Jacobian, after what it is derived from where that is not one line."""
        return [self.jacobian_equation(by)]

    def gradients(self, by: str) -> list[Equation]:
        """Return ∂L/∂by from ∂L/∂Y: the chain rule, the Jacobian put in, and what remains."""
        left, sides = self.chained(by)
        return [Equation(left, sides, self.scope, self.program(by, left, sides))]

    def chained(
        self, by: str, slope: Expression | None = None, facts: Any = None
    ) -> tuple[Derivative, tuple[Side, ...]]:
        """Return ∂L/∂by and its forms; with a slope, that is put in for ∂L/∂Y, too.

        The slope has the letters that the Jacobian has for Y.
        """
        derivative, jacobian = self.swapped(*self.jacobian(by))
        assert derivative.of is not None
        upstream = by_loss(derivative.of)
        own = letters_of(derivative.by.indices)
        letters = tuple(x for x in letters_of(derivative.of.indices) if x not in own)
        inner: tuple[str, ...] = ()
        if isinstance(jacobian, Sum):
            inner, jacobian = jacobian.letters, jacobian.body
        whole = summed(letters, product(upstream, derivative))
        put_in = summed(letters + inner, product(slope or upstream, jacobian))
        reason = "the Jacobian put in" if slope is None else "both put in"
        sides = [Side(whole, "the chain rule"), Side(put_in, reason)]
        return by_loss(derivative.by), (*sides, *simplified(put_in, facts or {}))

    def swapped(
        self, derivative: Derivative, jacobian: Expression
    ) -> tuple[Derivative, Expression]:
        """Return a Jacobian with its primes at the letters of Y, over which a sum goes."""
        assert derivative.of is not None
        primed = [x for x in letters_of(derivative.by.indices) if x.endswith("'")]
        names = {x: x[:-1] for x in primed} | {x[:-1]: x for x in primed}
        turned = renamed(derivative, names)
        assert isinstance(turned, Derivative)
        return turned, renamed(jacobian, names)

    def program(self, by: str, left: Derivative, sides: tuple[Side, ...]) -> str:
        """Return the line of backprop: the last form, ∂L/∂X being called dX."""
        return f"{text(left)} = {text(sides[-1].formula)}".replace("∂L/∂", "d")


class ElementwiseRule(Rule):
    """Value and derivative of single numbers, as SymPy reads them."""

    def __init__(self, site: Site, function: Elementwise) -> None:
        import sympy

        super().__init__(site)
        self.x, self.y = sympy.symbols("x y", real=True)
        self.value = exact(read(function.value, self.x))
        self.slope = as_one(exact(read(function.derivative, self.x, self.y)), self.x, (self.y,))
        self.axes = axes_of(len(site.input_shape))
        self.slope_of(self.axes)  # a TypeError if it is no formula
        self.definition()

    def _elements(self, axes: tuple[str, ...]) -> dict[Any, Expression]:
        letters = ("n", *axes)
        return {
            self.x: indexed(self.names["X"], letters),
            self.y: indexed(self.names["Y"], letters),
        }

    def slope_of(self, axes: tuple[str, ...]) -> Expression:
        """Return dy/dx of an element."""
        return formula_of(self.slope, self._elements(axes))

    def definition(self) -> Equation:
        """Return the value of each number."""
        elements = self._elements(self.axes)
        left = elements[self.y]
        assert isinstance(left, Symbol)
        sides = [Side(formula_of(self.value, elements), f"{self.function}, of each number")]
        one = as_one(self.value, self.x)
        if one != self.value:
            sides.append(Side(formula_of(one, elements), "which is the same above and below 0"))
        return Equation(left, tuple(sides))

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return the diagonal Jacobian."""
        elements = self._elements(self.axes)
        other = {axis: f"{axis}'" for axis in self.axes}
        y, x = elements[self.y], renamed(elements[self.x], other)
        assert isinstance(y, Symbol)
        assert isinstance(x, Symbol)
        equal = tuple(
            Condition(Position(index(prime)), "=", Position(index(axis)))
            for axis, prime in other.items()
        )
        return Derivative(y, x), Cases(((self.slope_of(self.axes), equal),), ZERO)
