"""What a mean of embeddings contributes: shares of tokens, and a line of these."""

from __future__ import annotations

from chainrule import notation
from chainrule.explain.algebra import Side
from chainrule.explain.building import indexed, total
from chainrule.explain.equations import Equation
from chainrule.explain.expressions import (
    ZERO,
    Cases,
    Condition,
    Derivative,
    Expression,
    Negative,
    Quotient,
    Sum,
)
from chainrule.explain.line_rule import LineRule
from chainrule.explain.rules import Rule
from chainrule.explain.sites import Site
from chainrule.functions import EmbeddingBag

LINE = notation.parse("Y[n,d] = P[n,p] A[p,d]")


class MeanBagRule(LineRule):
    """The line of a sum of embeddings, of tokens' shares P instead of their weights X.

    Parameters
    ----------
    site : Site
        The function in its place.
    function : EmbeddingBag
        The function.
    """

    def __init__(self, site: Site, function: EmbeddingBag) -> None:
        super().__init__(site, LINE, {})
        self.names["P"] = site.shares
        self.whole = Sum(("q",), indexed(site.input, "nq"))

    def definitions(self) -> list[Equation]:
        """Return the shares of tokens, then the line."""
        share = Quotient(indexed(self.names["X"], "np"), self.whole)
        some = Condition(self.whole, "≠", ZERO)
        value = Side(Cases(((share, (some,)),), ZERO), "the shares of tokens in their bag")
        return [Equation(indexed(self.names["P"], "np"), (value,), self.scope), self.definition()]

    def jacobian(self, by: str) -> tuple[Derivative, Expression]:
        """Return the Jacobian: more of a token makes the shares of the others smaller."""
        if by != "X":
            return super().jacobian(by)
        y = indexed(self.names["Y"], "nd")
        above = total(indexed(self.names["A"], "pd"), Negative(y))
        value = Cases(((Quotient(above, self.whole), (Condition(self.whole, "≠", ZERO),)),), ZERO)
        return Derivative(y, indexed(self.names["X"], "np")), value

    def gradients(self, by: str) -> list[Equation]:
        """Return ∂L/∂by."""
        return Rule.gradients(self, by) if by == "X" else super().gradients(by)

    def program(self, by: str, left: Derivative, sides: tuple[Side, ...]) -> str:
        """Return the line of backprop."""
        if by == "X":
            return Rule.program(self, by, left, sides)
        return super().program(by, left, sides)
