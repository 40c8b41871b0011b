"""What a function of a network is: its shapes, forward, Jacobian, backprop and formulas.

There are three kinds, and each states its rule once:

- :class:`Elementwise`: ``value(x)`` and ``derivative(x, y)``, written with
  :mod:`chainrule.mathematics`;
- :class:`Multilinear`: a line of :mod:`chainrule.notation`, from which its backprop is derived;
- any other :class:`Function` writes forward, Jacobian and backprop out.

Arrays have the samples as their first axis: X (n, …) -> Y (n, …). Shapes of one sample leave n
out. Parameters come as a mapping from names to arrays and are never held by a function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule import notation
from chainrule.formulas import Formulas, docstring_formulas, elementwise_formulas, line_formulas
from chainrule.functions.diagonal import diagonal
from chainrule.functions.fields import described, numbers
from chainrule.functions.starts import Start
from chainrule.notation.line import letters_of
from chainrule.types import Array, Shape

Parameters = Mapping[str, Array]
Gradients = tuple[Array | None, dict[str, Array]]
"""The gradient by the input (None where it is not needed), and those by the parameters."""


@dataclass(frozen=True)
class RandomKey:
    """What the random numbers of a forward pass in training depend on: seed, step and layer.

    Two passes with the same key draw the same numbers, so backprop draws them again.

    Parameters
    ----------
    seed : int
        The seed of the training.
    step : int
        The number of the step.
    layer : int, default=0
        The place of the function in its chain.
    """

    seed: int
    step: int
    layer: int = 0


class Function(ABC):
    """A function with parameters, differentiable by its input and by each of them.

    In all methods input_shape is that of one sample, X (n, …) are samples, Y their outputs,
    ``parameters`` the arrays by their names, and the key that of a step in training; without one
    this is prediction, and nothing random happens.
    """

    initialization: ClassVar[str | None] = None
    """The scheme for its weights, where it is not a matter of what follows."""

    preceding_initialization: ClassVar[str] = "glorot"
    """The scheme for the weights of the layer before it, under "auto"."""

    sparse_input: ClassVar[bool] = False
    """Whether X may be a SciPy sparse matrix."""

    @property
    def inner_functions(self) -> tuple[Function, ...]:
        """The functions that this one holds, in their order."""
        return ()

    def __str__(self) -> str:
        """Return the function with those of its hyperparameters that are not the default."""
        return described(self)

    def check_samples(self, X: Any) -> None:
        """Raise ValueError for samples X (n, …) that it cannot take, dense or CSR, as the first."""
        for first in self.inner_functions[:1]:
            first.check_samples(X)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the shape of each parameter, given the shape of one sample."""
        return {}

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return how many inputs an output depends on, and how many outputs an input feeds.

        Initialisation scales the weights by these numbers.
        """
        raise NotImplementedError(
            f"{self} has no weights, or does not say how they are drawn: expected "
            "fans(input_shape) or starts(input_shape), got neither"
        )

    def parameter_fans(self, name: str, input_shape: Shape) -> tuple[int, int]:
        """Return the fans of the parameter of a name, where several have weights."""
        return self.fans(input_shape)

    def starts(self, input_shape: Shape) -> Mapping[str, Start]:
        """Return how some parameters start: at a number, or drawn from a distribution.

        Of the others, those with two axes and more are drawn as
        :func:`chainrule.initialization.initialize` says; :meth:`scales` start at 1, the rest at 0.
        """
        return {}

    def scales(self, input_shape: Shape) -> frozenset[str]:
        """Return the parameters of one axis or none that multiply X: at 0 nothing would pass."""
        return frozenset()

    def penalized(self, input_shape: Shape) -> frozenset[str]:
        """Return the parameters that a penalty applies to: those of two axes and more."""
        shapes = self.parameter_shapes(input_shape)
        return frozenset(name for name, shape in shapes.items() if len(shape) > 1)

    def learning_rate_factors(self) -> Mapping[str, float]:
        """Return what the learning rate is multiplied by; L-BFGS, without one, moves all alike."""
        return {}

    def observe(self, X: Array, parameters: Parameters, key: RandomKey) -> dict[str, Array]:
        """Return new values of parameters that follow the batches, and not their gradients."""
        return {}

    @abstractmethod
    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output, given that of one sample; ValueError if it misfits."""

    @abstractmethod
    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, …)."""

    @abstractmethod
    def backprop(
        self,
        dY: Array,
        X: Array,
        Y: Array,
        parameters: Parameters,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = True,
    ) -> Gradients:
        """Return the gradients of a loss by X and by the parameters, given dY, that by Y.

        The gradient by X may be None unless input_gradient is asked for.
        """

    @abstractmethod
    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return the Jacobian of each sample: ∂Y[n]/∂X[n] (n, *output, *input), or ∂Y[n]/∂W."""

    @abstractmethod
    def formulas(self) -> Formulas:
        """Return definition, derivative and backprop as formulas, made from the rule."""

    def _misfit(self, expected: str, received: object) -> ValueError:
        return ValueError(f"{self}: expected {expected}, got {received}")

    def _check_rank(self, input_shape: Shape, axes: str) -> None:
        """Raise ValueError unless a sample has the named axes."""
        if len(input_shape) != len(axes.split(", ")):
            raise self._misfit(f"samples of shape ({axes})", input_shape)


