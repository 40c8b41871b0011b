"""EmbeddingBag in a plan: the matrix product of the samples, which come first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.engine.network.network import Draft, Part
from chainrule.engine.planning.kinds.base import Names
from chainrule.engine.planning.kinds.dense import Dense
from chainrule.layout import Layer


class EmbeddingBagKind(Dense):
    """Y[n,d] = X[n,p] A[p,d]; with mode "mean" samples are divided by their sums as they come."""

    matrix = "A"

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Begin a network; there is no kernel for a bag further on."""
        return place == 0 and super().lower(draft, layer, place)

    @classmethod
    def prepared(cls, function: Any, X: Any) -> Any:
        """Return X, or X divided by its rows' sums."""
        return function.weights(X)

    @classmethod
    def rules(cls, part: Part, name: str) -> dict[str, object]:
        """Return the function that divides samples by their sums."""
        return {"bag": part.function} if part.function.mode == "mean" else {}

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the division, and the product."""
        if part.function.mode == "mean":
            yield "X = bag.weights(X)", "X[n,p] / Σ_p X[n,p]"
        yield from super().forward_lines(part, names)
