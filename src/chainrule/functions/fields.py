"""Checks of hyperparameters, so that a wrong one is named where it is written."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import numpy as np

from chainrule.types import Array


def described(thing: Any) -> str:
    """Return an object with those of its fields that are not the default: ``Swish(slope=2)``.

    Of one that is no dataclass this is its own text, or all that it holds.
    """
    name = type(thing).__name__
    if not is_dataclass(thing):
        written: Any = type(thing).__repr__
        if written is not object.__repr__:
            return repr(thing)
        held = (item for item in getattr(thing, "__dict__", {}).items() if item[0][:1] != "_")
        return f"{name}({', '.join(f'{own}={value!r}' for own, value in held)})"
    shown = []
    for field in fields(thing):
        value = getattr(thing, field.name)
        if field.default is MISSING:
            shown.append(repr(value))
        elif not (value is field.default or np.all(value == field.default)):
            shown.append(f"{field.name}={value!r}")
    return f"{name}({', '.join(shown)})"


def numbers(function: Any, rule: str, made: Any, dtype: Any) -> Array:
    """Return what a rule makes in a float type; TypeError unless these are real numbers."""
    array = np.asarray(made)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{function}: expected {rule} to return numbers, got {made!r}")
    return array.astype(dtype, copy=False)


def hyperparameters(thing: Any) -> dict[str, Any]:
    """Return what a dataclass is made of, by name; of other objects nothing is known."""
    if not is_dataclass(thing):
        return {}
    return {field.name: getattr(thing, field.name) for field in fields(thing) if field.init}


def _plain(function: Any, name: str) -> Any:
    """Return a field; NumPy's numbers, as grids of them have, become Python's there."""
    value = getattr(function, name)
    if isinstance(value, np.generic):
        value = value.item()
        object.__setattr__(function, name, value)
    return value


def check_count(function: Any, name: str, *, low: int = 1) -> None:
    """Raise ValueError unless a field is a whole number, at least low."""
    value = _plain(function, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise ValueError(
            f"{type(function).__name__}: expected {name} to be a whole number >= {low}, "
            f"got {value!r}"
        )


def check_number(
    function: Any,
    name: str,
    *,
    low: float = -math.inf,
    below: float = math.inf,
    high: float = math.inf,
) -> None:
    """Raise ValueError unless a field is a finite number, low <= number < below, number <= high."""
    value = _plain(function, name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value < below or value > high:
        bounds = f"{low:g} <= {name}" + (f" < {below:g}" if below < math.inf else "")
        bounds += f" <= {high:g}" if high < math.inf else ""
        raise ValueError(f"{type(function).__name__}: expected a number {bounds}, got {value!r}")


def check_choice(function: Any, name: str, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless a field is one of some words."""
    value = getattr(function, name)
    if value not in choices:
        raise ValueError(
            f"{type(function).__name__}: expected {name} to be one of {', '.join(choices)}, "
            f"got {value!r}"
        )


def pair(function: Any, name: str, *, low: int = 0) -> tuple[int, int]:
    """Return a field that is a whole number, or two of them, as two: vertical, horizontal."""
    value = _plain(function, name)
    if isinstance(value, tuple | list) and any(isinstance(v, np.generic) for v in value):
        value = tuple(v.item() if isinstance(v, np.generic) else v for v in value)
        object.__setattr__(function, name, value)
    both = (value, value) if isinstance(value, int) else value
    whole = isinstance(both, tuple | list) and len(both) == 2
    if isinstance(value, bool) or not whole or not all(type(v) is int and v >= low for v in both):
        raise ValueError(
            f"{type(function).__name__}: expected {name} to be a whole number >= {low}, "
            f"or two of them, got {value!r}"
        )
    return both[0], both[1]
