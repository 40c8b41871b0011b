"""Numbers as targets: as they are, or standardised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule import strict_json
from chainrule.data import Column, DataError
from chainrule.data.cells import Moments
from chainrule.functions import Exp
from chainrule.losses import HalfSquaredError, Huber, Loss, MeanAbsoluteError, Poisson
from chainrule.tables import short_repr
from chainrule.targets.base import Objective, Targets
from chainrule.targets.columns import number_cells
from chainrule.types import Array

__all__ = ["REGRESSION_LOSSES", "Numbers", "regression_objective"]

MOST_OUTPUTS = 2**31
MOST_QUANTILES = 1000

ADDED: dict[str, Any] = {"bounds": None, "quantiles": [], "names": []}
"""What files mean that lack these keys, of later releases than the others."""

Bounds = tuple[float, float] | tuple[tuple[float, ...], tuple[float, ...]]

REGRESSION_LOSSES: dict[str, Loss] = {
    "squared_error": HalfSquaredError(outputs="sum"),
    "poisson": Poisson(outputs="sum"),
    "huber": Huber(outputs="sum"),
    "absolute_error": MeanAbsoluteError(outputs="sum"),
}
"""The losses of regressors by name; gradients are those of the sum over several outputs."""


def regression_objective(choice: str | Loss, outputs: int) -> Objective:
    """Return the objective of predicting `outputs` numbers by a loss, or its name."""
    loss = REGRESSION_LOSSES[choice] if isinstance(choice, str) else choice
    if isinstance(loss, Poisson):
        return Objective(loss, Exp())
    return Objective(loss, None, outputs if getattr(loss, "outputs", "mean") == "sum" else 1)


@dataclass(frozen=True)
class Numbers(Targets):
    """One number a sample, or several: t (n, k) is y, or (y − mean) / scale.

    Parameters
    ----------
    count : int
        How many numbers, k.
    mean, scale : tuple of float or None
        Of each of them, where they are standardised.
    name : str
        The column of a table that they stood in.
    bounds : tuple or None
        The smallest and the largest, within which what is decoded is kept; of several numbers a
        tuple of each of them.
    quantiles : tuple of float
        Of a number, rising, 0.5 among them: what the outputs of a network stand for; () where its
        output is the number.
    names : tuple of str
        The columns that several numbers stood in, () where in none.
    """

    count: int = 1
    mean: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    name: str = ""
    bounds: Bounds | None = None
    quantiles: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    kind = "numbers"
    __repr__ = short_repr

    @classmethod
    def fit(
        cls,
        y: Array,
        *,
        scaled: bool = False,
        positive: bool = False,
        constant: bool = False,
        name: str = "",
    ) -> Numbers:
        """Learn from validated y (n,) or (n, k).

        Parameters
        ----------
        y : ndarray
            Validated answers.
        scaled : bool
            Whether targets are to be standardised.
        positive : bool
            Whether they are counts, which are divided by their mean and never shifted below 0.
        constant : bool
            Whether those that are all one number are taken, too; their deviation counts as 1.
        name : str
            The column that they stood in.

        Raises
        ------
        DataError
            They are to be standardised, and are all one number; or counts are negative.
        """
        columns = _columns(y)
        count = columns.shape[1]
        if not scaled:
            return cls(count, name=name)
        moments = [Moments.of(np.asarray(column, np.float64)) for column in columns.T]
        where = f"target {name!r}" if name else "target"
        if any(each.scale == 0.0 for each in moments) and not constant:
            raise DataError(f"{where}: expected different numbers, got one only")
        if positive:
            if (columns < 0).any():
                of = repr(name) if name else "the target"
                raise DataError(f"the Poisson loss needs counts, but {of} has negative values")
            means = tuple(each.mean if each.mean > 0 else 1.0 for each in moments)
            return cls(count, (0.0,) * count, means, name)
        means = tuple(each.mean if each.scale else each.median for each in moments)
        return cls(count, means, tuple(each.scale or 1.0 for each in moments), name)

    def within(self, y: Array) -> Numbers:
        """Return them with what is decoded kept within the range of answers y."""
        columns = _columns(y)
        low, high = (tuple(map(float, end)) for end in (columns.min(axis=0), columns.max(axis=0)))
        return replace(self, bounds=(low[0], high[0]) if self.count == 1 else (low, high))

    def one(self, place: int) -> Numbers:
        """Return one of several standardised numbers."""
        mean, scale = (None if m is None else (m[place],) for m in (self.mean, self.scale))
        return Numbers(1, mean, scale, self.columns[place] if self.columns else "")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of a table that they stood in, () where in none."""
        return self.names or super().columns

    @property
    def outputs(self) -> int:
        """An output for each number."""
        return self.count

    @property
    def task(self) -> str:
        """Regression."""
        return "regression"

    def read(self, *columns: Column) -> Array:
        """Return a column's cells as numbers (n,), those of several as (n, k)."""
        if self.count > 1:
            each = [self.one(place).read(column) for place, column in enumerate(columns)]
            return np.stack(each, axis=1)
        (column,) = columns
        y = number_cells(column)
        with np.errstate(over="ignore"):
            far = ~(np.abs(self.encode(y)[:, 0]) <= np.finfo(np.float32).max)
        if self.scale is not None and far.any():
            row = int(np.argmax(far))
            raise DataError(
                f"target {column.name!r}, {column.place(row)}: expected a number near those "
                f"of training, got {column.cells[row]!r}"
            )
        return y

    def encode(self, y: Any) -> Array:
        """Return numbers (n, k) of a float type."""
        columns = _columns(y)
        if columns.dtype.kind != "f":
            columns = columns.astype(np.float64)
        if self.mean is None or self.scale is None:
            return columns
        with np.errstate(over="ignore"):
            shifted = columns.astype(np.float64) - np.array(self.mean)
            return np.asarray(shifted / np.array(self.scale))

    def decode(self, t: Array) -> Array:
        """Return targets (n, k) in their own units, (n,) if they are one number a sample."""
        y = self.answers(t)
        return y if self.bounds is None else np.clip(y, *self.bounds)

    def answers(self, t: Array) -> Array:
        """Return answers y, which may be beyond the bounds, that targets t (n, k) were made of."""
        if self.mean is None or self.scale is None:
            return t[:, 0] if self.count == 1 else t
        if t.shape == (1, 1):  # in little time, for services that predict sample by sample
            return np.array([float(t[0, 0]) * self.scale[0] + self.mean[0]])
        with np.errstate(over="ignore"):
            if self.count == 1:
                return np.asarray(t[:, 0].astype(np.float64) * self.scale[0] + self.mean[0])
            return np.asarray(t.astype(np.float64) * np.array(self.scale) + np.array(self.mean))

    def score(self, Y: Array, t: Array, weights: Array | None) -> float:
        """Return R², which is the same in all units."""
        return r_squared(Y, t, weights) if np.isfinite(Y).all() else float("nan")

    def attributes(self) -> dict[str, Any]:
        """Return how many outputs there are."""
        return {"n_outputs_": self.count}

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""
        entries = {
            "count": int(self.count),
            "mean": None if self.mean is None else list(self.mean),
            "scale": None if self.scale is None else list(self.scale),
            "name": self.name,
            "bounds": None if self.bounds is None else np.array(self.bounds).tolist(),
            "quantiles": list(self.quantiles),
            "names": list(self.names),
        }
        return strict_json.shorter(entries, ADDED)

    @classmethod
    def from_json(cls, data: object) -> Numbers:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        entries = strict_json.record(data, "targets", ("count", "mean", "scale", "name"), ADDED)
        count = strict_json.whole(entries["count"], "targets.count", 1, MOST_OUTPUTS)
        bounds = None if entries["bounds"] is None else _bounds(entries["bounds"], count)
        quantiles = () if entries["quantiles"] == [] else _quantiles(entries["quantiles"])
        names = _names(entries["names"], count)
        if count > 1 and quantiles:
            raise ValueError("targets.quantiles: expected those of one number")
        name = strict_json.text(entries["name"], "targets.name", least=0)
        if entries["mean"] is None and entries["scale"] is None:
            return cls(count, name=name, bounds=bounds, quantiles=quantiles, names=names)
        mean = strict_json.items(entries["mean"], "targets.mean", count, least=count)
        scale = strict_json.items(entries["scale"], "targets.scale", count, least=count)
        return cls(
            count,
            tuple(strict_json.number(x, "targets.mean") for x in mean),
            tuple(strict_json.number(x, "targets.scale", positive=True) for x in scale),
            name,
            bounds,
            quantiles,
            names,
        )


