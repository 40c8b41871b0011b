"""Options about tables: how a file of one is read, and what its columns are for."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Annotated

import typer

FILE, COLUMNS, TEXTS = "Reading tables", "Columns of tables", "Texts"
"""Panels of the help."""

TABS = ("tab", "\\t")
"""What stands for a tab."""

NAMES = "NAMES"


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How the file of a table is read, None where the command line says nothing.

    Raises
    ------
    ValueError
        An option has no sense; the message names it.
    """

    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER",
            rich_help_panel=FILE,
            help="Between the cells of a line, tab for a tab; by default found.",
        ),
    ] = None
    decimal: Annotated[
        str | None,
        typer.Option(
            metavar=", or .",
            rich_help_panel=FILE,
            help="The decimal sign; by default . but in columns that show another.",
        ),
    ] = None
    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MARKERS",
            rich_help_panel=FILE,
            help="What stands for a missing value besides the usual: -,unknown,-999.",
        ),
    ] = None
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", rich_help_panel=FILE, help="Of a text file: cp1252; by default UTF-8."
        ),
    ] = None
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            rich_help_panel=FILE,
            help="Whether the first line has names; else columns are called c1, c2, …",
        ),
    ] = None
    text: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=TEXTS,
            help="The column of a table that has the texts of a model of texts; with --model "
            "ensemble, one that is learned from beside others.",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Check each option by itself."""
        sign = self.delimiter
        if sign is not None and sign not in TABS and (len(sign) != 1 or sign in '"\r\n'):
            raise ValueError(f"--delimiter: expected one character, or tab, got {sign!r}")
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"--decimal: expected , or ., got {self.decimal!r}")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except (LookupError, ValueError):
                raise ValueError(
                    "--encoding: expected the name of an encoding such as utf-8, cp1252 or "
                    f"utf-16, got {self.encoding!r}"
                ) from None


@dataclass(frozen=True, kw_only=True)
class TableOptions(ReadingOptions):
    """What the columns of a table are for, and how its file is read."""

    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar=NAMES,
            rich_help_panel=COLUMNS,
            help="Columns to leave out: a,b or --drop a --drop b; a name with a comma by itself, "
            "or in quotes among others.",
        ),
    ] = None
    categorical: Annotated[
        list[str] | None,
        typer.Option(
            metavar=NAMES, rich_help_panel=COLUMNS, help="Columns of numbers that are categories."
        ),
    ] = None
    numeric: Annotated[
        list[str] | None,
        typer.Option(
            metavar=NAMES,
            rich_help_panel=COLUMNS,
            help="Columns of numbers, in which any other word is a missing value.",
        ),
    ] = None
    max_categories: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100_000,
            rich_help_panel=COLUMNS,
            help="Categories of a column, the most frequent, that have a feature each; by default "
            "100, and more where answers differ by category.",
        ),
    ] = None
    id: Annotated[
        list[str] | None,
        typer.Option(
            metavar=NAMES,
            rich_help_panel=COLUMNS,
            help="Columns that name the rows: not learned from, but written beside predictions.",
        ),
    ] = None
    time: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=COLUMNS,
            help="The column of times: the last part is the test, the one before the validation.",
        ),
    ] = None
    group: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=COLUMNS,
            help="The column of groups, each in one part as a whole: it is not learned from.",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Check each option by itself."""
        super().__post_init__()
        if self.time is not None and self.group is not None:
            raise ValueError("--time: expected it without --group, got both")
