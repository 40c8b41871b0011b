"""The bag of embeddings: the first layer of the fastText model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from chainrule.formulas import Formulas, docstring_formulas
from chainrule.functions.base import Gradients, Multilinear, Parameters, RandomKey
from chainrule.functions.fields import check_choice, check_count
from chainrule.sparse_rows import check_arrays
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class EmbeddingBag(Multilinear):
    """Bag of embeddings: the sum, or the mean, of the rows of A that belong to a text's tokens.

    Definition: Y[n,d] = Σ_p X[n,p] A[p,d]; with mode "mean" X is first divided by its row's sum
    Shapes: X (n, p) counts or weights of tokens, usually sparse, A (p, d) -> Y (n, d); for the
        mean none is negative
    Jacobian: ∂Y[n,d]/∂X[n,p] = A[p,d]; for the mean (A[p,d] − Y[n,d]) / Σ_q X[n,q]
    Backprop: dA[p,d] = Σ_n X[n,p] dY[n,d], dX[n,p] = Σ_d dY[n,d] A[p,d];
        for the mean with X divided by its sums, and
        dX[n,p] = Σ_d dY[n,d] (A[p,d] − Y[n,d]) / Σ_q X[n,q]
    Numerics: an empty bag has mean 0, and its gradients are 0
    Source: Joulin et al., "Bag of tricks for efficient text classification", 2017; lecture notes
        on softmax(B A x), where x is a column and A the transpose of ours

    Parameters
    ----------
    dimensions : int
        The length d of an embedding.
    mode : {"sum", "mean"}, default="sum"
        Whether the embeddings of a bag are summed or averaged. An average with negative weights is
        none, since their sum may be near 0: a chain that begins with it refuses such samples, those
        of ``HashingVectorizer()`` unless it has ``alternate_sign=False``. A sum takes any numbers.
    """

    initialization: ClassVar[str] = "fasttext"
    sparse_input: ClassVar[bool] = True

    dimensions: int
    mode: str = "sum"

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_count(self, "dimensions")
        check_choice(self, "mode", ("sum", "mean"))

    def check_samples(self, X: Any) -> None:
        """Raise ValueError for negative weights of tokens in a mean."""
        values = X.data[: X.indptr[-1]] if sparse.issparse(X) else np.asarray(X)
        if self.mode == "sum" or not (negative := values < 0).any():
            return
        entries = np.argwhere(negative)
        number = values[tuple(entries[0])]
        if sparse.issparse(X):
            row = int(np.searchsorted(X.indptr, entries[0][0], side="right")) - 1
            token = X.indices[entries[0][0]]
        else:
            row, token = entries[0]
        raise self._misfit(
            "weights of tokens >= 0 in X, since a mean divides by their sum",
            f"{len(entries)} below, {number:g} for token {token} of sample {row} the first; "
            'mode="sum" takes any numbers',
        )

    def text(self) -> str:
        """Return the line that defines the layer."""
        return "Y[n,d] = X[n,p] A[p,d]"

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return A (p, d)."""
        self._check_rank(input_shape, "tokens")
        return {"A": (input_shape[0], self.dimensions)}

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (d,)."""
        self._check_rank(input_shape, "tokens")
        return (self.dimensions,)

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (p, d)."""
        return input_shape[0], self.dimensions

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, d)."""
        return super().forward(self.weights(X), parameters)

    def backprop(
        self,
        dY: Array,
        X: Array,
        Y: Array,
        parameters: Parameters,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = True,
    ) -> Gradients:
        """Return dX (n, p) and dA (p, d)."""
        dX, gradients = super().backprop(
            dY, self.weights(X), Y, parameters, input_gradient=input_gradient
        )
        if dX is not None and self.mode == "mean":
            # The weights are X/Σ X, so a token also dilutes the others: hence − Y.
            dX = (dX - np.sum(dY * Y, axis=1, keepdims=True)) * _reciprocal_sums(X)
        return dX, gradients

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return ∂Y[n]/∂X[n] (n, d, p) or ∂Y[n]/∂A (n, d, p, d)."""
        J = super().jacobian(self.weights(X), parameters, by)
        if by == "X" and self.mode == "mean":
            Y = self.forward(X, parameters)
            J = (J - Y[:, :, None]) * _reciprocal_sums(X)[:, :, None]
        return J

    def formulas(self) -> Formulas:
        """Return the line's formulas, or those of the mean, which is no sum of products."""
        return super().formulas() if self.mode == "sum" else docstring_formulas(self)

    def weights(self, X: Any) -> Any:
        """Return how much each token counts in its bag."""
        if self.mode == "sum":
            return X
        if sparse.issparse(X):
            check_arrays(str(self), X)
        reciprocals = _reciprocal_sums(X)
        scaled: Any = X.multiply(reciprocals) if hasattr(X, "multiply") else X * reciprocals
        return sparse.csr_array(scaled) if sparse.issparse(scaled) else scaled


def _reciprocal_sums(X: Any) -> Array:
    """Return 1/Σ_p X[n,p] as a column (n, 1), and 0 for an empty bag."""
    sums = np.asarray(X.sum(axis=1)).reshape(-1, 1)
    empty = sums == 0
    reciprocals: Array = np.where(empty, 0, 1 / np.where(empty, 1, sums))
    return reciprocals.astype(X.dtype) if X.dtype.kind == "f" else reciprocals
