"""What instructions are made with, for every part of a plan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.engine.kernels import product as products, rows
from chainrule.engine.kernels.library import CompiledKernel, Library
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.machine.planes import Planes
from chainrule.engine.planning.batch import Batch
from chainrule.engine.planning.blocks import blocks, waiting_bytes
from chainrule.engine.planning.operands import Form, Operand, Rounding
from chainrule.engine.planning.program import Instructions
from chainrule.engine.planning.weights import StoredParameter, Weights
from chainrule.types import Array

Range = tuple[int, int]


@dataclass(frozen=True)
class PlanContext:
    """The program that instructions join, its kernels, parameters, and batch of ``rows`` samples.

    ``rule`` is what products move parameters by: the optimizer's, or one that keeps the gradient;
    to a gradient that is kept for another program no penalty is added (``penalizes``). ``seed`` is
    that of dropout's masks; ``draws`` are the arguments of what draws them, where a run sets the
    step. ``readers`` are those of kernels that read the entries of sparse samples. ``prologue`` is
    a program of one thread that runs when parameters have changed, where they do not in each run.
    ``member`` is the number of the ensemble's member that is planned, and how many there are.
    ``touched``: of a gradient that is kept by sparse samples, the rows of their tokens are written.
    """

    code: Instructions
    library: Library
    weights: Weights
    rows: int
    batches: list[Batch]
    rule: Any = None
    penalizes: bool = True
    seed: int = 0
    draws: list[Array] = field(default_factory=list)
    readers: list[tuple[CompiledKernel, Array]] = field(default_factory=list)
    prologue: Instructions | None = None
    member: tuple[int, int] = (0, 1)
    touched: bool = False

    def of_thread(self, thread: int) -> PlanContext:
        """Return what instructions of a thread are made with that waits for nobody."""
        return replace(self, code=self.code.of_thread(thread), batches=[self.batches[thread]])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of numbers in memory."""
        return self.weights.dtype

    @property
    def threads(self) -> int:
        """How many threads run the program."""
        return self.code.threads

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return VECTOR // self.dtype.itemsize

    @property
    def tiles(self) -> int:
        """Tiles of as many samples as a vector has lanes."""
        return -(-self.rows // self.lanes)

    def scalars(self, thread: int, factors: tuple[float, ...]) -> int:
        """Return where a thread finds the scalars of the step, for factors of hyperparameters."""
        scalars, groups = self.batches[thread].scalars, self.weights.groups
        before = groups.index(factors) * (len(scalars) // len(groups))
        return address(scalars) + before * self.dtype.itemsize

    @property
    def rows_at_once(self) -> int:
        """In how many rows at once threads share out samples."""
        return self.weights.form.rows_at_once if self.weights.form else 1

    @property
    def panels_at_once(self) -> int:
        """In how many panels at once they share out weights."""
        return self.weights.form.panels_at_once if self.weights.form else 1

    @property
    def form(self) -> Form:
        """How products read operands that are rounded."""
        assert self.weights.form is not None
        return self.weights.form

    def product(
        self,
        thread: int,
        epilogue: CompiledKernel,
        arguments: dict[str, int],
        by: Callable[..., Any] = products.product,
        **values: int,
    ) -> None:
        """Add a product, and what happens to its results while they are at hand."""
        done = self.epilogue(epilogue, arguments)
        self.code.add(thread, self.library.get(by), **values, **done)

    def blocked_product(
        self,
        thread: int,
        epilogue: CompiledKernel,
        arguments: dict[str, int],
        by: Callable[..., Any] = products.even,
        **values: int,
    ) -> None:
        """Add a product in blocks that stay in the caches."""
        block = blocks(self.library.target, values["rows"], values["depth"], self.dtype.itemsize)
        if "depth_block" in block:
            block["sums"] = address(self.waiting_sums[thread])
        self.product(thread, epilogue, arguments, by, **values, **block)

    @cached_property
    def waiting_sums(self) -> list[Array]:
        """For each thread, room for the sums of a block of a product."""
        size = (waiting_bytes(self.library.target, self.library.format),)
        return [self.code.keep(aligned(size, np.uint8)) for _ in range(self.threads)]

    def round(
        self, thread: int, copy: Operand, source: Panels | None, rows: Range, panels: Range
    ) -> None:
        """Add what rounds some rows and panels of an array into a copy.

        Without a source, they are those of samples as they are.
        """
        made = copy.rounds(self.library, rows, gathered=source is None)
        self._round(thread, copy, source, rows, panels, made)

    def _round(
        self,
        thread: int,
        copy: Operand,
        source: Panels | None,
        rows: Range,
        panels: Range,
        made: Rounding,
    ) -> None:
        if rows[0] >= rows[1] or panels[0] >= panels[1]:
            return
        kernel, where = made
        if source is None:
            where["samples"] = address(self.batches[thread].rows[rows[0] :])
        else:
            where |= {"x": source.address + rows[0] * VECTOR, "x_stride": source.stride}
        self.code.add(
            thread,
            kernel,
            first=panels[0],
            last=panels[1],
            rows=rows[1] - rows[0],
            features=copy.features,
            **where,
        )

    def epilogue(self, kernel: CompiledKernel, arguments: dict[str, int]) -> dict[str, int]:
        """Keep an epilogue's arguments; return it as kernels take it."""
        packed = self.code.pack(kernel, **arguments)
        return {"epilogue": kernel.address, "arguments": address(packed)}

    @cached_property
    def row_offsets(self) -> int:
        """The table of where each sample's row of a panel is."""
        return self.code.table(np.arange(self.rows) * VECTOR)

    def transpose(
        self, thread: int, parameter: StoredParameter, inputs: Range, panels: Range
    ) -> None:
        """Bring a part of what is made from W up to date: its transpose, and rounded copies."""
        W, T, (copy, back) = parameter.values, parameter.transposed, parameter.rounded
        if inputs[0] == inputs[1] or panels[0] == panels[1]:
            return
        if copy is not None:
            rows_of_w = inputs[0], min(inputs[1], copy.rows)
            made = self.form.rounds_weights(self.library, parameter.rounded, inputs[0])
            self._round(thread, copy, W, rows_of_w, panels, made)
        if T is None:
            return
        side, first, last = W.lanes, inputs[0] // W.lanes, -(-inputs[1] // W.lanes)
        self.code.add(
            thread,
            self.library.get(rows.transpose),
            row_blocks=last - first,
            column_blocks=panels[1] - panels[0],
            source=W.address + first * side * VECTOR + panels[0] * W.stride,
            source_row_block=side * VECTOR,
            source_column_block=W.stride,
            target=T.address + first * T.stride + panels[0] * side * VECTOR,
            target_row_block=T.stride,
            target_column_block=side * VECTOR,
        )
        if back is not None:
            outputs = panels[0] * side, min(panels[1] * side, back.rows)
            self.round(thread, back, T, outputs, (first, last))

    def pixels(
        self, thread: int, kernel: CompiledKernel, shape: tuple[int, ...], **values: Any
    ) -> None:
        """Add a kernel that walks over pixels; planes with a tile stand for address and strides."""
        given: dict[str, int] = dict(zip(("channels", "rows", "columns"), shape, strict=True))
        for name, value in values.items():
            given |= strides(name, *value) if isinstance(value, tuple) else {name: value}
        self.code.add(thread, kernel, **given)

    def draw(
        self, thread: int, kernel: CompiledKernel, place: int, rate: float, **values: int
    ) -> None:
        """Add a kernel that draws the mask of the Dropout at a place in the chain.

        The threshold is for the upper 52 bits of a word, which stand for the number in their
        middle.
        """
        arguments = self.code.add(
            thread,
            kernel,
            seed=self.seed,
            layer=place,
            threshold=math.ceil(Fraction(rate) * 2**52 - Fraction(1, 2)),
            scale=address(self.code.keep(np.array([1 / (1 - rate)], dtype=self.dtype))),
            **values,
        )
        self.draws.append(arguments)


def strides(name: str, planes: Planes, tile: int) -> dict[str, int]:
    """Return the arguments of planes: where a tile is, and their strides."""
    return {name: planes.at(tile), f"{name}_channel": planes.channel, f"{name}_row": planes.row}
