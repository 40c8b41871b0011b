"""Training on batches: an estimator's parameters become a plan, and what happens attributes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators import resolve
from chainrule.estimators.callbacks import EpochTasks
from chainrule.estimators.fitting import FitJob, FitResult, in_dtype, interrupted, not_finite
from chainrule.estimators.scoring import monitored, printer, score_remark, scorer
from chainrule.estimators.stopping import (
    CurrentRate,
    EpochLoss,
    FitRecord,
    OptimizerState,
    Shuffles,
    StoppingMonitor,
    Watched,
)
from chainrule.training import GradientNorms, History, Plan, TrainingDivergedError
from chainrule.training.loss_scale import LossScale, rise_remark
from chainrule.training.samples import Samples
from chainrule.training.session import present_ranks, speaks
from chainrule.training.validation import Validation


def fit_stochastic(job: FitJob) -> FitResult:
    """Take steps on batches, with callbacks after each epoch if there are any."""
    estimator = job.estimator
    optimizer = _optimizer(job)
    data, held_out = job.parts()
    monitor = _monitor(job, optimizer, job.rows(data), monitored(job, held_out))
    plan = _plan(job, monitor, optimizer)
    data = in_dtype(replace(data, t=job.training_targets(data.t)), job.chain.dtype)
    norms = _norms(job, data)
    reporter: Any = printer(estimator) if norms is None else norms
    if job.callbacks is not None:
        reporter = EpochTasks(job.callbacks, job.fitted, monitor.stop, reporter)
    score, given = None, None
    if held_out is not None:
        held_out = in_dtype(held_out, job.chain.dtype)
        given = held_out.X, held_out.t, held_out.weights
        score = scorer(job, held_out)
        job.compare_from(monitor, Validation(held_out, score))
    diverged = None
    try:
        history = job.train(
            data,
            plan,
            validation=given,
            score=score,
            reporter=reporter,
            watcher=monitor,
            state=optimizer.state,
            engine=estimator.engine,
            threads=resolve.threads(estimator.n_jobs),
            checkpoint=job.kept,
        )
    except TrainingDivergedError as error:
        history, diverged = error.history, error
    _compare_with_calls_before(job, monitor.record, history, data)
    result = _result(job, monitor, history)
    result.attributes.update(_norms_so_far(job, norms))
    result.say_of_scores(score_remark(job, held_out, history, score))
    if diverged is not None and not (estimator.early_stopping and history.kept):
        result.trouble, result.messages = not_finite(history.trouble), []
        result.trouble.__cause__ = diverged
    return result


def _optimizer(job: FitJob) -> OptimizerState:
    """Return an optimizer that begins, or, from call to call of partial_fit, goes on."""
    rule, flat = resolve.optimizer(job.estimator), job.chain.parameters.flat
    before: OptimizerState | None = None
    if job.incremental and not job.first:
        before = job.estimator._optimizer_going_on(job)
    if before is not None and before.fits(rule, flat):
        return before.going_on(rule, flat)
    return OptimizerState.begin(rule, flat)


def _monitor(
    job: FitJob, optimizer: OptimizerState, samples: int, watched: Watched
) -> StoppingMonitor:
    """Return what says when training stops, from where it stopped before."""
    estimator = job.estimator
    changes = estimator.learning_rate in ("invscaling", "adaptive") and estimator.solver != "adam"
    return StoppingMonitor(
        record=job.record(),
        optimizer=optimizer,
        samples=samples,
        tol=float(estimator.tol),
        patience=float(estimator.n_iter_no_change),
        watched=watched,
        kind=estimator.learning_rate if changes else "constant",
        power=float(estimator.power_t),
        verbose=speaks() and estimator.verbose not in (False, 0, "bar"),
    )


def _plan(job: FitJob, monitor: StoppingMonitor, optimizer: OptimizerState) -> Plan:
    """Return the plan that an estimator's parameters describe; masks draw before augmentation."""
    estimator = job.estimator
    seed = resolve.mask_seed(job.chain, job.random_state)
    changes = resolve.augmentations(estimator)
    if changes or present_ranks() is not None:  # from call to call they are others
        seed = int(job.random_state.randint(2**31 - 1)) + len(monitor.record.losses)
    clip_norm = estimator.clip_norm
    return Plan(
        optimizer=optimizer.rule,
        schedule=resolve.schedule(estimator.learning_rate) or CurrentRate(optimizer),
        batch_size=resolve.batch_size(
            estimator.batch_size, monitor.samples, estimator._usual_batch_size
        ),
        epochs=1 if job.incremental else int(estimator.max_iter),
        l2=float(estimator.alpha),
        l2_shared=True,
        clip_norm=None if clip_norm is None else float(clip_norm),
        patience=None,
        shuffle=Shuffles(job.random_state) if estimator.shuffle else False,
        seed=seed,
        epoch_loss=EpochLoss(job.objective.divisor),
        augmentation=changes,
        precision=estimator.precision,
    )


