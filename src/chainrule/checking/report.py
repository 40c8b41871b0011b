"""What a check found: each array that was compared, and whether its entries are right.

An entry is right if

    |analytic − numeric| ≤ tolerance · max(|analytic|, |numeric|, s/100, max(1, |f|)/10,000)

where s is the largest entry of the array and |f| the size of what is differentiated. Smaller
numbers are compared on the scale of these, because f is only known to ε of the numbers that it is
made from: a loss of 0.001 comes from outputs of size 10. The tolerance, 1e-7, is far above what
correct rules reach and far below any wrong factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from chainrule.tables import html_table, text_table
from chainrule.types import Array

TOLERANCE = 1e-7
HEADING = ("array", "checked", "largest error", "at", "backprop", "finite difference", "")


@dataclass(frozen=True)
class Entry:
    """The comparison of one array: how many entries, the worst of them, and the verdict."""

    name: str
    shape: tuple[int, ...]
    checked: int
    kinks: int
    error: float
    where: tuple[int, ...]
    analytic: float
    numeric: float
    passed: bool

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        if self.checked and self.kinks == self.checked:
            return "not judged"
        return "right" if self.passed else "WRONG"

    def cells(self) -> tuple[str, ...]:
        """Return the comparison as a row under :data:`HEADING`."""
        kinks = f", {self.kinks} at kinks" if self.kinks else ""
        at = ",".join(map(str, self.where)) if self.checked > self.kinks else ""
        return (
            self.name,
            f"{self.checked:,} of {prod(self.shape):,}{kinks}",
            f"{self.error:.1e}",
            f"[{at}]",
            f"{self.analytic:+.10g}",
            f"{self.numeric:+.10g}",
            self.verdict,
        )

    def __repr__(self) -> str:
        return text_table([HEADING, self.cells()])


@dataclass(frozen=True)
class Report:
    """What a check found, array by array: printed, and in a notebook, it is a table.

    Parameters
    ----------
    entries : tuple of entries
        The comparison of each array.
    tolerance : float
        The largest relative error that counts as right.
    """

    entries: tuple[Entry, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every entry is right."""
        return all(entry.passed for entry in self.entries)

    @property
    def largest_error(self) -> float:
        """The largest relative error of all."""
        return max((entry.error for entry in self.entries), default=0.0)

    @property
    def verdict(self) -> str:
        """The verdict in a sentence."""
        return f"{'all right' if self.passed else 'WRONG'}: tolerance {self.tolerance:g}"

    def __repr__(self) -> str:
        table = text_table([HEADING, *(entry.cells() for entry in self.entries)])
        return f"{table}\n{self.verdict}"

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        return html_table(self.verdict, HEADING, [entry.cells() for entry in self.entries])


def compare(
    name: str,
    shape: tuple[int, ...],
    analytic: Array,
    numeric: Array,
    *,
    kinks: Array | None = None,
    positions: Array | None = None,
    size: float = 0.0,
    tolerance: float = TOLERANCE,
) -> Entry:
    """Return the comparison of some entries (m,) of an array of a shape; NaN is never right.

    ``size`` is |f|, the largest number of what was differentiated.
    """
    analytic, numeric = np.ravel(analytic), np.ravel(numeric)
    smooth = np.ones(analytic.size, dtype=bool) if kinks is None else ~np.ravel(kinks)
    places = np.arange(analytic.size) if positions is None else positions
    if not smooth.any():
        nothing = (0.0, (), 0.0, 0.0, True)
        return Entry(name, shape, analytic.size, int(np.sum(~smooth)), *nothing)
    a, b = analytic[smooth], numeric[smooth]
    scale = max(np.max(np.abs(a), initial=0), np.max(np.abs(b), initial=0))
    sizes = np.maximum(np.maximum(np.abs(a), np.abs(b)), max(scale / 100, max(1, size) / 10_000))
    with np.errstate(invalid="ignore"):
        errors = np.where(a == b, 0, np.abs(a - b) / sizes)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    worst = int(np.argmax(errors))
    where = tuple(int(i) for i in np.unravel_index(int(places[smooth][worst]), shape or (1,)))
    return Entry(
        name,
        shape,
        checked=analytic.size,
        kinks=int(np.sum(~smooth)),
        error=float(errors[worst]),
        where=where if shape else (),
        analytic=float(a[worst]),
        numeric=float(b[worst]),
        passed=bool(errors[worst] <= tolerance),
    )
