"""TableClassifier: classes of the rows of a table."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.data.streams import DataStream
from chainrule.estimators.classification import FittedClassifier
from chainrule.estimators.scoring import check_is_of_classes
from chainrule.estimators.streams.prediction import by_parts
from chainrule.estimators.tables.estimator import TableEstimator
from chainrule.estimators.tables.parameters import OR_AUTO, with_table_docs
from chainrule.functions import LogSoftmax, Softplus
from chainrule.targets import Classes, Targets
from chainrule.types import Array


@with_table_docs
@dataclass(eq=False, repr=False)
class TableClassifier(FittedClassifier, TableEstimator):
    """Classes of the rows of a table: several small networks, and the mean of their probabilities.

    A table is taken as it is, with words, dates, numbers in texts, and missing cells; ``columns_``
    says in a line what became of each column.

    Parameters
    ----------
    {table parameters}
    class_weight : dict or "balanced", default=None
        What a row of each class weighs, 1 if it is not named; "balanced" gives all classes the same
        share.
    label_smoothing : float or "auto", default="auto"
        The share of certainty that is taken from each label and given to all classes alike.

    Attributes
    ----------
    classes_ : ndarray
        All classes, sorted.
    {fitted attributes}

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from chainrule import TableClassifier
    >>> X, y = load_wine(return_X_y=True, as_frame=True)
    >>> model = TableClassifier(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    _: KW_ONLY
    class_weight: Any = None
    label_smoothing: Any = "auto"

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TableEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "label_smoothing": [OR_AUTO, Interval(Real, 0, 1, closed="left")],
    }

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        targets = Classes.fit(y, name=name, chosen=cells)
        check_is_of_classes(self.scoring, targets.labels, f"{type(self).__name__}, scoring")
        return targets

    def _logits(self, X: Any) -> Array:
        """Return the logarithms of the mean probabilities; of two classes their difference."""
        if isinstance(X, DataStream):
            return by_parts(self._logits, X, self.inputs_)
        Z = np.asarray(self._of_each(X, fused_away=True), np.float64)
        if self.targets_.exclusive:
            return _mean_of_logarithms(LogSoftmax().forward(Z, {}))
        of_second, of_first = -Softplus().forward(-Z, {}), -Softplus().forward(Z, {})
        return _mean_of_logarithms(of_second) - _mean_of_logarithms(of_first)


def _mean_of_logarithms(logarithms: Array) -> Array:
    """Return the logarithm of the members' mean (n, c), given their logarithms (n, k, c)."""
    largest = logarithms.max(axis=1)
    parts = np.exp(logarithms - largest[:, None])
    return np.asarray(largest + np.log(parts.mean(axis=1)))
