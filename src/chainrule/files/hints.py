"""Values against the types that a dataclass declares for its fields."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["check_hints"]


def check_hints(cls: type, values: dict[str, Any]) -> None:
    """Raise ValueError unless each value has the type that the class declares for it."""
    try:
        hints = get_type_hints(cls)
    except (NameError, TypeError):  # names of a scope that cannot be seen from here
        return
    for name, value in values.items():
        if not _fits(value, hints.get(name, Any)):
            hint, received = hints[name], repr(value)
            expected = hint.__name__ if isinstance(hint, type) else str(hint)
            received = received if len(received) <= 60 else f"{received[:57]}..."
            raise ValueError(f"{cls.__name__}: expected {name} to be {expected}, got {received}")


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
