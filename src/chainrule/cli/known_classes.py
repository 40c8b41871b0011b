"""Rows whose class a network has learned, and a word on the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.cli.model_data import target_of
from chainrule.cli.text_sources import TextSource, of_known_labels
from chainrule.data import Column, DataError, Source
from chainrule.data.cells import number, plain, shortened, spelled
from chainrule.targets.columns import label_cells

__all__ = ["KnownClasses", "with_known_classes"]


def with_known_classes(source: Source, classes: Sequence[str]) -> tuple[Source, list[str]]:
    """Return the rows of a table that are of these classes, and a note on the others, if any.

    Raises
    ------
    DataError
        No row is of a known class.
    """
    if isinstance(source, TextSource) and source.labels:
        return of_known_labels(source, classes)
    known = KnownClasses(classes)
    rows = known.rows(target_of(source))
    if rows.all():
        return source, []
    notes = known.notes(source.name)
    return source.select(np.flatnonzero(rows)), notes


class KnownClasses:
    """Which rows are of the classes of training, and what there is to say of the others.

    Parameters
    ----------
    classes : sequence of str
        Of training.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes, self._known = classes, frozenset(classes)
        self._rows, self._count, self._first = 0, 0, ""
        self._unknown: set[str] = set()

    def rows(self, target: Column) -> NDArray[np.bool_]:
        """Return whether each cell of a column (n) is of a class that training had."""
        texts = label_cells(target)
        is_known = {text: _is_known(text, self._known) for text in set(texts)}
        rows = np.array([is_known[text] for text in texts], np.bool_)
        self._rows += len(rows)
        if not rows.all():
            self._first = self._first or target.place(int(np.argmin(rows)))
            self._count += int(np.count_nonzero(~rows))
            self._unknown.update(text for text, there in is_known.items() if not there)
        return rows

    def notes(self, name: str) -> list[str]:
        """Return what there is to say of all rows so far, of data with a name.

        Raises
        ------
        DataError
            None is of a known class.
        """
        if not self._count:
            return []
        unknown, count = shortened(sorted(self._unknown)), self._count
        if count == self._rows:
            raise DataError(
                f"{name}: got classes {unknown} only, expected those of training: "
                f"{shortened(self._classes)}"
            )
        words = "is of a class" if count == 1 else "are of classes"
        return [
            f"{count:,} of {self._rows:,} rows {words} that training did not have, {unknown}: no "
            f"prediction of {'it' if count == 1 else 'them'} can be right; left out of the scores, "
            f"{'it stands' if count == 1 else 'the first stands'} in {self._first}"
        ]


def _is_known(text: str, classes: frozenset[str]) -> bool:
    """Return whether a text is one of the classes, 1.0 being 1 also where others are words."""
    value = number(text)
    written = text if value is None or not np.isfinite(value) else plain(value)
    return spelled(text, classes) in classes or written in classes
