"""Taking apart JSON that a stranger may have written: every type and value is checked.

Each function takes a value and `where`, its place for the message, and raises ValueError.
"""

import math
from collections.abc import Iterable
from typing import Any

__all__ = ["flag", "items", "number", "record", "text", "unique", "whole"]

LONGEST_TEXT = 131_072
"""Characters; also the longest cell that the CSV reader takes."""


def _received(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}... ({type(value).__name__})"


def _wrong(where: str, expected: str, value: object) -> ValueError:
    return ValueError(f"{where}: expected {expected}, got {_received(value)}")


def record(value: object, where: str, keys: Iterable[str]) -> dict[str, Any]:
    """Expect an object with exactly these keys."""
    wanted = sorted(keys)
    if type(value) is not dict or any(type(key) is not str for key in value):
        raise _wrong(where, f"an object with {wanted}", value)
    if sorted(value) != wanted:
        raise _wrong(where, f"the keys {wanted}", sorted(value))
    return value


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


def unique(values: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Expect texts that are all different."""
    if len(set(values)) != len(values):
        raise ValueError(f"{where}: expected different texts, got one twice")
    return values
