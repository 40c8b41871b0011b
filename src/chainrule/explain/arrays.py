"""What the formulas of a derivation take: values, and derivatives by differences or by rules.

A line of a derivation is right if it computes what differences find.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.explain.differences import LARGEST, Differences
from chainrule.explain.evaluation import TooLargeError
from chainrule.explain.expressions import Derivative, Stated, Symbol
from chainrule.explain.sites import Site
from chainrule.explain.trace import NetworkTrace
from chainrule.functions.contract import checked_gradients
from chainrule.types import Array

SMALL = 600
"""An array of more numbers has its derivatives taken from backprop, once these are checked."""


class NetworkArrays:
    """The arrays of a network at its samples.

    Parameters
    ----------
    trace : NetworkTrace
        Its values.
    by_rules : bool, default=False
        Whether derivatives are those that the rules compute, and not differences: these are shown,
        and differences are what they are compared with.
    """

    def __init__(self, trace: NetworkTrace, *, by_rules: bool = False) -> None:
        self.trace, self.by_rules = trace, by_rules
        self.differences = Differences(trace)
        self._known: dict[object, Array] = {}

    def array(self, term: Symbol | Derivative) -> Array:
        """Return the array that an element is of; of derivatives at kinks, what backprop has."""
        if isinstance(term, Symbol):
            return self.trace.values[term.name]
        of = term.of.name if term.of else None
        key = (of, term.by.name)
        if key not in self._known:
            self._known[key] = (
                self._gradient_array(key[1]) if of is None else self._whole(of, key[1])
            )
        return self._known[key]

    def _gradient_array(self, name: str) -> Array:
        if self.by_rules or self.trace.values[name].size > SMALL:
            return self.program(name)
        truth = self.differences.truth(Derivative(None, Symbol(name)), SMALL)
        values = truth.values.reshape(truth.shape)
        if not truth.kinks.any():
            return values
        return np.where(truth.kinks.reshape(truth.shape), self.program(name), values)

    def _whole(self, of: str, by: str) -> Array:
        if self.by_rules and self.trace.values[of].size * self.trace.values[by].size <= LARGEST:
            return self.trace.jacobian(self.trace.sites[of], by)
        if self.trace.values[by].size > SMALL:
            raise TooLargeError(f"the derivatives of {of} by {by}")
        truth = self.differences.truth(Derivative(Symbol(of), Symbol(by)), SMALL)
        whole = np.zeros(math.prod(truth.shape))
        whole[truth.positions] = truth.values
        stated = self.trace.jacobian(self.trace.sites[of], by).reshape(-1)
        whole[truth.positions[truth.kinks]] = stated[truth.positions[truth.kinks]]
        return whole.reshape(truth.shape)

    def stated(self, statement: Stated) -> Array:
        """Return what the method of a rule computes."""
        array = statement.array
        if isinstance(array, Symbol):
            return self.trace.values[array.name]
        if array.of is None:
            return self.program(array.by.name)
        return self.trace.jacobian(self.trace.sites[array.of.name], array.by.name)

    def program(self, name: str) -> Array:
        """Return ∂L/∂name as backprop computes it, from the derivatives by what comes after."""
        key = ("program", name)
        if key not in self._known:
            self._known[key] = self._backprop(name)
        return self._known[key]

    def _backprop(self, name: str) -> Array:
        loss, fused = self.trace.parts.loss, self.trace.parts.fused
        if name == "Y":
            return np.asarray(loss.gradient(self.trace.values["Y"], self.trace.t))
        last = self.trace.parts.sites[-1]
        for block in (site for site in self.trace.sites.values() if site.inner):
            if name == block.inner[-1].output:  # added to what the block takes
                return self.array(Derivative(None, Symbol(block.output)))
        if fused is not None and name == last.input:
            return np.asarray(fused.gradient(self.trace.values[name], self.trace.t))
        site, own_name = self._owner(name)
        _, own, key = self.trace.steps[site.output]
        Y, X = self.trace.values[site.output], self.trace.values[site.input]
        dY = self.array(Derivative(None, Symbol(site.output)))
        returned = site.function.backprop(dY, X, Y, own, key)
        shapes = {name: array.shape for name, array in own.items()}
        dX, gradients = checked_gradients(
            site.function, returned, shapes, X.shape, input_gradient=True
        )
        return np.asarray(dX if own_name is None else gradients[own_name], dtype=np.float64)

    def _owner(self, name: str) -> tuple[Site, str | None]:
        """Return the site whose backprop makes the gradient by a name."""
        if name in self.trace.owners:
            return self.trace.owners[name]
        return next(site for site in self.trace.sites.values() if site.input == name), None
