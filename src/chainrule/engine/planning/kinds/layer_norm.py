"""Layer normalisation of rows of numbers: a pointwise kind; its scale and shift are a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.engine.kernels import layer_norm
from chainrule.engine.machine.memory import address
from chainrule.engine.network.network import Draft
from chainrule.engine.planning.cuts import RowCut
from chainrule.engine.planning.kinds.base import Emission, emission
from chainrule.engine.planning.kinds.line import Line
from chainrule.engine.planning.kinds.pointwise import PointwiseKind
from chainrule.engine.planning.kinds.residual import Pass
from chainrule.functions import LayerNorm, Multilinear
from chainrule.layout import Layer
from chainrule.types import Shape


@dataclass(frozen=True)
class ScaleShift(Multilinear):
    """What an affine normalisation does last."""

    def text(self) -> str:
        """Return the line."""
        return "Y[n,i] = X[n,i] g[i] + b[i]"

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return g (i,) and b (i,)."""
        return {"g": input_shape, "b": input_shape}


class LayerNormKind(PointwiseKind):
    """All numbers of a sample with mean 0 and variance 1; then each times g plus b."""

    whole_samples = True

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Let the normalisation follow the last part, and a line, if it is affine, that."""
        if len(layer.input_shape) != 1:
            return False
        if draft.last is not None and draft.last.of_images:
            Pass.lower(draft, layer, place)
        function: Any = layer.function
        plain = replace(layer, function=LayerNorm(affine=False, epsilon=function.epsilon))
        if not super().lower(draft, plain, place):
            return False
        if function.affine:
            Line.lower(draft, replace(layer, function=ScaleShift()), place)
        return True

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the kernels to compile ahead."""
        return [emission(layer_norm.value), emission(layer_norm.slope)]

    def forward(self, cut: RowCut) -> None:
        """Add Y = f(X)."""
        self._add(layer_norm.value, cut)

    def backward(self, cut: RowCut, source: Any) -> None:
        """Add the gradient by X."""
        self._add(layer_norm.slope, cut, gradient=self.gradient.address)

    def _add(self, emit: Any, cut: RowCut, **where: int) -> None:
        epsilon = np.array([self.function.epsilon], dtype=self.context.dtype)
        self.context.code.add(
            cut.thread,
            self.context.library.get(emit),
            first=cut.rows[0],
            last=cut.rows[1],
            features=self.y.features,
            vector_stride=self.y.stride,
            epsilon=address(self.context.code.keep(epsilon)),
            x=self.x.address,
            y=self.y.address,
            **where,
        )
