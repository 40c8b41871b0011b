"""What each kind of function contributes: its definition, its Jacobians, its gradients.

A function is a line of index notation, or two rules for single numbers, or states its formulas in
its docstring; of the last some are formulas that can be computed, and some are words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from string import ascii_lowercase
from typing import Any

from chainrule import notation
from chainrule.explain.algebra import Side, simplified
from chainrule.explain.elementary import formula_of
from chainrule.explain.equations import Equation
from chainrule.explain.evaluation import Scope
from chainrule.explain.expressions import (
    ZERO,
    Cases,
    Condition,
    Derivative,
    Expression,
    Matrix,
    MatrixProduct,
    Position,
    Stated,
    Sum,
    Symbol,
    by_loss,
    index,
    indexed,
    product,
    renamed,
    summed,
)
from chainrule.explain.lines import line_jacobian, line_value
from chainrule.explain.sites import Site
from chainrule.explain.statements import NoStatementError, read_statement
from chainrule.explain.text import text
from chainrule.formulas import docstring_lines, exact
from chainrule.functions import Elementwise, Multilinear
from chainrule.notation.line import Line, letters_of
from chainrule.symbols import read

AXES = {1: ("i",), 2: ("m", "i"), 3: ("c", "i", "j")}
"""The letters of a sample's axes, where a rule has none of its own."""


class Rule(ABC):
    """The rule of a function in its place."""

    def __init__(self, site: Site) -> None:
        self.site, self.function = site, site.function
        self.names = {"X": site.input, "Y": site.output, **site.names}
        self.scope = Scope()

    @abstractmethod
    def definition(self) -> Equation:
        """Return what the function makes."""

    @abstractmethod
    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return ∂Y[…]/∂by[…], by its own name in the function, and what it is."""

    def jacobian_equation(self, by: str) -> Equation:
        """Return the Jacobian as the rule states it."""
        left, right = self.jacobian(by)
        return Equation(left, (Side(right, "the Jacobian"),), self.scope)

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


class LineRule(Rule):
    """A line of index notation."""

    def __init__(self, site: Site, function: Multilinear) -> None:
        super().__init__(site)
        self.line = function.line(site.input_shape)
        constants, sizes = dict(self.line.constants), function.sizes(site.input_shape)
        self.scope = Scope(sizes, constants)
        self.sample = self.line.terms[0].left[0].letter or "n"

    def definition(self) -> Equation:
        """Return the line."""
        left = Symbol(self.names["Y"], self.line.terms[0].left)
        said = str(self.line).replace("-", "−")
        value = Side(line_value(self.line, self.names), f"{self.function}: {said}")
        return Equation(left, (value,), self.scope)

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return the Jacobian that index notation derives."""
        return line_jacobian(self.line, by, self.sample, self.names)

    def gradients(self, by: str) -> list[Equation]:
        """Return ∂L/∂by; where it is a product of matrices, as that, too."""
        found = super().gradients(by)
        line = notation.gradient(self.line, by)
        factors = _as_matrices(line, {**self.names, "dY": f"d{self.names['Y']}"})
        if factors is None:
            return found
        gradient = by_loss(Symbol(self.names[by]))
        whole = Side(MatrixProduct(factors), "as matrices")
        found.append(Equation(gradient, (whole,), self.scope))
        if by != "X":
            turned = tuple(Matrix(x.array, not x.transposed) for x in reversed(factors))
            name = gradient.by.name
            said = f"with samples as columns, as lecture notes have them: their matrix is {name}ᵀ"
            side = Side(MatrixProduct(turned), said)
            found.append(Equation(Matrix(gradient, True), (side,), self.scope))
        return found

    def program(self, by: str, left: Derivative, sides: tuple[Side, ...]) -> str:
        """Return the line that index notation derives, and that runs."""
        line = notation.gradient(self.line, by)
        names = {f"d{own}": f"d{name}" for own, name in self.names.items()} | self.names
        parts = str(line).split(" ")
        return " ".join(_called(part, names) for part in parts)


def _called(part: str, names: dict[str, str]) -> str:
    name, bracket, rest = part.partition("[")
    return names.get(name, name) + bracket + rest.replace("-", "−")


def _as_matrices(line: Line, names: dict[str, str]) -> tuple[Matrix, ...] | None:
    """Return a gradient's one product as two matrices, or None where it is none of two."""
    if len(line.terms) != 1:
        return None
    term = line.terms[0]
    left = [each.letter for each in term.left]
    letters = [[each.letter for each in factor.indices] for factor in term.factors]
    plain = None not in left and len(set(left)) == 2 == len(left) == len(letters)
    if not plain or len(term.summed()) != 1 or term.coefficient != 1 or term.powers:
        return None
    (inner,) = term.summed()
    first = next((at for at, own in enumerate(letters) if left[0] in own), 0)
    wanted = [[left[0], inner], [inner, left[1]]]
    matrices = []
    for at, expected in zip((first, 1 - first), wanted, strict=True):
        if sorted(map(str, letters[at])) != sorted(map(str, expected)):
            return None
        name = names[term.factors[at].name]
        array = by_loss(Symbol(name[1:])) if term.factors[at].name == "dY" else Symbol(name)
        matrices.append(Matrix(array, letters[at] != expected))
    return tuple(matrices)


