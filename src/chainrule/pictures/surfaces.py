"""A surface over two numbers, and the way of an optimizer on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checking import finite_difference
from chainrule.training import Optimizer, TrainingPosition
from chainrule.types import Array


@dataclass(frozen=True, eq=False)
class Descent:
    """The way of an optimizer: its steps, points (steps + 1, 2), and the height at each."""

    optimizer: Optimizer
    points: Array
    heights: Array


class Surface(ABC):
    """Heights over two numbers, which ``names`` are; ``label`` is what the heights are."""

    names: tuple[str, str]
    label: str

    @abstractmethod
    def height(self, point: Array) -> float:
        """Return the height at a point (2,)."""

    @abstractmethod
    def gradient(self, point: Array) -> Array:
        """Return the gradient at a point, (2,)."""

    @abstractmethod
    def factors(self, optimizer: Optimizer) -> dict[str, Array]:
        """Return the factors of both numbers, for each hyperparameter that has some."""

    def grid(self, first: Array, second: Array) -> Array:
        """Return the heights (second, first) on a grid; NaN where a loss refuses the outputs."""
        heights = np.full((len(second), len(first)), np.nan)
        for row, column in np.ndindex(heights.shape):
            try:
                heights[row, column] = self.height(np.array([first[column], second[row]]))
            except ValueError:  # outputs that it takes no logarithm of
                continue
        return heights

    def descend(self, optimizer: Optimizer, start: Array, steps: int) -> Descent:
        """Return the way of an optimizer from a start, as long as the height is finite.

        Its own rule is applied to the gradient, which of a loss is that over all samples.
        """
        factors = self.factors(optimizer)
        rates = factors.pop("learning_rate", np.ones(2))
        changes = optimizer.scheduled(TrainingPosition(0, steps, 1), steps)
        w = np.array(start, dtype=np.float64)
        state = optimizer.start(w)
        points, heights = [w.copy()], [self.height(w)]
        if not np.isfinite(heights[0]):
            raise ValueError(
                f"DescentDisplay: expected a finite {self.label} at the start {w.tolist()}, "
                f"got {heights[0]}"
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
                value = self.height(w) if np.isfinite(w).all() else np.inf
            except ValueError:
                value = np.inf
            if not np.isfinite(value):
                break
            points.append(w.copy())
            heights.append(value)
        return Descent(optimizer, np.array(points), np.array(heights))


class FunctionSurface(Surface):
    """A function of two numbers.

    Parameters
    ----------
    function : callable
        From an array (2,) to a number.
    slope : callable, optional
        From such an array to the gradient; by finite differences unless it is given.
    """

    names = ("x[0]", "x[1]")
    label = "f(x)"

    def __init__(
        self, function: Callable[[Array], Any], slope: Callable[[Array], Any] | None = None
    ) -> None:
        self.function, self.slope = function, slope

    def height(self, point: Array) -> float:
        """Return the function's value."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            made = np.asarray(self.function(point.copy()))
        if made.size != 1 or made.dtype.kind not in "biuf":
            raise TypeError(
                f"DescentDisplay: expected a function from x (2,) to a number, got {made!r}"
            )
        return float(made.reshape(()))

    def gradient(self, point: Array) -> Array:
        """Return the gradient, as it is told or by finite differences."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.slope is None:
                return finite_difference(self.function, point)
            made = np.asarray(self.slope(point.copy()), dtype=np.float64)
        if made.shape != (2,):
            raise TypeError(
                f"DescentDisplay: expected gradient to return two numbers, got {made!r}"
            )
        return made

    def factors(self, optimizer: Optimizer) -> dict[str, Array]:
        """Return none; ValueError for those of parameters."""
        if any(optimizer.parameter_factors.values()):
            raise ValueError(
                "DescentDisplay: expected an optimizer without factors of parameters, got "
                f"{optimizer}"
            )
        return {}
