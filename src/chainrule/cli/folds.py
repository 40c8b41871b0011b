"""The folds of a comparison: rows to learn from and rows to score, by turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.cli.column_roles import Kinds, Roles
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.splitting import (
    class_numbers,
    has_several_labels,
    labels_held,
    learned_purpose,
)
from chainrule.cli.text_sources import TextSource, of_known_labels
from chainrule.data import DataError, Source, Table, split, split_groups
from chainrule.data.cells import Cells
from chainrule.inputs import ImageScaling, TableEncoder
from chainrule.inputs.tables import CategoricalColumn, NumericColumn
from chainrule.targets import Numbers
from chainrule.targets.columns import Purpose, number_cells
from chainrule.types import Array, Rows

__all__ = ["Fold", "folds_of"]


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to learn from and rows to score, raw and encoded by rules learnt from the first.

    Parameters
    ----------
    training, held_out : Source
        The rows as they were read.
    purpose : Purpose
        What the target is to be predicted for.
    roles, kinds : Roles, Kinds or None
        What columns of a table are for, and what they are.
    seed : int
        Of whatever is random.
    double : bool
        Whether numbers are float64.
    """

    training: Source
    held_out: Source
    purpose: Purpose
    roles: Roles
    kinds: Kinds | None
    seed: int
    double: bool = False

    def head(self, rows: int) -> Fold:
        """Return a fold of the first rows, and one of each class."""
        y = self.y[0]
        first = np.arange(min(len(y), rows))
        if y.ndim == 2:  # labels of which any may hold
            first = np.union1d(first, np.argmax(y, axis=0))
        elif self.purpose.task != "regression":
            first = np.union1d(first, np.unique(y, return_index=True)[1])
        few = self.training.select(first)
        return replace(self, training=few, held_out=few)

    @cached_property
    def inputs(self) -> TableEncoder | ImageScaling:
        """What was learnt of the columns, or of the pixels, from the rows to learn from."""
        data = self.training.data
        return self.learned() if isinstance(data, Table) else ImageScaling.fit(data)

    def learned(self, **encoding: Any) -> TableEncoder:
        """Return how the columns of a table become features, by fields of `Options`."""
        assert isinstance(self.training.data, Table)
        assert self.kinds is not None
        return self.roles.inputs(self.training.data, self.kinds, **encoding)

    @cached_property
    def encoded(self) -> tuple[Array, Array]:
        """Features of both parts, (n, f) each: standardised numbers, a column for each category."""
        dtype = np.float64 if self.double else np.float32
        parts = (self._features(part.data) for part in (self.training, self.held_out))
        first, other = (part.astype(dtype) for part in parts)
        return first, other

    @cached_property
    def y(self) -> tuple[Array, Array]:
        """The answers of both parts: class numbers, standardised numbers, or which labels hold."""
        parts = (self.training, self.held_out)
        if has_several_labels(self.purpose):
            first, other = (labels_held(self.purpose, part) for part in parts)
        elif self.purpose.task != "regression":
            first, other = (class_numbers(self.purpose, part) for part in parts)
        else:
            numbers = self._numbers
            first, other = (numbers.encode(numbers.read(part.target))[:, 0] for part in parts)
        return first, other

    @property
    def scale(self) -> float:
        """What gives errors in units of the target."""
        if self.purpose.task != "regression":
            return 1.0
        assert self._numbers.scale is not None
        return float(self._numbers.scale[0])

    @cached_property
    def native(self) -> tuple[Array, Array, list[bool]]:
        """Features of both parts with NaN for missing cells and the numbers of categories.

        Last comes which of them are categories.
        """
        first, categories = self._native(self.encoded[0])
        return first, self._native(self.encoded[1])[0], categories

    @cached_property
    def _numbers(self) -> Numbers:
        cells = number_cells(self.training.target)
        return Numbers.fit(cells, scaled=True, name=self.training.target_name)

    def _features(self, data: Any) -> Array:
        if isinstance(self.inputs, TableEncoder):
            return self.inputs.encode_table(data)[0]
        return np.asarray(self.inputs.encode(data).reshape(len(data), -1))

    def _native(self, X: Array) -> tuple[Array, list[bool]]:
        assert isinstance(self.inputs, TableEncoder)
        parts: list[Array] = []
        categories: list[bool] = []
        start = 0
        for column in self.inputs.columns:
            own = X[:, start : start + len(column.feature_names)].astype(np.float64)
            start += own.shape[1]
            if isinstance(column, CategoricalColumn):
                own = np.where(own.any(axis=1), own.argmax(axis=1), np.nan)[:, None]
            elif isinstance(column, NumericColumn) and column.missing:
                own = np.where(own[:, 1] > 0, np.nan, own[:, 0])[:, None]
            parts.append(own)
            categories += [isinstance(column, CategoricalColumn)] * own.shape[1]
        return np.hstack(parts), categories


def folds_of(
    source: Source, purpose: Purpose, options: CommandLineOptions, folds: int, repeats: int
) -> Iterator[Fold]:
    """Yield the folds, cut ``repeats`` times, each time in another way.

    Data that came with a test set of their own keep it: each fold is then all training data with
    another seed.
    """
    roles = Roles.of(options, source)
    kinds = roles.kinds(source)
    number = 0
    for repeat in range(repeats):
        for rows, others in _parts(source, purpose, roles, options.seed + repeat, folds):
            training = source.select(rows)
            test = source.select(others) if source.test is None else source.test
            seed = (options.seed + number) % 2**32
            number += 1
            learned = purpose
            if has_several_labels(purpose):
                assert isinstance(test, TextSource)
                learned = learned_purpose(purpose, training)
                test, _ = of_known_labels(test, learned.classes)
            yield Fold(training, test, learned, roles, kinds, seed, options.double)


def _parts(
    source: Source, purpose: Purpose, roles: Roles, seed: int, folds: int
) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows to train on and the rows to score, where the data have no test set."""
    everything = np.arange(len(source))
    if source.test is not None:
        yield from [(everything, everything[:0])] * folds
        return
    if len(source) < 2 * folds:
        raise DataError(
            f"{source.name}: expected two rows or more for each of {folds} folds, got "
            f"{len(source)} in all"
        )
    alike = purpose.task == "regression" or has_several_labels(purpose)
    labels = None if alike else class_numbers(purpose, source)
    shares = (1 / folds,) * folds
    if roles.group is not None and isinstance(source.data, Table):
        parts = split_groups(Cells.read(source.data.column(roles.group)).codes, shares, seed)
    else:
        parts = split(len(source), shares, seed, labels)
    for held_out in parts:
        rows = np.setdiff1d(everything, held_out)
        classes = () if labels is None else np.arange(len(purpose.classes))
        unseen = np.setdiff1d(classes, () if labels is None else labels[rows]).astype(np.intp)
        if unseen.size:
            raise DataError(
                f"{source.name}: expected two rows or more of each class, in different folds, "
                f"got too few of {purpose.classes[unseen[0]]!r}"
            )
        yield rows, held_out
