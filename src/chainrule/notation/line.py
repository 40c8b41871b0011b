"""A line of index notation as data: indices, factors, terms.

A line such as ``Y[n,o,i,j] = W[o,c,u,v] X[n,c,i+u,j+v] + b[o]`` is a loop over all of its
letters: for every value of every letter, the product on the right is added to the element on the
left. Letters that stand only on the right are therefore summed over, a letter that a term does
not mention repeats the term, and outside an array everything is zero. This one meaning covers
forward lines, their gradients (whose left side may be ``dX[n,c,i+u,j+v]``: a scatter) and their
Jacobians (``J[n,o,i,o] = X[n,i]``: the letter that stands twice is Kronecker's delta).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from math import prod

Shape = tuple[int, ...]


class NotationError(ValueError):
    """A line of index notation, or its operands, that make no sense; the message says why."""


@dataclass(frozen=True)
class Scale:
    """An integer times, perhaps, a named constant: the ``2`` or the ``s`` of ``2*i``, ``s*i``."""

    number: int
    constant: str | None = None

    def value(self, constants: Mapping[str, int]) -> int:
        """Return the integer that this scale stands for."""
        return self.number * (constants[self.constant] if self.constant else 1)

    def magnitude(self) -> str:
        """Return the scale without its sign, as text."""
        number = abs(self.number)
        if self.constant is None:
            return str(number)
        return self.constant if number == 1 else f"{number}*{self.constant}"


@dataclass(frozen=True)
class Index:
    """An affine index: a sum of scaled letters, and an offset. ``s*i+u-p``, ``n``, ``0``."""

    letters: tuple[tuple[Scale, str], ...]
    offsets: tuple[Scale, ...] = ()

    @property
    def letter(self) -> str | None:
        """The letter, where the index is one letter and nothing else."""
        if len(self.letters) == 1 and not self.offsets and self.letters[0][0] == Scale(1):
            return self.letters[0][1]
        return None

    def renamed(self, names: Mapping[str, str]) -> Index:
        """Return the index with other letters."""
        return replace(self, letters=tuple((s, names.get(x, x)) for s, x in self.letters))

    def __repr__(self) -> str:
        return f"Index('{self}')"

    def __str__(self) -> str:
        parts = []
        for scale, letter in self.letters:
            factor = "" if scale in (Scale(1), Scale(-1)) else f"{scale.magnitude()}*"
            parts.append(("-" if scale.number < 0 else "+") + factor + letter)
        for offset in self.offsets:
            parts.append(("-" if offset.number < 0 else "+") + offset.magnitude())
        return "".join(parts).removeprefix("+") or "0"


Indices = tuple[Index, ...]


def letters_of(indices: Indices) -> list[str]:
    """Return the letters of these indices, each once, in order."""
    return list(dict.fromkeys(letter for index in indices for _, letter in index.letters))


def bracketed(name: str, indices: Indices) -> str:
    """Return ``name[i,j]``, or the bare name of a scalar."""
    return f"{name}[{','.join(map(str, indices))}]" if indices else name


@dataclass(frozen=True)
class Factor:
    """An operand with its indices: ``X[n,c,i+u,j+v]``; a scalar has none."""

    name: str
    indices: Indices = ()

    def renamed(self, names: Mapping[str, str]) -> Factor:
        """Return the factor with other letters."""
        return Factor(self.name, tuple(index.renamed(names) for index in self.indices))

    def __repr__(self) -> str:
        return f"Factor('{self}')"

    def __str__(self) -> str:
        return bracketed(self.name, self.indices)


@dataclass(frozen=True)
class Power:
    """A power of a letter's size, or of a whole number: √2, 1/i, 1/√i; no sum, a number."""

    base: str | int
    exponent: Fraction

    def value(self, sizes: Mapping[str, int]) -> float:
        """Return the number that it stands for."""
        base = sizes[self.base] if isinstance(self.base, str) else self.base
        return float(base ** float(self.exponent))

    def __str__(self) -> str:
        """Return the power as it is read: ``√i``, ``1/i``, ``1/√i``."""
        root = "√" if self.exponent.denominator == 2 else ""
        return ("1/" if self.exponent < 0 else "") + f"{root}{self.base}"


