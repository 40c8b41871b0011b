"""A program as steps over named arrays, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

from chainrule.export.language.blocks import Block
from chainrule.export.language.statements import (
    Statement,
    arrays_read,
    arrays_written,
    without_unused,
)
from chainrule.types import Array as Numbers, Shape

__all__ = ["Array", "Program", "Step"]


@dataclass(frozen=True, eq=False)
class Array:
    """An array of a program: a parameter, with its numbers, or one that steps write.

    Parameters
    ----------
    name : str
        Such as W0, Y1 or dW0.
    shape : tuple of int
        Of its numbers, which lie one after the other.
    numbers : ndarray, optional
        Those of a parameter.
    wide : bool, default=False
        Whether it has doubles whatever the type of the program is.
    """

    name: str
    shape: Shape
    numbers: Numbers | None = field(default=None, repr=False)
    wide: bool = False

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass
class Step:
    """What one function computes: loops over arrays that it knows by names of its own.

    Parameters
    ----------
    title : str
        The function, and its place.
    formulas : tuple of str
        What it computes, as people write it.
    arrays : dict of str to Array
        The arrays by the names in the loops: X, Y, W.
    body : list of Statement
        The loops.
    same_places : bool
        Whether each number of Y depends on the number of X at its place alone, so that Y may take
        the place of X in memory.
    wide : bool
        Whether it computes in double whatever the type of the program is.
    single : bool
        Whether what it stores is rounded to float whatever that type is, as the library's inputs
        are.
    """

    title: str
    formulas: tuple[str, ...]
    arrays: dict[str, Array]
    body: list[Statement]
    same_places: bool = False
    wide: bool = False
    single: bool = False

    @property
    def reads(self) -> list[Array]:
        """The arrays that it takes numbers from."""
        names = arrays_read(self.body)
        return [array for name, array in self.arrays.items() if name in names]

    @property
    def writes(self) -> list[Array]:
        """The arrays that it puts numbers into."""
        names = arrays_written(self.body)
        return [array for name, array in self.arrays.items() if name in names]


class Program:
    """Steps, and the arrays that they share.

    Parameters
    ----------
    parameters : mapping of str to ndarray
        The parameters of a network by their names in its buffer.

    Attributes
    ----------
    passed : dict of str to (Array, Array or None)
        The gradients that backprop of a layer took and made, by the layer's suffix.
    """

    def __init__(self, parameters: Mapping[str, Numbers]) -> None:
        self.steps: list[Step] = []
        self.parameters = {
            name: Array(name, array.shape, array) for name, array in parameters.items()
        }
        self.gradients: dict[str, Array] = {}
        self.passed: dict[str, tuple[Array, Array | None]] = {}

    def gradient(self, name: str) -> Array:
        """Return the array of the gradient by a parameter."""
        if name not in self.gradients:
            *before, own = name.split(".")
            full = ".".join([*before, f"d{own}"])
            self.gradients[name] = Array(full, self.parameters[name].shape)
        return self.gradients[name]

    @contextmanager
    def step(
        self,
        title: str,
        formulas: Iterable[str],
        arrays: Mapping[str, Array],
        *,
        same_places: bool = False,
        wide: bool = False,
        single: bool = False,
    ) -> Iterator[Block]:
        """Write a step; arrays that its loops do not name are left out of it."""
        b = Block()
        for name in arrays:
            b.fresh(name)
        yield b
        body, arrays = without_unused(b.statements), {**arrays, **b.lent}
        used = arrays_read(body) | arrays_written(body)
        own = {name: array for name, array in arrays.items() if name in used}
        if body:
            own_step = Step(title, tuple(formulas), own, body, same_places, wide, single)
            self.steps.append(own_step)
