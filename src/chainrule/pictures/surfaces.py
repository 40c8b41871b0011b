"""The loss of a network by two of its parameters, and the way of an optimizer on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.parameters import Parameters
from chainrule.training import Optimizer, TrainingPosition
from chainrule.training.factors import factors_of
from chainrule.types import Array

_NAME = re.compile(r"([^\[\]\s]+)(?:\[\s*(\d+(?:\s*,\s*\d+)*)\s*\])?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Descent:
    """The way of an optimizer: its steps, points (steps + 1, 2), and the loss at each."""

    optimizer: Optimizer
    points: Array
    losses: Array


class LossSurface:
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

    def __init__(
        self, chain: Chain, loss: Loss, X: Any, t: Any, names: Sequence[str] | None = None
    ) -> None:
        self.chain, self.objective, self.X, self.t = chain.astype(np.float64), loss, X, t
        self.flat = self.chain.parameters.flat
        chosen = _chosen(self.chain.parameters, names)
        self.names = tuple(name for name, _ in chosen)
        self.places = np.array([place for _, place in chosen])
        self.owners = tuple(name.partition("[")[0] for name in self.names)
        self.present = self.flat[self.places]

    def loss(self, point: Array) -> float:
        """Return the loss at a point (2,)."""
        self.flat[self.places] = point
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.chain.loss(self.objective, self.X, self.t)

    def gradient(self, point: Array) -> Array:
        """Return the gradient of the loss at a point, (2,)."""
        self.flat[self.places] = point
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            _, gradient = self.chain.gradient(self.objective, self.X, self.t)
        return np.asarray(gradient.flat[self.places])

    def grid(self, first: Array, second: Array) -> Array:
        """Return the losses (second, first) on a grid; NaN where the loss refuses the outputs."""
        losses = np.full((len(second), len(first)), np.nan)
        for row, column in np.ndindex(losses.shape):
            try:
                losses[row, column] = self.loss(np.array([first[column], second[row]]))
            except ValueError:  # outputs that it takes no logarithm of
                continue
        return losses

    def descend(self, optimizer: Optimizer, start: Array, steps: int) -> Descent:
        """Return the way of an optimizer from a start, as long as the loss is finite.

        Its own rule is applied to the gradient by both parameters over all samples.
        """
        factors = self._factors(optimizer)
        rates = factors.pop("learning_rate", np.ones(2))
        changes = optimizer.scheduled(TrainingPosition(0, steps, 1), steps)
        w = np.array(start, dtype=np.float64)
        state = optimizer.start(w)
        points, losses = [w.copy()], [self.loss(w)]
        if not np.isfinite(losses[0]):
            raise ValueError(
                f"DescentDisplay: expected a finite loss at the start {w.tolist()}, got {losses[0]}"
            )
        for step in range(1, steps + 1):
            now = {name: float(values[step - 1]) for name, values in changes.items()}
            own = {
                name: now.get(name, getattr(optimizer, name)) * factors.get(name, 1.0)
                for name in {*factors, *now}
            }
            rule = optimizer.with_values(**own) if own else optimizer
            with np.errstate(over="ignore", invalid="ignore"):
                rule.update(w, self.gradient(w), state, factor=rates, step=step)
            try:
                value = self.loss(w) if np.isfinite(w).all() else np.inf
            except ValueError:
                value = np.inf
            if not np.isfinite(value):
                break
            points.append(w.copy())
            losses.append(value)
        return Descent(optimizer, np.array(points), np.array(losses))

    def _factors(self, optimizer: Optimizer) -> dict[str, Array]:
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
