"""From text to a line of index notation.

line      statement (";" statement)*         all statements add to the same target
statement name[index,…] = [-] product (± product)*
product   [number] name[index,…] …           factors and numbers, in any order
number    2, 1/3, 0.5, √2, 1/√2, 1/i, 1/√i   a letter that divides, or stands under a root, is
                                             its size
index     affine in letters: n, i+u, 2*i+u-1, s*i+u-p with constants s and p
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from chainrule.notation.line import (
    Factor,
    Index,
    Line,
    NotationError,
    Power,
    Scale,
    Shape,
    Term,
    parted,
)

__all__ = ["Shape", "parse"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+|/0*[1-9]\d*)?)|(?P<name>[^\W\d]\w*'*)|(?P<mark>[][,+*=;√/−-]))"
)


def parse(text: str, constants: Mapping[str, int] | None = None) -> Line:
    """Return the line that a text states.

    Parameters
    ----------
    text
        ``Y[n,o] = X[n,i] W[i,o] + b[o]``: operands with indices in brackets, products by
        juxtaposition. An index is a sum of letters, each perhaps with a factor, and numbers.
    constants
        The values of the names that stand in indices but are no letters: strides, dilations,
        paddings, as in ``parse("y[i] = w[u] x[s*i+u-p]", {"s": 2, "p": 1})``.

    Raises
    ------
    NotationError
        Where the text is no such line; the message shows the place.
    """
    return _parse(text, tuple(sorted((constants or {}).items())))


@lru_cache(maxsize=512)
def _parse(text: str, constants: tuple[tuple[str, int], ...]) -> Line:
    return _Parser(text, dict(constants)).line()


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, constants: Mapping[str, int]) -> None:
        self.text, self.constants = text, constants
        self.tokens = list(self._tokens())
        self.at = 0

    def _tokens(self) -> list[tuple[str, str, int]]:
        tokens, position = [], 0
        end = len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                rest = self.text[position:].lstrip()
                raise self._error("this character has no meaning here", len(self.text) - len(rest))
            kind = str(match.lastgroup)
            tokens.append((kind, match[kind].replace("−", "-"), match.start(kind)))
            position = match.end()
        return [*tokens, ("end", "", end)]

    def _error(self, what: str, position: int | None = None) -> NotationError:
        where = self.tokens[self.at][2] if position is None else position
        return NotationError(f"{what}:\n    {self.text}\n    {' ' * where}^")

    def peek(self) -> str:
        return self.tokens[self.at][1]

    def kind(self) -> str:
        return self.tokens[self.at][0]

    def take(self, expected: str | None = None) -> str:
        _, token, _ = self.tokens[self.at]
        if expected is not None and token != expected:
            raise self._error(f"expected {expected!r}")
        self.at += 1
        return token

    def line(self) -> Line:
        first = self.at
        target, terms = self.statement()
        while self.peek() == ";":
            self.take()
            first = self.at
            name, more = self.statement()
            if name != target or len(more[0].left) != len(terms[0].left):
                self.at = first
                raise self._error(f"all statements of a line add to one target, here {target}")
            terms += more
        if self.kind() != "end":
            raise self._error("expected a factor, +, -, ; or the end")
        if any(factor.name == target for term in terms for factor in term.factors):
            self.at = first
            raise self._error(f"{target} stands on both sides")
        known = {letter for term in terms for letter in term.letters()}
        for name in (name for term in terms for name in term.measured() if name not in known):
            raise NotationError(
                f"{name} is no letter of the line, so its size is unknown:\n    {self.text}"
            )
        return Line(target, tuple(terms), tuple(self.constants.items()))

    def statement(self) -> tuple[str, list[Term]]:
        target = self.factor()
        self.take("=")
        terms = []
        sign = -1 if self.peek() == "-" else 1
        if self.peek() in ("-", "+"):
            self.take()
        while True:
            coefficient, powers, factors = self.product()
            terms.append(Term(target.indices, sign * coefficient, factors, powers))
            if self.peek() not in ("+", "-"):
                return target.name, terms
            sign = -1 if self.take() == "-" else 1

    def product(self) -> tuple[Fraction, tuple[Power, ...], tuple[Factor, ...]]:
        coefficient, factors = Fraction(1), []
        powers: list[Power] = []
        while True:
            if self.kind() == "number":
                coefficient *= Fraction(self.take())
            elif self.peek() == "√":
                powers.append(self.power(1))
            elif self.kind() == "name":
                factors.append(self.factor())
            else:
                raise self._error("expected a number or an operand")
            while self.peek() == "/":
                self.take()
                if self.kind() == "number":
                    coefficient /= self.divisor()
                else:
                    powers.append(self.power(-1))
            if self.peek() == "*":
                self.take()
            elif self.kind() not in ("number", "name") and self.peek() != "√":
                return coefficient, parted(powers), tuple(factors)

    def divisor(self) -> Fraction:
        if not (divisor := Fraction(self.peek())):
            raise self._error("a division by zero")
        self.take()
        return divisor

    def power(self, sign: int) -> Power:
        """Read what divides or stands under a root: a letter, for its size, or a whole number."""
        exponent = Fraction(sign)
        if self.peek() == "√":
            self.take()
            exponent /= 2
        if self.kind() == "number" and self.peek().isdigit() and int(self.peek()):
            return Power(int(self.take()), exponent)
        if self.kind() != "name":
            raise self._error("expected a letter or a whole number")
        name = self.take()
        if self.peek() == "[":
            raise self._error(f"{name} is an operand: only numbers and sizes of letters divide")
        if name not in self.constants:
            return Power(name, exponent)
        if self.constants[name] <= 0:
            raise self._error(f"the constant {name} is not above zero")
        return Power(self.constants[name], exponent)

    def factor(self) -> Factor:
        if self.kind() != "name":
            raise self._error("expected the name of an operand")
        name = self.take()
        if self.peek() != "[":
            return Factor(name)
        self.take("[")
        indices = [self.index()]
        while self.peek() == ",":
            self.take()
            indices.append(self.index())
        self.take("]")
        return Factor(name, tuple(indices))

    def index(self) -> Index:
        letters: list[tuple[Scale, str]] = []
        offsets: list[Scale] = []
        sign = 1
        if self.peek() in ("+", "-"):
            sign = -1 if self.take() == "-" else 1
        while True:
            scale, letter = self.part(sign)
            if letter is None:
                offsets.append(scale)
            else:
                if any(letter == other for _, other in letters):
                    raise self._error(f"the letter {letter} stands twice in one index")
                letters.append((scale, letter))
            if self.peek() not in ("+", "-"):
                kept = tuple(offset for offset in offsets if offset != Scale(0))
                return Index(tuple(letters), kept)
            sign = -1 if self.take() == "-" else 1

    def part(self, sign: int) -> tuple[Scale, str | None]:
        """Read one part of an index: ``i``, ``2*i``, ``s*i``, ``2*s*i``, ``3``, ``p``."""
        number, constant, letter = sign, None, None
        while True:
            if self.kind() == "number" and self.peek().isdigit():
                number *= int(self.take())
            elif self.kind() == "name" and self.peek() in self.constants:
                if constant is not None:
                    raise self._error("a product of two constants; give their product a name")
                constant = self.take()
            elif self.kind() == "name":
                if letter is not None:
                    raise self._error(
                        f"{letter} multiplies {self.peek()}: an index is a sum of letters; "
                        f"if {letter} is a constant, give its value: constants={{'{letter}': …}}"
                    )
                letter = self.take()
            else:
                raise self._error("expected a letter or a whole number")
            if self.peek() != "*":
                break
            self.take()
        scale = Scale(number, constant)
        if letter is not None and scale.value(self.constants) == 0:
            raise self._error(f"the letter {letter} is multiplied by zero")
        return scale, letter
