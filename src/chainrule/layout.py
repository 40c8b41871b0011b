"""The layout of a chain: the shapes of its samples and parameters, before any number exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy import sparse

from chainrule.finite import narrowed
from chainrule.functions import Function
from chainrule.functions.sequence import Layer, lay_out
from chainrule.sparse_rows import as_csr
from chainrule.types import Shape

__all__ = [
    "CONSTRUCTION_ERRORS",
    "LARGEST",
    "ChainLayout",
    "Layer",
    "as_samples",
    "check_float",
    "lay_out",
    "sample_shape",
]

LARGEST = 2**31
"""The largest size of an axis, and the most numbers that a sample has anywhere in a chain."""

CONSTRUCTION_ERRORS = (ValueError, TypeError, ArithmeticError, LookupError)
"""What a class may raise when it is given sizes or hyperparameters that it cannot take."""


@dataclass(frozen=True)
class ChainLayout:
    """A chain without its parameters: nothing is allocated, however large it would be."""

    functions: tuple[Function, ...]
    input_shape: Shape
    dtype: np.dtype[Any]
    layers: tuple[Layer, ...]
    shapes: Mapping[str, Shape]

    @classmethod
    def of(cls, functions: Sequence[Function], shape: Shape, dtype: DTypeLike) -> ChainLayout:
        """Return the layout of functions for samples of a shape.

        Raises
        ------
        ValueError
            A function cannot take its input, or a sample would grow beyond :data:`LARGEST` numbers.
        """
        try:
            layers, shapes = lay_out(functions, shape)
        except CONSTRUCTION_ERRORS as error:
            message = str(error) or f"a function cannot take its input: {error!r}"
            raise ValueError(message) from None
        # Both sides: a product of a huge input's sizes may have wrapped around to a small output.
        for layer in (inside for outer in layers for inside in outer.walk()):
            if max(prod(layer.input_shape), prod(layer.output_shape)) > LARGEST:
                raise ValueError(
                    f"{layer.function}: expected at most {LARGEST:,} numbers a sample before and "
                    f"after it, got the shapes {layer.input_shape} and {layer.output_shape}"
                )
        return cls(tuple(functions), shape, np.dtype(dtype), tuple(layers), shapes)

    @property
    def count(self) -> int:
        """How many parameters there are."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def output_shape(self) -> Shape:
        """The shape of one output."""
        return self.layers[-1].output_shape


def sample_shape(given: Any) -> Shape:
    """Return the shape of one sample, from itself or from data."""
    whole = given.shape if hasattr(given, "shape") else np.shape(given)
    shape = given if isinstance(given, tuple) else tuple(whole[1:])
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in shape)
    if not shape or not whole or min(shape) < 1:
        raise ValueError(
            f"Chain: expected the shape of one sample, such as (64,) or (1, 28, 28), or data X "
            f"(n, …), got {shape if isinstance(given, tuple) else whole}"
        )
    return tuple(int(n) for n in shape)


def as_samples(X: Any, first: Layer, dtype: np.dtype[Any]) -> Any:
    """Return data X (n, …) for a first layer in a float type; ValueError if they misfit it."""
    function, expected = first.function, first.input_shape
    if sparse.issparse(X):
        if not function.sparse_input:
            raise ValueError(f"{function}: expected a dense array, got a sparse matrix")
        X = as_csr(str(function), X)
    else:
        X = np.asarray(X)
    if X.ndim < 1 or X.shape[1:] != expected:
        if len(expected) == 1 and X.ndim == 2:
            raise ValueError(
                f"{function}: expected X with {expected[0]} features, got {X.shape[1]}"
            )
        axes = ", ".join(map(str, expected))
        raise ValueError(f"{function}: expected X of shape (n, {axes}), got {X.shape}")
    if X.dtype.kind not in "biuf":
        raise ValueError(f"{function}: expected numbers as X, got {X.dtype} values")
    function.check_samples(X)
    return narrowed(str(function), X, dtype).astype(dtype, copy=False)


def check_float(dtype: DTypeLike) -> None:
    """Raise ValueError unless a type of parameters is a float type."""
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"Chain: expected a float type as dtype, got {np.dtype(dtype)}")
