"""Any other line of index notation in a plan: what a user's own Multilinear runs as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.engine.kernels import contraction as kernels, planes, product
from chainrule.engine.network.contraction import Contraction, NoContractionError
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.network.network import Draft, Part
from chainrule.engine.planning.contractions import LinePlan
from chainrule.engine.planning.cuts import RowCut, Values
from chainrule.engine.planning.kinds.base import Emission, Head, Names, emission, gradient_name
from chainrule.engine.planning.kinds.rows import RowHead
from chainrule.engine.planning.weights import Weights
from chainrule.functions import Multilinear
from chainrule.layout import Layer
from chainrule.notation import Line as NotationLine, gradient

Phases = Sequence[Sequence[Callable[[int], None]]]


class Line(RowHead):
    """Y, as a line says, of samples of any shape; and the functions after it.

    Threads share the elements of each step of the contraction, whatever the batch.
    """

    replaced = ("forward", "backprop")
    together = True
    whole_tiles = True
    reads_sparse = False
    imports = ("from chainrule.notation import backprop, evaluate, parse",)

    # ---- before there is a plan

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Begin a part of rows of numbers; CannotLowerError says what of a line has no kernel."""
        begin(cls, draft, layer, place)
        return True

    @classmethod
    def add_parameters(cls, part: Part, weights: Weights, *, behind: bool) -> None:
        """Add the parameters, each in panels along an axis that suits its gradient."""
        made = contraction(part)
        for own, name in part.names.items():
            shape, axis = made.parameters[own], made.axis(own)
            weights.add(name, shape, axis=axis, padded=False, by_itself=True)

    @classmethod
    def multiply_adds(cls, part: Part, entries: float | None) -> int:
        """Return those of the steps forward."""
        return contraction(part).products

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return what most lines are made of."""
        plain = (kernels.turn, planes.gather, product.product)
        options = {"scaled": False, "adds": False}
        made = [
            emission(kernels.values, kinds="vs", summed=summed, plus=plus, **options)
            for summed in (False, True)
            for plus in (False, True)
        ]
        made += [
            emission(kernels.results, columns=columns, plus=plus, **options)
            for columns, plus in ((False, False), (False, True), (True, False))
        ]
        made += [emission(kernels.sums, kinds=kinds, adds=False) for kinds in ("v", "vv")]
        return [*map(emission, plain), *made]

    # ---- listing

    @classmethod
    def rules(cls, part: Part, name: str) -> dict[str, object]:
        """Return the line, parsed."""
        return {name: _Parsed(part.function.line(part.inputs))}

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the line, evaluated."""
        code = f"evaluate({names.head}, {operands(part, names)}).reshape(len(X), -1)"
        yield f"{names.values[0]} = {code}", part.function.text()

    @classmethod
    def backward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield backprop to X."""
        code = f"{backprop_call(part, names, 'X')}.reshape(len(X), -1)"
        yield f"{names.before} = {code}", str(gradient(part.function.line(part.inputs), "X"))

    @classmethod
    def gradient_lines(cls, part: Part, names: Names, penalty: str) -> Iterator[tuple[str, str]]:
        """Yield backprop to the parameters."""
        line, penalized = part.function.line(part.inputs), part.penalized
        for own, name in part.names.items():
            due = penalty.format(name) if name in penalized else ""
            found = f"{backprop_call(part, names, own)}{due}"
            yield f"{gradient_name(name)} = {found}", str(gradient(line, own))

    # ---- a plan

    @cached_property
    def plan(self) -> LinePlan:
        """The plan of the line's steps."""
        own = {own: self.weights.parameters[name] for own, name in self.part.names.items()}
        return LinePlan(contraction(self.part), own, self.context)

    def _values(self, keeps: bool) -> Values:
        made = super()._values(keeps)
        alone = made.gradient is made.z  # z has numbers in rows that no sample has
        return Values(made.z, made.y, self._panels(), made.masks) if alone else made

    def forward_together(self) -> Phases:
        """Return the steps from X to Y."""
        X = self.before.values.output if self.before else None
        return self.plan.forward(X, self.values.z, self._follow)

    def forward(self, cut: RowCut) -> None:
        """Add the functions after it, unless each thread has had them for its samples."""
        if cut and not self.plan.by_tiles:
            self.follow(cut)

    def _follow(self, cut: RowCut) -> None:
        self.follow(self.whole(cut.thread, cut.rows))

    def backward_together(self) -> Phases:
        """Return the steps from dY to dX, if that is wanted, and to the parameters' gradients."""
        wanted = self.before and self.before.wants_gradient
        dX = self.before.values.gradient if self.before and wanted else None
        return self.plan.backward(self.values.gradient, dX, self._slopes)

    def backward(self, cut: RowCut) -> None:
        """Add the slopes of the functions before, given dX, likewise."""
        assert self.before is not None
        if cut and not self.plan.by_tiles:
            self.before.slopes(cut)

    def _slopes(self, cut: RowCut) -> None:
        if self.before is not None and self.before.wants_gradient:
            self.before.slopes(self.before.whole(cut.thread, cut.rows))


def begin(kind: type[Head], draft: Draft, layer: Layer, place: int) -> None:
    """Begin a part; CannotLowerError says what of its line has no kernel."""
    draft.begin(kind, layer, place)
    try:
        contraction(draft.parts[-1])
    except NoContractionError as error:
        function: Any = layer.function
        line = f"{function}: the engine has no kernel for {function.text()!r}"
        raise CannotLowerError(f"{line}: {error}") from None


def contraction(part: Part) -> Contraction:
    """Return the contraction of a part; NoContractionError says what of its line does not fit."""
    function, shape = part.function, part.inputs
    assert isinstance(function, Multilinear)
    return Contraction.of(
        function.line(shape),
        shape,
        part.outputs,
        function.parameter_shapes(shape),
        function.sizes(shape),
    )


@dataclass(frozen=True)
class _Parsed:
    """A line that shows the call that parses it."""

    line: NotationLine

    def __repr__(self) -> str:
        constants = f", {dict(self.line.constants)}" if self.line.constants else ""
        return f"parse({str(self.line)!r}{constants})"


def operands(part: Part, names: Names) -> str:
    """Return what a line is computed from, as a dictionary."""
    shape = ", ".join(map(str, part.inputs))
    parameters = (f", {own!r}: w[{name!r}]" for own, name in part.names.items())
    return f"{{'X': {names.x}.reshape(-1, {shape}){''.join(parameters)}}}"


def backprop_call(part: Part, names: Names, by: str) -> str:
    """Return the call that backprops through a line."""
    upstream = f"{names.gradient}.reshape(-1, {', '.join(map(str, part.outputs))})"
    return f"backprop({names.head}, {operands(part, names)}, {upstream}, by={by!r})"
