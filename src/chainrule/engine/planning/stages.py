"""The part of a plan that rows of numbers go through: Linear and the functions after it.

There and back, up to dZ of each stage; updates.py moves the parameters. Each method adds
instructions for one thread, for some samples and some panels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import Kernel, Library
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.network.lowering import Network, Stage, derivative_reads
from chainrule.engine.planning.bags import Bags
from chainrule.engine.planning.batch import Batch
from chainrule.engine.planning.images import Images
from chainrule.engine.planning.maps import Maps, Values
from chainrule.engine.planning.program import Instructions
from chainrule.engine.planning.samples import Rows, SparseRows
from chainrule.engine.planning.start import Start
from chainrule.engine.planning.weights import Weights
from chainrule.functions import Dropout, Elementwise

Array = NDArray[Any]
Range = tuple[int, int]


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
        self.values = [self._values(number) for number in range(len(self.stages))]
        self.batches = [
            Batch.of(rows, self.dtype, len(self.rates), weights.penalty(rows))
            for _ in range(self.threads)
        ]
        self.sample_losses = aligned((rows,), self.dtype)
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
        inputs, W = self.stages[number].inputs, self.weights_of(number)
        before = self.input_of(number)
        if before is None:  # X as it is: the batch has the samples' addresses
            a, row_offsets = 0, address(self.batches[thread].rows[rows[0] :])
            columns = np.arange(inputs) * self.dtype.itemsize
        else:
            a, row_offsets = before.address + rows[0] * VECTOR, self.rows_table
            columns = before.columns
        self.product(
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

    def input_of(self, number: int) -> Panels | None:
        """Return what a stage reads, or None if that is X itself."""
        if number:
            return self.values[number - 1].output
        before = self.images or self.start
        return before.rows if before else None

    def product(
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
        self.product(
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


def _first_map(stage: Stage) -> Elementwise | None:
    """Return the map that a product's epilogue takes along, if there is one."""
    first = stage.maps[0] if stage.maps else None
    return first if isinstance(first, Elementwise) else None
