"""Fully connected layers of several networks side by side."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.functions.members import OfMembers
from chainrule.types import Shape


@dataclass(frozen=True)
class MemberLinear(OfMembers):
    """A Linear of its own for each member of an ensemble: k networks as one chain.

    With ``members`` the members begin here, and all of them read the same samples; without, each
    reads what it made itself. So ``MemberLinear(64, members=8), SiLU(), MemberLinear(3)`` are
    eight networks, which :class:`~chainrule.losses.MeanOverMembers` trains at once.

    Definition: Y[n,k,o] = X[n,k,i] W[k,i,o] + b[k,o], with X[n,i] where members begin
    Shapes: X (n, k, i) or (n, i), W (k, i, o), b (k, o) -> Y (n, k, o)
    Jacobian: ∂Y[n,k,o]/∂X[n,k',i] = W[k,i,o] if k = k' else 0
    Backprop: dX[n,k,i] = dY[n,k,o] W[k,i,o], dW[k,i,o] = X[n,k,i] dY[n,k,o],
        db[k,o] = dY[n,k,o]; where members begin, dX[n,i] is the sum over k
    Numerics: weights start as those of a Linear with i inputs and o outputs
    Source: Lakshminarayanan, Pritzel, Blundell: "Simple and scalable predictive uncertainty
        estimation using deep ensembles", 2017
    """

    def text(self) -> str:
        """Return the line that defines the layer."""
        return f"Y[n,k,o] = {self.samples} W[k,i,o] + b[k,o]"

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return W (k, i, o) and b (k, o)."""
        members, inputs = self.sizes_of(input_shape)
        return {"W": (members, inputs, self.outputs), "b": (members, self.outputs)}
