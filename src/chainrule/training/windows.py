"""Samples of a training that are on a disk: read window by window, while it goes on.

The order of samples is stated, and depends on nothing but seed, epoch, the blocks' sizes and the
window's. In epoch e, 1, 2, …, of a training with the seed s

1. blocks come in the order ``random.permutation(blocks, s, Stream.BLOCKS, e)``, and the samples of
   each as they stand in it: that is one row of all samples, from block to block;
2. the row is cut into windows of W samples, of which the last may have fewer;
3. the samples of window w, 0, 1, …, are taken in the order
   ``random.permutation(their number, s, Stream.SHUFFLING, e, w)``, and cut into batches.

W is a multiple of the batch's size, so that no batch crosses a window's end, and the last batch of
an epoch alone may be smaller, as it may be in memory. Without shuffling both orders are 0, 1, 2, …

While one window is trained on, a thread reads the next one, that of the next epoch among them, into
the other half of the arrays: nothing is copied twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import random
from chainrule.training import augmentation
from chainrule.training.epoch_samples import Slice, in_batches
from chainrule.training.identity import Identity, described_data
from chainrule.training.plan import Plan
from chainrule.training.sample_blocks import SampleBlocks
from chainrule.training.samples import Samples
from chainrule.training.sparse_windows import SparseWindows
from chainrule.training.stepper import Stepper
from chainrule.types import Array

__all__ = ["WindowedSamples"]

KNOWN = 4096
"""The first samples, of which a copy is kept: what shows how large losses are at the start."""


class WindowedSamples:
    """Samples on a disk with their augmentation, their order and the size of batches.

    It stands in for :class:`~chainrule.training.epoch_samples.EpochSamples`.

    Parameters
    ----------
    blocks : SampleBlocks
        What is trained on, more samples than a window has.
    plan : Plan
        Its batch size, epochs, shuffling, augmentation and seed count here.
    dtype : dtype
        The float type of the chain.
    window_rows : int
        The most samples of a window.
    check : callable
        Raises ValueError for samples that cannot be trained on; called with all that is read,
        before it is trained on.

    Attributes
    ----------
    samples : Samples
        Two windows, one after the other: their arrays stay in place, for the engine knows them by
        their addresses. Sparse samples are handed to it window by window; X has the first ones.
    known : Samples
        The first ones.
    batch_size : int
        Samples in a full batch.
    waited : float
        Seconds in which training waited for the disk.
    """

    def __init__(
        self,
        blocks: SampleBlocks,
        plan: Plan,
        dtype: np.dtype[Any],
        window_rows: int,
        check: Callable[[Samples], None],
    ) -> None:
        self.blocks, self.plan, self.check = blocks, plan, check
        self.count = int(sum(blocks.sizes))
        self.batch_size = _batch_size(plan, window_rows)
        self.window = window_rows // self.batch_size * self.batch_size
        self.waited = 0.0
        self._stopping = False
        first = next(blocks.read(int(self._order_of_blocks(1)[0])))
        self.known = _copied(first, dtype)
        self.samples = _room(first, dtype, 2 * self.window)
        self.sparse: SparseWindows | None = None
        if sparse.issparse(first.X):
            self.samples = replace(self.samples, X=self.known.X)
            self.sparse = SparseWindows(first.X.shape[1], dtype, self.window)
        if plan.augmentation:
            augmentation.allocate(first.X[:0], plan.augmentation, dtype)  # which says what is wrong
        self._pool = ThreadPoolExecutor(1, "chainrule-reader")
        self._begin(1)

    def __len__(self) -> int:
        return self.count

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has; the last one may be short."""
        return -(-self.count // self.batch_size)

    def augment(self, epoch: int) -> None:
        """Do nothing: samples are changed as they are read."""

    @property
    def identity(self) -> Identity:
        """What is trained on: all samples, the sizes of blocks, and of a window."""
        sizes = described_data(np.array(self.blocks.sizes))
        own = self.blocks.identity()
        return {"sizes of blocks": sizes, "rows of a window": str(self.window), **own}

    def slices(self, epoch: int, stepper: Stepper, done: int = 0) -> Iterator[Slice]:
        """Yield the rows of some batches and the batches' size, as ``EpochSamples.slices`` does."""
        if epoch != self._epoch:
            self._begin(epoch)
        self._epoch += 1
        for window in range(-(-self.count // self.window)):
            rows = self._next()
            batches = -(-(rows.stop - rows.start) // self.batch_size)
            if done >= batches:  # of a training that goes on: those steps are taken
                done -= batches
                continue
            stepper.renew(rows, None if self.sparse is None else self.sparse.window(rows))
            order = rows.start + self._order(epoch, window, rows.stop - rows.start)
            for each in in_batches(order, self.batch_size, stepper.at_once, done):
                stepper.leave_room(not self._ahead.done())
                yield each
            done = 0

    def close(self) -> None:
        """End the thread that reads; the windows stay."""
        self._stopping = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    # The order.

    def _order_of_blocks(self, epoch: int) -> Array:
        count = len(self.blocks.sizes)
        if not self.plan.shuffle:
            return np.arange(count)
        return random.permutation(count, self.plan.seed, random.Stream.BLOCKS, epoch)

    def _order(self, epoch: int, window: int, count: int) -> Array:
        if not self.plan.shuffle:
            return np.arange(count)
        return random.permutation(count, self.plan.seed, random.Stream.SHUFFLING, epoch, window)

    # Reading, by a thread of its own.

    def _begin(self, epoch: int) -> None:
        """Let the windows of an epoch be read, from the first one on."""
        self._stopping = True
        if hasattr(self, "_ahead"):
            self._ahead.exception()  # wait until the thread has nothing to do
        self._stopping = False
        self._epoch = epoch
        self._windows = self._filled(epoch)
        self._ahead: Future[slice | None] = self._pool.submit(next, self._windows, None)

    def _next(self) -> slice:
        """Return where the next window stands, once it is there; the one after it is begun."""
        begin = perf_counter()
        rows = self._ahead.result()
        assert rows is not None, "more windows were asked for than the plan has epochs"
        self.waited += perf_counter() - begin
        self._ahead = self._pool.submit(next, self._windows, None)
        return rows

    def _filled(self, first: int) -> Iterator[slice]:
        """Fill the halves of the arrays in turn; yield where each window stands."""
        half = 0
        for epoch in range(first, self.plan.epochs + 1):
            pieces = self._pieces(epoch)
            rest = None
            for window, start in enumerate(range(0, self.count, self.window)):
                first_row = half * self.window
                rows = slice(first_row, first_row + min(self.window, self.count - start))
                rest = self._fill(rows, rest, pieces)
                self._change(rows, epoch, window)
                yield rows
                half = 1 - half

    def _fill(self, rows: slice, rest: Samples | None, pieces: Iterator[Samples]) -> Samples | None:
        """Put the rest of a piece, and pieces, into rows; return what is left of the last one."""
        at = rows.start
        while at < rows.stop:
            piece = next(pieces) if rest is None else rest
            count = min(len(piece), rows.stop - at)
            place = slice(at, at + count)
            with np.errstate(over="ignore"):  # float64 in float32: checked before
                if self.sparse is None:
                    self.samples.X[place] = piece.X[:count]
                else:
                    self.sparse.put(place, piece.X[:count])
            self.samples.t[place] = piece.t[:count]
            if self.samples.weights is not None and piece.weights is not None:
                self.samples.weights[place] = piece.weights[:count]
            rest = piece.at(slice(count, None)) if count < len(piece) else None
            at += count
        return rest

    def _pieces(self, epoch: int) -> Iterator[Samples]:
        """Yield an epoch's samples in the order of its blocks, checked."""
        for block in self._order_of_blocks(epoch).tolist():
            at, size = 0, self.blocks.sizes[block]
            for piece in self.blocks.read(block):
                if self._stopping:
                    raise InterruptedError("the training has ended")
                try:
                    self.check(piece)
                except ValueError as error:
                    where = self.blocks.place(block, at)
                    raise ValueError(f"{error}; sample 0 is {where}") from None
                at += len(piece)
                yield piece
            if at != size:
                raise ValueError(
                    f"train: expected {size} samples in block {block}, as there were before, got "
                    f"{at}: its file has changed"
                )

    def _change(self, rows: slice, epoch: int, window: int) -> None:
        """Let the samples of a window go through the plan's random changes, in their place."""
        if self.plan.augmentation:
            X = self.samples.X[rows]
            blocks = -(-self.window // augmentation.BLOCK)
            augmentation.augment(
                self.plan.augmentation, X, X, seed=self.plan.seed, epoch=epoch,
                first=window * blocks,
            )  # fmt: skip


def _batch_size(plan: Plan, window_rows: int) -> int:
    """Return the size of batches; ValueError if a window has none, or rows cannot be shuffled."""
    if callable(plan.shuffle):
        raise ValueError(
            "train: expected shuffle True or False for samples that are read in blocks, got "
            f"{plan.shuffle!r}"
        )
    if plan.batch_size is None or plan.batch_size > window_rows:
        received = "all samples" if plan.batch_size is None else f"{plan.batch_size:,}"
        raise ValueError(
            f"train: expected a batch_size of at most a window's rows, {window_rows:,}, got "
            f"{received}; a larger window_rows holds more"
        )
    return int(plan.batch_size)


def _room(like: Samples, dtype: np.dtype[Any], count: int) -> Samples:
    """Return arrays for so many samples; pages that nobody has written to take no memory."""
    kind = dtype if like.t.dtype.kind in "fb" else like.t.dtype
    t = np.empty((count, *like.t.shape[1:]), kind)
    t[...] = like.t[0]  # valid targets, before there are any
    weights = None if like.weights is None else np.ones((count, *like.weights.shape[1:]))
    X = None if sparse.issparse(like.X) else np.empty((count, *like.X.shape[1:]), dtype)
    return Samples(X, t, weights)


def _copied(samples: Samples, dtype: np.dtype[Any]) -> Samples:
    """Return a copy of the first samples, as training sees them."""
    few = samples.at(slice(0, KNOWN))
    room = _room(few, dtype, len(few))
    with np.errstate(over="ignore"):
        room.t[...] = few.t
        X = few.X.astype(dtype)
    return Samples(X, room.t, None if few.weights is None else few.weights.copy())
