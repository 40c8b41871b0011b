"""Terms of sums, factors of products, and what can be done with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from chainrule.explain.building import free_letters, product, renamed, summed, total
from chainrule.explain.expressions import (
    ONE,
    Cases,
    Expression,
    Negative,
    Product,
    Quotient,
    Sum,
    Total,
)


def terms_of(formula: Expression) -> tuple[Expression, ...]:
    """Return the terms of a sum, or the formula by itself."""
    return formula.terms if isinstance(formula, Total) else (formula,)


def each_term(change: Callable[[Expression], Expression]) -> Callable[[Expression], Expression]:
    """Return a step that changes each term of a sum, signs kept."""

    def step(formula: Expression) -> Expression:
        return total(*(signed(term, change) for term in terms_of(formula)))

    return step


def signed(term: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Return a term changed, its sign kept."""
    if isinstance(term, Negative):
        return negated(change(term.body))
    return change(term)


def negated(formula: Expression) -> Expression:
    """Return minus a formula, the sign on each term."""
    return total(*(product(Negative(term)) for term in terms_of(formula)))


def factors_of(formula: Expression) -> tuple[Expression, ...]:
    """Return the factors of a product, or the formula by itself."""
    return formula.factors if isinstance(formula, Product) else (formula,)


def cancelled_factors(term: Expression) -> Expression:
    """Cancel factors that stand above and below a line."""
    if isinstance(term, Sum):
        return replace(term, body=cancelled_factors(term.body))
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


def multiplied(term: Expression) -> Expression:
    """Multiply out a factor that is a sum, one after the other."""
    if isinstance(term, Sum):
        inside = multiplied(term.body)
        parts = (
            signed(part, lambda body: summed(term.letters, body, term.apart))
            for part in terms_of(inside)
        )
        return total(*parts) if isinstance(inside, Total) else term
    factors = factors_of(term)
    at = next((at for at, x in enumerate(factors) if isinstance(x, Total)), None)
    if at is None or len(factors) == 1:
        return term
    before, chosen, behind = factors[:at], factors[at], factors[at + 1 :]
    assert isinstance(chosen, Total)
    made = (numbers_first(product(*before, x, *behind)) for x in chosen.terms)
    return each_term(multiplied)(total(*made))


def numbers_first(formula: Expression) -> Expression:
    """Return a product with the factors in front that are the same for all elements."""
    body, signed_body = unsigned(formula), isinstance(formula, Negative)
    numbers = [x for x in factors_of(body) if not free_letters(x)]
    whole = product(*numbers, *(x for x in factors_of(body) if x not in numbers))
    return product(Negative(whole)) if signed_body else whole


def multiplied_if_cases(term: Expression) -> Expression:
    """Multiply out where a sum has cases among its terms, so that they can be resolved."""
    for part in term.walk():
        factors = [x for each in terms_of(part) for x in factors_of(unsigned(each))]
        if isinstance(part, Total) and any(isinstance(x, Cases) for x in factors):
            return multiplied(term)
    return term


def multiplied_to_merge(formula: Expression) -> Expression:
    """Multiply out where a term stands apart from its sum, so that it can be put back."""
    apart = any(isinstance(part, Sum) and part.apart for part in formula.walk())
    return each_term(multiplied)(formula) if apart else formula


def merged(formula: Expression) -> Expression:
    """Put a term back into the sum over the others, where it is what the sum lacks."""
    terms = list(terms_of(formula))
    for rest in [x for x in terms if isinstance(unsigned(x), Sum)]:
        part = unsigned(rest)
        assert isinstance(part, Sum)
        if part.apart is None:
            continue
        lacking = renamed(part.body, {part.letters[0]: part.apart})
        for term in terms:
            same = isinstance(term, Negative) == isinstance(rest, Negative)
            alike = Counter(factors_of(unsigned(term))) == Counter(factors_of(lacking))
            if same and alike:
                whole = summed(part.letters, part.body)
                terms.remove(term)
                terms[terms.index(rest)] = Negative(whole) if term != unsigned(term) else whole
                break
    return total(*terms)


def unsigned(term: Expression) -> Expression:
    """Return a term without its sign."""
    return term.body if isinstance(term, Negative) else term


def pulled(term: Expression) -> Expression:
    """Take what does not depend on the letters of a sum out of it."""
    if not isinstance(term, Sum) or term.apart is not None or not isinstance(term.body, Product):
        return term
    free = [x for x in term.body.factors if not set(free_letters(x)) & set(term.letters)]
    bound = [x for x in term.body.factors if x not in free]
    if not free or not bound:
        return term
    return numbers_first(product(*free, summed(term.letters, product(*bound))))
