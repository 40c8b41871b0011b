"""Data read as a command line says: from a file, by its name, or from standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from chainrule.cli.column_names import listed
from chainrule.cli.table_options import TABS, ReadingOptions
from chainrule.data import STANDARD_INPUT, DataError, Source, TableFormat, read_source
from chainrule.data.table_files import is_text_table

__all__ = ["check_is_text", "layout_of", "read_data", "said_of", "without_repeats"]

NAME = "standard input"


def layout_of(options: ReadingOptions, known: Mapping[str, Any] | None = None) -> TableFormat:
    """Return how a table's texts are written, as options say, else as is ``known`` of a model."""
    names = asdict(TableFormat())
    remembered = {name: value for name, value in (known or {}).items() if name in names}
    if "missing" in remembered:
        remembered["missing"] = tuple(remembered["missing"])
    said: dict[str, Any] = {
        "delimiter": "\t" if options.delimiter in TABS else options.delimiter,
        "encoding": options.encoding,
        "decimal": options.decimal,
        "missing": tuple(part for text in options.missing or [] for part in listed(text)) or None,
        "header": options.header,
    }
    said = {name: value for name, value in said.items() if value is not None}
    return TableFormat(**{**remembered, **said})


def check_is_text(options: ReadingOptions, *files: str) -> None:
    """Raise ValueError for options of text files where none of the files is one."""
    if any(map(is_text_table, map(Path, files))):
        return
    for name in ("encoding", "delimiter"):
        if getattr(options, name) is not None:
            raise ValueError(
                f"--{name}: expected a text file such as CSV, got {files[0]}, which needs no "
                f"{name}"
            )


def said_of(layout: TableFormat) -> dict[str, Any]:
    """Return what a model remembers of how its table was written: what is not as usual."""
    usual = asdict(TableFormat())
    return {name: value for name, value in asdict(layout).items() if value != usual[name]}


def read_data(argument: str, target: str | None, layout: TableFormat, **how: Any) -> Source:
    """Return the data that an argument names, ``how`` being that of `read_source`.

    Raises
    ------
    DataError
        Standard input is a terminal, on which nobody types a table; or they cannot be read.
    """
    if argument != STANDARD_INPUT:
        return read_source(argument, target, layout=layout, **how)
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError("-: expected a table on standard input, got a terminal")
    try:
        source = read_source(argument, target, layout=layout, **how)
    except DataError as error:  # the place of what is wrong begins with the name of a file
        words = str(error)
        place = f"{NAME}{words[1:]}" if words.startswith(STANDARD_INPUT) else words
        raise DataError(place) from None
    return replace(source, name=NAME)


def without_repeats(notes: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return notes on data but those on cells of columns of which others tell more."""
    told = tuple(others)
    columns = [(note, note.partition(", line ")[0]) for note in notes]
    return [
        note
        for note, column in columns
        if not (column.startswith("column ") and any(t.startswith(f"{column} ") for t in told))
    ]
