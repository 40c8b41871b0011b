"""Training the members of a table's network: one rule of stopping, for their mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators import resolve
from chainrule.estimators.fitting import FitResult, in_dtype, interrupted, not_finite
from chainrule.estimators.scoring import LOSS, Guarded, Metric, printer, score_remark
from chainrule.estimators.tables.networks import quantiles_of
from chainrule.estimators.tables.preparation import TableJob
from chainrule.estimators.tables.quantiles import move_quantiles
from chainrule.estimators.tables.scores import MeanScore
from chainrule.training import AdamW, Cosine, History, Patience, Plan, TrainingDivergedError
from chainrule.training.samples import Samples

__all__ = ["fit_members"]

VARIED = ("r2", "roc_auc")
"""Scores that rows with one answer only do not have: their loss is watched then."""


def fit_members(job: TableJob, seconds: float | None) -> FitResult:
    """Train all members at once, for so many seconds at most, and return what it led to."""
    estimator, dtype = job.estimator, job.chain.dtype
    data = in_dtype(_near_1(replace(job.data, t=job.training_targets(job.data.t))), dtype)
    held_out, score, given = job.validation, None, None
    if held_out is not None:
        held_out = in_dtype(_near_1(held_out), dtype)
        given = held_out.X, held_out.t, held_out.weights
        score = _score(job, held_out)
    diverged = None
    try:
        history = job.train(
            data,
            _plan(job, seconds),
            validation=given,
            score=score,
            reporter=printer(estimator),
            engine=estimator.engine,
            threads=resolve.threads(estimator.n_jobs),
            checkpoint=job.kept,
        )
    except TrainingDivergedError as error:
        history, diverged = error.history, error
    if held_out is not None and quantiles_of(job.targets):
        move_quantiles(job.chain, held_out, quantiles_of(job.targets))
    result = _result(job, history)
    result.say_of_scores(score_remark(job, held_out, history, score))
    if diverged is not None and not history.kept:
        result.trouble, result.messages = not_finite(history.trouble), []
        result.trouble.__cause__ = diverged
    return result


def _near_1(samples: Samples) -> Samples:
    """Return samples with weights that float32 holds: what counts is how they compare.

    They are divided by a power of 2, which rounds none of them.
    """
    if samples.weights is None or not samples.weights.any() or samples.weights.min() < 0:
        return samples
    power = int(np.frexp(samples.weights.max())[1])
    return replace(samples, weights=np.ldexp(samples.weights, -power))


def _plan(job: TableJob, seconds: float | None) -> Plan:
    """Return how to train, as the recipe says."""
    recipe, watched = job.recipe, job.validation is not None
    return Plan(
        AdamW(recipe.learning_rate, beta2=recipe.beta2, weight_decay=recipe.weight_decay),
        Cosine(),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        patience=Patience(recipe.patience, tolerance=0.0) if watched else None,
        seed=int(job.random_state.randint(2**31 - 1)),
        precision=job.estimator.precision,
        max_seconds=seconds,
        averaging=recipe.averaging,
    )


def _score(job: TableJob, held_out: Samples) -> Guarded | None:
    """Return the score of the members' mean; None watches the mean of their losses."""
    scoring = job.recipe.scoring
    varied = bool((held_out.t != held_out.t[:1]).any(axis=0).all())
    if scoring == LOSS or (scoring in VARIED and not varied):
        return None
    if MeanScore.knows(scoring, job.targets):
        return Guarded(MeanScore(scoring, job.targets, held_out.weights))
    return Guarded(Metric(job, held_out))


def _result(job: TableJob, history: History) -> FitResult:
    """Return the fitted attributes, and warnings if training ended otherwise than it should."""
    messages: list[tuple[str, type[Warning]]] = [
        (remark, ConvergenceWarning) for remark in history.remarks
    ]
    if history.end == "diverged":
        messages.append((history.trouble, ConvergenceWarning))
    elif history.end == "interrupted":
        messages.append((interrupted(job), UserWarning))
    scores = [e.validation_score for e in history.epochs if e.validation_score is not None]
    losses = [e.validation_loss for e in history.epochs if e.validation_loss is not None]
    kept = history.epochs[history.kept - 1] if history.kept else None
    attributes = {
        "loss_curve_": history.losses,
        **({"loss_": history.losses[-1]} if history.losses else {}),
        "validation_scores_": scores or None,
        "validation_loss_curve_": losses or None,
        "best_validation_score_": None if kept is None else kept.validation_score,
        "n_iter_": len(history.epochs),
        "engine_": history.engine,
        "history_": history,
    }
    return FitResult(attributes, history, messages=messages)

