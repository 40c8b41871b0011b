"""Cases resolved in a sum: the term where two letters are equal, and the others."""

from __future__ import annotations

from chainrule.explain.building import product, renamed, summed, total
from chainrule.explain.expressions import ZERO, Cases, Condition, Expression, Position, Sum
from chainrule.explain.terms import factors_of
from chainrule.explain.text import conditions_text


def split(term: Expression) -> Expression:
    """Resolve cases that compare a letter of a sum with another: the equal one, and the others."""
    if not isinstance(term, Sum) or term.apart is not None:
        return term
    factors = factors_of(term.body)
    at = next((at for at, x in enumerate(factors) if _compares(x, term.letters)), None)
    if at is None:
        return term
    cases = factors[at]
    assert isinstance(cases, Cases)
    value, conditions = cases.pieces[0]
    pairs = [_equal_letters(one, term.letters) for one in conditions]
    names = dict(pair for pair in pairs if pair is not None)
    kept = tuple(one for one, pair in zip(conditions, pairs, strict=True) if pair is None)
    if not names or (cases.otherwise != ZERO and (kept or len(term.letters) > 1)):
        return term
    others = [x for place, x in enumerate(factors) if place != at]
    inside = Cases(((value, kept),), ZERO) if kept else value
    same = renamed(product(*others[:at], inside, *others[at:]), names)
    left = tuple(letter for letter in term.letters if letter not in names)
    equal = summed(left, same)
    if cases.otherwise == ZERO:
        return equal
    rest = product(*others[:at], cases.otherwise, *others[at:])
    (apart,) = names.values()
    return total(equal, summed(term.letters, rest, apart))


def _compares(factor: Expression, letters: tuple[str, ...]) -> bool:
    """Return whether a factor is one value where a letter of a sum equals another, else another."""
    if not isinstance(factor, Cases) or len(factor.pieces) != 1:
        return False
    return any(_equal_letters(one, letters) for one in factor.pieces[0][1])


def _equal_letters(condition: Condition, letters: tuple[str, ...]) -> tuple[str, str] | None:
    """Return a letter of a sum and the one that it equals, if a condition says that."""
    left, right = condition.left, condition.right
    if condition.relation != "=":
        return None
    if not (isinstance(left, Position) and isinstance(right, Position)):
        return None
    one, other = left.index.letter, right.index.letter
    if one is None or other is None:
        return None
    if one in letters:
        return one, other
    return (other, one) if other in letters else None


def split_reason(before: Expression, after: Expression) -> str:
    """Return in words what :func:`split` has done."""
    apart = [part for part in after.walk() if isinstance(part, Sum) and part.apart]
    if apart:
        letter, other = apart[0].letters[0], apart[0].apart
        return f"the term {letter} = {other} by itself, then the others"
    kept = {part for part in after.walk() if isinstance(part, Condition)}
    met = [
        part
        for part in before.walk()
        if isinstance(part, Condition) and isinstance(part.left, Position) and part not in kept
    ]
    return f"all terms are 0 but where {conditions_text(tuple(dict.fromkeys(met)))}"
