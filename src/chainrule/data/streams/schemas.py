"""The types that columns have in several files: one for each column, to which all are cast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.data.errors import DataError
from chainrule.data.files import installed

__all__ = ["cast_batch", "common_types"]


def common_types(paths: Sequence[Path], schemas: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the types of those columns that have several, by their names.

    ``schemas`` are the fields of each file. Codes of categories become what they stand for;
    numbers, times and texts the wider type.

    Raises
    ------
    DataError
        A column has types in two files that have none in common, such as texts and numbers.
    """
    types: dict[str, Any] = {field.name: field.type for field in schemas[0]}
    several: set[str] = set()
    for path, schema in zip(paths, schemas, strict=True):
        for field in schema:
            before = types[field.name]
            if field.type == before:
                continue
            several.add(field.name)
            try:
                types[field.name] = _wider(before, field.type)
            except (TypeError, ValueError, NotImplementedError):
                raise DataError(
                    f"{path}: column {field.name!r}: expected {before}, as in {paths[0].name} and "
                    f"those after it, or a type that goes with it, got {field.type}"
                ) from None
    return {name: types[name] for name in several}


def cast_batch(batch: Any, types: Mapping[str, Any]) -> Any:
    """Return a record batch whose columns have the types that are given for some."""
    if not types:
        return batch
    pyarrow = installed("pyarrow", "tables")
    names = batch.schema.names
    columns = [
        _cast(name, batch.column(place), types.get(name, batch.schema.types[place]))
        for place, name in enumerate(names)
    ]
    return pyarrow.RecordBatch.from_arrays(columns, names=names)


def _wider(one: Any, other: Any) -> Any:
    """Return the type to which two are cast."""
    pyarrow = installed("pyarrow", "tables")
    if pyarrow.types.is_null(one) or pyarrow.types.is_null(other):
        return other if pyarrow.types.is_null(one) else one
    pair = [pyarrow.schema([("column", _of_values(kind))]) for kind in (one, other)]
    return pyarrow.unify_schemas(pair, promote_options="permissive").field(0).type


def _of_values(kind: Any) -> Any:
    return kind.value_type if hasattr(kind, "index_type") else kind  # of categories


def _cast(name: str, column: Any, kind: Any) -> Any:
    pyarrow = installed("pyarrow", "tables")
    if column.type == kind:
        return column
    if pyarrow.types.is_null(column.type):
        return pyarrow.nulls(len(column), kind)
    if pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:  # integers beyond those that float64 holds are rounded, as they are in training
        return column.cast(kind, safe=not pyarrow.types.is_floating(kind))
    except (ValueError, NotImplementedError) as error:
        raise DataError(f"column {name!r}: expected {kind}, got {column.type}: {error}") from None
