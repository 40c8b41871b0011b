"""Numbers as people write them: 1,234.50, 1.234,5, $5, 12 kg, 70 %, (123).

One format holds for a whole column: which sign is the decimal one is found by all of its cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chainrule import strict_json
from chainrule.data.cells import number

__all__ = ["PLAIN", "NumberFormat"]

CURRENCIES = frozenset(
    (
        "$", "€", "£", "¥", "₹", "₩", "₽", "₺", "₫", "us$", "r$", "usd", "eur", "gbp", "jpy", "chf",
        "cad", "aud", "inr", "cny",
    )
)  # fmt: skip
SEPARATORS = {"", ",", ".", " ", "'"}
LONGEST = 40
"""Characters of a cell that may be a number."""

COMMON_UNIT = 0.9
"""The least share of the units that is one unit, if it is to be that of a column."""

SIGNS = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "−": "-", "’": "'", "′": "'"})
WRITTEN = re.compile(
    r"(?P<open>\()? ?(?P<sign>[+-])? ?(?P<before>[^\W\d_]{0,3}[$€£¥₹₩₽₺₫]|[^\W\d_]{3}|)"
    r" ?(?P<inner>[+-])? ?"
    r"(?P<digits>[0-9](?:[0-9.,' ]*[0-9])?[.,]?|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]{1,3})?"
    r" ?(?P<after>[^\s\d()+.,'-][^\d()]{0,15}?)? ?(?P<close>\))?"
)


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Parameters
    ----------
    decimal : str
        The sign before the fraction, "." or ",".
    thousands : str
        The sign between groups of digits, "" where there are none.
    unit : str
        What stands before or after the digits of nearly all cells, such as "$" or "kg".
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @classmethod
    def find(cls, texts: Iterable[str], counts: Iterable[int], decimal: str = "") -> NumberFormat:
        """Return the format of most of the texts (d), which occur so often (d).

        Where all of them could be read in two ways, as 1,234, ``decimal`` is the decimal sign;
        without it, commas are thousands, and points are not.
        """
        units: Counter[str] = Counter()
        digits: Counter[str] = Counter()
        for text, count in zip(texts, counts, strict=True):
            parts = _parts(text)
            if parts is not None:
                units[parts[2]] += count
                digits[parts[1]] += count
        if not units:
            return PLAIN
        numbers, bare = units.total(), units.pop("", 0)
        unit, most = max(units.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        common = most >= COMMON_UNIT * (numbers - bare) and most >= 0.5 * numbers
        return cls(*_signs(digits, decimal), unit if common else "")

    def value(self, text: str) -> float | None:
        """Return the number that a text without spaces around it is, None if it is none."""
        if self.decimal == "." and (plain := number(text)) is not None:
            return plain
        parts = _parts(text)
        if parts is None or parts[2] not in ("", self.unit):
            return None
        negative, digits, _, exponent = parts
        whole, _, fraction = digits.partition(self.decimal)
        if self.decimal in fraction or not _grouped(whole, self.thousands):
            return None
        bare = whole.replace(self.thousands, "") if self.thousands else whole
        if not (bare or "0").isdigit() or not (fraction or "0").isdigit():
            return None
        size = float(f"{bare or 0}.{fraction or 0}{exponent}")
        return -size if negative else size

    def example(self, texts: Iterable[str]) -> str | None:
        """Return the first text whose digits could be read in two ways, such as 1,234."""
        for text in texts:
            parts = _parts(text)
            if parts is not None and _votes(parts[1]) == ("", "") and {",", "."} & set(parts[1]):
                return text
        return None

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""
        return {"decimal": self.decimal, "thousands": self.thousands, "unit": self.unit}

    @classmethod
    def from_json(cls, data: object, where: str) -> NumberFormat:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        entries = strict_json.record(data, where, ("decimal", "thousands", "unit"))
        decimal, thousands = entries["decimal"], entries["thousands"]
        if decimal not in (".", ",") or thousands not in SEPARATORS - {decimal}:
            raise ValueError(
                f"{where}: expected a decimal point or comma, and another sign for thousands, got "
                f"{str(decimal)[:9]!r} and {str(thousands)[:9]!r}"
            )
        return cls(decimal, thousands, strict_json.text(entries["unit"], f"{where}.unit", least=0))


PLAIN = NumberFormat()
"""What programs write: 1234.5."""


def _parts(text: str) -> tuple[bool, str, str, str] | None:
    """Return whether a number is negative, its digits with signs, its unit, and its exponent."""
    if len(text) > LONGEST:
        return None
    found = WRITTEN.fullmatch(text.translate(SIGNS))
    if found is None or (found["open"] is None) != (found["close"] is None):
        return None
    signs = [sign for sign in (found["sign"], found["inner"]) if sign]
    before, after = found["before"].casefold(), _unit(found["after"] or "")
    if len(signs) > 1 or (found["open"] and signs) or (before and before not in CURRENCIES):
        return None
    unit = f"{before} {after}" if before and after else before or after
    return bool(found["open"]) or "-" in signs, found["digits"], unit, found["exponent"] or ""


def _unit(after: str) -> str:
    """Return a unit in one form, that of one: day for days."""
    unit = after.strip().rstrip(".")
    if unit.casefold() in CURRENCIES:
        return unit.casefold()
    return unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit


def _grouped(whole: str, thousands: str) -> bool:
    """Return whether digits are cut into groups of three, the first of one to three, if at all."""
    if not thousands or thousands not in whole:
        return True
    first, *groups, last = whole.split(thousands)
    return 1 <= len(first) <= 3 and len(last) == 3 and all(len(each) in (2, 3) for each in groups)


def _votes(digits: str) -> tuple[str, str]:
    """Return the decimal sign and that of thousands that digits must have, "" where unknown."""
    blank = next((sign for sign in " '" if sign in digits), "")
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        last = "." if digits.rfind(".") > digits.rfind(",") else ","
        return last, "," if last == "." else "."
    sign, count = (".", points) if points else (",", commas)
    if not count:
        return "", blank
    if count > 1:
        return ("," if sign == "." else "."), sign
    whole, _, fraction = digits.partition(sign)
    if blank or len(fraction) != 3 or not 1 <= len(whole) <= 3 or whole.startswith("0"):
        return sign, blank
    return "", ""


def _signs(digits: Counter[str], usual: str) -> tuple[str, str]:
    """Return the decimal sign and that of thousands of most cells, the usual one where unclear."""
    decimals: Counter[str] = Counter()
    thousands: Counter[str] = Counter()
    unclear = ""
    for text, count in digits.items():
        decimal, group = _votes(text)
        decimals[decimal] += count
        thousands[group] += count
        if not decimal and not group:
            unclear += "".join({",", "."} & set(text))
    decimals.pop("", None)
    thousands.pop("", None)
    group = thousands.most_common(1)[0][0] if thousands else ""
    if decimals:
        decimal = decimals.most_common(1)[0][0]
        other = "," if decimal == "." else "."
        group = group if group != decimal else ""
        return decimal, group or (other if other in unclear else "")
    if usual == ",":
        return ",", group or ("." if "." in unclear else "")
    if "," in unclear and "." not in unclear:
        return ".", group or ","
    return ".", group if group != "." else ""
