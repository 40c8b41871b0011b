"""The estimator of tables that options describe: several small networks, and their mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from chainrule.cli.column_roles import Roles
from chainrule.cli.network_estimator import weights_by_label
from chainrule.cli.option_values import class_weights, hidden_sizes
from chainrule.cli.options import CommandLineOptions
from chainrule.data import Source
from chainrule.targets.columns import Purpose

if TYPE_CHECKING:
    from chainrule.data.streams import DataStream
    from chainrule.estimators.checkpoints import FitCheckpoint

__all__ = ["prepare_ensemble", "prepare_stream", "table_estimator"]


def table_estimator(
    options: CommandLineOptions, purpose: Purpose, roles: Roles, rows: int
) -> Any:
    """Return the estimator for so many rows to learn from; what is not said is left to it."""
    from chainrule.estimators import TableClassifier, TableRegressor

    said = {
        "hidden_layer_sizes": options.layers and hidden_sizes(options.layers),
        "activation": options.activation,
        "dropout": options.dropout,
        "learning_rate_init": options.learning_rate,
        "batch_size": rows if options.batch == 0 else options.batch,
        "max_iter": options.epochs,
        "n_iter_no_change": sys.maxsize if options.patience == 0 else options.patience,
        "scoring": options.scoring,
        "max_categories": options.max_categories,
        "max_seconds": options.max_seconds,
        "n_jobs": options.threads or None,
    }
    parameters: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    parameters |= {
        "drop": roles.unlearned,
        "categorical": roles.categorical,
        "numeric": roles.numeric,
        "text": roles.text,
        "random_state": options.seed,
        "precision": options.precision,
        "engine": options.engine,
    }
    if purpose.task == "regression":
        return TableRegressor(**parameters)
    weights = class_weights(options.class_weight)
    if isinstance(weights, dict):
        weights = weights_by_label(weights, purpose)
    if options.label_smoothing is not None:
        parameters["label_smoothing"] = options.label_smoothing
    return TableClassifier(class_weight=weights, **parameters)


def prepare_ensemble(
    estimator: Any,
    training: Source,
    held_out: Source | None,
    inputs: Any,
    *,
    part: float | None = 0.0,
) -> Any:
    """Return the fit of an estimator of tables on a part of the data, watched on another.

    Without another, it is watched on a ``part`` of the same rows, None being the estimator's own.
    """
    from chainrule.estimators.tables.preparation import Given, prepare_table

    validation = (None,) * 3 if held_out is None else (held_out.data, held_out.target, None)
    if held_out is None and part is not None:
        estimator.set_params(validation_fraction=part)
    return prepare_table(
        estimator, training.data, training.target, Given(held_out=validation, inputs=inputs)
    )


def prepare_stream(
    roles: Roles, estimator: Any, stream: DataStream, checkpoint: FitCheckpoint | None
) -> Any:
    """Return the fit of an estimator of tables on rows that are read in blocks."""
    from chainrule.estimators.tables.preparation import Given
    from chainrule.estimators.tables.streaming import prepare_table_stream

    given = Given(groups=roles.group, time=roles.time, checkpoint=checkpoint)
    return prepare_table_stream(estimator, stream, None, given)
