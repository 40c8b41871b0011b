"""The solver "lbfgs": the whole set at once, with SciPy, for small data."""

from __future__ import annotations

import math
from dataclasses import replace
from time import perf_counter
from typing import Any

from scipy import optimize
from sklearn.utils.optimize import _check_optimize_result

from chainrule.estimators import resolve
from chainrule.estimators.fitting import FitJob, FitResult
from chainrule.estimators.scoring import printer, scorer
from chainrule.estimators.stopping import FitRecord
from chainrule.training.gradients import loss_and_gradient
from chainrule.training.history import End, Epoch, History
from chainrule.training.lbfgs import CONVERGED, INTERRUPTED, STOPPED_BY_CALLBACK, minimize


def fit_lbfgs(job: FitJob) -> FitResult:
    """Run L-BFGS on the whole set, with callbacks after each iteration if there are any."""
    estimator = job.estimator
    if resolve.augmentations(estimator):
        raise ValueError(
            f"{type(estimator).__name__}: expected a solver that takes steps on batches for "
            "augmentation, got solver='lbfgs'"
        )
    job.data.check(type(estimator).__name__)
    training = job.data.drop_zero_weights()
    training = replace(training, t=job.training_targets(training.t))
    evaluate, engine = loss_and_gradient(
        job.chain,
        job.objective.loss,
        training,
        l2=float(estimator.alpha) / training.weight,  # which the samples share
        seed=resolve.mask_seed(job.chain, job.random_state),
        engine=estimator.engine,
        threads=resolve.threads(estimator.n_jobs),
    )
    iterations = _Iterations(job)
    result = minimize(
        job.chain,
        evaluate,
        iterations=int(estimator.max_iter),
        calls=int(estimator.max_fun),
        tolerance=float(estimator.tol),
        after=iterations.ended,
        settle=lambda: job.chain.settle(training.X),
    )
    return iterations.result(result, engine)


class _Iterations:
    """What happens beside the minimization: a record, a validation set, a report, callbacks."""

    def __init__(self, job: FitJob) -> None:
        self.job, self.record, self.history = job, FitRecord(), History()
        self.score, self.reporter = scorer(job, job.validation), printer(job.estimator)
        self.task = None if job.callbacks is None else job.callbacks.begin_epoch()
        if self.reporter is not None:
            self.reporter.started(int(job.estimator.max_iter), len(job.data))
        self.begin = perf_counter()

    def ended(self, loss: float) -> None:
        """Take note of an iteration; StopIteration if a callback wants no more of them."""
        job, history = self.job, self.history
        seconds = perf_counter() - self.begin
        held_out: tuple[float | None, float | None] = (None, None)
        if (validation := job.validation) is not None and self.score is not None:
            Y = job.chain.forward(validation.X)
            value = job.chain.loss(
                job.objective.loss, validation.X, validation.t, validation.weights
            )
            held_out = value / job.objective.divisor, self.score(Y, validation.t)
        epoch = Epoch(len(history.epochs) + 1, loss, math.nan, seconds, *held_out)
        self.record.add(epoch, 0)
        history.epochs.append(epoch)
        if self.reporter is not None:
            self.reporter.stepped(len(job.data), loss)
            self.reporter.finished(epoch)
        self.begin = perf_counter()
        if job.callbacks is not None:
            asked_to_stop = job.callbacks.end(self.task, job.fitted)
            self.task = job.callbacks.begin_epoch()
            if asked_to_stop:
                raise StopIteration

    def result(self, result: optimize.OptimizeResult, engine: str) -> FitResult:
        """Return what the minimization has led to."""
        job, history, status = self.job, self.history, result.status
        ends: dict[int, End] = {
            CONVERGED: "converged",
            STOPPED_BY_CALLBACK: "converged",
            INTERRUPTED: "interrupted",
        }
        history.end, history.engine = ends.get(status, "epochs"), engine
        history.kept = len(history.epochs)
        if self.reporter is not None:
            self.reporter.ended(history)
        if self.task is not None:
            self.task.call_on_fit_task_end(estimator=job.estimator)
        attributes: dict[str, Any] = {
            "n_iter_": result.nit,
            "t_": 0,
            "loss_": result.fun,
            "loss_curve_": self.record.losses,
            "history_": history,
            "engine_": engine,
        }
        messages: list[tuple[str, type[Warning]]] = []
        if status == INTERRUPTED:
            messages.append(("Training interrupted by user.", UserWarning))
        elif status != STOPPED_BY_CALLBACK:
            attributes["n_iter_"] = _check_optimize_result(
                "lbfgs", result, job.estimator.max_iter
            )
        if job.validation is not None:
            attributes["validation_scores_"] = self.record.scores
            attributes["validation_loss_curve_"] = self.record.validation_losses
        return FitResult(attributes, history, messages=messages)
