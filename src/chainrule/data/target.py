"""The column to predict: its task, its classes or scale, and back from a network's outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.cells import Cells, Moments, has_decimal_comma, is_missing, number, shortened
from chainrule.data.errors import DataError

__all__ = ["Target", "Task", "rows_with_target"]

Task = Literal["regression", "binary", "multiclass"]

MOST_CLASSES = 1000
FEW_CLASSES = 20
ROWS_A_CLASS = 5


def rows_with_target(cells: list[str]) -> NDArray[np.intp]:
    """Rows (m) of the cells (n) that are not missing."""
    return np.array([row for row, cell in enumerate(cells) if not is_missing(cell)], np.intp)


@dataclass(frozen=True)
class Target:
    """What is predicted: `classes` for classification, `mean` and `scale` for regression."""

    name: str
    task: Task
    classes: tuple[str, ...]
    mean: float
    scale: float
    reason: str = field(default="", compare=False)

    @classmethod
    def fit(
        cls,
        name: str,
        cells: list[str],
        task: Task | None = None,
        *,
        lines: Sequence[int] = (),
    ) -> "Target":
        """Learn the classes or the scale from the cells (n), and the task unless it is given.

        Words are classes, and so are two numbers, or up to 20 integers with five rows each on
        average. `lines` has each cell's line in its file; empty, they are lines 2, 3, 4, ...

        Raises
        ------
        DataError
            A cell is missing, there is one value only, or the values do not suit the task.
        """
        if task is not None and task not in get_args(Task):
            raise DataError(f"Target: expected a task of {get_args(Task)}, got {task!r}")
        if not cells:
            raise DataError(f"target {name!r}: expected rows, got none")
        column = Cells.read(cells)
        _check_cells(name, column, lines, numbers=task == "regression")
        found, reason = _guess(name, column)
        if task is not None:
            found, reason = task, f"{name!r} is for {task} by choice"
        if found == "regression":
            moments = Moments.of(column.numbers())
            if moments.scale == 0.0:
                raise DataError(f"target {name!r}: expected different numbers, got one only")
            return cls(name, found, (), moments.mean, moments.scale, reason)
        classes = _sorted_classes(_labels(column, numeric=not column.words.any()))
        _check_classes(name, found, classes, column)
        return cls(name, found, classes, 0.0, 1.0, reason)

    def describe(self) -> str:
        """One sentence: the task and why it is that."""
        return self.reason or f"{self.name!r} is for {self.task}"

    def encode(
        self, cells: list[str], *, lines: Sequence[int] = ()
    ) -> NDArray[np.int64] | NDArray[np.float64]:
        """Class indices (n) as int64, or standardised numbers (n) as float64.

        Raises
        ------
        DataError
            A cell is missing, no finite number, or a label that training did not have.
        """
        column = Cells.read(cells)
        _check_cells(self.name, column, lines, numbers=self.task == "regression")
        if self.task == "regression":
            with np.errstate(over="ignore"):
                y: NDArray[np.float64] = (column.numbers() - self.mean) / self.scale
            _check_range(self.name, y, column, lines)
            return y
        index = {label: position for position, label in enumerate(self.classes)}
        labels = _labels(column, numeric=_all_numeric(self.classes))
        codes = np.array([index.get(label, -1) for label in labels], np.int64)
        if (codes < 0).any():
            row, cell = column.first(codes < 0)
            raise DataError(
                f"target {self.name!r}, line {_line(lines, row)}: expected a label of "
                f"{shortened(self.classes)}, got {shortened([cell])}"
            )
        encoded: NDArray[np.int64] = codes[column.codes]
        return encoded

    def decode(self, Y: NDArray[np.floating]) -> NDArray[np.float64] | list[str]:
        """From a network's outputs to numbers (n) in the target's units, or to labels (n).

        Regression takes Y (n, 1) or (n), binary the probability (n, 1) or (n) of the second
        class, multiclass one score a class (n, k).

        Raises
        ------
        DataError
            Y has another shape or is not finite.
        """
        one = self.task != "multiclass"
        fits = Y.ndim == 1 or (Y.ndim == 2 and Y.shape[1] == 1)
        if not (fits if one else Y.ndim == 2 and Y.shape[1] == len(self.classes)):
            expected = "(n, 1)" if one else f"(n, {len(self.classes)})"
            raise DataError(f"Target.decode: expected Y {expected}, got {Y.shape}")
        if not np.isfinite(Y).all():
            raise DataError("Target.decode: expected finite outputs, got NaN or infinity")
        if self.task == "regression":
            values: NDArray[np.float64] = Y.reshape(-1).astype(np.float64) * self.scale + self.mean
            return values
        chosen = (Y.reshape(-1) >= 0.5).astype(np.intp) if one else Y.argmax(axis=1)
        return [self.classes[position] for position in chosen]

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back; the reason is left out."""
        return {
            "name": self.name,
            "task": self.task,
            "classes": list(self.classes),
            "mean": self.mean,
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, data: object) -> "Target":
        """Check and take back what `to_json` gave.

        Raises
        ------
        ValueError
            Any key, type or value is not as `to_json` would write it.
        """
        fields = strict_json.record(data, "target", ("name", "task", "classes", "mean", "scale"))
        name = strict_json.text(fields["name"], "target.name")
        task = strict_json.text(fields["task"], "target.task")
        mean = strict_json.number(fields["mean"], "target.mean")
        scale = strict_json.number(fields["scale"], "target.scale", positive=True)
        items = strict_json.items(fields["classes"], "target.classes", most=MOST_CLASSES)
        classes = strict_json.unique(
            tuple(strict_json.text(item, "target.classes") for item in items), "target.classes"
        )
        if task == "regression":
            _expect(not classes, "target.classes: expected none for regression")
            return cls(name, "regression", classes, mean, scale)
        _expect((mean, scale) == (0.0, 1.0), "target: expected mean 0 and scale 1 for classes")
        if task == "binary":
            _expect(len(classes) == 2, "target.classes: expected two for binary")
            return cls(name, "binary", classes, mean, scale)
        _expect(task == "multiclass", f"target.task: expected one of {get_args(Task)}")
        _expect(len(classes) >= 2, "target.classes: expected two or more for multiclass")
        return cls(name, "multiclass", classes, mean, scale)


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(f"{message}, got something else")


