"""The solver "lbfgs": the whole set at once, with SciPy, for small data."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from scipy import optimize
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators import resolve
from chainrule.estimators.fitting import FitJob, FitResult, interrupted, not_finite
from chainrule.estimators.lbfgs_checkpoint import kept_evaluations
from chainrule.estimators.scoring import Guarded, monitored, printer, score_remark, scorer
from chainrule.estimators.stopping import EpochLoss, StoppingMonitor
from chainrule.training import TrainingDivergedError
from chainrule.training.agreement import SharedValidation, SharedWatcher, check_agreement
from chainrule.training.evaluations import Evaluations
from chainrule.training.fit_checks import check_fit
from chainrule.training.gradients import LossAndGradient, loss_and_gradient
from chainrule.training.history import End, Epoch, History
from chainrule.training.lbfgs import (
    CONVERGED,
    DIVERGED,
    INTERRUPTED,
    STOPPED_BY_CALLBACK,
    minimize,
)
from chainrule.training.samples import Samples
from chainrule.training.session import present_ranks, speaks
from chainrule.training.sharded_gradients import ShardedGradients
from chainrule.training.shards import shards_of
from chainrule.training.stopping import Watcher
from chainrule.training.validation import Validation


def fit_lbfgs(job: FitJob) -> FitResult:
    """Run L-BFGS on the whole set, with callbacks after each iteration if there are any."""
    estimator = job.estimator
    name = type(estimator).__name__
    if resolve.augmentations(estimator):
        raise ValueError(
            f"{name}: expected a solver that takes steps on batches for augmentation, got "
            "solver='lbfgs'"
        )
    data, held_out = job.parts()
    data.check(name)
    if held_out is not None:
        held_out.check("validation")
    training = data.drop_zero_weights()
    training = replace(training, t=job.training_targets(training.t))
    for samples in filter(None, (training, held_out)):
        check_fit(job.chain, job.objective.loss, samples)
    ranks = present_ranks()
    l2 = float(estimator.alpha) / training.weight  # which the samples share
    l2 = l2 if ranks is None else ranks.share(l2)
    evaluate, engine = _evaluated(job, training, held_out, l2)
    with (
        nullcontext() if ranks is None else ranks.at_one_pace(),
        kept_evaluations(job, evaluate, training, held_out, engine) as kept,
    ):
        iterations = _Iterations(job, held_out, l2, kept)
        iterations.history.reason = getattr(evaluate, "reason", "")
        result = minimize(
            job.chain,
            kept,
            iterations=int(estimator.max_iter),
            calls=int(estimator.max_fun),
            tolerance=float(estimator.tol),
            after=iterations.ended,
            settle=lambda: job.chain.settle(training.X),
        )
    return iterations.result(result, engine)


def _evaluated(
    job: FitJob, training: Samples, held_out: Samples | None, l2: float
) -> tuple[LossAndGradient, str]:
    """Return loss and gradient as a function of the parameters, and what computes them."""
    estimator, ranks = job.estimator, present_ranks()
    options: dict[str, Any] = {
        "l2": l2,
        "seed": resolve.mask_seed(job.chain, job.random_state),
        "threads": resolve.threads(estimator.n_jobs),
    }
    given = job.chain, job.objective.loss, training
    shards = shards_of(ranks)
    if ranks is None or shards is None:
        return loss_and_gradient(*given, engine=estimator.engine, **options)
    if estimator.engine == "reference":
        raise ValueError(
            f"{type(estimator).__name__}: expected engine auto or machine with shards, got "
            "'reference'"
        )
    settings = {name: options[name] for name in ("l2", "seed")}
    settings |= {name: getattr(estimator, name) for name in ("max_iter", "max_fun", "tol")}
    check_agreement(ranks, job.chain, training, held_out, settings)
    return ShardedGradients(*given, shards, ranks, **options), "machine"


class _Iterations:
    """What happens beside the minimization: a record, a validation set, a report, callbacks."""

    def __init__(
        self, job: FitJob, held_out: Samples | None, l2: float, evaluate: LossAndGradient
    ) -> None:
        estimator = job.estimator
        self.evaluations = evaluate if isinstance(evaluate, Evaluations) else None
        self.job, self.held_out, self.l2 = job, held_out, l2
        self.told, self.history = EpochLoss(job.objective.divisor).of, History()
        self.monitor = StoppingMonitor(
            record=job.record(),
            optimizer=None,
            samples=0,
            tol=float(estimator.tol),
            patience=float(estimator.n_iter_no_change) if estimator.early_stopping else math.inf,
            watched=monitored(job, held_out),
            verbose=speaks() and estimator.verbose not in (False, 0, "bar"),
        )
        self.score: Guarded | None = scorer(job, held_out)
        self.validation = None if held_out is None else Validation(held_out, self.score)
        self.watcher: Watcher = self.monitor
        if ranks := present_ranks():
            self.watcher = SharedWatcher(self.monitor, ranks)
            if held_out is not None:
                self.validation = SharedValidation(held_out, self.score, ranks)
        job.compare_from(self.monitor, self.validation)
        self.best = job.chain.parameters.flat.copy()
        self.penalized = job.chain.weight_mask()
        self.reporter = printer(estimator)
        self.task = None if job.callbacks is None else job.callbacks.begin_epoch()
        if self.reporter is not None:
            self.reporter.started(int(estimator.max_iter), len(job.data))
        self.begin = self.seconds()

    def seconds(self) -> float:
        """Return the time, which in a minimization that goes on is what it was."""
        return perf_counter() if self.evaluations is None else self.evaluations.seconds()

    def ended(self, loss: float) -> None:
        """Take note of an iteration; StopIteration if there should be no more of them."""
        job, history, number = self.job, self.history, len(self.history.epochs) + 1
        loss = self.told(loss, self._penalty())
        seconds = self.seconds() - self.begin
        epoch = Epoch(number, loss, math.nan, seconds, *self._held_out())
        history.epochs.append(epoch)
        if self.watcher.see(epoch):
            self.best[...] = job.chain.parameters.flat
            history.kept = number
        again = self.evaluations is not None and self.evaluations.again
        if self.reporter is not None and not again:
            self.reporter.stepped(len(job.data), loss)
            self.reporter.finished(epoch)
        self.begin = self.seconds()
        if job.callbacks is not None:
            asked_to_stop = job.callbacks.end(self.task, job.fitted)
            self.task = job.callbacks.begin_epoch()
            if asked_to_stop:
                raise StopIteration
        if self.watcher.exhausted(epoch):
            history.end = "validation"
            raise StopIteration

    def _penalty(self) -> float:
        """Return the penalty in the loss."""
        weights = self.job.chain.parameters.flat[self.penalized].astype(np.float64)
        return self.l2 / 2 * float(weights @ weights)

    def _held_out(self) -> tuple[float | None, float | None]:
        """Return loss and score on the validation set; StopIteration if the loss is not finite."""
        if self.validation is None:
            return None, None
        value, score = self.job.measure(self.validation)
        if not math.isfinite(value):
            self._diverged(f"the validation loss became {value}")
            raise StopIteration
        return value, score

    def _diverged(self, what: str) -> None:
        """Take note of a divergence, and of the remedy."""
        kept = f"iteration {self.history.kept}" if self.history.kept else "the start"
        self.history.end = "diverged"
        self.history.trouble = (
            f"{what} in iteration {len(self.history.epochs) + 1}: bring the numbers in X and t "
            f"near 1, such as by scaling, or raise alpha. The parameters are those of {kept}."
        )

    def result(self, result: optimize.OptimizeResult, engine: str) -> FitResult:
        """Return what the minimization has led to; the chain gets the parameters to keep."""
        job, history, record = self.job, self.history, self.monitor.record
        early, most = bool(job.estimator.early_stopping), int(job.estimator.max_iter)
        if result.status == DIVERGED:
            self._diverged(f"the loss became {result.fun}")
        elif history.end == "epochs":
            history.end = ENDS.get(result.status, "epochs")
        history.engine = engine
        attributes = record.attributes(early_stopping=early)
        if not history.epochs and math.isfinite(result.fun):  # nothing to gain from the start
            attributes["loss_"] = self.told(float(result.fun), self._penalty())
        if history.epochs or history.end == "diverged":
            job.chain.parameters.flat[...] = self.best  # without early stopping, the last
        if self.reporter is not None:
            self.reporter.ended(history)
        if self.task is not None:
            self.task.call_on_fit_task_end(estimator=job.estimator)
        fitted = FitResult(
            {
                **attributes,
                "n_iter_": min(result.nit, most),
                "history_": history,
                "engine_": engine,
            },
            history,
        )
        if history.end == "diverged":
            if early and history.kept:
                fitted.messages.append((f"lbfgs: {history.trouble}", ConvergenceWarning))
            else:
                fitted.trouble = not_finite(history.trouble)
                fitted.trouble.__cause__ = TrainingDivergedError(history.trouble, history)
        elif history.end == "interrupted":
            fitted.messages.append((interrupted(job), UserWarning))
        elif history.end == "epochs":
            fitted.messages.append((_not_converged(result, most), ConvergenceWarning))
        fitted.say_of_scores(score_remark(job, self.held_out, history, self.score))
        return fitted


ENDS: dict[int, End] = {
    CONVERGED: "converged",
    STOPPED_BY_CALLBACK: "converged",
    INTERRUPTED: "interrupted",
}
"""How training ended, by SciPy's status; all others are limits that were reached."""


def _not_converged(result: optimize.OptimizeResult, most: int) -> str:
    """Return scikit-learn's words for a minimization that ended at a limit, or abnormally."""
    remedy = "You might also want to scale the data"
    if result.nit >= most:
        remedy = f"Increase the number of iterations to improve the convergence (max_iter={most})"
    return (
        f"lbfgs failed to converge after {result.nit} iteration(s) (status={result.status}):\n"
        f"{result.message}\n\n{remedy}."
    )
