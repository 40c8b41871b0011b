"""Pointwise functions of the samples themselves, before the first product."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from chainrule.engine.kernels import rows
from chainrule.engine.network.network import Draft, Part
from chainrule.engine.planning.cuts import RowCut, Values
from chainrule.engine.planning.kinds.base import Emission, Names, emission
from chainrule.engine.planning.kinds.pools import AveragePool
from chainrule.engine.planning.kinds.rows import RowHead
from chainrule.functions import AvgPool2d
from chainrule.layout import Layer


class Samples(RowHead):
    """Samples X (n, …) brought into panels, for the functions that follow."""

    idle = True

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Begin with the samples as rows of numbers."""
        shape = (prod(layer.input_shape),)
        draft.begin(cls, layer, place, function=None, names={}, inputs=shape, outputs=shape)
        return True

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return what brings samples into panels."""
        return [emission(rows.into_panels)]

    @classmethod
    def rules(cls, part: Part, name: str) -> dict[str, Any]:
        """Return nothing: there is no function but those that follow."""
        return {}

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Any:
        """Return nothing: X is there."""
        return iter(())

    backward_lines = forward_lines

    def _values(self, keeps: bool) -> Values:
        made = super()._values(keeps)
        return Values(made.z, made.y, made.z, made.masks)  # the gradient is not wanted

    @property
    def wants_gradient(self) -> bool:
        """Whether anybody needs the gradient by the samples: no."""
        return False

    def forward(self, cut: RowCut) -> None:
        """Add X and the functions of it, for some samples of the batch."""
        if not cut:
            return
        self.bring_samples(cut)
        self.follow(cut)


def begin_with_samples(draft: Draft, layer: Layer, place: int, *, images: bool) -> None:
    """Begin a network with the samples as they are: as images if they are such and may be."""
    if images and len(layer.input_shape) == 3:
        shape = layer.input_shape
        given = {"names": {}, "inputs": shape, "outputs": shape}
        draft.begin(AveragePool, layer, place, function=AvgPool2d(1), **given)
    else:
        Samples.lower(draft, layer, place)
