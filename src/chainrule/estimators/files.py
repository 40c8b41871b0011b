"""Estimators in files: what models/files.py keeps, with another description. Loading runs no code.

The description is JSON: the class's name, its constructor's parameters, the fitted chain, and what
was learned besides: classes, features, curves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import strict_json
from chainrule.estimators.constructor import Classes, parameters_from_json, parameters_to_json
from chainrule.estimators.targets import Labels
from chainrule.functions import Function
from chainrule.models import canonical
from chainrule.models.configuration import Blueprint, chain_from_json, chain_to_json

Array = NDArray[Any]

KEYS = ("estimator", "parameters", "chain", "classes", "features", "record")
NUMBER_TYPES = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
CLASS_TYPES = (*NUMBER_TYPES, "float32", "float64", "str", "object")
MOST = 10**7
"""Classes, features or epochs that a file may have."""


@dataclass(frozen=True)
class Saved:
    """What the JSON of an estimator's file says."""

    estimator: str
    parameters: dict[str, Any]
    chain: Blueprint
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
        data = strict_json.record(canonical.parse(text), "estimator", KEYS)
        result = cls(
            strict_json.text(data["estimator"], "estimator"),
            parameters_from_json(data["parameters"], extra),
            chain_from_json(data["chain"], _functions(extra)),
            _labels_from_json(data["classes"]),
            _features_from_json(data["features"]),
            _record_from_json(data["record"]),
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

    Raises
    ------
    ValueError
        Something in it cannot be saved.
    """
    names = getattr(estimator, "feature_names_in_", None)
    chain = estimator._network()
    text = canonical.write(
        {
            "estimator": type(estimator).__name__,
            "parameters": parameters_to_json(estimator.get_params(deep=False)),
            "chain": chain_to_json(chain),
            "classes": _labels_to_json(getattr(estimator, "_labels", None)),
            "features": _features_to_json(estimator.n_features_in_, names),
            "record": _record_to_json({name: getattr(estimator, name, None) for name in RECORD}),
        }
    )
    own = [*chain.functions, *estimator.get_params(deep=False).values()]
    return Saved.from_text(text, tuple(dict.fromkeys(map(type, own))))


def _functions(classes: Classes) -> tuple[type[Function], ...]:
    return tuple(cls for cls in classes if issubclass(cls, Function))


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
        classes = np.array([strict_json.text(v, "classes", least=0) for v in values], dtype=kind)
    elif kind == "bool":
        classes = np.array([strict_json.flag(v, "classes") for v in values])
    elif kind.startswith("float"):
        classes = np.array([strict_json.number(v, "classes") for v in values], dtype=kind)
    else:
        limits = np.iinfo(kind)
        whole = [strict_json.whole(v, "classes", limits.min, limits.max) for v in values]
        classes = np.array(whole, dtype=kind)
    if len(classes) > 1 and not all(a < b for a, b in pairwise(classes)):
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
RECORD = (*CURVES, *NUMBERS, *COUNTS)
"""The attributes that tell of training."""


def _record_to_json(record: dict[str, Any]) -> Any:
    """Return the record; "nan" and "inf" stand where numbers are not finite."""
    return {
        name: [_number(x) for x in value] if isinstance(value, list) else _number(value)
        for name, value in record.items()
    }


def _number(value: Any) -> Any:
    if value is None or isinstance(value, int | np.integer):
        return value if value is None else int(value)
    return float(value) if math.isfinite(value) else str(float(value))


def _record_from_json(data: Any) -> dict[str, Any]:
    entries = strict_json.record(data, "record", RECORD)
    record: dict[str, Any] = {}
    for name, value in entries.items():
        if value is None:
            record[name] = None
        elif name in CURVES:
            listed = strict_json.items(value, f"record.{name}", MOST)
            record[name] = [_read_number(x, f"record.{name}") for x in listed]
        elif name in NUMBERS:
            record[name] = _read_number(value, f"record.{name}")
        else:
            record[name] = strict_json.whole(value, f"record.{name}", 0, 2**62)
    return record


def _read_number(value: Any, where: str) -> float:
    return float(value) if value in ("nan", "inf", "-inf") else strict_json.number(value, where)


def restore(saved: Saved, flat: Array, kinds: Sequence[type[Any]]) -> Any:
    """Return the estimator that a file describes.

    Raises
    ------
    ValueError
        It is of no such kind, or its parameters, chain and classes do not fit each other.
    """
    kind = next((kind for kind in kinds if kind.__name__ == saved.estimator), None)
    if kind is None:
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"expected {expected}, got the file of another: {saved.estimator[:60]!r}")
    names = kind._get_param_names()
    strict_json.record(saved.parameters, "parameters", names)
    estimator = kind(**saved.parameters)
    estimator._validate_params()
    estimator.n_features_in_, feature_names = saved.features
    if feature_names is not None:
        estimator.feature_names_in_ = feature_names
    estimator._restore(saved.labels, saved.chain)
    for name, value in saved.record.items():
        if value is not None or name in CURVES:
            setattr(estimator, name, value)
    estimator._set_network(saved.chain.build(flat))
    return estimator
