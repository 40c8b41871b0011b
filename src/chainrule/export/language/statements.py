"""Statements of the language of loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from chainrule.export.language.expressions import Condition, Expression, Index

__all__ = [
    "Assign",
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
