"""The choice of what takes the training steps: machine code, or the reference in NumPy."""

from __future__ import annotations

from typing import Literal

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.engine_stepper import EngineStepper
from chainrule.training.optimizers import Optimizer
from chainrule.training.ranks import OneProcess, Ranks
from chainrule.training.reference_stepper import ReferenceStepper
from chainrule.training.samples import Samples
from chainrule.training.sharded_stepper import ShardedStepper
from chainrule.training.shards import Shards, no_kernels
from chainrule.training.stepper import StepOptions, Stepper

Engine = Literal["auto", "machine", "reference"]


def choose_stepper(
    engine: Engine,
    threads: int | None,
    chain: Chain,
    loss: Loss,
    data: Samples,
    optimizer: Optimizer,
    options: StepOptions,
    *,
    rows: int,
    shards: Shards | None = None,
    ranks: Ranks | None = None,
) -> Stepper:
    """Return the engine where it has kernels for all, unless the reference is asked for.

    Shards are the engine's; ``ranks`` share them out.

    Raises
    ------
    ValueError
        An argument has no sense; the engine is asked for, by its name or by products in bfloat16,
        and cannot take the steps; or such products are asked for in float64.
    """
    if engine not in ("auto", "machine", "reference"):
        raise ValueError(f"train: expected engine auto, machine or reference, got {engine!r}")
    whole = isinstance(threads, int | np.integer) and not isinstance(threads, bool)
    if threads is not None and (not whole or threads < 1):
        raise ValueError(f"train: expected threads to be a whole number >= 1, got {threads!r}")
    asked = f"precision={options.precision!r}"
    if options.rounds and engine == "reference":
        raise ValueError(
            f"train: expected engine auto or machine with {asked}, got 'reference'"
        )
    if options.rounds and chain.dtype != np.float32:
        raise ValueError(
            f"train: expected a chain of float32 with {asked}, got {chain.dtype}"
        )
    if shards is not None and engine == "reference":
        raise ValueError("train: expected engine auto or machine with shards, got 'reference'")
    reason = ""
    if engine != "reference":
        from chainrule.engine.machine.availability import UnsupportedError

        try:
            _check_runs(data, optimizer)
            if shards is not None:
                given = chain, loss, data, optimizer, options, shards
                return ShardedStepper(*given, ranks or OneProcess(), threads=threads)
            return EngineStepper(chain, loss, data, optimizer, options, rows=rows, threads=threads)
        except UnsupportedError as error:
            if engine == "machine" or options.rounds or shards is not None:
                if shards is not None:
                    raise no_kernels(chain, error) from None
                why = f"{asked}: {error}" if options.rounds else str(error)
                raise ValueError(f"train: {why}") from None
            reason = str(error)
    return ReferenceStepper(chain, loss, data, optimizer, options, reason)


def _check_runs(data: Samples, optimizer: Optimizer) -> None:
    from chainrule.engine.machine.availability import UnsupportedError, check_runs_here

    if type(optimizer).update is not Optimizer.update:
        raise UnsupportedError(f"{optimizer}: the engine does not know its own update")
    check_runs_here()
