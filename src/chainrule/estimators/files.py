"""Estimators in files: what models/files.py keeps, with another description. Loading runs no code.

The description is JSON: the class's name, its constructor's parameters, the fitted chain, and what
was learned besides: classes, features, curves.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import InvalidParameterError

from chainrule import strict_json
from chainrule.chain import Chain
from chainrule.estimators.images import FORMATS
from chainrule.estimators.targets import Labels
from chainrule.files import canonical
from chainrule.files.errors import ModelFileError
from chainrule.files.objects import (
    Classes,
    chain_from_json,
    chain_to_json,
    classes_in,
    parameters_from_json,
    parameters_to_json,
)
from chainrule.layout import ChainLayout
from chainrule.models.kinds import expect_estimator

Array = NDArray[Any]

KEYS = ("estimator", "parameters", "chain", "classes", "features", "record")
NUMBER_TYPES = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
CLASS_TYPES = (*NUMBER_TYPES, "float16", "float32", "float64", "str", "object")
MOST = 10**7
"""Classes, features or epochs that a file may have."""

MOST_LETTERS = 2**24
"""Letters of an array of texts; NumPy gives each text as many as the longest has."""


@dataclass(frozen=True)
class Saved:
    """What the JSON of an estimator's file says."""

    estimator: str
    parameters: dict[str, Any]
    chain: ChainLayout
    labels: Labels | None
    features: tuple[int, Array | None]
    record: dict[str, Any]
    text: str

    @classmethod
    def from_text(cls, text: str, extra: Classes = ()) -> Saved:
        """Check and take back the text that `describe` gave.

        Raises
        ------
        ValueError
            Something in it is unknown, wrong, or is written in another way.
        """
        return cls.from_json(canonical.parse(text), text, extra)

    @classmethod
    def from_json(cls, data: Any, text: str, extra: Classes = ()) -> Saved:
        """Do the same, given the JSON value of the text."""
        expect_estimator(data)
        data = strict_json.record(data, "estimator", KEYS)
        chain = chain_from_json(data["chain"], extra)
        result = cls(
            strict_json.text(data["estimator"], "estimator"),
            parameters_from_json(data["parameters"], extra),
            chain,
            _labels_from_json(data["classes"]),
            _features_from_json(data["features"]),
            _record_from_json(data["record"], tuple(chain.shapes)),
            canonical.write(data),
        )
        again = {
            "classes": _labels_to_json(result.labels),
            "features": _features_to_json(*result.features),
            "record": _record_to_json(result.record),
            "parameters": parameters_to_json(result.parameters),
        }
        if canonical.write(data | again) != text:
            raise ValueError("expected an estimator's canonical text, got it written otherwise")
        return result


def describe(estimator: Any) -> Saved:
    """Return the description of a fitted estimator, as a reader will find it.

    It is read once here, so that no file is written that cannot be read.

    Raises
    ------
    ValueError, TypeError
        Something in it cannot be saved.
    """
    names = getattr(estimator, "feature_names_in_", None)
    chain, parameters = estimator._network(), estimator.get_params(deep=False)
    text = canonical.write(
        {
            "estimator": type(estimator).__name__,
            "parameters": parameters_to_json(parameters),
            "chain": chain_to_json(chain),
            "classes": _labels_to_json(getattr(estimator, "_labels", None)),
            "features": _features_to_json(estimator.n_features_in_, names),
            "record": _record_to_json({k: v for k, v in vars(estimator).items() if k in RECORD}),
        }
    )
    used = dict.fromkeys(classes_in([chain, parameters]))
    described = Saved.from_text(text, tuple(used))
    restore(described, chain.parameters.flat, [type(estimator)])
    return described


def _labels_to_json(labels: Labels | None) -> Any:
    if labels is None:
        return None
    values = labels.classes
    kind = "str" if values.dtype.kind == "U" else values.dtype.name
    if kind not in CLASS_TYPES or not all(isinstance(v, str) for v in values) == (
        kind in ("str", "object")
    ):
        raise ValueError(f"classes_: expected numbers or texts, got {values.dtype} {values[:3]}")
    return {
        "type": kind,
        "several": labels.several,
        "values": canonical.plain(list(values), "classes_"),
    }


def _labels_from_json(data: Any) -> Labels | None:
    if data is None:
        return None
    entries = strict_json.record(data, "classes", ("type", "several", "values"))
    values = strict_json.items(entries["values"], "classes", MOST, least=1)
    kind = entries["type"]
    if kind not in CLASS_TYPES:
        raise ValueError(f"classes: expected one of {', '.join(CLASS_TYPES)} as type, got another")
    if kind in ("str", "object"):
        texts = [strict_json.text(v, "classes", least=0) for v in values]
        if kind == "str" and len(texts) * max(map(len, texts)) > MOST_LETTERS:
            raise ValueError("classes: expected shorter texts, as each takes the longest's memory")
        classes = np.array(texts, dtype=kind)
    elif kind == "bool":
        classes = np.array([strict_json.flag(v, "classes") for v in values])
    elif kind.startswith("float"):
        with np.errstate(over="ignore"):
            classes = np.array([strict_json.number(v, "classes") for v in values], dtype=kind)
        if not np.isfinite(classes).all():
            raise ValueError(f"classes: expected numbers that {kind} can hold")
    else:
        limits = np.iinfo(kind)
        whole = [strict_json.whole(v, "classes", limits.min, limits.max) for v in values]
        classes = np.array(whole, dtype=kind)
    if len(classes) > 1 and not all(a < b for a, b in pairwise(classes.tolist())):
        raise ValueError("classes: expected different ones in their order")
    if strict_json.flag(entries["several"], "classes.several"):
        if len(classes) < 2 or classes.tolist() != list(range(len(classes))):
            raise ValueError("classes: expected the numbers of several labels, 0, 1, …")
        return Labels.several_of(len(classes))
    return Labels.of(classes)


