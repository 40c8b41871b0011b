"""A line of index notation as LaTeX."""

from __future__ import annotations

import re
from itertools import groupby

from chainrule.notation.line import Factor, Indices, Line, Power, Term, signed_sum


def latex(line: Line) -> str:
    r"""Return the line as LaTeX, sums written out: ``Y_{n,o} = \sum_{i} X_{n,i} W_{i,o}``."""
    statements = []
    for left, terms in groupby(line.terms, key=lambda term: term.left):
        right = signed_sum((term.coefficient, _term(term, line)) for term in terms)
        statements.append(f"{_symbol(Factor(line.target, left), line)} = {right}")
    return r" \\ ".join(statements)


def _term(term: Term, line: Line) -> str:
    parts = _number(term)
    summed = term.summed()
    if summed:
        parts.append(rf"\sum_{{{','.join(summed)}}}")
    return " ".join(parts + [_symbol(factor, line) for factor in term.factors])


def _number(term: Term) -> list[str]:
    """Write the number of a term, whose powers stand above and below a line."""
    number = abs(term.coefficient)
    above = [_root(power) for power in term.powers if power.exponent > 0]
    below = [_root(power) for power in term.powers if power.exponent < 0]
    if number.numerator != 1:
        above.insert(0, str(number.numerator))
    if number.denominator != 1:
        below.insert(0, str(number.denominator))
    if below:
        return [rf"\frac{{{' '.join(above) or '1'}}}{{{' '.join(below)}}}"]
    return above if above or term.factors else ["1"]


def _root(power: Power) -> str:
    return rf"\sqrt{{{power.base}}}" if power.exponent.denominator == 2 else str(power.base)


def _symbol(factor: Factor, line: Line) -> str:
    """Write ``X[n,i]`` as X with a subscript, ``dX[n,i]`` as the derivative ∂L/∂X."""
    derivatives = {name: (of, by) for name, of, by in line.differentials}
    if factor.name not in derivatives:
        return _subscripted(factor.name, factor.indices)
    of, by = derivatives[factor.name]
    if not of:
        return rf"\frac{{\partial L}}{{\partial {_subscripted(by, factor.indices)}}}"
    quotient = rf"\frac{{\partial {_name(of)}}}{{\partial {_name(by)}}}"
    return rf"\left({quotient}\right){_subscript(factor.indices)}"


def _subscripted(name: str, indices: Indices) -> str:
    return _name(name) + _subscript(indices)


def _subscript(indices: Indices) -> str:
    return f"_{{{','.join(str(index).replace('*', ' ') for index in indices)}}}" if indices else ""


def _name(name: str) -> str:
    """Write a name of one character as it is, and a longer one upright."""
    match = re.fullmatch(r"([^\W\d])(\d+)", name)
    if match:
        return f"{match[1]}^{{({match[2]})}}"
    return name if len(name) == 1 else r"\mathrm{" + name.replace("_", r"\_") + "}"
