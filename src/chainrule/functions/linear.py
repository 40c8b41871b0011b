"""The fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.functions.base import Multilinear
from chainrule.functions.fields import check_count
from chainrule.types import Shape


@dataclass(frozen=True)
class Linear(Multilinear):
    """Fully connected layer: each output is a weighted sum of all inputs, and a bias.

    Definition: Y[n,o] = X[n,i] W[i,o] + b[o]
    Shapes: X (n, i), W (i, o), b (o) -> Y (n, o); X may be a SciPy sparse matrix
    Jacobian: ∂Y[n,o]/∂X[n,i] = W[i,o], ∂Y[n,o]/∂W[i,o'] = X[n,i] if o = o' else 0
    Backprop: dX[n,i] = dY[n,o] W[i,o], dW[i,o] = X[n,i] dY[n,o], db[o] = dY[n,o]
    Source: lecture notes on neural networks, where one sample is a column: y = W x. Here samples
        are rows, as in scikit-learn, so W is the transpose of theirs.

    Parameters
    ----------
    outputs : int
        The number of outputs o.
    bias : bool, default=True
        Whether b is added.
    """

    sparse_input: ClassVar[bool] = True

    outputs: int
    bias: bool = True

    def __post_init__(self) -> None:
        """Check the number of outputs."""
        check_count(self, "outputs")

    def text(self) -> str:
        """Return the line that defines the layer."""
        return "Y[n,o] = X[n,i] W[i,o]" + (" + b[o]" if self.bias else "")

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return W (i, o) and b (o)."""
        self._check_rank(input_shape, "features")
        weights: dict[str, Shape] = {"W": (input_shape[0], self.outputs)}
        return weights | ({"b": (self.outputs,)} if self.bias else {})

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (o,)."""
        self._check_rank(input_shape, "features")
        return (self.outputs,)

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (i, o)."""
        return input_shape[0], self.outputs
