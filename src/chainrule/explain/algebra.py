"""The algebra of a derivation, a step at a time: what is put in, what remains, what cancels.

Each step takes a sum of products, as the chain rule leaves it, and returns it in another form;
where there is nothing to do it returns what it was given. The order of the steps is that of the
notes: the case i = j apart from the others, fractions cancelled, parentheses multiplied out, the
term put back into the sum, and what all terms have in common in front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from chainrule.explain.expressions import (
    ONE,
    ZERO,
    Cases,
    Condition,
    Expression,
    Negative,
    Number,
    Position,
    Product,
    Quotient,
    Sum,
    Total,
    free_letters,
    product,
    renamed,
    summed,
    total,
)
from chainrule.explain.text import conditions_text, text


@dataclass(frozen=True)
class Side:
    """The next form of a formula, and why it is the same."""

    formula: Expression
    reason: str


def simplified(formula: Expression, facts: dict[Expression, Expression]) -> list[Side]:
    """Return the forms that a sum of products goes through, none if it is simple as it is.

    ``facts`` are formulas and what they equal, such as a sum over all classes that is 1.
    """
    sides: list[Side] = []
    for step, reason in STEPS:
        changed = step(formula)
        if changed != formula:
            sides.append(Side(changed, reason(formula, changed)))
            formula = changed
    for known, value in facts.items():
        changed = _used(formula, known, value)
        if changed != formula:
            sides.append(Side(changed, f"{text(known)} = {text(value)}"))
            formula = changed
    last = common(formula)
    if last != formula:
        sides.append(Side(last, "what the terms have in common, in front"))
    return sides


def terms_of(formula: Expression) -> tuple[Expression, ...]:
    """Return the terms of a sum, or the formula by itself."""
    return formula.terms if isinstance(formula, Total) else (formula,)


def each_term(change: Callable[[Expression], Expression]) -> Callable[[Expression], Expression]:
    """Return a step that changes each term of a sum, signs kept."""

    def step(formula: Expression) -> Expression:
        return total(*(_signed(term, change) for term in terms_of(formula)))

    return step


def _signed(term: Expression, change: Callable[[Expression], Expression]) -> Expression:
    if isinstance(term, Negative):
        return negated(change(term.body))
    return change(term)


def negated(formula: Expression) -> Expression:
    """Return minus a formula, the sign on each term."""
    return total(*(product(Negative(term)) for term in terms_of(formula)))


def factors_of(formula: Expression) -> tuple[Expression, ...]:
    """Return the factors of a product, or the formula by itself."""
    return formula.factors if isinstance(formula, Product) else (formula,)


# ---- cases


def _split(term: Expression) -> Expression:
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


def _split_reason(before: Expression, after: Expression) -> str:
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
    return f"no term is other than 0 but where {conditions_text(tuple(dict.fromkeys(met)))}"


# ---- fractions


def _cancelled(term: Expression) -> Expression:
    """Cancel factors that stand above and below a line."""
    if isinstance(term, Sum):
        return replace(term, body=_cancelled(term.body))
    above: list[Expression] = []
    below: Counter[Expression] = Counter()
    for factor in factors_of(term):
        if isinstance(factor, Quotient) and factor.above != ONE:
            above += factors_of(factor.above)
            below.update(factors_of(factor.below))
        else:
            above.append(factor)
    left = []
    cancelled = False
    for factor in above:
        if below[factor] > 0:
            below[factor] -= 1
            cancelled = True
        else:
            left.append(factor)
    if not cancelled:
        return term
    under = product(*below.elements())
    whole = product(*left)
    return whole if under == ONE else Quotient(whole, under)


# ---- parentheses


def _multiplied(term: Expression) -> Expression:
    """Multiply out a factor that is a sum, one after the other."""
    if isinstance(term, Sum):
        inside = _multiplied(term.body)
        parts = (
            _signed(part, lambda body: summed(term.letters, body, term.apart))
            for part in terms_of(inside)
        )
        return total(*parts) if isinstance(inside, Total) else term
    factors = factors_of(term)
    at = next((at for at, x in enumerate(factors) if isinstance(x, Total)), None)
    if at is None or len(factors) == 1:
        return term
    before, chosen, behind = factors[:at], factors[at], factors[at + 1 :]
    assert isinstance(chosen, Total)
    return each_term(_multiplied)(total(*(product(*before, x, *behind) for x in chosen.terms)))


def _multiplied_if_cases(term: Expression) -> Expression:
    """Multiply out where a sum has cases among its terms, so that they can be resolved."""
    for part in term.walk():
        if isinstance(part, Total) and any(isinstance(x, Cases) for x in part.terms):
            return _multiplied(term)
    return term


def _multiplied_to_merge(formula: Expression) -> Expression:
    """Multiply out where a term stands apart from its sum, so that it can be put back."""
    apart = any(isinstance(part, Sum) and part.apart for part in formula.walk())
    return each_term(_multiplied)(formula) if apart else formula


# ---- sums


def _merged(formula: Expression) -> Expression:
    """Put a term back into the sum over the others, where it is what the sum lacks."""
    terms = list(terms_of(formula))
    for rest in [x for x in terms if isinstance(_unsigned(x), Sum)]:
        part = _unsigned(rest)
        assert isinstance(part, Sum)
        if part.apart is None:
            continue
        lacking = renamed(part.body, {part.letters[0]: part.apart})
        for term in terms:
            same = isinstance(term, Negative) == isinstance(rest, Negative)
            alike = Counter(factors_of(_unsigned(term))) == Counter(factors_of(lacking))
            if same and alike:
                whole = summed(part.letters, part.body)
                terms.remove(term)
                terms[terms.index(rest)] = Negative(whole) if term != _unsigned(term) else whole
                break
    return total(*terms)


def _unsigned(term: Expression) -> Expression:
    return term.body if isinstance(term, Negative) else term


def _pulled(term: Expression) -> Expression:
    """Take what does not depend on the letters of a sum out of it."""
    if not isinstance(term, Sum) or term.apart is not None or not isinstance(term.body, Product):
        return term
    free = [x for x in term.body.factors if not set(free_letters(x)) & set(term.letters)]
    bound = [x for x in term.body.factors if x not in free]
    return product(*free, summed(term.letters, product(*bound))) if free and bound else term


def _used(formula: Expression, known: Expression, value: Expression) -> Expression:
    """Put what is known into a formula."""
    if formula == known:
        return value
    changed = formula.mapped(lambda part: _used(part, known, value))
    if isinstance(changed, Product):
        return product(*changed.factors)
    if isinstance(changed, Negative):
        return product(changed)
    return total(*changed.terms) if isinstance(changed, Total) else changed


def common(formula: Expression) -> Expression:
    """Take the factors that all terms have in front of them, the terms with a plus first."""
    terms = terms_of(formula)
    if len(terms) < 2:
        return formula
    shared = Counter(factors_of(_unsigned(terms[0])))
    for term in terms[1:]:
        shared &= Counter(factors_of(_unsigned(term)))
    in_front = [x for x in factors_of(_unsigned(terms[0])) if shared[x] > 0]
    if not in_front:
        return _plus_first(formula)
    rests = []
    for term in terms:
        left, own = Counter(in_front), []
        for factor in factors_of(_unsigned(term)):
            if left[factor] > 0:
                left[factor] -= 1
            else:
                own.append(factor)
        rests.append(Negative(product(*own)) if term != _unsigned(term) else product(*own))
    numbers = [x for x in in_front if not free_letters(x)]
    others = [x for x in in_front if x not in numbers]
    return product(*numbers, *others, _plus_first(total(*rests)))


def _plus_first(formula: Expression) -> Expression:
    terms = terms_of(formula)
    plus = [term for term in terms if not isinstance(term, Negative | Number)]
    return total(*plus, *(term for term in terms if term not in plus)) if plus else formula


def _said(reason: str) -> Callable[[Expression, Expression], str]:
    return lambda before, after: reason


STEPS: tuple[tuple[Callable[[Expression], Expression], Callable[..., str]], ...] = (
    (each_term(_multiplied_if_cases), _said("multiplied out")),
    (each_term(_split), _split_reason),
    (each_term(_cancelled), _said("what stands above and below a line cancels")),
    (_multiplied_to_merge, _said("multiplied out")),
    (_merged, _said("the term by itself is what the sum lacks")),
    (each_term(_pulled), _said("what does not depend on the sum's letter, in front of it")),
)
