"""What the engine can lower, and what a rule needs: found by reading it, before any planning."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from math import prod
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar

from chainrule import mathematics
from chainrule.chain import Chain
from chainrule.functions import (
    AvgPool2d,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    Linear,
    MaxPool2d,
)
from chainrule.losses import ElementwiseLoss, Loss, SoftmaxCrossEntropy, fused


class CannotLowerError(ValueError):
    """The engine has no kernel for a part of the network; the message names it."""


Shape = tuple[int, int, int]

Map = Elementwise | Dropout
"""A function of each number alone."""


@dataclass(frozen=True)
class Stage:
    """A Linear and the functions of each number alone after it.

    ``weights`` and ``bias`` are its parameters' names in the chain's buffer; ``layers`` the maps'
    places in the chain, on which what they draw depends.
    """

    linear: Linear
    weights: str
    bias: str | None
    inputs: int
    outputs: int
    maps: tuple[Map, ...] = ()
    layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """A convolution or a pool, and the functions of each number alone after it.

    Shapes are (c, h, w); the rest is as a stage has it.
    """

    function: Conv2d | MaxPool2d | AvgPool2d
    weights: str | None
    bias: str | None
    inputs: Shape
    outputs: Shape
    maps: tuple[Map, ...] = ()
    layers: tuple[int, ...] = ()


_Part = TypeVar("_Part", Stage, Block)


@dataclass(frozen=True)
class Network:
    """A chain and its loss, as the engine sees them.

    Images first go through blocks; rows of numbers through stages. The loss is that of the last
    stage's output: of a last function and a loss that fuse, it is the pair's, and the function is
    left out.
    """

    stages: tuple[Stage, ...]
    loss: Loss
    blocks: tuple[Block, ...] = ()

    def in_prediction(self) -> Network:
        """Return the network without what is random."""
        blocks = tuple(map(_in_prediction, self.blocks))
        return replace(self, stages=tuple(map(_in_prediction, self.stages)), blocks=blocks)

    @property
    def inputs(self) -> int:
        """Features of a sample."""
        return self.stages[0].inputs

    @property
    def outputs(self) -> int:
        """Numbers of a sample that the loss sees."""
        return self.stages[-1].outputs


def _in_prediction(part: _Part) -> _Part:
    kept = [k for k, function in enumerate(part.maps) if not isinstance(function, Dropout)]
    maps, layers = tuple(part.maps[k] for k in kept), tuple(part.layers[k] for k in kept)
    return replace(part, maps=maps, layers=layers)


def _followed(part: _Part, function: Map, place: int) -> _Part:
    """Return a stage or a block with one function more, which has a place in the chain."""
    return replace(part, maps=(*part.maps, function), layers=(*part.layers, place))


def lower(chain: Chain, loss: Loss) -> Network:
    """Return the network of a chain; CannotLowerError names what the engine has no kernel for."""
    pair = fused(chain.functions[-1], loss)
    blocks: list[Block] = []
    stages: list[Stage] = []
    for place, layer in enumerate(chain.layers[:-1] if pair else chain.layers):
        function, names = layer.function, layer.names
        _check_inherited(function, _FUNCTIONS, _OF_FUNCTIONS)
        if isinstance(function, Flatten) and not stages:
            continue  # samples, or what blocks make of them, are rows of numbers in any case
        if isinstance(function, Linear):
            sizes = prod(layer.input_shape), prod(layer.output_shape)
            stages.append(Stage(function, names["W"], names.get("b"), *sizes))
        elif isinstance(function, Map) and stages:
            stages.append(_followed(stages.pop(), function, place))
        elif isinstance(function, Conv2d | MaxPool2d | AvgPool2d) and not stages:
            named = names.get("W"), names.get("b")
            blocks.append(
                Block(function, *named, _image(layer.input_shape), _image(layer.output_shape))
            )
        elif isinstance(function, Map) and blocks:
            blocks.append(_followed(blocks.pop(), function, place))
        elif isinstance(function, Map) and not stages and len(layer.input_shape) == 3:
            shape = _image(layer.input_shape)  # images as they are: means of single pixels
            blocks.append(_followed(Block(AvgPool2d(1), None, None, shape, shape), function, place))
        else:
            where = "" if stages or blocks else " as the first function"
            raise CannotLowerError(f"{function}: the engine has no kernel for it{where}")
    if not stages:
        raise CannotLowerError(f"{chain}: the engine expects a Linear in it")
    of_outputs = pair or loss
    _check_inherited(of_outputs, _LOSSES, _OF_LOSSES)
    if not isinstance(of_outputs, ElementwiseLoss | SoftmaxCrossEntropy):
        raise CannotLowerError(f"{of_outputs}: the engine has a kernel for it after Softmax only")
    return Network(tuple(stages), of_outputs, tuple(blocks))


_FUNCTIONS = (Elementwise, Linear, Conv2d, MaxPool2d, AvgPool2d, Flatten, Dropout)
_OF_FUNCTIONS = ("forward", "backprop", "slopes", "output_shape", "parameter_shapes")
_LOSSES = (ElementwiseLoss, SoftmaxCrossEntropy)
_OF_LOSSES = ("errors", "error_gradients", "value", "gradient", "value_and_gradient")


def _check_inherited(part: Any, kinds: tuple[type[Any], ...], names: tuple[str, ...]) -> None:
    """Complain about a class with methods of its own where kernels stand for those of its kind."""
    for kind in kinds:
        for name in names if isinstance(part, kind) else ():
            if getattr(type(part), name, None) is not getattr(kind, name, None):
                raise CannotLowerError(f"{part}: the engine does not know its own {name}")


def _image(shape: tuple[int, ...]) -> Shape:
    channels, height, width = shape
    return channels, height, width


class _Marked:
    """A stand-in for a number that remembers which arguments it was made from."""

    __mathematics__: ClassVar[Any]

    def __init__(self, *origins: str) -> None:
        self.origins = frozenset(origins)

    def __bool__(self) -> bool:
        raise TypeError("a rule must not branch on its arguments; use mathematics.where")


def _combine(*operands: Any) -> _Marked:
    return _Marked(*(o for x in operands if isinstance(x, _Marked) for o in x.origins))


for _name in ("add", "sub", "mul", "truediv", "pow"):
    for _form in (f"__{_name}__", f"__r{_name}__"):
        setattr(_Marked, _form, lambda self, other: _combine(self, other))
for _name in ("lt", "le", "gt", "ge"):
    setattr(_Marked, f"__{_name}__", lambda self, other: _combine(self, other))
for _name in ("neg", "pos", "abs"):
    setattr(_Marked, f"__{_name}__", lambda self: _combine(self))
_Marked.__mathematics__ = SimpleNamespace(
    **dict.fromkeys(mathematics.NAMES, _combine)
    | {"constant": lambda value: math.pi if value == "pi" else value}
)


def derivative_reads(function: Map) -> frozenset[str]:
    """Return which of "x" and "y" backprop of a function of each number is made from.

    Where y suffices, kernels take y for x, too.
    """
    if isinstance(function, Dropout):
        return frozenset()  # of its mask alone
    # A class that is derived from such a function may have rules of its own.
    suffices = vars(type(function)).get("output_suffices", False)
    try:
        slope = function.derivative(_Marked("y" if suffices else "x"), _Marked("y"))
    except (TypeError, AttributeError) as error:
        raise CannotLowerError(
            f"{function}: the engine cannot read its derivative: {error}"
        ) from None
    return slope.origins if isinstance(slope, _Marked) else frozenset()
