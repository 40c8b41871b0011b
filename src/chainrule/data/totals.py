"""What spreadsheets leave below a table: empty rows, and one with the sums."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import Cells, is_missing, number, shortened
from chainrule.data.coded import Coded, RawCells
from chainrule.data.formats import LOCAL_NUMBER
from chainrule.data.table import Table
from chainrule.tables import counted

__all__ = ["odd_cells", "without_totals"]

TOTALS = {"total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt"}
TOTALS |= {"somme", "totale", "suma", "totaal", "σ", "∑"}
"""What stands before sums, in lower case."""

SAME = 1e-9
"""How far a sum may be from the sum, as a share of the numbers' magnitudes."""

FEW_ROWS = 3
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
AROUND_NUMBERS = re.compile(r"^[^\d+\-.,]+|[^\d.,]+$")

RARE = 0.05
"""Words below this share of a column's cells are odd ones among its numbers."""


def without_totals(table: Table) -> tuple[Table, tuple[str, ...]]:
    """Leave out empty rows at the end and a last row of totals, and say so.

    A last row is one of totals if a cell of text says it, and all numbers in it are the sums of
    those above; if some are not, the row stays, and a sentence says so, too.
    """
    rows = len(table)
    end = rows
    while end > 1 and not any(_text(cells, end - 1) for cells in table.columns):
        end -= 1
    notes = []
    if end < rows:
        notes.append(f"{counted(rows - end, 'empty row')} at the end left out")
        table = table.select(np.arange(end))
    label = next((t for c in table.columns if _is_total(t := _text(c, end - 1))), "")
    if not label or end < FEW_ROWS:
        return table, tuple(notes)
    place = f"line {table.line(end - 1)}, the last row, {label!r},"
    if _has_sums(table):
        notes.append(f"{place} has the sums of the others: left out")
        table = table.select(np.arange(end - 1))
    else:
        notes.append(f"{place} looks like totals, but not all are sums: kept")
    return table, tuple(notes)


def odd_cells(table: Table) -> tuple[str, ...]:
    """Say in a sentence for each column of numbers which cells are words."""
    notes = []
    for name, cells in zip(table.names, table.columns, strict=True):
        if isinstance(cells, np.ndarray) or not _words_at_most(cells, RARE):
            continue
        read = Cells.read(cells)
        counts = read.counts()
        words = int(counts[read.words].sum())
        present = int(counts[~read.missing].sum())
        if 0 < words <= RARE * present:
            row, cell = read.first(read.words)
            more = f" and {counted(words - 1, 'other cell')}" if words > 1 else ""
            notes.append(
                f"column {name!r}, line {table.line(row)}: {shortened([cell])}{more} among numbers"
            )
    return tuple(notes)


def _words_at_most(cells: RawCells, share: float) -> int:
    """Return how many cells are words, 0 where they are more than a share of all."""
    coded = cells if isinstance(cells, Coded) else Coded.of(cells)
    counts = np.bincount(coded.codes, minlength=len(coded.texts)).tolist()
    words = 0
    for text, count in zip(coded.texts, counts, strict=True):
        if number(text) is None and not is_missing(text):
            words += count
            if words > share * len(coded):
                return 0
    return words


def _text(cells: RawCells, row: int) -> str:
    """Return a cell as text, "" for none."""
    cell = cells[row]
    if isinstance(cell, str):
        return cell.strip()
    return "" if cell != cell else str(cell)


def _is_total(text: str) -> bool:
    return text.lower().rstrip(" :.") in TOTALS


def _has_sums(table: Table) -> bool:
    """Return whether the last row has sums only, besides labels."""
    found = False
    for cells in table.columns:
        last = _text(cells, len(cells) - 1)
        if not last or _is_total(last):
            continue
        x = _numbers(cells)
        if x is None or np.isnan(x[-1]):
            return False
        sizes = np.nansum(np.abs(x[:-1]))
        if sizes == 0 or not abs(np.nansum(x[:-1]) - x[-1]) <= SAME * sizes:
            return False
        found = True
    return found


def _numbers(cells: RawCells) -> NDArray[np.float64] | None:
    """Return cells as numbers, with what is written around them left away; None for words."""
    read = Cells.read(cells)
    if not read.words.any():
        return read.numbers()
    values = [
        np.nan if gone else _amount(text)
        for text, gone in zip(read.texts, read.missing, strict=True)
    ]
    if None in values:
        return None
    amounts: NDArray[np.float64] = np.array(values, np.float64)[read.codes]
    return amounts


def _amount(text: str) -> float | None:
    """Return an amount of money or the like: of $1,234.50, 1.234,50 € or 12 kg."""
    bare = AROUND_NUMBERS.sub("", text)
    if THOUSANDS.fullmatch(bare):
        return number(bare.replace(",", ""))
    if (value := number(bare)) is not None:
        return value
    return number(bare.replace(".", "").replace(",", ".")) if LOCAL_NUMBER.fullmatch(bare) else None
