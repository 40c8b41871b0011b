"""The estimator that the options of a network describe."""

from __future__ import annotations

import difflib
import math
from typing import Any

from chainrule.cli.networks import build_chain
from chainrule.cli.option_values import SCHEDULES, augmentations, class_weights, optimizer
from chainrule.cli.options import CommandLineOptions
from chainrule.data import DataError, Source, Table
from chainrule.data.cells import shortened
from chainrule.targets.columns import Purpose, typed_labels
from chainrule.training import WarmUp

__all__ = [
    "batch_size",
    "check_scoring",
    "network_estimator",
    "prepare_network",
    "weights_by_label",
]


def network_estimator(options: CommandLineOptions, purpose: Purpose, training: Source) -> Any:
    """Return the estimator that the options describe, for these data."""
    from chainrule.estimators import Classifier, Regressor

    assert options.optimizer is not None
    table = isinstance(training.data, Table)
    shape: Any = () if isinstance(training.data, Table) else training.data.shape[1:]
    chain, loss = build_chain(
        options, task=purpose.task, classes=len(purpose.classes), input_shape=shape
    )
    schedule = SCHEDULES[options.schedule or "constant"]
    size = min(batch_size(options) or len(training), len(training))
    parameters = {
        "inputs": "table" if table else "images",
        "image_format": None if table else "nchw",
        "loss": loss,
        "solver": optimizer(options.optimizer, options.learning_rate),
        "learning_rate": WarmUp(options.warm_up, schedule) if options.warm_up else schedule,
        "batch_size": size,
        "alpha": size * (options.l2 or 0.0),
        "max_iter": options.epochs,
        "n_iter_no_change": options.patience or math.inf,
        "clip_norm": options.clip_norm,
        "augmentation": augmentations(options.augment) or None,
        "random_state": options.seed,
        "dtype": "float64" if options.double else _usual_dtype(options),
        "precision": options.precision,
        "engine": options.engine,
        "n_jobs": options.threads or None,
    }
    if purpose.task == "regression":
        return Regressor(chain, scale_target=True, **parameters)
    weights = class_weights(options.class_weight)
    if isinstance(weights, dict):
        weights = weights_by_label(weights, purpose)
    return Classifier(
        chain, class_weight=weights, label_smoothing=options.label_smoothing, **parameters
    )


def check_scoring(name: str | None, task: str) -> None:
    """Raise ValueError for what is no score, or none of the task.

    scikit-learn is loaded here, not with the options.
    """
    from chainrule.estimators.scoring import NAMES, check_is_of_numbers

    if name is not None and name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            "--scoring: expected loss, or a score by scikit-learn's name, such as accuracy or r2, "
            f"got {name!r}{hint}"
        )
    if task == "regression":
        check_is_of_numbers(name, "--scoring")


def prepare_network(
    estimator: Any, training: Source, held_out: Source | None, inputs: Any, scoring: str | None
) -> Any:
    """Return the fit of an estimator on a part of the data, watched on another.

    What is watched is the loss, if nothing else is said: a small part has many equal scores, but no
    equal losses.
    """
    from chainrule.estimators.preparation import prepare

    validation: tuple[Any, Any, Any] = (None, None, None)
    if held_out is not None:
        estimator.set_params(early_stopping=True, scoring=scoring or "loss", tol=0.0)
        validation = held_out.data, held_out.target, None
    return prepare(estimator, training.data, training.target, None, validation, inputs=inputs)


def _usual_dtype(options: CommandLineOptions) -> str | None:
    return None if options.optimizer == "lbfgs" else "float32"


def batch_size(options: CommandLineOptions) -> int | None:
    """Return how many samples a step takes, None where it takes them all."""
    return None if options.optimizer in ("gd", "lbfgs") else options.batch or None


def weights_by_label(weights: dict[str, float], purpose: Purpose) -> dict[Any, float]:
    """Return weights of classes by the classes as estimators have them."""
    unknown = sorted(set(weights) - set(purpose.classes))
    if unknown:
        raise DataError(
            f"--class-weight: got {shortened(unknown)}, expected labels of training: "
            f"{shortened(purpose.classes)}"
        )
    labels = dict(zip(purpose.classes, typed_labels(purpose.classes).tolist(), strict=True))
    return {labels[text]: weight for text, weight in weights.items()}
