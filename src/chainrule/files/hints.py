"""Values of a file against the types that a dataclass declares for its fields."""

from __future__ import annotations

import collections.abc as abc
from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["check_hints"]

PLAIN = (bool, int, str, tuple, dict, NoneType)
SEQUENCES = (list, abc.Sequence, abc.Collection, abc.Iterable)
"""Where a class declares these, a file has a tuple."""


def check_hints(cls: type, values: dict[str, Any], objects: tuple[type, ...]) -> None:
    """Raise ValueError unless each value has the type that the class declares for it.

    Parameters
    ----------
    cls : type
        A dataclass.
    values : dict
        What its constructor is to be given.
    objects : tuple of type
        The classes of values that a file makes and that are no plain ones. They belong where a
        type declares them; what a class makes of plain values for other types is its own affair.
    """
    hints = _hints(cls)
    for name, value in values.items():
        if not _fits(value, hints.get(name, Any), objects):
            hint, received = hints[name], repr(value)
            expected = hint.__name__ if isinstance(hint, type) else str(hint)
            received = received if len(received) <= 60 else f"{received[:57]}..."
            raise ValueError(f"{cls.__name__}: expected {name} to be {expected}, got {received}")


def _hints(cls: type) -> dict[str, Any]:
    """Return the types of fields, but those with names of a scope that cannot be seen from here."""
    try:
        return get_type_hints(cls)
    except (NameError, TypeError):
        pass
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, annotation in vars(base).get("__annotations__", {}).items():
            one = {"__annotations__": {name: annotation}, "__module__": base.__module__}
            try:
                hints |= get_type_hints(type(base.__name__, (), one))
            except (NameError, TypeError):
                hints.pop(name, None)
    return hints


def _fits(value: object, hint: Any, objects: tuple[type, ...]) -> bool:
    """Say whether a value is of a type; an integer counts as a float, a bool not as an integer."""
    if hint is Any:
        return True
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _fits(value, arguments[0], objects)
    if origin in (Union, UnionType):
        return any(_fits(value, argument, objects) for argument in arguments)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and _fit_items(value, arguments, objects)
    if hint in SEQUENCES or origin in SEQUENCES:
        items = arguments[0] if arguments else Any
        return isinstance(value, tuple) and _all_fit(value, items, objects)
    if origin in (dict, abc.Mapping):
        keys, items = arguments
        return isinstance(value, dict) and (
            _all_fit(value, keys, objects) and _all_fit(value.values(), items, objects)
        )
    if hint is float:
        return type(value) in (int, float)
    if hint in PLAIN:
        return type(value) is hint
    if isinstance(hint, type) and (isinstance(value, objects) or issubclass(hint, objects)):
        return isinstance(value, hint)
    return True


def _fit_items(values: tuple[object, ...], hints: tuple[Any, ...], objects: Any) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return _all_fit(values, hints[0], objects)
    if len(values) != len(hints):
        return False
    return all(_fits(value, hint, objects) for value, hint in zip(values, hints, strict=True))


def _all_fit(values: Iterable[object], hint: Any, objects: tuple[type, ...]) -> bool:
    return all(_fits(value, hint, objects) for value in values)
