"""What a file has, whichever kind it is: all of it that is shown, drawn and checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chainrule.chain import Chain
from chainrule.data import DataError, TableEncoder
from chainrule.jobs.curve import curve_of_estimator, curve_of_model, estimator_curves
from chainrule.loading import load
from chainrule.losses import Loss
from chainrule.models import Model
from chainrule.pictures import LearningCurveDisplay

MOST_CLASSES_SHOWN = 12


@dataclass(frozen=True)
class Trained:
    """A trained network, be it a Model's or an estimator's.

    Parameters
    ----------
    task : "regression", "binary", "multiclass", or "multilabel" where any label may hold
    features : the names of the columns whose numbers samples are; none where nobody knows
    curve : returns the learning curve; DataError where there is none
    lines : what it predicts and how it was trained, in sentences
    predicted, training : the same for programs
    """

    chain: Chain
    loss: Loss
    task: str
    features: tuple[str, ...]
    curve: Callable[[], LearningCurveDisplay]
    lines: tuple[str, ...]
    predicted: dict[str, Any]
    training: dict[str, Any]

    @classmethod
    def of_model(cls, model: Model) -> Trained:
        """Return what there is of a Model."""
        target, facts, inputs = model.target, model.facts, model.inputs
        lines = [f"predicts {target.name!r}, {_predicted(target.task, target.classes, 1)}"]
        if "data" in facts and "end" in facts:
            lines.append(f"trained on {facts['data']}: {facts['end']}, seed {facts.get('seed')}")
        return cls(
            chain=model.chain,
            loss=model.loss,
            task=target.task,
            features=inputs.feature_names if isinstance(inputs, TableEncoder) else (),
            curve=partial(curve_of_model, model),
            lines=tuple(lines),
            predicted={"target": target.name, "task": target.task, "classes": target.classes},
            training=facts,
        )

    @classmethod
    def of_estimator(cls, estimator: Any) -> Trained:
        """Return what there is of a fitted estimator of chainrule."""
        name, task = type(estimator).__name__, _task(estimator)
        classes = [] if task == "regression" else estimator.classes_.tolist()
        return cls(
            chain=estimator.chain_,
            loss=estimator._task().loss,
            task=task,
            features=tuple(map(str, getattr(estimator, "feature_names_in_", ()))),
            curve=partial(curve_of_estimator, estimator),
            lines=(
                f"{name} predicts {_predicted(task, classes, estimator.n_outputs_)}",
                _trained(estimator),
            ),
            predicted={"estimator": name, "task": task, "classes": classes},
            training=_training(estimator),
        )


def read_trained(path: Path) -> Trained:
    """Return what there is of the Model or the estimator in a file."""
    found = load(path)
    return Trained.of_model(found) if isinstance(found, Model) else Trained.of_estimator(found)


def read_model(path: Path, instead: str) -> Model:
    """Return the Model in a file.

    Parameters
    ----------
    instead : what can be done with an estimator, which the error says

    Raises
    ------
    DataError
        It is an estimator, which does not know how columns and images in files become numbers.
    """
    found = load(path)
    if isinstance(found, Model):
        return found
    name = type(found).__name__
    raise DataError(f"{path} holds the estimator {name}, which takes arrays, not files; {instead}")


def _task(estimator: Any) -> str:
    if not hasattr(estimator, "classes_"):
        return "regression"
    if estimator.n_outputs_ > 1 and estimator.out_activation_ == "logistic":
        return "multilabel"
    return "multiclass" if len(estimator.classes_) > 2 else "binary"


def _predicted(task: str, classes: Iterable[Any], outputs: int) -> str:
    """Return in words what is predicted."""
    labels = [str(label) for label in classes]
    if task == "regression":
        return "a number" if outputs == 1 else f"{outputs} numbers"
    some = labels[:MOST_CLASSES_SHOWN] + ["…"] * (len(labels) > MOST_CLASSES_SHOWN)
    kinds = {"binary": "one of two classes", "multilabel": f"any of {len(labels)} labels"}
    kind = "the one class" if len(labels) == 1 else kinds.get(task)
    return f"{kind or f'one of {len(labels)} classes'}: {', '.join(some)}"


def _trained(estimator: Any) -> str:
    """Return in a sentence how an estimator was trained."""
    training = _training(estimator)
    count, solver = training["epochs"], training["solver"]
    unit = "iteration" if solver == "lbfgs" else "epoch"
    parts = [f"trained for {count:,} {unit}{'s' * (count != 1)} by {solver}"]
    if training["loss"] is not None:
        parts.append(f"last loss {training['loss']:.4g}")
    if (best := training["best_validation_score"]) is not None:
        parts.append(f"best validation {training['history'].get('score', 'score')} {best:.4f}")
    return ", ".join(parts)


def _training(estimator: Any) -> dict[str, Any]:
    """Return how an estimator was trained, in the words that a Model's facts have."""
    curve = estimator_curves(estimator)
    history: dict[str, Any] = {"loss": _finite(curve.losses)}
    if curve.validation_losses is not None:
        history["validation_loss"] = _finite(curve.validation_losses)
    if curve.scores is not None:
        history |= {"validation_score": _finite(curve.scores), "score": curve.score_name}
    if curve.kept is not None:
        history["kept"] = curve.kept
    scores = [score for score in history.get("validation_score", ()) if score is not None]
    best = getattr(estimator, "best_validation_score_", None)
    if best is None or not math.isfinite(best):  # nothing was watched
        best = max(scores, default=None)
    solver = estimator.solver if isinstance(estimator.solver, str) else str(estimator.solver)
    return {
        "epochs": len(curve.losses),
        "loss": history["loss"][-1] if history["loss"] else None,
        "best_validation_score": best,
        "solver": solver,
        "seed": estimator.random_state,
        "history": history,
    }


def _finite(numbers: Iterable[float]) -> list[float | None]:
    """Return numbers as JSON has them: None in the place of NaN and infinity."""
    return [number if math.isfinite(number) else None for number in numbers]