def _line(lines: Sequence[int], row: int) -> int:
    return lines[row] if lines else row + 2


def _guess(name: str, column: Cells) -> tuple[Task, str]:
    words = bool(column.words.any())
    distinct = len(set(_labels(column, numeric=not words)))
    kind = "values" if words else "numbers"
    rows = len(column.codes)
    if distinct == 2:
        return "binary", f"{name!r} has 2 distinct {kind}: binary"
    if words:
        return "multiclass", f"{name!r} has {distinct:,} distinct {kind}: multiclass"
    whole = bool((column.values == np.floor(column.values)).all())
    if whole and distinct <= FEW_CLASSES and rows >= ROWS_A_CLASS * distinct:
        return "multiclass", f"{name!r} has {distinct:,} distinct integers only: multiclass"
    return "regression", f"{name!r} has {distinct:,} distinct numbers: regression"


def _labels(column: Cells, numeric: bool) -> list[str]:
    """Labels of the distinct texts (d): numbers are written in one way."""
    return [_plain_number(text) for text in column.texts] if numeric else column.texts


def _plain_number(text: str) -> str:
    """Write 7, 7.0 and +7 as 7; what is no finite number stays."""
    value = number(text)
    if value is None or not np.isfinite(value):
        return text
    if text.lstrip("+-").isdigit():
        return str(int(text))
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _all_numeric(labels: tuple[str, ...]) -> bool:
    return all(number(label) is not None for label in labels)


def _sorted_classes(labels: list[str]) -> tuple[str, ...]:
    distinct = tuple(dict.fromkeys(labels))
    if not _all_numeric(distinct):
        return tuple(sorted(distinct))
    return tuple(sorted(distinct, key=lambda s: int(s) if s.lstrip("-").isdigit() else float(s)))


def _check_cells(name: str, column: Cells, lines: Sequence[int], numbers: bool) -> None:
    """Refuse missing cells, infinite numbers, and words if these must be `numbers`."""
    no_words = not column.words.any()
    faults = [(column.missing, "a value")]
    faults += [(column.infinite, "a finite number")] if numbers or no_words else []
    faults += [(column.words, "a number, for regression")] if numbers else []
    for mask, expected in faults:
        if mask.any():
            row, cell = column.first(mask)
            received = shortened([cell]) if cell else "an empty cell"
            line = _line(lines, row)
            raise DataError(f"target {name!r}, line {line}: expected {expected}, got {received}")


def _check_range(name: str, y: NDArray[np.float64], column: Cells, lines: Sequence[int]) -> None:
    far = ~(np.abs(y) <= np.finfo(np.float32).max)
    if far.any():
        row = int(np.argmax(far))
        cell = column.texts[column.codes[row]]
        raise DataError(
            f"target {name!r}, line {_line(lines, row)}: expected a number near those of "
            f"training, got {shortened([cell])}"
        )


def _check_classes(name: str, task: Task, classes: tuple[str, ...], column: Cells) -> None:
    rows, k = len(column.codes), len(classes)
    if k == 1:
        raise DataError(f"target {name!r}: expected two classes or more, got {classes[0]!r} only")
    if task == "binary" and k != 2:
        raise DataError(f"target {name!r}: expected 2 classes for binary, got {k:,}")
    if k > MOST_CLASSES or (k > FEW_CLASSES and k > 0.5 * rows):
        raise DataError(
            f"target {name!r}: expected at most {MOST_CLASSES:,} classes of several rows each, "
            f"got {k:,} in {rows:,} rows; {_suspicion(column)}"
        )


def _suspicion(column: Cells) -> str:
    """Say what may be wrong with a target of too many classes."""
    if not column.words.any():
        return "are these numbers for regression?"
    commas = [t for t in column.texts if has_decimal_comma(t)]
    if len(commas) > 0.5 * len(column.texts):
        return f"a decimal comma, as in {commas[0]!r}, makes a word of a number"
    if np.count_nonzero(column.words) < 0.5 * len(column.texts):
        _, cell = column.first(column.words)
        return f"most are numbers, but {shortened([cell])} is not"
    return "is this a column of identifiers or of free text?"
