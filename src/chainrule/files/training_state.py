"""What training goes on with, in a file: the optimizer's numbers, and what has happened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import strict_json
from chainrule.files.objects import DTYPES, MOST_FUNCTIONS, Classes, object_from_json, to_json
from chainrule.files.record import (
    history_from_json,
    history_to_json,
    number_from_json,
    to_plain,
)
from chainrule.files.tensors import TensorLayout
from chainrule.layout import LARGEST
from chainrule.training.history import History
from chainrule.training.optimizers import Optimizer

__all__ = ["SavedOptimizer", "TrainingState"]

MOST = 2**48
"""Numbers of a slot."""


@dataclass(frozen=True)
class SavedOptimizer:
    """An optimizer at work without its numbers, which are tensors beside it.

    Parameters
    ----------
    rule : Optimizer
        Its hyperparameters as they were when it took its last steps.
    learning_rate : float
        As it is now, which an adaptive one is lower by.
    steps : int
        The steps taken.
    dtype : dtype
        Of its numbers, float32 or float64.
    size : int
        How many parameters it has numbers for.
    """

    rule: Optimizer
    learning_rate: float
    steps: int
    dtype: np.dtype[Any]
    size: int

    @property
    def tensors(self) -> tuple[TensorLayout, ...]:
        """A tensor for each slot, in their order."""
        return tuple(
            TensorLayout(f"optimizer.{_named(slot, number)}", self.dtype, (self.size,))
            for number, slot in enumerate(self.rule.slots)
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "rule": to_json(self.rule, "optimizer"),
            "learning_rate": to_plain(self.learning_rate),
            "steps": int(self.steps),
            "dtype": self.dtype.name,
            "size": self.size,
        }

    @classmethod
    def from_json(cls, data: Any, extra: Classes = ()) -> SavedOptimizer:
        """Return the one that `to_json` described; ValueError if something is wrong."""
        where = "training.optimizer"
        own = strict_json.record(data, where, cls.__dataclass_fields__)
        if own["dtype"] not in DTYPES:
            raise ValueError(f"{where}.dtype: expected {' or '.join(DTYPES)}")
        return cls(
            object_from_json("optimizer", own["rule"], extra),
            number_from_json(own["learning_rate"], f"{where}.learning_rate"),
            strict_json.whole(own["steps"], f"{where}.steps", 0, 2**62),
            np.dtype(own["dtype"]),
            strict_json.whole(own["size"], f"{where}.size", 0, MOST),
        )


def _named(slot: str, number: int) -> str:
    """Return what a slot's tensor is called; an optimizer of a user's own may have any names."""
    return slot if re.fullmatch("[A-Za-z0-9_]{1,80}", slot) else f"slot{number}"


@dataclass(frozen=True)
class TrainingState:
    """What a fitted estimator goes on with beside its network and the record of its curves.

    Parameters
    ----------
    optimizer : SavedOptimizer or None
        None for a solver that keeps nothing between calls.
    history : History or None
        Of the last call.
    scored_by : str or None
        What the best score is of, for early stopping over calls.
    start_loss : float or None
        The loss of the very start, with which those of later calls are compared.
    asked_sizes : tuple of int or None
        The hidden layers that an MLP was fitted with, whatever stands in its coefs_ by now.
    """

    optimizer: SavedOptimizer | None
    history: History | None
    scored_by: str | None
    start_loss: float | None
    asked_sizes: tuple[int, ...] | None

    @property
    def tensors(self) -> tuple[TensorLayout, ...]:
        """The optimizer's."""
        return () if self.optimizer is None else self.optimizer.tensors

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "optimizer": None if self.optimizer is None else self.optimizer.to_json(),
            "history": None if self.history is None else history_to_json(self.history),
            "scored_by": self.scored_by,
            "start_loss": to_plain(self.start_loss),
            "asked_sizes": None if self.asked_sizes is None else list(self.asked_sizes),
        }

    @classmethod
    def from_json(cls, data: Any, extra: Classes = ()) -> TrainingState:
        """Return the one that `to_json` described; ValueError if something is wrong."""
        own = strict_json.record(data, "training", cls.__dataclass_fields__)
        optimizer, history, scored_by, start, sizes = (own[n] for n in cls.__dataclass_fields__)
        if optimizer is None and history is None:
            raise ValueError("training: expected an optimizer or a history, got neither")
        return cls(
            None if optimizer is None else SavedOptimizer.from_json(optimizer, extra),
            None if history is None else history_from_json(history, "training.history"),
            None if scored_by is None else strict_json.text(scored_by, "training.scored_by", 0),
            None if start is None else number_from_json(start, "training.start_loss"),
            None if sizes is None else _sizes(sizes, "training.asked_sizes"),
        )


def _sizes(values: Any, where: str) -> tuple[int, ...]:
    items = strict_json.items(values, where, MOST_FUNCTIONS)
    return tuple(strict_json.whole(size, where, 1, LARGEST) for size in items)
