"""Derivatives of a network found without any rule, from forward alone.

They are finite differences, function by function, as :mod:`chainrule.checking` takes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule import random
from chainrule.checking.differences import differences
from chainrule.explain.evaluation import TooLargeError
from chainrule.explain.expressions import Derivative, Symbol
from chainrule.explain.sites import Site
from chainrule.explain.trace import NetworkTrace
from chainrule.types import Array

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


class Differences:
    """What is true of a network at its samples.

    Parameters
    ----------
    trace : NetworkTrace
        Its values; parameters and values are changed for a moment while differences are taken.
    """

    def __init__(self, trace: NetworkTrace) -> None:
        self.trace = trace
        self._truths: dict[tuple[str | None, str, int], Truth] = {}

    def truth(self, term: Symbol | Derivative, most: int = ENTRIES) -> Truth:
        """Return an array of values or derivatives, at some entries if there are many.

        Raises
        ------
        TooLargeError
            It has more numbers than are made.
        """
        if isinstance(term, Symbol):
            return _of_values(self.trace.values[term.name], most)
        of, by = term.of.name if term.of else None, term.by.name
        key = of, by, min(most, self.trace.values[by].size)
        if key not in self._truths:
            found = self._gradient(by, most) if of is None else self._jacobian(term, most)
            self._truths[key] = found
        return self._truths[key]

    def _gradient(self, name: str, most: int) -> Truth:
        array = self.trace.values[name]
        if name == "Y" and not self.trace.parts.loss.takes_any_outputs:
            return self._gradient_within_bounds(array, most)
        path = self.trace.paths[
            self.trace.owners[name][0].input if name in self.trace.owners else name
        ]
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
        (value,) = self.trace.paths["Y"].functions
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
        return Truth(Y.shape, chosen, values, kinks, abs(float(self.trace.values["L"])))

    def _jacobian(self, term: Derivative, most: int) -> Truth:
        assert term.of is not None
        of, by = term.of.name, term.by.name
        site, array = self.trace.site_of(of), self.trace.values[by]
        x = self.trace.values[site.input]
        chosen = _chosen(array.size, most)
        Y = self.trace.values[of]
        if Y.size * array.size > LARGEST:
            raise TooLargeError(f"{Y.size * array.size:,} derivatives of {of} by {by}")
        found = [each for _, each in differences(lambda _: self.trace.made(of, x), array, chosen)]
        apart = self._apart(term, site, Y, array)
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

    def _apart(self, term: Derivative, site: Site, Y: Array, array: Array) -> bool:
        """Return whether each sample's values are derived by that sample's numbers alone."""
        assert term.of is not None
        if term.by.name != site.input:
            return False
        if term.of.name in self.trace.within:
            return term.of.indices[:1] == term.by.indices[:1]
        return self.trace.jacobian(site, term.by.name).ndim != Y.ndim + array.ndim


def _of_values(array: Array, most: int) -> Truth:
    chosen = _chosen(array.size, max(most, 1000))
    values = np.asarray(array, dtype=np.float64).reshape(-1)[chosen]
    size = float(np.max(np.abs(array), initial=0))
    return Truth(array.shape, chosen, values, np.zeros(chosen.shape, dtype=bool), size)


def _chosen(size: int, most: int) -> Array:
    if size <= most:
        return np.arange(size)
    return np.sort(random.choice(size, most, 0, random.Stream.CHECKING, 3))
