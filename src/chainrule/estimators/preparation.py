"""A fit before anything of the estimator changes: all that can be refused is refused here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from chainrule.chain import Chain
from chainrule.data import Column, Images
from chainrule.data.sources import is_source
from chainrule.estimators.checkpoints import FitCheckpoint, random_state_of
from chainrule.estimators.fitting import FitJob, by_rows, training_dtype
from chainrule.estimators.validation import (
    answers_to,
    check_sparse,
    name_of,
    read_fit,
    with_answers,
)
from chainrule.inputs import Inputs
from chainrule.targets import Targets
from chainrule.training.samples import Samples


def prepare(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    *,
    incremental: bool = False,
    classes: Any = None,
    inputs: Inputs | None = None,
    checkpoint: FitCheckpoint | None = None,
    whole: bool = True,
) -> FitJob:
    """Return a fit of an estimator, validated; nothing of the estimator changes.

    Parameters
    ----------
    estimator : NetworkEstimator
        Whose parameters and fitted network count.
    X, y, sample_weight
        Raw samples, answers and weights to train on.
    held_out : tuple
        The same of a validation set.
    incremental : bool
        Whether one epoch more is to be taken of whatever network there is.
    classes : array-like or None
        All classes, where y may lack some.
    inputs : Inputs or None
        What was learned of the raw samples, if somebody has done that.
    checkpoint : FitCheckpoint or None
        What keeps the training.
    whole : bool
        Whether y has all answers, among them one of each class.

    Returns
    -------
    job : FitJob

    Raises
    ------
    ValueError
        Anything is wrong with parameters or data.
    """
    if incremental and estimator.early_stopping:
        raise ValueError(
            "partial_fit does not support early_stopping=True; set_params(early_stopping=False) "
            "goes on without"
        )
    check_sparse(estimator, X)
    first = not estimator._has_network() or not (estimator.warm_start or incremental)
    if not first:
        estimator._check_going_on()
    read = _read(estimator, X, y, classes, inputs, first=first, incremental=incremental)
    inputs, targets = read.inputs, read.targets
    warm = bool(estimator.warm_start) and not first and whole
    estimator._check_answers(read.y, targets, warm=warm)
    data = _samples(
        estimator, read.encoded, read.y, sample_weight, targets, incremental=incremental
    )
    validation, raw = None, None
    if _complete(*held_out):
        validation = by_rows(labelled(estimator, inputs, targets, *held_out))
        raw = held_out[0] if inputs.kind == "table" and callable(estimator.scoring) else None
    random_state = random_state_of(estimator, checkpoint)
    chain, dtype = _network(
        estimator, data, inputs, targets, random_state, first=first, incremental=incremental
    )
    for part, samples in (("", data), (" validation", validation)):
        if samples is not None:
            name = f"{type(estimator).__name__}{part}"
            samples.check_range(name, dtype, "; dtype='float64' trains in float64")
    return FitJob(
        estimator=estimator,
        inputs=inputs,
        targets=targets,
        chain=chain.astype(dtype),
        objective=estimator._objective(targets),
        data=by_rows(data),
        validation=validation,
        dtype=read.encoded.dtype,
        first=first,
        incremental=incremental,
        random_state=random_state,
        given=read.given,
        attributes=estimator._described(inputs, targets, chain),
        held_out_rows=raw,
        checkpoint=checkpoint,
    )


@dataclass
class _Read:
    """Samples as a chain takes them, validated answers, what both are, and both as given."""

    encoded: Any
    y: Any
    inputs: Inputs
    targets: Targets
    given: tuple[Any, Any]


def _read(
    estimator: Any,
    X: Any,
    y: Any,
    classes: Any,
    inputs: Inputs | None,
    *,
    first: bool,
    incremental: bool,
) -> _Read:
    """Return what a fit is given, read by the inputs and targets that there are, or by new ones."""
    targets = None if first else getattr(estimator, "targets_", None)
    if targets is None:
        X = estimator._opened(X)
    X, y = with_answers(
        X,
        y,
        () if targets is None else targets.columns,
        None if targets is None else estimator.inputs_,
    )
    name, cells = name_of(y), isinstance(y, Column)
    y = estimator._answers(y)  # what is no answer is refused before anything is learned
    if targets is None and classes is not None and cells:
        y = estimator._new_targets(classes, name, cells=False).read(y)
    if inputs is None and targets is not None:
        inputs = estimator._inputs_going_on(X, incremental=incremental)
    elif inputs is None:
        inputs = estimator._new_inputs(X)
    encoded, y, inputs = read_fit(estimator, X, y, inputs, targets, reset=targets is None)
    if targets is None:
        answers = y if classes is None else classes
        targets = estimator._new_targets(answers, name, cells=cells)
    return _Read(encoded, y, inputs, targets, (X, y))


def _network(
    estimator: Any,
    data: Samples,
    inputs: Inputs,
    targets: Targets,
    random_state: np.random.RandomState,
    *,
    first: bool,
    incremental: bool,
) -> tuple[Chain, np.dtype[Any]]:
    """Return a new network, or the one to go on with, and the type to train it in.

    What a new one draws are numbers of the type that is kept.
    """
    going_on: np.dtype[Any] | None = None
    if first:
        drawn: Chain = estimator._new_chain(data.X.shape[1:], targets, random_state)
        chain = estimator._begun(drawn.astype(data.X.dtype), data, targets)
    else:
        chain = estimator._grown(estimator._chain_going_on(targets), inputs, random_state)
        if incremental and hasattr(estimator, "_optimizer"):
            going_on = estimator._optimizer.dtype
    return chain, training_dtype(estimator, data, chain.parameters.flat.size, going_on)


def labelled(
    estimator: Any, inputs: Inputs, targets: Targets, X: Any, y: Any, sample_weight: Any
) -> Samples:
    """Return raw samples with answers as the chain and the loss of a network take them."""
    X, y = with_answers(X, y, targets.columns, inputs)
    X, y, _ = read_fit(estimator, X, y, inputs, targets, reset=False)
    estimator._check_answers(y, targets, warm=False)
    check_consistent_length(X, y)
    return _samples(estimator, X, y, sample_weight, targets, incremental=False)


def dense_labelled(estimator: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Samples]:
    """Return raw samples, and dense ones with targets for a fitted estimator's loss."""
    check_is_fitted(estimator)
    X, y = answers_to(estimator, X, y)
    X = estimator._raw(X)
    data = labelled(estimator, estimator.inputs_, estimator.targets_, X, y, sample_weight)
    dense = data.X.toarray() if sparse.issparse(data.X) else data.X
    return X, replace(data, X=dense)


def _samples(
    estimator: Any, X: Any, y: Any, sample_weight: Any, targets: Targets, *, incremental: bool
) -> Samples:
    """Return encoded samples with their targets and weights."""
    weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
    weights = estimator._sample_weights(y, targets, weights, incremental=incremental)
    return Samples(X, targets.encode(y), weights)


def _complete(X: Any, y: Any, sample_weight: Any) -> bool:
    """Return whether a validation set was given; ValueError if it lacks a part."""
    if X is None and y is None:
        if sample_weight is not None:
            raise ValueError("sample_weight_val is provided, but X_val was not provided.")
        return False
    if y is None and not (is_source(X) or isinstance(X, Images)):
        raise ValueError("X_val is provided, but y_val was not provided.")
    if X is None:
        raise ValueError("y_val is provided, but X_val was not provided.")
    return True
