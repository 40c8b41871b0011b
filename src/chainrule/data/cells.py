"""The cells of one column of text: which are missing, which are numbers, what they amount to.

Work is done once per distinct text and spread to the rows by index, so that long columns are
cheap. Letters: n rows, d distinct texts.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from chainrule.data.coded import Coded, Kind, RawCells

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

MISSING = frozenset(
    ["", "?", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#n/a n/a", "#na"]
    + [sign + text for sign in ("", "-") for text in ("1.#ind", "1.#qnan")]
)
"""What stands for a missing cell, in lower case and without spaces around it.

These are the markers of pandas' readers, in any case, and the question mark.
"""

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
    value = float(value)  # NumPy writes its own as np.float64(0.5)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def spelled(text: str, known: Container[str]) -> str:
    """Return a text as the known ones are spelled: the True of a DataFrame is a file's true."""
    if text in ("True", "False") and text not in known:
        return next((each for each in (text.lower(), text.upper()) if each in known), text)
    return text


def has_decimal_comma(cell: str) -> bool:
    """Say whether a word would be a number with a point for its comma, as 3,5 and -1,2e3 would."""
    return cell.count(",") == 1 and number(cell.replace(",", ".")) is not None


def shortened(texts: Sequence[str], most: int = 5) -> str:
    """Quote the first few texts: 'a', 'b', ... (40 in all)."""
    quoted = ", ".join(repr(t if len(t) <= 40 else t[:39] + "…") for t in texts[:most])
    return quoted if len(texts) <= most else f"{quoted}, ... ({len(texts):,} in all)"


@dataclass(frozen=True, eq=False)
class Cells:
    """A column by its distinct texts: texts (d), codes (n) into them, and masks (d).

    Every text is either missing, a number (`values` has it, finite or not) or a word. `kind` says
    what the cells were before they were texts: truth values, numbers or times.
    """

    texts: Sequence[str]
    codes: NDArray[np.int32]
    missing: NDArray[np.bool_]
    words: NDArray[np.bool_]
    values: NDArray[np.float64]
    kind: Kind = "text"

    @classmethod
    def read(cls, cells: RawCells) -> "Cells":
        """Sort out the cells (n); spaces around texts do not count."""
        if isinstance(cells, np.ndarray):
            array: NDArray[Any] = cells
            return _times(array) if array.dtype.kind == "M" else NumberCells(array)
        coded = cells if isinstance(cells, Coded) else Coded.of(cells)
        texts, codes = _stripped(coded)
        missing = [text.lower() in MISSING for text in texts]
        values = [None if gone else number(text) for text, gone in zip(texts, missing, strict=True)]
        words = [value is None and not gone for value, gone in zip(values, missing, strict=True)]
        return cls(
            texts,
            codes,
            np.array(missing, np.bool_),
            np.array(words, np.bool_),
            np.array([np.nan if value is None else value for value in values], np.float64),
            coded.kind,
        )

    @property
    def infinite(self) -> NDArray[np.bool_]:
        """Numbers without a finite value (d): inf, 1e999."""
        return ~self.missing & ~self.words & ~np.isfinite(self.values)

    def first(self, mask: NDArray[np.bool_]) -> tuple[int, str]:
        """Row and text of the first cell that a mask (d) names."""
        row = int(np.argmax(mask[self.codes]))
        return row, self.texts[self.codes[row]]

    def gone(self) -> NDArray[np.bool_]:
        """Whether the cells of the rows (n) are missing."""
        return self.missing[self.codes]

    def numbers(self) -> NDArray[np.float64]:
        """Values of the rows (n), NaN where a cell is no number."""
        return self.values[self.codes]

    def counts(self) -> NDArray[np.intp]:
        """Rows of each distinct text (d)."""
        return np.bincount(self.codes, minlength=len(self.texts))

    def times(self) -> NDArray[np.datetime64]:
        """Times of the rows (n) of a column of kind "time", NaT where one is missing."""
        texts = ["NaT" if gone else t for t, gone in zip(self.texts, self.missing, strict=True)]
        times: NDArray[np.datetime64] = np.array(texts, "datetime64[us]")[self.codes]
        return times


class NumberCells(Cells):
    """A column of numbers (n), NaN where one is missing; what is distinct is found when asked."""

    def __init__(self, cells: NDArray[np.float64]) -> None:
        self.__dict__.update(cells=cells, kind="number")

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        values, codes = np.unique(self.__dict__["cells"], return_inverse=True)
        return values, codes.astype(np.int32)

    @property
    def values(self) -> NDArray[np.float64]:
        return self._distinct[0]

    @property
    def codes(self) -> NDArray[np.int32]:
        return self._distinct[1]

    @property
    def texts(self) -> Sequence[str]:
        return WrittenNumbers(self.values)

    @property
    def missing(self) -> NDArray[np.bool_]:
        return np.isnan(self.values)

    @property
    def words(self) -> NDArray[np.bool_]:
        return np.zeros(len(self.values), np.bool_)

    def gone(self) -> NDArray[np.bool_]:
        """Whether the cells of the rows (n) are missing."""
        return np.isnan(self.numbers())

    def numbers(self) -> NDArray[np.float64]:
        """Values of the rows (n)."""
        return np.asarray(self.__dict__["cells"])


class WrittenNumbers(Sequence[str]):
    """Numbers as texts, each written when it is asked for."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return WrittenNumbers(self.values[place])
        value = float(self.values[place])
        return "" if np.isnan(value) else plain(value)


def _stripped(coded: Coded) -> tuple[Sequence[str], NDArray[np.int32]]:
    """Return texts without spaces around them, those that occur, and the codes (n)."""
    texts, codes = coded.texts, coded.codes
    if not isinstance(texts, list) or any(text != text.strip() for text in texts):
        own = Coded.of(text.strip() for text in texts)
        texts, codes = own.texts, own.codes[codes]
    occur = np.bincount(codes, minlength=len(texts)) > 0
    if not occur.all():
        places = np.cumsum(occur) - 1
        texts = [text for text, there in zip(texts, occur.tolist(), strict=True) if there]
        codes = places.astype(np.int32)[codes]
    return texts, codes


def _times(cells: NDArray[np.datetime64]) -> Cells:
    """Sort out times, of which NaT is a missing one; they are words."""
    times, codes = np.unique(cells, return_inverse=True)
    missing = np.isnat(times)
    texts = np.datetime_as_string(times, unit=None if _is_date(times) else "us")
    written = [
        "" if gone else written_time(text) for text, gone in zip(texts, missing, strict=True)
    ]
    none = np.full(len(times), np.nan)
    return Cells(written, codes.astype(np.int32), missing, ~missing, none, "time")


def _is_date(times: NDArray[np.datetime64]) -> bool:
    return np.datetime_data(times.dtype)[0] in ("D", "M", "Y")


def written_time(text: str) -> str:
    """Write a time as files have it: a space for the T, no empty fraction of a second."""
    return text.replace("T", " ").removesuffix(".000000")


@dataclass(frozen=True)
class Moments:
    """Mean, deviation and median of numbers; `scale` is 0 where they are all one number."""

    mean: float
    scale: float
    median: float

    @classmethod
    def of(cls, x: NDArray[np.float64]) -> "Moments":
        """Compute them for finite x (n), n > 0, of any magnitude, without overflow."""
        power = int(np.frexp(np.abs(x).max())[1]) - 1
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
