"""Checkpoints of L-BFGS: all losses and gradients so far, to take the same way again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import scipy

from chainrule.estimators.fitting import FitJob
from chainrule.training.agreement import SharedWriter, check_same_start
from chainrule.training.checkpoint_writer import Writer
from chainrule.training.evaluations import Evaluations
from chainrule.training.gradients import LossAndGradient
from chainrule.training.identity import Identity, described_data
from chainrule.training.run_identity import data_identity, engine_identity, network_identity
from chainrule.training.samples import Samples
from chainrule.training.session import present_ranks
from chainrule.training.shards import shards_of

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
    ranks = present_ranks()
    shards = shards_of(ranks)

    @cache
    def identity() -> Identity:
        return {
            **network_identity(chain, job.objective.loss, start),
            **data_identity(training, held_out),
            **({} if shards is None else {"shards": str(shards)}),
            "engine": f"{engine_identity(engine)}, SciPy {scipy.__version__}",
        }

    evaluations = Evaluations(evaluate, chain.parameters.flat)
    checkpoint.restore(identity, evaluations)
    writer: Writer = checkpoint.writer(identity)
    if ranks is not None:
        check_same_start(ranks, len(evaluations.done), "evaluations")
        writer = SharedWriter(writer, ranks)
    evaluations.look = lambda: writer.look(evaluations)
    with writer.at_work(evaluations):
        yield evaluations
        if evaluations.more:
            writer.last(evaluations)
