"""Classifiers: labels in, labels and probabilities out."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from chainrule.data import Column
from chainrule.estimators.answer_checks import check_each_is_a_label
from chainrule.estimators.network import FittedNetwork
from chainrule.estimators.score_weights import score_weights
from chainrule.estimators.streams.weights import weights_in
from chainrule.estimators.validation import answers_to
from chainrule.functions import LogSoftmax, Sigmoid, Softmax, Softplus
from chainrule.targets.columns import labels_of
from chainrule.types import Array


class FittedClassifier(ClassifierMixin, FittedNetwork):  # type: ignore[misc]
    """What classifiers share once they are fitted; their chains end with softmax, or sigmoids."""

    _kind_of_targets: ClassVar[str] = "classes"

    def predict(self, X: Any) -> Array:
        """Return the label of each sample, or for each label whether it holds.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            An indicator matrix is an array of 0 and 1, also where that of training was sparse.
        """
        Z = self._logits(X)
        targets = self.targets_
        return np.asarray(targets.decode(targets.chosen(Z, 0.0)))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, in the order of ``classes_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Of a single class they are 1.
        """
        Z = self._logits_of_each(X)
        if self._only_one:
            return np.ones_like(Z[:, :1])
        if self.targets_.one_vs_rest:
            return np.asarray(np.exp(_shared_logarithms(Z)))
        last = Softmax() if self.targets_.exclusive else Sigmoid()
        return last.forward(Z, {})

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of the probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Of classes they are those of the numbers before softmax or sigmoid: a probability that
            has been rounded to 0 or 1 has its logarithm still. Of labels each of which may hold,
            they are those of the probabilities, so that both have the same largest.
        """
        Z = self._logits_of_each(X)
        if self._only_one:
            return np.zeros_like(Z[:, :1])
        if self.targets_.several:
            with np.errstate(divide="ignore"):
                return np.asarray(np.log(Sigmoid().forward(Z, {})))
        if self.targets_.exclusive:
            return LogSoftmax().forward(Z, {})
        if self.targets_.one_vs_rest:
            return _shared_logarithms(Z)
        return -Softplus().forward(-Z, {})

    @property
    def _only_one(self) -> bool:
        """Whether there is a single class."""
        return len(self.targets_.labels) == 1 and not self.targets_.several

    def _logits_of_each(self, X: Any) -> Array:
        """Return the numbers before softmax or sigmoid, of both classes where there are two."""
        Z = self._logits(X)
        targets = self.targets_
        if targets.exclusive or targets.several or targets.one_vs_rest:
            return Z
        return np.hstack([-Z, Z])  # σ(−z) is 1 − σ(z), with all its digits

    def decision_function(self, X: Any) -> Array:
        """Return the numbers that go into the last function, softmax or sigmoid.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes the log odds of the second; with a single one its output.
        """
        Z = self._logits(X)
        targets = self.targets_
        if targets.several or len(targets.labels) > 2:
            return Z
        return np.asarray(Z[:, 1] - Z[:, 0]) if Z.shape[1] == 2 else Z[:, 0]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the fraction of samples whose labels are all predicted right.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), images, a table, or a file's name
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), or str, default=None
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
        weights = score_weights(sample_weight, y)
        if self.targets_.several:
            predicted, held = self.targets_.encode(self.predict(X)), self.targets_.encode(y)
            check_consistent_length(predicted, held)
            return float(np.average((predicted == held).all(axis=1), weights=weights))
        if self.classes_.dtype.kind == "f":  # of which scikit-learn's score takes whole ones only
            predicted = self.predict(X)
            check_consistent_length(predicted, y)
            return float(np.average(predicted == y, weights=weights))
        return float(super().score(X, y, weights))

    def _logits(self, X: Any) -> Array:
        """Return what goes into softmax or sigmoid.

        A network that 0.1.0 saved may end in another function, if that gives probabilities.
        """
        if getattr(self, "out_activation_", "softmax") in ("softmax", "logistic"):
            return self._outputs(X, fused_away=True)
        P = self._outputs(X)
        exclusive = self.targets_.exclusive
        if not ((P >= 0) & (P <= 1)).all() or (exclusive and (abs(P.sum(axis=1) - 1) > 1e-3).any()):
            last = self._network().functions[-1]
            raise ValueError(f"expected probabilities of classes, got others from {last}")
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(P) if exclusive else np.log(P) - np.log1p(-P))

    def _answers(self, y: Any) -> Any:
        check_each_is_a_label(type(self).__name__, y)
        return y

    def _new_answers(self, column: Column) -> Array:
        return labels_of(column)

    def _validate_params(self) -> None:
        super()._validate_params()
        _check_weights(type(self).__name__, self.class_weight)

    def _check_answers(self, y: Any, targets: Any, *, warm: bool) -> None:
        if targets.several != (y.ndim > 1):
            of = f"rows of {targets.outputs} labels" if targets.several else "classes (n,)"
            raise ValueError(
                f"{type(self).__name__}: expected y of {of}, as the network predicts, got "
                f"{tuple(map(int, y.shape))}"
            )
        if targets.several:
            targets.encode(y)
        known = targets.attributes()["classes_"]
        classes = np.unique(y) if known.dtype.kind == "f" and y.ndim == 1 else unique_labels(y)
        if warm:
            check_same_classes(known, classes)
        if len(np.setdiff1d(classes, known, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {known}. 'y' has {classes}."
            )

    def _sample_weights(
        self, y: Any, targets: Any, weights: Array | None, *, incremental: bool
    ) -> Array | None:
        if self.class_weight is None:
            return weights
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which does not see "
                "all samples; pass the weights as a dict, such as "
                "dict(zip(classes, compute_class_weight('balanced', classes=classes, y=y)))"
            )
        own = _class_weights(self.class_weight, targets, y)
        return np.asarray(own if weights is None else own * weights)


def _shared_logarithms(Z: Array) -> Array:
    """Return the logarithms of sigmoids over their sum: probabilities of exclusive classes."""
    return LogSoftmax().forward(-Softplus().forward(-Z, {}), {})


def check_same_classes(known: Array, classes: Array) -> None:
    """Raise ValueError unless answers have the classes that a network to go on with has."""
    if set(classes) != set(known):
        raise ValueError(
            "warm_start can only be used where `y` has the same "
            "classes as in the previous call to fit. Previously "
            f"got {known}, `y` has {classes}"
        )


def _check_weights(name: str, given: Any) -> None:
    """Raise ValueError unless weights of classes are dicts, from labels to numbers."""
    for weights in given if isinstance(given, list) else [given]:
        if isinstance(given, list) and not isinstance(weights, dict | str):
            raise ValueError(f"{name}: expected class_weight as a list of dicts, got {weights!r}")
        for label, weight in weights.items() if isinstance(weights, dict) else ():
            if not isinstance(weight, Real) or isinstance(weight, bool):
                raise ValueError(
                    f"{name}: expected numbers as class_weight, got {weight!r} for {label!r}"
                )


def _class_weights(choice: Any, targets: Any, y: Any) -> Array:
    """Return the weight of each sample's answer: of several labels the product of each one's."""
    several = y.ndim > 1
    if isinstance(choice, dict) and not several:
        return _weights_by_class(choice, targets.labels.tolist(), y)
    if not isinstance(choice, list):  # "balanced", or what scikit-learn refuses
        return np.asarray(compute_sample_weight(choice, y))
    held = (y.toarray() if sparse.issparse(y) else np.asarray(y)) if several else y[:, None]
    if len(choice) != held.shape[1]:
        raise ValueError(
            f"class_weight: expected a dict for each of {held.shape[1]} outputs, got {choice!r}"
        )
    labels = [0, 1] if several else targets.labels.tolist()
    columns = zip(choice, held.T, strict=True)
    return np.asarray(np.prod([_weights_by_class(w, labels, t) for w, t in columns], axis=0))


def first_of(labels: list[Any], most: int = 5) -> str:
    """Return the first labels as Python writes them, 7 and '7' apart: 'a', 'b', ... (9 in all)."""
    told = ", ".join(map(repr, labels[:most]))
    return told if len(labels) <= most else f"{told}, ... ({len(labels):,} in all)"


def _weights_by_class(weights: Any, labels: list[Any], y: Array) -> Array:
    """Return the weight of each label in y (n,), 1 for classes that are not named.

    scikit-learn's ``compute_sample_weight`` (1.9.1) makes integers of labels before it looks for
    them, so that it neither finds "7" nor 0.5, and refuses classes that y happens to lack.
    """
    if isinstance(weights, str):  # "balanced", also in a list
        return np.asarray(compute_sample_weight(weights, y))
    if unknown := [label for label in weights if label not in labels]:
        raise ValueError(
            f"class_weight: got {unknown[0]!r}, expected classes of y: {first_of(labels)}"
        )
    own = np.array([float(weights.get(label, 1.0)) for label in labels])
    places = {label: place for place, label in enumerate(labels)}
    return np.asarray(own[[places[label] for label in y.tolist()]])
