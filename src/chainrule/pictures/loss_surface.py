"""The loss of a network by two of its parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.functions.sequence import Layer
from chainrule.losses import Loss
from chainrule.parameters import Parameters
from chainrule.pictures.surfaces import Surface
from chainrule.training import Optimizer
from chainrule.training.factors import factors_of
from chainrule.types import Array

_NAME = re.compile(r"([^\[\]\s]+)(?:\[\s*(\d+(?:\s*,\s*\d+)*)\s*\])?", re.ASCII)


class LossSurface(Surface):
    """The mean loss of a network as a function of two of its parameters; the others stay.

    Parameters
    ----------
    chain : Chain
        Initialized; it stays as it is.
    loss : Loss
        Of its outputs.
    X, t : array
        Samples and targets, as the chain and the loss take them.
    names : two of str, optional
        The parameters, such as ``W0[0,0]``; a network of two numbers needs none.
    """

    label = "loss"

    def __init__(
        self, chain: Chain, loss: Loss, X: Any, t: Any, names: Sequence[str] | None = None
    ) -> None:
        self.chain, self.objective, self.X, self.t = chain.astype(np.float64), loss, X, t
        self.flat = self.chain.parameters.flat
        chosen = _chosen(self.chain.parameters, names)
        self.names = chosen[0][0], chosen[1][0]
        self.places = np.array([place for _, place in chosen])
        self.owners = tuple(name.partition("[")[0] for name in self.names)
        self.present = self.flat[self.places]
        self.inputs, self.rest = self._first_moved()

    def _first_moved(self) -> tuple[Any, Chain]:
        """Return what goes into the first function that has one of the two, and the chain from it.

        What comes before stays as it is.
        """
        layers = self.chain.layers
        has = [any(self._owned(inside) for inside in layer.walk()) for layer in layers]
        first = has.index(True)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            inputs = self.chain.trace(self.X, until=first)[-1]
        return inputs, Chain.assemble(layers[first:], self.chain.parameters)

    def _owned(self, layer: Layer) -> bool:
        """Return whether one of the two is a layer's."""
        return any(name in self.owners for name in layer.names.values())

    def height(self, point: Array) -> float:
        """Return the loss at a point (2,)."""
        self.flat[self.places] = point
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.rest.loss(self.objective, self.inputs, self.t)

    def gradient(self, point: Array) -> Array:
        """Return the gradient of the loss at a point, (2,)."""
        self.flat[self.places] = point
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            _, gradient = self.chain.gradient(self.objective, self.X, self.t)
        return np.asarray(gradient.flat[self.places])

    def factors(self, optimizer: Optimizer) -> dict[str, Array]:
        """Return the factors of both parameters, for each hyperparameter that has some."""
        return {
            name: np.array([own.get(owner, 1.0) for owner in self.owners])
            for name, own in factors_of(self.chain, optimizer).items()
        }


def _chosen(parameters: Parameters, names: Sequence[str] | None) -> list[tuple[str, int]]:
    """Return the names of two parameters, and their places in the flat buffer."""
    shapes = parameters.shapes
    known = ", ".join(f"{name}[{','.join(map(str, shape))}]" for name, shape in shapes.items())
    if names is None and parameters.flat.size == 2:
        names = [
            f"{name}[{','.join(map(str, place))}]" if place else name
            for name, shape in shapes.items()
            for place in np.ndindex(shape)
        ]
    numbers = Parameters(shapes, np.arange(parameters.flat.size))
    told = names if isinstance(names, list | tuple) and len(names) == 2 else ()
    chosen = [(str(name).strip(), _place(numbers, name, known)) for name in told]
    if not chosen or chosen[0][1] == chosen[1][1]:
        raise ValueError(
            'DescentDisplay: expected two parameters such as ("W0[0,0]", "W0[1,0]") of those of '
            f"shapes {known}, got {names!r}"
        )
    return chosen


def _place(numbers: Parameters, name: Any, known: str) -> int:
    """Return the place of a parameter such as ``W0[1,0]``; that of one number needs no index."""
    found = _NAME.fullmatch(name.strip()) if isinstance(name, str) else None
    if found and found[1] in numbers:
        own, index = numbers[found[1]], found[2]
        if index is None and prod(own.shape) == 1:
            return int(own.reshape(-1)[0])
        place = tuple(map(int, index.split(","))) if index else ()
        if len(place) == own.ndim and all(i < n for i, n in zip(place, own.shape, strict=True)):
            return int(own[place])
    raise ValueError(f"DescentDisplay: expected one of the numbers in {known}, got {name!r}")
