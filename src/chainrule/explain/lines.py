"""Lines of index notation as formulas: the line, its Jacobians, its gradients."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import chain
from string import ascii_lowercase

from chainrule import notation
from chainrule.explain.building import index, product, summed, total
from chainrule.explain.expressions import (
    ONE,
    ZERO,
    Call,
    Cases,
    Condition,
    Derivative,
    Expression,
    Negative,
    Number,
    Position,
    Quotient,
    Size,
    Symbol,
)
from chainrule.notation.line import Indices, Line, Power, Term, letters_of

Names = Mapping[str, str]
"""The names of arrays in a derivation, by those of the line."""


def line_value(line: Line, names: Names) -> Expression:
    """Return the right side of a line all of whose products go to the same elements."""
    return total(*(_term(term, names, tuple(term.summed())) for term in line.terms))


def line_jacobian(line: Line, by: str, sample: str, names: Names) -> tuple[Derivative, Expression]:
    """Return ∂Y[…]/∂by[…] and what it is, made from the line's Jacobian in index notation.

    Each index of ``by`` is a letter of its own: one that the line calls as an index of Y gets a
    prime, and one that is a sum of letters another letter; the condition that they agree is a case.
    """
    jacobian = notation.jacobian(line, by, sample, rename=False)
    indices = next(term.factors[at].indices for term, at in line.occurrences(by))
    of = line.terms[0].left
    chosen = _own_letters(indices, of, sample, line)
    terms = []
    for term in jacobian.terms:
        values = dict(zip(chosen, _with_sample(term.left[len(of) :], chosen, sample), strict=True))
        conditions = tuple(
            Condition(Position(index(letter)), "=", Position(value))
            for letter, value in values.items()
            if value.letter != letter
        )
        free = {*letters_of(of), *chosen}
        inner = tuple(letter for letter in term.letters() if letter not in free)
        body = _term(term, names, ())
        body = Cases(((body, conditions),), ZERO) if conditions else body
        terms.append(summed(inner, body))
    by_symbol = Symbol(names[by], tuple(map(index, chosen)))
    return Derivative(Symbol(names[line.target], of), by_symbol), total(*terms)


def _with_sample(left: Indices, chosen: list[str], sample: str) -> Indices:
    """Return the indices of ``by`` in a Jacobian, the sample among them where by has it."""
    return (index(sample), *left) if len(left) < len(chosen) else left


def _own_letters(indices: Indices, of: Indices, sample: str, line: Line) -> list[str]:
    """Return a letter for each index of what is differentiated by, none of them Y's."""
    used = {letter for term in line.terms for letter in term.letters()}
    others = (x for x in chain("hwrst", ascii_lowercase) if x not in used)
    chosen: list[str] = []
    for each in indices:
        letter = each.letter
        if letter is None:
            letter = next(x for x in others if x not in chosen)
        elif letter != sample and (letter in letters_of(of) or letter in chosen):
            letter += "'"
        chosen.append(letter)
    return chosen


def _term(term: Term, names: Names, letters: tuple[str, ...]) -> Expression:
    factors = [Symbol(names[factor.name], factor.indices) for factor in term.factors]
    numbers = [_number(term.coefficient), *map(_power, term.powers)]
    before: list[Expression] = []
    behind: list[Expression] = [*factors]
    for number in numbers:
        (before if letters else behind).append(number)
    body = product(*behind) if letters else product(*numbers, *factors)
    return product(*before, summed(letters, body))


def _number(coefficient: Fraction) -> Expression:
    number = ONE if abs(coefficient) == 1 else Number(abs(coefficient))
    return Negative(number) if coefficient < 0 else number


def _power(power: Power) -> Expression:
    base = Size(power.base) if isinstance(power.base, str) else Number(Fraction(power.base))
    root = Call("sqrt", (base,)) if power.exponent.denominator == 2 else base
    return Quotient(ONE, root) if power.exponent < 0 else root
