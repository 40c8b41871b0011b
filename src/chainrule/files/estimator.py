"""Estimators in files: one description, one reader. Loading runs no code.

The description is JSON: the class's name, its constructor's parameters, inputs, chain and targets,
a record of training, and whatever else was to be kept; and, if training is to go on, its state.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from textwrap import shorten
from typing import Any

from chainrule import strict_json
from chainrule.added import is_added, value_before
from chainrule.chain import Chain
from chainrule.files import canonical, version1
from chainrule.files.container import MODEL, PARAMETERS, read_file, write_file
from chainrule.files.errors import ModelFileError
from chainrule.files.names import wrong_ending
from chainrule.files.objects import (
    Classes,
    chain_from_json,
    chain_to_json,
    check_classes,
    classes_in,
    is_as_before,
    parameters_from_json,
    parameters_to_json,
)
from chainrule.files.record import record_from_json, to_plain
from chainrule.files.tensors import TensorLayout
from chainrule.files.training_state import TrainingState
from chainrule.inputs import INPUTS, Inputs
from chainrule.layout import ChainLayout
from chainrule.targets import TARGETS, Targets
from chainrule.types import Array

__all__ = ["Description", "describe", "load_estimator", "save_estimator"]

TRAINING = "training"
KEYS = ("estimator", "parameters", "inputs", "chain", "targets", "record", "metadata")


@dataclass(frozen=True)
class Description:
    """What the JSON of a file says."""

    estimator: str
    parameters: dict[str, Any]
    inputs: Inputs
    chain: ChainLayout
    targets: Targets
    record: dict[str, Any]
    metadata: dict[str, Any]
    text: str
    training: TrainingState | None = None

    @property
    def tensors(self) -> tuple[TensorLayout, ...]:
        """The tensors of a file of it: the parameters of its chain, and an optimizer's numbers."""
        own = TensorLayout(PARAMETERS, self.chain.dtype, (self.chain.count,), finite=True)
        return (own, *(() if self.training is None else self.training.tensors))

    @classmethod
    def from_text(cls, text: str, extra: Classes = ()) -> Description:
        """Check and take back the text that `describe` gave, or that 0.1.0 wrote.

        Parameters
        ----------
        text : str
            Of a file.
        extra : sequence of classes
            The user's own, known by their names.

        Returns
        -------
        description : Description

        Raises
        ------
        ValueError
            Something in it is unknown, wrong, or is written in another way.
        """
        data = given = canonical.parse(text)
        if version1.is_old(data):
            data = version1.upgraded(data, extra)
        goes_on = type(data) is dict and TRAINING in data
        data = strict_json.record(data, "estimator", (*KEYS, TRAINING) if goes_on else KEYS)
        chain = chain_from_json(data["chain"], extra)
        result = cls(
            strict_json.text(data["estimator"], "estimator"),
            parameters_from_json(data["parameters"], extra),
            _of_kind(INPUTS, data["inputs"], "inputs"),
            chain,
            _of_kind(TARGETS, data["targets"], "targets"),
            record_from_json(data["record"], tuple(chain.shapes)),
            metadata_to_json(data["metadata"]),
            text,
            TrainingState.from_json(data[TRAINING], extra) if goes_on else None,
        )
        parts = result.parameters, result.inputs, result.targets, result.record, result.metadata
        again = _to_json(*parts, result.training)
        if canonical.write(data | again) != canonical.write(data):
            raise _written_otherwise()
        if canonical.write(given) != text:
            raise _written_otherwise()
        return result


def describe(
    estimator: Any, training: TrainingState | None = None, arrays: Mapping[str, Array] | None = None
) -> Description:
    """Return the description of a fitted estimator, as a reader will find it.

    It is read once here, so that no file is written that cannot be read.

    Parameters
    ----------
    estimator : object
        It is fitted.
    training : TrainingState, optional
        What its training goes on with.
    arrays : dict, optional
        The arrays that belong to it, by name.

    Raises
    ------
    ValueError, TypeError
        Something in it cannot be saved.
    """
    chain, parameters = estimator._network(), _said(estimator)
    record = {name: value for name, value in vars(estimator).items() if name in estimator._recorded}
    metadata = metadata_to_json(getattr(estimator, "metadata_", {}))
    text = canonical.write(
        {
            "estimator": type(estimator).__name__,
            "chain": chain_to_json(chain),
            **_to_json(
                parameters, estimator.inputs_, estimator.targets_, record, metadata, training
            ),
        }
    )
    rule = None if training is None or training.optimizer is None else training.optimizer.rule
    used = tuple(dict.fromkeys(classes_in([chain, parameters, rule])))
    check_classes(used, written=True)
    described = Description.from_text(text, used)
    restore(described, {PARAMETERS: chain.parameters.flat, **(arrays or {})}, [type(estimator)])
    return described


def _to_json(
    parameters: dict[str, Any],
    inputs: Inputs,
    targets: Targets,
    record: dict[str, Any],
    metadata: dict[str, Any],
    training: TrainingState | None,
) -> dict[str, Any]:
    """Return all but the name and the chain as JSON."""
    return {
        "parameters": parameters_to_json(parameters),
        "inputs": {"kind": inputs.kind, **inputs.to_json()},
        "targets": {"kind": targets.kind, **targets.to_json()},
        "record": to_plain(record),
        "metadata": metadata,
        **({} if training is None else {TRAINING: training.to_json()}),
    }


