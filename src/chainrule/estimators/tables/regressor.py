"""TableRegressor: numbers that belong to the rows of a table."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions

from chainrule.estimators.regression import FittedRegressor
from chainrule.estimators.tables.estimator import TableEstimator
from chainrule.estimators.tables.parameters import with_table_docs
from chainrule.estimators.tables.preparation import Given
from chainrule.targets import Numbers, Targets


@with_table_docs
@dataclass(eq=False, repr=False)
class TableRegressor(FittedRegressor, TableEstimator):
    """Numbers of the rows of a table: several small networks, and the mean of what they predict.

    A table is taken as it is, with words, dates, numbers in texts, and missing cells; ``columns_``
    says in a line what became of each column. Training is on (y − mean) / deviation.

    Parameters
    ----------
    {table parameters}
    output_range : "seen" or None, default="seen"
        Within what predictions are kept: "seen", from the smallest to the largest answer of
        training; None, within nothing.

    Attributes
    ----------
    {fitted attributes}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from chainrule import TableRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = TableRegressor(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.5
    True
    """

    _: KW_ONLY
    output_range: Any = "seen"

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TableEstimator._parameter_constraints,
        "output_range": [StrOptions({"seen"}), None],
    }

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        target: str | None = None,
        groups: Any = None,
        time: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Fit the networks to rows X and numbers y.

        Parameters
        ----------
        X : DataFrame, pyarrow table, dict, array-like of shape (n_samples, n_features), str or path
            The rows, as they are: numbers, words, dates, missing cells. A str or path names a file.
        y : array-like of shape (n_samples,) or str, default=None
            The answers, or the column of X that has them.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row weighs; all weigh the same by default.
        target : str, default=None
            The column of X that has the answers.
        groups : str or array-like of shape (n_samples,), default=None
            The rows held out are whole groups, such as all rows of some patients. A column that is
            named is no input.
        time : str or array-like of shape (n_samples,), default=None
            The rows held out are the last in time: numbers, or dates.
        X_val, y_val, sample_weight_val : like X, y and sample_weight, default=None
            Rows to hold out, in place of a part of X.

        Returns
        -------
        self : object
            The estimator, fitted.
        """
        held_out = X_val, y_val, sample_weight_val
        return self._fit(X, y, Given(sample_weight, target, groups, time, held_out))

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        if np.ptp(y) > 0:
            targets = Numbers.fit(y, scaled=True, name=name)
        else:  # all the same: a network has nothing to learn, and says so
            targets = Numbers(1, (float(y[0]),), (1.0,), name)
        return targets.within(y) if self.output_range == "seen" else targets