def _features_to_json(count: int, names: Any) -> Any:
    listed = None if names is None else [str(name) for name in names]
    return {"count": int(count), "names": listed}


def _features_from_json(data: Any) -> tuple[int, Array | None]:
    entries = strict_json.record(data, "features", ("count", "names"))
    count = strict_json.whole(entries["count"], "features", 1, 2**31)
    if entries["names"] is None:
        return count, None
    listed = strict_json.items(entries["names"], "features.names", count, least=count)
    names = [strict_json.text(name, "features.names", least=0) for name in listed]
    return count, np.array(names, dtype=object)


CURVES = ("loss_curve_", "validation_scores_", "validation_loss_curve_")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_")
COUNTS = ("n_iter_", "t_", "_no_improvement_count")
CHOICES = {"image_format_": tuple(FORMATS), "engine_": ("machine", "reference")}
RECORD = (*CURVES, *NUMBERS, *COUNTS, *CHOICES, "gradient_norms_")
"""The attributes that tell of training, and how images were read; an estimator has some of them."""


def _record_to_json(record: dict[str, Any]) -> Any:
    """Return the record; "nan" and "inf" stand where numbers are not finite."""
    return {name: _told(value) for name, value in record.items()}


def _told(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: _told(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_told(item) for item in value]
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else str(float(value))


def _record_from_json(data: Any, parameters: Sequence[str]) -> dict[str, Any]:
    """Return the record of a chain that has parameters of these names."""
    if type(data) is not dict or not set(data) <= set(RECORD):
        raise ValueError(f"record: expected an object with keys among {', '.join(RECORD)}")
    record: dict[str, Any] = {}
    for name, value in data.items():
        where = f"record.{name}"
        if value is None:
            record[name] = None
        elif name in CURVES:
            record[name] = _read_curve(value, where)
        elif name in NUMBERS:
            record[name] = _read_number(value, where)
        elif name in COUNTS:
            record[name] = strict_json.whole(value, where, 0, 2**62)
        elif name in CHOICES:
            if value not in CHOICES[name]:
                raise ValueError(f"{where}: expected one of {', '.join(CHOICES[name])}")
            record[name] = value
        else:
            norms = strict_json.record(value, where, parameters)
            record[name] = {own: _read_curve(norms[own], where) for own in parameters}
    return record


def _read_curve(value: Any, where: str) -> list[float]:
    return [_read_number(x, where) for x in strict_json.items(value, where, MOST)]


def _read_number(value: Any, where: str) -> float:
    return float(value) if value in ("nan", "inf", "-inf") else strict_json.number(value, where)


def restore_from(
    path: str | os.PathLike[str], saved: Saved, flat: Array, kinds: Sequence[type[Any]]
) -> Any:
    """Return the estimator that a file describes; ModelFileError names the file if none is."""
    try:
        return restore(saved, flat, kinds)
    except (ValueError, TypeError) as error:
        raise ModelFileError(f"{path}: {error}") from None


def restore(saved: Saved, flat: Array, kinds: Sequence[type[Any]]) -> Any:
    """Return the estimator that a file describes.

    Raises
    ------
    ValueError
        It is of no such kind, a parameter is none of it, or its chain, features and classes do
        not fit each other. The chain may be another than the parameters describe: these may have
        been set since it was fitted.
    """
    kind = next((kind for kind in kinds if kind.__name__ == saved.estimator), None)
    if kind is None:
        expected = " or ".join(kind.__name__ for kind in kinds)
        name = repr(saved.estimator[:60])
        raise ValueError(
            f"expected {expected}, got the file of another: {name}; load it with that class"
        )
    names = kind._get_param_names()
    strict_json.record(saved.parameters, "parameters", names)
    estimator = kind(**saved.parameters)
    try:
        estimator._validate_params()
    except InvalidParameterError as error:  # which quotes whatever the file has
        raise ValueError(shorten(str(error), 400, placeholder=" …")) from None
    estimator.n_features_in_, feature_names = saved.features
    if feature_names is not None:
        estimator.feature_names_in_ = feature_names
    for name, value in saved.record.items():
        setattr(estimator, name, value)
    estimator._restore(saved.labels, saved.chain)
    estimator._set_network(Chain.from_layout(saved.chain, flat))
    return estimator
