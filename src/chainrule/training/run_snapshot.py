"""The snapshot of a run of training: all its parts, and the epoch that is at work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule.training.epoch_at_work import EpochAtWork
from chainrule.training.history import Batches, End, Epoch, History
from chainrule.training.optimizers import State
from chainrule.training.plan import Plan
from chainrule.training.schedules import TrainingPosition
from chainrule.training.snapshot import Reader, Snapshot, numbers_of, snapshot_of

__all__ = ["restore_run", "run_snapshot"]

FINAL: tuple[End, ...] = ("converged", "validation")
"""How a training ends that does not go on, however many epochs it is given."""

PARTS: dict[str, Callable[[Any], object]] = {
    "average": lambda run: run.average,
    "scale": lambda run: run.scale,
    "watcher": lambda run: run.watcher,
    "shuffle": lambda run: run.plan.shuffle,
    "score": lambda run: None if run.validation is None else run.validation.score,
    "reporter": lambda run: run.reporter,
}
"""The objects of a run of which something may change."""

MOST_STEPS = 1000
"""Steps whose learning rates are compared, where there are more epochs than before."""

COLUMNS = ("loss", "learning_rate", "seconds", "validation_loss", "validation_score")


def run_snapshot(run: Any) -> Snapshot:
    """Return all that changes in a run; its arrays stay as they are now."""
    run.stepper.store()
    flat = run.parameters.flat
    state = State(tuple(np.empty_like(flat) for _ in run.plan.optimizer.slots))
    run.stepper.keep(state)
    same = run.present is None and np.array_equal(flat, run.good)
    return {
        "step": run.step,
        "seconds": run.seconds,
        "steps": run.position.steps,
        "parameters": flat.copy(),
        "good": None if same else run.good.copy(),
        "optimizer": {
            "steps": int(state.steps),
            **{f"slot{place}": slot for place, slot in enumerate(state.slots)},
        },
        "history": _history(run.history),
        "present": {} if run.present is None else _epoch(run.present),
        **{name: snapshot_of(part(run)) for name, part in PARTS.items()},
    }


def restore_run(run: Any, reader: Reader) -> None:
    """Take back a snapshot, before any step; ValueError for what is none of such a run."""
    reader.expect(
        *("step", "seconds", "steps", "parameters", "good", "optimizer", "history", "present"),
        *PARTS,
    )
    flat = run.parameters.flat
    parameters = reader.array("parameters", flat.dtype, flat.shape)
    own_good = reader.has("good")
    good = reader.array("good", flat.dtype, flat.shape) if own_good else parameters
    slots, own = reader.part("optimizer"), len(run.plan.optimizer.slots)
    names = [f"slot{place}" for place in range(own)]
    slots.expect("steps", *names)
    state = State(
        tuple(slots.array(name, flat.dtype, flat.shape) for name in names), slots.whole("steps")
    )
    step, steps = reader.whole("step"), reader.whole("steps")
    _restore_history(run.history, reader.part("history"))
    _check_same_steps(run, step, steps)
    flat[...], run.good[...] = parameters, good
    run.stepper.load()
    run.stepper.resume(state)
    run.step, run.spent = step, reader.number("seconds")
    run.present = _restored_epoch(run, reader.part("present"))
    _check_epochs(run, reader)
    for name, part in PARTS.items():
        reader.restore(name, part(run))


def _history(history: History) -> Snapshot:
    """Return the epochs, column by column; NaN stands for what there is none of."""
    columns: Snapshot = {
        name: numbers_of(
            np.nan if (value := getattr(epoch, name)) is None else value for epoch in history.epochs
        )
        for name in COLUMNS
    }
    last = history.epochs[-1] if history.epochs else None
    return {
        **columns,
        "validated": last is not None and last.validation_loss is not None,
        "scored": numbers_of(each.validation_score is not None for each in history.epochs),
        "kept": history.kept,
        "end": history.end if history.end in FINAL else "epochs",
    }


def _restore_history(history: History, reader: Reader) -> None:
    reader.expect(*COLUMNS, "validated", "scored", "kept", "end")
    count = len(reader.array("loss", np.float64))
    loss, rate, seconds, validation, scores = (
        reader.array(name, np.float64, (count,)).tolist() for name in COLUMNS
    )
    validated = reader.flag("validated")
    scored = reader.array("scored", np.float64, (count,)).astype(bool)
    history.epochs[:] = [
        Epoch(
            place + 1,
            loss[place],
            rate[place],
            seconds[place],
            validation[place] if validated else None,
            scores[place] if scored[place] else None,
        )
        for place in range(count)
    ]
    history.kept = reader.whole("kept", count)
    end = reader.text("end")
    if end not in (*FINAL, "epochs"):
        raise ValueError(f"{reader.where}.end: expected one of {FINAL}, got {end[:40]!r}")
    history.end = end


def _epoch(work: EpochAtWork) -> Snapshot:
    """Return the epoch at work; nothing if no step of it is done."""
    if not work.runs:
        return {}
    together = Batches.together(work.runs)
    return {
        "rate": float(work.rate),
        "seconds": work.so_far,
        **{each.name: getattr(together, each.name) for each in fields(Batches)},
    }


def _restored_epoch(run: Any, reader: Reader) -> EpochAtWork | None:
    if not reader.values:
        return None
    names = [each.name for each in fields(Batches)]
    reader.expect("rate", "seconds", *names)
    losses = reader.values["losses"]
    own = np.float32 if getattr(losses, "dtype", None) == np.float32 else np.float64
    count = len(reader.array("losses", own))
    if not 0 < count <= run.data.steps_per_epoch:
        raise ValueError(f"{reader.where}.losses: expected batches of an epoch, got {count}")
    dtypes = {"losses": own, "penalties": own}
    batches = Batches(
        *(reader.array(name, dtypes.get(name, np.float64), (count,)) for name in names)
    )
    number = len(run.history.epochs) + 1
    return EpochAtWork(number, reader.number("rate"), [batches], reader.number("seconds"))


def _check_same_steps(run: Any, step: int, steps: int) -> None:
    """Raise ValueError if the steps so far would have been others in as many epochs as now."""
    done, each, plan = len(run.history.epochs), run.data.steps_per_epoch, run.plan
    if plan.epochs < done:
        raise ValueError(f"epochs: expected at least the {done} that are done, got {plan.epochs}")
    here = run.position.steps
    if here == steps or not step:
        return
    for at in np.unique(np.linspace(0, step - 1, MOST_STEPS).astype(int)).tolist():
        if _rates(plan, TrainingPosition(at, steps, each)) != _rates(
            plan, TrainingPosition(at, here, each)
        ):
            raise ValueError(
                f"epochs: {steps // each} there, {plan.epochs} here, on which the learning rates "
                "of the steps so far depend"
            )


def _check_epochs(run: Any, reader: Reader) -> None:
    """Raise ValueError unless the steps so far are those of the epochs that are told of."""
    whole, begun = len(run.history.epochs), 0 if run.present is None else run.present.steps
    expected = whole * run.data.steps_per_epoch + begun
    if run.step != expected:
        raise ValueError(
            f"{reader.where}.step: expected {expected} steps, in {whole} epochs of "
            f"{run.data.steps_per_epoch} and {begun} more, got {run.step}"
        )


def _rates(plan: Plan, at: TrainingPosition) -> list[float]:
    """Return what changes from step to step of an optimizer's numbers, at one of them."""
    changes = plan.optimizer.scheduled(at, 1).values()
    return [float(values[0]) for values in (plan.schedule.factors(at, 1), *changes)]
