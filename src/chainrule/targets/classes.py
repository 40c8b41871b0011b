"""Classes as targets, one for each sample or any number of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import strict_json
from chainrule.data import Column, DataError
from chainrule.data.cells import shortened, spelled
from chainrule.data.frames import as_column
from chainrule.functions import Sigmoid, Softmax
from chainrule.losses import BinaryCrossEntropy, CrossEntropy
from chainrule.tables import short_repr
from chainrule.targets.base import Objective, Targets
from chainrule.targets.columns import label_cells, label_text
from chainrule.targets.label_lists import held_in, is_listed, labels_in, tuples_of
from chainrule.types import Array

__all__ = ["Classes"]

NUMBER_TYPES = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
CLASS_TYPES = (*NUMBER_TYPES, "float16", "float32", "float64", "str", "object")
MOST = 10**7
"""Classes that a file may have."""

TRUTH = {"true": "True", "false": "False", "1": "True", "0": "False"}
"""How files write truth values."""

LATER = ("listed", "apart")
"""What a file has only if it is so: files of before know nothing of it."""

MOST_LETTERS = 2**24
"""Letters of an array of texts; NumPy gives each text as many as the longest has."""


@dataclass(frozen=True, eq=False)
class Classes(Targets):
    """The classes of samples, and the outputs that stand for them.

    Several classes of which one holds have an output each, and softmax; two have one output,
    that of the second, and so has a single one; labels of which any may hold have an output each.

    Parameters
    ----------
    labels : ndarray
        All classes, sorted by `fit`; the columns' numbers of an indicator matrix, unless `listed`.
    several : bool
        Whether any number of labels may hold.
    pair : bool
        Whether two classes, or a single one, have an output each, too, and softmax.
    name : str
        The column of a table that they stood in.
    listed : bool
        Whether each answer is a tuple of the labels that hold, not a row of an indicator matrix.
    apart : bool
        Whether more than two classes of which one holds have a sigmoid each: each class against
        the rest. The largest output is the answer.
    """

    labels: Array
    several: bool = False
    pair: bool = False
    name: str = ""
    listed: bool = False
    apart: bool = False

    kind = "classes"
    __repr__ = short_repr

    @classmethod
    def fit(cls, y: Any, *, name: str = "", chosen: bool = False) -> Classes:
        """Return the classes that stand in y, (n,) or an indicator matrix (n, k).

        Parameters
        ----------
        y : ndarray or sparse matrix
            Validated answers; indicators are 0 and 1.
        name : str
            The column that they stood in.
        chosen : bool
            Whether numbers such as 0.5 are known to be classes, too.

        Raises
        ------
        ValueError
            Numbers that are no classes, or several columns that are not 0 and 1.
        """
        if chosen:
            return cls(_kept(np.unique(y)), name=name)
        if is_listed(y):
            return cls(labels_in(y), True, name=name, listed=True)
        from sklearn.preprocessing import LabelBinarizer

        dense = y.toarray() if sparse.issparse(y) else y
        if np.ndim(dense) == 2 and dense.dtype.kind in "biuf":
            indicators(dense)
        _check_not_continuous(np.asarray(dense))
        binarizer = LabelBinarizer().fit(dense)
        several = str(binarizer.y_type_).startswith("multilabel")
        return cls(_kept(np.asarray(binarizer.classes_)), several, name=name)

    @property
    def exclusive(self) -> bool:
        """Whether one class holds, and each has an output."""
        return not (self.several or self.one_vs_rest) and (self.pair or len(self.labels) > 2)

    @property
    def one_vs_rest(self) -> bool:
        """Whether one class holds, and each has a sigmoid."""
        return self.apart and not self.several and len(self.labels) > 2

    @property
    def outputs(self) -> int:
        """How many outputs stand for them."""
        return len(self.labels) if self.exclusive or self.several or self.one_vs_rest else 1

    @property
    def task(self) -> str:
        """What they are for."""
        if self.several:
            return "multilabel"
        return "multiclass" if len(self.labels) > 2 else "binary"

    @property
    def stratified(self) -> bool:
        """Whether both parts of a split should have the classes in equal shares."""
        return self.outputs == 1

    @property
    def objective(self) -> Objective:
        """The usual loss and last function for them."""
        if self.exclusive:
            return Objective(CrossEntropy(), Softmax())
        return Objective(BinaryCrossEntropy(outputs="sum"), Sigmoid())

    def paired(self, *, pair: bool) -> Classes:
        """Return the classes with an output for each of two, or with one for the second."""
        return replace(self, pair=pair)

    def read(self, *columns: Column) -> Array:
        """Return a column's cells as classes (n,), of the type that training saw."""
        (column,) = columns
        texts = label_cells(column)
        if self.labels.dtype.kind == "b":
            texts = [TRUTH.get(text.lower(), text) for text in texts]
        known = {label_text(label): place for place, label in enumerate(self.labels.tolist())}
        codes = np.array([known.get(spelled(text, known), -1) for text in texts], np.intp)
        if (codes < 0).any():
            row = int(np.argmax(codes < 0))
            raise DataError(
                f"target {column.name!r}, {column.place(row)}: expected a label of "
                f"{shortened(tuple(known))}, got {shortened([texts[row]])}"
            )
        return np.asarray(self.labels[codes])

    def matched(self, y: Any) -> Any:
        """Return answers as a Column where texts stand for the numbers of training, or so."""
        given = np.asarray(y)
        if given.ndim != 1 or (given.dtype.kind in "UO") == (self.labels.dtype.kind in "UO"):
            return y
        return as_column(self.name, y)

    def encode(self, y: Any) -> Array:
        """Return class numbers (n,), or for each output whether it holds, (n, outputs)."""
        if self.listed and is_listed(y):
            return held_in(y, self.labels)
        if self.several:
            shape = y.shape if sparse.issparse(y) else np.shape(y)
            if len(shape) != 2 or shape[1] != len(self.labels):
                lists = "lists of labels, or " if self.listed else ""
                raise ValueError(
                    f"expected {lists}an indicator matrix of {len(self.labels)} labels, got y of "
                    f"shape {shape}"
                )
            return indicators(y)
        if self.exclusive:
            order = np.argsort(self.labels)
            return np.asarray(order[np.searchsorted(self.labels, y, sorter=order)])
        if self.one_vs_rest:
            return np.asarray(np.asarray(y)[:, None] == self.labels)
        if len(self.labels) < 2:
            return np.zeros((len(y), 1), bool)
        return np.asarray(np.asarray(y) == self.labels[1])[:, None]

    def soften(self, t: Array, smoothing: float) -> Array:
        """Return targets that are certain up to ``smoothing``, which all classes share."""
        if not smoothing:
            return t
        count = self.outputs if self.exclusive else 2
        held = np.eye(count)[t] if self.exclusive else t.astype(np.float64)
        return held * (1 - smoothing) + smoothing / count

    def chosen(self, Y: Array, threshold: float) -> Array:
        """Return what outputs say, like ``encode``: the largest, or all beyond the threshold."""
        if self.exclusive:
            return np.asarray(np.argmax(Y, axis=1))
        if self.one_vs_rest:
            return np.asarray(np.arange(Y.shape[1]) == np.argmax(Y, axis=1)[:, None])
        single = not self.several and len(self.labels) == 1
        return np.zeros(Y.shape, bool) if single else np.asarray(threshold < Y)

    def decode(self, t: Array) -> Array:
        """Return the labels themselves, as users gave them."""
        if self.exclusive:
            return np.asarray(self.labels[t])
        if self.listed:
            return tuples_of(t, self.labels)
        if self.one_vs_rest:
            return np.asarray(self.labels[np.argmax(t, axis=1)])
        if self.several:
            return t.astype(np.int64)
        return np.asarray(self.labels[t[:, 0].astype(np.intp)])

    def score(self, Y: Array, t: Array, weights: Array | None) -> float:
        """Return the fraction of samples whose labels are all right, given probabilities Y."""
        if not np.isfinite(Y).all():
            return float("nan")
        right = self.chosen(Y, 0.5) == t
        return float(np.average(right if self.exclusive else right.all(axis=1), weights=weights))

    def attributes(self) -> dict[str, Any]:
        """Return the classes, and how many outputs stand for them."""
        return {"classes_": self.labels, "n_outputs_": self.outputs}

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""
        values = self.labels
        kind = "str" if values.dtype.kind == "U" else values.dtype.name
        if kind not in CLASS_TYPES or not all(isinstance(v, str) for v in values) == (
            kind in ("str", "object")
        ):
            raise ValueError(
                f"classes_: expected numbers or texts, got {values.dtype} {values[:3]}"
            )
        return {
            "type": kind,
            "several": self.several,
            "pair": self.pair,
            "values": values.tolist(),
            "name": self.name,
            **{name: True for name in LATER if getattr(self, name)},
        }

    @classmethod
    def from_json(cls, data: object) -> Classes:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        later = [name for name in LATER if type(data) is dict and name in data]
        keys = ("type", "several", "pair", "values", "name", *later)
        entries = strict_json.record(data, "targets", keys)
        listed, apart = (
            name in later and strict_json.flag(entries[name], f"classes.{name}") for name in LATER
        )
        labels = _labels(entries["type"], strict_json.items(entries["values"], "classes", MOST, 1))
        if len(set(labels.tolist())) < len(labels):
            raise ValueError("classes: expected different ones")
        several = strict_json.flag(entries["several"], "classes.several")
        numbers = labels.tolist() == list(range(len(labels)))
        if listed and not several:
            raise ValueError("classes: expected several labels, if answers are listed")
        if several and not listed and (len(labels) < 2 or not numbers):
            raise ValueError("classes: expected the numbers of several labels, 0, 1, …")
        pair = strict_json.flag(entries["pair"], "classes.pair")
        name = strict_json.text(entries["name"], "targets.name", least=0)
        return cls(labels, several, pair, name, listed, apart)


