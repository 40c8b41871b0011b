"""Between what users predict and what a loss compares: labels and numbers, and their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import r2_score
from sklearn.preprocessing import LabelBinarizer

from chainrule.functions import Exp, Function, Sigmoid, Softmax
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Huber,
    Loss,
    MeanAbsoluteError,
    Poisson,
)

Array = NDArray[Any]

REGRESSION_LOSSES: dict[str, Loss] = {
    "squared_error": HalfSquaredError(outputs="sum"),
    "poisson": Poisson(outputs="sum"),
    "huber": Huber(outputs="sum"),
    "absolute_error": MeanAbsoluteError(outputs="sum"),
}
"""The losses of regressors by name; gradients are those of the sum over several outputs."""


@dataclass(frozen=True)
class Task:
    """What a network is for: its loss, the function that ends it, and how losses are reported.

    ``divisor`` is by how much a loss is divided where it is reported: scikit-learn trains on the
    sum over outputs of the squared error, and reports the mean.
    """

    loss: Loss
    last: Function | None
    divisor: int = 1

    @property
    def out_activation(self) -> str:
        """The name of the last function, as scikit-learn has it."""
        return out_activation(self.last)


def out_activation(last: Function | None) -> str:
    """Return scikit-learn's name of a function that ends networks, "identity" if it has none."""
    names: dict[type, str] = {Softmax: "softmax", Sigmoid: "logistic", Exp: "exp"}
    return names.get(type(last), "identity")


def regression_task(choice: str | Loss, outputs: int) -> Task:
    """Return the task of predicting so many numbers."""
    loss = REGRESSION_LOSSES[choice] if isinstance(choice, str) else choice
    if isinstance(loss, Poisson):
        return Task(loss, Exp())
    return Task(loss, None, outputs if getattr(loss, "outputs", "mean") == "sum" else 1)


@dataclass
class Labels:
    """Classes, one for each sample or any number of them, and the outputs that stand for them.

    Several classes of which one holds have an output each, and softmax; two have one output,
    that of the second; labels of which any may hold have an output each. If two classes are a
    ``pair``, these have an output each, too, and softmax.
    """

    binarizer: LabelBinarizer
    pair: bool = False

    @classmethod
    def of(cls, y: Any) -> Labels:
        """Return the labels that stand in y, (n,) or an indicator matrix (n, k)."""
        return cls(LabelBinarizer().fit(y.toarray() if sparse.issparse(y) else y))

    @classmethod
    def several_of(cls, count: int) -> Labels:
        """Return so many labels of which any may hold."""
        return cls(LabelBinarizer().fit(np.zeros((1, count), dtype=np.int64)))

    @property
    def classes(self) -> Array:
        """All classes, sorted; the columns' numbers of an indicator matrix."""
        return np.asarray(self.binarizer.classes_)

    @property
    def exclusive(self) -> bool:
        """Whether one of several classes holds that have an output each."""
        kind = self.binarizer.y_type_
        two = kind == "binary" and len(self.classes) == 2
        return bool(kind == "multiclass" or (self.pair and two))

    @property
    def several(self) -> bool:
        """Whether any number of labels may hold."""
        return str(self.binarizer.y_type_).startswith("multilabel")

    @property
    def outputs(self) -> int:
        """How many outputs stand for them."""
        return len(self.classes) if self.exclusive or self.several else 1

    @property
    def task(self) -> Task:
        """The task of predicting them."""
        if self.exclusive:
            return Task(CrossEntropy(), Softmax())
        return Task(BinaryCrossEntropy(outputs="sum"), Sigmoid())

    def encode(self, y: Any) -> Array:
        """Return class numbers (n,), or for each output whether it holds, (n, outputs)."""
        if self.exclusive and np.ndim(y) == 1:
            return np.asarray(np.searchsorted(self.classes, y))
        held = self.binarizer.transform(y)
        return np.asarray(held.toarray() if hasattr(held, "toarray") else held).astype(bool)

    def soften(self, t: Array, smoothing: float) -> Array:
        """Return targets that are certain up to ``smoothing``, which all classes share."""
        if not smoothing:
            return t
        count = self.outputs if self.exclusive else 2
        held = np.eye(count)[t] if self.exclusive else t.astype(np.float64)
        return held * (1 - smoothing) + smoothing / count

    def chosen(self, Y: Array, threshold: float) -> Array:
        """Return what outputs say, like ``encode``: the largest, or all beyond the threshold."""
        return np.argmax(Y, axis=1) if self.exclusive else threshold < Y

    def decode(self, chosen: Array) -> Array:
        """Return the labels themselves, as users gave them."""
        if self.exclusive:
            return self.classes[chosen]
        held = chosen.astype(np.int64)
        return np.asarray(self.binarizer.inverse_transform(held if self.several else held[:, 0]))

    def score(self, Y: Array, t: Array, weights: Array | None) -> float:
        """Return the share of samples whose labels are all right, given probabilities Y."""
        right = self.chosen(Y, 0.5) == t
        return float(np.average(right if self.exclusive else right.all(axis=1), weights=weights))


def r_squared(Y: Array, t: Array, weights: Array | None) -> float:
    """Return scikit-learn's R² of outputs Y (n, k)."""
    return float(r2_score(t, Y, sample_weight=weights))
