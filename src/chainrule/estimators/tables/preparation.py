"""The fit of a table before anything of its estimator changes: what can be refused is refused."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_consistent_length

from chainrule.data import Column, DataError, DataWarning, Table
from chainrule.data.cells import shortened
from chainrule.data.frames import is_frame
from chainrule.data.sources import is_source
from chainrule.estimators.answer_checks import check_each_is_there
from chainrule.estimators.checkpoints import FitCheckpoint, random_state_of
from chainrule.estimators.fitting import FitJob
from chainrule.estimators.preparation import labelled
from chainrule.estimators.raw_rows import raw_rows
from chainrule.estimators.tables.answers import answers_of_rows
from chainrule.estimators.tables.held_out import held_out_rows
from chainrule.estimators.tables.networks import member_chain, outputs_of
from chainrule.estimators.tables.recipe import Recipe, recipe_for
from chainrule.estimators.tables.samples import check_has_columns, rows_as_table
from chainrule.estimators.tables.target_encoding import answers_to_encode
from chainrule.estimators.validation import (
    are_columns,
    check_sparse,
    name_of,
    names_of,
    with_answers,
    with_columns,
)
from chainrule.inputs import Options
from chainrule.inputs.tables import Answers, TableEncoder
from chainrule.inputs.tables.cross_fitting import (
    encode_training,
    learn_answers,
    learns_from_answers,
)
from chainrule.tables import counted
from chainrule.targets import Classes, Targets
from chainrule.training.samples import Samples
from chainrule.types import Array
from chainrule.warning import warn

__all__ = [
    "Given",
    "TableJob",
    "columns_in",
    "given_part",
    "prepare_table",
    "warn_of_left_out",
]

EXPECTED = "by choice", "constant", "every cell is missing"
"""Why columns may be left out without a word."""


@dataclass
class Given:
    """What ``fit`` is given besides rows and answers.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or None
    target : str or None
        The column of answers.
    groups, time : str, array-like of shape (n,), or None
        What decides on the rows to be held out.
    held_out : tuple
        Rows, answers and weights of a validation set.
    inputs : TableEncoder or None
        What was learned of the columns, if somebody has done that.
    checkpoint : FitCheckpoint or None
        What keeps the training.
    """

    sample_weight: Any = None
    target: Any = None
    groups: Any = None
    time: Any = None
    held_out: tuple[Any, Any, Any] = (None, None, None)
    inputs: Any = None
    checkpoint: FitCheckpoint | None = None


@dataclass
class TableJob(FitJob):
    """A fit of a table, validated, with all that its recipe says."""

    recipe: Recipe = field(kw_only=True)

    def training_targets(self, t: Array) -> Array:
        """Return targets as the losses of members see them: those of classes made softer."""
        if isinstance(self.targets, Classes):
            return self.targets.soften(t, self.recipe.label_smoothing)
        return t


@dataclass
class _Rows:
    """Rows as a table, their answers as arrays, and what decides on those to be held out."""

    table: Table
    named: bool
    y: Array
    name: str
    cells: bool
    groups: Any
    time: Any
    names: tuple[str, ...] = ()


def prepare_table(estimator: Any, X: Any, y: Any, given: Given) -> TableJob:
    """Return a fit of a table's estimator, validated; nothing of the estimator changes.

    Parameters
    ----------
    estimator : TableEstimator
        Whose parameters count.
    X, y
        Raw rows and answers.
    given : Given
        What else there is.

    Raises
    ------
    ValueError
        Anything is wrong with parameters or data.
    """
    rows = _read(estimator, X, y, given)
    targets = estimator._new_targets(rows.y, rows.name, cells=rows.cells)
    if rows.names:
        targets = replace(targets, names=rows.names)
    random_state = random_state_of(estimator, given.checkpoint)
    seeds = [int(random_state.randint(2**31 - 1)) for _ in range(2)]
    training, out = _divided(estimator, rows, targets, given, seeds[0])
    options = _options(estimator, rows, given.groups)
    inputs = given.inputs or _learned(rows, options, training)
    columns = columns_in(rows.table, named=rows.named)
    weights = _weights(estimator, targets, rows, given.sample_weight)
    answers, texts = None, None
    if learns_from_answers(inputs, options):
        answers = answers_to_encode(targets, rows.y, weights, rows.groups, seeds[0]).at(training)
        inputs, texts = learn_answers(inputs, rows.table.select(training), answers, options)
    if given.inputs is None:
        warn_of_left_out(inputs)
    encoded = _encoded(inputs, rows.table, training, answers, texts)
    data = Samples(encoded, targets.encode(rows.y), weights)
    if estimator.verbose is True and given.inputs is None:
        print(inputs)
    validation = given_part(estimator, inputs, targets, columns, given)
    held_out = given.held_out[0]
    if validation is None and len(out := _of_weight(data, out)):
        validation = data.at(out)
        held_out = raw_rows(X, out) if callable(estimator.scoring) else None
    data = data.at(training)
    recipe = recipe_for(estimator, len(data), classes=isinstance(targets, Classes))
    objective = estimator._objective(targets)
    chain = member_chain(
        recipe,
        inputs.sample_shape,
        outputs_of(targets),
        objective.last,
        shared=bool(estimator.batch_ensemble),
        seed=seeds[1],
    )
    return TableJob(
        estimator=estimator,
        inputs=inputs,
        targets=targets,
        chain=chain,
        objective=objective,
        data=data,
        validation=validation,
        dtype=np.dtype(np.float32),
        first=True,
        incremental=False,
        random_state=random_state,
        given=(X, rows.y),
        attributes=estimator._described(inputs, targets, chain) | columns,
        held_out_rows=held_out if callable(estimator.scoring) else None,
        checkpoint=given.checkpoint,
        recipe=recipe,
    )


def _read(estimator: Any, X: Any, y: Any, given: Given) -> _Rows:
    """Return rows without the columns that are no inputs, and their answers."""
    name = type(estimator).__name__
    check_has_columns(estimator, X)
    if given.target is not None:
        if y is not None:
            raise ValueError(
                f"{name}.fit: expected y, or target={given.target!r} as the column of X that has "
                "the answers, got both"
            )
        X, y = _taken_from(estimator, X, given.target)
    if y is None:
        raise ValueError(
            f"This {name} estimator requires y to be passed, but the target y is None; "
            "target='price' names the column of a table that has the answers"
        )
    check_sparse(estimator, X)
    X, y = with_answers(X, y, ())
    by_name = [each for each in (given.groups, given.time) if isinstance(each, str)]
    if by_name and not (isinstance(X, Table) or is_frame(X) or isinstance(X, dict) or is_source(X)):
        raise DataError(f"{by_name[0]!r}: expected a table as X that has such a column")
    table, named = rows_as_table(estimator, X, reset=True)
    if len(table) < 2:
        raise ValueError(f"{name}: expected two rows or more to learn from, got 1 sample")
    groups = _of_rows(table, given.groups)
    time = _of_rows(table, given.time)
    answers = answers_of_rows(estimator, y)
    check_consistent_length(table.columns[0], answers, groups, time, given.sample_weight)
    own = name_of(y) if name_of(y) not in table.names else ""  # of another column than theirs
    names = names_of(y) if answers.ndim > 1 and not {*names_of(y)} & {*table.names} else ()
    cells = isinstance(y, Column) or are_columns(y)
    return _Rows(table, named, answers, own, cells, groups, time, names)


def _taken_from(estimator: Any, X: Any, target: Any) -> tuple[Any, Any]:
    """Return rows, and the answers in the columns that are the target; one stays a name."""
    if isinstance(target, str | int):
        return X, target
    name, names = type(estimator).__name__, list(target) if np.iterable(target) else []
    if not names or not all(isinstance(each, str | int) for each in names):
        raise ValueError(
            f"{name}.fit: expected target as the name of a column or a list of such, got {target!r}"
        )
    if len(names) == 1:
        return X, names[0]
    if hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{name}.fit: expected one column as target, got {len(names)}; fit an estimator for "
            "each, such as by MultiOutputClassifier"
        )
    if len(set(names)) < len(names):
        raise ValueError(f"{name}.fit: expected different columns as target, got {target!r}")
    return with_columns(X, list(map(str, names)))


def _of_rows(table: Table, given: Any) -> Any:
    """Return a value for each row: those given, or those in the column that is named."""
    return table.column(given) if isinstance(given, str) else given


def _divided(
    estimator: Any, rows: _Rows, targets: Targets, given: Given, seed: int
) -> tuple[Array, Array]:
    """Return the rows to train on, and those to be held out."""
    count = len(rows.y)
    if given.held_out[0] is not None:
        for what, value in (("groups", given.groups), ("time", given.time)):
            if value is not None:
                raise ValueError(
                    f"{type(estimator).__name__}.fit: expected {what}, or X_val as the rows held "
                    "out, got both"
                )
        return np.arange(count), np.arange(0)
    classes = rows.y if isinstance(targets, Classes) else None
    training, out = held_out_rows(
        count,
        float(estimator.validation_fraction),
        seed,
        classes=classes,
        groups=rows.groups,
        time=rows.time,
    )
    if len(training) < 2:
        raise ValueError(
            f"{type(estimator).__name__}: expected two rows or more to learn from, got "
            f"{counted(len(training), 'row')} of {count:,}: all others are held out, by "
            f"validation_fraction={estimator.validation_fraction!r}, groups or time"
        )
    return training, out


def _options(estimator: Any, rows: _Rows, groups: Any) -> Options:
    """Return what the estimator says of columns."""
    by_groups = groups if isinstance(groups, str) else None
    options: Options = estimator._options(rows.table, named=rows.named, groups=by_groups)
    return options


def _learned(rows: _Rows, options: Options, training: Array) -> TableEncoder:
    """Return what columns are, decided on all rows, and learned from those to train on."""
    kinds = TableEncoder.kinds(rows.table, options)
    return TableEncoder.fit(rows.table.select(training), replace(options, kinds=kinds))


def warn_of_left_out(inputs: TableEncoder) -> None:
    """Warn of columns that only say which row it is, or are texts that tell nothing."""
    for reason in dict.fromkeys(reason for _, reason in inputs.dropped):
        if not reason.endswith(EXPECTED):
            names = shortened([name for name, why in inputs.dropped if why == reason])
            warn(f"left out, {reason}: {names}; keep=[…] takes a column all the same", DataWarning)


def columns_in(table: Table, *, named: bool) -> dict[str, Any]:
    """Return scikit-learn's attributes of the columns of training, which have names or not."""
    names = {"feature_names_in_": np.array(table.names, dtype=object)} if named else {}
    return {"n_features_in_": len(table.names), **names}