def indicators(y: Any) -> Array:
    """Return whether each label holds, for an indicator matrix y of 0 and 1.

    Parameters
    ----------
    y : array-like or sparse matrix of shape (n, k)
        1 or True where a label holds, else 0 or False, of any type of numbers.

    Returns
    -------
    held : ndarray of bool, shape (n, k)

    Raises
    ------
    ValueError
        Another number, such as −1 for a label that does not hold, which would be read as one that
        does.
    """
    given = y.toarray() if sparse.issparse(y) else np.asarray(y)
    held = np.asarray(given == 1)
    other = ~(held | (given == 0))
    if other.any():
        place = tuple(int(i) for i in np.argwhere(other)[0])
        numbers = set(given.ravel().tolist())
        two = len(numbers) <= 2 and all(isinstance(number, Real) for number in numbers)
        advice = "; (y > 0).astype(int) is one" if two and min(numbers) <= 0 else ""
        raise ValueError(
            f"expected an indicator matrix y of 0 and 1 for several labels, got "
            f"{given.item(*place)!r} in row {place[0]}, column {place[1]}{advice}"
        )
    return held


def _check_not_continuous(y: Array) -> None:
    """Raise ValueError, as scikit-learn begins it, for numbers such as 0.5."""
    if y.dtype.kind == "f" and (broken := y != np.floor(y)).any():
        raise ValueError(
            "Unknown label type: continuous. Expected labels as y, got numbers such as "
            f"{y[broken].flat[0]:g}; a regressor, such as TableRegressor, predicts those"
        )


