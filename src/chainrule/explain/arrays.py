"""The numbers of a derivation: values, derivatives by finite differences, and what backprop makes.

Derivatives here are found without any rule, from forward alone, function by function as
:mod:`chainrule.checking` does it. A line of a derivation is right if it computes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule import random
from chainrule.chain import Chain
from chainrule.checking.differences import differences
from chainrule.checking.loss_path import LossPath
from chainrule.explain.evaluation import TooLargeError
from chainrule.explain.expressions import Derivative, Stated, Symbol
from chainrule.explain.sites import Parts, Site, steps_of
from chainrule.functions import RandomKey
from chainrule.functions.contract import checked_gradients
from chainrule.functions.sequence import Step
from chainrule.losses import Loss, MeanOverMembers
from chainrule.types import Array

SMALL = 600
"""An array of more numbers has its derivatives taken from backprop, once these are checked."""

LARGEST = 4_000_000
"""A Jacobian of more numbers is not made."""

ENTRIES = 40
"""How many numbers of an array each line is checked at."""


@dataclass(frozen=True)
class Truth:
    """What some entries of an array are, which of these are at kinks, and how large all are."""

    shape: tuple[int, ...]
    positions: Array
    values: Array
    kinks: Array
    size: float


class NetworkArrays:
    """The arrays of a network at samples X with targets t, in float64.

    Parameters
    ----------
    chain : Chain
        With parameters in float64; they are changed for a moment while differences are taken.
    parts : Parts
        Its functions, and its loss.
    X : ndarray of shape (n, …)
        The samples.
    t : array
        Their targets, as the loss takes them.
    key : RandomKey or None
        The key of a step in training.
    by_rules : bool, default=False
        Whether formulas take the derivatives that the rules compute, and not differences: these are
        shown, and differences are what they are compared with.
    """

    def __init__(
        self,
        chain: Chain,
        parts: Parts,
        X: Array,
        t: Any,
        key: RandomKey | None = None,
        *,
        by_rules: bool = False,
    ) -> None:
        self.by_rules = by_rules
        self.chain, self.parts, self.t, self.key = chain, parts, t, key
        self.steps: dict[str, Step] = steps_of(chain, parts, key)
        self.values: dict[str, Array] = {"X": X, "π": np.asarray(math.pi)}
        self.sites = {site.output: site for site in parts.every()}
        self._owners = {
            outer: (site, own)
            for site in parts.every()
            if not site.inner
            for own, outer in site.names.items()
        }
        self._known: dict[object, Array] = {}
        self._truths: dict[tuple[str | None, str, int], Truth] = {}
        self._paths: dict[str, LossPath] = {}
        self._run(parts.sites)
        self._add_loss()

    # ---- forward

    def _run(self, sites: Sequence[Site]) -> None:
        for site in sites:
            x = self.values[site.input]
            if site.inner:
                self.values[site.inner[0].input] = x
                self._run(site.inner)
            self.values[site.output] = np.array(self._forward(site, x), np.float64, order="C")
            for own, outer in site.names.items():
                self.values[outer] = self.steps[site.output][1][own]

    def _forward(self, site: Site, x: Array) -> Array:
        _, own, key = self.steps[site.output]
        return site.function.forward(x, own, key)

    def _add_loss(self) -> None:
        loss, Y = self.parts.loss, self.values["Y"]
        T = loss.targets(self.t, Y)
        members = Y.shape[1] if isinstance(loss, MeanOverMembers) else 1
        outputs = Y.shape[-1] if Y.ndim == 3 or members == 1 else 1
        each = loss.each if isinstance(loss, MeanOverMembers) else loss
        self.values |= {
            "T": np.asarray(T, dtype=np.float64),
            "N": np.asarray(float(len(Y))),
            "K": np.asarray(float(outputs)),
            "M": np.asarray(float(members)),
        }
        for name, numbers in getattr(each, "of_outputs", {}).items():
            self.values[name[0]] = np.asarray(numbers, dtype=np.float64)
        last: Callable[[Array], float] = partial(_mean_error, loss, T)
        self.values["L"] = np.asarray(last(Y))
        self._paths["Y"] = LossPath([last], [Y, self.values["L"]])
        start: Callable[[Array], float] = last
        sites, taken = self.parts.sites, Y
        if self.parts.fused is not None:
            start, taken = partial(self.parts.fused.value, t=self.t), self.values[sites[-1].input]
            sites = sites[:-1]
        value = np.asarray(start(taken))
        if self.parts.fused is not None:
            self._paths[self.parts.sites[-1].input] = LossPath([start], [taken, value])
        self._follow(sites, [start], [taken, value])

    def _follow(self, sites: Sequence[Site], functions: list[Any], values: list[Array]) -> None:
        """Set the way to the loss from what each site takes, the last one's output having its."""
        for site in reversed(sites):
            x = self.values[site.input]
            if site.inner:
                inside = self.values[site.inner[-1].output]
                after = [partial(np.add, x), *functions]
                self._paths[site.inner[-1].output] = LossPath(after, [inside, *values])
                self._follow(site.inner, after, [inside, *values])
            functions = [partial(self._forward, site), *functions]
            values = [x, *values]
            self._paths[site.input] = LossPath(functions, values)

    # ---- what is true

    def truth(self, term: Symbol | Derivative, most: int = ENTRIES) -> Truth:
        """Return an array of values or derivatives, at some entries if there are many.

        Raises
        ------
        TooLargeError
            It has more numbers than are made.
        """
        if isinstance(term, Symbol):
            return _of_values(self.values[term.name], most)
        of, by = term.of.name if term.of else None, term.by.name
        key = of, by, min(most, self.values[by].size)
        if key not in self._truths:
            found = self._gradient(by, most) if of is None else self._jacobian(of, by, most)
            self._truths[key] = found
        return self._truths[key]

    def _gradient(self, name: str, most: int) -> Truth:
        array = self.values[name]
        if name == "Y" and not self.parts.loss.takes_any_outputs:
            return self._gradient_within_bounds(array, most)
        path = self._paths[self._owners[name][0].input if name in self._owners else name]
        chosen = _chosen(array.size, most)
        found = list(path.differences(0, array, chosen))
        return Truth(
            array.shape,
            chosen,
            np.array([np.asarray(each.values) for each in found]),
            np.array([np.asarray(each.kinks) for each in found]),
            max((each.size for each in found), default=0.0),
        )

    def _gradient_within_bounds(self, Y: Array, most: int) -> Truth:
        """Return ∂L/∂Y of outputs that must stay above 0, or between 0 and 1.

        They are moved on another scale, that of y = y₀ exp(u)/(1 − y₀ + y₀ exp(u)) or
        y₀ exp(u), and ∂L/∂y is ∂L/∂u divided by dy/du.
        """
        (value,) = self._paths["Y"].functions
        shares = bool(np.all((Y > 0) & (Y < 1)))

        def moved(u: Array) -> float:
            above = Y * np.exp(u)
            return float(value(above / (1 - Y + above) if shares else above))

        chosen = _chosen(Y.size, most)
        found = [each for _, each in differences(moved, np.zeros(Y.shape), chosen)]
        scale = (Y * (1 - Y) if shares else Y).reshape(-1)[chosen]
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.array([float(each.values) for each in found]) / scale
        kinks = np.array([bool(each.kinks) for each in found]) | ~np.isfinite(values)
        return Truth(Y.shape, chosen, values, kinks, abs(float(self.values["L"])))

    def _jacobian(self, of: str, by: str, most: int) -> Truth:
        site, array = self.sites[of], self.values[by]
        x = self.values[site.input]
        chosen = _chosen(array.size, most)
        Y = self.values[of]
        if Y.size * array.size > LARGEST:
            raise TooLargeError(f"{Y.size * array.size:,} derivatives of {of} by {by}")
        found = [each for _, each in differences(lambda _: self._forward(site, x), array, chosen)]
        apart = by == site.input and self.stated_jacobian(site, by).ndim != Y.ndim + array.ndim
        shape = Y.shape + (array.shape[1:] if apart else array.shape)
        positions, values, kinks = [], [], []
        rest = array[0].size if apart else array.size
        for entry, each in zip(chosen, found, strict=True):
            n = entry // rest if apart else 0
            rows = np.arange(Y[0].size) + n * Y[0].size if apart else np.arange(Y.size)
            positions.append(rows * rest + entry % rest)
            values.append(each.values.reshape(-1)[rows])
            kinks.append(each.kinks.reshape(-1)[rows])
        size = float(np.max(np.abs(Y), initial=0))
        entries, found_values, at_kinks = map(np.concatenate, (positions, values, kinks))
        return Truth(shape, entries, found_values, at_kinks, size)

    # ---- what formulas take

    def array(self, term: Symbol | Derivative) -> Array:
        """Return the array that an element is of; of derivatives at kinks, what backprop has."""
        if isinstance(term, Symbol):
            return self.values[term.name]
        of = term.of.name if term.of else None
        key = (of, term.by.name)
        if key not in self._known:
            self._known[key] = (
                self._gradient_array(key[1]) if of is None else self._whole(of, key[1])
            )
        return self._known[key]

    def _gradient_array(self, name: str) -> Array:
        if self.by_rules or self.values[name].size > SMALL:
            return self.program(name)
        truth = self.truth(Derivative(None, Symbol(name)), SMALL)
        values = truth.values.reshape(truth.shape)
        if not truth.kinks.any():
            return values
        return np.where(truth.kinks.reshape(truth.shape), self.program(name), values)

    def _whole(self, of: str, by: str) -> Array:
        if self.by_rules and self.values[of].size * self.values[by].size <= LARGEST:
            return self.stated_jacobian(self.sites[of], by)
        if self.values[by].size > SMALL:
            raise TooLargeError(f"the derivatives of {of} by {by}")
        truth = self.truth(Derivative(Symbol(of), Symbol(by)), SMALL)
        whole = np.zeros(math.prod(truth.shape))
        whole[truth.positions] = truth.values
        stated = self.stated_jacobian(self.sites[of], by).reshape(-1)
        whole[truth.positions[truth.kinks]] = stated[truth.positions[truth.kinks]]
        return whole.reshape(truth.shape)

    # ---- what the rules compute

    def stated(self, statement: Stated) -> Array:
        """Return what the method of a rule computes."""
        array = statement.array
        if isinstance(array, Symbol):
            return self.values[array.name]
        if array.of is None:
            return self.program(array.by.name)
        return self.stated_jacobian(self.sites[array.of.name], array.by.name)

    def stated_jacobian(self, site: Site, by: str) -> Array:
        """Return the Jacobian that a function states, by its input or by a parameter."""
        _, own, key = self.steps[site.output]
        named = {outer: name for name, outer in site.names.items()}
        J = site.function.jacobian(self.values[site.input], own, named.get(by, "X"), key)
        return np.asarray(J, dtype=np.float64)

    def program(self, name: str) -> Array:
        """Return ∂L/∂name as backprop computes it, from the derivatives by what comes after."""
        key = ("program", name)
        if key not in self._known:
            self._known[key] = self._backprop(name)
        return self._known[key]

    def _backprop(self, name: str) -> Array:
        loss, fused = self.parts.loss, self.parts.fused
        if name == "Y":
            return np.asarray(loss.gradient(self.values["Y"], self.t))
        last = self.parts.sites[-1]
        for block in (site for site in self.sites.values() if site.inner):
            if name == block.inner[-1].output:  # added to what the block takes
                return self.array(Derivative(None, Symbol(block.output)))
        if fused is not None and name == last.input:
            return np.asarray(fused.gradient(self.values[name], self.t))
        site, own_name = self._owner(name)
        _, own, key = self.steps[site.output]
        Y, X = self.values[site.output], self.values[site.input]
        dY = self.array(Derivative(None, Symbol(site.output)))
        returned = site.function.backprop(dY, X, Y, own, key)
        shapes = {name: array.shape for name, array in own.items()}
        dX, gradients = checked_gradients(
            site.function, returned, shapes, X.shape, input_gradient=True
        )
        return np.asarray(dX if own_name is None else gradients[own_name], dtype=np.float64)

    def _owner(self, name: str) -> tuple[Site, str | None]:
        """Return the site whose backprop makes the gradient by a name."""
        if name in self._owners:
            return self._owners[name]
        return next(site for site in self.sites.values() if site.input == name), None


def _mean_error(loss: Loss, T: Array, Y: Array) -> float:
    """Return the mean error of outputs with targets as the loss has read them."""
    return float(np.mean(loss.errors(Y, T)))


def _of_values(array: Array, most: int) -> Truth:
    chosen = _chosen(array.size, max(most, 1000))
    values = np.asarray(array, dtype=np.float64).reshape(-1)[chosen]
    size = float(np.max(np.abs(array), initial=0))
    return Truth(array.shape, chosen, values, np.zeros(chosen.shape, dtype=bool), size)


def _chosen(size: int, most: int) -> Array:
    if size <= most:
        return np.arange(size)
    return np.sort(random.choice(size, most, 0, random.Stream.CHECKING, 3))
