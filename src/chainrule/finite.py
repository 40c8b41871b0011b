"""Numbers that are finite, and stay so in the float type that computes with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.types import Array

__all__ = ["NotFiniteError", "check_range", "finite_outputs", "narrowed"]

FEW = 16
"""Numbers up to which a loop in Python is faster than NumPy's."""

FLOAT32_MAX = float(np.finfo(np.float32).max)


class NotFiniteError(ValueError):
    """A number that is not finite, or would not be so in the float type that computes.

    Parameters
    ----------
    name : str
        Of the function that met it.
    expected : str
        What should have stood there.
    received : str
        What did.
    sample : int
        In which sample.
    place : tuple of int, default=()
        Where in it.
    advice : str, default=""
        What helps.
    """

    def __init__(
        self,
        name: str,
        expected: str,
        received: str,
        sample: int,
        place: tuple[int, ...] = (),
        advice: str = "",
    ) -> None:
        super().__init__(name, expected, received, sample, place, advice)
        self.name, self.expected, self.received = name, expected, received
        self.sample, self.place, self.advice = sample, place, advice

    def __str__(self) -> str:
        at = f" at ({', '.join(map(str, self.place))})" if self.place else ""
        return (
            f"{self.name}: expected {self.expected}, got {self.received} in sample "
            f"{self.sample}{at}{self.advice}"
        )


def check_range(
    name: str, X: Any, dtype: np.dtype[Any], what: str = "X", advice: str | None = None
) -> None:
    """Raise NotFiniteError for a finite number that a float type cannot hold.

    Parameters
    ----------
    name : str
        Of the function that computes, for the error.
    X : ndarray of shape (n, …) or sparse matrix in CSR or CSC format
        Numbers. Those that are NaN or infinite pass: they are so in any type.
    dtype : dtype
        The float type to compute in.
    what : str, default="X"
        What the numbers are.
    advice : str, optional
        What helps; that float64 holds the number, by default.

    Raises
    ------
    NotFiniteError
        Names the sample of the number.
    """
    if X.dtype.kind != "f" or X.dtype.itemsize <= dtype.itemsize:
        return
    most = FLOAT32_MAX if dtype == np.float32 else np.finfo(dtype).max
    numbers = X.data if sparse.issparse(X) else X
    if numbers.size <= FEW:  # in less time than NumPy takes
        if all(-most <= number <= most for number in numbers.ravel().tolist()):
            return
    elif numbers.max() <= most and numbers.min() >= -most:
        return
    beyond = np.isfinite(numbers) & (np.abs(numbers) > most)
    if not beyond.any():
        return
    at = np.argwhere(beyond)[0]
    received = numbers[tuple(at)]
    if sparse.issparse(X):
        holder = int(np.searchsorted(X.indptr, at[0], side="right")) - 1
        at = (holder, X.indices[at[0]]) if X.format == "csr" else (X.indices[at[0]], holder)
    sample, *place = map(int, at)
    wider = abs(received) <= np.finfo(np.float64).max
    helps = ("; float64 holds it" if advice is None else advice) if wider else ""
    expected = f"{what} within ±{most:.2g} for {dtype}"
    raise NotFiniteError(name, expected, str(received), sample, tuple(place), helps)


def narrowed(name: str, X: Any, dtype: np.dtype[Any], advice: str | None = None) -> Any:
    """Return numbers X (n, …), dense or CSR, in a float type if they are of a larger one.

    Numbers of other types are returned as they are, and errors are those of :func:`check_range`.
    """
    if X.dtype.kind != "f" or X.dtype.itemsize <= dtype.itemsize:
        return X
    check_range(name, X, dtype, advice=advice)
    return X.astype(dtype)


def finite_outputs(name: str, Y: Array, what: str = "prediction") -> Array:
    """Return what a network makes of finite samples, Y (n, …); all of it must be finite, too.

    It is not where a number within the network grows beyond its float type.

    Parameters
    ----------
    name : str
        Of the function that computes, for the error.
    Y : ndarray of shape (n, …)
        Outputs, or their derivatives.
    what : str, default="prediction"
        What they are.

    Raises
    ------
    NotFiniteError
        Names the sample.
    """
    if Y.size <= FEW and math.isfinite(sum(Y.ravel().tolist())):
        return Y
    finite = np.isfinite(Y)
    if finite.all():
        return Y
    sample, *place = map(int, np.argwhere(~finite)[0])
    wider = ", or fit on X of float64" if Y.dtype == np.float32 else ""
    raise NotFiniteError(
        name,
        f"a finite {what}",
        str(Y[sample, *place]),
        sample,
        tuple(place) if Y.size > len(Y) else (),
        f": a number in the network grew beyond {Y.dtype}; bring X near that of training{wider}",
    )
