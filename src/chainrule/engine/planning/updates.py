"""The part of a plan that moves the parameters of stages, along gradients made from dZ.

Linear layers are cut by panels of outputs, so that a panel of W that a thread has just updated is
still in its core's cache when it is used next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.planning.bags import Bags, moves_all_rows
from chainrule.engine.planning.clipping import Keep
from chainrule.engine.planning.program import share
from chainrule.engine.planning.stages import Range, Stages
from chainrule.engine.planning.weights import Block

Array = NDArray[Any]


class Updates:
    """Plans the updates of a network's stages; each method adds instructions for one thread.

    ``moves_all`` says whether samples are sparse, and rows of W move that a batch has no token of.
    """

    def __init__(self, part: Stages) -> None:
        self.part, self.weights = part, part.weights
        self.code, self.library = part.code, part.library
        self.rule = self.weights.optimizer if self.weights.clip is None else Keep()
        self.moves_all = bool(part.bags) and moves_all_rows(self.rule, self.weights.l2)
        self.one = np.ones(1, dtype=self.weights.dtype)
        self.code.kept.append(self.one)

    def update(self, thread: int, number: int) -> None:
        """Let W move along dW = Xᵀ dZ and b along db = 1ᵀ dZ, in the product's epilogue."""
        stage, gradient = self.part.stages[number], self.part.values[number].gradient
        block = self.weights.blocks[stage.weights]
        panels = share(block.values.count, self.code.threads, thread)
        inputs = (0, stage.inputs)
        if stage.bias and panels[0] < panels[1]:
            self.part.product(
                thread,
                self.library.update(self.rule),
                self._moved(thread, self.weights.bias(stage), panels[0] * VECTOR, penalty=0),
                rows=1,
                vectors=panels[1] - panels[0],
                depth=self.part.rows,
                a=address(self.one),
                row_offsets=self.code.table([0]),
                taps=self.code.table(np.zeros(self.part.rows), self.part.offsets),
                x=gradient.address + panels[0] * gradient.stride,
                x_stride=gradient.stride,
            )
        if self.part.bags and number == 0:
            self._update_tokens(thread, self.part.bags, block)
            return
        if block.values.count < 2 * self.code.threads:  # too few panels to share: cut the inputs
            panels = (0, block.values.count)
            inputs = share(stage.inputs, self.code.threads, thread, block.values.lanes)
        if inputs[0] < inputs[1]:
            self._update_weights(thread, number, block, inputs, panels)

    def _update_tokens(self, thread: int, bags: Bags, block: Block) -> None:
        """Sum the gradient by the rows of W; where no others move, these move at once."""
        part = self.part
        bags.scatter(thread, part.batches[thread].rows, part.rows, part.values[0].gradient)
        if not self.moves_all:
            moved = self._moved(thread, block, 0, penalty=1)
            bags.move_touched(thread, self.rule, **moved)

    def update_all_tokens(self, thread: int) -> None:
        """Let all rows of W move, if others than the batch's tokens do; no thread is summing."""
        if self.part.bags and self.moves_all:
            moved = self._moved(thread, self.part.bags.block, 0, penalty=1)
            self.part.bags.move_all(thread, self.rule, **moved)

    def _update_weights(
        self, thread: int, number: int, block: Block, inputs: Range, panels: Range
    ) -> None:
        W, gradient = block.values, self.part.values[number].gradient
        before = self.part.input_of(number)
        if before is None:
            a, taps = 0, address(self.part.batches[thread].taps)
            columns = np.arange(inputs[1]) * self.weights.dtype.itemsize
        else:
            a, taps = before.address, self.code.table(self.part.offsets, self.part.offsets)
            columns = before.columns
        own = inputs[0] * VECTOR + panels[0] * W.stride
        self.part.product(
            thread,
            self.library.update(self.rule),
            self._moved(thread, block, own, penalty=1),
            rows=inputs[1] - inputs[0],
            vectors=panels[1] - panels[0],
            depth=self.part.rows,
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
            "rates": address(self.part.batches[thread].rates),
            "l2": address(self.part.batches[thread].l2[penalty:]),
        }
        kept = block.state if block.gradient is None else (block.gradient,)
        for slot, state in enumerate(kept):
            arguments[f"state{slot}"] = state.address + own
        return arguments
