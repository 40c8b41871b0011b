"""A step whose gradient is written to memory before the parameters move along it.

So its length can be limited, or gradients of others be added to it. Products put it beside the
parameters; pieces of it are penalized, squared and summed, and pieces of the parameters move along
the gradient times min(1, limit/length). Pieces do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from chainrule.engine.kernels import epilogues, rows
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.weights import StoredParameter
from chainrule.types import Array

PIECE = 4096
"""Vectors in a piece."""

SUMMED = 256
"""Vectors of a gradient that is summed here, at once: what the first cache holds."""

Places = int | tuple["Places", "Places"]
"""Where a gradient is, its address; or two places whose gradients are added."""


@dataclass(frozen=True)
class Keep:
    """The rule of gradients that are kept beside the parameters, which stay."""

    slots: ClassVar[tuple[str, ...]] = ("gradient",)

    learning_rate: float = 1.0

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: Any, step: Any) -> Any:
        """Return w and (g,)."""
        return w, (g,)


@dataclass(frozen=True)
class Piece:
    """A part of a parameter, from a number of bytes on.

    ``penalty_due``: a penalty applies that is not in the gradient yet.
    """

    parameter: StoredParameter
    start: int
    vectors: int
    penalty_due: bool

    @property
    def arguments(self) -> dict[str, int]:
        """How many vectors there are, and where."""
        return {"count": self.vectors, **self.parameter.places(self.start)}


class KeptGradient:
    """Plans updates along a gradient in memory, clipped if the weights say so.

    Parameters
    ----------
    context : PlanContext
        Of the program that moves parameters.
    places : Places, optional
        Where else gradients lie as the weights' own does, along whose sum parameters move; it is
        not clipped.
    """

    def __init__(self, context: PlanContext, places: Places | None = None) -> None:
        self.context, self.code, self.library = context, context.code, context.library
        weights, self.places = context.weights, places
        self.pieces = list(self._pieces(PIECE if places is None else SUMMED))
        self.sums = self.code.keep(aligned((len(self.pieces),), weights.dtype))
        self.limit = self.code.keep(np.array([weights.clip or 0.0], dtype=weights.dtype))
        self.scales = self.code.keep(aligned((self.code.threads, context.lanes), weights.dtype))

    def _pieces(self, most: int) -> Iterator[Piece]:
        for parameter in self.context.weights.ordered:
            penalized = parameter.by_itself or not self.context.penalizes
            for first in range(0, parameter.vectors, most):
                vectors = min(most, parameter.vectors - first)
                due = parameter.penalized and penalized
                yield Piece(parameter, first * VECTOR, vectors, due)

    def plan(self) -> None:
        """Add the update, for all threads; before it there is a barrier."""
        threads, clip = range(self.code.threads), self.context.weights.clip is not None
        if clip:
            for thread in threads:
                self._measure(thread)
            self.code.barrier()
        for thread in threads:
            self._move(thread, clip=clip)
        self.code.barrier()
        for thread in threads:
            for parameter in self.context.weights.ordered:
                count, unit = parameter.values.count, self.context.panels_at_once
                panels = partition(count, self.code.threads, thread, unit)
                self.context.transpose(thread, parameter, (0, parameter.values.rows), panels)

    def _own(self, thread: int) -> Iterator[tuple[int, Piece]]:
        for number in range(*partition(len(self.pieces), self.code.threads, thread)):
            yield number, self.pieces[number]

    def _measure(self, thread: int) -> None:
        """Add the squares of a thread's pieces of the gradient, penalty included."""
        l2 = self.context.batches[thread].l2
        for number, piece in self._own(thread):
            where = piece.arguments
            gradient = where["gradient"]
            if self.context.weights.l2 and piece.penalty_due:
                self.code.add(
                    thread,
                    self.library.get(epilogues.update_all, Keep()),
                    count=piece.vectors,
                    w=where["w"],
                    gradient=gradient,
                    state0=gradient,
                    l2=address(l2[1:]),
                )
            self.code.add(
                thread,
                self.library.get(rows.squares),
                rows=piece.vectors,
                vectors=1,
                w=gradient,
                row_stride=VECTOR,
                sums=address(self.sums[number:]),
            )

    def _move(self, thread: int, *, clip: bool) -> None:
        """Add the moves of a thread's pieces; what is clipped has its penalty already."""
        batch, given = self.context.batches[thread], {}
        if clip:
            given["scale"] = address(self.scales[thread])
            self.code.add(
                thread,
                self.library.get(rows.clip),
                count=len(self.sums),
                sums=address(self.sums),
                limit=address(self.limit),
                scale=given["scale"],
            )
        update = self.library.get(epilogues.update_all, self.context.weights.optimizer, scaled=clip)
        for _, piece in self._own(thread):
            due = piece.penalty_due and not clip
            given["l2"] = address(batch.l2[int(due) :])
            given["scalars"] = self.context.scalars(thread, piece.parameter.factors)
            where = piece.arguments
            if self.places is not None:
                where["gradient"] = self._sum(thread, piece, self.places, self._rooms[thread])
            self.code.add(thread, update, **where, **given)

    @cached_property
    def _rooms(self) -> list[Array]:
        """For each thread, room for sums that wait for others."""
        shape = _depth(self.places), SUMMED, self.context.lanes
        dtype = self.context.weights.dtype
        return [self.code.keep(aligned(shape, dtype)) for _ in range(self.code.threads)]

    def _sum(self, thread: int, piece: Piece, places: Places, rooms: Array) -> int:
        """Add the sum of a piece over places; return where it is."""
        if isinstance(places, int):
            start = piece.arguments["gradient"] - address(self.context.weights.gradients)
            return places + start
        x, y = (self._sum(thread, piece, each, rooms[k:]) for k, each in enumerate(places))
        kernel, target = self.library.get(epilogues.plus), address(rooms)
        self.code.add(thread, kernel, count=piece.vectors, x=x, y=y, target=target)
        return target


def _depth(places: Places | None) -> int:
    return 1 + max(map(_depth, places)) if isinstance(places, tuple) else 0
