"""How the columns of a table become features, as plain values in a file, and back."""

from __future__ import annotations

from typing import Any, TypeAlias

from chainrule import strict_json
from chainrule.inputs.tables.base import TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn
from chainrule.inputs.tables.categories import CategoricalColumn
from chainrule.inputs.tables.dates import DateColumn
from chainrule.inputs.tables.learning import MOST_COLUMNS
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import PiecewiseColumn
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.texts import TextColumn

__all__ = ["COLUMNS", "rules_from_json", "rules_to_json"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

COLUMNS: dict[str, type[TableColumn]] = {
    column.kind: column
    for column in (
        NumericColumn,
        PiecewiseColumn,
        CategoricalColumn,
        TargetEncodedColumn,
        TextColumn,
        BooleanColumn,
        DateColumn,
    )
}
"""All kinds of columns by their names in files; a new kind is one file and a line here."""

MOST_REMARKS = 100
"""For each column."""


def rules_to_json(
    columns: tuple[TableColumn, ...], dropped: Pairs, remarks: Pairs
) -> dict[str, Any]:
    """Return plain values that `rules_from_json` takes back."""
    more = {"remarks": [list(pair) for pair in remarks]} if remarks else {}
    return {
        "columns": [column.to_json() for column in columns],
        "dropped": [list(pair) for pair in dropped],
        **more,
    }


def rules_from_json(data: object) -> tuple[tuple[TableColumn, ...], Pairs, Pairs]:
    """Return the columns that make features, those that do not and why, and remarks.

    Raises
    ------
    ValueError
        Any key, type or value is not as `rules_to_json` would write it.
    """
    keys = ["columns", "dropped"]
    keys += ["remarks"] if type(data) is dict and "remarks" in data else []
    fields = strict_json.record(data, "encoder", keys)
    items = strict_json.items(fields["columns"], "encoder.columns", MOST_COLUMNS, least=1)
    columns = tuple(_column(item, f"encoder.columns[{i}]") for i, item in enumerate(items))
    dropped = _pairs(fields["dropped"], "encoder.dropped", MOST_COLUMNS)
    most = MOST_REMARKS * len(columns)
    remarks = _pairs(fields.get("remarks", []), "encoder.remarks", most)
    names = tuple(column.name for column in columns)
    strict_json.unique((*names, *(name for name, _ in dropped)), "encoder: names of columns")
    if not {name for name, _ in remarks} <= set(names):
        raise ValueError("encoder.remarks: expected names of columns, got another")
    return columns, dropped, remarks


def _column(item: object, where: str) -> TableColumn:
    kind = item.get("kind") if type(item) is dict else None
    if type(kind) is not str or kind not in COLUMNS:
        names = ", ".join(map(repr, COLUMNS))
        received = f"{str(kind)[:40]!r}; {strict_json.newer(str(kind))}"
        raise ValueError(f"{where}.kind: expected one of {names}, got {received}")
    return COLUMNS[kind].from_json(item, where)


def _pairs(value: object, where: str, most: int) -> tuple[tuple[str, str], ...]:
    """Take back names and texts."""
    pairs = []
    for place, item in enumerate(strict_json.items(value, where, most)):
        name, text = strict_json.items(item, f"{where}[{place}]", most=2, least=2)
        pairs.append(
            (
                strict_json.text(name, f"{where}[{place}]", least=0),
                strict_json.text(text, f"{where}[{place}]"),
            )
        )
    return tuple(pairs)
