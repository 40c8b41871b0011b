"""The parameters of an estimator's constructor as JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.data import strict_json
from chainrule.functions import FUNCTIONS, Function
from chainrule.losses import LOSSES, Loss
from chainrule.models.hyperparameters import check_hints
from chainrule.training.optimizers import OPTIMIZERS, Optimizer
from chainrule.training.schedules import SCHEDULES, Schedule

Classes = Iterable[type[Any]]

KINDS: dict[str, tuple[type[Any], tuple[type[Any], ...]]] = {
    "function": (Function, FUNCTIONS),
    "loss": (Loss, LOSSES),
    "optimizer": (Optimizer, OPTIMIZERS),
    "schedule": (Schedule, SCHEDULES),
}
"""What parameters may be besides numbers and texts, and the classes that are known."""

MOST_ITEMS = 10**5


def parameters_to_json(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON; ValueError names one that a file cannot keep."""
    return {name: to_json(value, name) for name, value in parameters.items()}


def parameters_from_json(data: Any, extra: Classes = ()) -> dict[str, Any]:
    """Return the parameters that `parameters_to_json` described, by name."""
    if type(data) is not dict:
        raise ValueError("parameters: expected an object, got something else")
    known = {kind: _catalogue(kind, extra) for kind in KINDS}
    return {name: from_json(value, name, known) for name, value in data.items()}


def to_json(value: Any, where: str) -> Any:
    """Return a value: objects as {"kind": class, field: value}, dicts as {"dict": pairs}."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, list | tuple):
        return [to_json(item, where) for item in value]
    if isinstance(value, dict):
        pairs = [[to_json(k, where), to_json(v, where)] for k, v in value.items()]
        return {"dict": pairs}
    if isinstance(value, Chain):
        return {"chain": [to_json(function, where) for function in value.functions]}
    for kind, (base, _) in KINDS.items():
        if isinstance(value, base) and is_dataclass(value):
            own = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
            written = {name: to_json(item, f"{where}.{name}") for name, item in own.items()}
            return {kind: type(value).__name__, **written}
    raise ValueError(
        f"{where}: expected a number, text, list, dict, function, loss, optimizer or schedule, "
        f"which a file can keep, got {type(value).__name__}; set it to another value first"
    )


def from_json(value: Any, where: str, known: dict[str, dict[str, type[Any]]]) -> Any:
    """Return the value that `to_json` described, lists as tuples."""
    if value is None or type(value) in (bool, int, float):
        return value
    if type(value) is str:
        return strict_json.text(value, where, least=0)
    if type(value) is list:
        listed = strict_json.items(value, where, MOST_ITEMS)
        items = [from_json(item, where, known) for item in listed]
        return items if any(isinstance(item, dict) for item in items) else tuple(items)
    if type(value) is not dict or not value:
        raise ValueError(f"{where}: expected a value of a parameter, got something else")
    if set(value) == {"number"} and value["number"] in ("inf", "-inf", "nan"):
        return float(value["number"])
    if set(value) == {"dict"}:
        return _dict(value["dict"], where, known)
    if set(value) == {"chain"}:
        functions = [from_json(item, where, known) for item in _listed(value["chain"], where)]
        return Chain(*functions)
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        raise ValueError(f"{where}: expected one of {', '.join(KINDS)}, got something else")
    return _object(kinds[0], value, where, known)


def _listed(value: Any, where: str) -> list[Any]:
    return strict_json.items(value, where, MOST_ITEMS)


def _dict(pairs: Any, where: str, known: dict[str, dict[str, type[Any]]]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for pair in _listed(pairs, where):
        key, item = (from_json(part, where, known) for part in strict_json.items(pair, where, 2, 2))
        if isinstance(key, float | str | int | bool | None) and key not in result:
            result[key] = item
            continue
        raise ValueError(f"{where}: expected different keys, numbers or texts")
    return result


def _object(
    kind: str, data: dict[str, Any], where: str, known: dict[str, dict[str, type[Any]]]
) -> Any:
    """Return the instance of a known class."""
    name = strict_json.text(data[kind], f"{where}.{kind}")
    if name not in known[kind]:
        shown = name[:60] if name.isidentifier() else ascii(name[:40])
        raise ValueError(
            f"{where}: uses the {kind} {shown}, which is not in chainrule; pass its class as "
            "load(path, functions=[…])"
        )
    cls = known[kind][name]
    names = [field.name for field in fields(cls) if field.init]
    entries = strict_json.record(data, where, (kind, *names))
    values = {own: from_json(entries[own], f"{where}.{own}", known) for own in names}
    check_hints(cls, values)
    try:
        return cls(**values)
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"{where}: {error}") from None


def _catalogue(kind: str, extra: Classes) -> dict[str, type[Any]]:
    base, known = KINDS[kind]
    own = (cls for cls in extra if issubclass(cls, base) and is_dataclass(cls))
    return {cls.__name__: cls for cls in (*own, *known)}
