"""MLPClassifier and MLPRegressor: scikit-learn's networks, by changing one import."""

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
from chainrule.estimators.classification import NetworkClassifier
from chainrule.estimators.regression import NetworkRegressor
from chainrule.estimators.targets import Task
from chainrule.functions import Dropout, Elementwise, Function, Linear, Sigmoid
from chainrule.parameters import Parameters

Array = NDArray[Any]


class Multilayer(NetworkEstimator):
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
        functions: list[Function] = []
        for size in sizes:
            functions += [Linear(size), choices.activation(self.activation)]
            if self.dropout:
                functions.append(Dropout(float(self.dropout)))
        functions.append(Linear(outputs))
        return functions if task.last is None else [*functions, task.last]

    def _new_chain(self, X: Any, task: Task, outputs: int) -> Chain:
        sizes = self._hidden_sizes()
        self.n_layers_ = len(sizes) + 2
        chain = Chain(*self._functions(sizes, outputs, task))
        chain.initialize((X.shape[1],), dtype=np.float64)
        sigmoid = isinstance(choices.activation(self.activation), Sigmoid)
        draw(chain.parameters, self._random_state, 2.0 if sigmoid else 6.0)
        return chain

    def _has_network(self) -> bool:
        return hasattr(self, "coefs_")

    def _set_network(self, chain: Chain) -> None:
        self.chain_ = chain
        self.coefs_, self.intercepts_ = views(chain)

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
        chain = Chain(*self._functions(sizes[:-1], sizes[-1], self._task()))
        chain.initialize((shapes[0][0],), dtype=np.result_type(*self.coefs_, np.float32))
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

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        if hasattr(self, "chain_"):
            self._set_network(self.chain_)


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


class MLPClassifier(Multilayer, NetworkClassifier):
    """CLASSIFIER DOC"""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkClassifier._parameter_constraints,
        **Multilayer._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        class_weight: Any = None,
        label_smoothing: Any = 0.0,
        dropout: Any = 0.0,
        clip_norm: Any = None,
        dtype: Any = None,
        n_jobs: Any = None,
        engine: Any = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.clip_norm = clip_norm
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.engine = engine


class MLPRegressor(Multilayer, NetworkRegressor):
    """REGRESSOR DOC"""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkRegressor._parameter_constraints,
        **Multilayer._parameter_constraints,
    }

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        dropout: Any = 0.0,
        clip_norm: Any = None,
        dtype: Any = None,
        n_jobs: Any = None,
        engine: Any = "auto",
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.clip_norm = clip_norm
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.engine = engine