def _weights(estimator: Any, targets: Targets, rows: _Rows, sample_weight: Any) -> Array | None:
    """Return what all rows weigh, None if they weigh the same."""
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, rows.y)
    weights: Array | None = estimator._sample_weights(
        rows.y, targets, sample_weight, incremental=False
    )
    return weights


def _encoded(
    inputs: TableEncoder, table: Table, training: Array, answers: Answers | None, texts: Any
) -> Array:
    """Return all rows as the chain takes them; held-out ones may have new values.

    Those to train on, whose answers columns of many categories and of texts have learnt, are
    cross-fitted.
    """
    X, _ = inputs.encode_table(table)
    if answers is not None:
        learnt = X[training]
        encode_training(inputs, table.select(training), answers, learnt, texts)
        X[training] = learnt
    return X


def _of_weight(data: Samples, rows: Array) -> Array:
    """Return those of some rows that weigh anything, of which a score can be taken."""
    return rows if data.weights is None else rows[data.weights[rows] > 0]


def given_part(
    estimator: Any, inputs: Any, targets: Targets, columns: dict[str, Any], given: Given
) -> Samples | None:
    """Return the validation set that was given, if one was, as chain and loss take it."""
    X, y, sample_weight = given.held_out
    if X is None:
        for what, value in (("y_val", y), ("sample_weight_val", sample_weight)):
            if value is not None:
                raise ValueError(f"{what} is provided, but X_val was not provided.")
        return None
    X, y = with_answers(X, y, targets.columns)
    if y is None:
        raise ValueError("X_val is provided, but y_val was not provided.")
    if not (isinstance(y, Column) or are_columns(y)):
        check_each_is_there(type(estimator).__name__, y)
    twin = copy.copy(estimator)
    vars(twin).update(columns, inputs_=inputs)
    table, _ = rows_as_table(twin, X, reset=False)
    return labelled(estimator, inputs, targets, table, y, sample_weight)