class Elementwise(Function):
    """A function applied to each number alone: y = value(x).

    Backprop is dX = dY · derivative(x, y), and the Jacobian is diagonal. Both methods are written
    with operators and :mod:`chainrule.mathematics`, or NumPy's functions of the same names; with
    others no machine code is made of them.
    """

    output_suffices: ClassVar[bool] = False
    """Whether derivative(y, y) is derivative(x, y): x counts by its sign, and y has the same.

    Then machine code need not keep x.
    """

    @abstractmethod
    def value(self, x: Any) -> Any:
        """Return y."""

    @abstractmethod
    def derivative(self, x: Any, y: Any) -> Any:
        """Return dy/dx; it may use y, the value, which is known by then."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return input_shape

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, …), the value at each element."""
        with np.errstate(over="ignore", invalid="ignore"):  # exp(1000) = inf, discarded later
            return numbers(self, "value", self.value(X), X.dtype)

    def slopes(self, X: Array, Y: Array) -> Array:
        """Return the derivative at each element, (n, …)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return numbers(self, "derivative", self.derivative(X, Y), X.dtype)

    def backprop(
        self,
        dY: Array,
        X: Array,
        Y: Array,
        parameters: Parameters,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = True,
    ) -> Gradients:
        """Return dX[n,…] = dY[n,…] · derivative(X[n,…], Y[n,…])."""
        return (dY * self.slopes(X, Y) if input_gradient else None), {}

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return the diagonal Jacobian (n, *shape, *shape)."""
        slopes = self.slopes(X, self.forward(X, parameters))
        return diagonal(slopes)

    def formulas(self) -> Formulas:
        """Return the formulas that SymPy builds from value and derivative."""
        return elementwise_formulas(self)


