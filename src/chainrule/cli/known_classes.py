"""Rows whose class a network has learned, and a word on the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.cli.model_data import target_of
from chainrule.cli.text_sources import TextSource, of_known_labels
from chainrule.data import DataError, Source
from chainrule.data.cells import number, plain, shortened, spelled
from chainrule.targets.columns import label_cells

__all__ = ["with_known_classes"]


def with_known_classes(source: Source, classes: Sequence[str]) -> tuple[Source, list[str]]:
    """Return the rows of a table that are of these classes, and a note on the others, if any.

    Raises
    ------
    DataError
        No row is of a known class.
    """
    if isinstance(source, TextSource) and source.labels:
        return of_known_labels(source, classes)
    texts = label_cells(target_of(source))
    known = frozenset(classes)
    is_known = {text: _is_known(text, known) for text in set(texts)}
    rows = np.array([is_known[text] for text in texts], np.bool_)
    if rows.all():
        return source, []
    unknown = shortened(sorted(text for text, there in is_known.items() if not there))
    if not rows.any():
        raise DataError(
            f"{source.name}: got classes {unknown} only, expected those of training: "
            f"{shortened(classes)}"
        )
    count = int(np.count_nonzero(~rows))
    first = source.target.place(int(np.argmin(rows)))
    words = "is of a class" if count == 1 else "are of classes"
    note = (
        f"{count:,} of {len(rows):,} rows {words} that training did not have, {unknown}: no "
        f"prediction of {'it' if count == 1 else 'them'} can be right; left out of the scores, "
        f"{'it stands' if count == 1 else 'the first stands'} in {first}"
    )
    return source.select(np.flatnonzero(rows)), [note]


def _is_known(text: str, classes: frozenset[str]) -> bool:
    """Return whether a text is one of the classes, 1.0 being 1 also where others are words."""
    value = number(text)
    written = text if value is None or not np.isfinite(value) else plain(value)
    return spelled(text, classes) in classes or written in classes