def _bounds(data: object, count: int) -> Bounds:
    """Return the smallest and the largest numbers that a file has; ValueError for others."""
    where = "targets.bounds"
    ends = strict_json.items(data, where, 2, least=2)
    if count == 1:
        return _range(*ends)
    low, high = (strict_json.items(end, where, count, least=count) for end in ends)
    ranges = [_range(*each) for each in zip(low, high, strict=True)]
    return tuple(each[0] for each in ranges), tuple(each[1] for each in ranges)


def _range(*ends: Any) -> tuple[float, float]:
    low, high = (strict_json.number(x, "targets.bounds") for x in ends)
    if low > high:
        raise ValueError(f"targets.bounds: expected the smaller number first, got {low} and {high}")
    return low, high


def _names(data: object, count: int) -> tuple[str, ...]:
    """Return the columns of several numbers that a file has, perhaps none."""
    where = "targets.names"
    names = tuple(strict_json.text(x, where) for x in strict_json.items(data, where, count))
    if names and (len(names) != count or count == 1):
        raise ValueError(f"{where}: expected one for each of several numbers")
    return strict_json.unique(names, where)


def _quantiles(data: object) -> tuple[float, ...]:
    """Return the quantiles that a file has; ValueError for others."""
    where = "targets.quantiles"
    given = strict_json.items(data, where, MOST_QUANTILES, least=1)
    quantiles = tuple(strict_json.number(x, where) for x in given)
    rising = (0.0, *quantiles, 1.0)
    if 0.5 not in quantiles or any(a >= b for a, b in pairwise(rising)):
        raise ValueError(f"{where}: expected rising numbers from 0 to 1, 0.5 among them")
    return quantiles


def _columns(y: Any) -> Array:
    columns = np.asarray(y)
    return columns[:, None] if columns.ndim == 1 else columns


def r_squared(Y: Array, t: Array, weights: Array | None) -> float:
    """Return scikit-learn's R² of outputs Y (n, k)."""
    from sklearn.metrics import r2_score

    return float(r2_score(t, Y, sample_weight=weights))
