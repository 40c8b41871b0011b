"""Terms of index notation taken apart into products of two arrays each, in the cheapest order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, prod

from chainrule.notation import Line
from chainrule.notation.line import Factor, Term

UNTILED = 4
"""How many times as long a multiply-add takes outside the tiles of a product, about."""


@dataclass(frozen=True)
class Tensor:
    """An array with a letter for each axis: an operand, or a product that is kept.

    ``sampled`` says whether its first axis is that of the samples.
    """

    name: str
    letters: tuple[str, ...]
    sampled: bool

    @property
    def features(self) -> tuple[str, ...]:
        """The letters but that of the samples."""
        return self.letters[1:] if self.sampled else self.letters

    def __str__(self) -> str:
        return f"{self.name}[{','.join(self.letters)}]"


@dataclass(frozen=True)
class Step:
    """The target is, or grows by, a number times the product of factors, plus a parameter.

    The product is summed over the letters that the target has not.
    """

    target: Tensor
    factors: tuple[Tensor, ...]
    number: float = 1.0
    adds: bool = False
    plus: Tensor | None = None

    @property
    def summed(self) -> tuple[str, ...]:
        """The letters that are summed over, in the order of the factors."""
        return tuple(x for x in union(self.factors) if x not in self.target.letters)

    @cached_property
    def operands(self) -> tuple[Tensor, Tensor] | None:
        """The two factors of a product that has tiles, or None of any other step.

        Of a sampled target the first one has samples; the second has letters of its own, and
        letters of both are summed over. Of a gradient by parameters both have samples, and letters
        of their own.
        """
        if len(self.factors) != 2 or not any(x.sampled for x in self.factors):
            return None
        a, b = sorted(self.factors, key=lambda tensor: not tensor.sampled)
        kept, shared = set(self.target.letters), set(a.letters) & set(b.letters)
        alone = (set(a.letters) ^ set(b.letters)) - kept
        if alone or not kept <= {*a.letters, *b.letters} or not self.summed:
            return None
        own = set(b.letters) - shared, set(a.letters) - shared
        if self.target.sampled:
            return (a, b) if own[0] and not b.sampled else None
        return (a, b) if own[0] and own[1] and b.sampled else None


@dataclass
class StepPlanner:
    """Takes terms apart; ``known`` are the products that are there already."""

    sizes: Mapping[str, int]
    sample: str
    steps: list[Step] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def line(self, line: Line, target: str) -> None:
        """Add the steps of a line."""
        for number, term in enumerate(line.terms):
            self._term(term, target, adds=number > 0)

    def _term(self, term: Term, name: str, *, adds: bool) -> None:
        target = self._tensor(Factor(name, term.left))
        factors = tuple(self._tensor(factor) for factor in term.factors)
        number = float(term.number(self.sizes))
        present = tuple(x for x in target.letters if x in union(factors))
        if target.sampled and len(factors) > 1 and present != target.letters:
            # What repeats is computed once, and then repeated.
            once = Tensor(_name(factors, present), present, self.sample in present)
            if once.sampled:
                self._product(factors, once)
                self.steps.append(Step(target, (once,), number, adds))
                return
        _Term(self, factors, target).add(number, adds)

    def _product(self, factors: tuple[Tensor, ...], target: Tensor) -> None:
        if target.name not in self.known:
            _Term(self, factors, target).add(1.0, False)
            self.known.add(target.name)

    def _tensor(self, factor: Factor) -> Tensor:
        letters = tuple(str(index.letter) for index in factor.indices)
        return Tensor(factor.name, letters, self.sample in letters)

    def size(self, letters: Iterable[str]) -> int:
        """Return how many values some letters take together."""
        return prod(self.sizes[letter] for letter in letters)


@dataclass
class _Term:
    """One product of factors; subsets of them are numbers, a bit for each."""

    planner: StepPlanner
    factors: tuple[Tensor, ...]
    target: Tensor
    costs: dict[int, tuple[float, int]] = field(default_factory=dict)

    @property
    def whole(self) -> int:
        return (1 << len(self.factors)) - 1

    def chosen(self, subset: int) -> tuple[Tensor, ...]:
        return tuple(f for k, f in enumerate(self.factors) if subset >> k & 1)

    def result(self, subset: int) -> Tensor:
        """Return what a subset makes: summed over letters that nothing else has."""
        inside = self.chosen(subset)
        if subset == self.whole:
            return self.target
        needed = {*union(self.chosen(self.whole ^ subset)), *self.target.letters}
        letters = tuple(x for x in union(inside) if x in needed)
        sampled = self.planner.sample in letters
        if len(inside) == 1 and (letters == inside[0].letters or not sampled):
            return inside[0]
        first = (self.planner.sample,) if sampled else ()
        letters = first + tuple(x for x in letters if x != self.planner.sample)
        return Tensor(_name(inside, letters), letters, sampled)

    def best(self, subset: int) -> tuple[float, int]:
        """Return the least cost of a subset, and one of the two subsets that it is made from."""
        if subset not in self.costs:
            self.costs[subset] = self._best(subset)
        return self.costs[subset]

    def _best(self, subset: int) -> tuple[float, int]:
        result = self.result(subset)
        if subset != self.whole and result.name in self.planner.known:
            return 0.0, 0
        if subset.bit_count() == 1:
            same = result == self.chosen(subset)[0]
            return (0.0 if same else self._cost(result, self.chosen(subset))), 0
        if subset != self.whole and not result.sampled:
            return inf, 0
        found, split = inf, 0
        half = (subset - 1) & subset
        while half:
            if half & (subset & -subset):  # each pair once: the one with the first factor
                pair = self.result(half), self.result(subset ^ half)
                cost = self.best(half)[0] + self.best(subset ^ half)[0] + self._cost(result, pair)
                found, split = min((found, split), (cost, half))
            half = (half - 1) & subset
        return found, split

    def _cost(self, target: Tensor, factors: tuple[Tensor, ...]) -> float:
        letters = {*union(factors), *target.letters}
        products = self.planner.size(letters)
        tiled = Step(target, factors).operands is not None
        return products * (1 if tiled else UNTILED) + 2 * self.planner.size(target.letters)

    def add(self, number: float, adds: bool) -> None:
        """Add the steps, those of what they read first."""
        if not any(factor.sampled for factor in self.factors) or len(self.factors) == 1:
            self.planner.steps.append(Step(self.target, self.factors, number, adds))
            return
        half = self.best(self.whole)[1]
        if not half:  # where no partial product has samples, all are multiplied at once
            self.planner.steps.append(Step(self.target, self.factors, number, adds))
            return
        pair = self._made(half), self._made(self.whole ^ half)
        self.planner.steps.append(Step(self.target, pair, number, adds))

    def _made(self, subset: int) -> Tensor:
        """Add the steps to what a subset makes, if it is not there."""
        result = self.result(subset)
        if result.name in self.planner.known or result in self.factors:
            return result
        half = self.best(subset)[1]
        halves = (half, subset ^ half) if half else ()
        factors = tuple(map(self._made, halves)) or self.chosen(subset)
        self.planner.steps.append(Step(result, factors))
        self.planner.known.add(result.name)
        return result


def union(tensors: Iterable[Tensor]) -> tuple[str, ...]:
    """Return the letters of tensors, each once, in order."""
    return tuple(dict.fromkeys(x for tensor in tensors for x in tensor.letters))


def any_sampled(tensors: Iterable[Tensor]) -> bool:
    """Return whether any of these has the samples' axis."""
    return any(tensor.sampled for tensor in tensors)


def _name(factors: Iterable[Tensor], letters: tuple[str, ...]) -> str:
    return f"({' '.join(sorted(map(str, factors)))})[{','.join(letters)}]"
