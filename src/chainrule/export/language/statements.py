"""Statements of the language of loops, and the block that writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from chainrule.export.language.expressions import Condition, Expression, Index, as_expression, local
from chainrule.export.language.sharing import shared

__all__ = [
    "Assign",
    "Block",
    "Bound",
    "Let",
    "LetPlace",
    "LetWhole",
    "Loop",
    "Return",
    "SetPlace",
    "Statement",
    "When",
    "arrays_read",
    "arrays_written",
    "functions_in",
    "without_unused",
]


@dataclass(frozen=True)
class Bound:
    """The least whole number that is at least an index divided by a number: an end of a loop."""

    index: Index
    divisor: int = 1


@dataclass
class Statement:
    """Something that a program does."""


@dataclass
class Let(Statement):
    """A local number; one that is ``set`` later may change."""

    name: str
    value: Expression
    changes: bool = False


@dataclass
class LetPlace(Statement):
    """A local whole number, which may change: where something stands."""

    name: str
    value: Index


@dataclass
class SetPlace(Statement):
    """A local whole number becomes another."""

    name: str
    value: Index


@dataclass
class LetWhole(Statement):
    """A local whole number: a number that is whole, as a place."""

    name: str
    value: Expression


@dataclass
class Assign(Statement):
    """A local number, or an element of an array, becomes another; with ``add`` it is added."""

    target: Expression
    value: Expression
    add: bool = False


@dataclass
class Loop(Statement):
    """The body for each value of a letter, from the largest start to below the smallest stop."""

    letter: str
    starts: tuple[Bound, ...]
    stops: tuple[Bound, ...]
    body: list[Statement] = field(default_factory=list)


@dataclass
class When(Statement):
    """The body if a condition holds, or if indices lie in their axes; else the other one."""

    condition: Condition | None
    inside: tuple[tuple[Index, int], ...] = ()
    body: list[Statement] = field(default_factory=list)
    otherwise: list[Statement] = field(default_factory=list)


@dataclass
class Return(Statement):
    """The end of a function, which answers with a whole number."""

    value: Index


class Block:
    """Statements, written one after the other; loops and conditions are ``with`` blocks."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._taken: set[str] = set()
        self.lent: dict[str, Any] = {}

    def fresh(self, name: str) -> str:
        """Return a name that no other local of the block has."""
        found, count = name, 1
        while found in self._taken:
            count += 1
            found = f"{name}{count}"
        self._taken.add(found)
        return found

    def lend(self, name: str, array: Any) -> str:
        """Give an array of the program a name, or one like it, in the block, and return it."""
        own = self.fresh(name)
        self.lent[own] = array
        return own

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names for letters of loops, so that no local number has them."""
        self._taken.update(names)

    def let(self, name: str, value: Any, *, changes: bool = False) -> Expression:
        """Give a number a name, or one like it, and return what it stands for."""
        made = self._split(value)
        own = self.fresh(name)
        self.statements.append(Let(own, made, changes))
        return local(own)

    def place(self, name: str, value: Index | int | str) -> str:
        """Give a place a name that may change, and return it: a letter of indices."""
        own = self.fresh(name)
        self.statements.append(LetPlace(own, Index.of(value)))
        return own

    def whole(self, name: str, value: Any) -> str:
        """Give a number that is whole a name, and return it: a letter of indices."""
        made = self._split(value)
        own = self.fresh(name)
        self.statements.append(LetWhole(own, made))
        return own

    def move(self, name: str, value: Index | int | str) -> None:
        """Let the name of a place stand for another."""
        self.statements.append(SetPlace(name, Index.of(value)))

    def store(self, target: Expression, value: Any) -> None:
        """Put a number into a local name or an element."""
        self.statements.append(Assign(target, self._split(value)))

    def add(self, target: Expression, value: Any) -> None:
        """Add a number to a local name or an element."""
        self.statements.append(Assign(target, self._split(value), add=True))

    def answer(self, value: Index | int | str) -> None:
        """End the function, which answers with a whole number."""
        self.statements.append(Return(Index.of(value)))

    @contextmanager
    def loop(
        self,
        letter: str,
        stop: int,
        starts: Sequence[Bound] = (),
        stops: Sequence[Bound] = (),
    ) -> Iterator[str]:
        """Write a loop from 0 and the starts to below a stop and the stops."""
        zero, end = Bound(Index()), Bound(Index((), stop))
        made = Loop(letter, (zero, *starts), (end, *stops))
        self.statements.append(made)
        with self._inside(made.body):
            yield letter

    @contextmanager
    def span(self, letter: str, start: Index, stop: Index) -> Iterator[str]:
        """Write a loop from a place to below another."""
        made = Loop(letter, (Bound(start),), (Bound(stop),))
        self.statements.append(made)
        with self._inside(made.body):
            yield letter

    @contextmanager
    def when(
        self, condition: Any = None, inside: Sequence[tuple[Index, int]] = ()
    ) -> Iterator[When]:
        """Write what is done if a condition holds, or if indices lie in axes of some sizes."""
        made = When(condition, tuple(inside))
        self.statements.append(made)
        with self._inside(made.body):
            yield made

    @contextmanager
    def otherwise(self, made: When) -> Iterator[None]:
        """Write what is done if the condition does not hold."""
        with self._inside(made.otherwise):
            yield

    @contextmanager
    def _inside(self, body: list[Statement]) -> Iterator[None]:
        outer, self.statements = self.statements, body
        try:
            yield
        finally:
            self.statements = outer

    def _split(self, value: Any) -> Expression:
        """Return an expression, in which what stands there twice has been given a name."""
        lets, made = shared(as_expression(value), self.fresh)
        self.statements += [Let(name, part) for name, part in lets]
        return made


def every(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Yield statements, each followed by those in its body."""
    for statement in statements:
        yield statement
        if isinstance(statement, Loop | When):
            yield from every(statement.body)
        if isinstance(statement, When):
            yield from every(statement.otherwise)


