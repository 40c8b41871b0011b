"""The answers of a stream, seen once before training: all classes, or the scale of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sized
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data import Column
from chainrule.data.coded import Coded, Kind
from chainrule.data.streams import DataStream
from chainrule.estimators.answer_checks import check_each_is_there
from chainrule.estimators.validation import are_columns
from chainrule.targets import Classes, Numbers, Targets
from chainrule.targets.columns import label_cells, labels_of
from chainrule.targets.label_lists import as_label_lists, check_label_lists, is_listed, labels_in
from chainrule.types import Array

__all__ = ["AnswerEncoder", "ClassCounts", "class_counts", "scaled_by_all"]

MOST_CLASSES = 100_000


@dataclass(frozen=True)
class ClassCounts:
    """All classes, sorted, and how many rows each has."""

    labels: Array
    counts: Array

    @property
    def classes(self) -> Array:
        """All classes, as answers that have each of them."""
        return self.labels

    def like(self, given: Any) -> Any:
        """Return classes that somebody has given as answers that have each of them."""
        return given

    def balanced(self) -> Any:
        """Return the weight of each class that gives all of them the same share."""
        n, k = int(self.counts.sum()), len(self.labels)
        each = zip(self.labels.tolist(), self.counts.tolist(), strict=True)
        return {label: n / (k * count) for label, count in each}


@dataclass(frozen=True)
class LabelCounts(ClassCounts):
    """All labels of which any may hold, sorted, and how many of the rows have each."""

    rows: int

    @property
    def classes(self) -> Array:
        """One list of all labels."""
        return np.asarray(as_label_lists([tuple(self.labels.tolist())]))

    def like(self, given: Any) -> Any:
        """Return one list of labels that somebody has given."""
        return as_label_lists([tuple(given)])

    def balanced(self) -> Any:
        """Return for each label the weights of rows without it, and of those with it."""
        n = self.rows
        return [
            {0: n / (2 * (n - held)), 1: n / (2 * held)} if 0 < held < n else {0: 1.0, 1: 1.0}
            for held in self.counts.tolist()
        ]


def class_counts(name: str, stream: DataStream) -> ClassCounts | None:
    """Return the classes of a stream's answers, or labels of lists; None of indicators, (n, k).

    Raises
    ------
    ValueError
        An answer is missing, or there are too many classes for such.
    """
    found: dict[Any, int] = {}
    kind: Kind | None = None
    for y in stream.answers():
        if np.ndim(y) == 2:
            return None
        if is_listed(y):
            return _label_counts(name, stream)
        if isinstance(y, Column):
            kind = y.cells.kind if isinstance(y.cells, Coded) else "text"
            labels, codes = _labelled(y)
            counts = np.bincount(codes, minlength=len(labels))
        else:
            check_each_is_there(name, y)
            labels, counts = np.unique(y, return_counts=True)
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True):
            found[label] = found.get(label, 0) + int(count)
        _check_count(name, found)
    each = np.array(list(found.values()))
    if kind is not None:
        cells = Coded(list(found), np.arange(len(found), dtype=np.int32), kind)
        labels = labels_of(Column(stream.answer_columns[0], cells, unit="row"))
    else:
        labels = np.array(list(found))
    order = np.argsort(labels, kind="stable")
    return ClassCounts(labels[order], each[order])


def _label_counts(name: str, stream: DataStream) -> LabelCounts:
    """Return all labels of answers that are lists of them."""
    found: Counter[Any] = Counter()
    rows = 0
    for y in stream.answers():
        check_label_lists(name, y)
        found.update(label for row in y for label in set(row))
        rows += len(y)
        _check_count(name, found)
    listed = np.empty(1, object)
    listed[0] = tuple(found)
    labels = labels_in(listed)
    return LabelCounts(labels, np.array([found[label] for label in labels.tolist()]), rows)


def _check_count(name: str, found: Sized) -> None:
    if len(found) > MOST_CLASSES:
        raise ValueError(
            f"{name}: expected at most {MOST_CLASSES:,} classes, got more: are the answers "
            "numbers for a regressor?"
        )


def _distinct(column: Column) -> tuple[Column, Array]:
    """Return the column of a column's different cells (d), and the place of each cell's (n)."""
    raw = column.cells
    if isinstance(raw, Coded):
        present, codes = np.unique(raw.codes, return_inverse=True)
        cells: Any = Coded(raw.texts, present.astype(np.int32), raw.kind)
    else:
        array = np.asarray(raw)
        cells, codes = np.unique(array, return_inverse=True)
        cells = cells.tolist() if array.dtype.kind == "U" else cells
    return Column(column.name, cells, unit=column.unit), codes


def _labelled(column: Column) -> tuple[Array, Array]:
    """Return different labels as texts (d), and the place of each cell's (n)."""
    distinct, codes = _distinct(column)
    try:
        texts, places = np.unique(np.array(label_cells(distinct), object), return_inverse=True)
    except ValueError:
        label_cells(column)  # whose error names the row
        raise
    return texts, places[codes]


