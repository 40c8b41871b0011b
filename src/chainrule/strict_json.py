"""Taking apart JSON that a stranger may have written: every type and value is checked.

Each function takes a value and `where`, its place for the message, and raises ValueError.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "check_texts",
    "flag",
    "items",
    "newer",
    "number",
    "record",
    "shorter",
    "text",
    "unique",
    "whole",
]

LONGEST_TEXT = 131_072
"""Characters; also the longest cell that the CSV reader takes."""


def _received(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}... ({type(value).__name__})"


def _wrong(where: str, expected: str, value: object) -> ValueError:
    return ValueError(f"{where}: expected {expected}, got {_received(value)}")


def record(
    value: object, where: str, keys: Iterable[str], added: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Expect an object with exactly these keys.

    Those that were added after files had been written may be lacking: what they are ``added`` with
    is what such files mean.
    """
    wanted = sorted(keys)
    if type(value) is not dict or any(type(key) is not str for key in value):
        raise _wrong(where, f"an object with {wanted}", value)
    result = {**(added or {}), **value}
    wanted = sorted({*wanted, *(added or {})})
    if sorted(result) != wanted:
        wrong = _wrong(where, f"the keys {wanted}", sorted(value))
        unknown = next((key for key in sorted(value) if key not in wanted), None)
        raise wrong if unknown is None else ValueError(f"{wrong}; {newer(unknown)}")
    return result


def shorter(entries: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without the added keys that have what files mean that lack them."""
    return {key: v for key, v in entries.items() if key not in added or v != added[key]}


def newer(name: str) -> str:
    """Say of a name that is unknown that a later release may know it."""
    return f"{name[:40]!a} may be of a newer release of chainrule: read the file with that"


def items(value: object, where: str, most: int, least: int = 0) -> list[Any]:
    """Expect a list of `least` to `most` items."""
    if type(value) is not list or not least <= len(value) <= most:
        size = f", length {len(value)}" if type(value) is list else ""
        raise _wrong(
            where, f"a list of {least:,} to {most:,} items", f"{type(value).__name__}{size}"
        )
    return value


def text(value: object, where: str, least: int = 1) -> str:
    """Expect a string that can be printed and has a sane length."""
    if type(value) is not str or not least <= len(value) <= LONGEST_TEXT:
        raise _wrong(where, f"a text of {least} to {LONGEST_TEXT:,} characters", value)
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _wrong(where, "a text of Unicode characters", ascii(value))
    return value


def number(value: object, where: str, positive: bool = False) -> float:
    """Expect a finite number, above 0 if it must be `positive`."""
    expected = "a finite number above 0" if positive else "a finite number"
    if type(value) is not int and type(value) is not float:
        raise _wrong(where, expected, value)
    try:
        result = float(value)
    except OverflowError:
        raise _wrong(where, expected, "a larger integer") from None
    if not math.isfinite(result) or (positive and result <= 0.0):
        raise _wrong(where, expected, value)
    return result


def whole(value: object, where: str, least: int, most: int) -> int:
    """Expect an integer from `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise _wrong(where, f"an integer from {least:,} to {most:,}", value)
    return value


def flag(value: object, where: str) -> bool:
    """Expect true or false."""
    if type(value) is not bool:
        raise _wrong(where, "true or false", value)
    return value


def check_texts(value: Any, where: str) -> None:
    """Raise ValueError for a text, in plain values of any depth, that `text` would not take."""
    if type(value) is dict:
        value = list(value.values())
    if type(value) is list:
        for each in value:
            check_texts(each, where)
    elif type(value) is str:
        text(value, where, least=0)


def unique(values: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Expect texts that are all different."""
    if len(set(values)) != len(values):
        raise ValueError(f"{where}: expected different texts, got one twice")
    return values
