"""What each column of a table is taken for, found on all of its rows before they are split."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

import numpy as np

from chainrule.data import Column, DataError, Table
from chainrule.data.cells import Cells, Moments, shortened
from chainrule.data.number_formats import NumberFormat
from chainrule.inputs.base import Options
from chainrule.inputs.tables.booleans import are_booleans
from chainrule.inputs.tables.categories import EXACT
from chainrule.inputs.tables.dates import DateReading, find_dates
from chainrule.inputs.tables.identifiers import (
    FREE_TEXT,
    identifier_of_numbers,
    identifier_of_texts,
)
from chainrule.inputs.tables.readings import AS_IT_IS, NumberReading, find_numbers

__all__ = ["COUNTS", "LEFT_OUT", "Decision", "decide", "decide_all"]

LEFT_OUT = "left out"
COUNTS = "counts the rows"
CLOSE = "too close to each other for numbers"

CODES = "codes: some begin with 0, as no number does"
CODE_LENGTHS = {4, 5, 7, 9, 10, 11, 12, 13, 14}
"""Digits that postal and product codes have, and dates written without a sign have not."""

MOST_DIGITS = 300


@dataclass(frozen=True)
class Decision:
    """What a column is taken for.

    Parameters
    ----------
    kind : str
        "numbers", "categories", "booleans", "dates" or "left out".
    reason : str
        Why it is left out.
    reading : NumberReading
        How its cells are read as numbers.
    dates : DateReading
        How its cells are read as dates.
    remarks : tuple of str
        What a user should know of it.
    """

    kind: str
    reason: str = ""
    reading: NumberReading = AS_IT_IS
    dates: DateReading | None = None
    remarks: tuple[str, ...] = ()


def decide_all(table: Table, options: Options) -> dict[str, Decision]:
    """Return a decision for each column of a table.

    Where one column has decimal commas, numbers such as 1,234 in the others have them, too.
    Where nothing else is left to learn from, columns that count the rows are kept.

    Raises
    ------
    DataError
        The options name a column that is not there, or one twice; or a number is infinite.
    """
    _check_names(table, options)
    decisions = {name: decide(table.target(name), options) for name in table.names}
    formats = [each.reading.format for each in decisions.values()]
    if not options.decimal and any(form.decimal == "," for form in formats):
        comma = replace(options, decimal=",")
        decisions = {name: decide(table.target(name), comma) for name in table.names}
    if not any(each.kind != LEFT_OUT for each in decisions.values()):
        for name, each in decisions.items():
            if each.reason == COUNTS:
                remark = f"it {COUNTS}, but no other is left"
                decisions[name] = Decision("numbers", remarks=(remark,))
    return decisions


def decide(column: Column, options: Options) -> Decision:
    """Return what a column is taken for."""
    name = column.name
    if name in options.drop:
        return Decision(LEFT_OUT, "by choice")
    if name in options.text:
        return Decision(LEFT_OUT, f"{FREE_TEXT} by choice")
    cells = Cells.read(column.cells)
    if cells.missing.all():
        return Decision(LEFT_OUT, "every cell is missing")
    if name in options.categorical:
        return Decision("categories")
    if name in options.date:
        return _chosen_dates(column, cells, options.decimal)
    chosen = name in options.numeric
    choose = _chosen_numbers if chosen else _usual
    decision = choose(column, cells, options.decimal)
    return decision if chosen or name in options.keep else _identified(column, cells, decision)


def _usual(column: Column, cells: Cells, decimal: str) -> Decision:
    """Return what a column is taken for, be it an identifier or not."""
    if digits := _digits_of_close(cells):
        return Decision("categories", remarks=(f"integers of {digits} digits, {CLOSE}",))
    if _are_codes(cells):
        return Decision("categories", remarks=(CODES,))
    if cells.kind == "category" and not cells.words.any():
        return Decision("categories")
    return _as_written(column, cells, decimal)


def _as_written(column: Column, cells: Cells, decimal: str) -> Decision:
    """Return what a column is taken for by how its cells are written."""
    programs = decimal != "," or cells.kind == "number"
    if not cells.words.any() and (programs or not any("." in text for text in cells.texts)):
        return Decision("numbers")
    if are_booleans(cells):
        return Decision("booleans")
    dates = find_dates(cells, column.place, decimal=decimal)
    if dates is not None:
        return Decision("dates", dates=dates[0], remarks=dates[1])
    found = find_numbers(cells, column.place, decimal=decimal)
    if found is not None:
        return Decision("numbers", reading=found.reading, remarks=found.remarks)
    remark = _mostly_numbers(cells, decimal)
    return Decision("categories", remarks=(remark,) if remark else ())


def _identified(column: Column, cells: Cells, decision: Decision) -> Decision:
    """Return the decision, or that the column is left out because it only names rows."""
    reason = ""
    if decision.kind == "numbers":
        x = decision.reading.read(column.name, column.cells, column.place)  # no infinite ones
        reason = identifier_of_numbers(column.name, x) if not decision.reading.format.unit else ""
    elif decision.kind == "categories":
        reason = identifier_of_texts(cells)
        reason += "".join(f" ({remark})" for remark in decision.remarks) if reason else ""
    return replace(decision, kind=LEFT_OUT, reason=reason, remarks=()) if reason else decision


def _chosen_numbers(column: Column, cells: Cells, decimal: str) -> Decision:
    if digits := _digits_of_close(cells):
        if not Moments.of(cells.values[~cells.missing]).scale:
            return Decision(LEFT_OUT, f"integers of {digits} digits, {CLOSE}")
        return Decision("numbers", remarks=(f"integers of {digits} digits are rounded",))
    if not cells.words.any():
        return _as_written(column, cells, decimal)
    found = find_numbers(cells, column.place, decimal=decimal, chosen=True)
    if found is None:
        row, cell = cells.first(cells.words)
        raise DataError(
            f"column {column.name!r}, {column.place(row)}: expected numbers, as was chosen, "
            f"got {shortened([cell])}"
        )
    return Decision("numbers", reading=found.reading, remarks=found.remarks)


def _chosen_dates(column: Column, cells: Cells, decimal: str) -> Decision:
    found = find_dates(cells, column.place, decimal=decimal, chosen=True)
    if found is None:
        row, cell = cells.first(~cells.missing)
        raise DataError(
            f"column {column.name!r}, {column.place(row)}: expected dates, as was chosen, got "
            f"{shortened([cell])}"
        )
    return Decision("dates", dates=found[0], remarks=found[1])


def _digits_of_close(cells: Cells) -> int:
    """Return how many digits integers have that float64 would make one number, 0 if there are none.

    That is some of them, or all, which would count as constant.
    """
    if cells.kind == "number" or cells.words.any():
        return 0
    texts = [text for text, gone in zip(cells.texts, cells.missing, strict=True) if not gone]
    if not (np.abs(cells.values[~cells.missing]) > EXACT).any() or not all(map(_is_whole, texts)):
        return 0
    whole = set(map(int, texts))
    numbers = np.array([float(each) for each in whole])
    close = len(np.unique(numbers)) < len(whole) or not Moments.of(numbers).scale
    return len(str(max(map(abs, whole)))) if close and len(whole) > 1 else 0


def _are_codes(cells: Cells) -> bool:
    """Return whether texts are codes of as many digits each, of which some begin with 0.

    Times such as 0930 and lengths that dates have are no codes.
    """
    if cells.kind == "number" or cells.words.any():
        return False
    texts = [text for text, gone in zip(cells.texts, cells.missing, strict=True) if not gone]
    digits = {len(text) for text in texts}
    if len(digits) > 1 or not digits <= CODE_LENGTHS:
        return False
    if not all(text.isdecimal() for text in texts) or not any(text[0] == "0" for text in texts):
        return False
    return digits != {4} or not all(text[:2] < "24" and text[2:] < "60" for text in texts)


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").removeprefix("+").isdecimal() and len(text) <= MOST_DIGITS


def _mostly_numbers(cells: Cells, decimal: str) -> str:
    """Return in words that numbers are among the categories, "" if they are few."""
    written = [text for text, word in zip(cells.texts, cells.words, strict=True) if word]
    form = NumberFormat.find(written, cells.counts()[cells.words].tolist(), decimal)
    words = [text for text in written if form.value(text) is None]
    numbers = int(np.count_nonzero(~cells.missing)) - len(words)
    return f"most are numbers, but not {shortened(words, most=3)}" if numbers > len(words) else ""


def _check_names(table: Table, options: Options) -> None:
    """Refuse choices for columns that are not there, and two choices for one column."""
    chosen: dict[str, str] = {}
    for option, names in options.chosen.items():
        for name in names:
            if name not in table.names:
                close = difflib.get_close_matches(name, table.names, n=3)
                hint = f"; did you mean {shortened(close)}?" if close else ""
                raise DataError(
                    f"{options.owner}: {option}: no column {name!r} among "
                    f"{shortened(table.names, most=50)}{hint}"
                )
            if name in chosen:
                raise DataError(
                    f"{options.owner}: expected one choice for column {name!r}, got "
                    f"{chosen[name]} and {option}"
                )
            chosen[name] = option

