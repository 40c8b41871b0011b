"""A training step of a network as NumPy that a person can read, and run.

The machine's instructions are made from the same network: forward, loss, backprop, update, in
this order. Run with NumPy, the listing gives the machine's result up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from chainrule.engine.network.lowering import Block, Map, Network, Stage
from chainrule.engine.planning.weights import Weights
from chainrule.functions import (
    Conv2d,
    Dropout,
    EmbeddingBag,
    Linear,
    LogSoftmax,
    Multilinear,
    Softmax,
)

_LETTERS: tuple[str, ...] = ("", *"bcdefghijklmnopqrstuvwxyz")
HEAD = "def step(X, t, share, w, state, rate, number):"
DOCUMENTATION = '"""X (n, i), t, share (n,), parameters w, optimizer\'s state -> the mean loss."""'


@dataclass(frozen=True)
class Cost:
    """What a step takes: operations on numbers, and bytes of buffers."""

    operations: int
    parameters: int
    activations: int


def cost(network: Network, rows: int, itemsize: int, slots: int) -> Cost:
    """Return the cost of a step on a batch of rows: a multiply-add is two operations."""
    sizes = [stage.inputs * stage.outputs for stage in network.stages]
    numbers = sum(s.inputs * s.outputs + (s.outputs if s.bias else 0) for s in network.stages)
    values = sum(s.outputs * (2 + len(s.maps)) for s in network.stages)
    if network.start:
        values += network.inputs * (1 + len(network.start.maps))
    transposed = sum(sizes if network.blocks else sizes[1:])
    convolutions = []
    for block in network.blocks:
        values += prod(block.outputs) * (2 + len(block.maps))
        if isinstance(block.function, Conv2d):
            W, *b = map(prod, block.function.parameter_shapes(block.inputs).values())
            convolutions.append(W * prod(block.outputs[1:]))
            numbers += W + sum(b)
    every = [*convolutions, *sizes]
    if network.entries is not None:
        every[0] = round(network.entries * network.stages[0].outputs)
    products = 3 * sum(every) - every[0]  # the gradient by X is not needed
    return Cost(
        2 * rows * products,
        (numbers * (1 + slots) + transposed) * itemsize,
        rows * values * itemsize,
    )


def listing(weights: Weights, rows: int, seed: int, peak: float | None = None) -> str:
    """Return the step as a Python module: the rules that it uses, then a function, ``step``."""
    network, optimizer = weights.network, weights.optimizer
    cast = cost(network, rows, weights.dtype.itemsize, len(weights.slots))
    images = [block.inputs for block in network.blocks]
    first = ["×".join(map(str, shape)) for shape in images] or [str(network.inputs)]
    shape = "-".join([*first, *(str(stage.outputs) for stage in network.stages)])
    head = [
        f"# {shape}, batches of {rows:,}: {cast.operations:,} operations a step,",
        f"# {cast.parameters:,} bytes of parameters and {cast.activations:,} of activations",
        *([f"# {_least(cast.operations, peak)}"] if peak else []),
        "from chainrule.functions import *",
        "from chainrule.losses import *",
        "from chainrule.training.optimizers import *",
        "",
        *(f"{name} = {rule!r}" for name, rule in _rules(network).items()),
        f"loss = {network.loss!r}",
        f"optimizer = {optimizer!r}",
        "",
        "",
        HEAD,
        f"    {DOCUMENTATION}",
    ]
    return "\n".join([*head, *_body(network, weights.penalty(rows), weights.clip, seed)]) + "\n"


def _least(operations: int, peak: float) -> str:
    return f"at least {operations / peak * 1e6:,.1f} µs, at {peak / 1e9:,.0f} GFLOP/s"


def _rules(network: Network) -> dict[str, Any]:
    """Return the functions by the names that the listing gives them."""
    bag = network.stages[0].linear
    return {
        **({"bag": bag} if _is_mean(bag) else {}),
        **{f"x{k}": function for k, function in enumerate(_start(network))},
        **{f"g{number}": part.function for number, part in enumerate(_pixelwise(network))},
        **{
            _name(number, k): function
            for number, stage in enumerate(network.stages)
            for k, function in enumerate(stage.maps)
        },
    }


def _start(network: Network) -> tuple[Map, ...]:
    """Return the functions of the samples themselves."""
    return network.start.maps if network.start else ()


