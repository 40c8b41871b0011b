"""Statements as text: what C and JavaScript write alike."""

from __future__ import annotations

import keyword
import re
import textwrap
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from chainrule.export.language.expressions import Expression, Index
from chainrule.export.language.statements import (
    Assign,
    Bound,
    Let,
    LetPlace,
    LetWhole,
    Loop,
    Return,
    SetPlace,
    Statement,
    When,
)

__all__ = ["Printer", "folded", "identifier", "in_comment", "is_reserved"]

LEVELS = {"where": 1, "or": 2, "and": 3, "==": 4, "<": 5, "<=": 5, ">": 5, ">=": 5}
LEVELS |= {"+": 6, "-": 6, "*": 7, "/": 7, "neg": 8, "not": 8}
ATOM = 9
"""How tightly operators bind, and what needs no parentheses."""

SIGNS = {"or": "||", "and": "&&"}
WIDTH = 100


class Printer(ABC):
    """What is written for each statement; a language says how numbers and functions are."""

    equality: ClassVar[str]
    declared: tuple[str, str, str]
    """How a local number is declared, one that changes, and a whole number that changes."""
    counted: ClassVar[str]
    """How a loop's whole number is declared."""
    rounds: bool = False
    """Whether numbers are rounded to float before they are stored."""

    @abstractmethod
    def number(self, value: float) -> str:
        """Return a number that reads back as the one that it is."""

    @abstractmethod
    def call(self, name: str, operands: Sequence[str]) -> str:
        """Return a call of a function of :mod:`chainrule.mathematics`, or of pow."""

    @abstractmethod
    def extreme(self, name: str, ends: Sequence[str]) -> str:
        """Return the ``max`` or ``min`` of two or more whole numbers."""

    @abstractmethod
    def quotient(self, above: str, below: int) -> str:
        """Return a quotient of whole numbers, the rest left out: towards zero."""

    @abstractmethod
    def rounded(self, value: str) -> str:
        """Return a number rounded to float."""

    @abstractmethod
    def truncated(self, value: str) -> str:
        """Return a number as a whole number."""

    def name(self, name: str) -> str:
        """Return a local name as the language can have it."""
        return identifier(name)

    def text(self, expression: Expression, level: int = 0) -> str:
        """Return an expression, in parentheses if it binds less tightly than a level."""
        operation = expression.operation
        own = LEVELS.get(operation, ATOM)
        if operation == "number":
            found = self.number(expression.value)
            own = LEVELS["neg"] if found.startswith("-") else ATOM
        elif operation == "local":
            found = self.name(expression.value)
        elif operation == "element":
            array, index = expression.value
            found = f"{self.name(array)}[{self.index(index)}]"
        elif operation in ("neg", "not"):
            found = ("-" if operation == "neg" else "!") + self.text(expression.operands[0], ATOM)
        elif operation == "where":
            parts = [self.text(each, own + 1) for each in expression.operands]
            found = f"{parts[0]} ? {parts[1]} : {parts[2]}"
        elif operation in LEVELS:
            x, y = expression.operands
            sign = self.equality if operation == "==" else SIGNS.get(operation, operation)
            low = own if operation != "or" else LEVELS["=="]  # or compilers ask for parentheses
            found = f"{self.text(x, low)} {sign} {self.text(y, max(low, own + 1))}"
        else:
            found = self.call(operation, [self.text(each) for each in expression.operands])
        return f"({found})" if own < level else found

    def index(self, index: Index) -> str:
        """Return a place."""
        named = tuple((factor, self.name(letter)) for factor, letter in index.terms)
        return str(Index(named, index.offset))

    def lines(self, statements: Sequence[Statement], indent: str = "") -> Iterator[str]:
        """Yield statements line by line."""
        for statement in statements:
            yield from self._statement(statement, indent)

    def _statement(self, statement: Statement, indent: str) -> Iterator[str]:
        once, changing, whole = self.declared
        match statement:
            case Let(name, value, changes):
                declared = changing if changes else once
                yield f"{indent}{declared} {self.name(name)} = {self.text(value)};"
            case LetPlace(name, index):
                yield f"{indent}{whole} {self.name(name)} = {self.index(index)};"
            case LetWhole(name, value):
                yield f"{indent}{whole} {self.name(name)} = {self.truncated(self.text(value))};"
            case SetPlace(name, index):
                yield f"{indent}{self.name(name)} = {self.index(index)};"
            case Assign(target, value, add):
                sign, number = "+=" if add else "=", self.text(value)
                if self.rounds and target.operation == "element":
                    number = self.rounded(number)
                yield f"{indent}{self.text(target)} {sign} {number};"
            case Return(index):
                yield f"{indent}return {self.index(index)};"
            case Loop():
                yield from self._loop(statement, indent)
            case When():
                yield from self._when(statement, indent)

    def _loop(self, loop: Loop, indent: str) -> Iterator[str]:
        i = self.name(loop.letter)
        start, stop = self._end("max", loop.starts), self._end("min", loop.stops)
        head = f"{indent}for ({self.counted} {i} = {start}; {i} < {stop}; {i}++)"
        body = list(self.lines(loop.body, f"{indent}  "))
        if len(body) == 1 and len(head) + len(body[0].strip()) < WIDTH:
            yield f"{head} {body[0].strip()}"
            return
        yield f"{head} {{"
        yield from body
        yield f"{indent}}}"

    def _end(self, name: str, bounds: Sequence[Bound]) -> str:
        """Return where a loop begins or ends."""
        ends = [self._bound(bound) for bound in dict.fromkeys(bounds)]
        return ends[0] if len(ends) == 1 else self.extreme(name, ends)

    def _bound(self, bound: Bound) -> str:
        if bound.divisor == 1:
            return self.index(bound.index)
        return self.quotient(self.index(bound.index + (bound.divisor - 1)), bound.divisor)

    def _when(self, when: When, indent: str) -> Iterator[str]:
        level = LEVELS["and"] if when.inside else 0
        tests = [] if when.condition is None else [self.text(when.condition, level)]
        for index, size in when.inside:
            place = self.index(index)
            tests += [f"{place} >= 0", f"{place} < {size}"]
        yield f"{indent}if ({' && '.join(tests)}) {{"
        yield from self.lines(when.body, f"{indent}  ")
        if when.otherwise:
            yield f"{indent}}} else {{"
            yield from self.lines(when.otherwise, f"{indent}  ")
        yield f"{indent}}}"


