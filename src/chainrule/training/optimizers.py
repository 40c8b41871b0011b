"""Optimizers: how a parameter moves, given its gradient.

Each states its update as one rule on numbers, ``rule(w, g, state, rate, step)``, written with
:mod:`chainrule.mathematics`; given the flat buffer of all parameters it updates all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.functions.fields import check_number
from chainrule.mathematics import sqrt
from chainrule.types import Array


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
    """

    learning_rate: float

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_number(self, "learning_rate", low=0.0)

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


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted; on the whole set, gradient descent.

    Definition: w ← w − η·g; with momentum v ← μ·v − η·g, w ← w + v; with Nesterov's, after that
        v, w ← w + μ·v − η·g
    Source: lecture notes on neural networks; Sutskever et al., "On the importance of
        initialization and momentum in deep learning", 2013

    Parameters
    ----------
    learning_rate : float, default=0.1
        The step size η; schedules multiply it.
    momentum : float, default=0.0
        How much of the last step is added to the next, μ.
    nesterov : bool, default=False
        Whether the gradient counts as taken ahead of the momentum's step.
    """

    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        super().__post_init__()
        check_number(self, "momentum", low=0.0, high=1.0)
        if self.nesterov and self.momentum == 0:
            raise ValueError("SGD: nesterov needs a momentum > 0, such as 0.9")

    @property
    def slots(self) -> tuple[str, ...]:
        """The velocity v, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: float, step: int) -> Any:
        """Return w and (v,) after a step; () without momentum."""
        if self.momentum == 0:
            return w - rate * g, ()
        (v,) = state
        v = self.momentum * v - rate * g
        return w + (self.momentum * v - rate * g if self.nesterov else v), (v,)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam: steps of a size that does not depend on the gradient's, from running moments.

    Definition: m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g²;
        w ← w − η·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ)
    Source: Kingma & Ba, "Adam: a method for stochastic optimization", 2015

    Parameters
    ----------
    learning_rate : float, default=0.001
        The step size η; schedules multiply it.
    beta1 : float, default=0.9
        How slowly the mean of gradients changes, β₁.
    beta2 : float, default=0.999
        How slowly their mean square changes, β₂.
    epsilon : float, default=1e-08
        What keeps the step finite where gradients vanish, ε.
    uncorrected_epsilon : bool, default=False
        Whether ε is added to √v before its correction, as in the paper's reordered form, in
        scikit-learn and in Keras: w ← w − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m/(√v + ε). By default it is
        added after, as in PyTorch.
    """

    slots = ("mean", "square")

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    uncorrected_epsilon: bool = False

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        super().__post_init__()
        check_number(self, "beta1", low=0.0, below=1.0)
        check_number(self, "beta2", low=0.0, below=1.0)
        check_number(self, "epsilon", low=0.0)

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: float, step: int) -> Any:
        """Return w and (m, v) after a step."""
        m, v = state
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * (g * g)
        mean_correction, square_correction = 1 - self.beta1**step, sqrt(1 - self.beta2**step)
        if self.uncorrected_epsilon:
            direction = m / (sqrt(v) + self.epsilon)
            return w - rate * square_correction / mean_correction * direction, (m, v)
        return w - rate / mean_correction * m / (sqrt(v) / square_correction + self.epsilon), (m, v)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay apart from the gradient.

    Definition: w ← (1 − η·λ)·w, then Adam's step; biases decay too
    Source: Loshchilov & Hutter, "Decoupled weight decay regularization", 2019

    Parameters
    ----------
    learning_rate : float, default=0.001
        The step size η; schedules multiply it.
    beta1 : float, default=0.9
        How slowly the mean of gradients changes, β₁.
    beta2 : float, default=0.999
        How slowly their mean square changes, β₂.
    epsilon : float, default=1e-08
        What keeps the step finite where gradients vanish, ε.
    uncorrected_epsilon : bool, default=False
        Whether ε is added to √v before its correction, as in the paper's reordered form, in
        scikit-learn and in Keras: w ← w − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m/(√v + ε). By default it is
        added after, as in PyTorch.
    weight_decay : float, default=0.01
        How much of a parameter a step takes away, times η: λ.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        super().__post_init__()
        check_number(self, "weight_decay", low=0.0)

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: float, step: int) -> Any:
        """Return w and (m, v) after a step."""
        return super().rule((1 - rate * self.weight_decay) * w, g, state, rate, step)


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """RMSProp: each gradient divided by the root of its running mean square.

    Definition: v ← ρ·v + (1 − ρ)·g², w ← w − η·g/(√v + ε), PyTorch's formula and defaults; Keras
        has g/√(v + ε), and ρ = 0.9
    Source: Tieleman & Hinton, lecture 6.5 of "Neural networks for machine learning", 2012

    Parameters
    ----------
    learning_rate : float, default=0.001
        The step size η; schedules multiply it.
    rho : float, default=0.99
        How slowly the mean square changes, ρ.
    epsilon : float, default=1e-08
        What keeps the step finite where gradients vanish, ε.
    """

    slots = ("square",)

    learning_rate: float = 0.001
    rho: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        super().__post_init__()
        check_number(self, "rho", low=0.0, below=1.0)
        check_number(self, "epsilon", low=0.0)

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: float, step: int) -> Any:
        """Return w and (v,) after a step."""
        (v,) = state
        v = self.rho * v + (1 - self.rho) * (g * g)
        return w - rate * g / (sqrt(v) + self.epsilon), (v,)


OPTIMIZERS: tuple[type[Optimizer], ...] = (SGD, Adam, AdamW, RMSProp)
"""Every optimizer."""
