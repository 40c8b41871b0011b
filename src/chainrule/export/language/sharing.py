"""What stands in an expression twice is computed once: it gets a local name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from chainrule.export.language.expressions import Condition, Expression, local

__all__ = ["shared"]

LEAVES = ("number", "local", "element")
NAMES = "uvwpqr"


def shared(
    expression: Expression, fresh: Callable[[str], str]
) -> tuple[list[tuple[str, Expression]], Expression]:
    """Return names with what they stand for, in order, and the expression that uses them.

    Two parts are the same if they are one object, or are made alike of the same parts.

    Parameters
    ----------
    expression : Expression
        It may share parts.
    fresh : callable
        Returns a name like one that is given, which is free.
    """
    places: dict[tuple[object, ...], int] = {}
    place_of: dict[int, int] = {}
    parts: list[Expression] = []
    uses: Counter[int] = Counter()
    for part in expression.walk():
        operands = tuple(place_of[id(operand)] for operand in part.operands)
        value = repr(part.value) if part.operation == "number" else part.value  # −0 is not 0
        key = (part.operation, value, *operands)
        if key not in places:
            places[key] = len(parts)
            parts.append(part)
            uses.update(operands)
        place_of[id(part)] = places[key]
    lets: list[tuple[str, Expression]] = []
    rewritten: list[Expression] = []
    for place, part in enumerate(parts):
        made = part
        if part.operands:
            own = tuple(rewritten[place_of[id(operand)]] for operand in part.operands)
            made = type(part)(part.operation, own, part.value)
        worth = part.operation not in LEAVES and not isinstance(part, Condition)
        if worth and uses[place] > 1 and place != place_of[id(expression)]:
            name = fresh(NAMES[len(lets) % len(NAMES)])
            lets.append((name, made))
            made = local(name)
        rewritten.append(made)
    return lets, rewritten[place_of[id(expression)]]
