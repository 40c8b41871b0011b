"""Networks of Linear layers, whose parameters are scikit-learn's coefs_ and intercepts_."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.chain import Chain
from chainrule.estimators import choices
from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.parameters import TrainingParameters
from chainrule.estimators.targets import Labels, Task, out_activation
from chainrule.functions import Dropout, Elementwise, Exp, Function, Linear, Sigmoid
from chainrule.layout import ChainLayout
from chainrule.parameters import Parameters

Array = NDArray[Any]


class Multilayer(TrainingParameters, NetworkEstimator):
    """A chain of Linear layers, each but the last with an activation.

    ``coefs_`` and ``intercepts_`` are views of the chain's parameters. Whoever puts other arrays
    there gives the network other parameters: they are taken over before it is used.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(choices.ACTIVATION_NAMES)), Elementwise],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if np.any(np.array(sizes) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return [int(size) for size in sizes]

    def _fit(self, *args: Any, **options: Any) -> Any:
        self._hidden_sizes()
        return super()._fit(*args, **options)

    def _functions(self, sizes: list[int], outputs: int, task: Task) -> list[Function]:
        """Return the functions of a network with hidden layers of such sizes."""
        activation, dropout = choices.activation(self.activation), float(self.dropout)
        after: list[Function] = [activation, *([Dropout(dropout)] if dropout else [])]
        return in_layers(sizes, after, outputs, task.last)

    def _new_chain(self, X: Any, task: Task, outputs: int) -> Chain:
        functions = tuple(self._functions(self._hidden_sizes(), outputs, task))
        chain = Chain.from_layout(ChainLayout.of(functions, (X.shape[1],), np.float64))
        sigmoid = isinstance(choices.activation(self.activation), Sigmoid)
        draw(chain.parameters, self._random_state, 2.0 if sigmoid else 6.0)
        return chain

    def _restore(self, labels: Labels | None, chain: ChainLayout) -> None:
        functions = list(chain.functions)
        layers = [k for k, function in enumerate(functions) if isinstance(function, Linear)]
        sizes = [function.outputs for function in functions if isinstance(function, Linear)]
        self._learn_outputs(labels, sizes[-1] if sizes else 0)
        ends = [None, Exp()] if labels is None else [self._task().last]
        last = None if isinstance(functions[-1], Linear) else functions[-1]
        after = functions[1 : layers[1]] if len(layers) > 1 else []
        if (
            functions != in_layers(sizes[:-1], after, self.n_outputs_, last)
            or not all(isinstance(each, Elementwise | Dropout) for each in after)
            or last not in ends
            or chain.input_shape != (self.n_features_in_,)
        ):
            raise ValueError("expected a chain of layers for its features and classes")
        self.out_activation_ = out_activation(last)

    def _has_network(self) -> bool:
        return hasattr(self, "coefs_")

    def _set_network(self, chain: Chain) -> None:
        super()._set_network(chain)
        self.coefs_, self.intercepts_ = views(chain)
        self.n_layers_ = len(self.coefs_) + 1

    def _network(self) -> Chain:
        """Return the chain, with the parameters that stand in coefs_ and intercepts_."""
        given = [*self.coefs_, *self.intercepts_]
        if hasattr(self, "chain_"):
            coefs, intercepts = views(self.chain_)
            own = [*coefs, *intercepts]
            if [np.shape(array) for array in given] == [view.shape for view in own]:
                for view, array in zip(own, given, strict=True):
                    if not np.may_share_memory(view, array):
                        view[...] = array
                chain: Chain = self.chain_
                return chain
        return self._rebuilt()

    def _rebuilt(self) -> Chain:
        """Return a chain of the shapes and numbers in coefs_ and intercepts_."""
        shapes = [np.shape(W) for W in self.coefs_]
        sizes = [shape[1] for shape in shapes]
        functions = tuple(self._functions(sizes[:-1], sizes[-1], self._task()))
        self.__dict__.pop("gradient_norms_", None)  # they were another network's
        dtype = np.result_type(*self.coefs_, np.float32)
        chain = Chain.from_layout(ChainLayout.of(functions, (shapes[0][0],), dtype))
        for view, array in zip(_both(views(chain)), _both(self), strict=True):
            view[...] = array
        self._set_network(chain)
        return chain

    def __getstate__(self) -> Any:
        """Return the state without the views, which would become copies."""
        if hasattr(self, "chain_"):
            self._network()
        state = super().__getstate__()
        if "chain_" in state:
            state = {k: v for k, v in state.items() if k not in ("coefs_", "intercepts_")}
        return state


def in_layers(
    sizes: list[int], after: list[Function], outputs: int, last: Function | None
) -> list[Function]:
    """Return hidden layers of such sizes with the same after each, an output layer, and the end."""
    hidden = [each for size in sizes for each in (Linear(size), *after)]
    return [*hidden, Linear(outputs), *([] if last is None else [last])]


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
