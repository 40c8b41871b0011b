"""What a run of training is, part by part, so that no other one goes on from its checkpoint."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.agreement import SharedWatcher
from chainrule.training.identity import Identity, described, described_data
from chainrule.training.samples import Samples

__all__ = ["data_identity", "engine_identity", "network_identity", "training_identity"]

FREE = ("epochs", "max_seconds")
"""What of a plan may be another one. Learning rates so far must not depend on the epochs."""

DATA = {"X": "X", "targets": "t", "sample weights": "weights"}


def training_identity(run: Any, held_out: Samples | None, start: str) -> Identity:
    """Return the parts of a run, each as a text.

    Parameters
    ----------
    run : TrainingRun
        Before its first step.
    held_out : Samples or None
        The validation set.
    start : str
        The parameters that it starts with, described.
    """
    plan = {
        each.name: described(getattr(run.plan, each.name))
        for each in fields(run.plan)
        if each.name not in FREE
    }
    watcher = run.watcher.watcher if isinstance(run.watcher, SharedWatcher) else run.watcher
    if run.data.shards is not None:
        plan["shards"] = described(run.data.shards.count)
    return {
        **network_identity(run.chain, run.loss, start),
        **plan,
        **data_identity(run.data.known, held_out),
        **run.data.identity,
        "score": described(None if run.validation is None else run.validation.score),
        "watcher": described(watcher),
        "engine": engine_identity(run.stepper.engine),
    }


def network_identity(chain: Chain, loss: Loss, start: str) -> Identity:
    """Return the functions of a chain, its loss, and the parameters that it starts with."""
    functions = {
        f"function {place}": described(function) for place, function in enumerate(chain.functions)
    }
    return {**functions, "loss": described(loss), "parameters at the start": start}


def data_identity(data: Samples, held_out: Samples | None) -> Identity:
    """Return what is trained on, and the validation set."""
    own = {name: described_data(getattr(data, part)) for name, part in DATA.items()}
    others = {
        f"validation {name}": described_data(getattr(held_out, part, None))
        for name, part in DATA.items()
    }
    return {**own, **others}


def engine_identity(engine: str) -> str:
    """Return what takes the steps: NumPy's releases may not all have the same bits."""
    return engine if engine == "machine" else f"{engine}, NumPy {np.__version__}"
