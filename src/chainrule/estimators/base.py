"""What all estimators share: validated data become a chain, a loss and a plan, and are trained.

An estimator of the room says what its chain is and what its targets mean; everything else stands
here, once: solvers, validation sets, curves, going on with a fitted network, and what a fitted
network tells about itself.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.optimize import _check_optimize_result
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from chainrule.chain import Chain
from chainrule.checking import Report, check_gradients
from chainrule.estimators import choices, second_order
from chainrule.estimators.course import (
    AtWork,
    Course,
    EpochLoss,
    PresentRate,
    Printer,
    Record,
    Shuffles,
)
from chainrule.estimators.targets import Task
from chainrule.functions import Dropout
from chainrule.losses import fused
from chainrule.training import History, Plan, ProgressBar, TrainingDivergedError, train
from chainrule.training.optimizers import Optimizer
from chainrule.training.samples import Samples
from chainrule.training.schedules import Schedule

Array = NDArray[Any]

ROWS_AT_ONCE = 4096
"""Samples that go through a chain together in prediction, so that memory stays bounded."""

SMALL = 2**20
"""Samples times parameters up to which an epoch takes about as long in float64 as in float32."""

EXACT_IN_FLOAT32 = 2.0**24
"""Beyond, float32 has no digits after the point, and data are trained on in float64."""


class NetworkEstimator(BaseEstimator, ABC):  # type: ignore[misc]
    """A network with scikit-learn's manners.

    ``chain_`` is the fitted network. A class of the room gives ``_new_chain``, and a mixin for
    its kind of targets the other methods that are abstract here.
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
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "dtype": [StrOptions({"float32", "float64"}), None],
        "n_jobs": [Integral, None],
        "engine": [StrOptions({"auto", "machine", "reference"})],
    }

    # What the classes of the room state.

    @abstractmethod
    def _new_chain(self, X: Any, task: Task, outputs: int) -> Chain:
        """Return a chain for data like X, its parameters drawn from ``_random_state``."""

    @abstractmethod
    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Return X and y validated; with reset the features are those of X from now on."""

    @abstractmethod
    def _learn_targets(self, y: Any, *, first: bool, incremental: bool) -> None:
        """Learn from validated y what the targets are, or complain if they are others."""

    @abstractmethod
    def _targets(self, y: Any) -> Array:
        """Return validated y as a loss and a score take it."""

    @abstractmethod
    def _task(self) -> Task:
        """Return what the network is for, once the targets are known."""

    @abstractmethod
    def _score_outputs(self, Y: Array, t: Array, weights: Array | None) -> float:
        """Return the score of the chain's outputs, higher being better."""

    def _training_targets(self, t: Array) -> Array:
        """Return targets as training sees them."""
        return t

    def _weights(self, y: Any, weights: Array | None, *, incremental: bool) -> Array | None:
        """Return the weights of samples with targets y."""
        return weights

    def _stratified(self, t: Array) -> Array | None:
        """Return what both parts of a split should have in equal shares."""
        return None

    def _network(self) -> Chain:
        """Return the fitted chain."""
        chain: Chain = self.chain_
        return chain

    def _has_network(self) -> bool:
        """Return whether there is a chain to go on with."""
        return hasattr(self, "chain_")

    def _set_network(self, chain: Chain) -> None:
        """Take over a fitted chain."""
        self.chain_ = chain

    # Fitting.

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
        if self.solver == "lbfgs":
            self._fit_second_order(chain, _in_dtype(data, dtype), validation)
        else:
            self._fit_stochastic(chain, data, validation, dtype, incremental=incremental)
        with np.errstate(over="ignore"):
            self._set_network(chain.astype(X.dtype))
        if not np.isfinite(self.chain_.parameters.flat).all():
            raise _not_finite()
        return self

    def _begin(self, data: Samples) -> None:
        """Draw a new network, and forget all epochs of another one."""
        task = self._task()
        self.out_activation_ = task.out_activation
        self._set_network(self._new_chain(data.X, task, self.n_outputs_).astype(data.X.dtype))
        self._record_to_attributes(Record.begin(early_stopping=bool(self.early_stopping)))
        for name in ("_optimizer", "history_"):
            self.__dict__.pop(name, None)

    def _held_out(self, X: Any, y: Any, sample_weight: Any) -> Samples | None:
        """Return the validation set that a user gave, checked."""
        if X is None and y is None:
            if sample_weight is not None:
                raise ValueError("sample_weight_val is provided, but X_val was not provided.")
            return None
        if y is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        X, y = self._checked(X, y, reset=False)
        check_consistent_length(X, y)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        return Samples(X, self._targets(y), self._weights(y, weights, incremental=False))

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

    def _fit_second_order(self, chain: Chain, data: Samples, validation: Samples | None) -> None:
        """Run L-BFGS on the whole set."""
        task, record = self._task(), Record()
        score = self._scorer(validation)

        def after(loss: float) -> None:
            record.losses.append(loss)
            if self.verbose:
                print(f"Iteration {len(record.losses)}, loss = {loss:.8f}")
            if validation is not None and score is not None:
                Y = chain.forward(validation.X)
                value = chain.loss(task.loss, validation.X, validation.t, validation.weights)
                record.validation_losses = [*(record.validation_losses or []), value / task.divisor]
                record.scores = [*(record.scores or []), score(Y, validation.t)]

        result = second_order.minimize(
            chain,
            task.loss,
            replace(data.that_count(), t=self._training_targets(data.that_count().t)),
            l2=float(self.alpha),
            iterations=int(self.max_iter),
            calls=int(self.max_fun),
            tolerance=float(self.tol),
            after=after,
        )
        self.n_iter_ = _check_optimize_result("lbfgs", result, self.max_iter)
        self.loss_ = result.fun
        self.loss_curve_ = record.losses
        if validation is not None:
            self.validation_scores_ = record.scores
            self.validation_loss_curve_ = record.validation_losses
        self.engine_ = "reference"

    def _fit_stochastic(
        self,
        chain: Chain,
        data: Samples,
        validation: Samples | None,
        dtype: np.dtype[Any],
        *,
        incremental: bool,
    ) -> None:
        """Take steps on batches."""
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        task = self._task()
        rule = choices.optimizer(self)
        optimizer = self._optimizer_at_work(rule, chain, incremental=incremental)
        if self.early_stopping and validation is None:
            data, validation = self._split(data)
        course = self._course(optimizer, len(data))
        plan = self._plan(chain, course, task, incremental=incremental)
        if validation is not None:
            validation = _in_dtype(validation, dtype)
        data = _in_dtype(replace(data, t=self._training_targets(data.t)), dtype)
        diverged = None
        try:
            history = train(
                *(chain, task.loss, data.X, data.t, plan),
                sample_weight=data.weights,
                validation=None if validation is None else _tuple(validation),
                score=self._scorer(validation),
                reporter=self._reporter(),
                watcher=course,
                state=optimizer.state,
                engine=self.engine,
                threads=None if self.n_jobs is None else effective_n_jobs(self.n_jobs),
            )
        except TrainingDivergedError as error:
            history, diverged = error.history, error
        self._optimizer = optimizer
        self._finish(history, course, diverged, incremental=incremental)

    def _optimizer_at_work(self, rule: Optimizer, chain: Chain, *, incremental: bool) -> AtWork:
        """Return an optimizer that begins, or, from call to call of partial_fit, goes on."""
        flat, before = chain.parameters.flat, getattr(self, "_optimizer", None)
        if incremental and before is not None and before.fits(rule, flat):
            going_on: AtWork = before.going_on(rule, flat)
            return going_on
        return AtWork.begin(rule, flat)

    def _split(self, data: Samples) -> tuple[Samples, Samples]:
        """Return the data without, and as, a validation set for early stopping."""
        rows, held_out = train_test_split(
            np.arange(len(data)),
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=self._stratified(data.t),
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' "
                "or the size of your dataset."
            )
        return data.at(rows), data.at(held_out)

    def _course(self, optimizer: AtWork, samples: int) -> Course:
        """Return the course that training takes, from where it stopped before."""
        changes = self.learning_rate in ("invscaling", "adaptive") and self.solver != "adam"
        return Course(
            record=self._record_from_attributes(),
            optimizer=optimizer,
            samples=samples,
            tol=float(self.tol),
            patience=float(self.n_iter_no_change),
            early_stopping=bool(self.early_stopping),
            kind=self.learning_rate if changes else "constant",
            power=float(self.power_t),
            verbose=self.verbose not in (False, 0, "bar"),
        )

    def _plan(self, chain: Chain, course: Course, task: Task, *, incremental: bool) -> Plan:
        random = any(isinstance(f, Dropout) for f in chain.functions)
        return Plan(
            optimizer=course.optimizer.rule,
            schedule=choices.schedule(self.learning_rate) or PresentRate(course.optimizer),
            batch_size=self._batch_size(course.samples),
            epochs=1 if incremental else int(self.max_iter),
            l2=float(self.alpha),
            l2_shared=True,
            clip_norm=None if self.clip_norm is None else float(self.clip_norm),
            patience=None,
            shuffle=Shuffles(self._random_state) if self.shuffle else False,
            seed=int(self._random_state.randint(2**31 - 1)) if random else 0,
            epoch_loss=EpochLoss(task.divisor),
        )

    def _batch_size(self, samples: int) -> int:
        """Return the samples in a batch, warning of a size that is more than there are."""
        if self.batch_size == "auto":
            return min(200, samples)
        if self.batch_size > samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than "
                "sample size. It is going to be clipped",
                stacklevel=5,
            )
        return min(int(self.batch_size), samples)

    def _reporter(self) -> Any:
        if self.verbose == "bar":
            return ProgressBar()
        return Printer() if self.verbose else None

    def _scorer(self, validation: Samples | None) -> Callable[[Array, Array], float] | None:
        """Return the score of outputs for the validation set."""
        if validation is None:
            return None
        weights = validation.weights
        return lambda Y, t: self._score_outputs(Y, t, weights)

    def _finish(
        self,
        history: History,
        course: Course,
        diverged: TrainingDivergedError | None,
        *,
        incremental: bool,
    ) -> None:
        """Set the fitted attributes, and warn of how training ended if it should have gone on."""
        record = course.record
        self.n_iter_ = len(history.epochs)
        self.engine_ = history.engine
        if diverged is not None:
            if not (self.early_stopping and history.kept):
                raise _not_finite() from diverged
            self.n_iter_ += 1
            record.losses.append(np.nan)
            record.scores = [*(record.scores or []), np.nan]
        self._record_to_attributes(record)
        if diverged is not None:
            _warn(f"Stochastic Optimizer: {diverged}", ConvergenceWarning)
        elif history.end == "interrupted":
            _warn("Training interrupted by user.", UserWarning)
        elif history.end == "epochs" and not incremental:
            _warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) "
                "reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    def _record_to_attributes(self, record: Record) -> None:
        if self.solver == "lbfgs":
            self.t_ = 0
            return
        self.loss_curve_ = record.losses
        if record.losses:
            self.loss_ = record.losses[-1]
        self.best_loss_ = record.best_loss
        self.validation_scores_ = record.scores
        if self.early_stopping and record.scores is None:
            self.validation_scores_ = []
        self.best_validation_score_ = record.best_score
        self.validation_loss_curve_ = record.validation_losses
        self.t_ = record.seen
        self._no_improvement_count = record.stale

    def _record_from_attributes(self) -> Record:
        begin = Record.begin(early_stopping=bool(self.early_stopping))
        return Record(
            losses=list(getattr(self, "loss_curve_", [])),
            best_loss=getattr(self, "best_loss_", begin.best_loss),
            scores=getattr(self, "validation_scores_", None),
            best_score=getattr(self, "best_validation_score_", begin.best_score),
            validation_losses=getattr(self, "validation_loss_curve_", None),
            stale=getattr(self, "_no_improvement_count", 0),
            seen=getattr(self, "t_", 0),
        )

    def _check_solver(self) -> bool:
        """Complain where partial_fit makes no sense."""
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic"
                f" optimizers. {self.solver} is not stochastic."
            )
        return True

    # Using.

    def _validated(self, X: Any) -> Any:
        """Return X for a fitted network, checked."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return X.tocsr() if sparse.issparse(X) else X

    def _outputs(self, X: Any, *, fused_away: bool = False) -> Array:
        """Return the chain's outputs of X, or what goes into a last function that fuses."""
        X, chain = self._validated(X), self._network()
        until = len(chain.functions) - fused_away
        parts = [
            chain.trace(X[start : start + ROWS_AT_ONCE], until=until)[-1]
            for start in range(0, X.shape[0], ROWS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def input_gradient(self, X: Any, y: Any, sample_weight: Any = None) -> Array:
        """Return the gradient of the mean loss by X: how much each number in it matters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        gradient : ndarray of the shape of X
        """
        data = self._comparable(X, y, sample_weight)
        chain = self._network()
        return chain.input_gradient(self._task().loss, data.X, data.t, data.weights)

    def jacobian(self, X: Any) -> Array:
        """Return the derivative of each output by each feature, at each sample.

        Of a classifier the outputs are probabilities: one of the second class where there are
        two classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        jacobian : ndarray of shape (n_samples, n_outputs, n_features)
        """
        X = self._validated(X)
        return self._network().jacobian(X.toarray() if sparse.issparse(X) else X)

    def check_gradients(self, X: Any, y: Any, sample_weight: Any = None) -> Report:
        """Compare backprop with finite differences, in float64, at the fitted parameters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A few samples are enough.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        report : Report
            Prints as a table; ``report.passed`` is the verdict.
        """
        data = self._comparable(X, y, sample_weight)
        chain = self._network().astype(np.float64)
        return check_gradients(chain, self._task().loss, data.X, data.t, data.weights)

    def _comparable(self, X: Any, y: Any, sample_weight: Any) -> Samples:
        """Return samples for the fitted network's loss, dense."""
        check_is_fitted(self)
        samples = self._held_out(X, y, sample_weight)
        assert samples is not None
        X = samples.X.toarray() if sparse.issparse(samples.X) else samples.X
        return replace(samples, X=X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _as_rows(data: Samples) -> Samples:
    """Return samples whose rows can be taken: CSC becomes CSR."""
    return replace(data, X=data.X.tocsr()) if sparse.issparse(data.X) else data


def _in_dtype(data: Samples, dtype: np.dtype[Any]) -> Samples:
    """Return samples in the float type to train in."""
    t = data.t.astype(dtype) if data.t.dtype.kind in "fb" else data.t
    with np.errstate(over="ignore"):
        return replace(data, X=data.X.astype(dtype, copy=False), t=t)


def _tuple(data: Samples) -> tuple[Any, ...]:
    return data.X, data.t, data.weights


def _largest(numbers: Array) -> float:
    return float(max(numbers.max(), -numbers.min())) if numbers.size else 0.0


def _not_finite() -> ValueError:
    return ValueError(
        "Solver produced non-finite parameter weights. The input data may contain large values"
        " and need to be preprocessed."
    )


def _warn(message: str, category: type[Warning]) -> None:
    warnings.warn(message, category, stacklevel=6)


def until_fused(chain: Chain, task: Task) -> bool:
    """Return whether the chain's last function and the loss are a pair that fuses."""
    return fused(chain.functions[-1], task.loss) is not None