def _norms(job: FitJob, data: Samples) -> GradientNorms | None:
    """Return what records the lengths of gradients, if that is wanted."""
    estimator = job.estimator
    if estimator.gradient_samples is None:
        return None
    counted = data.drop_zero_weights()
    few = counted.at(np.arange(min(int(estimator.gradient_samples), len(counted))))
    return GradientNorms(
        job.chain,
        job.objective.loss,
        few.X,
        few.t,
        few.weights,
        reporter=printer(estimator),
        engine=estimator.engine,
    )


def _norms_so_far(job: FitJob, norms: GradientNorms | None) -> dict[str, Any]:
    """Return the attribute of the lengths of gradients, those of calls before included."""
    if norms is None:
        return {}
    before = {} if job.first else getattr(job.estimator, "gradient_norms_", {})
    lengths = {name: [*before.get(name, []), *own] for name, own in norms.norms.items()}
    return {"gradient_norms_": lengths}


def _compare_with_calls_before(
    job: FitJob, record: FitRecord, history: History, data: Samples
) -> None:
    """Take note of a loss that has risen call by call, far above that of the first call."""
    if record.start is None:
        record.start = history.start
    elif history.epochs and not history.remarks and history.end != "interrupted":
        counted, told = data.drop_zero_weights(), EpochLoss(job.objective.divisor).of
        scale = LossScale(job.chain, job.objective.loss, counted, told, None)
        scale.start = record.start
        history.remarks += filter(None, [rise_remark(scale, history.epochs)])


def _result(job: FitJob, monitor: StoppingMonitor, history: History) -> FitResult:
    """Return the fitted attributes, and warnings if training should have gone on."""
    record, estimator = monitor.record, job.estimator
    epochs = len(history.epochs)
    messages: list[tuple[str, type[Warning]]] = [
        (f"Stochastic Optimizer: {remark}", ConvergenceWarning) for remark in history.remarks
    ]
    if history.end == "diverged":
        epochs += 1
        record.losses.append(np.nan)
        if record.scores is not None or estimator.early_stopping:
            record.scores = [*(record.scores or []), np.nan]
            record.validation_losses = [*(record.validation_losses or []), np.nan]
        messages.append((f"Stochastic Optimizer: {history.trouble}", ConvergenceWarning))
    elif history.end == "interrupted":
        messages.append((interrupted(job), UserWarning))
    elif history.end == "epochs" and not (job.incremental or estimator._ends_by_plan):
        ended = (
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) "
            "reached and the optimization hasn't converged yet."
        )
        messages.append((ended, ConvergenceWarning))
    attributes = {
        **record.attributes(early_stopping=bool(estimator.early_stopping)),
        "n_iter_": epochs,
        "engine_": history.engine,
        "history_": history,
        "_optimizer": monitor.optimizer,
    }
    return FitResult(attributes, history, messages=messages)
