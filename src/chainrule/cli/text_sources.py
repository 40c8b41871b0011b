"""Texts with their answers: a column of a table, or lines with labels as fastText has them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from chainrule.data import BUILTIN, STANDARD_INPUT, Column, DataError, Source, Table
from chainrule.data.cells import Cells, shortened
from chainrule.data.coded import Coded, RawCells
from chainrule.data.files import LARGEST, opened, read_at_most
from chainrule.data.labelled_lines import (
    HEAD,
    PREFIX,
    TEXT,
    check_labels_of_line,
    have_labels,
    split_lines,
)
from chainrule.tables import counted
from chainrule.types import Array

__all__ = [
    "LABELS_EXPECTED",
    "TextSource",
    "are_labelled_lines",
    "labels_explained",
    "of_known_labels",
    "read_lines",
    "with_texts",
]

LABELS_EXPECTED = f"lines of texts to learn from have labels among their words, as {PREFIX}x"


@dataclass(frozen=True, repr=False)
class TextSource(Source):
    """Data of which one column has texts.

    Parameters
    ----------
    column : str
        The one with the texts.
    labels : {"", "one", "several"}
        What cells of the target are: "" those of a table's column; else labels of lines, with
        spaces between if there are several.
    """

    column: str = ""
    labels: Literal["", "one", "several"] = ""

    def texts(self, name: str = "") -> Table:
        """Return the table of the texts alone, their column called as it is, or otherwise."""
        assert isinstance(self.data, Table)
        cells = as_texts(self.data.column(self.column))
        return Table((name or self.column,), (cells,), self.data.lines)

    @property
    def answers(self) -> Column | Array:
        """The cells of a table's column, or labels (n) of lines, or tuples (n) of them."""
        if not self.labels or self.cells is None:
            return self.target
        if self.labels == "one":
            return np.array(list(self.cells), dtype=str)
        found = np.empty(len(self), object)
        found[:] = [tuple(str(cell).split()) for cell in self.cells]
        return found

    @property
    def notes_on_texts(self) -> list[str]:
        """What there is to say of texts that are not there."""
        cells = self.texts().columns[0]
        empty = sum(not str(cell).strip() for cell in cells)
        where = f" of {self.column!r}" if not self.labels else ""
        cell = "cell" if not self.labels else "line"
        verb = "is a text" if empty == 1 else "are texts"
        return [f"{counted(empty, f'empty {cell}')}{where} {verb} without words"] if empty else []


def as_texts(cells: RawCells) -> list[str] | Coded:
    """Return the cells of a column as texts, missing ones as empty ones."""
    if isinstance(cells, list | Coded):
        return cells
    read = Cells.read(cells)
    texts = ["" if gone else text for text, gone in zip(read.texts, read.missing, strict=True)]
    return [texts[code] for code in read.codes.tolist()]


def with_texts(source: Source, column: str) -> TextSource:
    """Return data whose texts stand in a column of their table."""
    own = {name: getattr(source, name) for name in Source.__dataclass_fields__}
    return TextSource(**own, column=column)


def are_labelled_lines(argument: str) -> bool:
    """Return whether an argument names a text file with fastText's labels, or pipes one in."""
    if argument == STANDARD_INPUT:
        head = head_of_standard_input()
    else:
        path = Path(argument)
        if argument in BUILTIN or not path.is_file():
            return False
        try:
            with opened(path) as stream:
                head = stream.read(HEAD)
        except DataError:  # whoever reads it says why
            return False
    return have_labels(head)


def head_of_standard_input() -> bytes:
    """Return the first bytes of what is piped in, which stay to be read; none of a terminal."""
    piped = getattr(sys.stdin, "buffer", None)
    if piped is None or sys.stdin.isatty() or not hasattr(piped, "peek"):
        return b""
    return bytes(piped.peek(HEAD)[:HEAD])


@contextmanager
def labels_explained(argument: str) -> Iterator[None]:
    """Say of a .txt file that cannot be read as a table what lines of texts should have."""
    try:
        yield
    except DataError as error:
        if ".txt" not in map(str.lower, Path(argument).suffixes) or not Path(argument).is_file():
            raise
        raise DataError(f"{error}; {LABELS_EXPECTED}") from None


