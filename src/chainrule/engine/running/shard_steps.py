"""Steps along the gradient of a batch that is cut into shards, summed in a fixed tree.

Whoever makes the gradients of which shards, their sum has the same bits, and so have the
parameters that move along it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from chainrule.engine.kernels import epilogues
from chainrule.engine.kernels.dropout import DRAWN
from chainrule.engine.kernels.rows import ADVANCE, TOTAL
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.planning.kept_gradient import Places
from chainrule.engine.planning.kinds.sparse import SparseDense, TokenGradient
from chainrule.engine.planning.plan import Planner
from chainrule.engine.planning.sample_rows import SparseRows
from chainrule.engine.planning.shard_gradients import PIECE, can_be_summed, levels_of
from chainrule.engine.running.adding import Adder
from chainrule.engine.running.runner import Runner
from chainrule.engine.running.steps import Steps
from chainrule.engine.running.token_rows import TokenRows, sum_over_shards
from chainrule.types import Array

_ORDER, _SCALARS_NOW = map(ADVANCE.index, ("order", "scalars_now"))
_RESULT, _PENALTY = map(TOTAL.index, ("result", "penalty"))

Piece = tuple[int, int]
"""Vectors of all gradients, from the first number to before the second one."""


@dataclass(frozen=True)
class ShardRows:
    """Some shards of a batch, a power of two, side by side.

    ``order`` (rows,) are their samples, ``sizes`` how many of them each shard has, ``weights``
    (members, rows) what each counts in the mean over the batch, ``before`` the samples of the batch
    that come before these.
    """

    order: Array
    sizes: tuple[int, ...]
    weights: Array
    before: int


@dataclass
class _Program:
    """``pieces`` and ``by_tokens`` make gradients of shards after one pass, if there are any."""

    planner: Planner
    forward: Runner
    update: Runner
    pieces: list[Runner]
    by_tokens: list[Runner]


class ShardSteps(Steps):
    """Gradients of shards, and updates along their sum.

    Parameters
    ----------
    chain, loss, optimizer, X, t
        As :class:`Steps` has them.
    shards : int
        How many shards are summed here at most.
    piece : int
        Bytes of gradients that are made at once, about.
    **options
        The others of :class:`Steps`; weights of samples come with each batch.

    Attributes
    ----------
    loss : float
        That of the shards of the last gradient: their part of the batch's mean, without penalty.
    penalty : float
        The penalty of the batch.
    rows : TokenRows or None
        Of sparse samples, those of the last gradient by the first matrix. It is no piece.
    """

    def __init__(
        self,
        chain: Any,
        loss: Any,
        optimizer: Any,
        X: Any,
        t: Any,
        shards: int,
        *,
        piece: int = PIECE,
        **options: Any,
    ) -> None:
        super().__init__(chain, loss, optimizer, X, t, keeps_gradient=True, **options)
        self.piece = piece
        self.places: Places | None = None
        self.before_gradients: Callable[[], None] = _do_nothing
        self.at_once = can_be_summed(self.network, self.weights)
        self.rows: TokenRows | None = None
        self._matrix = self._matrix_of_tokens()
        dense = self.weights.gradients if self._matrix is None else self._dense
        shape = levels_of(shards), *dense.shape
        self.levels = aligned(shape, self.weights.dtype)
        self.adder = Adder(self.library)
        self._read_scalars = self.library.get(epilogues.update, optimizer).scalars
        self.loss, self.penalty, self.l2 = 0.0, 0.0, self.weights.l2
        self._shard_programs: dict[tuple[int, ...], _Program] = {}
        self._last: _Program | None = None
        self._now = self._ahead = np.zeros((1, 0))
        self._from = 0
        self._results = np.zeros(2, self.weights.dtype)

    @property
    def gradients(self) -> Array:
        """Gradients (vectors, lanes), side by side: all that are not by tokens."""
        return self.weights.gradients if self._matrix is None else self._dense

    @property
    def can_lie_apart(self) -> bool:
        """Whether gradients may lie where others read them, and move parameters from there."""
        return self._matrix is None and self.weights.clip is None

    def keep_gradients_in(self, room: Array, places: Places, before: Callable[[], None]) -> None:
        """Make gradients in memory that is given, and move along the sum of those in some places.

        What is done ``before`` may wait until others have read what lies there.
        """
        self.weights.keep_gradients_in(room)
        self.places, self.before_gradients = places, before
        self._shard_programs.clear()

    def _matrix_of_tokens(self) -> Array | None:
        """Return the gradient (tokens, numbers) of sparse samples by the first matrix."""
        part, entries = self.network.parts[0], self.network.entries
        if entries is None or self.network.joint:
            return None
        if part.kind.variant(part, entries) is not SparseDense:
            return None
        gradient = self.weights.parameters[part.names[part.kind.matrix]].gradient
        assert gradient is not None
        whole = self.weights.gradients
        start = (gradient.address - address(whole)) // VECTOR
        self._dense = whole[:start]  # those of the first function lie last
        return whole[start:].reshape(gradient.rows, -1)

    def _rows_of(self, shard: ShardRows) -> TokenRows:
        """Return the rows of the tokens of a shard whose gradient is there."""
        assert self._matrix is not None
        samples, X = shard.order.tolist(), self.X
        assert isinstance(X, SparseRows)
        own = [X.tokens[X.starts[sample] : X.starts[sample + 1]] for sample in samples]
        tokens = np.unique(np.concatenate([np.zeros(0, np.int64), *own]))
        return TokenRows(tokens, self._matrix[tokens])

    def plan_steps(self, rates: Array, changes: Mapping[str, Array]) -> None:
        """Take note of the learning rates of the next steps, and of what else changes."""
        self._ahead = self._scalars.of(self._read_scalars, rates, self.done, changes)
        self._from = self.done

    def set_step(self, weight: float) -> None:
        """Begin a step on a batch that weighs so much."""
        first = self.done - self._from
        self._now = self._ahead[first : first + 1]
        self.l2 = self.weights.penalty(weight)

    def gradient_pieces(self, shards: ShardRows) -> Iterator[Piece]:
        """Make the sum of the gradients of shards; yield the pieces that are ready, in order."""
        if self.at_once and all(shards.sizes):
            program = self._of(shards.sizes)
            self._bind(program, shards)
            self._go_forward(program)
            self.loss = self._loss(program, shards)
            self.before_gradients()
            gradients = program.planner.shard_gradients
            assert gradients is not None
            for piece, runner in zip(gradients.pieces, program.pieces, strict=True):
                runner.run(1)
                yield piece.start, piece.stop
            if gradients.sparse is not None:
                self.rows = self._by_tokens(program.by_tokens, gradients.sparse.gradient)
        else:
            self.before_gradients()
            self.loss = self._one_by_one(shards)
            vectors, at_once = len(self.gradients), self.piece // VECTOR
            for start in range(0, vectors, at_once):
                yield start, min(start + at_once, vectors)

    def _by_tokens(self, shards: list[Runner], gradient: TokenGradient) -> TokenRows:
        """Return the sum over shards of the rows that their tokens name."""
        assert self._matrix is not None
        tokens, rows = [], []
        for runner in shards:
            runner.run(1)
            tokens.append(gradient.named())
            rows.append(self._matrix[tokens[-1]])
        return sum_over_shards(tokens, rows, self.adder.add)

    def _one_by_one(self, shards: ShardRows) -> float:
        """Make the gradient of each shard in turn; return the loss."""
        losses: list[float] = []
        waiting: dict[int, TokenRows] = {}
        start = 0
        if not any(shards.sizes):  # for the penalty, and for what moves the parameters
            self._alone(ShardRows(np.zeros(1, np.int64), (1,), shards.weights[:, :0], 0))
        for number, size in enumerate(shards.sizes):
            stop = start + size
            own = ShardRows(
                shards.order[start:stop],
                (size,),
                shards.weights[:, start:stop],
                shards.before + start,
            )
            losses.append(self._alone(own) if size else 0.0)
            start = stop
            if not size:
                self.gradients[...] = 0
            self.rows = None if self._matrix is None else self._rows_of(own)
            level = 0
            while number >> level & 1:
                self.adder.add(self.gradients, self.levels[level])
                if self.rows is not None:
                    self.rows = self.rows.plus(waiting[level], self.adder.add)
                level += 1
            if number + 1 < len(shards.sizes):
                self.levels[level][...] = self.gradients
                if self.rows is not None:
                    waiting[level] = self.rows
        return tree_sum(losses)

    def _alone(self, shard: ShardRows) -> float:
        program = self._of(shard.sizes)
        self._bind(program, shard)
        self._go_forward(program)
        for runner in (*program.pieces, *program.by_tokens):
            runner.run(1)
        return self._loss(program, shard) if shard.weights.size else 0.0

    def _go_forward(self, program: _Program) -> None:
        program.forward.run(1)
        self.penalty = float(self._results[1])

    def move(self, rows: TokenRows | None = None) -> None:
        """Move along the gradient in memory, penalty included, clipped if that was asked for.

        ``rows`` are those by tokens, of sparse samples.
        """
        assert self._last is not None
        if rows is not None and self._matrix is not None:
            self._matrix[rows.tokens] = rows.rows
        for batch in self._last.planner.context.batches:
            batch.scalars[:] = self._now[0]
            batch.l2[1] = self.l2
        self._last.update.run(1)
        if rows is not None and self._matrix is not None:
            self._matrix[rows.tokens] = 0  # as all others are
        self.done += 1

    def _bind(self, program: _Program, shards: ShardRows) -> None:
        """Let a program read these samples, at this step."""
        planner, order = program.planner, np.ascontiguousarray(shards.order, dtype=np.int64)
        samples, scalars = address(order), address(self._now)
        for arguments, batch in zip(planner.advances, planner.context.batches, strict=True):
            arguments[_ORDER], arguments[_SCALARS_NOW] = samples, scalars
            batch.normalized_weights[:] = shards.weights.reshape(-1) if shards.weights.size else 0
            batch.l2[1] = self.l2
        self._results[:] = np.nan
        place = address(self._results)
        planner.total[_RESULT] = place
        planner.total[_PENALTY] = place + self._results.itemsize
        for arguments in planner.context.draws:
            arguments[DRAWN.index("step")] = self.done
            arguments[DRAWN.index("row")] = shards.before
        self._order, self._last = order, program

    def _loss(self, program: _Program, shards: ShardRows) -> float:
        """Return the loss of shards that have gone forward."""
        members = len(shards.weights)
        losses = program.planner.sample_losses.reshape(members, -1).astype(float) * shards.weights
        each, start = [], 0
        for size in shards.sizes:
            each.append(_exact_sum(losses[:, start : start + size]))
            start += size
        return tree_sum(each)

    def _of(self, sizes: tuple[int, ...]) -> _Program:
        """Return the program of shards of these sizes."""
        if sizes not in self._shard_programs:
            planner = Planner(
                self.network,
                self.weights,
                sum(sizes),
                self.threads,
                labels=self.labels,
                library=self.library,
                seed=self.seed,
                cut=True,
                shards=sizes if self.at_once else (),
                levels=self.levels,
                piece=self.piece,
                places=self.places,
                touched=self._matrix is not None,
            )
            runner = Runner(planner.code.finished())
            self._connect(planner, runner)
            update, made = Runner(planner.update.finished()), planner.shard_gradients
            codes = [piece.code for piece in made.pieces] if made else []
            parts = [
                [Runner(code.finished()) for code in some]
                for some in (codes, made.by_tokens if made else [])
            ]
            self._shard_programs[sizes] = _Program(planner, runner, update, *parts)
        return self._shard_programs[sizes]

    def first_not_finite(self, rows: int) -> int | None:
        """Return the place in the chain of the first output that was not finite, of the last."""
        for place, values in self._last.planner.values() if self._last else ():
            if not np.isfinite(values).all():
                return place
        return None


def _do_nothing() -> None:
    pass


def tree_sum(numbers: list[float]) -> float:
    """Return the sum of a power of two of numbers: of pairs, of pairs of these, and so on."""
    while len(numbers) > 1:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        numbers = [left + right for left, right in pairs]
    return numbers[0]


def _exact_sum(numbers: Array) -> float:
    """Return a sum that is rounded once, so that no processor's order matters; NaN of NaN."""
    try:
        return fsum(numbers.ravel().tolist())
    except (OverflowError, ValueError):  # ∞ and −∞, or a sum beyond the largest number
        return float("nan")
