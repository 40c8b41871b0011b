"""Samples that are kept in a file, with what the library predicts of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.export.walk import Network
from chainrule.types import Array

__all__ = ["MOST_SAMPLES", "Samples", "keep_samples"]

MOST_SAMPLES = 20
"""How many samples are kept of those that are given."""


@dataclass(frozen=True)
class Samples:
    """Raw samples, their answers, and how far a program's answers may be from these.

    Parameters
    ----------
    x : list of list
        The samples: numbers, or of a table numbers, texts, and None where a cell is missing.
    y : ndarray of shape (n, outputs)
        Their answers by plain NumPy in the program's float type.
    chosen : ndarray of shape (n,) or None
        The places of the classes; −1 where two are as probable, up to rounding.
    allowed : float
        The largest difference that is rounding.
    encoded : ndarray of shape (n, …)
        The samples as the first layer takes them.
    """

    x: list[list[Any]]
    y: Array
    chosen: Array | None
    allowed: float
    encoded: Array


def keep_samples(network: Network, raw: Any, encoded: Any, dtype: np.dtype[Any]) -> Samples:
    """Return some samples with their answers.

    Parameters
    ----------
    network : Network
        What answers.
    raw : list of list
        The samples as a program is given them.
    encoded : array-like
        The same as the first layer takes them.
    dtype : dtype
        The program's float type.
    """
    encoded = encoded.toarray() if hasattr(encoded, "toarray") else np.asarray(encoded)
    count = min(len(encoded), MOST_SAMPLES)
    if not count:
        raise ValueError("export: expected at least one sample, got none")
    X = encoded[:count]
    answers = [network.compute(X, dtype=kind) for kind in (dtype, np.float64)]
    y, exact = (each.reshape(count, -1) for each in answers)
    eps, size = np.finfo(dtype).eps, max(1.0, float(np.abs(exact).max()))
    rounding = float(np.abs(y - exact).max())
    allowed = 16 * rounding + 1024 * float(eps) * size
    chosen = None
    if network.answers.kind == "classes":
        chosen = network.answers.chosen(network.compute(X, "scores", np.float64))
        if exact.shape[1] > 1:
            best = np.sort(exact, axis=1)
            chosen = np.where(best[:, -1] - best[:, -2] > 2 * allowed, chosen, -1)
    return Samples(raw[:count], y, chosen, allowed, X)
