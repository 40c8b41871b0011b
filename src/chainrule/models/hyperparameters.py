"""Values of hyperparameters: as JSON, back, and against the types that their class declares."""

from __future__ import annotations

import math
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["check_hints", "plain_value", "read_value"]

LARGEST = 2**31
LONGEST_TEXT = 200
MOST_ITEMS = 1000


def plain_value(value: object, where: str, *, inner: bool = False) -> Any:
    """Return a hyperparameter as JSON has it, a tuple as a list.

    Raises
    ------
    ValueError
        It is no text, number, true, false, None, or flat tuple of them.
    """
    if isinstance(value, tuple | list) and not inner:
        if len(value) > MOST_ITEMS:
            raise _wrong(where, value)
        return [plain_value(item, where, inner=True) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return _checked(kind(value), where)
    return _checked(value, where)


def read_value(value: object, where: str) -> Any:
    """Return a hyperparameter from JSON, a list as a tuple; ValueError as for `plain_value`."""
    if type(value) is list:
        if len(value) > MOST_ITEMS:
            raise _wrong(where, value)
        return tuple(_checked(item, where) for item in value)
    return _checked(value, where)


def check_hints(cls: type, values: dict[str, Any]) -> None:
    """Complain unless each value has the type that the class declares for it."""
    try:
        hints = get_type_hints(cls)
    except (NameError, TypeError):  # names of a scope that cannot be seen from here
        return
    for name, value in values.items():
        if not _fits(value, hints.get(name, Any)):
            hint = hints[name]
            expected = hint.__name__ if isinstance(hint, type) else str(hint)
            raise ValueError(f"{cls.__name__}: expected {name} to be {expected}, got {value!r}")


def _fits(value: object, hint: Any) -> bool:
    """Say whether a value is of a type; an integer counts as a float, a bool not as an integer."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and _fit_items(value, arguments)
    if hint is float:
        return type(value) in (int, float)
    if hint in (bool, int, str, tuple, NoneType):
        return type(value) is hint
    return True


def _fit_items(values: tuple[object, ...], hints: tuple[Any, ...]) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return all(_fits(value, hints[0]) for value in values)
    same = len(values) == len(hints)
    return same and all(_fits(value, hint) for value, hint in zip(values, hints, strict=True))


def _checked(value: object, where: str) -> object:
    """Return a scalar of JSON; ValueError for any other value, or one out of bounds."""
    if type(value) is str:
        fine = len(value) <= LONGEST_TEXT and not any("\ud800" <= x <= "\udfff" for x in value)
    elif type(value) is int:
        fine = abs(value) <= LARGEST
    elif type(value) is float:
        fine = math.isfinite(value)
    else:
        fine = value is None or type(value) is bool
    if not fine:
        raise _wrong(where, value)
    return value


def _wrong(where: str, value: object) -> ValueError:
    received = "a huge integer" if type(value) is int else f"{ascii(value)[:60]}"
    return ValueError(
        f"{where}: expected a finite number of at most {LARGEST:,} if whole, a text of at most "
        f"{LONGEST_TEXT} characters, true, false, null, or a list of such, got {received}"
    )
