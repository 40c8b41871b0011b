"""A residual block: functions whose output is added to what they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.functions.base import (
    ExplicitFunction,
    Function,
    Gradients,
    Parameters,
    RandomKey,
)
from chainrule.functions.contract import check_arguments
from chainrule.functions.diagonal import diagonal
from chainrule.functions.sequence import (
    DEEPEST,
    MOST_INNER,
    Layer,
    Step,
    backprop,
    depth,
    every,
    first_inside,
    jacobian,
    lay_out,
    observe,
    observes,
    steps,
    trace,
)
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class Residual(ExplicitFunction):
    """A residual block: a chain learns what is added to its input, and the gradient has a way past.

    Definition: Y[n,…] = X[n,…] + F[n,…], where F = f_m(… f_1(X)) is the chain's output
    Shapes: X (n, …) -> Y (n, …), the same; so the chain must keep the shape of a sample
    Jacobian: ∂Y[n]/∂X[n] = 1 + ∂F[n]/∂X[n], 1 being the identity: the sum's derivative is the sum
        of the derivatives, and that of X by itself is the identity;
        ∂Y[n]/∂W = ∂F[n]/∂W for each parameter W of the chain
    Backprop: dX[n,…] = dY[n,…] + dF[n,…]·∂F[n]/∂X[n], with dF = dY: the first term passes the chain
        by, so the gradient does not fade however many blocks follow each other;
        dW is that of the chain, given dY
    Numerics: backprop computes the chain's own values again, since only X and Y are kept
    Source: He, Zhang, Ren, Sun: "Deep residual learning for image recognition", 2016

    The k-th function with parameters of a network being a residual block, its parameters are named
    k.W0, k.b0, k.W1, and so on; the weights before its sum are drawn as in any chain.

    Parameters
    ----------
    chain : Chain
        The functions, such as ``Chain(Linear(32), ReLU(), Linear(32))``; a list of them, or a
        single one, does as well. Parameters that the chain may have are not used.
    """

    chain: tuple[Function, ...]

    def __post_init__(self) -> None:
        """Take the functions of a chain, and check them."""
        given: Any = self.chain
        if isinstance(given, Function):
            given = (given,)
        given = getattr(given, "functions", given)
        if not isinstance(given, tuple | list) or not given:
            raise TypeError(f"Residual: expected a chain with functions, got {self.chain!r}")
        for function in given:
            if not isinstance(function, Function):
                raise TypeError(f"Residual: expected a chain of functions, got {function!r} in it")
            check_arguments(function)
        count = sum(1 for _ in every(given))
        if count > MOST_INNER:
            raise ValueError(f"Residual: expected at most {MOST_INNER} functions, got {count}")
        object.__setattr__(self, "chain", tuple(given))
        if depth(self) > DEEPEST:
            raise ValueError(
                f"Residual: expected at most {DEEPEST} functions within each other, "
                f"got {depth(self)}"
            )

    def __str__(self) -> str:
        """Return the block with its functions."""
        return f"Residual(Chain({', '.join(map(str, self.chain))}))"

    @property
    def inner_functions(self) -> tuple[Function, ...]:
        """The functions of the chain."""
        return self.chain

    def _layers(self, shape: Shape, place: int = 0) -> tuple[list[Layer], dict[str, Shape]]:
        return lay_out(self.chain, shape, first=first_inside(place))

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return those of the chain: W0, b0, W1 and so on."""
        return self._layers(input_shape)[1]

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; ValueError unless the chain keeps it."""
        self._check_shape(input_shape, self._layers(input_shape)[0][-1].output_shape)
        return input_shape

    def _check_shape(self, taken: Shape, made: Shape) -> None:
        """Raise ValueError unless the chain makes the shape that it takes."""
        if made != taken:
            raise self._misfit(
                f"a chain whose outputs have the shape of its inputs, {taken}, as they are added",
                made,
            )

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return those of the first function of the chain that has weights."""
        for layer in self._layers(input_shape)[0]:
            if layer.names:
                return layer.function.fans(layer.input_shape)
        return super().fans(input_shape)

    def _steps(self, X: Array, parameters: Parameters, key: RandomKey | None) -> list[Step]:
        layers, _ = self._layers(X.shape[1:], key.layer if key else 0)
        self._check_shape(X.shape[1:], layers[-1].output_shape)
        return steps(layers, parameters, key)

    def observe(self, X: Array, parameters: Parameters, key: RandomKey) -> dict[str, Array]:
        """Return what parameters of the chain become that follow the batches."""
        if not observes(self.chain):
            return {}
        taken = self._steps(X, parameters, key)
        return observe(taken, trace(taken, X))

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y = X + F(X), (n, …)."""
        return np.asarray(X + trace(self._steps(X, parameters, key), X)[-1])

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return 1 + ∂F[n]/∂X[n] (n, *shape, *shape), or ∂F[n]/∂W (n, *shape, *W.shape)."""
        if key is not None and observes(self.chain):
            raise ValueError(
                f"{self}: in training its samples depend on each other, and none has a Jacobian "
                "of its own; check the gradients of a chain with it"
            )
        taken = self._steps(X, parameters, key)
        values = trace(taken, X)
        if by == "X":
            J = jacobian(taken, values).reshape(*X.shape, *X.shape[1:])
            return np.asarray(diagonal(np.ones_like(X)) + J)
        for position, (layer, own, at) in enumerate(taken):
            for name, outer in layer.names.items():
                if outer == by:
                    return _by_parameter(layer, name, own, at, taken[position + 1 :], values)
        raise self._misfit(f"one of {', '.join(parameters) or 'no parameters'}", repr(by))

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
        """Return dX = dY + what the chain makes of dY, and the gradients by its parameters."""
        taken = self._steps(X, parameters, key)
        gradients: dict[str, Array] = {}
        values = trace(taken, X)
        dX = backprop(taken, values, dY, gradients.__setitem__, input_gradient=input_gradient)
        return (None if dX is None else dY + dX), gradients


def _by_parameter(
    layer: Layer,
    name: str,
    own: dict[str, Array],
    key: RandomKey | None,
    following: list[Step],
    values: list[Any],
) -> Array:
    """Return the Jacobian of a chain by a parameter of a layer: that of what follows times its."""
    x = values[-len(following) - 2]
    J = layer.function.jacobian(x, own, name, key)
    if following:
        last = following[-1][0]
        matrix = J.reshape(len(x), -1, own[name].size)
        product = jacobian(following, values[-len(following) - 1 :]) @ matrix
        J = product.reshape(len(x), *last.output_shape, *own[name].shape)
    return np.asarray(J)
