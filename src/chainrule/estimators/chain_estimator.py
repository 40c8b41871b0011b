"""Estimators of any chain: the chain as a parameter, and its nested parameters."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, fields, replace
from math import prod
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from chainrule.chain import Chain
from chainrule.display import shape_text
from chainrule.estimators.images import FORMATS
from chainrule.estimators.parameters import TrainingParameters
from chainrule.estimators.samples import ImageSamples
from chainrule.estimators.targets import Labels, Task, out_activation
from chainrule.functions import Elementwise, Function, Linear, Softmax
from chainrule.layout import ChainLayout
from chainrule.training import Augmentation, Plan

Array = NDArray[Any]

NESTED = re.compile(r"chain__(\d+)__(\w+)")


@dataclass(eq=False, repr=False)
class ChainEstimator(TrainingParameters, ImageSamples):
    """What estimators of any chain share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "chain": [Chain],
        "complete": ["boolean"],
        "image_format": [StrOptions(set(FORMATS)), None],
        "image_shape": ["array-like", None],
        "augmentation": [list, tuple, Augmentation, None],
    }

    chain: Any
    _: KW_ONLY
    complete: Any = False
    image_format: Any = None
    image_shape: Any = None
    augmentation: Any = None

    # The chain and its nested parameters.

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the estimator and, if asked for, of the chain's functions.

        Those of the chain are named by the function's number, as ``chain__0__outputs``.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        parameters : dict
        """
        parameters: dict[str, Any] = super().get_params(deep=deep)
        if deep and isinstance(self.chain, Chain):
            for number, function in enumerate(self.chain.functions):
                for name in _names(function):
                    parameters[f"chain__{number}__{name}"] = getattr(function, name)
        return parameters

    def set_params(self, **parameters: Any) -> Any:
        """Set parameters; those of a function of the chain make a new chain.

        Parameters
        ----------
        **parameters : dict
            As ``get_params`` names them.

        Returns
        -------
        self : object
        """
        nested = {key: value for key, value in parameters.items() if key.startswith("chain__")}
        super().set_params(**{k: v for k, v in parameters.items() if k not in nested})
        if nested:
            self.chain = _changed(type(self).__name__, self.chain, nested)
        return self

    def _functions(self, task: Task, outputs: int) -> list[Function]:
        """Return the functions of a network for so many outputs."""
        functions = list(self.chain.functions)
        if self.complete:
            last = task.last
            functions += [Linear(outputs), *([] if last is None else [last])]
        return functions

    def _new_chain(self, X: Any, task: Task, outputs: int) -> Chain:
        seed = int(self._random_state.randint(2**31 - 1))
        chain = Chain(*self._functions(task, outputs))
        try:
            chain.initialize(tuple(X.shape[1:]), seed=seed, dtype=np.float64)
        except ValueError as error:
            hint = self._hint(X.shape[1:])
            raise ValueError(f"{self._name}: the chain does not fit X: {error}{hint}") from None
        if chain.layers[-1].output_shape != (outputs,):
            raise self._misfit(chain, outputs)
        self.out_activation_ = out_activation(chain.functions[-1])
        return chain

    def _hint(self, shape: tuple[int, ...]) -> str:
        if len(shape) == 1:
            return "; image_shape=(c, h, w) reads rows as images"
        return "; Flatten() makes rows of images"

    def _misfit(self, chain: Chain, outputs: int) -> ValueError:
        """Return the error that says how a chain should end for so many outputs."""
        shape = shape_text(chain.layers[-1].output_shape)
        return ValueError(
            f"{self._name}: expected a chain that ends with {self._needed(outputs)}, got one that "
            f"ends in {chain.functions[-1]}, its outputs of shape {shape}; complete=True adds "
            "the last layer for the targets"
        )

    def _needed(self, outputs: int) -> str:
        """Return what the chain should end with."""
        return f"{outputs} output{'s' * (outputs > 1)} for the targets"

    def _width(self) -> int | None:
        """Return how many outputs the chain makes, where its last functions tell."""
        if self.complete or not isinstance(self.chain, Chain):
            return None
        for function in reversed(self.chain.functions):
            if isinstance(function, Linear):
                return function.outputs
            if not isinstance(function, Elementwise | Softmax):
                return None
        return None

    def _restore(self, labels: Labels | None, chain: ChainLayout) -> None:
        shape = chain.output_shape
        self._learn_outputs(labels, shape[0] if len(shape) == 1 else 0)
        if shape != (self.n_outputs_,) or prod(chain.input_shape) != self.n_features_in_:
            raise ValueError("expected a chain for its features and classes")
        self._restore_reading(chain.input_shape)
        self.out_activation_ = out_activation(chain.functions[-1])

    # Training.

    def _fit(self, X: Any, *args: Any, **options: Any) -> Any:
        if self._has_network() and (self.warm_start or options.get("incremental")):
            self._check_same_chain()
        return super()._fit(X, *args, **options)

    def _check_same_chain(self) -> None:
        begun = self.chain_.functions[: len(self.chain.functions)]
        if begun != self.chain.functions:
            raise ValueError(
                f"{self._name}: expected the chain of the fit before to go on with, "
                f"{Chain(*begun)!r}, got {self.chain!r}"
            )

    def _plan(self, *args: Any, **options: Any) -> Plan:
        plan = super()._plan(*args, **options)
        if not self.augmentation:
            return plan
        several = isinstance(self.augmentation, list | tuple)
        changes = tuple(self.augmentation) if several else (self.augmentation,)
        epochs = len(self.loss_curve_)  # from call to call the changes are others
        seed = int(self._random_state.randint(2**31 - 1)) + epochs
        return replace(plan, augmentation=changes, seed=seed)

    def _fit_second_order(self, *args: Any) -> None:
        if self.augmentation:
            raise ValueError(
                f"{self._name}: expected a solver that takes steps on batches for augmentation, "
                "got solver='lbfgs'"
            )
        super()._fit_second_order(*args)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        first = self.chain.functions[0] if isinstance(self.chain, Chain) else None
        tags.input_tags.sparse = bool(first is not None and first.sparse_input)
        tags.input_tags.three_d_array = not tags.input_tags.sparse
        return tags


def _names(function: Function) -> list[str]:
    """Return the names of a function's hyperparameters."""
    return [field.name for field in fields(cast("Any", function)) if field.init]


def _changed(name: str, chain: Chain, nested: dict[str, Any]) -> Chain:
    """Return a chain with other hyperparameters, keys as ``chain__0__outputs``."""
    functions = list(chain.functions)
    for key, value in nested.items():
        match = NESTED.fullmatch(key)
        place = int(match[1]) if match else len(functions)
        if match is None or place >= len(functions) or match[2] not in _names(functions[place]):
            known = [
                f"chain__{number}__{each}"
                for number, function in enumerate(functions)
                for each in _names(function)
            ]
            raise ValueError(
                f"Invalid parameter {key!r} for {name}: expected chain, or one of a function of "
                f"the chain: {', '.join(known) or 'none has any'}"
            )
        changed: Any = replace(cast("Any", functions[place]), **{match[2]: value})
        functions[place] = changed
    return Chain(*functions)
