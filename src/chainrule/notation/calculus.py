"""The calculus of sums of products: gradients and Jacobians of a line, as lines.

One rule does it all. In ``Y[…] = A[…] X[…] + …`` the derivative of the loss by a factor is the
product with that factor replaced by the gradient of the target, added to the element where the
factor stood:

    Y[n,o]  =  X[n,i]  W[i,o]        forward
    dX[n,i] = dY[n,o]  W[i,o]        X replaced by dY, and moved to the left
    dW[i,o] =  X[n,i] dY[n,o]        W replaced by dY

A factor that stands twice is replaced in each of its places, and the results are added: the
product rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from string import ascii_lowercase

from chainrule.notation.line import Factor, Index, Line, Term, letters_of


@lru_cache(maxsize=512)
def gradient(line: Line, by: str, *, rename: bool = True) -> Line:
    """Return the line that makes ``d<by>`` from ``d<target>``: backprop through the line.

    ``gradient(parse("Y[n,o] = X[n,i] W[i,o]"), "W")`` is ``dW[i,o] = X[n,i] dY[n,o]``. Letters
    are renamed where that makes one statement of two; without, each keeps its size.
    """
    terms = []
    for term, position in line.occurrences(by):
        factors = list(term.factors)
        replaced = factors[position]
        factors[position] = Factor(f"d{line.target}", term.left)
        terms.append(replace(term, left=replaced.indices, factors=tuple(factors)))
    return replace(
        line,
        target=f"d{by}",
        terms=_collected(terms, line, rename),
        differentials=line.differentials | {(f"d{x}", "", x) for x in (by, line.target)},
    )


@lru_cache(maxsize=512)
def jacobian(line: Line, by: str, batch: str | None = None, *, rename: bool = True) -> Line:
    """Return the line of the Jacobian ``d<target>_d<by>``: indices of the target, then of by.

    ``jacobian(parse("Y[n,o] = X[n,i] W[i,o]"), "W")`` is ``dY_dW[n,o,i,o] = X[n,i]``: zero
    unless both o agree. With ``batch="n"`` the Jacobian of each sample: that letter is not
    repeated among the indices of ``by``.
    """
    terms = []
    for term, position in line.occurrences(by):
        indices = term.factors[position].indices
        if batch is not None:
            indices = tuple(index for index in indices if index.letter != batch)
        others = term.factors[:position] + term.factors[position + 1 :]
        terms.append(replace(term, left=term.left + indices, factors=others))
    name = f"d{line.target}_d{by}"
    return replace(
        line,
        target=name,
        terms=_collected(terms, line, rename),
        differentials=line.differentials | {(name, line.target, by)},
    )


def _collected(terms: list[Term], line: Line, rename: bool) -> tuple[Term, ...]:
    """Add up equal products, the letters of the left named alike where that can be."""
    if rename:
        constants = [name for name, _ in line.constants]
        terms = [_with_left(term, terms[0].left, constants) for term in terms]
    sums: dict[object, Term] = {}
    for term in terms:
        key = (term.left, term.powers, tuple(sorted(map(str, term.factors))))
        known = sums.get(key)
        coefficient = term.coefficient + (known.coefficient if known else 0)
        sums[key] = replace(known or term, coefficient=coefficient)
    return tuple(sums.values())


def _with_left(term: Term, wanted: tuple[Index, ...], constants: list[str]) -> Term:
    """Rename the letters of a term so that its left side is the wanted one, if they match."""
    old, new = (_distinct_letters(left) for left in (term.left, wanted))
    if old is None or new is None:
        return term
    if any(letter in new and letter not in old for letter in term.measured()):
        return term  # or its size would be read as that of another letter
    names = dict(zip(old, new, strict=True))
    taken = {*new, *term.letters(), *constants}
    for letter in term.summed():
        if letter in new:
            names[letter] = next(x for x in _fresh_letters() if x not in taken)
            taken.add(names[letter])
    return term.renamed(names)


def _distinct_letters(left: tuple[Index, ...]) -> list[str] | None:
    """Return the letters of a left side of plain, distinct letters; None of any other."""
    letters = letters_of(left)
    plain = all(index.letter is not None for index in left)
    return letters if plain and len(letters) == len(left) else None


def _fresh_letters() -> Iterable[str]:
    """Yield letters to name summation indices with: i to z, a to h, then i1, i2 and so on."""
    yield from ascii_lowercase[8:] + ascii_lowercase[:8]
    number = 0
    while True:
        number += 1
        yield f"i{number}"
