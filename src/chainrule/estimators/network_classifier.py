"""Classifiers of one network: how they are fitted, at once or bit by bit."""

from __future__ import annotations

import copy
import os
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target

from chainrule.data import Column
from chainrule.data.streams import DataStream
from chainrule.estimators.answer_checks import check_each_is_a_label
from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.checkpoints import FitCheckpoint
from chainrule.estimators.classification import FittedClassifier
from chainrule.estimators.parameters import with_run_docs
from chainrule.estimators.validation import with_answers
from chainrule.targets import Classes, Objective, Targets
from chainrule.targets.label_lists import as_label_lists, is_listed
from chainrule.training.session import ranks_of
from chainrule.types import Array


class NetworkClassifier(FittedClassifier, NetworkEstimator):
    """What classifiers of one network share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NetworkEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
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
        """Fit the network to data X and labels y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; for estimators of any chain also images, a table, or the name of a file or
            of a folder of images.
        y : array-like of shape (n_samples,), or of shape (n_samples, n_labels) with 0 and 1
            Classes of any type, or for each label whether it holds. None takes the names of the
            folders of images in a folder X.
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
    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, classes: Any = None
    ) -> Any:
        """Go on for one epoch over some data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their answers.
        sample_weight : array-like of shape (n_samples,), default=None
            What each sample weighs; all weigh the same by default.
        classes : array of shape (n_classes,), default=None
            All classes that any call will bring; needed in the first call.

        Returns
        -------
        self : object
        """
        if isinstance(X, DataStream):
            _check_partial_fit_first_call(copy.copy(self), classes)
            return self._fit(X, y, sample_weight, incremental=True, classes=classes)
        y = self._answers(y)
        if classes is not None:
            check_each_is_a_label(f"{type(self).__name__}, classes", list(classes))
        if is_listed(y):
            labels = None if classes is None else as_label_lists([tuple(classes)])
            return self._fit(X, y, sample_weight, incremental=True, classes=labels)
        first = _check_partial_fit_first_call(copy.copy(self), classes)
        X = self._opened(X) if first else X
        inputs = None if first else self.inputs_
        X, y = with_answers(X, y, () if first else self.targets_.columns, inputs)
        kind = "" if isinstance(y, Column) else type_of_target(y)
        several = kind.endswith(("indicator", "multioutput"))
        if not first or several:
            classes = None
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        return Classes.fit(y, name=name, chosen=cells)

    def _objective(self, targets: Any) -> Objective:
        objective: Objective = targets.objective
        return objective

    def _training_targets(self, targets: Any, t: Array) -> Array:
        return np.asarray(targets.soften(t, float(self.label_smoothing)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
