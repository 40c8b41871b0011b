"""Estimators in files: one description, one reader. Loading runs no code.

The description is JSON: the class's name, its constructor's parameters, inputs, chain and targets,
a record of training, and whatever else was to be kept.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np

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
from chainrule.files.tensors import TensorLayout
from chainrule.inputs import INPUTS, Inputs
from chainrule.layout import ChainLayout
from chainrule.targets import TARGETS, Targets
from chainrule.types import Array

__all__ = ["Description", "describe", "load_estimator", "save_estimator"]

KEYS = ("estimator", "parameters", "inputs", "chain", "targets", "record", "metadata")
MOST = 10**7
"""Epochs that a file may have."""


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

    @property
    def tensors(self) -> tuple[TensorLayout, ...]:
        """The tensors of a file of it: the parameters of its chain."""
        return (TensorLayout(PARAMETERS, self.chain.dtype, (self.chain.count,), finite=True),)

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
        data = strict_json.record(data, "estimator", KEYS)
        chain = chain_from_json(data["chain"], extra)
        result = cls(
            strict_json.text(data["estimator"], "estimator"),
            parameters_from_json(data["parameters"], extra),
            _of_kind(INPUTS, data["inputs"], "inputs"),
            chain,
            _of_kind(TARGETS, data["targets"], "targets"),
            _record_from_json(data["record"], tuple(chain.shapes)),
            metadata_to_json(data["metadata"]),
            text,
        )
        parts = result.parameters, result.inputs, result.targets, result.record, result.metadata
        if canonical.write(data | _to_json(*parts)) != canonical.write(data):
            raise _written_otherwise()
        if canonical.write(given) != text:
            raise _written_otherwise()
        return result


def describe(estimator: Any) -> Description:
    """Return the description of a fitted estimator, as a reader will find it.

    It is read once here, so that no file is written that cannot be read.

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
            **_to_json(parameters, estimator.inputs_, estimator.targets_, record, metadata),
        }
    )
    used = tuple(dict.fromkeys(classes_in([chain, parameters])))
    check_classes(used, written=True)
    described = Description.from_text(text, used)
    restore(described, chain.parameters.flat, [type(estimator)])
    return described


def _to_json(
    parameters: dict[str, Any],
    inputs: Inputs,
    targets: Targets,
    record: dict[str, Any],
    metadata: dict[str, Any],
) -> dict[str, Any]:
    """Return all but the name and the chain as JSON."""
    return {
        "parameters": parameters_to_json(parameters),
        "inputs": {"kind": inputs.kind, **inputs.to_json()},
        "targets": {"kind": targets.kind, **targets.to_json()},
        "record": _record_to_json(record),
        "metadata": metadata,
    }


def save_estimator(path: str | os.PathLike[str], estimator: Any) -> None:
    """Write a fitted estimator to a file; ModelFileError names the file if it cannot."""
    if wrong := wrong_ending(path):
        raise ModelFileError(f"{path}: cannot be saved: {wrong}")
    try:
        described = describe(estimator)
    except (ValueError, TypeError) as error:
        raise ModelFileError(f"{path}: cannot be saved: {error}") from None
    write_file(Path(path), MODEL, described, {PARAMETERS: estimator._network().parameters.flat})


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
        return restore(described, arrays[PARAMETERS], kinds)
    except (ValueError, TypeError) as error:
        raise ModelFileError(f"{path}: {error}") from None


def restore(described: Description, flat: Array, kinds: Sequence[type[Any]]) -> Any:
    """Return the estimator that a file describes.

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
    if described.metadata:
        estimator.metadata_ = described.metadata
    estimator.__dict__.update(estimator._chain_attributes(Chain.from_layout(chain, flat)))
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


CURVES = ("loss_curve_", "validation_scores_", "validation_loss_curve_")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_")
COUNTS = ("n_iter_", "t_", "_no_improvement_count")
ENGINES = ("machine", "reference")
RECORD = (*CURVES, *NUMBERS, *COUNTS, "engine_", "gradient_norms_")
"""The attributes that describe training; an estimator has some of them."""

COLUMNS = ("n_features_in_", "feature_names_in_")
"""Those of all columns of raw samples, which estimators keep whose inputs leave some out."""


def _record_to_json(record: dict[str, Any]) -> Any:
    """Return the record; "nan" and "inf" stand where numbers are not finite."""
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else str(float(value))


def _record_from_json(data: Any, parameters: Sequence[str]) -> dict[str, Any]:
    """Return the record of a chain that has parameters of these names."""
    known = (*RECORD, *COLUMNS)
    if type(data) is not dict or not set(data) <= set(known):
        raise ValueError(f"record: expected an object with keys among {', '.join(known)}")
    record: dict[str, Any] = {}
    for name, value in data.items():
        where = f"record.{name}"
        if value is None:
            record[name] = None
        elif name in CURVES:
            record[name] = _read_curve(value, where)
        elif name in NUMBERS:
            record[name] = _read_number(value, where)
        elif name in COUNTS or name == "n_features_in_":
            record[name] = strict_json.whole(value, where, 0, 2**62)
        elif name == "feature_names_in_":
            names = strict_json.items(value, where, MOST)
            record[name] = np.array([strict_json.text(x, where, least=0) for x in names], object)
        elif name == "engine_":
            if value not in ENGINES:
                raise ValueError(f"{where}: expected one of {', '.join(ENGINES)}")
            record[name] = value
        else:
            norms = strict_json.record(value, where, parameters)
            record[name] = {own: _read_curve(norms[own], where) for own in parameters}
    return record


def _read_curve(value: Any, where: str) -> list[float]:
    return [_read_number(x, where) for x in strict_json.items(value, where, MOST)]


def _read_number(value: Any, where: str) -> float:
    return float(value) if value in ("nan", "inf", "-inf") else strict_json.number(value, where)
