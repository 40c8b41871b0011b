"""What all estimators share: validated data become a chain, a loss and a plan, and are trained.

An estimator of the room says what its chain is and what its targets mean; everything else stands
in the classes below this one, once: steps on batches, L-BFGS, and what a fitted network tells.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight

from chainrule.estimators import choices
from chainrule.estimators.batches import OnBatches, in_dtype, not_finite
from chainrule.estimators.callbacks import CallbackSupportMixin, FitTask, with_callbacks
from chainrule.estimators.course import Record
from chainrule.estimators.second_order import OnTheWholeSet
from chainrule.estimators.watching import NAMES
from chainrule.training.optimizers import Optimizer
from chainrule.training.samples import Samples
from chainrule.training.schedules import Schedule

Array = NDArray[Any]

SMALL = 2**20
"""Samples times parameters up to which an epoch takes about as long in float64 as in float32."""

EXACT_IN_FLOAT32 = 2.0**24
"""Beyond, float32 has no digits after the point, and data are trained on in float64."""


class NetworkEstimator(CallbackSupportMixin, OnBatches, OnTheWholeSet):  # type: ignore[misc]
    """A network with scikit-learn's manners, its training parameters, and how it is fitted.

    A class of the room gives ``_new_chain``, and a mixin for its kind of targets the other
    methods that are abstract.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "solver": [StrOptions({"lbfgs", *choices.STOCHASTIC}), Optimizer],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [
            StrOptions({"constant", "invscaling", "adaptive", *choices.SCHEDULE_NAMES}),
            Schedule,
        ],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose", StrOptions({"bar"})],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "scoring": [StrOptions(NAMES), callable, None],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "gradient_samples": [Interval(Integral, 1, None, closed="left"), None],
        "dtype": [StrOptions({"float32", "float64"}), None],
        "n_jobs": [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "engine": [StrOptions({"auto", "machine", "reference"})],
    }

    @with_callbacks  # type: ignore[untyped-decorator]
    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        held_out: tuple[Any, Any, Any] = (None, None, None),
        *,
        incremental: bool = False,
    ) -> Any:
        first = not self._has_network() or not (self.warm_start or incremental)
        given = X, y, sample_weight
        X, y = self._checked(X, y, reset=first)
        self._learn_targets(y, first=first, incremental=incremental)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        data = Samples(X, self._targets(y), self._weights(y, weights, incremental=incremental))
        validation = self._held_out(*held_out)
        self._random_state = check_random_state(self.random_state)
        if first:
            self._begin(data)
        data, validation = _as_rows(data), None if validation is None else _as_rows(validation)
        dtype = self._training_dtype(data, incremental=incremental)
        chain = self._network().astype(dtype)
        heard = FitTask.of(self, *given, 1 if incremental else int(self.max_iter))
        if self.solver == "lbfgs":
            self._fit_second_order(chain, in_dtype(data, dtype), validation, heard)
        else:
            self._fit_stochastic(chain, data, validation, dtype, heard, incremental=incremental)
        with np.errstate(over="ignore"):
            self._set_network(chain.astype(X.dtype))
        if not np.isfinite(self.chain_.parameters.flat).all():
            raise not_finite()
        if heard is not None:
            heard.end(heard.context, self.chain_)
        return self

    def _begin(self, data: Samples) -> None:
        """Draw a new network, and forget all epochs of another one."""
        task = self._task()
        self.out_activation_ = task.out_activation
        self._set_network(self._new_chain(data.X, task, self.n_outputs_).astype(data.X.dtype))
        self._record_to_attributes(Record.begin(early_stopping=bool(self.early_stopping)))
        for name in ("_optimizer", "history_", "gradient_norms_"):
            self.__dict__.pop(name, None)

    def _training_dtype(self, data: Samples, *, incremental: bool) -> np.dtype[Any]:
        """Return the float type to train in, float32 where that pays and is exact enough."""
        if self.dtype is not None:
            return np.dtype(self.dtype)
        if incremental and hasattr(self, "_optimizer"):
            going_on: np.dtype[Any] = self._optimizer.dtype
            return going_on
        small = len(data) * self._network().parameters.flat.size <= SMALL
        if self.solver == "lbfgs" or (small and data.X.dtype == np.float64):
            return np.dtype(np.float64)
        numbers = (data.X.data if sparse.issparse(data.X) else data.X, data.t)
        large = any(a.dtype == np.float64 and _largest(a) > EXACT_IN_FLOAT32 for a in numbers)
        return np.dtype(np.float64 if large else np.float32)

    def _check_solver(self) -> bool:
        """Complain where partial_fit makes no sense."""
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic"
                f" optimizers. {self.solver} is not stochastic."
            )
        return True


def _as_rows(data: Samples) -> Samples:
    """Return samples whose rows can be taken: CSC becomes CSR."""
    return replace(data, X=data.X.tocsr()) if sparse.issparse(data.X) else data


def _largest(numbers: Array) -> float:
    return float(max(numbers.max(), -numbers.min())) if numbers.size else 0.0
