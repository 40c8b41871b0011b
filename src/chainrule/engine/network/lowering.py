"""What the engine can lower, and what a rule needs: found by reading it, before any planning."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from math import prod
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar

from chainrule import mathematics
from chainrule.chain import Chain
from chainrule.engine.machine.availability import UnsupportedError
from chainrule.functions import (
    AvgPool2d,
    Conv2d,
    Dropout,
    Elementwise,
    EmbeddingBag,
    Flatten,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Softmax,
)
from chainrule.losses import ElementwiseLoss, Loss, SoftmaxCrossEntropy, fused


class CannotLowerError(UnsupportedError):
    """The engine has no kernel for a part of the network; the message names it."""


Shape = tuple[int, int, int]

Pixelwise = Elementwise | Dropout
"""A function of each number alone."""

Map = Pixelwise | Softmax | LogSoftmax
"""A function without parameters that may follow a Linear."""


@dataclass(frozen=True)
class Inputs:
    """Functions of the samples themselves, of so many numbers each, before the first Linear."""

    outputs: int
    maps: tuple[Map, ...] = ()
    layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stage:
    """A Linear, or a bag of embeddings, and the functions without parameters after it.

    ``weights`` and ``bias`` are its parameters' names in the chain's buffer; ``place`` is its place
    in the chain, and ``layers`` the maps' places, on which what they draw depends.
    """

    linear: Linear | EmbeddingBag
    place: int
    weights: str
    bias: str | None
    inputs: int
    outputs: int
    maps: tuple[Map, ...] = ()
    layers: tuple[int, ...] = ()

    @property
    def whole_rows(self) -> bool:
        """Whether a map takes all numbers of a sample, so that one thread must have them."""
        return any(isinstance(function, Softmax | LogSoftmax) for function in self.maps)


@dataclass(frozen=True)
class Block:
    """A convolution or a pool, and the functions of each number alone after it.

    Shapes are (c, h, w); the rest is as a stage has it.
    """

    function: Conv2d | MaxPool2d | AvgPool2d
    place: int
    weights: str | None
    bias: str | None
    inputs: Shape
    outputs: Shape
    maps: tuple[Pixelwise, ...] = ()
    layers: tuple[int, ...] = ()


_Part = TypeVar("_Part", Inputs, Stage, Block)


@dataclass(frozen=True)
class Network:
    """A chain and its loss, as the engine sees them.

    Images first go through blocks; rows of numbers through stages, the first one after functions of
    the samples if there are any. The loss is that of the last stage's output: of a last function
    and a loss that fuse, it is the pair's, and the function is left out. A network without a loss
    is for prediction. ``entries`` is how many numbers a sample has, on average, where samples are
    sparse.
    """

    stages: tuple[Stage, ...]
    loss: Loss | None
    blocks: tuple[Block, ...] = ()
    entries: float | None = None
    start: Inputs | None = None

    def in_prediction(self) -> Network:
        """Return the network without what is random."""
        start = self.start and _in_prediction(self.start)
        stages = tuple(map(_in_prediction, self.stages))
        blocks = tuple(map(_in_prediction, self.blocks))
        start = start if start and start.maps else None
        return replace(self, stages=stages, blocks=blocks, start=start)

    @property
    def inputs(self) -> int:
        """Numbers of a sample."""
        return prod(self.blocks[0].inputs) if self.blocks else self.stages[0].inputs

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
    maps: tuple[Any, ...] = (*part.maps, function)
    return replace(part, maps=maps, layers=(*part.layers, place))


def lower(chain: Chain, loss: Loss | None, entries: float | None = None) -> Network:
    """Return the network of a chain; CannotLowerError names what the engine has no kernel for.

    Of sparse samples ``entries`` is how many numbers one has, on average.
    """
    pair = fused(chain.functions[-1], loss) if loss else None
    blocks: list[Block] = []
    stages: list[Stage] = []
    start: Inputs | None = None
    for place, layer in enumerate(chain.layers[:-1] if pair else chain.layers):
        function, names = layer.function, layer.names
        _check_inherited(function, _FUNCTIONS, _OF_FUNCTIONS)
        if isinstance(function, Flatten) and not stages:
            continue  # samples, or what blocks make of them, are rows of numbers in any case
        if isinstance(function, Linear):
            sizes = prod(layer.input_shape), prod(layer.output_shape)
            stages.append(Stage(function, place, names["W"], names.get("b"), *sizes))
        elif isinstance(function, EmbeddingBag) and place == 0:
            sizes = prod(layer.input_shape), prod(layer.output_shape)
            stages.append(Stage(function, place, names["A"], None, *sizes))
        elif isinstance(function, Map) and stages:
            stages.append(_followed(stages.pop(), function, place))
        elif isinstance(function, Pixelwise) and not blocks and len(layer.input_shape) == 3:
            shape = _image(layer.input_shape)
            pixels = Block(AvgPool2d(1), place, None, None, shape, shape)  # images as they are
            blocks.append(_followed(pixels, function, place))
        elif isinstance(function, Map) and not blocks:
            start = _followed(start or Inputs(prod(layer.input_shape)), function, place)
        elif isinstance(function, Conv2d | MaxPool2d | AvgPool2d) and not stages and not start:
            named = names.get("W"), names.get("b")
            blocks.append(
                Block(
                    function, place, *named, _image(layer.input_shape), _image(layer.output_shape)
                )
            )
        elif isinstance(function, Pixelwise) and blocks:
            blocks.append(_followed(blocks.pop(), function, place))
        else:
            where = " in this place" if isinstance(function, _FUNCTIONS) else ""
            raise CannotLowerError(f"{function}: the engine has no kernel for it{where}")
    if not stages:
        raise CannotLowerError(f"{chain}: the engine expects a Linear in it")
    of_outputs = pair or loss
    if of_outputs is None:
        return Network(tuple(stages), None, tuple(blocks), entries, start).in_prediction()
    _check_inherited(of_outputs, _LOSSES, _OF_LOSSES)
    if not isinstance(of_outputs, ElementwiseLoss | SoftmaxCrossEntropy):
        raise CannotLowerError(f"{of_outputs}: the engine has a kernel for it after Softmax only")
    return Network(tuple(stages), of_outputs, tuple(blocks), entries, start)


_FUNCTIONS = (
    *(Elementwise, Linear, EmbeddingBag, Conv2d, MaxPool2d, AvgPool2d, Flatten, Dropout),
    *(Softmax, LogSoftmax),
)
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


def derivative_reads(function: Elementwise) -> frozenset[str]:
    """Return which of "x" and "y" backprop of a function of each number is made from.

    Where y suffices, kernels take y for x, too.
    """
    # A class that is derived from such a function may have rules of its own.
    suffices = vars(type(function)).get("output_suffices", False)
    try:
        slope = function.derivative(_Marked("y" if suffices else "x"), _Marked("y"))
    except (TypeError, AttributeError) as error:
        raise CannotLowerError(
            f"{function}: the engine cannot read its derivative: {error}"
        ) from None
    return slope.origins if isinstance(slope, _Marked) else frozenset()