LANGUAGE_WORDS = frozenset(
    word
    for line in (
        "auto break case char const continue default do double else enum extern float for goto if",
        "inline int long register restrict return short signed sizeof static struct switch",
        "typedef union unsigned void volatile while asm typeof main",
        "abstract arguments await boolean byte catch class debugger delete eval export extends",
        "false final finally function implements import in instanceof interface let native new",
        "null package private protected public super synchronized this throw throws transient",
        "true try var with yield NaN Infinity undefined Math",
        "NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL NULL EOF BUFSIZ linux unix bool",
        "FP_NAN FP_INFINITE FP_ZERO FP_SUBNORMAL FP_NORMAL MATH_ERRNO MATH_ERREXCEPT",
        "j0 j1 jn y0 y1 yn gamma index exp log sin cos tan erf erfc pow sqrt floor ceil round",
    )
    for word in line.split()
)
"""Names that C, JavaScript or their libraries have for something else."""

OWN_WORDS = frozenset(
    word
    for line in (
        "real larger smaller max_int min_int memory values parameters layers decoded polynomial",
        "L d BUCKETS GOLDEN SIGNS CHAINRULE_MAIN",
    )
    for word in line.split()
)
"""Names that programs have for something else."""


def identifier(name: str) -> str:
    """Return a name that C and JavaScript can have: W0, and block1_W0 of 1.W0."""
    *blocks, own = name.split(".")
    parts = [f"block{part}" if part.isdigit() else part for part in blocks]
    whole = "_".join([*parts, own])
    plain = re.sub(r"[^A-Za-z0-9_]", lambda found: f"u{ord(found[0]):x}", whole)
    if not plain or plain[0].isdigit() or plain[0] == "_":
        plain = f"n{plain}"
    defined = plain.endswith(("_INPUTS", "_OUTPUTS"))
    return f"{plain}_" if is_reserved(plain) or plain in OWN_WORDS or defined else plain


def is_reserved(name: str) -> bool:
    """Return whether C, JavaScript or their libraries have a name for something else."""
    return name in LANGUAGE_WORDS or keyword.iskeyword(name)


def folded(text: str, prefix: str) -> list[str]:
    """Return a sentence as lines that begin with a prefix."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )


def in_comment(text: str) -> str:
    """Return a text that ends no comment, nor its line, with no signs that are not seen."""
    seen = (f"U+{ord(x):04X}" if unicodedata.category(x) == "Cf" else x for x in text)
    plain = " ".join("".join(seen).split())
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/").replace("??", "? ?")
