"""What a loss contributes: its value, its gradient by the outputs, and that by what goes before.

Where the last function and the loss are a pair that fuses, backprop starts before that function,
and the derivation shows what cancels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.explain.algebra import Side
from chainrule.explain.building import by_loss, indexed, product, renamed, summed
from chainrule.explain.docstring_rules import StatedRule
from chainrule.explain.elementary import formula_of
from chainrule.explain.equations import Equation
from chainrule.explain.expressions import ONE, Derivative, Expression, Quotient, Stated, Sum, Symbol
from chainrule.explain.rules import ElementwiseRule, Rule
from chainrule.explain.statements import NoStatementError, read_statement
from chainrule.explain.text import text
from chainrule.formulas import docstring_lines, exact, through_output
from chainrule.functions import Elementwise
from chainrule.losses import CrossEntropy, ElementwiseLoss, Loss, MeanOverMembers
from chainrule.notation.line import letters_of
from chainrule.notation.text_typesetting import text_latex
from chainrule.symbols import read

COUNTS = {name: Symbol(name) for name in "NMK"}
"""How many samples, members and outputs there are."""


class LossRule:
    """A loss of the outputs Y, with targets T.

    Parameters
    ----------
    loss : Loss
        The loss.
    rank : int
        How many axes an output has.
    """

    def __init__(self, loss: Loss, rank: int) -> None:
        self.loss, self.rank = loss, rank
        self.members = isinstance(loss, MeanOverMembers)
        self.each = loss.each if isinstance(loss, MeanOverMembers) else loss
        inner = ("k",) if not self.members or rank == 2 else ()
        self.letters = ("n", "m", *inner) if self.members else ("n", "k")
        try:
            self.value, self.slope = self._formulas()
        except (TypeError, AttributeError, NoStatementError):
            self.value, self.slope = self._words("forward"), self._words("backprop")

    @property
    def stated(self) -> bool:
        """Whether its formulas are words."""
        return isinstance(self.slope, Stated)

    def _formulas(self) -> tuple[Expression, Expression]:
        """Return L and ∂L/∂Y[…]."""
        if isinstance(self.each, ElementwiseLoss):
            counts = ["N", "M"] if self.members else ["N"]
            if self.each.outputs == "mean" and "k" in self.letters:
                counts.append("K")
            share = Quotient(ONE, product(*(COUNTS[name] for name in counts)))
            error, slope = self._of_one()
            return product(share, summed(self.letters, error)), product(share, slope)
        names = {name: name for name in ("L", "N", "K", "Y", "T")}
        found = [
            read_statement(" ".join(docstring_lines(self.each, title)[0]), names)
            for title in ("Definition", "Derivative")
        ]
        if found[0][0] != Symbol("L") or found[1][0] != by_loss(indexed("Y", "nk")):
            raise NoStatementError(f"{self.each} states other formulas")
        value, slope = found[0][1], found[1][1]
        if not self.members:
            return value, slope
        return _of_members(value), _of_members(slope)

    def _of_one(self) -> tuple[Expression, Expression]:
        """Return the error of an output, and its derivative."""
        error, slope, symbols = self.in_symbols()
        own = {
            symbol: indexed(str(symbol), "k") if str(symbol) not in "yt" else
            indexed(str(symbol).upper(), self.letters)
            for symbol in symbols
        }  # fmt: skip
        return formula_of(error, own), formula_of(slope, own)

    def in_symbols(self) -> tuple[Any, Any, list[Any]]:
        """Return error and derivative in y, t and what each output has of its own, and these."""
        import sympy

        assert isinstance(self.each, ElementwiseLoss)
        y, t = sympy.symbols("y t", real=True)
        others = {name: sympy.Symbol(name[0]) for name in self.each.of_outputs}
        one = self.each.with_values(**others)
        error, slope = exact(read(one.error, y, t)), exact(read(one.derivative, y, t))
        return error, slope, [y, t, *others.values()]

    def _words(self, method: str) -> Stated:
        titles = ("Definition",) if method == "forward" else ("Derivative",)
        lines, typeset = docstring_lines(self.each, *titles)
        array = Symbol("L") if method == "forward" else by_loss(Symbol("Y"))
        if not lines:
            lines = (f"{self.loss} states nothing of its {titles[0].lower()}",)
            typeset = (text_latex(lines[0]),)
        return Stated("\n".join(lines), "\n".join(typeset), method, array)

    def definition(self) -> Equation:
        """Return the loss."""
        return Equation(Symbol("L"), (Side(self.value, f"{self.loss}"),))

    def gradient(self, *, runs: bool) -> Equation:
        """Return ∂L/∂Y, which runs unless the loss is fused with the function before it."""
        if self.stated:
            program = f"dY = {self.loss}.gradient(Y, T)" if runs else ""
            whole = Side(self.slope, f"{self.loss}")
            return Equation(by_loss(Symbol("Y")), (whole,), program=program)
        left = by_loss(indexed("Y", self.letters))
        reason = f"only the term of {text(left.by)} depends on it"
        program = f"d{text(left.by)} = {text(self.slope)}" if runs else ""
        return Equation(left, (Side(self.slope, reason),), program=program)

    def facts(self) -> Mapping[Expression, Expression]:
        """Return what is known of targets: over all classes they sum to 1."""
        if not isinstance(self.each, CrossEntropy):
            return {}
        return {Sum((x,), indexed("T", (*self.letters[:-1], x))): ONE for x in "ijk"}


def _of_members(formula: Expression) -> Expression:
    """Return the formula of a mean over samples as that over samples and members."""
    if formula == COUNTS["N"]:
        return product(COUNTS["N"], COUNTS["M"])
    if isinstance(formula, Symbol) and len(formula.indices) == 2:
        letters = letters_of(formula.indices)
        return indexed(formula.name, (letters[0], "m", *letters[1:]))
    if isinstance(formula, Sum) and "n" in formula.letters:
        letters = [y for x in formula.letters for y in ((x, "m") if x == "n" else (x,))]
        return Sum(tuple(letters), _of_members(formula.body))
    return formula.mapped(_of_members)


def fused_gradients(rule: Rule, loss: LossRule, fused: Loss) -> list[Equation]:
    """Return ∂L by what goes into the last function, from which backprop starts.

    Parameters
    ----------
    rule : Rule
        That of the last function.
    loss : LossRule
        That of the loss of its outputs.
    fused : Loss
        The loss that takes the place of both.
    """
    if isinstance(rule, StatedRule) or loss.stated:
        return rule.gradients("X")
    derivative, _ = rule.swapped(*rule.jacobian("X"))
    assert derivative.of is not None
    names = dict(zip(loss.letters, letters_of(derivative.of.indices), strict=True))
    slope = renamed(loss.slope, names)
    left, sides = rule.chained("X", slope, loss.facts())
    if isinstance(rule, ElementwiseRule) and isinstance(loss.each, ElementwiseLoss):
        sides = (*sides, *_cancelled(rule, loss, left, sides[-1].formula, fused))
    said = text(sides[-1].formula)
    program = f"d{text(left.by)} = {said}"
    return [Equation(left, sides, rule.scope, program)]


def _cancelled(
    rule: ElementwiseRule, loss: LossRule, left: Derivative, last: Expression, fused: Loss
) -> list[Side]:
    """Return the product of two derivatives with what cancels, then as the fused loss has it."""
    import sympy

    assert isinstance(rule.function, Elementwise)
    each = fused.each if isinstance(fused, MeanOverMembers) else fused
    assert isinstance(each, ElementwiseLoss)
    _, slope, (y, t, *_) = loss.in_symbols()
    z = sympy.Symbol("z", real=True)
    value = exact(read(rule.function.value, z))
    inner = exact(read(rule.function.derivative, z, y))
    letters = tuple(letters_of(left.by.indices))
    elements = {y: indexed("Y", letters), t: indexed("T", letters), z: left.by}
    share = loss.slope.factors[0] if hasattr(loss.slope, "factors") else ONE
    folded = sympy.piecewise_fold(slope * inner)
    cancelled = folded.replace(
        lambda part: isinstance(part, sympy.Piecewise),
        lambda part: sympy.Piecewise(*((sympy.cancel(e), c) for e, c in part.args)),
    )
    if not isinstance(cancelled, sympy.Piecewise):
        cancelled = sympy.cancel(cancelled)
    whole = through_output(exact(read(each.derivative, z, t)), value, z, y)
    sides = [
        (cancelled, "what stands above and below a line cancels, in each case"),
        (whole, f"the same in all cases; {type(each).__name__} computes it"),
    ]
    found: list[Side] = []
    for formula, reason in sides:
        side = Side(product(share, formula_of(formula, elements)), reason)
        if side.formula not in (last, *(one.formula for one in found)):
            found.append(side)
    return found
