"""The derivative of a chain's loss by one number, by finite differences, function by function.

A loss that depends on the number θ by way of x_k, x_{k+1}, …, y has the derivative

    v_k = ∂x_k/∂θ,   v_{k+1} = ∂f_{k+1}/∂x_k · v_k,   …,   ∂e/∂θ = ∂err/∂y · v_n

and each line is a finite difference: of f_k by θ, of f_{k+1} along v_k, of the loss along v_n. Only
forward is used, and no rule; all samples go through together, so a function that mixes them is
found out. The functions before θ are not computed again.

One difference of the loss itself would have no good step where a network is large. Of the hundred
thousand ReLUs that a filter moves, some switch within any step that is not tiny, and a tiny step
drowns in the rounding of the loss. Here each number between two functions has a step of its own: a
ReLU within a millionth of its kink takes a small one, and the others do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.checking.differences import Difference, difference_along, differences
from chainrule.functions import Function, RandomKey
from chainrule.losses import Loss
from chainrule.types import Array


@dataclass(frozen=True)
class LossPath:
    """The functions from X to a loss, the loss being the last, and the values between them.

    ``values[k]`` is what ``functions[k]`` takes, and the last value is the loss.
    """

    functions: Sequence[Callable[[Array], Any]]
    values: Sequence[Array]

    @classmethod
    def of(
        cls,
        chain: Chain,
        loss: Loss,
        X: Array,
        t: Any,
        sample_weight: Array | None = None,
        key: RandomKey | None = None,
    ) -> LossPath:
        """Return the path of the mean loss for X (n, …), float64, with targets t."""
        last, count = chain.fuse(loss)
        functions: list[Callable[[Array], Any]] = [
            partial(_forward, layer.function, own, at)
            for layer, own, at in chain.steps(key)[:count]
        ]
        functions.append(partial(last.value, t=t, sample_weight=sample_weight))
        values = chain.trace(X, key, until=count)
        return cls(functions, [*values, np.asarray(functions[-1](values[-1]))])

    def differences(self, position: int, array: Array, entries: Array) -> Iterator[Difference]:
        """Yield the derivative of the loss by entries of an array of the function at a position.

        The array is the function's parameter, or its input; it is changed and put back.
        """
        function, x = self.functions[position], self.values[position]
        for _, found in differences(lambda _: function(x), array, entries):
            yield self._pass_on(found, position + 1)

    def _pass_on(self, found: Difference, position: int) -> Difference:
        """Return the derivative of the loss, given that of what the function at a position takes.

        There is none as soon as one number on the way has none.
        """
        size = float(np.abs(self.values[-1]))
        for place in range(position, len(self.functions)):
            if found.kinks.any():
                return Difference(np.array(np.nan), np.array(True), size)
            start = self.values[place + 1]
            found = difference_along(self.functions[place], self.values[place], found.values, start)
        return found


def _forward(
    function: Function, parameters: Mapping[str, Array], key: RandomKey | None, X: Array
) -> Array:
    """Return the output of a function at X, its last argument here."""
    return function.forward(X, parameters, key)
