"""How statements of the language of loops are written, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule.export.language.expressions import Expression, Index, as_expression, local
from chainrule.export.language.sharing import shared
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

__all__ = ["Block"]


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
