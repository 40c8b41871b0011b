"""The part of a plan that rows of numbers go through: Linear and the functions after it.

Linear layers are cut by panels of outputs, so that a panel of W that a thread has just updated is
still in its core's cache when it is used next. Each method adds instructions for one thread, for
some samples and some panels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.bags import Bags, moves_all_rows
from chainrule.engine.clipping import Keep
from chainrule.engine.images import Images
from chainrule.engine.kernels import Kernel, Library
from chainrule.engine.lowering import Network, Stage, derivative_reads
from chainrule.engine.maps import Maps, Values
from chainrule.engine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.program import Instructions, share
from chainrule.engine.samples import Rows, SparseRows
from chainrule.engine.start import Start
from chainrule.engine.weights import Block, Weights
from chainrule.functions import Dropout, Elementwise

Array = NDArray[Any]
Range = tuple[int, int]


@dataclass(frozen=True)
class Batch:
    """Where a thread finds the samples of its step; the kernel ``advance`` fills it.

    ``rows`` are the addresses of the samples in X, ``taps`` the same beside offsets of panel rows,
    ``targets`` byte offsets in t, ``shares`` the samples' weights in the mean, ``rates`` the
    numbers of the step that the optimizer's rule reads, and ``l2`` 0 and the penalty λ.
    """

    rows: Array
    taps: Array
    targets: Array
    shares: Array
    rates: Array
    l2: Array

    @classmethod
    def of(cls, rows: int, dtype: np.dtype[Any], rates: int, l2: float) -> Batch:
        """Return the batch of so many samples, of equal weight, with room to fill up a tile."""
        taps = aligned((rows, 2), np.int64)
        taps[:, 1] = np.arange(rows) * VECTOR
        shares = aligned((rows,), dtype)
        shares[:] = 1 / rows
        lanes = VECTOR // dtype.itemsize
        whole = (aligned((rows + lanes,), np.int64), taps, aligned((rows,), np.int64))
        penalty = aligned((2,), dtype)
        penalty[1] = l2
        return cls(*whole, shares, aligned((rates,), dtype), penalty)


class Stages:
    """Plans the stages of a network, after its images.

    ``losses`` are the arguments of the losses: where a run sets what it needs.
    """

    def __init__(
        self,
        network: Network,
        weights: Weights,
        rows: int,
        code: Instructions,
        library: Library,
        *,
        images: Images | None,
        labels: bool,
        seed: int,
    ) -> None:
        self.network, self.weights, self.rows, self.labels = network, weights, rows, labels
        self.stages, self.dtype, self.threads = network.stages, weights.dtype, code.threads
        self.code, self.library, self.images = code, library, images
        self.rates = library.update(weights.optimizer).rates if weights.optimizer else ()
        self.rule = weights.optimizer if weights.clip is None else Keep()
        self.values = [self._values(number) for number in range(len(self.stages))]
        self.batches = [
            Batch.of(rows, self.dtype, len(self.rates), weights.penalty(rows))
            for _ in range(self.threads)
        ]
        self.sample_losses = aligned((rows,), self.dtype)
        self.one = np.ones(1, dtype=self.dtype)
        self.offsets = np.arange(rows) * VECTOR
        self.rows_table = code.table(self.offsets)
        self.losses: list[Array] = []
        self.maps = Maps(code, library, self.dtype, seed)
        self.start = (
            Start(network.start, rows, code, library, self.maps, self.dtype)
            if network.start
            else None
        )
        first = self.stages[0]
        self.bags = (
            Bags(weights.blocks[first.weights], first.inputs, code, library)
            if network.entries is not None
            else None
        )
        moves = self.rule is not None  # else it is for prediction
        self.moves_all = moves and moves_all_rows(self.rule, weights.l2)

    def read(self, samples: Rows) -> None:
        """Let the kernels read the entries of sparse samples."""
        if self.bags and isinstance(samples, SparseRows):
            self.bags.bind(samples)

    def _values(self, number: int) -> Values:
        stage = self.stages[number]

        def panels() -> Panels:
            return Panels.zeros(self.rows, stage.outputs, self.dtype)

        in_registers = _first_map(stage)
        keeps = in_registers is None or "x" in derivative_reads(in_registers)
        y = tuple(panels() for _ in stage.maps)
        masks = {k: panels() for k, f in enumerate(stage.maps) if isinstance(f, Dropout)}
        z = panels() if keeps else None
        only_loss_reads = not stage.maps and number == len(self.stages) - 1
        gradient = z if z is not None and only_loss_reads else panels()
        return Values(z, y, gradient, masks)

    def weights_of(self, number: int) -> Panels:
        """Return the weights of a stage."""
        return self.weights.blocks[self.stages[number].weights].values

    def before(self, number: int) -> Panels:
        """Return the gradient by what a stage reads: the stage's before, or the images'."""
        if number:
            return self.values[number - 1].gradient
        assert self.images is not None
        return self.images.gradient

    def begin(self, thread: int, rows: Range) -> None:
        """Add the functions of the samples themselves."""
        if self.start:
            self.start.forward(thread, self.batches[thread].rows, rows)

    def forward(self, thread: int, number: int, rows: Range, panels: Range) -> None:
        """Add Z = X W + b and Y = f(Z), for some samples and some panels of outputs."""
        if panels[0] == panels[1] or rows[0] == rows[1]:
            return
        stage, values = self.stages[number], self.values[number]
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
        epilogue = self.library.activation(in_registers) if in_registers else self.library.affine()
        if self.bags and number == 0:
            done = self._epilogue(epilogue, arguments)
            self.bags.forward(thread, self.batches[thread].rows, rows, panels, **done)
        else:
            self._linear(thread, number, rows, panels, epilogue, arguments)
        for k in range(0 if in_registers is None else 1, len(stage.maps)):
            self.maps.forward(thread, stage, values, k, rows, panels)

    def _linear(
        self,
        thread: int,
        number: int,
        rows: Range,
        panels: Range,
        epilogue: Kernel,
        arguments: dict[str, int],
    ) -> None:
        """Add products of rows of numbers with W, and what happens to them."""
        inputs, W, before = self.stages[number].inputs, self.weights_of(number), self._input(number)
        if before is None:  # X as it is: the batch has the samples' addresses
            a, row_offsets = 0, address(self.batches[thread].rows[rows[0] :])
            columns = np.arange(inputs) * self.dtype.itemsize
        else:
            a, row_offsets = before.address + rows[0] * VECTOR, self.rows_table
            columns = before.columns
        self._product(
            thread,
            epilogue,
            arguments,
            rows=rows[1] - rows[0],
            vectors=panels[1] - panels[0],
            depth=inputs,
            a=a,
            row_offsets=row_offsets,
            taps=self.code.table(columns, np.arange(inputs) * W.row_stride),
            x=W.address + panels[0] * W.stride,
            x_stride=W.stride,
        )

    def _input(self, number: int) -> Panels | None:
        """Return what a stage reads, or None if that is X itself."""
        if number:
            return self.values[number - 1].output
        before = self.images or self.start
        return before.rows if before else None

    def _product(
        self, thread: int, epilogue: Kernel, arguments: dict[str, int], **values: int
    ) -> None:
        """Add a product, and what happens to its results while they are at hand."""
        done = self._epilogue(epilogue, arguments)
        self.code.add(thread, self.library.product, **values, **done)

    def _epilogue(self, epilogue: Kernel, arguments: dict[str, int]) -> dict[str, int]:
        """Keep an epilogue's arguments; return it as kernels take it."""
        packed = self.code.pack(epilogue, **arguments)
        return {"epilogue": epilogue.address, "arguments": address(packed)}

    def results(self, thread: int, rows: Range) -> Array:
        """Add that outputs of some samples are put where they are wanted; return the arguments."""
        output = self.values[-1].output
        return self.code.add(
            thread,
            self.library.outputs,
            first=rows[0],
            last=rows[1],
            outputs=self.network.outputs,
            y=output.address,
            vector_stride=output.stride,
            result_row=self.network.outputs * self.dtype.itemsize,
            result_step=self.rows * self.network.outputs * self.dtype.itemsize,
        )

    def loss(self, thread: int, rows: Range) -> None:
        """Add the losses of some samples, and the gradients by the outputs."""
        assert self.network.loss is not None
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
                targets=address(batch.targets),
                shares=address(batch.shares),
                losses=address(self.sample_losses),
            )
        )

    def backward(self, thread: int, number: int, rows: Range, panels: Range) -> None:
        """Add dX = dZ Wᵀ, times the slopes of the maps before: dZ of the stage before."""
        if panels[0] == panels[1] or rows[0] == rows[1]:
            return
        stage, gradient = self.stages[number], self.values[number].gradient
        target = self.before(number)
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
            self.slopes(thread, number - 1, rows, panels, rest)

    def slopes(self, thread: int, number: int, rows: Range, panels: Range, maps: int) -> None:
        """Multiply the gradient by the slopes of a stage's first maps, the last of these first."""
        for k in reversed(range(maps)):
            stage, values = self.stages[number], self.values[number]
            self.maps.backward(thread, stage, values, k, rows, panels)

    def update(self, thread: int, number: int) -> None:
        """Let W move along dW = Xᵀ dZ and b along db = 1ᵀ dZ, in the product's epilogue."""
        stage, gradient = self.stages[number], self.values[number].gradient
        block = self.weights.blocks[stage.weights]
        panels = share(block.values.count, self.threads, thread)
        inputs = (0, stage.inputs)
        if stage.bias and panels[0] < panels[1]:
            self._product(
                thread,
                self.library.update(self.rule),
                self._moved(thread, self.weights.bias(stage), panels[0] * VECTOR, penalty=0),
                rows=1,
                vectors=panels[1] - panels[0],
                depth=self.rows,
                a=address(self.one),
                row_offsets=self.code.table([0]),
                taps=self.code.table(np.zeros(self.rows), self.offsets),
                x=gradient.address + panels[0] * gradient.stride,
                x_stride=gradient.stride,
            )
        if self.bags and number == 0:
            self._update_tokens(thread, self.bags, block)
            return
        if block.values.count < 2 * self.threads:  # too few panels to share: cut the inputs
            panels = (0, block.values.count)
            inputs = share(stage.inputs, self.threads, thread, block.values.lanes)
        if inputs[0] < inputs[1]:
            self._update_weights(thread, number, block, inputs, panels)

    def _update_tokens(self, thread: int, bags: Bags, block: Block) -> None:
        """Sum the gradient by the rows of W; where no others move, these move at once."""
        bags.scatter(thread, self.batches[thread].rows, self.rows, self.values[0].gradient)
        if not self.moves_all:
            moved = self._moved(thread, block, 0, penalty=1)
            bags.move_touched(thread, self.rule, **moved)

    def update_all_tokens(self, thread: int) -> None:
        """Let all rows of W move, if others than the batch's tokens do; no thread is summing."""
        if self.bags and self.moves_all:
            moved = self._moved(thread, self.bags.block, 0, penalty=1)
            self.bags.move_all(thread, self.rule, **moved)

    def _update_weights(
        self, thread: int, number: int, block: Block, inputs: Range, panels: Range
    ) -> None:
        W, gradient = block.values, self.values[number].gradient
        before = self._input(number)
        if before is None:
            a, taps = 0, address(self.batches[thread].taps)
            columns = np.arange(inputs[1]) * self.dtype.itemsize
        else:
            a, taps = before.address, self.code.table(self.offsets, self.offsets)
            columns = before.columns
        own = inputs[0] * VECTOR + panels[0] * W.stride
        self._product(
            thread,
            self.library.update(self.rule),
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
        if block.gradient is None:
            self.transpose(thread, block, inputs, panels)

    def transpose(self, thread: int, block: Block, inputs: Range, panels: Range) -> None:
        """Bring a part of the transpose of W up to date."""
        if block.transposed is not None and inputs[0] < inputs[1] and panels[0] < panels[1]:
            W, T, side = block.values, block.transposed, block.values.lanes
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
            "row_stride": block.values.row_stride,
            "vector_stride": block.values.stride,
            "rates": address(self.batches[thread].rates),
            "l2": address(self.batches[thread].l2[penalty:]),
        }
        kept = block.state if block.gradient is None else (block.gradient,)
        for slot, state in enumerate(kept):
            arguments[f"state{slot}"] = state.address + own
        return arguments


def _first_map(stage: Stage) -> Elementwise | None:
    """Return the map that a product's epilogue takes along, if there is one."""
    first = stage.maps[0] if stage.maps else None
    return first if isinstance(first, Elementwise) else None
