"""JSON written in one way only, and read strictly.

Equal values give equal text, so that a reader can compare a text with what it would have written.
"""

import json
import math
from typing import Any, TypeAlias

import numpy as np

from chainrule import strict_json

__all__ = ["JSON", "parse", "plain", "write"]

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

DEEPEST = 32
DEEPEST_TEXT = 48
"""How deep values may be nested, and texts, which have such values within others."""

LARGEST_INTEGER = 2**63


def write(value: object) -> str:
    """Return the one text of a value: keys sorted, no spaces, no NaN."""
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def parse(text: str) -> Any:
    """Return the value of a text.

    Raises
    ------
    ValueError
        It is no JSON, has a key twice, NaN or infinity, or is nested too deeply.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"expected JSON, got something else at character {error.pos}") from None
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value)
    return value


def plain(value: object, where: str, depth: int = DEEPEST) -> JSON:
    """Return a copy of a value in which tuples are lists and NumPy's numbers Python's.

    Raises
    ------
    ValueError
        JSON cannot hold it, or not so that it comes back equal.
    """
    if depth == 0:
        raise ValueError(f"{where}: expected values nested at most {DEEPEST} deep, got deeper ones")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        return [plain(item, where, depth - 1) for item in value]
    if isinstance(value, dict):
        return {
            strict_json.text(key, f"{where}: a key", least=0): plain(item, where, depth - 1)
            for key, item in value.items()
        }
    return _scalar(value, where)


def _scalar(value: object, where: str) -> JSON:
    if isinstance(value, str):
        return strict_json.text(str(value), where, least=0)
    if isinstance(value, int) and abs(value) <= LARGEST_INTEGER:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    kind = "a huge integer" if isinstance(value, int) else f"{str(value)[:40]!r}"
    raise ValueError(
        f"{where}: expected text, finite numbers, true, false, null, lists and objects, "
        f"got {kind} of type {type(value).__name__}"
    )


def _check_depth(value: object) -> None:
    """Raise ValueError for deep nesting, on which recursive code, such as repr, would fail."""
    level = [value]
    for _ in range(DEEPEST_TEXT):
        level = [
            item
            for outer in level
            if isinstance(outer, list | dict)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"expected JSON nested at most {DEEPEST_TEXT} deep, got deeper brackets")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("expected JSON whose objects have each key once, got a key twice")
    return result


def _refuse(constant: str) -> None:
    raise ValueError(f"expected JSON with finite numbers, got {constant}")
