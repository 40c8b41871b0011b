"""Forward of a function written in NumPy, read as formulas while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from chainrule.explain.axes import axes_of
from chainrule.explain.building import indexed
from chainrule.explain.sites import Site
from chainrule.explain.traced_names import Names
from chainrule.explain.tracing import NoFormulaError, Traced
from chainrule.functions import Elementwise, EmbeddingBag, ExplicitFunction, Function, RandomKey
from chainrule.types import Array

MISTAKES = (TypeError, AttributeError, ValueError, IndexError, KeyError)
"""What code raises that was given no arrays."""


def is_traced(function: Function) -> bool:
    """Return whether a function's own code is read: one that writes forward and backprop out."""
    return isinstance(function, ExplicitFunction) and not isinstance(function, Elementwise)


def is_mean_of_bags(function: Function) -> TypeGuard[EmbeddingBag]:
    """Return whether a function is a mean of embeddings."""
    return isinstance(function, EmbeddingBag) and function.mode == "mean"


@dataclass(frozen=True)
class TracedForward:
    """A function's forward as it was traced: what went in, and what came out."""

    X: Traced
    parameters: dict[str, Traced]
    Y: Traced
    names: Names


def traced_forward(
    site: Site, X: Array, parameters: Mapping[str, Array], key: RandomKey | None
) -> TracedForward:
    """Return what forward computes of X and parameters, with formulas.

    Raises
    ------
    NoFormulaError
        The function does what is no formula here.
    """
    names = Names(site.output[1:])
    letters = ("n", *axes_of(X.ndim - 1))
    x = Traced(X, indexed(site.input, letters), letters, names)
    own = {
        name: _parameter(array, name, site.names[name], names) for name, array in parameters.items()
    }
    try:
        Y = site.function.forward(x, own, key)  # type: ignore[arg-type]
    except MISTAKES as error:
        raise NoFormulaError(str(error)) from error
    if not isinstance(Y, Traced) or Y.shape != X.shape:
        raise NoFormulaError(f"{site.function} makes an array of another shape")
    names.open = False
    return TracedForward(x, own, Y, names)


def _parameter(array: Array, own: str, name: str, names: Names) -> Traced:
    """Return a parameter, with letters that take the place of those that it is used beside."""
    letters = tuple(f"_{own}{axis}" for axis in range(array.ndim))
    return Traced(array, indexed(name, letters), letters, names)


def intermediate_values(
    site: Site, X: Array, parameters: Mapping[str, Array], key: RandomKey | None
) -> dict[str, Array]:
    """Return what a function's code computes on the way to Y and a derivation has names for."""
    if is_mean_of_bags(site.function):
        return {site.shares: np.asarray(site.function.weights(X), dtype=np.float64)}
    if not is_traced(site.function):
        return {}
    try:
        return traced_forward(site, X, parameters, key).names.values
    except NoFormulaError:
        return {}
