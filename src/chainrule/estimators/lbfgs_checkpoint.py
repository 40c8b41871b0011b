"""Checkpoints of L-BFGS: all losses and gradients so far, to take the same way again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import scipy

from chainrule.estimators.fitting import FitJob
from chainrule.training.evaluations import Evaluations
from chainrule.training.gradients import LossAndGradient
from chainrule.training.identity import Identity, described_data
from chainrule.training.run_identity import data_identity, engine_identity, network_identity
from chainrule.training.samples import Samples

__all__ = ["kept_evaluations"]


@contextmanager
def kept_evaluations(
    job: FitJob,
    evaluate: LossAndGradient,
    training: Samples,
    held_out: Samples | None,
    engine: str,
) -> Iterator[LossAndGradient]:
    """Give what a minimization is to call; with a checkpoint, it is written meanwhile, and after.

    Parameters
    ----------
    job : FitJob
        The fit, with or without a checkpoint.
    evaluate : callable
        Loss and gradient as a function of the parameters.
    training, held_out : Samples
        What is trained on, and the validation set.
    engine : str
        What evaluates.
    """
    checkpoint, chain = job.kept, job.chain
    if checkpoint is None:
        yield evaluate
        return
    start = described_data(chain.parameters.flat)

    @cache
    def identity() -> Identity:
        return {
            **network_identity(chain, job.objective.loss, start),
            **data_identity(training, held_out),
            "engine": f"{engine_identity(engine)}, SciPy {scipy.__version__}",
        }

    evaluations = Evaluations(evaluate, chain.parameters.flat)
    checkpoint.restore(identity, evaluations)
    writer = checkpoint.writer(identity)
    evaluations.look = lambda: writer.look(evaluations)
    with writer.at_work(evaluations):
        yield evaluations
        if evaluations.more:
            writer.last(evaluations)
