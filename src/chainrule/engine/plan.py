"""From a network to a program: which kernel runs where, on what, and who does how much of it.

Linear layers are cut by panels of outputs, so that a panel of W that a thread has just updated is
still in its core's cache when it is used next; the last layer and the loss are cut by samples. A
barrier stands wherever a thread reads what another one wrote.

Whatever the cut, an output is one chain of fused multiply-adds in the order of k, so the bits do
not depend on the number of threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.images import Images
from chainrule.engine.kernels import Kernel, Library
from chainrule.engine.lowering import Network, Stage, derivative_reads
from chainrule.engine.memory import VECTOR, Panels, aligned
from chainrule.engine.program import Instructions, share
from chainrule.engine.weights import Block, Weights
from chainrule.functions import Dropout, Elementwise

Array = NDArray[Any]
Range = tuple[int, int]


@dataclass(frozen=True)
class Batch:
    """Where a thread finds the samples of its step; the kernel ``advance`` fills it.

    ``rows`` are the addresses of the samples in X, ``taps`` the same beside offsets of panel rows,
    ``targets`` byte offsets in t, ``shares`` the samples' weights in the mean, and ``rates`` the
    numbers of the step that the optimizer's rule reads.
    """

    rows: Array
    taps: Array
    targets: Array
    shares: Array
    rates: Array

    @classmethod
    def of(cls, rows: int, dtype: np.dtype[Any]) -> Batch:
        """Return the batch of so many samples, of equal weight, with room to fill up a tile."""
        taps = aligned((rows, 2), np.int64)
        taps[:, 1] = np.arange(rows) * VECTOR
        shares = aligned((rows,), dtype)
        shares[:] = 1 / rows
        lanes = VECTOR // dtype.itemsize
        whole = (aligned((rows + lanes,), np.int64), taps, aligned((rows,), np.int64))
        return cls(*whole, shares, aligned((16,), dtype))


@dataclass(frozen=True)
class Values:
    """What a stage makes: z, kept only where something reads it, y after each map, and dz.

    ``masks`` are those of the maps that draw one.
    """

    z: Panels | None
    y: tuple[Panels, ...]
    gradient: Panels
    masks: dict[int, Panels]

    @property
    def output(self) -> Panels:
        """What the next stage reads."""
        output = self.y[-1] if self.y else self.z
        assert output is not None
        return output


class Planner:
    """Plans a training step, or the outputs of a batch: buffers first, then instructions.

    ``advances`` are the arguments of each thread's ``advance``, ``losses`` those of the losses,
    ``dropouts`` those of masks, ``total`` those of the sum: where a run sets what it needs.
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
        self.seed = seed
        self.dropouts: list[Array] = []
        self.network, self.weights, self.rows, self.labels = network, weights, rows, labels
        self.stages, self.dtype, self.threads = network.stages, weights.dtype, threads
        self.training = training
        self.library = library
        self.update = self.library.update(weights.optimizer)
        self.code = Instructions(threads)
        self.values = [self._values(number) for number in range(len(self.stages))]
        self.images = (
            Images(network.blocks, weights, rows, self.code, library) if network.blocks else None
        )
        self.batches = [Batch.of(rows, self.dtype) for _ in range(threads)]
        self.sample_losses = aligned((rows,), self.dtype)
        self.one = np.ones(1, dtype=self.dtype)
        self.l2 = np.array([0.0, weights.l2, weights.l2 / 2], dtype=self.dtype)
        self.offsets = np.arange(rows) * VECTOR
        self.rows_table = self.code.table(self.offsets)
        self.advances: list[Array] = []
        self.losses: list[Array] = []
        self.penalties = aligned((self._penalty_count() if weights.l2 else 0,), self.dtype)
        if training:
            self._plan_step()
        else:
            self._plan_outputs()

    def _values(self, number: int) -> Values:
        stage = self.stages[number]

        def panels(name: str) -> Panels:
            return Panels.zeros(name, self.rows, stage.outputs, self.dtype)

        in_registers = _first_map(stage)
        keeps = in_registers is None or "x" in derivative_reads(in_registers)
        y = tuple(panels(f"Y{number}" + "'" * k) for k in range(len(stage.maps)))
        masks = {
            k: panels(f"M{number}") for k, f in enumerate(stage.maps) if isinstance(f, Dropout)
        }
        return Values(panels(f"Z{number}") if keeps else None, y, panels(f"dZ{number}"), masks)

    def _weights(self, number: int) -> Panels:
        return self.weights.blocks[self.stages[number].weights].values

    def _plan_outputs(self) -> None:
        """Add the next samples and forward; each thread has samples of its own, and never waits."""
        unit = self.images.lanes if self.images else 8
        for thread in range(self.threads):
            rows = share(self.rows, self.threads, thread, unit)
            self._advance(thread)
            if rows[0] < rows[1]:
                self._images_forward(thread)
                for number in range(len(self.stages)):
                    self._forward(thread, number, rows, (0, self._weights(number).count))

    def _plan_step(self) -> None:
        """Add the next samples, forward, loss, backprop, update."""
        last = len(self.stages) - 1
        for thread in range(self.threads):
            self._advance(thread)
            self._squares(thread)
            self._images_forward(thread)
        if self.images:
            self.code.barrier()
        for number in range(last):
            for thread in range(self.threads):
                panels = share(self._weights(number).count, self.threads, thread)
                self._forward(thread, number, (0, self.rows), panels)
            self.code.barrier()
        for thread in range(self.threads):
            rows = share(self.rows, self.threads, thread, 8)
            if rows[0] < rows[1]:
                outputs = (0, self._weights(last).count)
                self._forward(thread, last, rows, outputs)
                self._loss(thread, rows)
                self._slopes(thread, last, rows, outputs, len(self.stages[last].maps))
                if last or self.images:
                    self._backward(thread, last, rows, (0, self._before(last).count))
        for number in range(last - 1, -1 if self.images else 0, -1):
            self.code.barrier()
            for thread in range(self.threads):
                panels = share(self._before(number).count, self.threads, thread)
                self._backward(thread, number, (0, self.rows), panels)
        self.code.barrier()
        for thread in range(self.threads):
            if self.images:
                for tile in range(*share(self.images.tiles, self.threads, thread)):
                    self.images.backward(thread, tile)
            for number in range(last + 1):
                self._update(thread, number)
        if self.images:
            self._update_filters(self.images)
        self.total = self.code.add(
            0,
            self.library.total,
            rows=self.rows,
            losses=_at(self.sample_losses),
            shares=_at(self.batches[0].shares),
            penalties=_at(self.penalties),
            penalty_count=len(self.penalties),
            penalty_factor=_at(self.l2[2:]),
        )
        self.code.barrier()

    def _before(self, number: int) -> Panels:
        """Return the gradient by what a stage reads: the stage's before, or the images'."""
        if number:
            return self.values[number - 1].gradient
        assert self.images is not None
        return self.images.gradient

    def _images_forward(self, thread: int) -> None:
        if self.images:
            for tile in range(*share(self.images.tiles, self.threads, thread)):
                samples = self.batches[thread].rows[tile * self.images.lanes :]
                self.images.forward(thread, tile, _at(samples))

    def _update_filters(self, images: Images) -> None:
        self.code.barrier()
        for thread in range(self.threads):
            images.filters(thread, self.threads)
        self.code.barrier()
        update = self.library.update_all(self.weights.optimizer)
        for thread in range(self.threads):
            rates = _at(self.batches[thread].rates)
            images.update(thread, self.threads, update, rates, self.l2)

    # ---- the samples of the step

    def _advance(self, thread: int) -> None:
        batch = self.batches[thread]
        self.advances.append(
            self.code.add(
                thread,
                self.library.advance,
                rows=self.rows,
                padded=len(batch.rows),
                row_offsets=_at(batch.rows),
                taps=_at(batch.taps),
                targets=_at(batch.targets),
                shares=_at(batch.shares),
                rates=_at(batch.rates),
                rate_count=len(self.update.rates) if self.training else 0,
            )
        )

    def _penalty_count(self) -> int:
        """Return how many sums of squares there are: one of each panel, and of each filter."""
        filters = [f for f in self.weights.filters.values() if len(f.shape) > 1]
        return sum(self._weights(n).count for n in range(len(self.stages))) + len(filters)

    def _squares(self, thread: int) -> None:
        """Sum w² of the panels that the thread updates, before it does."""
        if not self.weights.l2:
            return
        before = 0
        for number in range(len(self.stages)):
            W = self._weights(number)
            first, last = share(W.count, self.threads, thread)
            if first < last:
                self.code.add(
                    thread,
                    self.library.squares,
                    rows=self.stages[number].inputs,
                    vectors=last - first,
                    w=W.address + first * W.stride,
                    vector_stride=W.stride,
                    sums=_at(self.penalties[before + first :]),
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
                    w=_at(filters.values),
                    sums=_at(self.penalties[before + k :]),
                )

    # ---- forward

    def _forward(self, thread: int, number: int, rows: Range, panels: Range) -> None:
        """Add Z = X W + b and Y = f(Z), for some samples and some panels of outputs."""
        if panels[0] == panels[1]:
            return
        stage, values, W = self.stages[number], self.values[number], self._weights(number)
        stride = values.gradient.stride
        own = rows[0] * VECTOR + panels[0] * stride
        bias = self.weights.bias(stage)
        in_registers = _first_map(stage)
        arguments = {
            "bias": bias.values.address + panels[0] * VECTOR,
            "z": values.z.address + own if values.z else 0,
            "y": values.y[0].address + own if values.y else 0,
            "row_stride": VECTOR,
            "vector_stride": stride,
        }
        before = self._input(number)
        if before is None:  # X as it is: the batch has the samples' addresses
            a, row_offsets = 0, _at(self.batches[thread].rows[rows[0] :])
            columns = np.arange(stage.inputs) * self.dtype.itemsize
        else:
            a, row_offsets = before.address + rows[0] * VECTOR, self.rows_table
            columns = before.columns
        self._product(
            thread,
            self.library.affine()
            if in_registers is None
            else self.library.activation(in_registers),
            arguments,
            rows=rows[1] - rows[0],
            vectors=panels[1] - panels[0],
            depth=stage.inputs,
            a=a,
            row_offsets=row_offsets,
            taps=self.code.table(columns, np.arange(stage.inputs) * VECTOR),
            x=W.address + panels[0] * W.stride,
            x_stride=W.stride,
        )
        for k in range(0 if in_registers is None else 1, len(stage.maps)):
            self._map(thread, number, k, rows, panels)

    def _input(self, number: int) -> Panels | None:
        """Return what a stage reads, or None if that is X itself."""
        if number:
            return self.values[number - 1].output
        return self.images.rows if self.images else None

    def _map(self, thread: int, number: int, k: int, rows: Range, panels: Range) -> None:
        """Add Y = f(X) for a map that no product takes along."""
        stage, values = self.stages[number], self.values[number]
        function, x, y = stage.maps[k], values.y[k - 1] if k else values.z, values.y[k]
        assert x is not None
        if isinstance(function, Dropout):
            own = panels[0] * y.stride
            self.dropouts.append(
                self.code.add(
                    thread,
                    self.library.dropout,
                    first=rows[0],
                    last=rows[1],
                    panel=panels[0],
                    panels=panels[1] - panels[0],
                    features=stage.outputs,
                    vector_stride=y.stride,
                    seed=self.seed,
                    layer=stage.layers[k],
                    threshold=math.ceil(Fraction(function.rate) * 2**52 - Fraction(1, 2)),
                    scale=self._number(1 / (1 - function.rate)),
                    x=x.address + own,
                    y=y.address + own,
                    mask=values.masks[k].address + own,
                )
            )
            return
        for panel in range(*panels):
            at = rows[0] * VECTOR + panel * y.stride
            self.code.add(
                thread,
                self.library.value_map(function),
                count=rows[1] - rows[0],
                x=x.address + at,
                y=y.address + at,
            )

    def _number(self, value: float) -> int:
        """Keep a number; return its address."""
        self.code.kept.append(np.array([value], dtype=self.dtype))
        return _at(self.code.kept[-1])

    def _product(
        self, thread: int, epilogue: Kernel, arguments: dict[str, int], **values: int
    ) -> None:
        """Add a product, and what happens to its results while they are at hand."""
        packed = self.code.pack(epilogue, **arguments)
        self.code.add(
            thread,
            self.library.product,
            **values,
            epilogue=epilogue.address,
            arguments=_at(packed),
        )

    # ---- loss

    def _loss(self, thread: int, rows: Range) -> None:
        """Add the losses of some samples, and the gradients by the outputs."""
        values, batch = self.values[-1], self.batches[thread]
        self.losses.append(
            self.code.add(
                thread,
                self.library.loss(self.network.loss, labels=self.labels),
                first=rows[0],
                last=rows[1],
                outputs=self.network.outputs,
                y=values.output.address,
                gradient=values.gradient.address,
                vector_stride=values.gradient.stride,
                targets=_at(batch.targets),
                shares=_at(batch.shares),
                losses=_at(self.sample_losses),
            )
        )

    # ---- backprop

    def _backward(self, thread: int, number: int, rows: Range, panels: Range) -> None:
        """Add dX = dZ Wᵀ, times the slopes of the maps before: dZ of the stage before."""
        if panels[0] == panels[1]:
            return
        stage, gradient = self.stages[number], self.values[number].gradient
        target = self._before(number)
        before = self.values[number - 1] if number else None
        maps = self.stages[number - 1].maps if number else ()
        transposed = self.weights.blocks[stage.weights].transposed
        assert transposed is not None
        own = rows[0] * VECTOR + panels[0] * target.stride
        arguments = {
            "gradient": target.address + own,
            "row_stride": VECTOR,
            "vector_stride": target.stride,
        }
        last = maps[-1] if maps else None
        epilogue = self.library.store
        if isinstance(last, Elementwise) and before is not None:
            epilogue = self.library.slope(last)
            x = before.y[-2] if len(maps) > 1 else before.z
            arguments |= {"x": x.address + own if x else 0, "y": before.y[-1].address + own}
            arguments |= {"gradient_row": VECTOR, "gradient_vector": target.stride}
        self._product(
            thread,
            epilogue,
            arguments,
            rows=rows[1] - rows[0],
            vectors=panels[1] - panels[0],
            depth=stage.outputs,
            a=gradient.address + rows[0] * VECTOR,
            row_offsets=self.rows_table,
            taps=self.code.table(gradient.columns, np.arange(stage.outputs) * VECTOR),
            x=transposed.address + panels[0] * transposed.stride,
            x_stride=transposed.stride,
        )
        rest = len(maps) - isinstance(last, Elementwise)
        if rest:
            self._slopes(thread, number - 1, rows, panels, rest)

    def _slopes(self, thread: int, number: int, rows: Range, panels: Range, maps: int) -> None:
        """Multiply the gradient by the slopes of a stage's first maps, the last of these first."""
        values = self.values[number]
        for k in reversed(range(maps)):
            function, x = self.stages[number].maps[k], values.y[k - 1] if k else values.z
            for panel in range(*panels):
                at = rows[0] * VECTOR + panel * values.gradient.stride
                common = {"count": rows[1] - rows[0], "gradient": values.gradient.address + at}
                if isinstance(function, Dropout):
                    mask = values.masks[k].address + at
                    self.code.add(thread, self.library.masked, **common, mask=mask)
                else:
                    self.code.add(
                        thread,
                        self.library.slope_map(function),
                        **common,
                        x=x.address + at if x else 0,
                        y=values.y[k].address + at,
                    )

    # ---- update

    def _update(self, thread: int, number: int) -> None:
        """Let W move along dW = Xᵀ dZ and b along db = 1ᵀ dZ, in the product's epilogue."""
        stage, gradient = self.stages[number], self.values[number].gradient
        block = self.weights.blocks[stage.weights]
        panels = share(block.values.count, self.threads, thread)
        inputs = (0, stage.inputs)
        if stage.bias and panels[0] < panels[1]:
            self._product(
                thread,
                self.update,
                self._moved(thread, self.weights.bias(stage), panels[0] * VECTOR, penalty=0),
                rows=1,
                vectors=panels[1] - panels[0],
                depth=self.rows,
                a=_at(self.one),
                row_offsets=self.code.table([0]),
                taps=self.code.table(np.zeros(self.rows), self.offsets),
                x=gradient.address + panels[0] * gradient.stride,
                x_stride=gradient.stride,
            )
        if block.values.count < 2 * self.threads:  # too few panels to share: cut the inputs
            panels = (0, block.values.count)
            inputs = share(stage.inputs, self.threads, thread, block.values.lanes)
        if inputs[0] < inputs[1]:
            self._update_weights(thread, number, block, inputs, panels)

    def _update_weights(
        self, thread: int, number: int, block: Block, inputs: Range, panels: Range
    ) -> None:
        W, gradient = block.values, self.values[number].gradient
        before = self._input(number)
        if before is None:
            a, taps = 0, _at(self.batches[thread].taps)
            columns = np.arange(inputs[1]) * self.dtype.itemsize
        else:
            a, taps = before.address, self.code.table(self.offsets, self.offsets)
            columns = before.columns
        own = inputs[0] * VECTOR + panels[0] * W.stride
        self._product(
            thread,
            self.update,
            self._moved(thread, block, own, penalty=1),
            rows=inputs[1] - inputs[0],
            vectors=panels[1] - panels[0],
            depth=self.rows,
            a=a,
            row_offsets=self.code.table(columns[inputs[0] : inputs[1]]),
            taps=taps,
            x=gradient.address + panels[0] * gradient.stride,
            x_stride=gradient.stride,
        )
        if block.transposed is not None:
            T, side = block.transposed, W.lanes
            first, last = inputs[0] // side, -(-inputs[1] // side)
            self.code.add(
                thread,
                self.library.transpose,
                row_blocks=last - first,
                column_blocks=panels[1] - panels[0],
                source=W.address + first * side * VECTOR + panels[0] * W.stride,
                source_row_block=side * VECTOR,
                source_column_block=W.stride,
                target=T.address + first * T.stride + panels[0] * side * VECTOR,
                target_row_block=T.stride,
                target_column_block=side * VECTOR,
            )

    def _moved(self, thread: int, block: Block, own: int, *, penalty: int) -> dict[str, int]:
        """Return the arguments of an update: the numbers that move, their state, the rates."""
        arguments = {
            "w": block.values.address + own,
            "row_stride": VECTOR,
            "vector_stride": block.values.stride,
            "rates": _at(self.batches[thread].rates),
            "l2": _at(self.l2[penalty:]),
        }
        for slot, state in enumerate(block.state):
            arguments[f"state{slot}"] = state.address + own
        return arguments


def _first_map(stage: Stage) -> Elementwise | None:
    """Return the map that a product's epilogue takes along, if there is one."""
    first = stage.maps[0] if stage.maps else None
    return first if isinstance(first, Elementwise) else None


def _at(array: Array) -> int:
    """Return where an array begins."""
    return int(array.ctypes.data)
