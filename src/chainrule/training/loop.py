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
from chainrule.training.checkpoint import Checkpoint
from chainrule.training.epoch_samples import EpochSamples
from chainrule.training.history import History
from chainrule.training.identity import described_data
from chainrule.training.optimizers import Optimizer, State
from chainrule.training.plan import Plan
from chainrule.training.probe import probe, probe_optimizer
from chainrule.training.reporter import Reporter, ReporterTee
from chainrule.training.run import TrainingRun
from chainrule.training.run_identity import training_identity
from chainrule.training.samples import Samples
from chainrule.training.scores import Score
from chainrule.training.snapshot import check_changing
from chainrule.training.stepper import StepOptions
from chainrule.training.steppers import Engine, choose_stepper
from chainrule.training.stopping import PatientWatcher, Watcher
from chainrule.training.validation import Validation
from chainrule.types import Array
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
        does, between two steps, unless the program handles it itself.

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
    expect_loss(loss)
    plan = plan or Plan()
    data = Samples.of("train", X, t, sample_weight)
    data.check("train")
    held_out = None if validation is None else Samples.of("validation", *validation)
    if held_out is not None:
        held_out.check("validation")
    if not chain.initialized:
        chain.initialize(data.X, seed=plan.seed)
    data.check_range("train", chain.dtype)
    if held_out is not None:
        held_out.check_range("validation", chain.dtype)
    data = data.drop_zero_weights()
    for samples in (data, held_out):
        if samples is not None:
            check_fit(chain, loss, samples)
    probe(chain, loss, data)
    probe_optimizer(plan.optimizer)
    epochs = EpochSamples(data, plan, chain.dtype)
    stepper = choose_stepper(
        engine,
        threads,
        chain,
        loss,
        epochs.samples,
        plan.optimizer,
        StepOptions(
            plan.l2,
            plan.l2_shared,
            plan.clip_norm,
            plan.seed,
            precision=plan.precision,
        ),
        rows=epochs.batch_size,
    )
    if state is not None:
        _check_state(state, plan.optimizer, chain.parameters.flat)
        stepper.resume(state)
    run = TrainingRun(
        chain=chain,
        loss=loss,
        plan=plan,
        data=epochs,
        stepper=stepper,
        validation=None if held_out is None else Validation(held_out, score),
        reporter=ReporterTee(reporter),
        watcher=PatientWatcher(plan.patience) if watcher is None else watcher,
    )
    resumed = False
    if checkpoint is not None:
        resumed = _begin_with(_as_checkpoint(checkpoint), run, data, held_out)
    run.reporter.started(plan.epochs, len(data))
    if resumed:
        run.reporter.resumed(len(run.history.epochs), run.samples)
    try:
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


def _begin_with(
    checkpoint: Checkpoint, run: TrainingRun, data: Samples, held_out: Samples | None
) -> bool:
    """Let a run write checkpoints, and go on from the one that is there; return if there is one."""
    check_changing("watcher", run.watcher)
    start = described_data(run.parameters.flat)
    identity = cache(lambda: training_identity(run, data, held_out, start))
    resumed = checkpoint.restore(identity, run)
    run.writer = checkpoint.writer(identity)
    return resumed


_FIRST = 8
"""Samples whose outputs are shown to a loss before training."""


def check_fit(chain: Chain, loss: Loss, samples: Samples) -> None:
    """Raise ValueError, before any work is done, unless data fit the chain and the loss."""
    X = samples.X
    if X.shape[1:] != chain.layers[0].input_shape or X.dtype.kind not in "fiub":
        chain.forward(X[:1])  # its error names what the first function expects
    last, _ = chain.fuse(loss)
    if not last.takes_any_outputs:
        with np.errstate(over="ignore", invalid="ignore"):
            last.targets(samples.t[:_FIRST], chain.forward(X[:_FIRST]))
    Y = np.full((1, *chain.layers[-1].output_shape), 0.5, chain.dtype)
    for start in range(0, len(samples), 4096):  # few at a time: targets may grow to (n, k)
        t = samples.t[start : start + 4096]
        loss.targets(t, np.broadcast_to(Y, (len(t), *Y.shape[1:])))


def _check_state(state: State, optimizer: Optimizer, flat: Array) -> None:
    """Raise ValueError for the state of another optimizer, or of other parameters."""
    expected = [(flat.shape, flat.dtype)] * len(optimizer.slots)
    received = [(slot.shape, slot.dtype) for slot in state.slots]
    if received != expected:
        raise ValueError(f"train: expected a state of arrays {expected}, got {received}")
