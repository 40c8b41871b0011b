"""Where the filters of a convolution are in memory, and their products at Winograd's points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

from chainrule.engine.kernels import placed, product as products, winograd, winograd_products
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.network.network import Part
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.context import PlanContext
from chainrule.types import Array

TURNED = (3, 1, 2, 0)
"""For each point of an axis, the one where the taps have the value that turned taps have here."""
POINTS = tuple(product(range(4), range(4)))


@dataclass(frozen=True)
class Filters:
    """Filters and biases of a convolution: the channels of a group, and addresses.

    ``area`` are a filter's taps in a channel, ``size`` its bytes; gradients that are not kept are
    at 0.
    """

    context: PlanContext
    groups: int
    inputs: int
    outputs: int
    area: int
    size: int
    W: int
    gradient: int
    bias: int
    bias_gradient: int

    @classmethod
    def of(cls, context: PlanContext, part: Part) -> Filters:
        """Return where a part's are; its bias is one of zeros if it has none."""
        groups, item = part.function.groups, context.dtype.itemsize
        inputs, outputs = part.inputs[0] // groups, part.outputs[0] // groups
        parameters = context.weights.parameters
        own = {own: parameters[name].places() for own, name in part.names.items()}
        W, b = own["W"], own.get("b", {})
        if not b:
            zeros = context.code.keep(np.zeros(part.outputs[0], dtype=context.dtype))
            b = {"w": address(zeros)}
        area = Windows.of(part).area
        places = W["w"], W.get("gradient", 0), b["w"], b.get("gradient", 0)
        return cls(context, groups, inputs, outputs, area, inputs * area * item, *places)

    def channels(self, *, back: bool) -> tuple[int, int]:
        """Return how many channels are read, and made, in forward or in backprop."""
        inputs, outputs = self.groups * self.inputs, self.groups * self.outputs
        return (outputs, inputs) if back else (inputs, outputs)

    def side_by_side(self, thread: int, *, back: bool = False) -> Array:
        """Return filters with what is made side by side: (groups, inputs · taps, outputs).

        In backprop they are (groups, outputs · taps, inputs).
        """
        sizes, area = (self.groups, self.outputs, self.inputs), self.area
        numbers = np.arange(prod(sizes) * area)
        if back:
            of_each = numbers.reshape(self.groups, self.outputs, area, self.inputs)
            places = of_each.transpose(0, 1, 3, 2)
        else:
            of_each = numbers.reshape(self.groups, self.inputs, area, self.outputs)
            places = of_each.transpose(0, 3, 1, 2)
        U = aligned((len(numbers),), self.context.dtype)
        self._prepare(thread, placed.placed, places, w=self.W, u=address(U))
        return U

    def _prepare(self, thread: int, emit: Any, places: Any, **values: int) -> None:
        """Add what makes other filters of them, given where each number or pair has its place.

        The thread does; or, if there is one, the program that runs when parameters have changed.
        """
        context, first = self.context, self.context.prologue
        code, thread = (context.code, thread) if first is None else (first, 0)
        table = code.table(places.reshape(-1) * context.dtype.itemsize)
        kernel = context.library.get(emit)
        code.add(thread, kernel, count=places.size, places=table, **values)

    def transformed(self, thread: int, *, back: bool = False) -> Array:
        """Return filters at Winograd's points, as their products read them.

        In backprop inputs are what is made.
        """
        dtype, (rows, along) = self.context.dtype, self._packed(back=back)
        within = np.array(rows)[:, None] + np.array(along)
        size, within = self._group(back=back), within.T if back else within
        everywhere = np.arange(self.groups)[:, None, None] * size + within
        U = aligned((16, self.groups * size + VECTOR // dtype.itemsize), dtype)
        point = U.strides[0]
        self._prepare(thread, winograd.filters, everywhere, w=self.W, u=address(U), u_point=point)
        return U

    def _sizes(self, *, back: bool) -> tuple[int, int]:
        """Return how many channels of a group are made, and read."""
        return (self.inputs, self.outputs) if back else (self.outputs, self.inputs)

    def _group(self, *, back: bool) -> int:
        """Return how many numbers a group has at a point, those in the last block included."""
        made, read = self._sizes(back=back)
        block = self.context.library.target.points_tile[0][0]
        return -(-made // block) * block * read

    def _packed(self, *, back: bool) -> tuple[list[int], list[int]]:
        """Return where a group's numbers lie at a point: of what is made, and of what is read."""
        block = self.context.library.target.points_tile[0][0]
        return winograd_products.packed(*self._sizes(back=back), block)

    def arguments(self, U: Array, V: Array, group: int, *, back: bool) -> dict[str, int]:
        """Return those of the products U V at all points of a group, but for what they become.

        V has (points, channels, tiles, lanes); in backprop filters are turned.
        """
        made, read = self._sizes(back=back)
        order = [4 * TURNED[a] + TURNED[b] if back else 4 * a + b for a, b in POINTS]
        return {
            "outputs": made,
            "inputs": read,
            "u": address(U) + group * self._group(back=back) * U.itemsize,
            "u_points": self.context.code.table(np.array(order) * U.strides[0]),
            "v": address(V[0, group * read :]),
            "v_channel": V.strides[1],
            "v_point": V.strides[0],
        }

    def products(self, arrays: tuple[Array, Array, Array], vectors: int) -> list[tuple[int, int]]:
        """Return the instructions M = U V at all points.

        V and M have (points, channels, vectors, lanes).
        """
        code, kernel = self.context.code, self.context.library.get(products.stored)
        (U, V, M), item = arrays, self.context.dtype.itemsize
        by_output, by_input = self._packed(back=False)
        rows = code.table(np.array(by_output) * item)
        taps = code.table(np.array(by_input) * item, np.arange(self.inputs) * V.strides[1])
        instructions = []
        for point, group in product(range(16), range(self.groups)):
            arguments = code.pack(
                kernel,
                rows=self.outputs,
                vectors=vectors,
                depth=self.inputs,
                a=address(U[point]) + group * self._group(back=False) * item,
                row_offsets=rows,
                taps=taps,
                x=address(V[point, group * self.inputs :]),
                x_stride=VECTOR,
                y=address(M[point, group * self.outputs :]),
                y_row=M.strides[1],
            )
            instructions.append((kernel.address, address(arguments)))
        return instructions
