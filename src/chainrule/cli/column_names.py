"""Lists of columns as options have them: repeated, or with commas between the names."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Sequence

from chainrule.data import DataError
from chainrule.data.cells import shortened

__all__ = ["listed", "named_columns"]


def listed(text: str) -> list[str]:
    """Return the parts of a text between commas; a part that holds one stands in quotes."""
    parts = next(csv.reader([text], skipinitialspace=True), [])
    return [part.strip() for part in parts if part.strip()]


def named_columns(
    option: str, texts: Iterable[str], names: Sequence[str], *, whole: bool = False
) -> tuple[str, ...]:
    """Return the columns that the texts of an option name, each once, in the order of a table.

    A text is the whole name of a column, commas and all, or else, unless it must be ``whole``,
    names with commas between them.

    Raises
    ------
    DataError
        There is no such column.
    """
    known, found = set(names), set()
    for text in texts:
        for part in [text] if text in known or whole else listed(text):
            if part not in known:
                close = difflib.get_close_matches(part, names, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise DataError(
                    f"{option}: no column {part!r} among {shortened(tuple(names), most=50)}{hint}"
                )
            found.add(part)
    return tuple(name for name in names if name in found)
