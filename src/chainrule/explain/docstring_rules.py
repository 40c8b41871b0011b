"""What docstrings state: formulas that can be computed, and words."""

from __future__ import annotations

from chainrule.explain.algebra import Side
from chainrule.explain.building import by_loss, index
from chainrule.explain.equations import Equation
from chainrule.explain.expressions import Derivative, Expression, Stated, Symbol
from chainrule.explain.rules import Rule
from chainrule.explain.sites import Site
from chainrule.explain.statements import NoStatementError, read_statement
from chainrule.formulas import docstring_lines
from chainrule.functions import Function, Multilinear
from chainrule.notation.text_typesetting import text_latex

TITLES = {
    "forward": ("Definition",),
    "jacobian": ("Derivative", "Jacobian"),
    "backprop": ("Backprop",),
}
"""What stands under which titles of a docstring."""

METHODS = tuple(TITLES)


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

    def words(self, method: str, array: Symbol | Derivative) -> Side:
        """Return what the function states of forward, of its Jacobian, or of backprop."""
        lines, typeset = _statements(self.function, method)
        if not lines:
            lines = (f"{self.function} states nothing of its {method}",)
            typeset = (text_latex(lines[0]),)
        said = Stated("\n".join(lines), "\n".join(typeset), method, array)
        return Side(said, f"as {type(self.function).__name__} states it")

    def definition(self) -> Equation:
        """Return what the docstring says."""
        array = Symbol(self.names["Y"])
        return Equation(array, (self.words("forward", array),))

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return what the docstring says."""
        array = Derivative(Symbol(self.names["Y"]), Symbol(self.names[by]))
        return array, self.words("jacobian", array).formula

    def gradients(self, by: str) -> list[Equation]:
        """Return what the docstring says of backprop."""
        array = by_loss(Symbol(self.names[by]))
        side = self.words("backprop", array)
        return [Equation(array, (side,), program=f"d{self.names[by]} = {self.call}")]

    @property
    def call(self) -> str:
        """The call that computes all gradients."""
        return f"{type(self.function).__name__}.backprop(d{self.names['Y']}, …)"


def _statements(function: Function, method: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return lines of text and of LaTeX that a function states, in its docstring or by a line."""
    formulas = function.formulas()
    own = [formulas.definition, formulas.derivative, formulas.backprop]
    if isinstance(function, Multilinear) and len(formulas.latex) == sum(map(len, own)):
        place = METHODS.index(method)
        start = sum(map(len, own[:place]))
        typeset = formulas.latex[start : start + len(own[place])]
        return own[place], tuple(part for each in typeset for part in each.split(r" \\ "))
    return docstring_lines(function, *TITLES[method])
