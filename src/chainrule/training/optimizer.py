"""What an optimizer is: a rule by which a parameter moves, its state, its hyperparameters."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from chainrule.added import added, is_added
from chainrule.functions.fields import check_number
from chainrule.training.schedules import TrainingPosition
from chainrule.types import Array

Factors = Mapping[str, float]
"""Factors by the names of parameters, their own (``b``) or those in the chain (``b2``)."""


@dataclass
class State:
    """What an optimizer keeps from step to step, so that training can continue where it stopped.

    ``slots`` are its numbers for each parameter, in the order of the flat buffer; ``steps`` counts
    the steps taken.
    """

    slots: tuple[Array, ...]
    steps: int = 0


@dataclass(frozen=True)
class Optimizer(ABC):
    """An update rule with its hyperparameters.

    Parameters
    ----------
    learning_rate : float
        The step size η; schedules multiply it.
    rate_factors : mapping, optional
        What the learning rate of some parameters is multiplied by, by their names: {"b": 0.1} is
        for all biases, {"b2": 0.1} for that of function 2, and wins over the former. Factors that
        functions state of themselves multiply these.
    """

    learning_rate: float
    rate_factors: Factors | None = field(
        default=None, kw_only=True, hash=False, metadata=added(before=None)
    )

    def __init_subclass__(cls) -> None:
        """Let a dataclass keep the representation that it inherits, unless it has its own."""
        if "__repr__" not in vars(cls):
            cls.__repr__ = cls.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_number(self, "learning_rate", low=0.0)
        self._check_factors("rate_factors")

    def __repr__(self) -> str:
        """Return the optimizer with its :attr:`hyperparameters`."""
        shown = (f"{name}={value!r}" for name, value in self.hyperparameters.items())
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """All by their names, but those that releases before did not have and that are not set."""
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default or not is_added(each)
        }

    def _check_factors(self, name: str) -> None:
        """Raise unless a field has factors >= 0 by names; keep a copy of them."""
        given = getattr(self, name)
        if given is None:
            return
        kind = type(self).__name__
        if not isinstance(given, Mapping) or not all(isinstance(each, str) for each in given):
            raise TypeError(f'{kind}: expected {name} such as {{"b": 0.1}}, got {given!r}')
        for own, factor in given.items():
            number = isinstance(factor, int | float | np.number) and not isinstance(factor, bool)
            if not number or not 0 <= factor < math.inf:
                raise ValueError(f"{kind}: expected {name} >= 0, got {factor!r} of {own}")
        object.__setattr__(self, name, {own: float(factor) for own, factor in given.items()})

    @property
    def parameter_factors(self) -> Mapping[str, Factors]:
        """The factors by parameters' names, for each hyperparameter that has some."""
        return {"learning_rate": self.rate_factors or {}}

    def scheduled(self, first: TrainingPosition, count: int) -> dict[str, Array]:
        """Return the hyperparameters that change over the next steps, (count,) each.

        The learning rate is not among them: its schedule is the plan's.

        Parameters
        ----------
        first : TrainingPosition
            Where training is before the first of the steps.
        count : int
            The number of steps.

        Returns
        -------
        values : dict
            Each step's values, (count,), by the hyperparameter's name.
        """
        return {}

    def with_values(self, **values: Any) -> Optimizer:
        """Return it with other hyperparameters, which are not checked.

        Parameters
        ----------
        **values : float or array
            The hyperparameters by name; arrays have one for each parameter, or step.

        Returns
        -------
        optimizer : Optimizer
            Another one.
        """
        changed = copy.copy(self)
        for name, value in values.items():
            object.__setattr__(changed, name, value)
        return changed

    @property
    def slots(self) -> tuple[str, ...]:
        """The numbers that are kept for each parameter, zero at the start."""
        return ()

    @abstractmethod
    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: float, step: int) -> Any:
        """Return the new parameter and the new state after a step.

        It is called with arrays, and with symbols from which the engine makes machine code: write
        it with operators and :mod:`chainrule.mathematics`.

        Parameters
        ----------
        w : number or array
            A parameter.
        g : number or array
            The gradient by it.
        state : tuple
            What is kept for it, as :attr:`slots` names it.
        rate : float
            The learning rate η of the step.
        step : int
            1, 2, …

        Returns
        -------
        w : number or array
            The parameter after the step.
        state : tuple
            What is kept for the next step.
        """

    def start(self, parameters: Array) -> tuple[Array, ...]:
        """Return the state at the start, zeros like the parameters."""
        return tuple(np.zeros_like(parameters) for _ in self.slots)

    def begin(self, parameters: Array) -> State:
        """Return the state before the first step on the flat parameters."""
        return State(self.start(parameters))

    def update(
        self, w: Array, g: Array, state: tuple[Array, ...], *, factor: float | Array, step: int
    ) -> None:
        """Move parameters and state in place.

        Parameters
        ----------
        w : ndarray of shape (size,)
            The parameters.
        g : ndarray of shape (size,)
            The gradient by them.
        state : tuple of ndarray
            What is kept for them.
        factor : float
            The schedule's; it scales the learning rate.
        step : int
            1, 2, …
        """
        rate: Any = self.learning_rate * factor  # of each parameter, or the same for all
        try:
            moved, fresh = self.rule(w, g, state, rate, step)
            right = np.shape(moved) == w.shape and len(fresh) == len(state)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{type(self).__name__}: its rule fails: {error}") from error
        if not right:
            raise ValueError(
                f"{type(self).__name__}: expected rule to return the parameter, of shape "
                f"{w.shape}, and {len(state)} arrays of state, got shape {np.shape(moved)} and "
                f"{len(fresh)}"
            )
        w[...] = moved
        for old, new in zip(state, fresh, strict=True):
            old[...] = new
