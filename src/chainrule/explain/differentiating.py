"""Formulas differentiated by X, through intermediate results: the product rule and the chain rule.

A derivative by one element of X is a sum of terms, some of which are there only where letters are
equal: what a formula has of ∂X[n,k]/∂X[n,i'] is 1 where k = i'. A sum over k then leaves the term
at i' alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from chainrule.explain.building import free_letters, index, product, renamed, summed, total
from chainrule.explain.expressions import (
    ONE,
    ZERO,
    Call,
    Cases,
    Condition,
    Expression,
    Negative,
    Number,
    Position,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Total,
)
from chainrule.explain.terms import factors_of, terms_of, unsigned
from chainrule.notation.line import letters_of

Equal = tuple[tuple[str, str], ...]
"""Letters that are equal where a term is there."""

Slope = dict[Equal, Expression]
"""A derivative: its terms by where they are."""


class NoSlopeError(TypeError):
    """A formula that has no rule here."""


@dataclass
class Differentiation:
    """The derivatives of formulas by an element of X.

    Parameters
    ----------
    x : Symbol
        The element, with the letters by which it is differentiated.
    known : dict
        Intermediate results: each symbol with its derivative, which grows as they are found.
    """

    x: Symbol
    known: dict[Symbol, Slope]

    def slope(self, formula: Expression, own: Symbol | None = None) -> Slope:
        """Return the derivative of a formula, which ``own`` is a name of."""
        match formula:
            case Number():
                return {}
            case Symbol():
                return self._of_symbol(formula)
            case Negative(body):
                return _times(self.slope(body), Negative(ONE))
            case Total(terms):
                return _added(*(self.slope(term) for term in terms))
            case Product(factors):
                return _added(
                    *(
                        _times(self.slope(each), *factors[:at], *factors[at + 1 :])
                        for at, each in enumerate(factors)
                    )
                )
            case Power(base, exponent):
                outer = [base] * (exponent - 1)
                return _times(self.slope(base), Number(Fraction(exponent)), *outer)
            case Sum(letters, body, None):
                return self._of_sum(letters, body)
            case Quotient(above, Call("sqrt", (inside,))) if above == ONE and own is not None:
                half = Negative(Quotient(ONE, Number(Fraction(2))))
                return _times(self.slope(inside), half, own, own, own)
            case Quotient(above, below) if not self.slope(below):
                return {
                    where: Quotient(term, below) if term != ONE else Quotient(ONE, below)
                    for where, term in self.slope(above).items()
                }
        raise NoSlopeError(f"{type(formula).__name__} has no derivative here")

    def _of_symbol(self, symbol: Symbol) -> Slope:
        if symbol.name == self.x.name:
            pairs = zip(letters_of(symbol.indices), letters_of(self.x.indices), strict=True)
            return {tuple(pair for pair in pairs if pair[0] != pair[1]): ONE}
        for name, slope in self.known.items():
            if name.name == symbol.name:
                names = dict(zip(letters_of(name.indices), letters_of(symbol.indices), strict=True))
                return {
                    tuple((names.get(a, a), b) for a, b in where): renamed(term, names)
                    for where, term in slope.items()
                }
        return {}

    def _of_sum(self, letters: tuple[str, ...], body: Expression) -> Slope:
        found = []
        for where, term in self.slope(body).items():
            chosen = {a: b for a, b in where if a in letters}
            left = tuple(pair for pair in where if pair[0] not in letters)
            rest = tuple(letter for letter in letters if letter not in chosen)
            found.append({left: summed(rest, renamed(term, chosen))})
        return _added(*found)


def _added(*slopes: Slope) -> Slope:
    found: Slope = {}
    for slope in slopes:
        for where, term in slope.items():
            found[where] = total(found.get(where, ZERO), term)
    return {where: term for where, term in found.items() if term != ZERO}


def _times(slope: Slope, *factors: Expression) -> Slope:
    made = {where: product(*factors, term) for where, term in slope.items()}
    return {where: term for where, term in made.items() if term != ZERO}


def whole(slope: Slope) -> Expression:
    """Return a derivative as one formula, its terms with conditions first."""
    terms = []
    for where, term in sorted(slope.items(), key=lambda item: -len(item[0])):
        conditions = tuple(Condition(Position(index(b)), "=", Position(index(a))) for a, b in where)
        here: Expression = Cases(((ONE, conditions),), ZERO) if conditions else ONE
        terms += [
            Negative(product(here, unsigned(each)))
            if isinstance(each, Negative)
            else product(here, each)
            for each in terms_of(term)
        ]
    return total(*terms)


@dataclass(frozen=True)
class Facts:
    """What is known of intermediate results: sums that are zero, and products with a name.

    Parameters
    ----------
    zeros : tuple of Sum
        Sums over what is left of numbers without their mean.
    named : mapping
        Results that are products, with their factors.
    """

    zeros: tuple[Sum, ...]
    named: Mapping[Symbol, tuple[Expression, ...]]

    @classmethod
    def of(cls, definitions: Mapping[Symbol, Expression]) -> Facts:
        """Return what follows from the definitions of intermediate results."""
        zeros, named = [], {}
        for symbol, formula in definitions.items():
            match factors_of(formula):
                case (Quotient(above, _), Sum(letters, body, None)) if above == ONE:
                    zeros.append(Sum(letters, total(body, Negative(symbol))))
                case (Total(), Symbol()) as factors:
                    named[symbol] = factors
        return cls(tuple(zeros), named)

    def without_zeros(self, formula: Expression) -> Expression:
        """Return a formula without the sums that are zero."""
        if isinstance(formula, Sum):
            bound = [x for x in factors_of(formula.body) if self._depends(x, formula.letters)]
            if replace(formula, body=product(*bound)) in self.zeros:
                return ZERO
        return _rebuilt(formula.mapped(self.without_zeros))

    @staticmethod
    def _depends(formula: Expression, letters: tuple[str, ...]) -> bool:
        return bool(set(free_letters(formula)) & set(letters))

    def with_names(self, formula: Expression) -> Expression:
        """Return a formula with the products that have a name under it."""
        formula = _rebuilt(formula.mapped(self.with_names))
        if not isinstance(formula, Product):
            return formula
        factors = list(formula.factors)
        for symbol, (inside, scale) in self.named.items():
            for factor in formula.factors:
                names = _fitting(inside, factor)
                wanted = None if names is None else renamed(scale, names)
                if names is not None and wanted in factors and factor in factors:
                    factors.remove(factor)
                    factors.remove(wanted)
                    factors.append(renamed(symbol, names))
        return product(*factors)


def _fitting(pattern: Expression, formula: Expression) -> dict[str, str] | None:
    """Return other letters for a sum of elements, with which it is a formula; None if none are."""
    first, second = (list(terms_of(each)) for each in (pattern, formula))
    if len(first) != len(second) or not isinstance(first[0], Symbol):
        return None
    if not isinstance(second[0], Symbol) or first[0].name != second[0].name:
        return None
    pairs = zip(letters_of(first[0].indices), letters_of(second[0].indices), strict=True)
    names = dict(pairs)
    return names if renamed(pattern, names) == formula else None


def _rebuilt(formula: Expression) -> Expression:
    """Return a formula whose parts have changed, without what is zero or one in it."""
    match formula:
        case Product(factors):
            return product(*factors)
        case Total(terms):
            return total(*terms) if any(term != ZERO for term in terms) else ZERO
        case Negative(body):
            return product(formula) if body != ZERO else ZERO
        case Sum(letters, body, apart):
            return summed(letters, body, apart) if body != ZERO else ZERO
    return formula


def folded(formula: Expression) -> Expression:
    """Return a formula with the numbers of each product as one, in front."""
    formula = _rebuilt(formula.mapped(folded))
    if isinstance(formula, Negative):
        return product(Negative(folded(formula.body)))
    if not isinstance(formula, Product):
        return formula
    number, below, others = Fraction(1), list[Expression](), list[Expression]()
    for factor in formula.factors:
        match factor:
            case Number(Fraction() as value):
                number *= value
            case Quotient(Number(Fraction() as value), under) if not free_letters(under):
                number *= value
                for part in factors_of(under):
                    if isinstance(part, Number) and isinstance(part.value, Fraction):
                        number /= part.value
                    else:
                        below.append(part)
            case _:
                others.append(factor)
    under = product(Number(Fraction(number.denominator)), *below)
    above = Number(Fraction(number.numerator))
    return product(above if under == ONE else Quotient(above, under), *others)


def powered(formula: Expression) -> Expression:
    """Return a formula with factors that stand more than once as powers."""
    formula = formula.mapped(powered)
    if not isinstance(formula, Product):
        return formula
    counts = Counter(formula.factors)
    return product(*(Power(x, count) if count > 1 else x for x, count in counts.items()))
