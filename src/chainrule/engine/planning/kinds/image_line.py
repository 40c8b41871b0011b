"""A line of index notation on images in a plan: a scale of each channel, a product over channels.

Images lie in tiles of samples already, so a line reads and writes them where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial

from chainrule.engine.network.network import Draft, Part
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.cuts import TileCut
from chainrule.engine.planning.kinds.base import Emission, Names, gradient_name
from chainrule.engine.planning.kinds.images import ImageHead
from chainrule.engine.planning.kinds.line import Line, backprop_call, begin, contraction, operands
from chainrule.engine.planning.line_steps import LineSteps
from chainrule.engine.planning.line_tensors import LineTensors, in_planes
from chainrule.engine.planning.weights import Weights
from chainrule.engine.planning.work import Work, phases
from chainrule.functions import AvgPool2d
from chainrule.layout import Layer
from chainrule.notation import gradient


class ImageLine(ImageHead):
    """Y[n,c,h,w], as a line says, of images X[n,c,h,w]; and the functions after it.

    Any other line, or one in another place, is a :class:`.line.Line`.
    """

    replaced = Line.replaced
    imports = Line.imports

    # ---- before there is a plan

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Begin a part of images, if these are such; else one of rows of numbers."""
        ranks = {len(layer.input_shape), len(layer.output_shape)}
        if ranks != {3} or (draft.parts and not draft.parts[-1].of_images):
            return Line.lower(draft, layer, place)
        begin(cls, draft, layer, place)
        return True

    @classmethod
    def windows_of(cls, part: Part) -> Windows:
        """Return the windows of one pixel."""
        return Windows.of(replace(part, function=AvgPool2d(1), outputs=part.inputs))

    @classmethod
    def add_parameters(cls, part: Part, weights: Weights, *, behind: bool) -> None:
        """Add the parameters as all lines do."""
        Line.add_parameters(part, weights, behind=behind)

    @classmethod
    def multiply_adds(cls, part: Part, entries: float | None) -> int:
        """Return those of the steps forward."""
        return contraction(part).products

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return what most lines are made of."""
        return Line.kernels()

    # ---- listing

    @classmethod
    def rules(cls, part: Part, name: str) -> dict[str, object]:
        """Return the line, parsed."""
        return Line.rules(part, name)

    @classmethod
    def forward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the line, evaluated."""
        code = f"evaluate({names.head}, {operands(part, names)})"
        yield f"{names.values[0]} = {code}", part.function.text()

    @classmethod
    def backward_lines(cls, part: Part, names: Names) -> Iterator[tuple[str, str]]:
        """Yield backprop to the parameters and to X."""
        line = part.function.line(part.inputs)
        for own, name in part.names.items():
            found = backprop_call(part, names, own)
            yield f"{gradient_name(name)} = {found}", str(gradient(line, own))
        yield f"{names.before} = {backprop_call(part, names, 'X')}", str(gradient(line, "X"))

    # ---- a plan

    @cached_property
    def tensors(self) -> LineTensors:
        """Where the arrays of the line are."""
        made, names = contraction(self.part), self.part.names
        own = {own: self.weights.parameters[name] for own, name in names.items()}
        images = {"X": self.reads, made.line.target: self.values.z}
        images[f"d{made.line.target}"] = self.values.gradient
        if self.before:
            images["dX"] = self.before.values.gradient
        places = {name: in_planes(planes) for name, planes in images.items()}
        return LineTensors(self.context, dict(made.sizes), own, places)

    @cached_property
    def works(self) -> tuple[list[Work], list[Work]]:
        """What there is to do forward, and back."""
        made = contraction(self.part)
        steps = LineSteps(self.tensors, made.sample)
        back = made.backward(input_gradient=self.before is not None)
        forward = [work for step in made.forward() for work in steps.works(step)]
        return forward, [work for step in back for work in steps.works(step)]

    def forward(self, cut: TileCut) -> None:
        """Add the line, and the functions after it."""
        for work in self.works[0]:
            work.add(cut.thread, (cut.tile, cut.tile + 1))
        self.follow(cut)

    def sum_gradients(self, cut: TileCut) -> None:
        """Add all gradients of a tile: those by X, and what those by the parameters need."""
        for work in self.works[1]:
            if work.sampled:
                work.add(cut.thread, (cut.tile, cut.tile + 1))

    def pass_back(self, cut: TileCut, before: ImageHead) -> None:
        """Add the slopes of the functions before, given dX."""
        before.slopes(cut)

    def updates(self) -> Sequence[Callable[[int], None]]:
        """Return the gradients by the parameters, phase by phase, and the moves."""
        ordered = phases([work for work in self.works[1] if not work.sampled])

        def all_of(phase: Sequence[Callable[[int], None]], thread: int) -> None:
            for work in phase:
                work(thread)

        gradients = [partial(all_of, phase) for phase in ordered]
        return (*gradients, *super().updates())
