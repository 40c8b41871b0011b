"""The sums of squared weights that a penalty is made from."""

from __future__ import annotations

from math import prod

from chainrule.engine.kernels import rows as kernels
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.program import partition


class Penalties:
    """Plans the sums: one of each panel of W, and of each parameter that moves by itself."""

    def __init__(self, context: PlanContext) -> None:
        weights = context.weights
        self.context = context
        self.parameters = [p for p in weights.ordered if p.penalized and weights.l2]
        count = sum(1 if p.by_itself else p.values.count for p in self.parameters)
        self.sums = aligned((count,), weights.dtype)

    def add(self, thread: int) -> None:
        """Add the sums of the panels that a thread updates, before it does."""
        before, others, threads = 0, 0, self.context.threads
        for parameter in self.parameters:
            W = parameter.values
            if parameter.by_itself:  # as one long panel
                count, first, last = 1, 0, int(others % threads == thread)
                rows, others = parameter.vectors, others + 1
                strides = {"row_stride": VECTOR}
            else:
                count, (first, last) = W.count, partition(W.count, threads, thread)
                rows = prod(parameter.shape[:-1])
                strides = {"row_stride": W.row_stride, "vector_stride": W.stride}
            if first < last:
                self.context.code.add(
                    thread,
                    self.context.library.get(kernels.squares),
                    rows=rows,
                    vectors=last - first,
                    w=W.address + first * W.stride,
                    sums=address(self.sums[before + first :]),
                    **strides,
                )
            before += count
