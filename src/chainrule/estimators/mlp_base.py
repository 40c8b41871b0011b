"""Networks of Linear layers, whose parameters are scikit-learn's coefs_ and intercepts_."""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Integral, Real
from operator import is_
from typing import Any, ClassVar, cast

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.chain import Chain
from chainrule.estimators import resolve
from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.fitting import FitJob, FitResult
from chainrule.estimators.parameters import Whole
from chainrule.functions import Dropout, Elementwise, Exp, Function, Linear, Sigmoid
from chainrule.inputs import Inputs, Rows
from chainrule.layout import ChainLayout
from chainrule.parameters import Parameters
from chainrule.targets import Targets
from chainrule.types import Array

VIEWS = ("coefs_", "intercepts_", "_views")


class MLP(NetworkEstimator):
    """A chain of Linear layers, each but the last with an activation.

    ``coefs_`` and ``intercepts_`` are views of the chain's parameters. Other arrays that are put
    there become the network's parameters: they are taken over before it is used.
    """

    _kinds_of_inputs: ClassVar[Collection[str]] = ("rows",)
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Whole(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(resolve.ACTIVATION_NAMES)), Elementwise],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def _validate_params(self) -> None:
        super()._validate_params()
        self._hidden_sizes()

    def _hidden_sizes(self) -> list[int]:
        """Return the sizes of the hidden layers; ValueError unless they are whole numbers > 0."""
        given = self.hidden_layer_sizes
        sizes = list(given) if np.iterable(given) and not isinstance(given, dict) else [given]
        for size in sizes:
            if not isinstance(size, Integral) or isinstance(size, bool):
                raise ValueError(
                    f"{type(self).__name__}: expected hidden_layer_sizes to be whole numbers >= 1, "
                    f"got {size!r} in {given!r}"
                )
        if any(size <= 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return [int(size) for size in sizes]

    def _new_inputs(self, X: Any) -> Inputs:
        self._hidden_sizes()
        return Rows()

    def _functions(self, sizes: list[int], outputs: int, targets: Targets) -> list[Function]:
        """Return the functions of a network with hidden layers of such sizes."""
        activation, dropout = resolve.activation(self.activation), float(self.dropout)
        after: list[Function] = [activation, *([Dropout(dropout)] if dropout else [])]
        return in_layers(sizes, after, outputs, self._objective(targets).last)

    def _new_chain(
        self, shape: tuple[int, ...], targets: Targets, random_state: np.random.RandomState
    ) -> Chain:
        functions = self._functions(self._hidden_sizes(), targets.outputs, targets)
        chain = Chain.from_layout(ChainLayout.of(functions, shape, np.float64))
        sigmoid = isinstance(resolve.activation(self.activation), Sigmoid)
        draw(chain.parameters, random_state, 2.0 if sigmoid else 6.0)
        return chain

    def _check_chain(self, chain: Any, inputs: Inputs, targets: Targets) -> None:
        functions = list(chain.functions)
        layers = [k for k, function in enumerate(functions) if isinstance(function, Linear)]
        sizes = [function.outputs for function in functions if isinstance(function, Linear)]
        ends: list[Function | None] = [None, Exp()]
        if targets.task != "regression":
            ends = [self._objective(targets).last]
        last = None if isinstance(functions[-1], Linear) else functions[-1]
        after = functions[1 : layers[1]] if len(layers) > 1 else []
        if (
            not sizes
            or functions != in_layers(sizes[:-1], after, targets.outputs, last)
            or not all(isinstance(each, Elementwise | Dropout) for each in after)
            or last not in ends
            or chain.input_shape != inputs.sample_shape
        ):
            raise ValueError("expected a chain of layers for its features and classes")

    def _check_going_on(self) -> None:
        before = getattr(self, "_asked_sizes", None)
        if before is None and hasattr(self, "chain_"):
            before = widths(self.chain_)[:-1]
        sizes = self._hidden_sizes()
        if before is not None and sizes != before:
            raise ValueError(
                f"{type(self).__name__}: expected the network of the fit before to go on with, "
                f"hidden_layer_sizes={before}, got hidden_layer_sizes={sizes}; warm_start=False "
                "and fit begin a new one"
            )

    def _install(self, job: FitJob, result: FitResult) -> None:
        super()._install(job, result)
        self._asked_sizes = self._hidden_sizes()

    def _chain_going_on(self, targets: Targets) -> Chain:
        """Return the fitted chain, after its layers the activation and dropout as they are now."""
        chain = self._network(targets)
        *hidden, outputs = widths(chain)
        functions = self._functions(hidden, outputs, targets)
        if functions == list(chain.functions):
            return chain
        if isinstance(functions[-1], Exp) != isinstance(chain.functions[-1], Exp):
            loss = getattr(self, "loss", None)
            raise ValueError(
                f"{type(self).__name__}: expected the network of the fit before to go on with, "
                f"which ends in {chain.functions[-1]}, got loss={loss!r}, for which it ends in "
                f"{functions[-1]}; warm_start=False and fit begin a new one"
            )
        layout = ChainLayout.of(functions, chain.layers[0].input_shape, chain.dtype)
        return Chain.from_layout(layout, chain.parameters.flat)

    def _has_network(self) -> bool:
        return hasattr(self, "coefs_")

    def _chain_attributes(self, chain: Chain) -> dict[str, Any]:
        coefs, intercepts = views(chain)
        return {
            **super()._chain_attributes(chain),
            "coefs_": coefs,
            "intercepts_": intercepts,
            "n_layers_": len(coefs) + 1,
            "_views": [*coefs, *intercepts],
        }

    def _network(self, targets: Targets | None = None) -> Chain:
        """Return the chain, with the parameters that stand in coefs_ and intercepts_.

        Where these were set by hand before any fit, the targets say how it ends.
        """
        given = [*self.coefs_, *self.intercepts_]
        own_views = getattr(self, "_views", ())
        if len(given) == len(own_views) and all(map(is_, given, own_views)):
            return cast("Chain", self.chain_)
        if hasattr(self, "chain_"):
            coefs, intercepts = views(self.chain_)
            own = [*coefs, *intercepts]
            if [np.shape(array) for array in given] == [view.shape for view in own]:
                if not self.chain_.parameters.flat.flags.writeable:  # it lies in a mapped file
                    self.__dict__.update(self._chain_attributes(self.chain_.astype(self.chain_.dtype)))
                    own = _both(views(self.chain_))
                for view, array in zip(own, given, strict=True):
                    if not np.may_share_memory(view, array):
                        view[...] = array
                return cast("Chain", self.chain_)
        return self._rebuilt(targets or self.targets_)

    def _rebuilt(self, targets: Targets) -> Chain:
        """Return a chain of the shapes and numbers in coefs_ and intercepts_."""
        shapes = [np.shape(W) for W in self.coefs_]
        sizes = [shape[1] for shape in shapes]
        functions = self._functions(sizes[:-1], sizes[-1], targets)
        self.__dict__.pop("gradient_norms_", None)  # they were another network's
        dtype = np.result_type(*self.coefs_, np.float32)
        chain = Chain.from_layout(ChainLayout.of(functions, (shapes[0][0],), dtype))
        for view, array in zip(_both(views(chain)), _both(self), strict=True):
            view[...] = array
        self.__dict__.update(self._chain_attributes(chain))
        return chain

    def __getstate__(self) -> Any:
        """Return the state without the views, which would become copies."""
        if hasattr(self, "chain_"):
            self._network()
        state = super().__getstate__()
        if "chain_" in state:
            state = {k: v for k, v in state.items() if k not in VIEWS}
        return state


def in_layers(
    sizes: list[int], after: list[Function], outputs: int, last: Function | None
) -> list[Function]:
    """Return hidden layers of such sizes with the same after each, an output layer, and the end."""
    hidden = [each for size in sizes for each in (Linear(size), *after)]
    return [*hidden, Linear(outputs), *([] if last is None else [last])]


def widths(chain: Chain) -> list[int]:
    """Return the outputs of each layer of a chain of Linear layers."""
    return [each.outputs for each in chain.functions if isinstance(each, Linear)]


def views(chain: Chain) -> tuple[list[Array], list[Array]]:
    """Return the weights and the biases of a chain of Linear layers."""
    layers = [layer.names for layer in chain.layers if isinstance(layer.function, Linear)]
    own = chain.parameters
    return [own[names["W"]] for names in layers], [own[names["b"]] for names in layers]


def _both(source: Any) -> list[Array]:
    if isinstance(source, tuple):
        return [*source[0], *source[1]]
    return [*source.coefs_, *source.intercepts_]


def draw(parameters: Parameters, random_state: np.random.RandomState, factor: float) -> None:
    """Draw weights, then biases, of each layer, uniform up to √(factor/(inputs + outputs)).

    Glorot & Bengio, 2010; in scikit-learn's order, so that the numbers are its.
    """
    for name, array in parameters.items():
        if array.ndim == 2:
            bound = math.sqrt(factor / sum(array.shape))
        parameters[name][...] = random_state.uniform(-bound, bound, array.shape)