def parted(powers: Iterable[Power]) -> tuple[Power, ...]:
    """Return the same number as powers of exponents ±1/2 and ±1, those of one base together."""
    exponents: dict[str | int, Fraction] = {}
    for power in powers:
        exponents[power.base] = exponents.get(power.base, Fraction(0)) + power.exponent
    kept = []
    for base, exponent in sorted(exponents.items(), key=lambda item: str(item[0])):
        sign = -1 if exponent < 0 else 1
        whole, half = divmod(abs(exponent), 1)
        kept += [Power(base, Fraction(sign))] * int(whole)
        kept += [Power(base, sign * half)] if half else []
    return tuple(kept)


@dataclass(frozen=True)
class Term:
    """A product, and the element of the target that it is added to.

    Its number is ``coefficient`` times the ``powers``, whose values depend on sizes.
    """

    left: Indices
    coefficient: Fraction
    factors: tuple[Factor, ...]
    powers: tuple[Power, ...] = ()

    def number(self, sizes: Mapping[str, int]) -> Fraction | float:
        """Return the number that the product is multiplied by, exact where it has no powers."""
        if not self.powers:
            return self.coefficient
        return float(self.coefficient) * prod(power.value(sizes) for power in self.powers)

    def measured(self) -> list[str]:
        """Return the letters whose sizes are in the number."""
        return [power.base for power in self.powers if isinstance(power.base, str)]

    def letters(self) -> list[str]:
        """Return all letters of the term, those of the left first."""
        right = tuple(index for factor in self.factors for index in factor.indices)
        return letters_of(self.left + right)

    def summed(self) -> list[str]:
        """Return the letters that stand only on the right, over which the product is summed."""
        left = letters_of(self.left)
        return [letter for letter in self.letters() if letter not in left]

    def renamed(self, names: Mapping[str, str]) -> Term:
        """Return the term with other letters."""
        left = tuple(index.renamed(names) for index in self.left)
        powers = tuple(
            replace(power, base=names.get(power.base, power.base))
            if isinstance(power.base, str)
            else power
            for power in self.powers
        )
        factors = tuple(f.renamed(names) for f in self.factors)
        return replace(self, left=left, factors=factors, powers=powers)

    def __repr__(self) -> str:
        product = signed_sum([(self.coefficient, self.product())])
        return f"Term({bracketed('', self.left) or 'number'}: {product})"

    def product(self) -> str:
        """Return the right side as text, without its sign."""
        number = abs(self.coefficient)
        parts = [] if number == 1 and (self.factors or self.powers) else [str(number)]
        return " ".join([*parts, *map(str, self.powers), *map(str, self.factors)])


@dataclass(frozen=True)
class Line:
    """``target[…] = product + product …``; build one with :func:`chainrule.notation.parse`.

    ``differentials`` are the names that stand for derivatives, so that
    :func:`chainrule.notation.latex` can write them as such: ``("dz_du", "z", "u")`` for ∂z/∂u,
    and ``("dX", "", "X")`` for ∂L/∂X, L being the loss.
    """

    target: str
    terms: tuple[Term, ...]
    constants: tuple[tuple[str, int], ...] = ()
    differentials: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The operands, in order of appearance."""
        return tuple(dict.fromkeys(f.name for term in self.terms for f in term.factors))

    @property
    def rank(self) -> int:
        """How many indices the target has."""
        return len(self.terms[0].left)

    def beside(self, name: str) -> frozenset[str]:
        """Return the operands of all products that an operand stands in."""
        products = ({factor.name for factor in term.factors} for term in self.terms)
        return frozenset(own for names in products if name in names for own in names)

    def occurrences(self, name: str) -> Iterator[tuple[Term, int]]:
        """Yield each place where an operand stands: the term, and its position there."""
        if name not in self.names:
            raise NotationError(f"{self}: no factor is named {name}; there are {self.names}")
        for term in self.terms:
            for position, factor in enumerate(term.factors):
                if factor.name == name:
                    yield term, position

    def __repr__(self) -> str:
        return f"Line({str(self)!r})"

    def __str__(self) -> str:
        return "; ".join(
            f"{bracketed(self.target, left)} = "
            + signed_sum((term.coefficient, term.product()) for term in terms)
            for left, terms in groupby(self.terms, key=lambda term: term.left)
        )


def signed_sum(parts: Iterable[tuple[Fraction, str]]) -> str:
    """Return texts as a sum, each with the sign of its number: ``-a + b - c``."""
    text = "".join((" - " if number < 0 else " + ") + part for number, part in parts)
    return "-" + text[3:] if text.startswith(" - ") else text[3:]
