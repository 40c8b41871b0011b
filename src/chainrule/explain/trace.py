"""A network at its samples: all values between its functions, and the way from each to the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.checking.loss_path import LossPath
from chainrule.explain.sites import MASKED, Parts, Site, steps_of
from chainrule.explain.traced_forward import intermediate_values
from chainrule.functions import RandomKey
from chainrule.functions.sequence import Step
from chainrule.losses import Loss, MeanOverMembers
from chainrule.types import Array


class NetworkTrace:
    """The values of a network at samples X with targets t, in float64, by their names.

    ``values`` has them, ``sites`` the functions by what they make, ``within`` those by what they
    make on the way, ``steps`` their parameters, and ``paths`` the functions from each value to the
    loss.

    Parameters
    ----------
    chain : Chain
        With parameters in float64.
    parts : Parts
        Its functions, and its loss.
    X : ndarray of shape (n, …)
        The samples.
    t : array
        Their targets, as the loss takes them.
    key : RandomKey or None
        The key of a step in training.
    """

    def __init__(
        self, chain: Chain, parts: Parts, X: Array, t: Any, key: RandomKey | None = None
    ) -> None:
        self.chain, self.parts, self.t, self.key = chain, parts, t, key
        self.steps: dict[str, Step] = steps_of(chain, parts, key)
        self.values: dict[str, Array] = {"X": X, "π": np.asarray(math.pi)}
        self.sites = {site.output: site for site in parts.every()}
        self.owners = {
            outer: (site, own)
            for site in parts.every()
            if not site.inner
            for own, outer in site.names.items()
        }
        self.within: dict[str, Site] = {}
        self.paths: dict[str, LossPath] = {}
        self._run(parts.sites)
        self._add_loss()

    def _run(self, sites: Sequence[Site]) -> None:
        for site in sites:
            x = self.values[site.input]
            if site.inner:
                self.values[site.inner[0].input] = x
                self._run(site.inner)
            self.values[site.output] = np.array(self.forward(site, x), np.float64, order="C")
            if isinstance(site.function, MASKED):
                self.values[site.mask] = site.function.mask(x, self.steps[site.output][2])
            within = intermediate_values(site, x, *self.steps[site.output][1:])
            self.values |= within
            self.within |= dict.fromkeys(within, site)
            for own, outer in site.names.items():
                self.values[outer] = self.steps[site.output][1][own]

    def forward(self, site: Site, x: Array) -> Array:
        """Return what a function makes of x."""
        _, own, key = self.steps[site.output]
        return site.function.forward(x, own, key)

    def site_of(self, name: str) -> Site:
        """Return the function that makes a value, or makes it on the way to what it makes."""
        return self.within[name] if name in self.within else self.sites[name]

    def made(self, name: str, x: Array) -> Array:
        """Return a value as its function makes it of x."""
        site = self.site_of(name)
        if name not in self.within:
            return self.forward(site, x)
        return intermediate_values(site, x, *self.steps[site.output][1:])[name]

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
        self.paths["Y"] = LossPath([last], [Y, self.values["L"]])
        start: Callable[[Array], float] = last
        sites, taken = self.parts.sites, Y
        if self.parts.fused is not None:
            start, taken = partial(self.parts.fused.value, t=self.t), self.values[sites[-1].input]
            sites = sites[:-1]
        value = np.asarray(start(taken))
        if self.parts.fused is not None:
            self.paths[self.parts.sites[-1].input] = LossPath([start], [taken, value])
        self._follow(sites, [start], [taken, value])

    def _follow(self, sites: Sequence[Site], functions: list[Any], values: list[Array]) -> None:
        """Set the way to the loss from what each site takes, the last one's output having its."""
        for site in reversed(sites):
            x = self.values[site.input]
            if site.inner:
                inside = self.values[site.inner[-1].output]
                after = [partial(np.add, x), *functions]
                self.paths[site.inner[-1].output] = LossPath(after, [inside, *values])
                self._follow(site.inner, after, [inside, *values])
            functions = [partial(self.forward, site), *functions]
            values = [x, *values]
            self.paths[site.input] = LossPath(functions, values)

    def jacobian(self, site: Site, by: str) -> Array:
        """Return the Jacobian that a function states, by its input or by a parameter."""
        _, own, key = self.steps[site.output]
        named = {outer: name for name, outer in site.names.items()}
        J = site.function.jacobian(self.values[site.input], own, named.get(by, "X"), key)
        return np.asarray(J, dtype=np.float64)


def _mean_error(loss: Loss, T: Array, Y: Array) -> float:
    """Return the mean error of outputs with targets as the loss has read them."""
    return float(np.mean(loss.errors(Y, T)))
