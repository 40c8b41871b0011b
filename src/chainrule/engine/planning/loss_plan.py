"""The loss in a plan: of rows of outputs, one for each sample or for each of its members."""

from __future__ import annotations

from chainrule.engine.kernels import losses
from chainrule.engine.machine.memory import Panels, address
from chainrule.engine.network.network import Network
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import Range
from chainrule.engine.planning.member_rows import MemberRows
from chainrule.types import Array


class LossPlan:
    """Plans the losses of samples, and the gradients by the outputs.

    ``arguments`` are those of its kernels, where a run sets the targets.

    Parameters
    ----------
    network : Network
        With the loss: that of a sample, or of each of its members.
    context : PlanContext
        What instructions are made with.
    sample_losses : ndarray of shape (members · rows,)
        Where the losses go, a member's after the other's.
    labels : bool
        Whether targets are class numbers.
    """

    def __init__(
        self, network: Network, context: PlanContext, sample_losses: Array, *, labels: bool
    ) -> None:
        assert network.loss is not None
        self.loss, self.outputs, self.members = network.loss, network.outputs, network.members
        self.context, self.sample_losses, self.labels = context, sample_losses, labels
        self.arguments: list[Array] = []
        many = network.members > 1
        self.apart = MemberRows(context, network.members, network.outputs) if many else None

    def add(self, thread: int, rows: Range, y: Panels, gradient: Panels) -> None:
        """Add the losses of some samples, and the gradients by their outputs."""
        own = self.context.member[0]
        if self.apart is None:
            places = y.address, gradient.address, gradient.stride
            self._add(thread, rows, own, *places)
            return
        self.apart.take(thread, rows, y)
        for member, place in enumerate(self.apart.places):
            self._add(thread, rows, member, place, place, self.apart.panels.stride)
        self.apart.give(thread, rows, gradient)

    def _add(
        self, thread: int, rows: Range, member: int, y: int, gradient: int, stride: int
    ) -> None:
        """Add the losses of rows of outputs; the gradient may take their place."""
        batch, before = self.context.batches[thread], member * self.context.rows
        sizes = {"outputs": self.outputs, "samples": rows[1] - rows[0]}
        kernel = losses.of(self.context.library, self.loss, labels=self.labels, **sizes)
        self.arguments.append(
            self.context.code.add(
                thread,
                kernel,
                first=rows[0],
                last=rows[1],
                outputs=self.outputs,
                y=y,
                gradient=gradient,
                vector_stride=stride,
                targets=address(batch.targets),
                normalized_weights=address(batch.normalized_weights[before:]),
                losses=address(self.sample_losses[before:]),
            )
        )
