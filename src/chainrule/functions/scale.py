"""A scale of its own for each number of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase

from chainrule import notation
from chainrule.functions.base import Multilinear
from chainrule.functions.fields import check_number
from chainrule.functions.starts import Start
from chainrule.types import Shape

LETTERS = [letter for letter in ascii_lowercase[8:] if letter not in "ns"]
"""The axes of a sample: i, j, k and so on."""


def scale_line(name: str, shape: Shape | None = None) -> notation.Line:
    """Return Y[n,i] = X[n,i] name[i], with as many axes i, j, … as samples of a shape have."""
    own = ",".join(LETTERS[: len(shape or (1,))])
    return notation.parse(f"Y[n,{own}] = X[n,{own}] {name}[{own}]", {})


@dataclass(frozen=True)
class Scale(Multilinear):
    """A learnt scale for each number of a sample: in front of a network, how much a column counts.

    Definition: Y[n,i] = X[n,i] s[i]; of samples with more axes, Y[n,i,j] = X[n,i,j] s[i,j]
    Shapes: X (n, …), s (…) -> Y (n, …)
    Jacobian: ∂Y[n,i]/∂X[n,i'] = s[i] if i = i' else 0, ∂Y[n,i]/∂s[i'] = X[n,i] if i = i' else 0
    Backprop: dX[n,i] = dY[n,i] s[i], ds[i] = Σ_n dY[n,i] X[n,i]
    Source: Holzmüller et al., "Better by default: strong pre-tuned MLPs and boosted trees on
        tabular data", 2024

    s starts at 1.

    Parameters
    ----------
    rate_factor : float, default=1.0
        What the learning rate of s is multiplied by: few numbers that are to move far take 6, say.
    """

    rate_factor: float = 1.0

    def __post_init__(self) -> None:
        """Check the factor."""
        check_number(self, "rate_factor", low=0.0)

    def text(self) -> str:
        """Return the line that defines the layer, for samples of one axis."""
        return "Y[n,i] = X[n,i] s[i]"

    def line(self, input_shape: Shape | None = None) -> notation.Line:
        """Return the line, parsed, for samples of a shape."""
        return scale_line("s", input_shape)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return s (…), of the shape of a sample."""
        if not 1 <= len(input_shape) <= len(LETTERS):
            raise self._misfit("samples of one axis or more", input_shape)
        return {"s": input_shape}

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (1, 1): a number is scaled by itself."""
        return 1, 1

    def starts(self, input_shape: Shape) -> Mapping[str, Start]:
        """Return 1 for s."""
        return {"s": 1.0}

    def penalized(self, input_shape: Shape) -> frozenset[str]:
        """Return none, whatever the axes of s: 0 is no better a scale than 1."""
        return frozenset()

    def learning_rate_factors(self) -> Mapping[str, float]:
        """Return the factor of s."""
        return {"s": self.rate_factor}
