"""Classifiers: labels in, labels and probabilities out."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.targets import Labels, Task
from chainrule.functions import Sigmoid, Softmax

Array = NDArray[Any]


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """What classifiers share; its chains end with softmax, or with sigmoids."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
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
        """Fit the network to data X and labels y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), or of shape (n_samples, n_labels) with 0 and 1
            Classes of any type, or for each label whether it holds.
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Go on for one epoch over some data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        sample_weight : array-like of shape (n_samples,), default=None
        classes : array of shape (n_classes,), default=None
            All classes that any call will bring; needed in the first call.

        Returns
        -------
        self : object
        """
        if _check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._labels = Labels.of(y if several else classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """Return the label of each sample, or for each label whether it holds.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        chosen = self._labels_of_fit().chosen(self._logits(X), 0.0)
        return self._labels.decode(chosen)

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, in the order of ``classes_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        """
        labels = self._labels_of_fit()
        Z = self._logits(X)
        if labels.exclusive:
            return Softmax().forward(Z, {})
        if not labels.several:  # σ(−z) is 1 − σ(z), with all its digits
            Z = np.hstack([-Z, Z])
        return Sigmoid().forward(Z, {})

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of the probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def decision_function(self, X: Any) -> Array:
        """Return the numbers that go into the last function, softmax or sigmoid.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes the log odds of the second.
        """
        labels = self._labels_of_fit()
        Z = self._logits(X)
        return Z if labels.exclusive or labels.several else Z[:, 0]

    def _labels_of_fit(self) -> Labels:
        check_is_fitted(self)
        labels: Labels = self._labels
        return labels

    def _logits(self, X: Any) -> Array:
        return self._outputs(X, fused_away=True)

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _learn_targets(self, y: Any, *, first: bool, incremental: bool) -> None:
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._labels = Labels.of(y)
            self.classes_ = self._labels.classes
        elif self.warm_start:
            classes = unique_labels(y)
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same "
                    "classes as in the previous call to fit. Previously "
                    f"got {self.classes_}, `y` has {classes}"
                )
        self.n_outputs_ = self._labels.outputs

    def _learn_outputs(self, labels: Labels | None, outputs: int) -> None:
        if labels is None:
            raise ValueError("expected the classes of a classifier, got none")
        self._labels, self.classes_, self.n_outputs_ = labels, labels.classes, labels.outputs

    def _targets(self, y: Any) -> Array:
        classes = unique_labels(y)
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        return self._labels.encode(y)

    def _labels_of(self, t: Array) -> Array:
        return self._labels.decode(t)

    def _training_targets(self, t: Array) -> Array:
        return self._labels.soften(t, float(self.label_smoothing))

    def _task(self) -> Task:
        return self._labels.task

    def _weights(self, y: Any, weights: Array | None, *, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return weights
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which does not see "
                "all samples; pass the weights as a dict, such as "
                "dict(zip(classes, compute_class_weight('balanced', classes=classes, y=y)))"
            )
        own = compute_sample_weight(self.class_weight, y)
        return np.asarray(own if weights is None else own * weights)

    def _stratified(self, t: Array) -> Array | None:
        return t if self._labels.outputs == 1 else None

    def _score_outputs(self, Y: Array, t: Array, weights: Array | None) -> float:
        return self._labels.score(Y, t, weights) if np.isfinite(Y).all() else float("nan")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
