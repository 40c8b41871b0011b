"""The loss of several networks that are trained as one chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.losses.base import Loss, expect_loss
from chainrule.losses.cross_entropy import CrossEntropy
from chainrule.types import Array


@dataclass(frozen=True)
class MeanOverMembers(Loss):
    """Mean over the members of an ensemble of each member's own loss.

    It is never the loss of their mean: each member learns as if it were alone, and they stay
    different, which is what their mean lives on. A pair fuses as without members: after Softmax()
    the cross-entropy of each member is that of its logits.

    Definition: L = 1/(N·K) Σ_n Σ_k err(Y[n,k], t[n]), of K members
    Shapes: Y (n, k, c) of c numbers a member, or (n, k) of one; targets t of one sample as the
        members' own loss takes them, (n,) or (n, c), the same for all members -> a number
    Derivative: ∂L/∂Y[n,k] = 1/(N·K) ∂err/∂Y[n,k]
    Numerics: sample weights may be (n,), or (n, k) with one for each member: 0 where it does not
        learn from a sample. L is then Σ_n Σ_k w[n,k] err / Σ w.
    Source: Lakshminarayanan, Pritzel, Blundell: "Simple and scalable predictive uncertainty
        estimation using deep ensembles", 2017

    Parameters
    ----------
    each : Loss, default=CrossEntropy()
        The loss of each member.
    """

    each: Loss = field(default_factory=CrossEntropy)

    def __post_init__(self) -> None:
        """Check the loss."""
        expect_loss(self.each)
        if isinstance(self.each, MeanOverMembers):
            raise TypeError(f"MeanOverMembers: expected the loss of one member, got {self.each}")

    def __str__(self) -> str:
        return f"MeanOverMembers({self.each})"

    @property
    def takes_any_outputs(self) -> bool:
        """Whether each member's outputs may be any numbers."""
        return self.each.takes_any_outputs

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets of each member, in the shape of Y."""
        repeated = self._repeated(t, Y, "targets")
        return self.each.targets(repeated, self._rows(Y)).reshape(Y.shape)

    def errors(self, Y: Array, T: Array) -> Array:
        """Return the mean over members of a sample's errors, (n,)."""
        errors = self.each.errors(self._rows(Y), self._rows(T))
        return np.asarray(errors.reshape(Y.shape[:2]).mean(axis=1))

    def error_gradients(self, Y: Array, T: Array) -> Array:
        """Return the gradients of each member's errors, divided by the number of members."""
        gradients = self.each.error_gradients(self._rows(Y), self._rows(T))
        return np.asarray(gradients.reshape(Y.shape) / Y.shape[1], dtype=Y.dtype)

    def value(self, Y: Array, t: Any, sample_weight: Array | None = None) -> float:
        """Return the mean error of all members, with sample_weight (n,) or (n, k)."""
        weights = self._weights(Y, sample_weight)
        return self.each.value(self._rows(Y), self._repeated(t, Y, "targets"), weights)

    def value_and_gradient(
        self, Y: Array, t: Any, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """Return the mean error of all members and its gradient, with weights (n,) or (n, k)."""
        weights = self._weights(Y, sample_weight)
        repeated = self._repeated(t, Y, "targets")
        value, gradient = self.each.value_and_gradient(self._rows(Y), repeated, weights)
        return value, gradient.reshape(Y.shape)

    def _rows(self, Y: Array) -> Array:
        """Return (n·k, c): each member's numbers as those of a sample of its own."""
        if Y.ndim not in (2, 3):
            raise self._misfit("outputs of shape (n, k) or (n, k, c)", f"shape {Y.shape}")
        return Y.reshape(Y.shape[0] * Y.shape[1], -1 if Y.size else 1)

    def _repeated(self, given: Any, Y: Array, what: str) -> Array:
        """Return what belongs to samples for each of their members."""
        self._rows(Y)
        array = np.asarray(given)
        if array.shape[:1] != Y.shape[:1]:
            raise self._misfit(f"{what} of {Y.shape[0]} samples", f"shape {array.shape}")
        return np.repeat(array, Y.shape[1], axis=0)

    def _weights(self, Y: Array, sample_weight: Array | None) -> Array | None:
        """Return the weights of all members' samples, (n·k,)."""
        if sample_weight is None:
            return None
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.ndim == 1:
            return self._repeated(weights, Y, "weights")
        if weights.shape != Y.shape[:2]:
            n, k = Y.shape[:2]
            raise self._misfit(f"sample_weight of shape ({n},) or ({n}, {k})", weights.shape)
        return weights.reshape(-1)
