"""Where the filters of a convolution are in memory, and their products at Winograd's points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from chainrule.engine.kernels import product as products, winograd
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

    ``size`` are a filter's bytes; gradients that are not kept are at 0.
    """

    context: PlanContext
    groups: int
    inputs: int
    outputs: int
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
        size = inputs * Windows.of(part).area * item
        places = W["w"], W.get("gradient", 0), b["w"], b.get("gradient", 0)
        return cls(context, groups, inputs, outputs, size, *places)

    def channels(self, *, back: bool) -> tuple[int, int]:
        """Return how many channels are read, and made, in forward or in backprop."""
        inputs, outputs = self.groups * self.inputs, self.groups * self.outputs
        return (outputs, inputs) if back else (inputs, outputs)

    def transformed(self, thread: int) -> Array:
        """Return filters at Winograd's points, (points, outputs · inputs), that are made before.

        They are made by the thread; or, if there is one, by the program that runs when parameters
        have changed.
        """
        dtype, pairs = self.context.dtype, self.groups * self.outputs * self.inputs
        U = aligned((16, pairs + VECTOR // dtype.itemsize), dtype)
        first = self.context.prologue
        code, thread = (self.context.code, thread) if first is None else (first, 0)
        kernel = self.context.library.get(winograd.filters)
        code.add(thread, kernel, count=pairs, w=self.W, u=address(U), u_point=U.strides[0])
        return U

    def products(
        self, arrays: tuple[Array, Array, Array], vectors: int, *, back: bool = False
    ) -> list[tuple[int, int]]:
        """Return the instructions M = U V at all points; with filters turned in backprop.

        Arrays are U (points, outputs · inputs), and V and M (points, channels, vectors, lanes).
        """
        code, kernel = self.context.code, self.context.library.get(products.stored)
        (U, V, M), item = arrays, self.context.dtype.itemsize
        by_output, by_input = self.inputs * item, item
        inputs, outputs = (count // self.groups for count in self.channels(back=back))
        down, along = (by_input, by_output) if back else (by_output, by_input)
        rows = code.table(np.arange(outputs) * down)
        taps = code.table(np.arange(inputs) * along, np.arange(inputs) * V.strides[1])
        instructions = []
        for point, group in product(range(16), range(self.groups)):
            a, b = POINTS[point]
            of_filters = 4 * TURNED[a] + TURNED[b] if back else point
            arguments = code.pack(
                kernel,
                rows=outputs,
                vectors=vectors,
                depth=inputs,
                a=address(U[of_filters]) + group * self.outputs * by_output,
                row_offsets=rows,
                taps=taps,
                x=address(V[point, group * inputs :]),
                x_stride=VECTOR,
                y=address(M[point, group * outputs :]),
                y_row=M.strides[1],
            )
            instructions.append((kernel.address, address(arguments)))
        return instructions
