"""A chain and its loss, as the engine sees them: parts, one after another.

A part begins with a function that makes new numbers of those it reads, its **head**: a Linear, a
convolution, a pool. The **pointwise** functions after it, those without parameters that keep the
shape, belong to it, since a product takes the first of them along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from chainrule.layout import Layer
from chainrule.losses import Loss
from chainrule.types import Shape


@dataclass(frozen=True)
class Pointwise:
    """A pointwise function of a part: its kind, its place in the chain, the shape of a sample."""

    kind: Any
    function: Any
    place: int
    shape: Shape


@dataclass(frozen=True)
class Part:
    """A head, and the pointwise functions after it.

    ``kind`` is the head's class in the table of kinds; ``place`` its place in the chain, on which
    what is drawn depends; ``names`` are those of its parameters, its own and the chain's. Shapes
    are those of a sample: (c, h, w) of images, else (features,).
    """

    kind: Any
    function: Any
    place: int
    names: Mapping[str, str]
    inputs: Shape
    outputs: Shape
    pointwise: tuple[Pointwise, ...] = ()

    @property
    def features(self) -> int:
        """Numbers that the part makes of a sample."""
        return prod(self.outputs)

    @property
    def reads(self) -> int:
        """Numbers of a sample that the part reads."""
        return prod(self.inputs)

    @property
    def of_images(self) -> bool:
        """Whether the part makes images, which lie sample-blocked."""
        return bool(self.kind.of_images)

    @property
    def whole_samples(self) -> bool:
        """Whether a function takes all numbers of a sample, so that one thread must have them."""
        return any(each.kind.whole_samples for each in self.pointwise)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of the parameters, by the chain's names."""
        if not self.names:
            return {}
        own = self.function.parameter_shapes(self.inputs)
        return {name: own[key] for key, name in self.names.items()}

    def followed(self, following: Pointwise) -> Part:
        """Return the part with one pointwise function more."""
        return replace(self, pointwise=(*self.pointwise, following))

    @property
    def penalized(self) -> frozenset[str]:
        """The parameters that a penalty applies to, by the chain's names."""
        if not self.names:
            return frozenset()
        return frozenset(self.names[own] for own in self.function.penalized(self.inputs))

    def of_member(self, number: int) -> Part:
        """Return the part of a member, whose parameters are its own number of all."""
        names = {own: member_name(name, number) for own, name in self.names.items()}
        return replace(self, names=names)

    def in_prediction(self) -> Part:
        """Return the part without what is random."""
        return replace(self, pointwise=tuple(f for f in self.pointwise if not f.kind.random))


def member_name(name: str, number: int) -> str:
    """Return what a member's own of a parameter is called."""
    return f"{name}[{number}]"


@dataclass(frozen=True)
class Network:
    """Parts and a loss.

    The loss is that of the last part's output: of a last function and a loss that fuse, it is the
    pair's, and the function is left out. A network without a loss is for prediction. ``entries``
    is how many numbers a sample has, on average, where samples are sparse. ``shape`` is that of
    what is made of a sample.

    Of ``members``, the loss is that of each, and their mean is taken. Where they share no parameter
    the parts are those of one member, each has its own number of all parameters, and ``joint`` are
    the parts of all of them together.
    """

    parts: tuple[Part, ...]
    loss: Loss | None
    entries: float | None = None
    shape: Shape = ()
    members: int = 1
    joint: tuple[Part, ...] = ()

    def each(self) -> list[Network]:
        """Return the networks that share nothing: this one, or that of each member."""
        if not self.joint:
            return [self]
        return [self._member(number) for number in range(self.members)]

    def _member(self, number: int) -> Network:
        parts = tuple(part.of_member(number) for part in self.parts)
        return replace(self, parts=parts, shape=self.shape[1:], members=1, joint=())

    @property
    def of_members(self) -> bool:
        """Whether a sample's outputs are those of members, each with a loss of its own."""
        return self.members > 1 or len(self.shape) == 2

    @property
    def together(self) -> Network:
        """The network of all members at once."""
        return replace(self, parts=self.joint, joint=()) if self.joint else self

    def in_prediction(self) -> Network:
        """Return the network without what is random."""
        parts = [part.in_prediction() for part in self.parts]
        kept = (part for part in parts if part.pointwise or not part.kind.idle)
        return replace(self, parts=tuple(kept))

    @property
    def images(self) -> tuple[Part, ...]:
        """The parts that make images."""
        return tuple(part for part in self.parts if part.of_images)

    @property
    def first_product(self) -> Part:
        """The first part with parameters."""
        return next(part for part in self.parts if part.names)

    @property
    def inputs(self) -> int:
        """Numbers of a sample."""
        return self.parts[0].reads

    @property
    def outputs(self) -> int:
        """Numbers of a sample, or of each of its members, that the loss sees."""
        return prod(self.shape) // self.members


class Draft:
    """A network under construction, as kinds of functions see it when they are lowered.

    Parameters
    ----------
    lower : callable
        Adds a layer to a draft, given this, the layer and its place: what a function does with
        those that it holds.
    """

    def __init__(self, lower: Callable[[Draft, Layer, int], None]) -> None:
        self.lower = lower
        self.parts: list[Part] = []

    @property
    def last(self) -> Part | None:
        """The part that the next function follows, if there is one."""
        return self.parts[-1] if self.parts else None

    def begin(self, kind: Any, layer: Layer, place: int, **other: Any) -> None:
        """Add a part that begins with a layer's function."""
        shapes = layer.input_shape, layer.output_shape
        part = Part(kind, layer.function, place, layer.names, *shapes)
        self.parts.append(replace(part, **other))

    def follow(self, kind: Any, layer: Layer, place: int) -> None:
        """Add a pointwise function to the last part."""
        following = Pointwise(kind, layer.function, place, layer.output_shape)
        self.parts.append(self.parts.pop().followed(following))