def scaled_by_all(
    targets: Targets, stream: DataStream, read: Callable[[Any], Array], *, positive: bool
) -> Targets:
    """Return targets of numbers with mean, deviation and bounds of all rows of a stream.

    Parameters
    ----------
    targets : Targets
        Fitted to some of the rows.
    stream : DataStream
        Of rows with answers.
    read : callable
        Makes arrays of raw answers.
    positive : bool
        Whether they are counts, which are divided by their mean.
    """
    if not isinstance(targets, Numbers) or (targets.scale is None and targets.bounds is None):
        return targets
    count, mean, squares = 0, 0.0, 0.0
    low, high = np.inf, -np.inf
    for raw in stream.answers():
        y = np.asarray(read(raw), np.float64)
        y = y.reshape(len(y), -1)
        n, own = len(y), y.mean(axis=0)
        more = own - mean
        squares = squares + ((y - own) ** 2).sum(axis=0) + more**2 * (count * n / (count + n))
        mean = mean + more * (n / (count + n))
        count += n
        low, high = np.minimum(low, y.min(axis=0)), np.maximum(high, y.max(axis=0))
    ends = tuple(np.ravel(low).tolist()), tuple(np.ravel(high).tolist())
    if targets.bounds is not None:
        targets = replace(targets, bounds=(ends[0][0], ends[1][0]) if len(ends[0]) == 1 else ends)
    if targets.scale is None or targets.mean is None:
        return targets
    means = np.ravel(mean)
    if positive:
        return replace(targets, scale=tuple(np.where(means > 0, means, 1.0).tolist()))
    deviations = np.sqrt(np.ravel(squares) / count)
    deviations[np.ravel(low == high)] = 1.0
    return replace(targets, mean=tuple(means.tolist()), scale=tuple(deviations.tolist()))


class AnswerEncoder:
    """Makes targets, and weights of classes, of a stream's answers, each different one once.

    Parameters
    ----------
    estimator : FittedNetwork
        Whose parameters say what classes weigh.
    targets : Targets
        Of all rows.
    trained : callable, optional
        What the loss of training sees of targets as a score takes them; these by default.
    """

    def __init__(
        self, estimator: Any, targets: Targets, trained: Callable[[Array], Array] | None = None
    ) -> None:
        self.estimator, self.targets, self.trained = estimator, targets, trained
        self._known: set[Any] = set()

    def __call__(self, y: Any) -> tuple[Array, Array | None]:
        """Return the targets of raw answers, and what each weighs by its class."""
        if are_columns(y):
            return self._encoded(self.targets.read(*y)), None
        if isinstance(y, Column):
            if not isinstance(self.targets, Classes):
                return self._encoded(self.targets.read(y)), None
            distinct, codes = _distinct(y)
            try:
                labels = self.targets.read(distinct)
            except ValueError:
                self.targets.read(y)  # whose error names the row
                raise
        elif isinstance(self.targets, Classes) and np.ndim(y) == 1:
            labels, codes = np.unique(y, return_inverse=True)
        else:
            t = self._encoded(y)
            return t, self._weights(y)
        if not self._known.issuperset(labels.tolist()):
            self.estimator._check_answers(labels, self.targets, warm=False)
            self._known.update(labels.tolist())
        weights = self._weights(labels)
        return self._encoded(labels)[codes], None if weights is None else weights[codes]

    def _encoded(self, y: Any) -> Array:
        t = self.targets.encode(y)
        return t if self.trained is None else np.asarray(self.trained(t))

    def _weights(self, y: Any) -> Array | None:
        weights: Array | None = self.estimator._sample_weights(
            y, self.targets, None, incremental=False
        )
        return weights
