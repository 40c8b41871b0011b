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

Of a training by shards the row is cut into as many parts as samples in memory are (`shards`), and a
window has the samples of the same W / batch size batches in each. Those of part p, 0, 1, …, in
window w come in the order ``random.permutation(their number, s, Stream.SHUFFLING, e, w · shards + p
+ 1)``. A process reads the blocks that its own parts are in, and has its own part of each window.

While one window is trained on, a thread reads the next one, that of the next epoch among them, into
the other half of the arrays: nothing is copied twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import random
from chainrule.training import augmentation
from chainrule.training.epoch_row import EpochRow
from chainrule.training.epoch_samples import Slice, in_batches
from chainrule.training.identity import Identity, described_data, digest_of
from chainrule.training.plan import Plan
from chainrule.training.ranks import OneProcess, Ranks, own_shards
from chainrule.training.sample_blocks import SampleBlocks
from chainrule.training.samples import Samples
from chainrule.training.shards import WindowShards
from chainrule.training.sparse_windows import SparseWindows
from chainrule.training.stepper import Stepper
from chainrule.types import Array

__all__ = ["WindowedSamples"]

SIGN_OF_LIFE = 1.0
"""Seconds of reading after which other processes hear that one is still at it."""

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
    shards : int, optional
        In how many parts samples and batches are cut; None cuts nothing.
    ranks : Ranks
        The processes that share the shards out.

    Attributes
    ----------
    samples : Samples
        Room for two windows of each part, one after the other: the arrays stay in place, for the
        engine knows them by their addresses. Only a process's own parts are there, but all weights.
        Sparse samples are handed to it window by window; X has the first ones.
    known : Samples
        The first ones.
    batch_size : int
        Samples in a full batch.
    shards : WindowShards or None
        How samples and batches are cut.
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
        *,
        shards: int | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.blocks, self.plan, self.check = blocks, plan, check
        self.ranks = OneProcess() if ranks is None else ranks
        self.count = int(sum(blocks.sizes))
        self.batch_size = _batch_size(plan, window_rows)
        self.window = window_rows // self.batch_size * self.batch_size
        self._cut = WindowShards(self.count, shards or 1, self.batch_size, self.window)
        self.shards = None if shards is None else self._cut
        self._own = own_shards(self.ranks.size, self.ranks.rank, self._cut.count)
        self.waited = 0.0
        self._stopping = False
        first = next(blocks.read(int(self._order_of_blocks(1)[0])))
        self.known = _copied(first, dtype)
        self.samples = _room(first, dtype, int(self._cut.in_memory[-1]))
        self.sparse: SparseWindows | None = None
        if sparse.issparse(first.X):
            if shards is not None:
                raise ValueError(
                    "train: expected sparse samples, such as texts, that fit into a window for "
                    f"shards and for several processes, got {self.count:,} samples and a window of "
                    f"{self.window:,}; a larger window_rows, or one process without shards, goes"
                )
            self.samples = replace(self.samples, X=self.known.X)
            entries = self.window * first.X.nnz * 9 // (8 * first.X.shape[0])
            self.sparse = SparseWindows(first.X.shape[1], dtype, self.window, entries)
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

    @property
    def facts(self) -> dict[str, Any]:
        """What processes compare of the samples that they read, beside the known ones."""
        return {
            "samples in blocks": self.count,
            "a number of blocks": len(self.blocks.sizes),
            "sizes of blocks, bytes": digest_of(tuple(self.blocks.sizes)),
            "a window of": self.window,
        }

    def slices(self, epoch: int, stepper: Stepper, done: int = 0) -> Iterator[Slice]:
        """Yield the rows of some batches and the batches' size, as ``EpochSamples.slices`` does."""
        if epoch != self._epoch:
            self._begin(epoch)
        self._epoch += 1
        for window in range(self._windows_of_epoch):
            places = self._next()
            batches = -(-sum(place.stop - place.start for place in places) // self.batch_size)
            if done >= batches:  # of a training that goes on: those steps are taken
                done -= batches
                continue
            self._share_weights(places)
            for part in self._own:
                rows = places[part]
                stepper.renew(rows, None if self.sparse is None else self.sparse.window(rows))
            order = self._order(epoch, window, places)
            for each in in_batches(order, self.batch_size, stepper.at_once, done):
                stepper.leave_room(not self._ahead.done())
                yield each
            done = 0

    def close(self) -> None:
        """End the thread that reads; windows of sparse samples go, others stay."""
        self._stopping = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.sparse = None

    # The order.

    def _order_of_blocks(self, epoch: int) -> Array:
        count = len(self.blocks.sizes)
        if not self.plan.shuffle:
            return np.arange(count)
        return random.permutation(count, self.plan.seed, random.Stream.BLOCKS, epoch)

    @property
    def _windows_of_epoch(self) -> int:
        return -(-self.count // self.window)

    def _order(self, epoch: int, window: int, places: list[slice]) -> Array:
        """Return where the samples of a window stand, batch by batch."""
        drawn = [self._drawn(epoch, window, part, place) for part, place in enumerate(places)]
        starts = [place.start for place in places]
        return self._cut.in_batches([start + own for start, own in zip(starts, drawn, strict=True)])

    def _drawn(self, epoch: int, window: int, part: int, place: slice) -> Array:
        """Return the order of the samples of a part of a window."""
        count = place.stop - place.start
        if not self.plan.shuffle:
            return np.arange(count)
        number = window if self.shards is None else window * self._cut.count + part + 1
        return random.permutation(count, self.plan.seed, random.Stream.SHUFFLING, epoch, number)

    # Reading, by a thread of its own.

    def _begin(self, epoch: int) -> None:
        """Let the windows of an epoch be read, from the first one on."""
        self._stopping = True
        if hasattr(self, "_ahead"):
            self._ahead.exception()  # wait until the thread has nothing to do
        self._stopping = False
        self._epoch = epoch
        self._windows = self._filled(epoch)
        self._ahead: Future[list[slice] | None] = self._pool.submit(next, self._windows, None)

    def _next(self) -> list[slice]:
        """Return where each part of the next window stands, once all processes have theirs.

        The window after it is begun.
        """
        begin = perf_counter()
        while not all(self.ranks.gather(self._is_there())):
            pass
        places = self._ahead.result()
        assert places is not None, "more windows were asked for than the plan has epochs"
        self.waited += perf_counter() - begin
        self._ahead = self._pool.submit(next, self._windows, None)
        return places

    def _is_there(self) -> bool:
        """Wait for the next window, but not for long: whoever is silent is given up."""
        return bool(wait([self._ahead], timeout=SIGN_OF_LIFE).done)

    def _share_weights(self, places: list[slice]) -> None:
        """Let each process have what all samples of a window weigh, which is what batches do."""
        weights = self.samples.weights
        if weights is None or self.ranks.size == 1:
            return
        all_own = self.ranks.gather([weights[places[part]] for part in self._own])
        parts = (part for own in all_own for part in own)
        for place, part in zip(places, parts, strict=True):
            weights[place] = part

    def _filled(self, first: int) -> Iterator[list[slice]]:
        """Fill the halves of the arrays in turn; yield where each part of a window stands."""
        half = 0
        for epoch in range(first, self.plan.epochs + 1):
            rows = self._rows(epoch)
            for window in range(self._windows_of_epoch):
                places = self._cut.places(window, half)
                for part, row in zip(self._own, rows, strict=True):
                    row.put(self.samples, places[part], self.sparse)
                    self._change(places[part], epoch, window, part)
                yield places
                half = 1 - half

    def _rows(self, epoch: int) -> list[EpochRow]:
        """Return the row of an epoch's samples, of each of the own parts."""
        order, bounds = self._order_of_blocks(epoch).tolist(), self._cut.bounds.tolist()
        return [
            EpochRow(
                self.blocks,
                order,
                bounds[part],
                bounds[part + 1],
                check=self.check,
                ended=self._has_ended,
            )
            for part in self._own
        ]

    def _has_ended(self) -> bool:
        return self._stopping

    def _change(self, rows: slice, epoch: int, window: int, part: int) -> None:
        """Let the samples of a part of a window go through the plan's changes, in their place."""
        if self.plan.augmentation:
            X = self.samples.X[rows]
            blocks = -(-int(max(self._cut.room)) // augmentation.BLOCK)
            augmentation.augment(
                self.plan.augmentation, X, X, seed=self.plan.seed, epoch=epoch,
                first=(window * self._cut.count + part) * blocks,
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
