"""Estimators of any chain: the chain as a parameter, and its nested parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.chain import Chain
from chainrule.data import Images as Pictures
from chainrule.data.images import image_size
from chainrule.data.sources import learned_images
from chainrule.display import shape_text
from chainrule.estimators import resolve
from chainrule.estimators.base import NetworkEstimator
from chainrule.functions import Elementwise, Function, Linear, Softmax
from chainrule.functions.fields import hyperparameters
from chainrule.inputs import FORMATS, INPUTS, Images, Inputs, Options, Rows, infer_images
from chainrule.inputs.images import image_shape
from chainrule.targets import Targets
from chainrule.training import Augmentation
from chainrule.training.augmentation import check_augmentations


@dataclass(eq=False, repr=False)
class ChainEstimator(NetworkEstimator):
    """What estimators of any chain share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "chain": [Chain],
        "complete": ["boolean"],
        "inputs": [StrOptions(INPUTS.keys()), None],
        "image_format": [StrOptions(set(FORMATS)), None],
        "image_shape": ["array-like", None],
        "image_size": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "augmentation": [list, tuple, Augmentation, None],
    }

    chain: Any
    _: KW_ONLY
    complete: Any = False
    inputs: Any = None
    image_format: Any = None
    image_shape: Any = None
    image_size: Any = None
    augmentation: Any = None

    def _validate_params(self) -> None:
        super()._validate_params()
        check_augmentations(resolve.augmentations(self))
        if self.image_shape is not None:
            image_shape(type(self).__name__, self.image_shape)
        if self.image_size is not None:
            image_size(self.image_size)

    # The chain and its nested parameters.

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the estimator and, if asked for, of the chain's functions.

        Those of the chain are named by the function's number, as ``chain__0__outputs``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to name those of the chain's functions, too.

        Returns
        -------
        parameters : dict
        """
        parameters: dict[str, Any] = super().get_params(deep=deep)
        if deep and isinstance(self.chain, Chain):
            parameters |= _hyperparameters(self.chain.functions)
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

    def _opened(self, X: Any) -> Any:
        pictures = X
        if self.inputs in (None, Images.kind):
            pictures = learned_images(X, self.image_size)
        name = type(self).__name__
        if not isinstance(pictures, Pictures):
            if self.image_size is not None:
                raise ValueError(
                    f"{name}: image_size={self.image_size!r} is for folders and files of images, "
                    f"got X of type {type(X).__name__}"
                )
        elif pictures is not X and self.verbose:
            print(*(f"{name}: {note}" for note in pictures.notes), sep="\n")
        return pictures

    def _new_inputs(self, X: Any) -> Inputs:
        name = type(self).__name__
        options = Options(name, self.image_format, self.image_shape)
        if self.inputs is None and isinstance(X, Pictures):
            return Images.learn(X, options)
        if self.inputs is not None:
            return INPUTS[self.inputs].learn(X, options)
        found = infer_images(X, options)
        if found is not None and found.inferred and self.verbose:
            print(f"{name}: X {np.shape(X)} is read as {found.describe()}, {found.format}")
        return found or Rows()

    def _described(self, inputs: Inputs, targets: Targets, chain: Any) -> dict[str, Any]:
        described = super()._described(inputs, targets, chain)
        read = inputs.format if isinstance(inputs, Images) else None
        return {**described, "image_format_": read}

    def _functions(self, targets: Targets) -> list[Function]:
        """Return the functions of a network for the targets."""
        functions = list(self.chain.functions)
        if self.complete:
            last = self._objective(targets).last
            functions += [Linear(targets.outputs), *([] if last is None else [last])]
        return functions

    def _new_chain(
        self, shape: tuple[int, ...], targets: Targets, random_state: np.random.RandomState
    ) -> Chain:
        seed = int(random_state.randint(2**31 - 1))
        chain = Chain(*self._functions(targets))
        try:
            chain.initialize(shape, seed=seed, dtype=np.float64)
        except ValueError as error:
            name = type(self).__name__
            raise ValueError(
                f"{name}: the chain does not fit X: {error}{self._hint(shape)}"
            ) from None
        if chain.layers[-1].output_shape != (targets.outputs,) or not self._ends_well(
            chain.functions[-1], targets
        ):
            raise self._misfit(chain, targets)
        return chain

    def _ends_well(self, last: Function, targets: Targets) -> bool:
        """Return whether a chain for the targets may end in a function."""
        return True

    def _hint(self, shape: tuple[int, ...]) -> str:
        if len(shape) == 1:
            return "; image_shape=(c, h, w) reads rows as images"
        return "; Flatten() makes rows of images"

    def _misfit(self, chain: Chain, targets: Targets) -> ValueError:
        """Return the error that says how a chain should end for the targets."""
        shape = shape_text(chain.layers[-1].output_shape)
        return ValueError(
            f"{type(self).__name__}: expected a chain that ends with {self._needed(targets)}, got "
            f"one that ends in {chain.functions[-1]}, its outputs of shape {shape}; complete=True "
            "adds the last layer for the targets"
        )

    def _needed(self, targets: Targets) -> str:
        """Return what the chain should end with."""
        outputs = targets.outputs
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

    def _check_chain(self, chain: Any, inputs: Inputs, targets: Targets) -> None:
        if chain.output_shape != (targets.outputs,) or chain.input_shape != inputs.sample_shape:
            raise ValueError("expected a chain for its features and classes")

    def _check_going_on(self) -> None:
        begun, now = Chain(*self.chain_.functions), Chain(*self._functions(self.targets_))
        same = begun.functions in (now.functions, self.chain.functions)  # complete without more
        self._check_same("the chain", begun, now, same)
        if not self._ends_well(begun.functions[-1], self.targets_):
            raise self._misfit(self.chain_, self.targets_)
        inputs = self.inputs_
        self._check_same("inputs", inputs.kind, self.inputs, self.inputs in (None, inputs.kind))
        images = inputs if isinstance(inputs, Images) else None
        read = None if images is None else images.format
        self._check_same("image_format", read, self.image_format, self.image_format in (None, read))
        own = None if images is None else images.given
        same = self.image_shape is None or tuple(self.image_shape) == own
        self._check_same("image_shape", own, self.image_shape, same)

    def _check_same(self, name: str, before: Any, now: Any, same: bool) -> None:
        """Raise ValueError unless what a fitted network began with is the same now."""
        if not same:
            raise ValueError(
                f"{type(self).__name__}: expected {name} of the fit before to go on with, "
                f"{before!r}, got {now!r}; warm_start=False and fit begin a new network"
            )
        size = None if self.image_size is None else image_size(self.image_size)
        if size is not None and size != self.inputs_.sample_shape[1:]:
            raise ValueError(
                f"{type(self).__name__}: expected the size of the fit before to go on with, "
                f"image_size={self.inputs_.sample_shape[1:]}, got {self.image_size!r}"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        first = self.chain.functions[0] if isinstance(self.chain, Chain) else None
        tags.input_tags.sparse = bool(first is not None and first.sparse_input)
        tags.input_tags.three_d_array = not tags.input_tags.sparse
        tags.input_tags.string = tags.input_tags.allow_nan = self.inputs == "table"
        return tags


def _hyperparameters(functions: Sequence[Function], above: str = "") -> dict[str, Any]:
    """Return the hyperparameters of functions by their names, as ``chain__0__outputs``."""
    found: dict[str, Any] = {}
    for number, function in enumerate(functions):
        place = f"{above}chain__{number}__"
        own = hyperparameters(function)
        found |= {place + name: value for name, value in own.items()}
        if "chain" in own:
            found |= _hyperparameters(function.inner_functions, place)
    return found


def _changed(name: str, chain: Chain, nested: dict[str, Any]) -> Chain:
    """Return a chain with other hyperparameters, keys as ``chain__0__outputs``."""
    functions = chain.functions
    for key, value in nested.items():
        known = _hyperparameters(functions)
        if key not in known:
            raise ValueError(
                f"Invalid parameter {key!r} for {name}: expected chain, or one of a function of "
                f"the chain: {', '.join(known) or 'none has any'}"
            )
        functions = _with(functions, key, value)
    return Chain(*functions)


def _with(functions: tuple[Function, ...], key: str, value: Any) -> tuple[Function, ...]:
    """Return functions of which one, or one within it, has another hyperparameter."""
    _, number, rest = key.split("__", 2)
    place = int(number)
    function: Any = functions[place]
    if rest.startswith("chain__"):
        rest, value = "chain", _with(function.inner_functions, rest, value)
    changed: Any = replace(function, **{rest: value})
    return (*functions[:place], changed, *functions[place + 1 :])