def _is_mean(function: Linear | EmbeddingBag) -> bool:
    """Return whether a function reads samples divided by their sums."""
    return isinstance(function, EmbeddingBag) and function.mode == "mean"


@dataclass(frozen=True)
class _OfImages:
    """A function of images: its block if it starts one, else its place in the chain."""

    function: Any
    block: Block | None = None
    layer: int = 0


def _pixelwise(network: Network) -> list[_OfImages]:
    """Return the functions of images in their order."""
    functions: list[_OfImages] = []
    for block in network.blocks:
        maps = zip(block.maps, block.layers, strict=True)
        functions += [_OfImages(block.function, block)]
        functions += [_OfImages(function, layer=layer) for function, layer in maps]
    return functions


def _forward_images(network: Network, seed: int) -> Iterator[str]:
    """Return the lines from images U0 to rows of numbers, F."""
    functions = _pixelwise(network)
    yield _line("U0 = X")
    for number, part in enumerate(functions):
        x, y, function = f"U{number}", f"U{number + 1}", part.function
        if part.block is not None:
            code = f"{y} = g{number}.forward({x}, {_own(part.block)})"
            yield _line(code, _definition(function))
        elif isinstance(function, Dropout):
            key = f"RandomKey({seed}, number - 1, {part.layer})"
            yield _line(f"N{number} = g{number}.mask({x}, {key})")
            yield _line(f"{y} = {x} * N{number}", str(function))
        else:
            yield _line(f"{y} = g{number}.value({x})", str(function))
    yield _line(f"F = U{len(functions)}.reshape(len(X), -1)")


def _backward_images(network: Network) -> Iterator[str]:
    """Return the lines from the gradient by F to those by the filters."""
    functions = _pixelwise(network)
    yield _line(f"dU = (dZ0 @ w[{network.stages[0].weights!r}].T).reshape(U{len(functions)}.shape)")
    for number, part in reversed(list(enumerate(functions))):
        x, y = f"U{number}", f"U{number + 1}"
        if part.block is None:
            slope = f"g{number}.derivative({x}, {y})"
            if isinstance(part.function, Dropout):
                slope = f"N{number}"
            yield _line(f"dU = dU * {slope}", "dX = dY · derivative(X, Y)")
            continue
        yield _line(f"dU, own = g{number}.backprop(dU, {x}, {y}, {_own(part.block)})")
        for own, name in _names(part.block):
            yield _line(f"d{name} = own[{own!r}]")


def _own(block: Block) -> str:
    """Return the parameters of a block as the listing hands them over."""
    return "{" + ", ".join(f"{own!r}: w[{name!r}]" for own, name in _names(block)) + "}"


def _definition(function: Any) -> str:
    return str(function.text()) if isinstance(function, Multilinear) else str(function)


def _name(number: int, k: int) -> str:
    return f"f{number}" + _LETTERS[k]


def _line(code: str, note: str = "") -> str:
    return f"    {code:<50}  # {note}".rstrip() if note else f"    {code}"


