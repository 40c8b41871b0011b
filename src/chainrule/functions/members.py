"""What layers of several networks side by side have in common: an axis of members."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.functions.base import Multilinear
from chainrule.functions.fields import check_count
from chainrule.types import Shape


@dataclass(frozen=True)
class OfMembers(Multilinear):
    """A layer with outputs (n, k, o) of k members, which begin here or are in X already.

    Parameters
    ----------
    outputs : int
        The number of outputs o of each member.
    members : int, optional
        How many members begin here; by default X has the members already.
    """

    outputs: int
    members: int | None = None

    def __init_subclass__(cls) -> None:
        """Let a layer's docstring end with these parameters, which all such layers have."""
        if cls.__doc__ and OfMembers.__doc__:  # Python may run without docstrings
            _, title, parameters = OfMembers.__doc__.partition("    Parameters\n")
            cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n{title}{parameters}"

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_count(self, "outputs")
        if self.members is not None:
            check_count(self, "members")

    @property
    def samples(self) -> str:
        """X with its letters: of samples that all members read, or of each member's own."""
        return "X[n,k,i]" if self.members is None else "X[n,i]"

    def sizes_of(self, input_shape: Shape) -> tuple[int, int]:
        """Return how many members there are, and how many numbers each of them reads."""
        if self.members is not None:
            self._check_rank(input_shape, "features")
            return self.members, input_shape[0]
        self._check_rank(input_shape, "members, features")
        return input_shape[0], input_shape[1]

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (k, o)."""
        return self.sizes_of(input_shape)[0], self.outputs

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (i, o): those of each member."""
        return self.sizes_of(input_shape)[1], self.outputs
