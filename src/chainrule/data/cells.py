"""The cells of one column of text: which are missing, which are numbers, what they amount to.

Work is done once per distinct text and spread to the rows by index, so that long columns are
cheap. Letters: n rows, d distinct texts.
"""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MISSING",
    "Cells",
    "Moments",
    "has_decimal_comma",
    "is_missing",
    "number",
    "plain",
    "shortened",
    "spelled",
]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""What stands for a missing cell, in lower case and without spaces around it."""

CONSTANT = 1e-12
"""A deviation below this share of the largest magnitude is rounding."""


def is_missing(cell: str) -> bool:
    """Say whether a cell stands for no value."""
    return cell.strip().lower() in MISSING


def number(cell: str) -> float | None:
    """Value of a cell, possibly infinite or NaN; None where it is no decimal number."""
    if "_" in cell or not cell.isascii():  # float() would take 1_000 and digits of any script
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def plain(value: float) -> str:
    """Write a number in one way: 7.0 as 7, all others with as many digits as they need."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def spelled(text: str, known: Container[str]) -> str:
    """Return a text as the known ones are spelled: the True of a DataFrame is a file's true."""
    if text in ("True", "False") and text not in known:
        return next((each for each in (text.lower(), text.upper()) if each in known), text)
    return text


def has_decimal_comma(cell: str) -> bool:
    """Say whether a word would be a number with a point for its comma, as 3,5 and -1,2e3 would."""
    return cell.count(",") == 1 and number(cell.replace(",", ".")) is not None


def shortened(texts: list[str] | tuple[str, ...], most: int = 5) -> str:
    """Quote the first few texts: 'a', 'b', ... (40 in all)."""
    quoted = ", ".join(repr(t if len(t) <= 40 else t[:39] + "…") for t in texts[:most])
    return quoted if len(texts) <= most else f"{quoted}, ... ({len(texts):,} in all)"


@dataclass(frozen=True, eq=False)
class Cells:
    """A column by its distinct texts: texts (d), codes (n) into them, and masks (d).

    Every text is either missing, a number (`values` has it, finite or not) or a word.
    """

    texts: list[str]
    codes: NDArray[np.intp]
    missing: NDArray[np.bool_]
    words: NDArray[np.bool_]
    values: NDArray[np.float64]

    @classmethod
    def read(cls, cells: list[str] | NDArray[np.float64]) -> "Cells":
        """Sort out the cells (n); spaces around texts do not count."""
        if isinstance(cells, np.ndarray):
            return cls._of_numbers(cells)
        index: dict[str, int] = {}
        codes = [index.setdefault(cell.strip(), len(index)) for cell in cells]
        texts = list(index)
        missing = [text.lower() in MISSING for text in texts]
        values = [None if gone else number(text) for text, gone in zip(texts, missing, strict=True)]
        words = [value is None and not gone for value, gone in zip(values, missing, strict=True)]
        return cls(
            texts,
            np.array(codes, np.intp),
            np.array(missing, np.bool_),
            np.array(words, np.bool_),
            np.array([np.nan if value is None else value for value in values], np.float64),
        )

    @classmethod
    def _of_numbers(cls, cells: NDArray[np.float64]) -> "Cells":
        """Sort out numbers, of which NaN is a missing one."""
        values, codes = np.unique(cells, return_inverse=True)
        missing = np.isnan(values)
        texts = ["" if gone else plain(x) for x, gone in zip(values.tolist(), missing, strict=True)]
        return cls(texts, codes, missing, np.zeros(len(values), np.bool_), values)

    @property
    def infinite(self) -> NDArray[np.bool_]:
        """Numbers without a finite value (d): inf, 1e999, -nan."""
        return ~self.missing & ~self.words & ~np.isfinite(self.values)

    def first(self, mask: NDArray[np.bool_]) -> tuple[int, str]:
        """Row and text of the first cell that a mask (d) names."""
        row = int(np.argmax(mask[self.codes]))
        return row, self.texts[self.codes[row]]

    def numbers(self) -> NDArray[np.float64]:
        """Values of the rows (n), NaN where a cell is no number."""
        return self.values[self.codes]

    def counts(self) -> NDArray[np.intp]:
        """Rows of each distinct text (d)."""
        return np.bincount(self.codes, minlength=len(self.texts))


@dataclass(frozen=True)
class Moments:
    """Mean, deviation and median of numbers; `scale` is 0 where they are all one number."""

    mean: float
    scale: float
    median: float

    @classmethod
    def of(cls, x: NDArray[np.float64]) -> "Moments":
        """Compute them for finite x (n), n > 0, of any magnitude, without overflow."""
        _, exponents = np.frexp(x)
        power = int(exponents.max()) - 1 if x.any() else 0
        z = np.ldexp(x, -power)  # within (-2, 2); powers of two round nothing
        mean = z.mean()
        mean += (z - mean).mean()
        scale = float(np.sqrt(np.mean((z - mean) ** 2)))
        largest = float(np.abs(z).max())
        constant = z.min() == z.max() or scale <= CONSTANT * largest
        return cls(
            mean=float(np.ldexp(mean, power)),
            scale=0.0 if constant else float(np.ldexp(scale, power)),
            median=float(np.ldexp(np.median(z), power)),
        )
