"""Fields that a class was given after files had been written without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field
from typing import Any

__all__ = ["added", "is_added", "value_before"]

BEFORE = "chainrule: what files that lack it mean"


def added(*, before: Any) -> Mapping[str, Any]:
    """Return the metadata of a dataclass's field, or an estimator's parameter, of a later release.

    Parameters
    ----------
    before : object
        What a file means that lacks it: how the class was before it had the field. It is stated
        once and stays, whatever becomes of the default. A file is written without the field where
        it has this value, so that releases before can read it.
    """
    return {BEFORE: before}


def is_added(field: Field[Any]) -> bool:
    """Return whether files may lack a field."""
    return BEFORE in field.metadata


def value_before(field: Field[Any]) -> Any:
    """Return what a file means that lacks an added field."""
    return field.metadata[BEFORE]
