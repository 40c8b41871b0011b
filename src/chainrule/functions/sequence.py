"""Functions one after another: their shapes and parameters, forward, and the way back.

A chain is such a sequence, and so is what a function such as
:class:`~chainrule.functions.Residual` holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from chainrule.functions.base import Function, RandomKey
from chainrule.functions.contract import (
    checked_gradients,
    checked_names,
    checked_observed,
    checked_output,
    checked_shapes,
)
from chainrule.types import Array, Shape

MOST_INNER = 1024
"""More functions than one function may hold; so numbers of those inside are told apart."""

DEEPEST = 4
"""How many functions may be within each other, the outermost included."""

Step = tuple["Layer", dict[str, Array], RandomKey | None]
"""A layer, its parameters by their own names, and its key."""


@dataclass(frozen=True)
class Layer:
    """One function in its place: shapes of a sample, and its parameters' names in the buffer.

    ``place`` is its number, on which what is drawn depends; ``inner`` are the layers of the
    functions that it holds.
    """

    function: Function
    input_shape: Shape
    output_shape: Shape
    names: dict[str, str]
    place: int = 0
    inner: tuple[Layer, ...] = ()

    def walk(self) -> Iterator[Layer]:
        """Yield the layers that hold no others: this one, or those inside, in order."""
        if not self.inner:
            yield self
        for layer in self.inner:
            yield from layer.walk()


def penalized(layers: Iterable[Layer]) -> Iterator[str]:
    """Yield the names of the parameters that a penalty applies to."""
    for layer in (inside for outer in layers for inside in outer.walk()):
        yield from (layer.names[own] for own in layer.function.penalized(layer.input_shape))


def learning_rate_factors(layers: Iterable[Layer]) -> Iterator[tuple[str, float]]:
    """Yield the names of parameters with the factors of the learning rate that functions state."""
    for layer in (inside for outer in layers for inside in outer.walk()):
        function, known = layer.function, ", ".join(layer.names) or "none"
        stated = function.learning_rate_factors()
        for own, factor in checked_names(function, "learning_rate_factors", stated).items():
            if own not in layer.names:
                expected = f"expected learning rate factors of {known}"
                raise ValueError(f"{function}: {expected}, got one of {own!r}")
            if not isinstance(factor, int | float | np.number) or not 0 <= factor < np.inf:
                raise ValueError(
                    f"{function}: expected a learning rate factor >= 0 of {own}, got {factor!r}"
                )
            yield layer.names[own], float(factor)


def every(functions: Iterable[Function]) -> Iterator[Function]:
    """Yield functions, each followed by those that it holds."""
    for function in functions:
        yield function
        yield from every(function.inner_functions)


def depth(function: Function) -> int:
    """Return how many functions are within each other, the outermost included."""
    return 1 + max(map(depth, function.inner_functions), default=0)


def first_inside(place: int) -> int:
    """Return the number of the first function that one at a place holds."""
    return (place + 1) * MOST_INNER


def outermost(place: int) -> int:
    """Return the place in the chain of the function that holds the one at a place, or is it."""
    while place >= MOST_INNER:
        place = place // MOST_INNER - 1
    return place


def lay_out(
    functions: Sequence[Function], shape: Shape, *, prefix: str = "", first: int = 0
) -> tuple[list[Layer], dict[str, Shape]]:
    """Return the layers for samples of a shape, and the shapes of all parameters.

    Parameters are named by the function's own name for them and a number, W0; those of functions
    that the k-th one holds are k.W0, and so on.

    Parameters
    ----------
    functions : sequence of Function
        The functions in their order.
    shape : tuple of int
        The shape of one sample.
    prefix : str, default=""
        What the names of parameters begin with.
    first : int, default=0
        The number of the first function.

    Returns
    -------
    layers : list of Layer
    shapes : dict
        The shape of each parameter, in the order of the buffer.

    Raises
    ------
    ValueError
        A function cannot take what the one before it makes.
    """
    layers: list[Layer] = []
    shapes: dict[str, Shape] = {}
    count = 0
    for place, function in enumerate(functions, first):
        own, output = checked_shapes(function, shape)
        if not all(output):
            raise ValueError(f"{function}: nothing is left of samples of shape {shape}")
        inner: list[Layer] = []
        names = {name: f"{prefix}{name}{count}" for name in own}
        if function.inner_functions:
            names = {name: f"{prefix}{count}.{name}" for name in own}
            start, own_first = f"{prefix}{count}.", first_inside(place)
            inner, _ = lay_out(function.inner_functions, shape, prefix=start, first=own_first)
        shapes |= {names[name]: size for name, size in own.items()}
        layers.append(Layer(function, shape, output, names, place, tuple(inner)))
        count += bool(own)
        shape = output
    return layers, shapes


def steps(
    layers: Sequence[Layer], parameters: Mapping[str, Array], key: RandomKey | None
) -> list[Step]:
    """Return each layer with its parameters by their own names, and its key."""
    return [
        (
            layer,
            {own: parameters[name] for own, name in layer.names.items()},
            key and replace(key, layer=layer.place),
        )
        for layer in layers
    ]


def trace(taken: Sequence[Step], X: Any) -> list[Any]:
    """Return X and what each function makes of it: [x, x_1, …, y]."""
    values = [X]
    for layer, own, key in taken:
        x, function = values[-1], layer.function
        Y = function.forward(x, own, key)
        values.append(checked_output(function, Y, x.shape[0], layer.output_shape, x.dtype))
    return values


def observes(functions: Iterable[Function]) -> bool:
    """Return whether parameters of one of the functions follow the batches."""
    return any(type(each).observe is not Function.observe for each in _leaves(functions))


def observe(taken: Sequence[Step], values: Sequence[Any]) -> dict[str, Array]:
    """Return what parameters become that follow the batches, by name; the steps must have keys.

    ``values`` is what :func:`trace` returned, of as many steps as it has.
    """
    found: dict[str, Array] = {}
    for (layer, own, key), x in zip(taken, values[:-1], strict=False):
        assert key is not None
        observed = checked_observed(layer.function, layer.function.observe(x, own, key), own)
        for name, array in observed.items():
            found[layer.names[name]] = array
    return found


def _leaves(functions: Iterable[Function]) -> Iterator[Function]:
    return (each for each in every(functions) if not each.inner_functions)


def backprop(
    taken: Sequence[Step],
    values: Sequence[Any],
    dY: Array,
    receive: Callable[[str, Array], None],
    *,
    input_gradient: bool,
) -> Array | None:
    """Take the gradient dY by the last of the values back; return that by the first if wanted.

    Parameters
    ----------
    taken : sequence of Step
        The steps that made the values.
    values : sequence of arrays
        What :func:`trace` returned.
    dY : ndarray
        The gradient of the loss by the last value.
    receive : callable
        Is given the gradient by each parameter, with its name in the buffer.
    input_gradient : bool
        Whether the gradient by the first value is wanted.
    """
    upstream: Array | None = dY
    for position in reversed(range(len(taken))):
        layer, own, key = taken[position]
        assert upstream is not None
        x, wanted = values[position], input_gradient or position > 0
        returned = layer.function.backprop(
            upstream, x, values[position + 1], own, key, input_gradient=wanted
        )
        shapes = {name: array.shape for name, array in own.items()}
        upstream, gradients = checked_gradients(
            layer.function, returned, shapes, x.shape, input_gradient=wanted
        )
        for name, gradient in gradients.items():
            receive(layer.names[name], gradient)
    return upstream if input_gradient else None


def jacobian(taken: Sequence[Step], values: Sequence[Any]) -> Array:
    """Return the Jacobian of all functions at each sample, (n, outputs, inputs), as matrices.

    The chain rule itself: ∂y/∂x = ∂y/∂x_{n-1} · … · ∂x_1/∂x, matrices from last to first.
    """
    product: Array | None = None
    for (layer, own, key), x in zip(taken, values, strict=False):
        J = layer.function.jacobian(x, own, key=key)
        matrix = J.reshape(x.shape[0], prod(layer.output_shape), prod(layer.input_shape))
        product = matrix if product is None else matrix @ product
    assert product is not None
    return product
