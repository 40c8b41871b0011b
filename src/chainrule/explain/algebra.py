"""The algebra of a derivation, a step at a time: what is put in, what remains, what cancels.

Each step takes a sum of products, as the chain rule leaves it, and returns it in another form;
where there is nothing to do it returns what it was given. The order of the steps is that of the
notes: the case i = j apart from the others, fractions cancelled, parentheses multiplied out, the
term put back into the sum, and what all terms have in common in front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.explain.building import free_letters, product, total
from chainrule.explain.cases import split, split_reason
from chainrule.explain.expressions import Expression, Negative, Number, Product, Total
from chainrule.explain.terms import (
    cancelled_factors,
    each_term,
    factors_of,
    merged,
    multiplied_if_cases,
    multiplied_to_merge,
    pulled,
    terms_of,
    unsigned,
)
from chainrule.explain.text import text


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
    shared = Counter(factors_of(unsigned(terms[0])))
    for term in terms[1:]:
        shared &= Counter(factors_of(unsigned(term)))
    in_front = [x for x in factors_of(unsigned(terms[0])) if shared[x] > 0]
    if not in_front:
        return _plus_first(formula)
    rests = []
    for term in terms:
        left, own = Counter(in_front), []
        for factor in factors_of(unsigned(term)):
            if left[factor] > 0:
                left[factor] -= 1
            else:
                own.append(factor)
        rests.append(Negative(product(*own)) if term != unsigned(term) else product(*own))
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
    (each_term(multiplied_if_cases), _said("multiplied out")),
    (each_term(split), split_reason),
    (each_term(multiplied_if_cases), _said("multiplied out")),
    (each_term(split), split_reason),
    (each_term(cancelled_factors), _said("what stands above and below a line cancels")),
    (multiplied_to_merge, _said("multiplied out")),
    (merged, _said("the term by itself is what the sum lacks")),
    (each_term(pulled), _said("what does not depend on the sum's letter, in front of it")),
)