def save_estimator(
    path: str | os.PathLike[str], estimator: Any, *, training_state: bool = False
) -> None:
    """Write a fitted estimator to a file; ModelFileError names the file if it cannot.

    Parameters
    ----------
    path : str or path
        Of the file.
    estimator : object
        It is fitted.
    training_state : bool, default=False
        Whether the file has what its training goes on with.
    """
    if wrong := wrong_ending(path):
        raise ModelFileError(f"{path}: cannot be saved: {wrong}")
    training, arrays = estimator._training_state() if training_state else (None, {})
    try:
        described = describe(estimator, training, arrays)
    except (ValueError, TypeError) as error:
        raise ModelFileError(f"{path}: cannot be saved: {error}") from None
    own = {PARAMETERS: estimator._network().parameters.flat}
    write_file(Path(path), MODEL, described, own | arrays)


def load_estimator(
    path: str | os.PathLike[str], kinds: Sequence[type[Any]], functions: Iterable[type[Any]] = ()
) -> Any:
    """Return the estimator in a file, of one of these classes; nothing in the file is executed.

    Parameters
    ----------
    path : str or path
        Of the file.
    kinds : sequence of classes
        Estimators.
    functions : iterable of classes
        The user's own.

    Raises
    ------
    ModelFileError
        The file is none of theirs, cut off, damaged, too new, or uses unknown classes.
    """
    own = tuple(functions)
    check_classes(own)
    described, arrays = read_file(Path(path), MODEL, lambda text: Description.from_text(text, own))
    try:
        return restore(described, arrays, kinds)
    except (ValueError, TypeError) as error:
        raise ModelFileError(f"{path}: {error}") from None


def restore(
    described: Description, arrays: Mapping[str, Array], kinds: Sequence[type[Any]]
) -> Any:
    """Return the estimator that a file describes, with the arrays that it declares.

    Raises
    ------
    ValueError
        It is of no such kind, a parameter is none of it, or its inputs, chain and targets do not
        fit each other. The chain may be another than the parameters describe: these may have been
        set since it was fitted.
    """
    from sklearn.utils._param_validation import InvalidParameterError

    kind = next((kind for kind in kinds if kind.__name__ == described.estimator), None)
    if kind is None:
        expected = " or ".join(kind.__name__ for kind in kinds)
        name = repr(described.estimator[:60])
        raise ValueError(
            f"expected {expected}, got the file of another: {name}; load it with that class"
        )
    estimator = kind(**_parameters(kind, described.parameters))
    try:
        estimator._validate_params()
    except InvalidParameterError as error:  # which quotes whatever the file has
        raise ValueError(shorten(str(error), 400, placeholder=" …")) from None
    inputs, chain, targets = described.inputs, described.chain, described.targets
    if inputs.kind not in kind._kinds_of_inputs or targets.kind != kind._kind_of_targets:
        raise ValueError(f"expected the inputs and targets of {kind.__name__}, got others")
    estimator._check_chain(chain, inputs, targets)
    estimator.__dict__.update(estimator._described(inputs, targets, chain))
    estimator.__dict__.update(described.record)
    if described.training is not None:
        estimator.__dict__.update(estimator._training_attributes(described.training, arrays))
    if described.metadata:
        estimator.metadata_ = described.metadata
    fitted = Chain.from_layout(chain, arrays[PARAMETERS])
    estimator.__dict__.update(estimator._chain_attributes(fitted))
    return estimator


def _said(estimator: Any) -> dict[str, Any]:
    """Return an estimator's parameters but the added ones that are as they were before."""
    added = {each.name: each for each in fields(estimator) if is_added(each)}
    return {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in added or not is_as_before(added[name], value)
    }


def _parameters(kind: type[Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's parameters from a file, which may be of before some were added.

    Raises
    ------
    ValueError
        One is lacking that each release has written, or there is one that this one does not have.
    """
    names = kind._get_param_names()
    if unknown := sorted(set(given) - set(names)):
        raise ValueError(
            f"{kind.__name__}: expected the parameters of this release, got {unknown[0]!a} as "
            f"well: {strict_json.newer(unknown[0])}"
        )
    before = {each.name: value_before(each) for each in fields(kind) if is_added(each)}
    parameters = before | given
    if missing := sorted(set(names) - set(parameters)):
        raise ValueError(f"{kind.__name__}: expected the parameter {missing[0]!r}, got none")
    return parameters


def metadata_to_json(metadata: object) -> dict[str, Any]:
    """Return a copy of the metadata as JSON has them; ValueError if it cannot."""
    result = canonical.plain(metadata, "metadata")
    if not isinstance(result, dict):
        raise ValueError(f"metadata: expected an object, got {type(metadata).__name__}")
    return result


def _of_kind(kinds: Any, data: object, where: str) -> Any:
    """Return inputs or targets by the table of their kinds."""
    kind = data.get("kind") if type(data) is dict else None
    if type(data) is not dict or type(kind) is not str or kind not in kinds:
        received = ascii(kind)[:40] if type(kind) is str else "something else"
        raise ValueError(
            f"{where}.kind: expected one of {', '.join(kinds)}, got {received}; a kind of your own "
            f"must be in chainrule.{where}.{where.upper()} before, and one of a newer release of "
            "chainrule needs that"
        )
    return kinds[kind].from_json({key: item for key, item in data.items() if key != "kind"})


def _written_otherwise() -> ValueError:
    return ValueError("expected an estimator's canonical text, got it written otherwise")
