"""The numbers that kernels read of the optimizer's rule, step by step, computed ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.engine.language.step_scalars import StepScalar
from chainrule.engine.machine.memory import address
from chainrule.engine.planning.weights import Weights
from chainrule.types import Array

STEPS_AHEAD = 256
"""For how many steps to compute them at once."""

NONE: Mapping[str, Array] = MappingProxyType({})
"""No hyperparameter changes."""


class ScalarTable:
    """The scalars of the steps to come: for each group of parameters with the same factors, all.

    Parameters
    ----------
    weights : Weights
        The optimizer's, with the groups.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._ahead: Array = np.zeros((0, 0))
        self._rate, self._from, self._at = np.nan, 0, 0

    def of(
        self,
        scalars: Sequence[StepScalar],
        rates: Array,
        done: int,
        changes: Mapping[str, Array] = NONE,
    ) -> Array:
        """Return what scalars are, (steps, numbers), at learning rates, after steps that are done.

        ``changes`` are other hyperparameters at each step.
        """
        weights, column = self.weights, 0
        table = np.empty((len(rates), len(weights.groups) * len(scalars)), dtype=weights.dtype)
        numbers = done + 1.0 + np.arange(len(rates))
        for rate_factor, *others in weights.groups:
            factors = dict(zip(weights.hyperparameters, others, strict=True))
            optimizer = _changed(weights.optimizer, factors, changes)
            for number in scalars:
                table[:, column] = number.evaluate(optimizer, rates * rate_factor, numbers)
                column += 1
        return table

    def place(
        self, scalars: Sequence[StepScalar], rates: Array, done: int, changes: Mapping[str, Array]
    ) -> tuple[Array, int]:
        """Return a table as :meth:`of` does, and the address where these steps begin in it.

        As long as nothing changes, it is computed for many steps at once.
        """
        steps, first, rate = len(rates), done - self._from, float(rates[0])
        if changes or steps > STEPS_AHEAD or rates.tolist().count(rate) < steps:
            table = self.of(scalars, rates, done, changes)
            return table, address(table)
        if rate != self._rate or not 0 <= first <= STEPS_AHEAD - steps:
            self._ahead = self.of(scalars, np.full(STEPS_AHEAD, rate), done)
            self._at = address(self._ahead)
            self._rate, self._from, first = rate, done, 0
        return self._ahead, self._at + first * self._ahead.strides[0]


def _changed(
    optimizer: Any, factors: Mapping[str, float], changes: Mapping[str, Array]
) -> Any:
    """Return an optimizer with hyperparameters times factors, each of a step where they change."""
    values = {
        name: changes.get(name, getattr(optimizer, name)) * factors.get(name, 1.0)
        for name in dict.fromkeys((*factors, *changes))
    }
    return optimizer.with_values(**values) if values else optimizer
