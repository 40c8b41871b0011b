"""The parameters of an estimator's constructor as JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from chainrule import strict_json
from chainrule.chain import Chain
from chainrule.files import canonical
from chainrule.functions import FUNCTIONS, Function
from chainrule.layout import CONSTRUCTION_ERRORS
from chainrule.losses import LOSSES, Loss
from chainrule.models.hyperparameters import check_hints
from chainrule.training.augmentation import AUGMENTATIONS, Augmentation
from chainrule.training.optimizers import OPTIMIZERS, Optimizer
from chainrule.training.schedules import SCHEDULES, Schedule

Classes = Iterable[type[Any]]

KINDS: dict[str, tuple[type[Any], tuple[type[Any], ...]]] = {
    "function": (Function, FUNCTIONS),
    "loss": (Loss, LOSSES),
    "optimizer": (Optimizer, OPTIMIZERS),
    "schedule": (Schedule, SCHEDULES),
    "augmentation": (Augmentation, AUGMENTATIONS),
}
"""What parameters may be besides numbers and texts, and the classes that are known."""

BASES = tuple(base for base, _ in KINDS.values())
MOST_ITEMS = 10**5


def check_classes(extra: Classes) -> None:
    """Complain about classes of a user's own that cannot be in the allow-list.

    Raises
    ------
    TypeError
        An item is no dataclass of a known kind.
    ValueError
        Its name is taken by another class.
    """
    for cls in extra:
        if not (isinstance(cls, type) and issubclass(cls, BASES)):
            raise TypeError(
                "functions: expected classes of functions, losses, optimizers, schedules or "
                f"augmentations, got {cls!r}"
            )
        if not is_dataclass(cls):
            raise TypeError(f"functions: expected dataclasses, got {cls.__name__}, which is none")
    for kind in KINDS:
        _catalogue(kind, extra)


def classes_in(value: Any) -> Iterator[type[Any]]:
    """Yield the class of each object in a value that `to_json` takes, however deep it stands."""
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    elif isinstance(value, Chain):
        parts = value.functions
    elif isinstance(value, BASES):
        yield type(value)
        parts = _fields(value).values()
    for part in parts:
        yield from classes_in(part)


def parameters_to_json(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON; ValueError names one that a file cannot keep."""
    return {name: _whole_to_json(value, name) for name, value in parameters.items()}


def _whole_to_json(value: Any, name: str) -> Any:
    try:
        return to_json(value, name)
    except RecursionError:
        raise ValueError(f"{name}: expected values that are not within themselves") from None


def parameters_from_json(data: Any, extra: Classes = ()) -> dict[str, Any]:
    """Return the parameters that `parameters_to_json` described, by name."""
    if type(data) is not dict:
        raise ValueError("parameters: expected an object, got something else")
    known = {kind: _catalogue(kind, extra) for kind in KINDS}
    return {name: from_json(value, name, known) for name, value in data.items()}


def to_json(value: Any, where: str) -> Any:
    """Return a value: objects as {"kind": class, field: value}, dicts as {"dict": pairs}.

    A list is a list, a tuple {"tuple": items}; but in fields, where both mean the same, a list.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, list):
        return [to_json(item, where) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [to_json(item, where) for item in value]}
    if isinstance(value, dict):
        pairs = [[to_json(k, where), to_json(v, where)] for k, v in value.items()]
        return {"dict": pairs}
    if isinstance(value, Chain):
        return {"chain": [to_json(function, where) for function in value.functions]}
    for kind, (base, _) in KINDS.items():
        if isinstance(value, base) and is_dataclass(value):
            return {kind: type(value).__name__, **_fields_to_json(value, where)}
    raise ValueError(
        f"{where}: expected a number, text, list, dict, function, loss, optimizer, schedule or "
        f"augmentation, which a file can keep, got {type(value).__name__}; set it to another "
        "value first"
    )


def _fields(thing: Any) -> dict[str, Any]:
    """Return what a dataclass is made of."""
    return {field.name: getattr(thing, field.name) for field in fields(thing) if field.init}


def _fields_to_json(thing: Any, where: str) -> dict[str, Any]:
    own = _fields(thing)
    if taken := [name for name in own if name in KINDS]:
        raise ValueError(
            f"{where}: expected {type(thing).__name__} with fields that are not named as the "
            f"kinds of objects are ({', '.join(KINDS)}), got the field {taken[0]}"
        )
    return {
        name: to_json(list(item) if isinstance(item, tuple) else item, f"{where}.{name}")
        for name, item in own.items()
    }


def from_json(value: Any, where: str, known: dict[str, dict[str, type[Any]]]) -> Any:
    """Return the value that `to_json` described."""
    if value is None or type(value) is bool:
        return value
    if type(value) is int:  # a bound, as Python's hashes of larger ones can be made to collide
        limit = canonical.LARGEST_INTEGER
        return strict_json.whole(value, where, -limit, limit)
    if type(value) is float:
        return strict_json.number(value, where)
    if type(value) is str:
        return strict_json.text(value, where, least=0)
    if type(value) is list:
        return [from_json(item, where, known) for item in _listed(value, where)]
    if type(value) is not dict or not value:
        raise ValueError(f"{where}: expected a value of a parameter, got something else")
    if set(value) == {"number"} and value["number"] in ("inf", "-inf", "nan"):
        return float(value["number"])
    if set(value) == {"tuple"}:
        return tuple(from_json(item, where, known) for item in _listed(value["tuple"], where))
    if set(value) == {"dict"}:
        return _dict(value["dict"], where, known)
    if set(value) == {"chain"}:
        functions = [from_json(item, where, known) for item in _listed(value["chain"], where)]
        if not all(isinstance(function, Function) for function in functions):
            raise ValueError(f"{where}: expected functions in a chain, got something else")
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
    values = {own: tuple(v) if isinstance(v, list) else v for own, v in values.items()}
    check_hints(cls, values)
    try:
        return cls(**values)
    except (*CONSTRUCTION_ERRORS, AttributeError) as error:
        raise ValueError(f"{where}: {error}") from None


def _catalogue(kind: str, extra: Classes) -> dict[str, type[Any]]:
    """Return the classes of a kind by name; ValueError if two of them have the same."""
    base, known = KINDS[kind]
    classes = {cls.__name__: cls for cls in known}
    for cls in extra:
        if issubclass(cls, base) and classes.setdefault(cls.__name__, cls) is not cls:
            raise ValueError(
                "functions: expected classes of different names, none of them chainrule's, "
                f"got another {cls.__name__}"
            )
    return classes
