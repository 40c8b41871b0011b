"""All solvers by the names of the parameter ``solver``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.estimators.conclusion import is_part_of_more
from chainrule.estimators.fitting import FitJob, FitResult
from chainrule.estimators.lbfgs import fit_lbfgs
from chainrule.estimators.resolve import STOCHASTIC
from chainrule.estimators.stochastic import fit_stochastic

Solver = Callable[[FitJob], FitResult]
"""Moves the parameters of a job's chain; returns what it led to, and changes nothing else."""

SOLVERS: dict[str, Solver] = {
    **dict.fromkeys(STOCHASTIC, fit_stochastic),
    "lbfgs": fit_lbfgs,
}
"""All solvers by name; a new one is one file and a line here."""


def solver(choice: Any) -> Solver:
    """Return the solver of a name; an Optimizer takes steps on batches."""
    return SOLVERS[choice] if isinstance(choice, str) else fit_stochastic


def solve(job: FitJob) -> FitResult:
    """Return what the solver of a job's estimator leads to."""
    return unless_one_of_many(solver(job.estimator.solver)(job))


def unless_one_of_many(result: FitResult) -> FitResult:
    """Return what a training has led to, unless Ctrl-C ends more than it.

    It ends a training as if its last epoch had come; where the training is one of many, it is
    raised again, so that it ends them all.
    """
    if result.history.end == "interrupted" and is_part_of_more():
        raise KeyboardInterrupt
    return result
