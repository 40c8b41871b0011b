"""TableRegressor: numbers that belong to the rows of a table."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.estimators.regression import FittedRegressor
from chainrule.estimators.scoring import check_is_of_numbers
from chainrule.estimators.tables.estimator import TableEstimator
from chainrule.estimators.tables.parameters import with_table_docs
from chainrule.targets import Numbers, Targets
from chainrule.types import Array


@with_table_docs
@dataclass(eq=False, repr=False)
class TableRegressor(FittedRegressor, TableEstimator):
    """Numbers of the rows of a table: several small networks, and the mean of what they predict.

    A table is taken as it is, with words, dates, numbers in texts, and missing cells; ``columns_``
    says in a line what became of each column. Training is on (y − mean) / deviation. Of several
    numbers a row, y (n, k), each is standardised by itself and has an output of each member.

    Parameters
    ----------
    {table parameters}
    quantiles : array-like of float, default=None
        Quantiles to predict, such as (0.05, 0.95) for intervals that nine of ten answers fall into.
        ``predict`` then returns the median, which is always among them. The others are moved so
        that they hold on the rows held out.
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
    quantiles: Any = None
    output_range: Any = "seen"

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TableEstimator._parameter_constraints,
        "quantiles": ["array-like", None],
        "output_range": [StrOptions({"seen"}), None],
    }

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        quantiles = self._quantiles()
        if quantiles and y.ndim > 1:
            raise ValueError(
                f"{type(self).__name__}: expected one number a row as y with quantiles, got "
                f"{y.shape[1]}; fit a regressor for each column, or set quantiles=None"
            )
        targets = Numbers.fit(y, scaled=True, constant=True, name=name)
        targets = replace(targets, quantiles=quantiles)
        return targets.within(y) if self.output_range == "seen" else targets

    def _validate_params(self) -> None:
        super()._validate_params()
        check_is_of_numbers(self.scoring, f"{type(self).__name__}, scoring")
        self._quantiles()

    def _quantiles(self) -> tuple[float, ...]:
        """Return the quantiles of the parameters, rising, with the median."""
        if self.quantiles is None:
            return ()
        given = np.ravel(np.asarray(self.quantiles, dtype=np.float64)).tolist()
        if not given or not all(0 < quantile < 1 for quantile in given):
            raise ValueError(
                f"{type(self).__name__}: expected quantiles such as (0.05, 0.95), numbers between "
                f"0 and 1, got {self.quantiles!r}"
            )
        return tuple(sorted({*given, 0.5}))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # Predictions of quantiles.

    def _outputs(self, X: Any, *, fused_away: bool = False) -> Array:
        """Return the mean of the members' outputs (n, c), of several quantiles the median's."""
        Y = self._means(X)
        quantiles = self.targets_.quantiles
        return Y[:, [quantiles.index(0.5)]] if quantiles else Y

    def _means(self, X: Any) -> Array:
        """Return the mean of the members' outputs (n, c); quantiles do not cross."""
        Y = super()._outputs(X)
        return np.sort(Y, axis=1) if self.targets_.quantiles else Y

    def predict_quantiles(self, X: Any) -> Array:
        """Return what so many of the answers are expected to be below.

        Parameters
        ----------
        X : DataFrame, pyarrow table, dict, array-like, str or path
            The rows.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles)
            Those of the parameter ``quantiles``, in rising order, and the median.
        """
        check_is_fitted(self)
        if not self.targets_.quantiles:
            raise ValueError(
                f"{type(self).__name__}: expected a fit with quantiles, such as "
                f"{type(self).__name__}(quantiles=(0.05, 0.95)), got one without"
            )
        columns = self._means(X).T
        return np.stack([self.targets_.decode(column[:, None]) for column in columns], axis=1)

    def predict_interval(self, X: Any, coverage: float | None = None) -> Array:
        """Return the interval that a share of the answers is expected to fall into.

        Parameters
        ----------
        X : DataFrame, pyarrow table, dict, array-like, str or path
            The rows.
        coverage : float, default=None
            The share, such as 0.9 with quantiles 0.05 and 0.95; None takes the widest interval.

        Returns
        -------
        interval : ndarray of shape (n_samples, 2)
            From, and to.
        """
        predicted, quantiles = self.predict_quantiles(X), self.targets_.quantiles
        low, high = quantiles[0], quantiles[-1]
        if coverage is not None:
            low, high = (1 - coverage) / 2, (1 + coverage) / 2
        places = [
            [place for place, quantile in enumerate(quantiles) if abs(quantile - end) < 1e-9]
            for end in (low, high)
        ]
        if not all(places) or low >= high:
            raise ValueError(
                f"{type(self).__name__}.predict_interval: expected a coverage between two of the "
                f"quantiles {', '.join(f'{q:g}' for q in quantiles)}, got {coverage!r}"
            )
        return np.asarray(predicted[:, [places[0][0], places[1][0]]])
