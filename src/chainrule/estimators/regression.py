"""Regressors: numbers in, numbers out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.targets import REGRESSION_LOSSES, Labels, Task, r_squared, regression_task
from chainrule.losses import Loss

Array = NDArray[Any]


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """What regressors share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkEstimator._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Fit the network to data X and numbers y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        X_val, y_val, sample_weight_val : like X, y and sample_weight, default=None
            A validation set. Its losses and scores are kept for each epoch; with
            ``early_stopping=True`` it takes the place of a part of the training data.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @available_if(lambda self: self._check_solver())  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Go on for one epoch over some data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """Return the numbers that belong to each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        check_is_fitted(self)
        Y = self._outputs(X)
        return Y[:, 0] if Y.shape[1] == 1 else Y

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _learn_targets(self, y: Any, *, first: bool, incremental: bool) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]

    def _learn_outputs(self, labels: Labels | None, outputs: int) -> None:
        if labels is not None:
            raise ValueError("expected no classes for a regressor, got some")
        self.n_outputs_ = outputs

    def _targets(self, y: Any) -> Array:
        columns = np.asarray(y)
        columns = columns[:, None] if columns.ndim == 1 else columns
        return columns if columns.dtype.kind == "f" else columns.astype(np.float64)

    def _task(self) -> Task:
        return regression_task(self.loss, self.n_outputs_)

    def _score_outputs(self, Y: Array, t: Array, weights: Array | None) -> float:
        return r_squared(Y, t, weights) if np.isfinite(Y).all() else float("nan")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