def arrays_read(statements: Sequence[Statement]) -> set[str]:
    """Return the names of the arrays that statements take numbers from."""
    found = set()
    for statement in every(statements):
        values = [getattr(statement, name, None) for name in ("value", "condition")]
        if isinstance(statement, Assign) and statement.add:
            values.append(statement.target)
        for value in values:
            if isinstance(value, Expression):
                found |= {e.value[0] for e in value.walk() if e.operation == "element"}
    return found


def arrays_written(statements: Sequence[Statement]) -> set[str]:
    """Return the names of the arrays that statements put numbers into."""
    targets = [each.target for each in every(statements) if isinstance(each, Assign)]
    return {target.value[0] for target in targets if target.operation == "element"}


def functions_in(statements: Sequence[Statement]) -> set[str]:
    """Return the operations that statements use."""
    found = set()
    for statement in every(statements):
        for name in ("value", "condition"):
            value = getattr(statement, name, None)
            if isinstance(value, Expression):
                found |= {each.operation for each in value.walk()}
    return found


def without_unused(statements: list[Statement]) -> list[Statement]:
    """Return statements without local numbers that nothing uses."""
    while True:
        used = _names(statements)
        kept = _kept(statements, used)
        if len(list(every(kept))) == len(list(every(statements))):
            return kept
        statements = kept


def _names(statements: Sequence[Statement]) -> set[str]:
    found = set()
    for statement in every(statements):
        values = [getattr(statement, name, None) for name in ("value", "condition", "target")]
        for value in values:
            if isinstance(value, Expression):
                found |= {each.value for each in value.walk() if each.operation == "local"}
    return found


def _kept(statements: Sequence[Statement], used: set[str]) -> list[Statement]:
    kept = []
    for statement in statements:
        if isinstance(statement, Let) and statement.name not in used:
            continue
        if isinstance(statement, Loop):
            statement = replace(statement, body=_kept(statement.body, used))
        elif isinstance(statement, When):
            body, otherwise = (_kept(part, used) for part in (statement.body, statement.otherwise))
            statement = replace(statement, body=body, otherwise=otherwise)
        kept.append(statement)
    return kept
