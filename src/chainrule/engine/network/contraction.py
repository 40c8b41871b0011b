"""From a line of index notation to products of two arrays each, forward and for each gradient.

A term such as ``X[n,k,i] r[k,i] W[i,o] s[k,o]`` is taken apart into steps, in the order that costs
least:

    U[n,k,i] = X[n,k,i] r[k,i]
    V[n,k,o] = U[n,k,i] W[i,o]
    Y[n,k,o] = V[n,k,o] s[k,o]

Gradients are those of :func:`chainrule.notation.gradient`, taken apart in the same way. A product
that stands in several of these lines is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf, prod

from chainrule.engine.network.errors import CannotLowerError
from chainrule.notation import Line, NotationError, gradient, infer_sizes
from chainrule.notation.line import Factor, Shape, Term

SAMPLES = 64
"""How many samples costs are compared for, so that the order of products depends on no batch."""

MOST_FACTORS = 8
"""In one product: the orders of more are too many to compare, and kernels read so many."""

UNTILED = 4
"""How many times as long a multiply-add takes outside the tiles of a product, about."""


class NoContractionError(CannotLowerError):
    """The engine has no kernels for a line; the message says for which part of it."""


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
        return tuple(x for x in _union(self.factors) if x not in self.target.letters)

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
class _Planner:
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
        present = tuple(x for x in target.letters if x in _union(factors))
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

    planner: _Planner
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
        needed = {*_union(self.chosen(self.whole ^ subset)), *self.target.letters}
        letters = tuple(x for x in _union(inside) if x in needed)
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
        letters = {*_union(factors), *target.letters}
        products = self.planner.size(letters)
        tiled = Step(target, factors).operands is not None
        return products * (1 if tiled else UNTILED) + 2 * self.planner.size(target.letters)

    def add(self, number: float, adds: bool) -> None:
        """Add the steps, those of what they read first."""
        if not any(factor.sampled for factor in self.factors) or len(self.factors) == 1:
            self.planner.steps.append(Step(self.target, self.factors, number, adds))
            return
        half = self.best(self.whole)[1]
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


def _union(tensors: Iterable[Tensor]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(x for tensor in tensors for x in tensor.letters))


def _sampled(tensors: Iterable[Tensor]) -> bool:
    return any(tensor.sampled for tensor in tensors)


def _name(factors: Iterable[Tensor], letters: tuple[str, ...]) -> str:
    return f"({' '.join(sorted(map(str, factors)))})[{','.join(letters)}]"


@dataclass(frozen=True)
class Contraction:
    """A line whose letters have sizes, for samples of a shape."""

    line: Line
    shapes: tuple[tuple[str, Shape], ...]
    sizes: tuple[tuple[str, int], ...]
    sample: str

    @classmethod
    def of(
        cls,
        line: Line,
        inputs: Shape,
        outputs: Shape,
        parameters: Mapping[str, Shape],
        sizes: Mapping[str, int],
    ) -> Contraction:
        """Return the contraction of a line; NoContractionError says what does not fit."""
        sample = _check_letters(line, parameters)
        shapes = {"X": (SAMPLES, *inputs), **parameters}
        try:
            known = infer_sizes(line, shapes, sizes)
        except NotationError as error:
            raise NoContractionError(str(error)) from None
        operands = {f for term in line.terms for f in term.factors}
        operands |= {Factor(line.target, term.left) for term in line.terms}
        for factor in sorted(operands, key=str):
            shape = (SAMPLES, *outputs) if factor.name == line.target else shapes[factor.name]
            loops = tuple(known[str(index.letter)] for index in factor.indices)
            if loops != tuple(shape):
                raise NoContractionError(f"{factor} of shape {shape} is walked as {loops}")
        return cls(line, tuple(shapes.items()), tuple(known.items()), sample)

    @property
    def input_shape(self) -> Shape:
        """The shape of a sample."""
        return dict(self.shapes)["X"][1:]

    @property
    def output_shape(self) -> Shape:
        """The shape of what the line makes of a sample."""
        sizes = dict(self.sizes)
        return tuple(sizes[str(index.letter)] for index in self.line.terms[0].left[1:])

    @property
    def parameters(self) -> dict[str, Shape]:
        """The shapes of the parameters."""
        return {name: shape for name, shape in self.shapes if name != "X"}

    def _after_forward(self) -> _Planner:
        planner = _Planner(dict(self.sizes), self.sample)
        planner.line(self.line, self.line.target)
        return planner

    def forward(self) -> tuple[Step, ...]:
        """Return the steps from X to Y; a bias is added as soon as what it is added to is there."""
        steps: list[Step] = []
        for step in self._after_forward().steps:
            last, bias = steps[-1] if steps else None, step.factors[:1]
            alone = step.adds and step.number == 1 and step.factors == bias and not step.summed
            if alone and not bias[0].sampled and last and not last.plus and _sampled(last.factors):
                steps[-1] = replace(last, plus=bias[0])
            else:
                steps.append(step)
        return tuple(steps)

    def backward(self, *, input_gradient: bool) -> tuple[Step, ...]:
        """Return the steps from dY to dX, where it is wanted, and to the parameters' gradients."""
        planner = self._after_forward()
        forward = len(planner.steps)
        for name in (*(["X"] if input_gradient else []), *self.parameters):
            planner.line(gradient(self.line, name, rename=False), f"d{name}")
        return tuple(planner.steps[forward:])

    def axis(self, parameter: str) -> int:
        """Return the axis of a parameter that its gradient is computed along: the last that suits.

        Such an axis has a letter that only one factor of a tiled product has.
        """
        rank = len(self.parameters[parameter])
        for step in self.backward(input_gradient=False):
            if step.target.name == f"d{parameter}" and step.operands:
                a, b = step.operands
                own = set(a.letters) ^ set(b.letters)
                return max(k for k, letter in enumerate(step.target.letters) if letter in own)
        return max(rank - 1, 0)

    @property
    def products(self) -> int:
        """Multiply-adds of a sample, forward."""
        sizes = dict(self.sizes)
        return sum(
            prod(sizes[x] for x in {*_union(step.factors), *step.target.letters}) // SAMPLES
            for step in self.forward()
        )