def read_lines(
    argument: str, encoding: str = "utf-8", *, labelled: bool, several: bool | None = None
) -> TextSource:
    """Read a text file, a text on each line, and the labels among its words.

    Parameters
    ----------
    argument : str
        The file, compressed or not, or "-" for standard input.
    encoding : str
        Of the file.
    labelled : bool
        Whether lines without a label are left out; else all lines count, and no label does.
    several : bool or None
        Whether lines may have several labels; None finds it out.

    Raises
    ------
    DataError
        It cannot be read; or no line has a label, or one has several and should not.
    """
    name = "standard input" if argument == STANDARD_INPUT else Path(argument).name
    content = _decoded(Path(argument), name, encoding)
    if not content and not labelled:
        raise DataError(f"{name}: expected lines of texts, got an empty file")
    texts, labels = split_lines(content)
    table = Table((TEXT,), (texts,), np.arange(1, len(texts) + 1))
    if not labelled:
        return TextSource(name, table, lines=table.lines, column=TEXT, labels="one")
    return _with_labels(name, table, labels, several)


def unlabelled(lines: int) -> str:
    """Return in a sentence that so many lines are left out."""
    verbs = "has no label and is" if lines == 1 else "have no label and are"
    return f"{counted(lines, 'line')} {verbs} left out"


def _with_labels(
    name: str, table: Table, labels: Sequence[tuple[str, ...]], several: bool | None
) -> TextSource:
    """Return the lines that have labels, and a note on the others."""
    for row, found in enumerate(labels):
        check_labels_of_line(name, row + 1, found, several=several)
    rows = np.array([row for row, found in enumerate(labels) if found], np.intp)
    if not len(rows):
        raise DataError(f"{name}: expected lines with labels such as {PREFIX}x, got none")
    if several is None:
        several = any(len(found) > 1 for found in labels)
    texts = table.column(TEXT)
    without = sum(bool(text) and not found for text, found in zip(texts, labels, strict=True))
    notes: tuple[str, ...] = ()
    if without:
        notes = (unlabelled(without),)
    source = TextSource(
        name,
        table,
        "labels" if several else "label",
        [" ".join(found) for found in labels],
        table.lines,
        column=TEXT,
        labels="several" if several else "one",
    )
    return replace(source.select(rows), notes=notes)


def _decoded(path: Path, name: str, encoding: str) -> str:
    """Return the content of a file as a text."""
    with opened(path) as stream:
        content = bytes(read_at_most(stream, LARGEST + 1))
    if len(content) > LARGEST:
        raise DataError(f"{name}: expected a text of at most {LARGEST:,} bytes")
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise DataError(
            f"{name}, line {line}: expected {encoding}, got other bytes; --encoding names another"
        ) from None


def of_known_labels(source: TextSource, known: Sequence[str]) -> tuple[TextSource, list[str]]:
    """Return lines without the labels that training did not have, and a note on these.

    Lines that have no other label are left out.

    Raises
    ------
    DataError
        No line has a label that is known.
    """
    held = [str(cell).split() for cell in source.cells or ()]
    strange = sorted({label for labels in held for label in labels} - set(known))
    if not strange:
        return source, []
    kept = [[label for label in labels if label not in strange] for labels in held]
    rows = np.array([row for row, labels in enumerate(kept) if labels], np.intp)
    if not len(rows):
        raise DataError(
            f"{source.name}: got labels {shortened(strange)} only, expected those of training: "
            f"{shortened(known)}"
        )
    left = len(held) - len(rows)
    verb = "is" if left == 1 else "are"
    lines = f"; {counted(left, 'line')} with no other {verb} left out" if left else ""
    note = (
        "labels that training did not have do not count, as no prediction of them can be right: "
        f"{shortened(strange)}{lines}"
    )
    known_ones = replace(source, cells=[" ".join(labels) for labels in kept])
    return known_ones.select(rows), [note]