def _kept(labels: Array) -> Array:
    """Return labels; ValueError for texts that no file keeps, before anything is learned."""
    if labels.dtype.kind in "UO" and all(isinstance(label, str) for label in labels):
        _labels("str" if labels.dtype.kind == "U" else "object", labels.tolist())
    return labels


def _labels(kind: object, values: list[Any]) -> Array:
    """Return classes of a type; ValueError if they are others."""
    if kind not in CLASS_TYPES:
        raise ValueError(f"classes: expected one of {', '.join(CLASS_TYPES)} as type, got another")
    if kind in ("str", "object"):
        texts = [strict_json.text(v, "classes", least=0) for v in values]
        if kind == "str" and len(texts) * max(map(len, texts)) > MOST_LETTERS:
            raise ValueError("classes: expected shorter texts, as each takes the longest's memory")
        return np.array(texts, dtype=str(kind))
    if kind == "bool":
        return np.array([strict_json.flag(v, "classes") for v in values])
    if str(kind).startswith("float"):
        with np.errstate(over="ignore"):
            labels = np.array([strict_json.number(v, "classes") for v in values], dtype=str(kind))
        if not np.isfinite(labels).all():
            raise ValueError(f"classes: expected numbers that {kind} can hold")
        return labels
    limits = np.iinfo(str(kind))
    whole = [strict_json.whole(v, "classes", int(limits.min), int(limits.max)) for v in values]
    return np.array(whole, dtype=str(kind))
