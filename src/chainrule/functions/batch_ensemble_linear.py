"""Fully connected layers of several networks that share their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.functions.members import OfMembers
from chainrule.functions.starts import Signs, Start
from chainrule.types import Shape


@dataclass(frozen=True)
class BatchEnsembleLinear(OfMembers):
    """A Linear for each member of an ensemble: all share W, each scales its inputs and outputs.

    With ``members`` the members begin here, told apart by signs r of their inputs; without, each
    reads what it made itself, and r and s start at 1.

    Definition: Y[n,k,o] = X[n,k,i] r[k,i] W[i,o] s[k,o] + b[k,o], with X[n,i] where members begin
    Shapes: X (n, k, i) or (n, i), r (k, i), W (i, o), s (k, o), b (k, o) -> Y (n, k, o)
    Jacobian: ∂Y[n,k,o]/∂X[n,k',i] = r[k,i] W[i,o] s[k,o] if k = k' else 0
    Backprop: dX[n,k,i] = dY[n,k,o] r[k,i] W[i,o] s[k,o],
        dr[k,i] = X[n,k,i] dY[n,k,o] W[i,o] s[k,o], dW[i,o] = X[n,k,i] r[k,i] dY[n,k,o] s[k,o],
        ds[k,o] = X[n,k,i] r[k,i] W[i,o] dY[n,k,o],
        db[k,o] = dY[n,k,o]; where members begin, dX[n,i] is the sum over k
    Numerics: W starts as that of a Linear with i inputs and o outputs
    Source: Wen, Tran, Ba: "BatchEnsemble: an alternative approach to efficient ensemble and
        lifelong learning", 2020; r starts as in Gorishniy, Kotelnikov, Babenko: "TabM: advancing
        tabular deep learning with parameter-efficient ensembling", 2025
    """

    def text(self) -> str:
        """Return the line that defines the layer."""
        return f"Y[n,k,o] = {self.samples} r[k,i] W[i,o] s[k,o] + b[k,o]"

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return r (k, i), W (i, o), s (k, o) and b (k, o)."""
        members, inputs = self.sizes_of(input_shape)
        own = (members, self.outputs)
        return {"r": (members, inputs), "W": (inputs, self.outputs), "s": own, "b": own}

    def starts(self, input_shape: Shape) -> Mapping[str, Start]:
        """Return 1 for scales, or signs of inputs where members begin; 0 for b."""
        return {"r": 1.0 if self.members is None else Signs(), "s": 1.0, "b": 0.0}

    def penalized(self, input_shape: Shape) -> frozenset[str]:
        """Return W alone: 0 is no better a scale than 1, though r and s have two axes."""
        return frozenset({"W"})
