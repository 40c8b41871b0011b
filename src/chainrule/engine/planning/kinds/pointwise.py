"""Pointwise kinds: elementwise functions, dropout, softmax."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from chainrule.engine.kernels import dropout, members, planes, pointwise, softmax
from chainrule.engine.machine.memory import Panels
from chainrule.engine.network.network import Draft, Pointwise
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import RowCut, Values
from chainrule.engine.planning.kinds.base import Emission, Kind, elementwise, emission
from chainrule.engine.planning.kinds.samples import begin_with_samples
from chainrule.engine.planning.member_rows import MemberRows
from chainrule.functions import LogSoftmax
from chainrule.layout import Layer


class PointwiseKind(Kind):
    """A function without parameters that keeps the shape, after a head.

    ``in_registers``: a product's epilogue can take it, and its derivative, along;
    ``whole_samples``: it takes all numbers of a sample; ``random``: it is left out in prediction,
    and has a mask; ``on_rasters``: what it adds with a cut are values alone, of any layout.
    """

    in_registers: ClassVar[bool] = False
    whole_samples: ClassVar[bool] = False
    random: ClassVar[bool] = False
    on_rasters: ClassVar[bool] = False
    listed: ClassVar[tuple[str, ...]] = ("{y} = {f}.forward({x}, {{}})",)
    """The listing's lines of function f from x to y; ``key`` is what a mask is drawn from.

    ``rows`` reshapes the numbers of members into a row for each, and ``flat`` back.
    """
    listed_back: ClassVar[str] = "{gradient}, _ = {f}.backprop({gradient}, {x}, {y}, {{}})"
    """The line that takes a gradient from y to x; ``law`` says what it does."""
    law: ClassVar[str] = "dX = dY · ∂Y/∂X"

    def __init__(self, context: PlanContext, own: Pointwise, values: Values, k: int) -> None:
        self.context, self.function, self.place = context, own.function, own.place
        self.x, self.y, self.gradient = values.before(k), values.y[k], values.gradient
        self.masks, self.k = values.masks, k

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Let a function follow the last part; of the first one, make a part of the samples."""
        if not draft.parts:
            begin_with_samples(draft, layer, place, images=not cls.whole_samples)
        elif cls.whole_samples and draft.parts[-1].of_images:
            return False
        draft.follow(cls, layer, place)
        return True

    @abstractmethod
    def forward(self, cut: Any) -> None:
        """Add Y = f(X)."""

    @abstractmethod
    def backward(self, cut: Any, source: Any) -> None:
        """Add the gradient by X in the place of that by Y, or of a source that stands in for it."""


class ElementwiseKind(PointwiseKind):
    """A function of each number alone; kernels are made from its own value and derivative."""

    in_registers = on_rasters = True
    listed = ("{y} = {f}.value({x})",)
    listed_back = "{gradient} = {gradient} * {f}.derivative({x}, {y})"
    law = "dX = dY · derivative(X, Y)"

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the kernels to compile ahead."""
        rules = (pointwise.value, pointwise.slope, planes.value, planes.slope)
        return [emission(emit, function) for function in elementwise() for emit in rules]

    def forward(self, cut: Any) -> None:
        """Add Y = f(X)."""
        cut.value(self.function, self.x, self.y)

    def backward(self, cut: Any, source: Any) -> None:
        """Add the gradient by X."""
        cut.slope(self.function, self.x, self.y, self.gradient, source)


class DropoutKind(PointwiseKind):
    """Numbers times a mask, which is drawn where it is needed."""

    random = True
    listed = ("{mask} = {f}.mask({x}, {key})", "{y} = {x} * {mask}")
    listed_back = "{gradient} = {gradient} * {mask}"
    law = ElementwiseKind.law

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the kernels to compile ahead."""
        emits = (dropout.draw, dropout.masked, dropout.draw_lanes, planes.times)
        return [emission(emit) for emit in emits]

    def forward(self, cut: Any) -> None:
        """Add Y = f(X)."""
        cut.draw(self.function, self.place, self.x, self.y, self.masks[self.k])

    def backward(self, cut: Any, source: Any) -> None:
        """Add the gradient by X."""
        cut.mask(self.masks[self.k], self.gradient, source)


class SoftmaxKind(PointwiseKind):
    """Softmax or its logarithm, of all numbers of a sample, or of each of its members."""

    whole_samples = True
    listed = ("{y} = {f}.forward({x}{rows}, {{}}){flat}",)
    listed_back = "{gradient} = {f}.backprop({gradient}{rows}, {x}{rows}, {y}{rows}, {{}})[0]{flat}"

    def __init__(self, context: PlanContext, own: Pointwise, values: Values, k: int) -> None:
        super().__init__(context, own, values, k)
        *several, self.outputs = own.shape
        self.apart = [MemberRows(context, *own.shape) for _ in "yg"] if several else []

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the kernels to compile ahead."""
        emits = (softmax.value, softmax.slope)
        made = [emission(emit, logarithm=log) for log in (False, True) for emit in emits]
        return [*made, emission(members.apart), emission(members.together)]

    def forward(self, cut: RowCut) -> None:
        """Add Y = f(X)."""
        if not self.apart:
            self._add(softmax.value, cut, self.y, x=self.x.address)
            return
        y, _ = self.apart
        y.take(cut.thread, cut.rows, self.x)
        for place in y.places:
            self._add(softmax.value, cut, y.panels, x=place, y=place)
        y.give(cut.thread, cut.rows, self.y)

    def backward(self, cut: RowCut, source: Any) -> None:
        """Add the gradient by X."""
        if not self.apart:
            self._add(softmax.slope, cut, self.y, gradient=self.gradient.address)
            return
        y, gradient = self.apart
        y.take(cut.thread, cut.rows, self.y)
        gradient.take(cut.thread, cut.rows, self.gradient)
        for own, of_own in zip(y.places, gradient.places, strict=True):
            self._add(softmax.slope, cut, y.panels, y=own, gradient=of_own)
        gradient.give(cut.thread, cut.rows, self.gradient)

    def _add(self, emit: Any, cut: RowCut, panels: Panels, **where: int) -> None:
        kernel = self.context.library.get(emit, logarithm=isinstance(self.function, LogSoftmax))
        self.context.code.add(
            cut.thread,
            kernel,
            first=cut.rows[0],
            last=cut.rows[1],
            outputs=self.outputs,
            vector_stride=panels.stride,
            **{"y": panels.address, **where},
        )
