"""Pointwise kinds: elementwise functions, dropout, softmax."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chainrule.engine.kernels import dropout, planes, pointwise, softmax
from chainrule.engine.planning.cuts import RowCut
from chainrule.engine.planning.kinds.base import Emission, PointwiseKind, elementwise, emission
from chainrule.functions import LogSoftmax


class ElementwiseKind(PointwiseKind):
    """A function of each number alone; kernels are made from its own value and derivative."""

    in_registers = True

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

    @classmethod
    def forward_lines(
        cls, function: Any, name: str, x: str, y: str, mask: str, key: str
    ) -> Iterator[tuple[str, str]]:
        """Yield the lines of Y = f(X)."""
        yield f"{y} = {name}.value({x})", str(function)

    @classmethod
    def backward_lines(
        cls, name: str, x: str, y: str, mask: str, gradient: str
    ) -> Iterator[tuple[str, str]]:
        """Yield the lines from dY to dX."""
        note = "dX = dY · derivative(X, Y)"
        yield f"{gradient} = {gradient} * {name}.derivative({x}, {y})", note


class DropoutKind(PointwiseKind):
    """Numbers times a mask, which is drawn where it is needed."""

    random = True

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

    @classmethod
    def forward_lines(
        cls, function: Any, name: str, x: str, y: str, mask: str, key: str
    ) -> Iterator[tuple[str, str]]:
        """Yield the lines of Y = f(X)."""
        yield f"{mask} = {name}.mask({x}, {key})", ""
        yield f"{y} = {x} * {mask}", str(function)

    @classmethod
    def backward_lines(
        cls, name: str, x: str, y: str, mask: str, gradient: str
    ) -> Iterator[tuple[str, str]]:
        """Yield the lines from dY to dX."""
        yield f"{gradient} = {gradient} * {mask}", "dX = dY · derivative(X, Y)"


class SoftmaxKind(PointwiseKind):
    """Softmax or its logarithm, of all numbers of a sample."""

    whole_samples = True

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the kernels to compile ahead."""
        emits = (softmax.value, softmax.slope)
        return [emission(emit, logarithm=log) for log in (False, True) for emit in emits]

    def forward(self, cut: RowCut) -> None:
        """Add Y = f(X)."""
        self._add(softmax.value, cut, x=self.x.address)

    def backward(self, cut: RowCut, source: Any) -> None:
        """Add the gradient by X."""
        self._add(softmax.slope, cut, gradient=self.gradient.address)

    def _add(self, emit: Any, cut: RowCut, **where: int) -> None:
        kernel = self.context.library.get(emit, logarithm=isinstance(self.function, LogSoftmax))
        self.context.code.add(
            cut.thread,
            kernel,
            first=cut.rows[0],
            last=cut.rows[1],
            outputs=self.y.features,
            vector_stride=self.y.stride,
            y=self.y.address,
            **where,
        )
