"""Regressors: numbers in, numbers out."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from chainrule.data import Column
from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.checkpoints import FitCheckpoint
from chainrule.estimators.network import FittedNetwork
from chainrule.estimators.parameters import with_run_docs
from chainrule.estimators.score_weights import score_weights
from chainrule.estimators.streams.weights import weights_in
from chainrule.estimators.validation import answers_to
from chainrule.losses import Loss
from chainrule.targets import REGRESSION_LOSSES, Numbers, Objective, Targets, regression_objective
from chainrule.targets.columns import number_cells
from chainrule.training.session import ranks_of
from chainrule.types import Array


class FittedRegressor(RegressorMixin, FittedNetwork):  # type: ignore[misc]
    """What regressors share once they are fitted."""

    _kind_of_targets: ClassVar[str] = "numbers"

    def predict(self, X: Any) -> Array:
        """Return the numbers that belong to each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        Y = self._outputs(X)
        y: Array = self.targets_.decode(Y)
        return y

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return R² of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), images, a table, or a file's name
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or str, default=None
            Answers, or the column of a table that holds them; None takes the column of training.
        sample_weight : array-like of shape (n_samples,), or str, default=None
            What each sample weighs, or the column of a `DataStream` that says so; all weigh the
            same by default.

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        X, sample_weight = weights_in(X, sample_weight)
        X, y = answers_to(self, X, y)
        return float(super().score(X, y, score_weights(sample_weight, y)))

    def _new_answers(self, column: Column) -> Array:
        return number_cells(column)

    def _check_answers(self, y: Any, targets: Targets, *, warm: bool) -> None:
        count, outputs = y.shape[1] if y.ndim > 1 else 1, targets.outputs
        if count != outputs:
            raise ValueError(
                f"{type(self).__name__}: expected y with {outputs} number{'s' * (outputs > 1)} a "
                f"sample, as the network predicts, got {count}"
            )


class NetworkRegressor(FittedRegressor, NetworkEstimator):
    """What regressors of one network share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkEstimator._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    @with_run_docs
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: float | None = None,
        communicator: Any = None,
    ) -> Any:
        """Fit the network to data X and numbers y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; for estimators of any chain also images, a table, or the name of a file or
            of a folder of images.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their answers.
        sample_weight : array-like of shape (n_samples,), default=None
            What each sample weighs; all weigh the same by default.
        X_val, y_val, sample_weight_val : like X, y and sample_weight, default=None
            A validation set. Its losses and scores are kept for each epoch; with
            ``early_stopping=True`` it takes the place of a part of the training data.
        checkpoint, checkpoint_every, communicator
            {as of every fit}

        Returns
        -------
        self : object
        """
        held_out = X_val, y_val, sample_weight_val
        with ranks_of(communicator):
            kept = FitCheckpoint.of(self, checkpoint, checkpoint_every)
            return self._fit(X, y, sample_weight, held_out, checkpoint=kept)

    @available_if(lambda self: self._check_solver())  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Go on for one epoch over some data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their answers.
        sample_weight : array-like of shape (n_samples,), default=None
            What each sample weighs; all weigh the same by default.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        return Numbers.fit(y, name=name)

    def _objective(self, targets: Targets) -> Objective:
        return regression_objective(self.loss, targets.outputs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
