"""Optimizers: how a parameter moves, given its gradient.

Each states its update as one rule on numbers, ``rule(w, g, state, rate, step)``, written with
:mod:`chainrule.mathematics`; given the flat buffer of all parameters it updates all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.added import added
from chainrule.functions.fields import check_number
from chainrule.mathematics import sqrt
from chainrule.training.optimizer import Factors, Optimizer, State
from chainrule.training.schedules import Constant, Schedule, TrainingPosition
from chainrule.types import Array

__all__ = ["OPTIMIZERS", "SGD", "AdaGrad", "Adam", "AdamW", "Optimizer", "RMSProp", "State"]


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
    rate_factors : mapping, optional
        What the learning rate of some parameters is multiplied by, by their names: {"b": 0.1} is
        for all biases, {"b2": 0.1} for that of function 2, and wins over the former. Factors that
        functions state of themselves multiply these.
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
    rate_factors : mapping, optional
        What the learning rate of some parameters is multiplied by, by their names: {"b": 0.1} is
        for all biases, {"b2": 0.1} for that of function 2, and wins over the former. Factors that
        functions state of themselves multiply these.
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
        root = sqrt(v) * (1 / square_correction)  # the same for all: a product takes less time
        return w - rate / mean_correction * m / (root + self.epsilon), (m, v)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay apart from the gradient.

    Definition: w ← (1 − η·λ)·w, then Adam's step; biases decay too, unless decay_factors says else
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
    rate_factors : mapping, optional
        What the learning rate of some parameters is multiplied by, by their names: {"b": 0.1} is
        for all biases, {"b2": 0.1} for that of function 2, and wins over the former. Factors that
        functions state of themselves multiply these.
    decay_schedule : Schedule, default=Constant()
        What λ is multiplied by in the course of training, beside the schedule of η.
    decay_factors : mapping, optional
        What λ is multiplied by for some parameters, by their names: with {"b": 0} biases do not
        decay.
    """

    weight_decay: float = 0.01
    decay_schedule: Schedule = field(
        default=Constant(), kw_only=True, metadata=added(before=Constant())
    )
    decay_factors: Factors | None = field(
        default=None, kw_only=True, hash=False, metadata=added(before=None)
    )

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        super().__post_init__()
        check_number(self, "weight_decay", low=0.0)
        self._check_factors("decay_factors")
        if not isinstance(self.decay_schedule, Schedule):
            raise TypeError(
                f"AdamW: expected decay_schedule such as Cosine(), got {self.decay_schedule!r}"
            )

    @property
    def parameter_factors(self) -> Mapping[str, Factors]:
        """The factors by parameters' names: of the learning rate, and of the decay."""
        return {**super().parameter_factors, "weight_decay": self.decay_factors or {}}

    def scheduled(self, first: TrainingPosition, count: int) -> dict[str, Array]:
        """Return the decay λ at each of the next steps, where it has a schedule."""
        if self.decay_schedule == Constant():
            return {}
        return {"weight_decay": self.weight_decay * self.decay_schedule.factors(first, count)}

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
    rate_factors : mapping, optional
        What the learning rate of some parameters is multiplied by, by their names: {"b": 0.1} is
        for all biases, {"b2": 0.1} for that of function 2, and wins over the former. Factors that
        functions state of themselves multiply these.
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


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """AdaGrad: each gradient divided by the root of the sum of all its squares so far.

    Definition: s ← s + g², w ← w − η·g/(√s + ε)
    Numerics: where g = 0, neither w nor s moves. On sparse samples a step therefore visits the
        rows of the tokens that its batch has, and leaves out nothing: no update is late, as those
        of a lazy Adam are
    Source: Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic
        optimization", 2011

    Parameters
    ----------
    learning_rate : float, default=0.1
        The length of a parameter's first step, η; schedules multiply it.
    epsilon : float, default=1e-08
        What keeps the step finite where gradients vanish, ε.
    rate_factors : mapping, optional
        What the learning rate of some parameters is multiplied by, by their names: {"b": 0.1} is
        for all biases, {"b2": 0.1} for that of function 2, and wins over the former. Factors that
        functions state of themselves multiply these.
    """

    slots = ("squares",)

    learning_rate: float = 0.1
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        super().__post_init__()
        check_number(self, "epsilon", low=0.0)

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: float, step: int) -> Any:
        """Return w and (s,) after a step."""
        (s,) = state
        s = s + g * g
        return w - rate * g / (sqrt(s) + self.epsilon), (s,)


OPTIMIZERS: tuple[type[Optimizer], ...] = (SGD, Adam, AdamW, RMSProp, AdaGrad)
"""Every optimizer."""
