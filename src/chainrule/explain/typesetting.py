r"""Formulas as LaTeX: ``\frac{\partial L}{\partial W^{(0)}_{i,o}} = \sum_{n} …``."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from chainrule.explain.expressions import (
    Call,
    Cases,
    Condition,
    Derivative,
    Expression,
    Largest,
    Matrix,
    MatrixProduct,
    Negative,
    Number,
    Position,
    Power,
    Product,
    Quotient,
    Size,
    Stated,
    Sum,
    Symbol,
    Total,
)
from chainrule.notation.line import Index

RELATIONS = {"≠": r"\neq", "≤": r"\leq", "≥": r"\geq"}
NAME = re.compile(r"(?:([\d.]+)\.)?([^\W\d]+)([\d.]*)")
COMMANDS = {"exp", "log", "max", "min", "tanh", "sin", "cos"}


def latex(expression: Expression) -> str:
    """Return a formula as LaTeX."""
    match expression:
        case Number(value, digits):
            return number_latex(value, digits)
        case Symbol(name, indices):
            return name_latex(name) + _subscript(indices)
        case Position(index):
            return _index(index)
        case Size(letter):
            return letter
        case Derivative(of, by):
            return rf"\frac{{\partial {latex(of) if of else 'L'}}}{{\partial {latex(by)}}}"
        case Matrix(array, transposed):
            plain = latex(array)
            held = rf"\left({plain}\right)" if isinstance(array, Derivative) else f"{{{plain}}}"
            return rf"{held}^{{\top}}" if transposed else plain
        case MatrixProduct(factors):
            return " ".join(map(latex, factors))
        case Stated(_, typeset):
            return typeset
        case Condition(left, relation, right):
            return f"{latex(left)} {RELATIONS.get(relation, relation)} {latex(right)}"
        case Cases(pieces, otherwise):
            return _cases(pieces, otherwise)
        case Call():
            return _call(expression)
        case _:
            return _compound(expression)


def _compound(expression: Expression) -> str:
    match expression:
        case Sum(letters, body, apart):
            below = rf"{letters[0]} \neq {apart}" if apart else ",".join(letters)
            return rf"\sum_{{{below}}} {_factor(body, last=True)}"
        case Largest(letters, body):
            return rf"\max_{{{','.join(letters)}}} {latex(body)}"
        case Product(factors):
            last = len(factors) - 1
            parts = [_factor(each, last=at == last) for at, each in enumerate(factors)]
            return "".join(_after(before, part) for before, part in pairwise(["", *parts]))
        case Quotient(above, below):
            return rf"\frac{{{latex(above)}}}{{{latex(below)}}}"
        case Negative(body):
            return f"-{_factor(body, last=True)}"
        case Total(terms):
            signed = (
                f" - {_factor(term.body, last=True)}"
                if isinstance(term, Negative)
                else f" + {latex(term)}"
                for term in terms
            )
            whole = "".join(signed)
            return f"-{whole[3:]}" if whole.startswith(" - ") else whole[3:]
        case Power(base, exponent):
            atom = isinstance(base, Symbol | Size | Number)
            held = f"{{{latex(base)}}}" if atom else rf"\left({latex(base)}\right)"
            return f"{held}^{{{exponent}}}"
    raise TypeError(f"expected a formula, got {expression!r}")


def _after(before: str, part: str) -> str:
    """Return a factor as it stands after another: numbers and fractions apart from each other."""
    if not before:
        return part
    if re.match(r"\d|\\frac\{\d", part):
        return rf" \cdot {part}"
    fractions = before.startswith(r"\frac") and part.startswith(r"\frac")
    return rf" \, {part}" if fractions else f" {part}"


def _cases(pieces: tuple[tuple[Expression, tuple[Condition, ...]], ...], other: Expression) -> str:
    rows = [
        rf"{latex(value)} & \text{{if }} " + r" \text{ and } ".join(map(latex, holds))
        for value, holds in pieces
    ]
    rows.append(rf"{latex(other)} & \text{{otherwise}}")
    inside = r" \\ ".join(rows)
    return rf"\begin{{cases}} {inside} \end{{cases}}"


def _call(call: Call) -> str:
    inside = ", ".join(map(latex, call.arguments))
    if call.name == "abs":
        return rf"\left|{inside}\right|"
    if call.name == "sqrt":
        return rf"\sqrt{{{inside}}}"
    name = rf"\{call.name}" if call.name in COMMANDS else rf"\mathrm{{{call.name}}}"
    return rf"{name}\left({inside}\right)"


def _factor(expression: Expression, *, last: bool = False) -> str:
    """Return a formula as a factor; a sum or cases at the end need no parentheses."""
    negative = isinstance(expression, Number) and expression.negative
    open_ended = isinstance(expression, Sum | Cases) and not last
    if isinstance(expression, Total | Negative) or negative or open_ended:
        return rf"\left({latex(expression)}\right)"
    return latex(expression)


def number_latex(value: Fraction | float, digits: int = 6) -> str:
    """Return a number as LaTeX, some digits of one that is no fraction."""
    if isinstance(value, Fraction):
        whole = value.denominator == 1
        sign = "-" if value < 0 else ""
        fraction = rf"\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
        return str(value) if whole else sign + fraction
    mantissa, _, exponent = f"{value + 0.0:.{digits}g}".partition("e")
    if mantissa == "1" and exponent:
        return rf"10^{{{int(exponent)}}}"
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def name_latex(name: str) -> str:
    """Return a name: ``W0`` as W with (0) above it, ``1.W0`` with (1.0)."""
    if name == "π":
        return r"\pi"
    match = NAME.fullmatch(name)
    if match is None:
        return rf"\mathrm{{{name}}}"
    number = ".".join(part for part in (match[1], match[3].strip(".")) if part)
    base = match[2] if len(match[2]) == 1 else rf"\mathrm{{{match[2]}}}".replace("_", r"\_")
    return f"{base}^{{({number})}}" if number else base


def _subscript(indices: tuple[Index, ...]) -> str:
    return f"_{{{','.join(map(_index, indices))}}}" if indices else ""


def _index(index: Index) -> str:
    return str(index).replace("*", " ")
