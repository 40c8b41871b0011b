"""A residual block of rows of numbers: its functions, between a fork of the way and a sum.

The fork's numbers are those of the part before, where they lie; what comes back along both ways is
added there. So the functions between are planned as if there were no block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chainrule.engine.kernels import residual, rows
from chainrule.engine.network.network import Draft, Part
from chainrule.engine.planning.cuts import RowCut, Values
from chainrule.engine.planning.kinds.base import Emission, Kind, Names, emission
from chainrule.engine.planning.kinds.rows import RowHead
from chainrule.layout import Layer


class ResidualKind(Kind):
    """Y = X + F(X)."""

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Add a fork, the parts of the functions, and the sum."""
        if len(layer.input_shape) > 2:
            return False
        Fork.lower(draft, layer, place)
        for inner in layer.inner:
            draft.lower(draft, inner, inner.place)
        Sum.lower(draft, layer, place)
        return True

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the kernels to compile ahead."""
        return [emission(residual.add), emission(residual.copy), emission(rows.into_panels)]


class Pass(RowHead):
    """Rows of numbers as they are, where they lie, for functions that follow no part."""

    whole_tiles = True
    reads_sparse = False

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Begin a part of the numbers that there are."""
        shapes = {"inputs": layer.input_shape, "outputs": layer.input_shape}
        draft.begin(cls, layer, place, names={}, **shapes)
        return True

    @classmethod
    def rules(cls, part: Part, name: str) -> dict[str, Any]:
        """Return nothing: what it does is written out."""
        return {}

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield X, under its other name."""
        yield f"{names.values[0]} = {names.x}", ""

    @classmethod
    def backward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the gradient, under its other name."""
        yield f"{names.before} = {names.gradient}", ""

    def _values(self, keeps: bool) -> Values:
        made = super()._values(keeps)
        taken = self.before.values.output if self.before else made.z
        return Values(taken, made.y, made.gradient, made.masks)

    @property
    def wants_gradient(self) -> bool:
        """Whether anybody needs the gradient by X: not of samples."""
        return self.before is not None and self.before.wants_gradient

    @property
    def by_samples(self) -> bool:
        """Whether threads share out samples: to bring these into panels, too."""
        return self.before is None or super().by_samples

    def forward(self, cut: RowCut) -> None:
        """Add X, where samples do not lie in panels yet, and the functions of it."""
        if not cut:
            return
        if self.before is None:
            self.bring_samples(cut)
        self.follow(cut)

    def backward(self, cut: RowCut) -> None:
        """Add dX = dY, and what the functions before make of it."""
        if cut and self.before is not None:
            cut.copy(self.values.gradient, self.before.values.gradient)
            self.before.slopes(cut)


class Fork(Pass):
    """Where the way past the functions leaves: X, for both."""

    paired = True
    sum: Sum

    @classmethod
    def backward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the sum of what both ways bring back."""
        yield f"{names.before} = {names.gradient} + {names.beside}", "dX = dY + dF·∂F/∂X"

    def backward(self, cut: RowCut) -> None:
        """Add dX, what came back through the functions and what passed them by."""
        if cut and self.before is not None:
            cut.add(self.values.gradient, self.sum.values.gradient, self.before.values.gradient)
            self.before.slopes(cut)


class Sum(Pass):
    """Where the way past the functions comes back: Y = X + F."""

    paired = True

    def __init__(self, *planned: Any) -> None:
        super().__init__(*planned)
        self.fork = self._own_fork()
        self.fork.sum = self

    def _own_fork(self) -> Fork:
        """Return the fork of the same block, which has the same place."""
        head: Any = self.before
        while not (isinstance(head, Fork) and head.part.place == self.part.place):
            head = head.before
        return head

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the sum."""
        yield f"{names.values[0]} = {names.beside} + {names.x}", "Y = X + F"

    def _values(self, keeps: bool) -> Values:
        return RowHead._values(self, keeps)

    @property
    def wants_gradient(self) -> bool:
        """Whether anybody needs the gradient by the sum: its functions do."""
        return True

    @property
    def by_samples(self) -> bool:
        """Whether threads share out samples, since each of these is needed as a whole."""
        return self.part.whole_samples

    def forward(self, cut: RowCut) -> None:
        """Add the sum, and the functions of it."""
        if cut and self.before is not None:
            cut.add(self.fork.values.z, self.before.values.output, self.values.z)
            self.follow(cut)
