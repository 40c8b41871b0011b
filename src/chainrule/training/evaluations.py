"""The losses and gradients that a minimization has asked for, from which it can be done again.

SciPy's L-BFGS-B keeps numbers of its own that nobody can put back. But given the same losses and
gradients it takes the same way; so these are kept, and a minimization that goes on takes the way
that it has behind it once more, in little time, and is where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from chainrule.training.gradients import LossAndGradient
from chainrule.training.snapshot import Reader, Snapshot, numbers_of
from chainrule.types import Array

__all__ = ["Evaluations"]


@dataclass(frozen=True)
class Evaluation:
    """A loss and its gradient, and how many seconds after the start they were there."""

    loss: float
    gradient: Array
    seconds: float


class Evaluations:
    """A loss and its gradient as a function of parameters that keeps what it has returned.

    Parameters
    ----------
    evaluate : callable
        From flat parameters to the loss and its gradient.
    parameters : ndarray
        Such parameters.
    """

    def __init__(self, evaluate: LossAndGradient, parameters: Array) -> None:
        self.evaluate = evaluate
        self.shape, self.dtype = parameters.shape, parameters.dtype
        self.done: list[Evaluation] = []
        self.look: Callable[[], None] = lambda: None
        self.whole = True
        self._restored = self._next = 0
        self._begun = perf_counter()

    @property
    def size(self) -> int:
        """About how many bytes a snapshot has."""
        return sum(each.gradient.nbytes for each in self.done)

    @property
    def again(self) -> bool:
        """Whether the last evaluation was one of those that had been made before."""
        return self._next <= self._restored

    @property
    def more(self) -> bool:
        """Whether there are evaluations that had not been made before, or none yet."""
        return not self.done or len(self.done) > self._restored

    def seconds(self) -> float:
        """Return how many seconds after the start the minimization is."""
        if self._restored and self.again:
            return self.done[self._next - 1].seconds if self._next else 0.0
        return perf_counter() - self._begun

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Return loss and gradient, those that are known or else new ones."""
        if self._next == len(self.done):
            loss, gradient = self.evaluate(x)
            self.done.append(Evaluation(float(loss), gradient, perf_counter() - self._begun))
            self.look()
        known = self.done[self._next]
        self._next += 1
        return known.loss, known.gradient.copy()

    def snapshot(self) -> Snapshot:
        """Return all losses and gradients so far."""
        done = [*self.done]
        gradients = np.empty((len(done), *self.shape), self.dtype)
        for place, each in enumerate(done):
            gradients[place] = each.gradient
        return {
            "losses": numbers_of(each.loss for each in done),
            "seconds": numbers_of(each.seconds for each in done),
            "gradients": gradients,
        }

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot, before the first evaluation."""
        reader.expect("losses", "seconds", "gradients")
        losses, seconds = reader.numbers("losses"), reader.numbers("seconds")
        gradients = reader.array("gradients", self.dtype, (len(losses), *self.shape))
        self.done = [Evaluation(*each) for each in zip(losses, gradients, seconds, strict=True)]
        self._restored = len(self.done)
        if seconds:
            self._begun = perf_counter() - seconds[-1]
