"""From a network to a program: the order of things, who does how much, and who waits for whom.

Images are cut by tiles of samples, Linear layers by panels of outputs, the last layer and the loss
by samples, and so are sparse samples and softmax. A barrier stands wherever a thread reads what
another one wrote.

Whatever the cut, an output is one chain of fused multiply-adds in the order of k, so the bits do
not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.network.lowering import Network
from chainrule.engine.planning.clipping import Clipping
from chainrule.engine.planning.images import Images
from chainrule.engine.planning.program import Instructions, share
from chainrule.engine.planning.stages import Range, Stages
from chainrule.engine.planning.updates import Updates
from chainrule.engine.planning.weights import Weights

Array = NDArray[Any]


class Planner:
    """Plans a training step, or the outputs of a batch.

    ``advances`` are the arguments of each thread's ``advance``, ``total`` those of the sum of the
    losses, ``results`` those of each thread's rows of outputs: where a run sets what it needs.
    ``part`` has those of losses.
    """

    def __init__(
        self,
        network: Network,
        weights: Weights,
        rows: int,
        threads: int,
        *,
        labels: bool,
        library: Library,
        seed: int = 0,
        training: bool = True,
    ) -> None:
        network = network if training else network.in_prediction()
        self.network, self.weights, self.rows, self.threads = network, weights, rows, threads
        self.training, self.library = training, library
        self.code = Instructions(threads)
        common = (weights, rows, self.code, library)
        self.images = Images(network.blocks, *common, seed) if network.blocks else None
        self.part = Stages(network, *common, images=self.images, labels=labels, seed=seed)
        self.shared_l2 = np.array([weights.l2], dtype=weights.dtype)
        self.penalties = aligned((self._penalty_count() if weights.l2 else 0,), weights.dtype)
        self.advances: list[Array] = []
        self.results: list[Array] = []
        if training:
            self._plan_step()
        else:
            self._plan_outputs()

    def values(self) -> Iterator[tuple[int, Array]]:
        """Yield what functions made of the last batch, with their places in the chain, in order.

        Some are not kept, having gone on in registers.
        """
        if self.part.start:
            start = self.part.start
            yield from zip(start.inputs.layers, (y.read() for y in start.values.y), strict=True)
        plans = self.images.plans if self.images else []
        made: list[tuple[Any, Any]] = [(plan.block, plan.values) for plan in plans]
        made += zip(self.network.stages, self.part.values, strict=True)
        for part, values in made:
            for place, kept in zip((part.place, *part.layers), (values.z, *values.y), strict=True):
                if kept is not None:
                    yield place, kept.read()

    @property
    def dropouts(self) -> list[Array]:
        """The arguments of masks."""
        return self.part.maps.dropouts + (self.images.means.dropouts if self.images else [])

    def _plan_outputs(self) -> None:
        """Add the next samples and forward; each thread has samples of its own, and never waits."""
        unit = self.images.lanes if self.images else 8
        for thread in range(self.threads):
            rows = share(self.rows, self.threads, thread, unit)
            self._advance(thread)
            if rows[0] < rows[1]:
                self._images_forward(thread)
                self.part.begin(thread, rows)
                for number in range(len(self.network.stages)):
                    self.part.forward(thread, number, rows, (0, self.part.weights_of(number).count))
                self.results.append(self.part.results(thread, rows))

    def _plan_step(self) -> None:
        """Add the next samples, forward, loss, backprop, update."""
        last, updates = len(self.network.stages) - 1, Updates(self.part)
        for thread in range(self.threads):
            self._advance(thread)
            self._squares(thread)
            self._images_forward(thread)
            self.part.begin(thread, share(self.rows, self.threads, thread))
        if self.images or self.part.start:
            self.code.barrier()
        for number in range(last):
            for thread in range(self.threads):
                self.part.forward(thread, number, *self._cut(thread, number))
            self.code.barrier()
        for thread in range(self.threads):
            rows = share(self.rows, self.threads, thread, 8)
            if rows[0] < rows[1]:
                outputs = (0, self.part.weights_of(last).count)
                self.part.forward(thread, last, rows, outputs)
                self.part.loss(thread, rows)
                self.part.slopes(thread, last, rows, outputs, len(self.network.stages[last].maps))
                if last or self.images:
                    self.part.backward(thread, last, rows, (0, self.part.before(last).count))
        for number in range(last - 1, -1 if self.images else 0, -1):
            self.code.barrier()
            for thread in range(self.threads):
                self.part.backward(thread, number, *self._cut(thread, number - 1))
        self.code.barrier()
        for thread in range(self.threads):
            if self.images:
                for tile in range(*share(self.images.tiles, self.threads, thread)):
                    self.images.backward(thread, tile)
            for number in range(last + 1):
                updates.update(thread, number)
        if self.images:
            self._update_filters(self.images)
        if updates.moves_all:
            self.code.barrier()
            for thread in range(self.threads):
                updates.update_all_tokens(thread)
        if self.weights.clip is not None:
            self._update_clipped(self.weights.clip, updates)
        self.total = self.code.add(
            0,
            self.library.total,
            rows=self.rows,
            losses=address(self.part.sample_losses),
            shares=address(self.part.batches[0].shares),
            penalties=address(self.penalties),
            penalty_count=len(self.penalties),
            l2=address(self.part.batches[0].l2[1:]),
        )
        self.code.barrier()

    def _cut(self, thread: int, number: int) -> tuple[Range, Range]:
        """Return which samples, and which panels of a stage's outputs, a thread computes.

        Before stage 0, at -1, are the images.
        """
        panels = self.part.before(number + 1).count
        sparse = number == 0 and self.part.bags
        if sparse or (number >= 0 and self.network.stages[number].whole_rows):
            return share(self.rows, self.threads, thread), (0, panels)
        return (0, self.rows), share(panels, self.threads, thread)

    def _images_forward(self, thread: int) -> None:
        if self.images:
            for tile in range(*share(self.images.tiles, self.threads, thread)):
                samples = self.part.batches[thread].rows[tile * self.images.lanes :]
                self.images.forward(thread, tile, address(samples))

    def _update_filters(self, images: Images) -> None:
        self.code.barrier()
        for thread in range(self.threads):
            images.filters(thread, self.threads)
        if self.weights.clip is not None:
            return
        self.code.barrier()
        update = self.library.update_all(self.weights.optimizer)
        for thread in range(self.threads):
            batch = self.part.batches[thread]
            images.update(thread, self.threads, update, address(batch.rates), batch.l2)

    def _update_clipped(self, limit: float, updates: Updates) -> None:
        clipping = Clipping(self.weights, limit, self.code, self.library)
        self.code.barrier()
        for thread in range(self.threads):
            clipping.measure(thread, self.part.batches[thread].l2)
        self.code.barrier()
        for thread in range(self.threads):
            batch = self.part.batches[thread]
            clipping.update(thread, address(batch.rates), batch.l2)
        self.code.barrier()
        for thread in range(self.threads):
            for block in self.weights.blocks.values():
                panels = share(block.values.count, self.threads, thread)
                updates.transpose(thread, block, (0, block.values.rows), panels)
        self.code.kept.append(clipping)

    def _advance(self, thread: int) -> None:
        batch = self.part.batches[thread]
        self.advances.append(
            self.code.add(
                thread,
                self.library.advance,
                rows=self.rows,
                padded=len(batch.rows),
                row_offsets=address(batch.rows),
                taps=address(batch.taps),
                targets=address(batch.targets),
                shares=address(batch.shares),
                rates=address(batch.rates),
                rate_count=len(self.part.rates) if self.training else 0,
                l2=address(batch.l2[1:]),
                shared_l2=address(self.shared_l2) if self.weights.l2_shared else 0,
            )
        )

    def _penalty_count(self) -> int:
        """Return how many sums of squares there are: one of each panel, and of each filter."""
        filters = [f for f in self.weights.filters.values() if len(f.shape) > 1]
        return sum(self.part.weights_of(n).count for n in range(len(self.network.stages))) + len(
            filters
        )

    def _squares(self, thread: int) -> None:
        """Sum w² of the panels that the thread updates, before it does."""
        if not self.weights.l2:
            return
        before = 0
        for number in range(len(self.network.stages)):
            W = self.part.weights_of(number)
            first, last = share(W.count, self.threads, thread)
            if first < last:
                self.code.add(
                    thread,
                    self.library.squares,
                    rows=self.network.stages[number].inputs,
                    vectors=last - first,
                    w=W.address + first * W.stride,
                    row_stride=W.row_stride,
                    vector_stride=W.stride,
                    sums=address(self.penalties[before + first :]),
                )
            before += W.count
        weights = [f for f in self.weights.filters.values() if len(f.shape) > 1]
        for k, filters in enumerate(weights):
            if k % self.threads == thread:
                self.code.add(
                    thread,
                    self.library.squares,
                    rows=filters.values.nbytes // VECTOR,
                    vectors=1,
                    w=address(filters.values),
                    row_stride=VECTOR,
                    sums=address(self.penalties[before + k :]),
                )
