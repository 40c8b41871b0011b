"""Statements of docstrings as formulas: ``∂Y[n,i]/∂X[n,j] = Y[n,i]·(1 − Y[n,i]) if i = j else …``.

Rules that SymPy cannot read, such as softmax, state their formulas in their docstring. What can be
read here is what such a statement says about numbers:

    statement    derivative or element = choice
    choice       sum [if letter = letter else choice]
    sum          [−] product (± product)…
    product      quotient (· quotient)…, also beside each other
    quotient     factor (/ factor)…
    factor       number, X[n,i], N, exp(x), log x, Σ_k product, (…)

Anything else is left as words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from chainrule.explain.building import index, product, summed, total
from chainrule.explain.expressions import (
    Call,
    Cases,
    Condition,
    Derivative,
    Expression,
    Negative,
    Number,
    Position,
    Power,
    Quotient,
    Symbol,
)

TOKEN = re.compile(r"\d+(?:\.\d+)?|∂?[^\W\d_²Σ][^\W_²Σ]*'?|Σ_|\S")
FUNCTIONS = {"exp", "log", "tanh", "max", "min"}
ENDS = {"", ",", ";"}


class NoStatementError(ValueError):
    """A text is no statement that can be computed."""


def read_statement(text: str, names: Mapping[str, str]) -> tuple[Expression, Expression]:
    """Return the left and the right side of a statement, up to a comma or semicolon after it.

    Parameters
    ----------
    text : str
        One statement, such as ``Y[n,i] = exp(X[n,i]) / Σ_k exp(X[n,k])``.
    names : mapping from str to str
        What arrays and numbers are called in the derivation; any other name is no statement.

    Raises
    ------
    NoStatementError
        The text says something else.
    """
    reader = _Reader(text, names)
    left = reader.derivative()
    reader.require("=")
    right = reader.choice()
    if reader.next not in ENDS:
        raise NoStatementError(f"{text!r}: {reader.next!r} is no mathematics")
    return left, right


class _Reader:
    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self.names = names
        self.tokens = TOKEN.findall(text)
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.at += 1
        return token

    def require(self, *texts: str) -> str:
        if self.next not in texts:
            raise NoStatementError(f"expected {' or '.join(texts)}, got {self.next!r}")
        return self.take()

    def derivative(self) -> Expression:
        """Return what a statement is about: an element, a derivative, or L."""
        if not self.next.startswith("∂"):
            return self.element(self.take())
        of = self.take()[1:]
        above = None if of == "L" else self.element(of)
        self.require("/")
        if not self.next.startswith("∂"):
            raise NoStatementError(f"expected ∂, got {self.next!r}")
        return Derivative(above, self.element(self.take()[1:]))

    def element(self, name: str) -> Symbol:
        """Return an element of an array, or a number by its name."""
        if name not in self.names:
            raise NoStatementError(f"{name!r} is unknown")
        letters = []
        if self.next == "[":
            self.take()
            letters.append(self.letter())
            while self.require(",", "]") == ",":
                letters.append(self.letter())
        return Symbol(self.names[name], tuple(map(index, letters)))

    def letter(self) -> str:
        token = self.take()
        if not re.fullmatch(r"[a-z]'?", token):
            raise NoStatementError(f"expected a letter, got {token!r}")
        return token

    def choice(self) -> Expression:
        value = self.sum()
        if self.next != "if":
            return value
        self.take()
        left, _, right = Position(index(self.letter())), self.require("="), self.letter()
        self.require("else")
        holds = Condition(left, "=", Position(index(right)))
        return Cases(((value, (holds,)),), self.choice())

    def sum(self) -> Expression:
        terms = []
        sign = self.take() if self.next in ("−", "-") else "+"
        while True:
            term = self.product()
            terms.append(term if sign == "+" else product(Negative(term)))
            if self.next not in ("+", "−", "-"):
                return total(*terms)
            sign = self.take()

    def product(self) -> Expression:
        factors = [self.quotient()]
        while self.next == "·" or self.starts_factor():
            if self.next == "·":
                self.take()
            factors.append(self.quotient())
        return product(*factors)

    def starts_factor(self) -> bool:
        token = self.next
        known = token in self.names or token in FUNCTIONS or token in ("Σ_", "(")
        return known or token.isdigit()

    def quotient(self) -> Expression:
        value = self.factor()
        while self.next == "/":
            self.take()
            value = Quotient(value, self.factor())
        return value

    def factor(self) -> Expression:
        token = self.take()
        if token == "(":
            value = self.choice()
            self.require(")")
        elif token == "Σ_":
            return summed((self.letter(),), self.product())
        elif token in FUNCTIONS:
            value = Call(token, self.arguments())
        elif re.fullmatch(r"\d+(\.\d+)?", token):
            value = Number(Fraction(token))
        else:
            value = self.element(token)
        if self.next == "²":
            self.take()
            return Power(value, 2)
        return value

    def arguments(self) -> tuple[Expression, ...]:
        """Return what is in parentheses, or one factor: ``log Y[n,k]``."""
        if self.next != "(":
            return (self.factor(),)
        self.take()
        inside = [self.choice()]
        while self.require(",", ")") == ",":
            inside.append(self.choice())
        return tuple(inside)
