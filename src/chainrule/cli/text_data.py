"""Data for a trained network of texts: lines of a file, or a column of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.cli.column_names import named_columns
from chainrule.cli.reading import layout_of, read_data
from chainrule.cli.table_options import ReadingOptions
from chainrule.cli.text_sources import (
    TextSource,
    are_labelled_lines,
    head_of_standard_input,
    read_lines,
    with_texts,
)
from chainrule.data import STANDARD_INPUT, DataError, Table, TableFormat
from chainrule.data.cells import shortened
from chainrule.data.files import COMPRESSIONS, opened

__all__ = ["label_of_lines", "texts_for"]

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
DELIMITERS = re.compile(r"[,;\t|]")
TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".xlsx", ".xlsm")


def label_of_lines(estimator: Any) -> str:
    """Return what a model of labelled lines predicts; "" of any other model."""
    if not _knows_lines(estimator):
        return ""
    return "labels" if estimator.targets_.several else "label"


def texts_for(
    estimator: Any,
    arguments: Sequence[str],
    target: str | None,
    *,
    optional: bool,
    reading: ReadingOptions | None,
) -> TextSource:
    """Read texts for a trained network, from a table or from the lines of a text file.

    Parameters
    ----------
    estimator : TextClassifier
        Whose inputs may know the column.
    arguments : sequence of str
        One file.
    target : str or None
        The column of answers.
    optional : bool
        Whether answers may be missing; of lines none is read then.
    reading : ReadingOptions or None
        What options say of a table.

    Raises
    ------
    DataError
        There are no texts.
    """
    if len(arguments) != 1:
        raise DataError(f"expected one file of texts, got {len(arguments)}")
    (argument,) = arguments
    options = reading or ReadingOptions()
    if Path(argument).is_dir():
        raise DataError("this model was trained on texts, got a folder")
    known = (getattr(estimator, "metadata_", None) or {}).get("reading")
    layout = layout_of(options, known)
    if options.text is None and _are_lines(estimator, argument, layout):
        several = bool(estimator.targets_.several)
        source = read_lines(argument, layout.encoding, labelled=not optional, several=several)
        return _told(source)
    table = read_data(argument, target, layout, optional=optional)
    if not isinstance(table.data, Table):
        raise DataError("this model was trained on texts, got images")
    if not optional and estimator.targets_.several:
        raise DataError(
            f"{table.name}: expected lines with labels such as __label__x, any of which may hold"
        )
    return _told(with_texts(table, _column(estimator, table.name, table.data, target, options)))


def _told(source: TextSource) -> TextSource:
    return replace(source, notes=(*source.notes, *source.notes_on_texts))


def _column(
    estimator: Any, name: str, table: Table, target: str | None, options: ReadingOptions
) -> str:
    """Return the column of a table that has the texts: the one said, known, or the only one."""
    if options.text is not None:
        return named_columns("--text", [options.text], table.names, whole=True)[0]
    answers = (target, estimator.targets_.name)
    others = [each for each in table.names if each not in answers]
    if (known := estimator.inputs_.column) in others:
        return str(known)
    if len(others) == 1:
        return others[0]
    expected = f"a column {known!r} of texts" if known else "one column of texts"
    raise DataError(
        f"{name}: expected {expected}, got {shortened(others, most=20)}; --text names it"
    )


def _knows_lines(estimator: Any) -> bool:
    """Return whether a network has learned from lines of a file."""
    reading = (getattr(estimator, "metadata_", None) or {}).get("reading")
    return bool(isinstance(reading, dict) and reading.get("lines"))


def _are_lines(estimator: Any, argument: str, layout: TableFormat) -> bool:
    """Return whether texts are the lines of a file, not a column of a table."""
    if argument == STANDARD_INPUT:
        known = _knows_lines(estimator) or are_labelled_lines(argument)
        return known or _piped_are_lines(estimator, layout)
    path = Path(argument)
    suffixes = [each.lower() for each in path.suffixes if each.lower() not in COMPRESSED]
    if not path.is_file() or (suffixes and suffixes[-1] in TABLES):
        return False
    if _knows_lines(estimator) or are_labelled_lines(argument):
        return True
    if suffixes[-1:] != [".txt"]:
        return False
    with opened(path) as stream:
        return not _names(estimator, stream.readline(), layout)


def _piped_are_lines(estimator: Any, layout: TableFormat) -> bool:
    """Return whether standard input has lines of text, not a table with a header."""
    head = head_of_standard_input()
    if not head or not layout.header or head.startswith(tuple(COMPRESSIONS)):
        return False
    return not _names(estimator, head.partition(b"\n")[0], layout)


def _names(estimator: Any, heading: bytes, layout: TableFormat) -> bool:
    """Return whether the first line of a file names the column that a network has learned from."""
    line = heading.decode(layout.encoding, errors="replace")
    names = [name.strip(' "\r\n\ufeff') for name in DELIMITERS.split(line)]
    return estimator.inputs_.column in names
