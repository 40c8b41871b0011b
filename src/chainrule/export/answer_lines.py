"""What makes answers of a chain's numbers, beside its own functions: lines of index notation."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule import notation
from chainrule.functions import Multilinear
from chainrule.functions.scale import LETTERS
from chainrule.types import Shape

__all__ = ["BothSides", "MeanOfMembers", "Negated", "Units"]


@dataclass(frozen=True)
class BothSides(Multilinear):
    """The scores of both of two classes, given that of the second: −z and z, by M = (−1 1)."""

    def text(self) -> str:
        """Return the line for samples of one number."""
        return "Y[n,j] = X[n,i] M[i,j]"

    def line(self, input_shape: Shape | None = None) -> notation.Line:
        """Return the line, for samples or members of one number."""
        members = "k," if len(input_shape or (1,)) == 2 else ""
        return notation.parse(f"Y[n,{members}j] = X[n,{members}i] M[i,j]", {})

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return M (1, 2)."""
        return {"M": (1, 2)}


@dataclass(frozen=True)
class MeanOfMembers(Multilinear):
    """What the members of an ensemble say on average."""

    def text(self) -> str:
        """Return the line."""
        return "Y[n,c] = 1/k X[n,k,c]"


@dataclass(frozen=True)
class Units(Multilinear):
    """Standardised numbers in their own units: times the deviation, plus the mean."""

    def text(self) -> str:
        """Return the line."""
        return "Y[n,k] = X[n,k] s[k] + m[k]"

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return s (k,) and m (k,)."""
        return {"s": input_shape, "m": input_shape}


@dataclass(frozen=True)
class Negated(Multilinear):
    """The same numbers with the other sign."""

    def text(self) -> str:
        """Return the line for samples of one axis."""
        return "Y[n,i] = -X[n,i]"

    def line(self, input_shape: Shape | None = None) -> notation.Line:
        """Return the line, for samples of any axes."""
        own = ",".join(LETTERS[: len(input_shape or (1,))])
        return notation.parse(f"Y[n,{own}] = -X[n,{own}]", {})