class ElementwiseRule(Rule):
    """Value and derivative of single numbers, as SymPy reads them."""

    def __init__(self, site: Site, function: Elementwise) -> None:
        import sympy

        super().__init__(site)
        self.x, self.y = sympy.symbols("x y", real=True)
        self.value = exact(read(function.value, self.x))
        self.slope = exact(read(function.derivative, self.x, self.y))
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
        value = formula_of(self.value, elements)
        return Equation(left, (Side(value, f"{self.function}, of each number"),))

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


class StatementRule(Rule):
    """Formulas that a docstring states, and that can be computed."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        names = {"X": site.input, "Y": site.output}
        definition, derivative = (
            _read_first(docstring_lines(site.function, *titles)[0], names)
            for titles in (("Definition",), ("Derivative", "Jacobian"))
        )
        left, value = definition
        of, jacobian = derivative
        if not isinstance(left, Symbol) or not isinstance(of, Derivative) or site.names:
            raise NoStatementError(f"{site.function} states other formulas")
        members = len(site.input_shape) == 2
        self._value = (left, _with_members(value)) if members else (left, value)
        self._left = _with_members(left) if members else left
        self._jacobian = (_with_members(of), _with_members(jacobian)) if members else (of, jacobian)

    def definition(self) -> Equation:
        """Return what the docstring says."""
        assert isinstance(self._left, Symbol)
        side = Side(self._value[1], f"{self.function}")
        return Equation(self._left, (side,))

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return the Jacobian that the docstring says."""
        derivative, value = self._jacobian
        assert isinstance(derivative, Derivative)
        return derivative, value


def _read_first(lines: tuple[str, ...], names: dict[str, str]) -> tuple[Expression, Expression]:
    return read_statement(" ".join(lines), names)


def _with_members(formula: Expression) -> Expression:
    """Return a formula of rows (n, i) for those of each member, (n, m, i)."""
    if isinstance(formula, Symbol) and len(formula.indices) > 1:
        return Symbol(formula.name, (formula.indices[0], index("m"), *formula.indices[1:]))
    return formula.mapped(_with_members)


class StatedRule(Rule):
    """Formulas that a docstring states in words; its methods compute them."""

    def words(self, method: str, array: Symbol | Derivative, *titles: str) -> Side:
        """Return what stands under titles."""
        lines, typeset = docstring_lines(self.function, *titles)
        if not lines:
            lines = (f"{self.function} states nothing of its {method}",)
        said = Stated("\n".join(lines), "\n".join(typeset), method, array)
        return Side(said, f"as {type(self.function).__name__} states it")

    def definition(self) -> Equation:
        """Return what the docstring says."""
        array = Symbol(self.names["Y"])
        return Equation(array, (self.words("forward", array, "Definition"),))

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return what the docstring says."""
        array = Derivative(Symbol(self.names["Y"]), Symbol(self.names[by]))
        return array, self.words("jacobian", array, "Derivative", "Jacobian").formula

    def gradients(self, by: str) -> list[Equation]:
        """Return what the docstring says of backprop."""
        array = by_loss(Symbol(self.names[by]))
        side = self.words("backprop", array, "Backprop")
        return [Equation(array, (side,), program=f"d{self.names[by]} = {self.call}")]

    @property
    def call(self) -> str:
        """The call that computes all gradients."""
        return f"{type(self.function).__name__}.backprop(d{self.names['Y']}, …)"


def rule_of(site: Site) -> Rule:
    """Return the rule of a function in its place."""
    function = site.function
    if isinstance(function, Multilinear):
        line = function.line(site.input_shape)
        whole = len({term.left for term in line.terms}) == 1
        if whole and function.formulas().definition[:1] == (str(function.line()),):
            return LineRule(site, function)
        return StatedRule(site)
    try:
        if isinstance(function, Elementwise):
            return ElementwiseRule(site, function)
        return StatementRule(site)
    except (TypeError, AttributeError, NoStatementError):
        return StatedRule(site)


def axes_of(rank: int) -> tuple[str, ...]:
    """Return letters for the axes of a sample."""
    letters = (letter for letter in ascii_lowercase[8:] if letter not in "n")
    return AXES.get(rank) or tuple(letter for letter, _ in zip(letters, range(rank), strict=False))
