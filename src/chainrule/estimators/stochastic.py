"""Training on batches: an estimator's parameters become a plan, and what happens attributes."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from chainrule.chain import Chain
from chainrule.estimators import choices
from chainrule.estimators.callbacks import EpochTasks, FitTask
from chainrule.estimators.course import (
    AtWork,
    Course,
    EpochLoss,
    PresentRate,
    Record,
    Shuffles,
)
from chainrule.estimators.targets import Task
from chainrule.estimators.watching import WatchedTraining
from chainrule.training import (
    GradientNorms,
    History,
    Plan,
    TrainingDivergedError,
    train,
)
from chainrule.training.optimizers import Optimizer
from chainrule.training.samples import Samples

Array = NDArray[Any]


class OnBatches(WatchedTraining):
    """Networks that take steps on batches."""

    def _fit_stochastic(
        self,
        chain: Chain,
        data: Samples,
        validation: Samples | None,
        dtype: np.dtype[Any],
        heard: FitTask | None,
        *,
        incremental: bool,
    ) -> None:
        """Take steps on batches, while callbacks hear of each epoch if there are any."""
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
            validation = in_dtype(validation, dtype)
        data = in_dtype(replace(data, t=self._training_targets(data.t)), dtype)
        norms, diverged = self._norms(chain, task, data), None
        reporter: Any = self._printer() if norms is None else norms
        if heard is not None:
            reporter = EpochTasks(heard, chain, course.stop, reporter)
        try:
            history = train(
                *(chain, task.loss, data.X, data.t, plan),
                sample_weight=data.weights,
                validation=None
                if validation is None
                else (validation.X, validation.t, validation.weights),
                score=self._scorer(chain, validation),
                reporter=reporter,
                watcher=course,
                state=optimizer.state,
                engine=self.engine,
                threads=self._threads(),
            )
        except TrainingDivergedError as error:
            history, diverged = error.history, error
        if norms is not None:
            self._keep_norms(norms.norms)
        self._optimizer, self.history_ = optimizer, history
        if diverged is not None and not (self.early_stopping and history.kept):
            self._set_network(chain.astype(self._network().dtype))  # of the last good epoch
            raise not_finite() from diverged
        self._finish(history, course, incremental=incremental)

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
            watched=self._watched(),
            kind=self.learning_rate if changes else "constant",
            power=float(self.power_t),
            verbose=self.verbose not in (False, 0, "bar"),
        )

    def _plan(self, chain: Chain, course: Course, task: Task, *, incremental: bool) -> Plan:
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
            seed=choices.mask_seed(chain, self._random_state),
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

    def _norms(self, chain: Chain, task: Task, data: Samples) -> GradientNorms | None:
        """Return who records the lengths of gradients, if that is wanted."""
        if self.gradient_samples is None:
            return None
        counted = data.that_count()
        few = counted.at(np.arange(min(int(self.gradient_samples), len(counted))))
        own: Any = {"reporter": self._printer(), "engine": self.engine}
        return GradientNorms(chain, task.loss, few.X, few.t, few.weights, **own)

    def _keep_norms(self, norms: dict[str, list[float]]) -> None:
        """Append the lengths of gradients to those of the same network's epochs before."""
        before = getattr(self, "gradient_norms_", {}) if self.loss_curve_ else {}
        self.gradient_norms_ = {name: [*before.get(name, []), *norms[name]] for name in norms}

    def _finish(self, history: History, course: Course, *, incremental: bool) -> None:
        """Set the fitted attributes, and warn of how training ended if it should have gone on."""
        record = course.record
        self.n_iter_, self.engine_ = len(history.epochs), history.engine
        if history.end == "diverged":
            self.n_iter_ += 1
            record.losses.append(np.nan)
            record.scores = [*(record.scores or []), np.nan]
        self._record_to_attributes(record)
        if history.end == "diverged":
            _warn(f"Stochastic Optimizer: {history.trouble}", ConvergenceWarning)
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
        """Return what is known of the epochs so far; what is watched only now has no best yet."""
        begin = Record.begin(early_stopping=bool(self.early_stopping))
        best_loss = getattr(self, "best_loss_", None)
        best_score = getattr(self, "best_validation_score_", None)
        return Record(
            losses=list(getattr(self, "loss_curve_", [])),
            best_loss=begin.best_loss if best_loss is None else best_loss,
            scores=getattr(self, "validation_scores_", None),
            best_score=begin.best_score if best_score is None else best_score,
            validation_losses=getattr(self, "validation_loss_curve_", None),
            stale=getattr(self, "_no_improvement_count", 0),
            seen=getattr(self, "t_", 0),
        )


def in_dtype(data: Samples, dtype: np.dtype[Any]) -> Samples:
    """Return samples in the float type to train in."""
    t = data.t.astype(dtype) if data.t.dtype.kind in "fb" else data.t
    with np.errstate(over="ignore"):
        return replace(data, X=data.X.astype(dtype, copy=False), t=t)


def not_finite() -> ValueError:
    """Return the error that says that training led nowhere."""
    return ValueError(
        "Solver produced non-finite parameter weights. The input data may contain large values"
        " and need to be preprocessed."
    )


def _warn(message: str, category: type[Warning]) -> None:
    warnings.warn(message, category, stacklevel=6)
