"""What a classifier says of samples whose classes are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.pictures.axes import check_fitted
from chainrule.targets.columns import label_text
from chainrule.types import Array


@dataclass(frozen=True, eq=False)
class Answers:
    """Samples with the numbers of their true and predicted classes, and their names.

    Parameters
    ----------
    X : array-like, images, or a table
        The raw samples.
    true, predicted : ndarray of int, shape (n,)
        Places in the labels.
    probabilities : ndarray of shape (n, K)
        A column for each class.
    labels : tuple of str
        The classes.
    """

    X: Any
    true: Array
    predicted: Array
    probabilities: Array
    labels: tuple[str, ...]


def read_answers(caller: str, estimator: Any, X: Any, y: Any) -> Answers:
    """Return what a fitted classifier of one class a sample says of samples X with classes y.

    Raises
    ------
    ValueError
        It predicts numbers, or several labels; or a class is none of training.
    """
    check_fitted(caller, estimator, "chain_", "call fit first")
    targets, kind = estimator.targets_, type(estimator).__name__
    if targets.kind != "classes" or targets.task == "multilabel":
        received = "numbers" if targets.kind != "classes" else "several labels a sample"
        raise ValueError(f"{caller}: expected a classifier of one class a sample, got a {kind} of "
                         f"{received}")  # fmt: skip
    from chainrule.estimators.validation import answers_to  # which loads scikit-learn

    X, y = answers_to(estimator, X, y)
    probabilities = np.asarray(estimator.predict_proba(X))
    labels = targets.labels.tolist()
    places = {label: place for place, label in enumerate(labels)}
    y = np.asarray(y)
    if y.shape != (len(probabilities),):
        raise ValueError(
            f"{caller}: expected a class for each of {len(probabilities):,} samples, got y of "
            f"shape {y.shape}"
        )
    unknown = next((label for label in y.tolist() if label not in places), None)
    if unknown is not None:
        raise ValueError(f"{caller}: expected classes of training, got {unknown!r}")
    true = np.array([places[label] for label in y.tolist()], np.intp)
    predicted = np.array([places[label] for label in estimator.predict(X).tolist()], np.intp)
    return Answers(X, true, predicted, probabilities, tuple(map(label_text, labels)))
