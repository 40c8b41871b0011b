"""Training: data are checked, a stepper is chosen, and epochs are run until it is time to stop.

Nothing here knows any particular function, loss or optimizer.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.losses.base import expect_loss
from chainrule.training.agreement import check_agreement, plan_settings, share_out
from chainrule.training.checkpoint import Checkpoint
from chainrule.training.epoch_samples import EpochSamples
from chainrule.training.fit_checks import check_fit, check_state, check_targets
from chainrule.training.history import History
from chainrule.training.identity import described_data
from chainrule.training.optimizers import State
from chainrule.training.plan import Plan
from chainrule.training.probe import probe, probe_optimizer
from chainrule.training.ranks import OneProcess
from chainrule.training.reporter import Reporter, ReporterTee
from chainrule.training.run import TrainingRun
from chainrule.training.run_identity import training_identity
from chainrule.training.sample_blocks import SampleBlocks, all_of
from chainrule.training.samples import Samples
from chainrule.training.scores import Score
from chainrule.training.session import present_ranks, ranks_of
from chainrule.training.sharded_samples import ShardedSamples
from chainrule.training.shards import shards_of
from chainrule.training.snapshot import check_changing
from chainrule.training.stepper import StepOptions
from chainrule.training.steppers import Engine, choose_stepper
from chainrule.training.stopping import PatientWatcher, Watcher
from chainrule.training.validation import Validation
from chainrule.training.windows import WindowedSamples
from chainrule.warning import warn


def train(
    chain: Chain,
    loss: Loss,
    X: Any,
    t: Any,
    plan: Plan | None = None,
    *,
    sample_weight: Any = None,
    validation: tuple[Any, ...] | None = None,
    score: Score | None = None,
    reporter: Reporter | None = None,
    watcher: Watcher | None = None,
    state: State | None = None,
    engine: Engine = "auto",
    threads: int | None = None,
    checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
    communicator: Any = None,
) -> History:
    """Fit the parameters of a chain to X (n, …) and targets t; return what happened.

    A chain that has no parameters yet is initialized with the plan's seed. With a validation set
    the parameters of its best epoch are kept. Ctrl-C ends training as if it had been the last
    epoch.

    Parameters
    ----------
    chain : Chain
        What is trained; its parameters change in place.
    loss : Loss
        What is minimized.
    X : array or sparse matrix of shape (n, …)
        The samples.
    t : array
        The targets, as the loss takes them.
    plan : Plan, optional
        How to train; ``Plan()`` by default.
    sample_weight : array of shape (n,), optional
        The weights of the samples in the loss, >= 0.
    validation : tuple, optional
        (X, t) or (X, t, weights) that training does not see.
    score : callable, optional
        A function of outputs and targets, higher being better, for the validation set; without
        it the validation loss is watched.
    reporter : Reporter, optional
        An observer, such as ``ProgressBar()``.
    watcher : Watcher, optional
        Decides which epoch is the best and when to stop, in place of the plan's patience.
    state : State, optional
        The optimizer's numbers to continue with, from ``optimizer.begin(…)`` or from a training
        before; they are changed in place.
    engine : {"auto", "machine", "reference"}, default="auto"
        "reference" takes the steps as chain.py does, in NumPy; "machine" by machine code, many
        times faster, equal up to rounding; "auto" by machine code where the engine has kernels for
        the whole network.
    threads : int, optional
        Of the machine code; by default as many as pay, which may change on the way. Their number
        does not change a bit.
    checkpoint : Checkpoint, str or path, optional
        A file that keeps the training now and then, while it goes on. Where it is there already,
        training goes on from it, with the same bits as if it had never been interrupted; a file
        of another training is refused. In the main thread SIGTERM then ends training as Ctrl-C
        does, between two steps, unless the program handles it itself. An error that ends training
        finds the last whole step in the file.
    communicator : mpi4py.MPI.Comm, optional
        Whose ranks share each batch out, all of which call this with the same arguments. However
        many they are, up to the plan's shards, all have the same bits in the end.

    Returns
    -------
    history : History
        What happened, epoch by epoch.

    Raises
    ------
    ValueError
        Data that do not fit the chain, the loss or each other, or are not finite; or a plan with
        precision of bfloat16 where the engine cannot take the steps, or of a chain of float64; or
        a checkpoint of another training, whose difference the message names.
    TrainingDivergedError
        The loss is no longer finite. The chain then has the parameters of the last good epoch.

    Warns
    -----
    UserWarning
        The last loss is more than 1000 times that of the start, so that training has diverged; or
        the score of some epochs, not of the first, is NaN. Such an epoch is never the best. Or a
        checkpoint could not be written: the one before stays, and training goes on.
    """
    if communicator is not None:
        with ranks_of(communicator):
            return train(
                chain,
                loss,
                X,
                t,
                plan,
                sample_weight=sample_weight,
                validation=validation,
                score=score,
                reporter=reporter,
                watcher=watcher,
                state=state,
                engine=engine,
                threads=threads,
                checkpoint=checkpoint,
            )
    expect_loss(loss)
    plan = plan or Plan()
    data = Samples.of("train", X, t, sample_weight)
    data.check("train")
    held_out = _held_out(validation)
    if not chain.initialized:
        chain.initialize(data.X, seed=plan.seed)
    data.check_range("train", chain.dtype)
    data = data.drop_zero_weights()
    check_fit(chain, loss, data)
    return _run(
        chain,
        loss,
        _epoch_samples(data, plan, chain),
        plan,
        held_out,
        score=score,
        reporter=reporter,
        watcher=watcher,
        state=state,
        engine=engine,
        threads=threads,
        checkpoint=checkpoint,
    )


def train_blocks(
    chain: Chain,
    loss: Loss,
    blocks: SampleBlocks,
    plan: Plan,
    *,
    window_rows: int,
    name: str = "train",
    advice: str | None = None,
    validation: tuple[Any, ...] | None = None,
    score: Score | None = None,
    reporter: Reporter | None = None,
    watcher: Watcher | None = None,
    state: State | None = None,
    engine: Engine = "auto",
    threads: int | None = None,
    checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
) -> History:
    """Fit the parameters of a chain to samples that are read in blocks; return what happened.

    In memory there are two windows of them, one that is trained on and one that is being read; the
    order of samples is that of :mod:`chainrule.training.windows`. Where all fit into one window,
    they are read once, and trained on as :func:`train` does: with the same bits. Of several
    processes each reads its own part.

    Parameters
    ----------
    chain : Chain
        What is trained, initialized; its parameters change in place.
    loss : Loss
        What is minimized.
    blocks : SampleBlocks
        The samples, with their targets and perhaps weights > 0.
    plan : Plan
        How to train.
    window_rows : int
        The most samples of a window.
    name : str, default="train"
        Whom messages about samples name.
    advice : str, optional
        What helps where a number is too large for the chain's float type.
    validation, score, reporter, watcher, state, engine, threads, checkpoint
        As :func:`train` has them.

    Returns
    -------
    history : History

    Raises
    ------
    ValueError
        As of :func:`train`; samples are checked when they are read, before they are trained on.
    TrainingDivergedError
        The loss is no longer finite. The chain then has the parameters of the last good epoch.
    """
    more: dict[str, Any] = {
        "score": score,
        "reporter": reporter,
        "watcher": watcher,
        "state": state,
        "engine": engine,
        "threads": threads,
        "checkpoint": checkpoint,
    }
    if sum(blocks.sizes) <= window_rows:
        known = all_of(blocks)
        more |= {"sample_weight": known.weights, "validation": validation}
        return train(chain, loss, known.X, known.t, plan, **more)
    expect_loss(loss)
    held_out = _held_out(validation)

    def check(samples: Samples) -> None:
        samples.check(name)
        samples.check_range(name, chain.dtype, advice)
        if samples.weights is not None and not samples.weights.all():
            raise ValueError(
                f"{name}: expected sample weights > 0 of what is read in blocks, got 0 in sample "
                f"{int(np.argmin(samples.weights))}; leave such samples out"
            )
        check_targets(chain, loss, samples)

    ranks = present_ranks()
    data = WindowedSamples(
        blocks,
        plan,
        chain.dtype,
        window_rows,
        check,
        shards=shards_of(ranks, plan.shards),
        ranks=ranks,
    )
    try:
        check_fit(chain, loss, data.known)
        return _run(chain, loss, data, plan, held_out, **more)
    finally:
        data.close()


def _epoch_samples(data: Samples, plan: Plan, chain: Chain) -> EpochSamples:
    """Return samples in their order: of shards, where the plan has them, or processes share."""
    count = shards_of(present_ranks(), plan.shards)
    if count is None:
        return EpochSamples(data, plan, chain.dtype)
    return ShardedSamples(data, plan, chain.dtype, count)


def _held_out(validation: tuple[Any, ...] | None) -> Samples | None:
    """Return the samples of a validation set, checked but for what depends on the chain."""
    if validation is None:
        return None
    held_out = Samples.of("validation", *validation)
    held_out.check("validation")
    return held_out


def _run(
    chain: Chain,
    loss: Loss,
    data: EpochSamples | WindowedSamples,
    plan: Plan,
    held_out: Samples | None,
    *,
    score: Score | None,
    reporter: Reporter | None,
    watcher: Watcher | None,
    state: State | None,
    engine: Engine,
    threads: int | None,
    checkpoint: Checkpoint | str | os.PathLike[str] | None,
) -> History:
    """Train on checked samples, as `train` says."""
    if held_out is not None:
        held_out.check_range("validation", chain.dtype)
        check_fit(chain, loss, held_out)
    probe(chain, loss, data.known)
    probe_optimizer(plan.optimizer)
    shared, ranks = present_ranks() is not None, present_ranks() or OneProcess()
    check_agreement(ranks, chain, data.known, held_out, {**data.facts, **plan_settings(plan)})
    stepper = choose_stepper(
        engine,
        threads,
        chain,
        loss,
        data.samples,
        plan.optimizer,
        StepOptions(
            plan.l2,
            plan.l2_shared,
            plan.clip_norm,
            plan.seed,
            precision=plan.precision,
        ),
        rows=data.batch_size,
        shards=data.shards,
        ranks=ranks,
    )
    if state is not None:
        check_state(state, plan.optimizer, chain.parameters.flat)
        stepper.resume(state)
    run = TrainingRun(
        chain=chain,
        loss=loss,
        plan=plan,
        data=data,
        stepper=stepper,
        validation=None if held_out is None else Validation(held_out, score),
        reporter=ReporterTee(reporter),
        watcher=PatientWatcher(plan.patience) if watcher is None else watcher,
    )
    resumed = False
    if checkpoint is not None:
        resumed = _begin_with(_as_checkpoint(checkpoint), run, held_out)
    if shared:
        share_out(run, ranks)
    run.reporter.started(plan.epochs, len(data))
    if resumed:
        run.reporter.resumed(len(run.history.epochs), run.samples)
    try:
        with ranks.at_one_pace():
            history = run.all_epochs()
    finally:
        if state is not None:
            stepper.keep(state)
        run.reporter.ended(run.history)
    if watcher is None:  # one of the caller's own comes with words of its own
        for remark in filter(None, (*history.remarks, history.not_scored())):
            warn(f"train: {remark}")
    return history


def _as_checkpoint(given: Any) -> Checkpoint:
    return given if isinstance(given, Checkpoint) else Checkpoint(given)


def _begin_with(checkpoint: Checkpoint, run: TrainingRun, held_out: Samples | None) -> bool:
    """Let a run write checkpoints, and go on from the one that is there; return if there is one."""
    check_changing("watcher", run.watcher)
    start = described_data(run.parameters.flat)
    identity = cache(lambda: training_identity(run, held_out, start))
    resumed = checkpoint.restore(identity, run)
    run.writer = checkpoint.writer(identity)
    return resumed
