"""One column of a table as features: standardised numbers, or one feature a category."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.cells import Cells, Moments, has_decimal_comma, number, shortened, spelled
from chainrule.tables import abridged, number_text

__all__ = ["CategoricalColumn", "NumericColumn", "fit_column", "taken_for_categories"]

MOST_VALUES = 100
MISSING_VALUE = "(missing)"
OTHER_VALUE = "(other)"


@dataclass(frozen=True)
class NumericColumn:
    """A column of numbers: (x - mean) / scale, with the median where a cell is missing.

    With `missing`, a second feature is 1 where the cell is missing and 0 elsewhere.
    """

    name: str
    mean: float
    scale: float
    median: float
    missing: bool

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the one or two features."""
        return (self.name, f"{self.name} {MISSING_VALUE}") if self.missing else (self.name,)

    def describe(self) -> tuple[str, str]:
        """Return what it is, and what becomes of it."""
        features = f"(x − {number_text(self.mean)}) / {number_text(self.scale)}"
        return "numbers", features + ", and whether it is missing" * self.missing

    def encode(self, cells: Cells, out: NDArray[np.float32]) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes; the cells are numbers."""
        gone = cells.missing[cells.codes]
        x = np.where(gone, self.median, cells.numbers())
        with np.errstate(over="ignore"):
            out[:, 0] = (x - self.mean) / self.scale
        if self.missing:
            out[:, 1] = gone
        elif gone.any():
            count = int(gone.sum())
            return [
                f"column {self.name!r}: {_cells(count)} missing, none in training; median taken"
            ]
        return []

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {
            "kind": "numeric",
            "name": self.name,
            "mean": self.mean,
            "scale": self.scale,
            "median": self.median,
            "missing": self.missing,
        }

    @classmethod
    def from_json(cls, data: object, where: str) -> "NumericColumn":
        """Check and take back what `to_json` gave; ValueError for anything else."""
        keys = ("kind", "name", "mean", "scale", "median", "missing")
        fields = strict_json.record(data, where, keys)
        return cls(
            name=strict_json.text(fields["name"], f"{where}.name"),
            mean=strict_json.number(fields["mean"], f"{where}.mean"),
            scale=strict_json.number(fields["scale"], f"{where}.scale", positive=True),
            median=strict_json.number(fields["median"], f"{where}.median"),
            missing=strict_json.flag(fields["missing"], f"{where}.missing"),
        )


@dataclass(frozen=True)
class CategoricalColumn:
    """A column of categories: one feature a value, 1 where the cell has it.

    The value "(missing)" stands for missing cells, "(other)" for values not in the list; a cell
    that no value stands for is zero everywhere.
    """

    name: str
    values: tuple[str, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, such as color=red."""
        return tuple(f"{self.name}={value}" for value in self.values)

    def describe(self) -> tuple[str, str]:
        """Return what it is, and what becomes of it."""
        return "categories", f"one each: {abridged(self.values)}"

    def encode(self, cells: Cells, out: NDArray[np.float32]) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes on cells left zero."""
        index = {value: feature for feature, value in enumerate(self.values)}
        other = index.get(OTHER_VALUE, -1)
        features = np.array(
            [
                index.get(MISSING_VALUE, -1) if gone else index.get(spelled(text, index), other)
                for text, gone in zip(cells.texts, cells.missing, strict=True)
            ],
            np.intp,
        )[cells.codes]
        rows = np.flatnonzero(features >= 0)
        out[...] = 0
        out[rows, features[rows]] = 1
        return self._notes(cells, features)

    def _notes(self, cells: Cells, features: NDArray[np.intp]) -> list[str]:
        codes = cells.codes[features < 0]
        gone = int(cells.missing[codes].sum())
        unseen = [cells.texts[code] for code in np.unique(codes) if not cells.missing[code]]
        where = f"column {self.name!r}:"
        notes = []
        if gone:
            notes.append(f"{where} {_cells(gone)} missing, none in training; encoded as zeros")
        if unseen:
            count = _cells(len(codes) - gone)
            notes.append(
                f"{where} {count} with values not seen in training, encoded as zeros: "
                f"{shortened(unseen)}"
            )
        return notes

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {"kind": "categorical", "name": self.name, "values": list(self.values)}

    @classmethod
    def from_json(cls, data: object, where: str) -> "CategoricalColumn":
        """Check and take back what `to_json` gave; ValueError for anything else."""
        fields = strict_json.record(data, where, ("kind", "name", "values"))
        place = f"{where}.values"
        values = strict_json.items(fields["values"], place, most=MOST_VALUES + 2, least=1)
        return cls(
            name=strict_json.text(fields["name"], f"{where}.name"),
            values=strict_json.unique(
                tuple(strict_json.text(value, place) for value in values), place
            ),
        )


def taken_for_categories(column: CategoricalColumn) -> str:
    """Return in a sentence why a column of categories may be meant as numbers, "" if it is not."""
    values = [value for value in column.values if value not in (MISSING_VALUE, OTHER_VALUE)]
    words = [value for value in values if number(value) is None]
    commas = [word for word in words if has_decimal_comma(word)]
    if commas:
        reason = f"a decimal comma, as in {commas[0]!r}, makes a word of a number"
    elif 0 < len(words) < 0.5 * len(values):
        reason = f"most are numbers, but not {shortened(words, most=3)}"
    else:
        return ""
    return f"column {column.name!r} is taken for categories: {reason}"


def fit_column(name: str, cells: Cells) -> NumericColumn | CategoricalColumn | str:
    """Learn how to encode a column from its training cells (n > 0), or say why to drop it.

    Numbers, if all cells are numbers or missing, must be finite.
    """
    if cells.missing.all():
        return "every cell is missing"
    if cells.words.any():
        return _fit_categories(name, cells)
    gone = cells.missing[cells.codes]
    moments = Moments.of(cells.numbers()[~gone])
    if moments.scale > 0.0:
        some = bool(gone.any())
        return NumericColumn(name, moments.mean, moments.scale, moments.median, missing=some)
    return _fit_categories(name, cells) if gone.any() else "constant"


def _fit_categories(name: str, cells: Cells) -> CategoricalColumn | str:
    counts: Counter[str] = Counter()
    for text, gone, count in zip(cells.texts, cells.missing, cells.counts(), strict=True):
        counts[MISSING_VALUE if gone else text] += int(count)
    if len(counts) == 1:
        return "constant"
    specials = [OTHER_VALUE] if OTHER_VALUE in counts else []
    specials += [MISSING_VALUE] if MISSING_VALUE in counts else []
    rows = len(cells.codes) - counts[MISSING_VALUE]
    texts = [text for text in counts if text not in (OTHER_VALUE, MISSING_VALUE)]
    if len(texts) > MOST_VALUES:
        if len(texts) > 0.5 * rows:
            return _identifier(cells, len(texts), rows)
        texts = sorted(texts, key=lambda text: (-counts[text], text))[:MOST_VALUES]
        specials = [OTHER_VALUE, *(s for s in specials if s != OTHER_VALUE)]
    return CategoricalColumn(name, (*sorted(texts), *specials))


def _identifier(cells: Cells, distinct: int, rows: int) -> str:
    reason = f"an identifier or free text: {distinct:,} different values in {rows:,} rows"
    commas = [text for text in cells.texts if has_decimal_comma(text)]
    if len(commas) > 0.5 * distinct:
        return f"{reason} (a decimal comma, as in {commas[0]!r}, makes a word of a number)"
    numbers = ~cells.words & ~cells.missing
    if np.count_nonzero(numbers) > np.count_nonzero(cells.words):
        _, cell = cells.first(cells.words)
        reason += f" (mostly numbers, but not {shortened([cell])})"
    return reason


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"