def _body(network: Network, l2: float, clip: float | None, seed: int) -> Iterator[str]:
    stages = network.stages
    last = len(stages) - 1
    if network.blocks:
        yield from _forward_images(network, seed)
    if _is_mean(stages[0].linear):
        yield _line("X = bag.weights(X)", "X[n,p] / Σ_p X[n,p]")
    if network.start:
        for k, function in enumerate(network.start.maps):
            yield from _forward_map(function, f"x{k}", "X", "X", "M", network.start.layers[k], seed)
    for number, stage in enumerate(stages):
        bias = f" + w[{stage.bias!r}]" if stage.bias else ""
        before = _read(network, number)
        yield _line(f"Z{number} = {before} @ w[{stage.weights!r}]{bias}", stage.linear.text())
        for k, function in enumerate(stage.maps):
            x, y, mask = _value(number, k), _value(number, k + 1), f"M{number}{_LETTERS[k]}"
            yield from _forward_map(function, _name(number, k), x, y, mask, stage.layers[k], seed)
    output = _output(stages, last)
    yield _line(f"mean, dZ{last} = loss.value_and_gradient({output}, t, share)", str(network.loss))
    yield from _slopes(stages[last], last)
    for number in range(last, 0, -1):
        stage = stages[number]
        code = f"dZ{number - 1} = dZ{number} @ w[{stage.weights!r}].T"
        yield _line(code, "dX[n,i] = dY[n,o] W[i,o]")
        yield from _slopes(stages[number - 1], number - 1)
    if network.blocks:
        yield from _backward_images(network)
    filters = [(name, own) for b in network.blocks for own, name in _names(b)]
    if l2:
        weights = [*(name for name, own in filters if own == "W"), *(s.weights for s in stages)]
        squares = " + ".join(f"(w[{name!r}] ** 2).sum()" for name in weights)
        yield _line(f"mean = mean + {l2!r} / 2 * ({squares})", "the penalty")
    moves: list[tuple[str, str]] = []
    for number, stage in enumerate(stages):
        W, penalty = repr(stage.weights), f" + {l2!r} * w[{stage.weights!r}]" if l2 else ""
        code = f"d{stage.weights} = {_read(network, number)}.T @ dZ{number}{penalty}"
        yield _line(code, "dW[i,o] = X[n,i] dY[n,o]")
        names = [(W, f"d{stage.weights}")]
        if stage.bias:
            yield _line(f"d{stage.bias} = dZ{number}.sum(axis=0)", "db[o] = dY[n,o]")
            names.append((repr(stage.bias), f"d{stage.bias}"))
        moves += names
        if clip is None:
            yield from (_moved(name, gradient) for name, gradient in names)
    for name, own in filters:
        penalty = f" + {l2!r} * w[{name!r}]" if l2 and own == "W" else ""
        if clip is None:
            yield _moved(repr(name), f"d{name}{penalty}")
        else:
            yield from [_line(f"d{name} = d{name}{penalty}")] if penalty else []
            moves.append((repr(name), f"d{name}"))
    if clip is not None:
        yield from _clipped(moves, clip)
    yield _line("return mean")


def _clipped(moves: list[tuple[str, str]], clip: float) -> Iterator[str]:
    """Return the lines that scale the gradient down to a length, and move along it."""
    squares = " + ".join(f"({gradient} ** 2).sum()" for _, gradient in moves)
    yield _line(f"length = ({squares}) ** 0.5", "of the whole gradient")
    yield _line(f"scale = {clip!r} / max({clip!r}, length)")
    yield from (_moved(name, f"scale * {gradient}") for name, gradient in moves)


def _forward_map(
    function: Map, name: str, x: str, y: str, mask: str, layer: int, seed: int
) -> Iterator[str]:
    """Return the lines of a function without parameters, from x to y."""
    code = f"{y} = {name}.value({x})"
    if isinstance(function, Dropout):
        yield _line(f"{mask} = {name}.mask({x}, RandomKey({seed}, number - 1, {layer}))")
        code = f"{y} = {x} * {mask}"
    elif isinstance(function, Softmax | LogSoftmax):
        code = f"{y} = {name}.forward({x}, {{}})"
    yield _line(code, f"{function}")


def _moved(name: str, gradient: str) -> str:
    rule = f"optimizer.rule(w[{name}], {gradient}, state[{name}], rate, number)"
    return _line(f"w[{name}], state[{name}] = {rule}")


def _names(block: Block) -> list[tuple[str, str]]:
    """Return a block's own names of its parameters, and the chain's."""
    return [(own, name) for own, name in (("W", block.weights), ("b", block.bias)) if name]


def _read(network: Network, number: int) -> str:
    """Return the name of what a stage reads."""
    if number:
        return _output(network.stages, number - 1)
    return "F" if network.blocks else "X"


def _value(number: int, k: int) -> str:
    """Return the name of a stage's value after so many of its maps."""
    return f"Y{number}{_LETTERS[k - 1]}" if k else f"Z{number}"


def _output(stages: tuple[Stage, ...], number: int) -> str:
    return _value(number, len(stages[number].maps))


def _slopes(stage: Stage, number: int) -> Iterator[str]:
    """Return the lines that take dZ from a stage's output back to its Linear's."""
    for k in reversed(range(len(stage.maps))):
        x, y = _value(number, k), _value(number, k + 1)
        slope = f"{_name(number, k)}.derivative({x}, {y})"
        if isinstance(stage.maps[k], Dropout):
            slope = f"M{number}{_LETTERS[k]}"
        if isinstance(stage.maps[k], Softmax | LogSoftmax):
            code = f"dZ{number}, _ = {_name(number, k)}.backprop(dZ{number}, {x}, {y}, {{}})"
            yield _line(code, "dX = dY · ∂Y/∂X")
            continue
        yield _line(f"dZ{number} = dZ{number} * {slope}", "dX = dY · derivative(X, Y)")
