"""Formulas as lines of text: ``∂L/∂W0[i,o] = Σ_n X[n,i]·∂L/∂X1[n,o]``."""

from __future__ import annotations

from fractions import Fraction

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
from chainrule.notation.line import bracketed

MINUS = "−"


def text(expression: Expression) -> str:
    """Return a formula as text."""
    match expression:
        case Number(value, digits):
            return number_text(value, digits)
        case Symbol(name, indices):
            return bracketed(name, indices).replace("-", MINUS)
        case Position(index):
            return str(index).replace("-", MINUS)
        case Size(letter):
            return letter
        case Derivative(of, by):
            return f"∂{text(of) if of else 'L'}/∂{text(by)}"
        case Matrix(array, transposed):
            plain = text(array)
            held = f"({plain})" if isinstance(array, Derivative) and transposed else plain
            return f"{held}ᵀ" if transposed else plain
        case MatrixProduct(factors):
            return " · ".join(map(text, factors))
        case Stated(words):
            return words
        case Condition(left, relation, right):
            return f"{text(left)} {relation} {text(right)}"
        case Cases(pieces, otherwise):
            cases = [f"{text(value)} if {conditions_text(holds)} else " for value, holds in pieces]
            return f"({''.join(cases)}{text(otherwise)})"
        case Call():
            return _call(expression)
        case _:
            return _compound(expression)


def _compound(expression: Expression) -> str:
    match expression:
        case Sum(letters, body, apart):
            below = f"{letters[0]}≠{apart}" if apart else ",".join(letters)
            mark = f"Σ_{below}" if len(below) == 1 else f"Σ_{{{below}}}"
            return f"{mark} {_factor(body, last=True)}"
        case Largest(letters, body):
            return f"max_{{{','.join(letters)}}} {text(body)}"
        case Product(factors):
            last = len(factors) - 1
            return "·".join(_factor(each, last=at == last) for at, each in enumerate(factors))
        case Quotient(above, below):
            return f"{_factor(above)}/{_atom(below)}"
        case Negative(body):
            return f"{MINUS}{_factor(body, last=True)}"
        case Total(terms):
            signed = (
                f" {MINUS} {_factor(term.body, last=True)}"
                if isinstance(term, Negative)
                else f" + {text(term)}"
                for term in terms
            )
            return "".join(signed).removeprefix(" + ").replace(f" {MINUS} ", MINUS, _leading(terms))
        case Power(base, exponent):
            return f"{_atom(base)}{'²' if exponent == 2 else f'^{exponent}'}"
    raise TypeError(f"expected a formula, got {expression!r}")


def _leading(terms: tuple[Expression, ...]) -> int:
    return int(isinstance(terms[0], Negative))


def _call(call: Call) -> str:
    inside = ", ".join(map(text, call.arguments))
    if call.name == "abs":
        return f"|{inside}|"
    return f"√({inside})" if call.name == "sqrt" else f"{call.name}({inside})"


def _factor(expression: Expression, *, last: bool = False) -> str:
    """Return a formula as a factor; a sum at the end needs no parentheses."""
    negative = isinstance(expression, Number) and expression.negative
    open_ended = isinstance(expression, Sum) and not last
    if isinstance(expression, Total | Negative) or negative or open_ended:
        return f"({text(expression)})"
    return text(expression)


def _atom(expression: Expression) -> str:
    """Return a formula as what divides, or is raised to a power."""
    quotient = isinstance(expression, Product | Quotient | Sum | Power | Derivative)
    return f"({text(expression)})" if quotient else _factor(expression)


def number_text(value: Fraction | float, digits: int = 6) -> str:
    """Return a number as text, some digits of one that is no fraction."""
    written = str(value) if isinstance(value, Fraction) else f"{value + 0.0:.{digits}g}"
    return written.replace("-", MINUS)


def conditions_text(conditions: tuple[Condition, ...]) -> str:
    """Return conditions that all hold."""
    return " and ".join(map(text, conditions))