def _check_letters(line: Line, parameters: Mapping[str, Shape]) -> str:
    """Return the letter of the samples; NoContractionError names an index that does not fit."""
    left = line.terms[0].left
    sample = left[0].letter if left else None
    if sample is None:
        raise NoContractionError(f"{line.target} does not begin with the letter of the samples")
    for term in line.terms:
        if len(term.factors) > MOST_FACTORS:
            raise NoContractionError(f"{term.product()} has more than {MOST_FACTORS} factors")
        if not term.factors:
            raise NoContractionError(f"the term {term.product()} has no factor")
        if sample in term.measured():
            raise NoContractionError(f"{term.product()} depends on how many samples there are")
        for factor in (Factor(line.target, term.left), *term.factors):
            letters = [index.letter for index in factor.indices]
            for index, letter in zip(factor.indices, letters, strict=True):
                if letter is None:
                    raise NoContractionError(f"the index {index} of {factor} is not one letter")
            if len(set(letters)) < len(letters):
                raise NoContractionError(f"a letter stands twice in {factor}")
            if factor.name in ("X", line.target) and letters[:1] != [sample]:
                raise NoContractionError(f"{factor} does not begin with {sample}, the sample")
            if factor.name in parameters and sample in letters:
                raise NoContractionError(f"the parameter {factor} has the samples' letter {sample}")
    if missing := {"X", *parameters} - set(line.names):
        raise NoContractionError(f"{', '.join(sorted(missing))} does not stand in it")
    if taken := {f"d{name}" for name in (line.target, *line.names)} & set(parameters):
        raise NoContractionError(f"{', '.join(sorted(taken))} is the name of a gradient")
    if unknown := set(line.names) - {"X", *parameters}:
        raise NoContractionError(f"{', '.join(sorted(unknown))} is no parameter")
    return sample