class Multilinear(Function):
    """A sum of products of the input X and parameters, stated as a line of index notation.

    The line's target must be Y, and its first letter, usually n, is the sample. Backprop and
    Jacobian are the line's derivatives and need not be written.
    """

    @abstractmethod
    def text(self) -> str:
        """Return the line: ``Y[n,o] = X[n,i] W[i,o] + b[o]``."""

    def constants(self, input_shape: Shape | None) -> dict[str, int]:
        """Return the named constants in the line's indices; any values without a shape."""
        return {}

    def sizes(self, input_shape: Shape) -> dict[str, int]:
        """Return the sizes of letters that the shapes of X and the parameters do not determine."""
        return {}

    def line(self, input_shape: Shape | None = None) -> notation.Line:
        """Return the line, parsed, for samples of a shape."""
        text = self.text()
        if not isinstance(text, str):
            raise TypeError(f"{self}: expected text to return a line of notation, got {text!r}")
        return notation.parse(text, self.constants(input_shape))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the sizes of the letters of Y, as X and the parameters have them."""
        line = self.line(input_shape)
        shapes = {"X": (1, *input_shape), **self.parameter_shapes(input_shape)}
        sizes = notation.infer_sizes(line, shapes, self.sizes(input_shape))
        return notation.target_shape(line, sizes)[1:]

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, …), the line evaluated."""
        shape = X.shape[1:]
        operands = {"X": X, **parameters}
        return notation.evaluate(self.line(shape), operands, sizes=self.sizes(shape))

    def backprop(
        self,
        dY: Array,
        X: Array,
        Y: Array,
        parameters: Parameters,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = True,
    ) -> Gradients:
        """Return the gradients: the line with X, or a parameter, replaced by dY."""
        operands, shape = {"X": X, **parameters}, X.shape[1:]
        line, sizes = self.line(shape), self.sizes(shape)

        def by(name: str) -> Array:
            return notation.backprop(line, operands, dY, by=name, sizes=sizes)

        return (by("X") if input_gradient else None), {name: by(name) for name in parameters}

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return ∂Y[n]/∂X[n] (n, *output, *input), or ∂Y[n]/∂W (n, *output, *W.shape)."""
        operands, shape = {"X": X, **parameters}, X.shape[1:]
        line, sizes = self.line(shape), self.sizes(shape)
        return notation.dense_jacobian(line, operands, by=by, sizes=sizes, batch=_sample(line))

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return the fans of the first parameter with weights."""
        shapes = self.parameter_shapes(input_shape)
        name = next((name for name, shape in shapes.items() if len(shape) > 1), None)
        return self.parameter_fans(name, input_shape) if name else super().fans(input_shape)

    def parameter_fans(self, name: str, input_shape: Shape) -> tuple[int, int]:
        """Return how many of a parameter's numbers are summed over, and how many X does not share.

        Where a class states :meth:`fans`, these are all parameters'.
        """
        if type(self).fans is not Multilinear.fans:
            return self.fans(input_shape)
        line, shapes = self.line(input_shape), self.parameter_shapes(input_shape)
        shape = shapes[name]
        term, position = next(line.occurrences(name))
        of_input = [x for f in term.factors if f.name == "X" for x in letters_of(f.indices)]
        inputs = outputs = 1
        for index, size in zip(term.factors[position].indices, shape, strict=True):
            letters = letters_of((index,))
            inputs *= size if set(letters) & set(term.summed()) else 1
            outputs *= 1 if set(letters) & set(of_input) else size
        return inputs, outputs

    def scales(self, input_shape: Shape) -> frozenset[str]:
        """Return the parameters of one axis or none that stand in a product with X."""
        own = {name for name, shape in self.parameter_shapes(input_shape).items() if len(shape) < 2}
        return self.line(input_shape).beside("X") & own

    def penalized(self, input_shape: Shape) -> frozenset[str]:
        """Return the parameters of two axes and more that stand in a product with X: no biases."""
        return super().penalized(input_shape) & self.line(input_shape).beside("X")

    def formulas(self) -> Formulas:
        """Return the line, its Jacobians and its gradients."""
        return line_formulas(self.line(), _sample(self.line()))


def _sample(line: notation.Line) -> str:
    """Return the letter of the samples."""
    return next((index.letter for index in line.terms[0].left[:1]), None) or "n"


class ExplicitFunction(Function):
    """A function whose forward, Jacobian and backprop are written out; no parameters."""

    def formulas(self) -> Formulas:
        """Return the formulas that stand in the class's docstring."""
        return docstring_formulas(self)
