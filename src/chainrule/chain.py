"""Functions in sequence: shapes, parameters, forward, backprop. The textbook, in plain NumPy.

    x_1 = f_1(w_1; x),  x_2 = f_2(w_2; x_1),  …,  y = f_n(w_n; x_{n-1}),  e = err(y, t)

Forward computes and keeps every x_k. Backprop walks the other way: from the gradient by x_k each
function makes the gradients by its own parameters and by x_{k-1}.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from chainrule.display import formula_sheet, functions_html, layers_html, layers_text
from chainrule.formulas import FormulaSheet
from chainrule.functions import Function, RandomKey, sequence
from chainrule.functions.contract import check_arguments
from chainrule.functions.sequence import Step
from chainrule.initialization import initialize
from chainrule.later import later
from chainrule.layout import ChainLayout, Layer, as_samples, check_float, lay_out, sample_shape
from chainrule.losses import Loss, fused
from chainrule.losses.base import expect_loss
from chainrule.parameters import Parameters
from chainrule.types import Array, Shape

__all__ = ["Chain"]


class Chain:
    """Functions in sequence, with their parameters.

    >>> chain = Chain(Linear(256), ReLU(), Linear(10), Softmax()).initialize((64,), seed=0)
    >>> Y = chain.forward(X)                                       # X (n, 64) -> Y (n, 10)
    >>> value, gradient = chain.gradient(CrossEntropy(), X, t)     # gradient["W0"] (64, 256), …

    The parameters of the k-th function that has any are named W0, b0, W1, b1, …, those of a
    :class:`~chainrule.functions.Residual` k.W0, k.b0, …; all of them lie in one flat buffer,
    ``chain.parameters.flat``.

    In all methods X (n, …) are samples, t are their targets, as the loss takes them, and
    sample_weight (n,) are their weights in the mean, 1 by default. The key is that of a step in
    training, on which dropout's masks depend; without one nothing random happens. Gradients by
    the parameters go into ``out``, or into a new buffer.

    Parameters
    ----------
    *functions : Function
        The functions in their order; the first one takes X. A chain among them stands for its
        functions; parameters that it may have are not used.
    """

    def __init__(self, *functions: Function | Chain) -> None:
        flat: list[Function] = []
        for position, function in enumerate(functions):
            if isinstance(function, Chain):
                flat += function.functions
                continue
            if isinstance(function, type) and issubclass(function, Function):
                raise TypeError(f"Chain: write {function.__name__}(…), not the bare class")
            if not isinstance(function, Function):
                raise TypeError(f"Chain: expected functions, got {function!r} at {position}")
            check_arguments(function)
            flat.append(function)
        if not functions:
            raise ValueError("Chain: expected at least one function, got none")
        self.functions: tuple[Function, ...] = tuple(flat)
        self._layers: list[Layer] | None = None
        self._parameters: Parameters | None = None

    def initialize(
        self,
        input_shape: Shape | Array,
        *,
        seed: int = 0,
        dtype: DTypeLike = np.float32,
        initialization: str = "auto",
    ) -> Chain:
        """Find all shapes and draw the parameters; return the chain itself.

        Parameters
        ----------
        input_shape : tuple of int or array
            The shape of one sample, (features,) or (channels, height, width), or data X (n, …).
        seed : int, default=0
            The same seed draws the same bits.
        dtype : dtype, default=float32
            Float32 or float64, the type of the parameters and of every computation.
        initialization : {"auto", "he", "glorot", "fasttext"}, default="auto"
            See :func:`chainrule.initialization.initialize`.

        Returns
        -------
        chain : Chain
            The chain itself.

        Raises
        ------
        ValueError
            A function cannot take what the one before it makes; the error names both.
        """
        shape = sample_shape(input_shape)
        check_float(dtype)
        self._layers, shapes = lay_out(self.functions, shape)
        self._parameters = Parameters(shapes, dtype=dtype)
        initialize(self._parameters, self._layers, scheme=initialization, seed=seed)
        return self

    @classmethod
    def assemble(cls, layers: Sequence[Layer], parameters: Parameters) -> Chain:
        """Return the chain of layers that :func:`lay_out` made, with parameters as they are."""
        chain = cls(*(layer.function for layer in layers))
        chain._layers, chain._parameters = list(layers), parameters
        return chain

    @classmethod
    def from_layout(cls, layout: ChainLayout, flat: Array | None = None) -> Chain:
        """Return the chain of a layout with parameters (count,), not copied; zeros by default."""
        return cls.assemble(layout.layers, Parameters(layout.shapes, flat, layout.dtype))

    @property
    def layers(self) -> list[Layer]:
        """The functions in their places; the chain must be initialized."""
        if self._layers is None:
            raise ValueError("Chain: call initialize(X) first; the shape of the input is unknown")
        return self._layers

    @property
    def parameters(self) -> Parameters:
        """All parameters; the chain must be initialized."""
        if self._parameters is None:
            raise ValueError("Chain: call initialize(X) first; there are no parameters yet")
        return self._parameters

    @property
    def learning_rate_factors(self) -> dict[str, float]:
        """The factors of the learning rate that functions state, by the parameters' names."""
        return dict(sequence.learning_rate_factors(self.layers))

    def weight_mask(self) -> Array:
        """Return which parameters penalties apply to, (size,): all but biases."""
        return self.parameters.mask(sequence.penalized(self.layers))

    @property
    def initialized(self) -> bool:
        """Whether the chain has parameters."""
        return self._parameters is not None

    @property
    def dtype(self) -> np.dtype[Any]:
        """The float type of the parameters."""
        return np.dtype(self.parameters.flat.dtype)

    def astype(self, dtype: DTypeLike) -> Chain:
        """Return a copy of the chain in another float type, the dtype."""
        check_float(dtype)
        return Chain.assemble(self.layers, self.parameters.astype(dtype))

    def forward(self, X: Any, key: RandomKey | None = None) -> Array:
        """Return the output Y (n, …) of X (n, …). Without a key this is prediction."""
        return np.asarray(self.trace(X, key)[-1])

    def trace(self, X: Any, key: RandomKey | None = None, *, until: int | None = None) -> list[Any]:
        """Return X and what each function makes of it: [x, x_1, …, y], the first until ones."""
        first = as_samples(X, self.layers[0], self.dtype)
        return sequence.trace(self.steps(key)[:until], first)

    def backprop(
        self,
        trace: Sequence[Any],
        dY: Array,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = False,
        out: Parameters | None = None,
    ) -> tuple[Parameters, Array | None]:
        """Return the gradients of a loss by the parameters, and by X if asked for.

        Parameters
        ----------
        trace : sequence of arrays
            What :meth:`trace` returned, with the same key; with fewer functions, dY is the
            gradient by the last value in it.
        dY : ndarray
            The gradient of the loss by the last value, same shape.
        key : RandomKey, optional
            The key of the trace.
        input_gradient : bool, default=False
            Whether the gradient by X is wanted.
        out : Parameters, optional
            Where the gradients go.
        """
        gradients = self.parameters.empty_like() if out is None else out
        steps = self.steps(key)[: len(trace) - 1]
        if len(steps) < len(self.layers):
            for layer in self.layers[len(steps) :]:
                for name in layer.names.values():
                    gradients[name][...] = 0

        def receive(name: str, gradient: Array) -> None:
            gradients[name][...] = gradient

        dX = sequence.backprop(steps, trace, dY, receive, input_gradient=input_gradient)
        return gradients, dX

    @property
    def observes(self) -> bool:
        """Whether parameters follow the batches: the statistics of a BatchNorm."""
        return sequence.observes(self.functions)

    def observe(self, trace: Sequence[Any], key: RandomKey) -> dict[str, Array]:
        """Return what parameters become that follow the batches, by name; nothing changes.

        The trace is that of a batch in training, with the key of the step.
        """
        return sequence.observe(self.steps(key)[: len(trace) - 1], trace)

    def settle(self, X: Any) -> None:
        """Set parameters that follow the batches to what they are for all samples X (n, …)."""
        if self.observes:
            key = RandomKey(0, 0)
            for name, array in self.observe(self.trace(X, key), key).items():
                self.parameters[name][...] = array

    def fuse(self, loss: Loss) -> tuple[Loss, int]:
        """Return the loss from which backprop starts, and how many functions come before it.

        Where the last function and the loss are a pair that fuses (softmax and cross-entropy,
        sigmoid and binary cross-entropy), that is at the function's input, with y − t; likewise
        where the loss includes the function, as SoftmaxCrossEntropy() does. ValueError if the loss
        does not take what the function makes.
        """
        expect_loss(loss)
        pair = fused(self.functions[-1], loss)
        return (pair, len(self.functions) - 1) if pair else (loss, len(self.functions))

    def loss(
        self,
        loss: Loss,
        X: Any,
        t: Any,
        sample_weight: Array | None = None,
        key: RandomKey | None = None,
    ) -> float:
        """Return the mean loss for X (n, …) with targets t; without a key, of predictions."""
        last, k = self.fuse(loss)
        return last.value(self.trace(X, key, until=k)[-1], t, sample_weight)

    def gradient(
        self,
        loss: Loss,
        X: Any,
        t: Any,
        sample_weight: Array | None = None,
        key: RandomKey | None = None,
        *,
        out: Parameters | None = None,
    ) -> tuple[float, Parameters]:
        """Return the mean loss and its gradient by the parameters."""
        value, gradients, _ = self.differentiate(loss, X, t, sample_weight, key, out=out)
        return value, gradients

    def input_gradient(
        self, loss: Loss, X: Any, t: Any, sample_weight: Array | None = None
    ) -> Array:
        """Return the gradient of the mean loss by X, (n, …)."""
        dX = self.differentiate(loss, X, t, sample_weight, input_gradient=True)[2]
        assert dX is not None
        return np.asarray(dX)

    def differentiate(
        self,
        loss: Loss,
        X: Any,
        t: Any,
        sample_weight: Array | None = None,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = False,
        out: Parameters | None = None,
    ) -> tuple[float, Parameters, Array | None]:
        """Return the mean loss, its gradient by the parameters and, with input_gradient, by X."""
        last, count = self.fuse(loss)
        trace = self.trace(X, key, until=count)
        value, dY = last.value_and_gradient(trace[-1], t, sample_weight)
        gradients, dX = self.backprop(trace, dY, key, input_gradient=input_gradient, out=out)
        return value, gradients, dX

    def export(self, path: str | os.PathLike[str], **options: Any) -> Any:
        """Return what has been written to a path: the chain as a program of its own.

        The options are those of :func:`chainrule.export_network`: ``to="c"`` for C99, "js" for a
        module of JavaScript, "onnx" for ONNX, ``precision``, ``gradient`` with a ``loss``,
        ``samples``, ``weights``, ``name`` and ``opset``.
        """
        return later("export").export_network(self, path, **options)

    def derivation(self, loss: Loss, X: Any = None, t: Any = None, **options: Any) -> Any:
        """Return the backprop of the chain written out, line by line, from the loss to each W.

        Given samples X and targets t, each line has their numbers. The options are those of
        :func:`chainrule.derivation`: ``key``, ``input_gradient`` and ``digits``.
        """
        return later("explain").derivation(self, loss, X, t, **options)

    def steps(self, key: RandomKey | None) -> list[Step]:
        """Return each layer with its parameters by their own names, and its key."""
        return sequence.steps(self.layers, self.parameters, key)

    def jacobians(self, X: Any) -> list[Array]:
        """Return the Jacobian of each function at each sample, (n, *output, *input)."""
        return [
            layer.function.jacobian(x, own)
            for (layer, own, _), x in zip(self.steps(None), self.trace(X), strict=False)
        ]

    def jacobian(self, X: Any) -> Array:
        """Return the Jacobian of the chain at each sample: the product of its functions'.

        The chain rule itself: ∂y/∂x = ∂y/∂x_{n-1} · … · ∂x_1/∂x, matrices from last to first.
        """
        product = sequence.jacobian(self.steps(None), self.trace(X))
        shapes = self.layers[-1].output_shape, self.layers[0].input_shape
        return product.reshape(len(product), *shapes[0], *shapes[1])

    def formula(self) -> str:
        """Return the composition as the notes write it: ``Softmax(Linear(W0; x))``."""
        text = "x"
        for layer in self.layers:
            own = ", ".join(layer.names.values())
            text = f"{type(layer.function).__name__}({own + '; ' if own else ''}{text})"
        return text

    def formulas(self, loss: Loss | None = None) -> FormulaSheet:
        """Return the rules of all functions and, given a loss, its own and the fused pair's."""
        return formula_sheet(self.functions, loss)

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(str, self.functions))})"

    def __str__(self) -> str:
        """Return a table of layers, shapes and parameter counts."""
        return layers_text(self.layers, self.parameters) if self.initialized else repr(self)

    def _repr_html_(self) -> str:
        """Return the table for notebooks; shapes and counts are there once they are known."""
        if self.initialized:
            return layers_html(self.layers, self.parameters)
        return functions_html(self.functions)
