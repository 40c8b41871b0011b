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

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.network.steps import Step, StepPlanner, any_sampled, union
from chainrule.notation import Line, NotationError, gradient, infer_sizes
from chainrule.notation.line import Factor, Shape

SAMPLES = 64
"""How many samples costs are compared for, so that the order of products depends on no batch."""

MOST_FACTORS = 8
"""In one product: the orders of more are too many to compare, and kernels read so many."""


class NoContractionError(CannotLowerError):
    """The engine has no kernels for a line; the message says for which part of it."""


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

    def _after_forward(self) -> StepPlanner:
        planner = StepPlanner(dict(self.sizes), self.sample)
        planner.line(self.line, self.line.target)
        return planner

    def forward(self) -> tuple[Step, ...]:
        """Return the steps from X to Y; a bias is added as soon as what it is added to is there."""
        steps: list[Step] = []
        for step in self._after_forward().steps:
            last, bias = steps[-1] if steps else None, step.factors[:1]
            alone = step.adds and step.number == 1 and step.factors == bias and not step.summed
            alone = alone and not bias[0].sampled
            if alone and last and not last.plus and any_sampled(last.factors):
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

    def size(self, letters: tuple[str, ...]) -> int:
        """Return how many values letters take together."""
        sizes = dict(self.sizes)
        return prod(sizes[letter] for letter in letters)

    @property
    def products(self) -> int:
        """Multiply-adds of a sample, forward."""
        sizes = dict(self.sizes)
        return sum(
            prod(sizes[x] for x in {*union(step.factors), *step.target.letters}) // SAMPLES
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
