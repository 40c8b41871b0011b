"""Schedules: what becomes of the learning rate in the course of training.

A schedule is a factor by which the optimizer's learning rate is multiplied, a function of where
training is.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.functions.fields import check_count, check_number
from chainrule.types import Array


@dataclass(frozen=True)
class TrainingPosition:
    """Where training is: steps done, steps in all, and steps in an epoch.

    Parameters
    ----------
    step : int
        Steps done.
    steps : int
        Steps in all.
    steps_per_epoch : int
        Steps in an epoch.
    """

    step: int
    steps: int
    steps_per_epoch: int


class Schedule(ABC):
    """A factor for the learning rate at each step."""

    @abstractmethod
    def factor(self, at: TrainingPosition) -> float:
        """Return the factor for a step.

        Parameters
        ----------
        at : TrainingPosition
            Where training is; ``at.step`` steps are done.

        Returns
        -------
        factor : float
            What the learning rate is multiplied by.
        """

    def factors(self, first: TrainingPosition, count: int) -> Array:
        """Return the factors for several steps.

        Parameters
        ----------
        first : TrainingPosition
            Where training is before the first of them.
        count : int
            The number of steps.

        Returns
        -------
        factors : ndarray of shape (count,)
            The factor for each step.
        """
        positions = (replace(first, step=first.step + k) for k in range(count))
        made = [self.factor(at) for at in positions]
        for factor in made:
            if not isinstance(factor, float | int | np.generic) or not np.isfinite(factor):
                raise ValueError(
                    f"{type(self).__name__}: expected factor to return a finite number, "
                    f"got {factor!r}"
                )
        return np.array(made, dtype=np.float64)


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate throughout: 1."""

    def factor(self, at: TrainingPosition) -> float:
        """Return 1."""
        return 1.0

    def factors(self, first: TrainingPosition, count: int) -> Array:
        """Return ones."""
        return np.ones(count)


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """The rate falls with a power of the steps done: 1/(step + 1)^power.

    Parameters
    ----------
    power : float, default=0.5
        The power of the steps, >= 0.
    """

    power: float = 0.5

    def __post_init__(self) -> None:
        """Check the power."""
        check_number(self, "power", low=0.0)

    def factor(self, at: TrainingPosition) -> float:
        """Return 1/(step + 1)^power."""
        return float((at.step + 1) ** -self.power)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate is multiplied by a ratio after every ``every`` epochs: ratio^⌊epoch/every⌋.

    Parameters
    ----------
    every : int, default=10
        Epochs between two decays.
    ratio : float, default=0.5
        What the rate is multiplied by.
    """

    every: int = 10
    ratio: float = 0.5

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_count(self, "every")
        check_number(self, "ratio", low=0.0)

    def factor(self, at: TrainingPosition) -> float:
        """Return ratio^⌊epoch/every⌋."""
        return float(self.ratio ** (at.step // at.steps_per_epoch // self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """The rate falls along half a cosine, slowly, fast, slowly: (1 + cos(π·step/steps))/2."""

    def factor(self, at: TrainingPosition) -> float:
        """Return (1 + cos(π·step/steps))/2."""
        return (1 + math.cos(math.pi * at.step / at.steps)) / 2


@dataclass(frozen=True)
class LinearToZero(Schedule):
    """The rate falls in a straight line, as fastText's does: 1 − step/steps."""

    def factor(self, at: TrainingPosition) -> float:
        """Return 1 − step/steps."""
        return 1 - at.step / at.steps


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """The whole rate for half of training, then half a cosine down to 0: 1, (1 − cos(2π·t))/2.

    Here t = step/steps; the second is from t = ½ on.
    """

    def factor(self, at: TrainingPosition) -> float:
        """Return 1 for the first half, then (1 − cos(2π·step/steps))/2."""
        t = at.step / at.steps
        return 1.0 if t < 0.5 else (1 - math.cos(2 * math.pi * t)) / 2


@dataclass(frozen=True)
class CosLog(Schedule):
    """The rate rises from 0 and falls to it several times: (1 − cos(2π·log₂(1 + (2ᶜ − 1)·t)))/2.

    Here t = step/steps, and c the number of cycles. Each is twice as long as the one before it, and
    the last more than half of training. The first step is of rate 0.

    Source: Holzmüller et al., "Better by default: strong pre-tuned MLPs and boosted trees on
        tabular data", 2024

    Parameters
    ----------
    cycles : int, default=4
        How often the rate rises and falls, from 1 to 30.
    """

    cycles: int = 4

    def __post_init__(self) -> None:
        """Check the cycles."""
        check_count(self, "cycles")
        if self.cycles > 30:
            raise ValueError(f"CosLog: expected at most 30 cycles, got {self.cycles}")

    def factor(self, at: TrainingPosition) -> float:
        """Return (1 − cos(2π·log₂(1 + (2ᶜ − 1)·step/steps)))/2."""
        cycle = math.log2(1 + (2**self.cycles - 1) * at.step / at.steps)
        return (1 - math.cos(2 * math.pi * cycle)) / 2


@dataclass(frozen=True)
class WarmUp(Schedule):
    """The rate rises in a straight line for some epochs, times the factor of another schedule.

    Parameters
    ----------
    epochs : float, default=1.0
        How long the rate rises.
    then : Schedule, optional
        The schedule whose factor is multiplied; ``Constant()`` by default.
    """

    epochs: float = 1.0
    then: Schedule = field(default_factory=Constant)

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_number(self, "epochs", low=0.0)
        if not isinstance(self.then, Schedule):
            raise TypeError(f"WarmUp: expected a schedule as then, got {self.then!r}")

    def factor(self, at: TrainingPosition) -> float:
        """Return min(1, (step + 1)/warm-up steps) times the other factor."""
        length = max(1.0, self.epochs * at.steps_per_epoch)
        return min(1.0, (at.step + 1) / length) * self.then.factor(at)


SCHEDULES: tuple[type[Schedule], ...] = (
    Constant,
    InverseScaling,
    StepDecay,
    Cosine,
    LinearToZero,
    FlatCosine,
    CosLog,
    WarmUp,
)
"""Every schedule."""
