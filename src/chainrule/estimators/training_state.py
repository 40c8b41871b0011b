"""What a fitted estimator goes on with, as a file has it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.estimators.stopping import OptimizerState
from chainrule.files.training_state import SavedOptimizer, TrainingState
from chainrule.strict_json import LONGEST_TEXT
from chainrule.training.optimizers import State
from chainrule.types import Array

__all__ = ["GOES_ON", "attributes_of", "keeps_training", "training_of"]

GOES_ON = "_goes_on"
"""The attribute of an estimator that `partial_fit` has trained, or that a file goes on with."""


def keeps_training(estimator: Any, asked: bool | None) -> bool:
    """Return whether a file of an estimator is to have what its training goes on with.

    Parameters
    ----------
    estimator : FittedNetwork
        It is fitted.
    asked : bool or None
        What the user says; None leaves it to the estimator.

    Raises
    ------
    TypeError
        It is something else.
    ValueError
        It is asked for, and there is nothing to go on with.
    """
    name = type(estimator).__name__
    if asked is not None and not isinstance(asked, bool):
        raise TypeError(f"{name}.save: expected training_state True, False or None, got {asked!r}")
    if asked and training_of(estimator)[0] is None:
        raise ValueError(
            f"{name}.save: training_state=True expects an estimator that was fitted, or loaded "
            "from a file with it; got one from a file without"
        )
    if asked is None:
        return bool(getattr(estimator, "warm_start", False) or getattr(estimator, GOES_ON, False))
    return asked


def training_of(estimator: Any) -> tuple[TrainingState | None, dict[str, Array]]:
    """Return what a fitted estimator goes on with, None if nothing; and the arrays of it."""
    optimizer: OptimizerState | None = getattr(estimator, "_optimizer", None)
    history, arrays = getattr(estimator, "history_", None), {}
    if optimizer is None and history is None:
        return None, {}
    saved = None
    if optimizer is not None:
        slots = optimizer.state.slots
        size = slots[0].size if slots else 0
        saved = SavedOptimizer(
            optimizer.rule,
            optimizer.learning_rate,
            optimizer.state.steps,
            optimizer.dtype,
            size,
        )
        arrays = {own.name: slot for own, slot in zip(saved.tensors, slots, strict=True)}
    scored_by = getattr(estimator, "_scored_by", None)
    if scored_by is not None and len(scored_by) > LONGEST_TEXT:
        scored_by = None
    start, sizes = (getattr(estimator, name, None) for name in ("_start_loss", "_asked_sizes"))
    asked = None if sizes is None else tuple(sizes)
    return TrainingState(saved, history, scored_by, start, asked), arrays


def attributes_of(state: TrainingState, arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return the attributes of an estimator that goes on with what a file has."""
    attributes: dict[str, Any] = {
        GOES_ON: True,
        "_scored_by": state.scored_by,
        "_start_loss": state.start_loss,
    }
    if state.asked_sizes is not None:
        attributes["_asked_sizes"] = list(state.asked_sizes)
    if state.history is not None:
        attributes["history_"] = state.history
    if (saved := state.optimizer) is not None:
        slots = tuple(arrays[own.name] for own in saved.tensors)
        attributes["_optimizer"] = OptimizerState(
            saved.rule, State(slots, saved.steps), saved.learning_rate, saved.dtype
        )
    return attributes
