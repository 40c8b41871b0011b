"""What a fitted network tells: outputs, derivatives, checks; and what its kinds must state."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from chainrule.chain import Chain
from chainrule.checking import Report, check_gradients
from chainrule.engine.prediction import Forward, in_blocks
from chainrule.estimators.files import Saved, describe, restore_from
from chainrule.estimators.targets import Labels, Task
from chainrule.files import ModelFileError
from chainrule.files.container import read_model_file, write_model_file
from chainrule.files.objects import check_classes
from chainrule.layout import ChainLayout
from chainrule.training.samples import Samples

Array = NDArray[Any]


class FittedNetwork(BaseEstimator, ABC):  # type: ignore[misc]
    """A network with scikit-learn's manners; ``chain_`` is the fitted one."""

    # What the classes of the room state.

    @abstractmethod
    def _new_chain(self, X: Any, task: Task, outputs: int) -> Chain:
        """Return a chain for data like X, its parameters drawn from ``_random_state``."""

    @abstractmethod
    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Return X and y validated; with reset the features are those of X from now on."""

    @abstractmethod
    def _learn_targets(self, y: Any, *, first: bool, incremental: bool) -> None:
        """Learn from validated y what the targets are, or complain if they are others."""

    @abstractmethod
    def _targets(self, y: Any) -> Array:
        """Return validated y as a loss and a score take it."""

    @abstractmethod
    def _task(self) -> Task:
        """Return what the network is for, once the targets are known."""

    @abstractmethod
    def _score_outputs(self, Y: Array, t: Array, weights: Array | None) -> float:
        """Return the score of the chain's outputs, higher being better."""

    @abstractmethod
    def _learn_outputs(self, labels: Labels | None, outputs: int) -> None:
        """Take over what a file says of the targets: labels, or how many numbers."""

    def _labels_of(self, t: Array) -> Array:
        """Return targets as users gave them, from what ``_targets`` has made of them."""
        return t[:, 0] if t.shape[1:] == (1,) else t

    def _training_targets(self, t: Array) -> Array:
        """Return targets as training sees them."""
        return t

    def _weights(self, y: Any, weights: Array | None, *, incremental: bool) -> Array | None:
        """Return the weights of samples with targets y."""
        return weights

    def _stratified(self, t: Array) -> Array | None:
        """Return what both parts of a split should have in equal shares."""
        return None

    def _network(self) -> Chain:
        """Return the fitted chain."""
        chain: Chain = self.chain_
        return chain

    def _has_network(self) -> bool:
        """Return whether there is a chain to go on with."""
        return hasattr(self, "chain_")

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a network; a fit that failed has left other attributes."""
        return self._has_network()

    def _set_network(self, chain: Chain) -> None:
        """Take over a fitted chain."""
        self.chain_, self._predictions = chain, Predictions()

    def _held_out(self, X: Any, y: Any, sample_weight: Any) -> Samples | None:
        """Return the validation set that a user gave, checked."""
        if X is None and y is None:
            if sample_weight is not None:
                raise ValueError("sample_weight_val is provided, but X_val was not provided.")
            return None
        if y is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        X, y = self._checked(X, y, reset=False)
        check_consistent_length(X, y)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        return Samples(X, self._targets(y), self._weights(y, weights, incremental=False))

    # Using.

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted network to a .safetensors file, from which ``load`` takes it.

        The file has the constructor's parameters, the chain, classes, features and curves; not
        the optimizer's numbers, so that ``partial_fit`` begins with new ones, nor ``history_``.
        What is written can be read: parameters that were set after ``fit`` come back as they are,
        beside the network that was fitted.

        Raises
        ------
        ModelFileError
            The file cannot be written, or something cannot be kept in it.
        """
        check_is_fitted(self)
        try:
            described = describe(self)
        except (ValueError, TypeError) as error:
            raise ModelFileError(f"{path}: cannot be saved: {error}") from None
        write_model_file(Path(path), described, self._network().parameters.flat)

    @classmethod
    def load(cls, path: str | os.PathLike[str], functions: Iterable[type[Any]] = ()) -> Self:
        """Return the estimator in a file; nothing in the file is executed.

        Parameters
        ----------
        functions
            Classes of your own that it uses: functions, losses, optimizers, schedules,
            augmentations. They are dataclasses.

        Raises
        ------
        ModelFileError
            The file is no estimator of this class, cut off, damaged, or uses unknown classes.
        """
        own = tuple(functions)
        check_classes(own)
        saved, flat = read_model_file(Path(path), partial(Saved.from_text, extra=own))
        estimator: Self = restore_from(path, saved, flat, [cls])
        return estimator

    def _restore(self, labels: Labels | None, chain: ChainLayout) -> None:
        """Set what was learned besides parameters; ValueError if the chain does not fit it.

        The parameters of the estimator need not be those that the chain was fitted with.
        """
        raise NotImplementedError

    def _validated(self, X: Any) -> Any:
        """Return X for a fitted network, checked."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return X.tocsr() if sparse.issparse(X) else X

    def _outputs(self, X: Any, *, fused_away: bool = False) -> Array:
        """Return the chain's outputs of X, or what goes into a last function that fuses."""
        X, chain = self._validated(X), self._network()
        if self.engine == "reference":
            layers = chain.layers[:-1] if fused_away else chain.layers
            return in_blocks(Chain.assemble(layers, chain.parameters), X)
        return self._predictions(chain, X, whole=not fused_away, threads=self._threads())

    def __getstate__(self) -> Any:
        """Return the state without programs, which hold addresses."""
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_predictions"}

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        if hasattr(self, "chain_"):
            self._set_network(self.chain_)

    def input_gradient(self, X: Any, y: Any, sample_weight: Any = None) -> Array:
        """Return the gradient of the mean loss by X: how much each number in it matters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        gradient : ndarray of the shape of X
        """
        data = self._comparable(X, y, sample_weight)
        chain = self._network()
        return chain.input_gradient(self._task().loss, data.X, data.t, data.weights)

    def jacobian(self, X: Any) -> Array:
        """Return the derivative of each output by each feature, at each sample.

        Of a classifier the outputs are probabilities: one of the second class where there are
        two classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        jacobian : ndarray of shape (n_samples, n_outputs, n_features)
        """
        X = self._validated(X)
        return self._network().jacobian(X.toarray() if sparse.issparse(X) else X)

    def check_gradients(self, X: Any, y: Any, sample_weight: Any = None) -> Report:
        """Compare backprop with finite differences, in float64, at the fitted parameters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A few samples are enough.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        report : Report
            Prints as a table; ``report.passed`` is the verdict.
        """
        data = self._comparable(X, y, sample_weight)
        chain = self._network().astype(np.float64)
        return check_gradients(chain, self._task().loss, data.X, data.t, data.weights)

    def _comparable(self, X: Any, y: Any, sample_weight: Any) -> Samples:
        """Return samples for the fitted network's loss, dense."""
        check_is_fitted(self)
        samples = self._held_out(X, y, sample_weight)
        assert samples is not None
        X = samples.X.toarray() if sparse.issparse(samples.X) else samples.X
        return replace(samples, X=X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _threads(self) -> int | None:
        return None if self.n_jobs is None else int(effective_n_jobs(self.n_jobs))


class Predictions:
    """A chain's predictions, whole or without the last function, for one thread at a time.

    By machine code where it has kernels for the chain, whatever the number of samples: the same
    samples get the same bits again.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.made: dict[tuple[bool, int | None], tuple[Any, Callable[[Any], Array]]] = {}

    def __call__(self, chain: Chain, X: Any, *, whole: bool, threads: int | None) -> Array:
        """Return the outputs (n, k) of samples X (n, …)."""
        with self.lock:
            parameters, predict = self.made.get((whole, threads), (None, None))
            if predict is None or parameters is not chain.parameters:
                layers = chain.layers if whole else chain.layers[:-1]
                predict = Forward(Chain.assemble(layers, chain.parameters), threads=threads)
                self.made[whole, threads] = chain.parameters, predict
            return predict(X)
