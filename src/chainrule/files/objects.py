"""Objects as JSON, and back by an allow-list of classes; no code of a file runs.

A function, loss, optimizer, schedule or augmentation is an object with its class's name and its
fields, {"function": "Linear", "outputs": 8, "bias": true}: all but those that were added later (see
`added`) and are as they were before, which a file that lacks them means. Of other values that JSON
lacks, a chain is {"chain": functions}, a tuple {"tuple": items}, a dict {"dict": pairs}, a
RandomState {"random_state": where it is}, and a number that is not finite {"number": "inf"}; in
fields, where a list means the same, a tuple is a list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule import strict_json
from chainrule.added import is_added, value_before
from chainrule.chain import Chain
from chainrule.files import canonical
from chainrule.files.hints import check_hints
from chainrule.functions import FUNCTIONS, Function
from chainrule.layout import CONSTRUCTION_ERRORS, LARGEST, ChainLayout
from chainrule.losses import LOSSES, Loss
from chainrule.training.augmentation import AUGMENTATIONS, Augmentation
from chainrule.training.optimizers import OPTIMIZERS, Optimizer
from chainrule.training.random_states import random_state_from_json, random_state_to_json
from chainrule.training.schedules import SCHEDULES, Schedule

__all__ = [
    "Classes",
    "chain_from_json",
    "chain_to_json",
    "check_classes",
    "classes_in",
    "is_as_before",
    "object_from_json",
    "parameters_from_json",
    "parameters_to_json",
    "to_json",
]

Classes: TypeAlias = Sequence[type[Any]]
Catalogue: TypeAlias = Mapping[str, Mapping[str, type[Any]]]

KINDS: dict[str, tuple[type[Any], tuple[type[Any], ...]]] = {
    "function": (Function, FUNCTIONS),
    "loss": (Loss, LOSSES),
    "optimizer": (Optimizer, OPTIMIZERS),
    "schedule": (Schedule, SCHEDULES),
    "augmentation": (Augmentation, AUGMENTATIONS),
}
"""The kinds of objects, with the base and the classes of each."""

FIRST = frozenset(
    (
        "Linear", "Conv2d", "EmbeddingBag", "MaxPool2d", "AvgPool2d", "Flatten", "Dropout",
        "ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Sigmoid", "Tanh", "Softplus", "Exp",
        "Identity", "Softmax", "LogSoftmax", "MeanSquaredError", "HalfSquaredError",
        "MeanAbsoluteError", "Huber", "Poisson", "BinaryCrossEntropy", "CrossEntropy",
        "SigmoidBinaryCrossEntropy", "SoftmaxCrossEntropy", "ExpPoisson", "SGD", "Adam", "AdamW",
        "RMSProp", "Constant", "InverseScaling", "StepDecay", "Cosine", "LinearToZero", "WarmUp",
        "Shift", "Crop", "Flip", "Noise",
    )
)
"""The names that the first release had. A file may use others for classes of a user's own, from
before chainrule had such a name; where these are handed over, they are what is meant."""

BASES = tuple(base for base, _ in KINDS.values())
DTYPES = ("float32", "float64")
MOST_FUNCTIONS = 1000
MOST_AXES = 8
MOST_ITEMS = 10**5
LONGEST_NAME = 100
LONGEST_REASON = 300


def check_classes(extra: Classes, *, written: bool = False) -> None:
    """Raise unless a user's own classes can be in the allow-list.

    Parameters
    ----------
    extra : sequence of classes
        The user's own, perhaps with chainrule's among them.
    written : bool, default=False
        Whether it is for a new file, in which no name of chainrule's can mean another class.

    Raises
    ------
    TypeError
        An item is no dataclass of a known kind.
    ValueError
        Its name is that of another of them, or of a class that chainrule has had from the first.
    """
    _catalogue(extra, written)


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
        parts = _own_fields(value).values()
    for part in parts:
        yield from classes_in(part)


def parameters_to_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters by name as JSON; ValueError names one that a file cannot keep."""
    return {name: to_json(value, name) for name, value in parameters.items()}


def parameters_from_json(data: object, extra: Classes = ()) -> dict[str, Any]:
    """Return the parameters that `parameters_to_json` described, by name."""
    if type(data) is not dict:
        raise ValueError("parameters: expected an object, got something else")
    known = _catalogue(extra)
    return {name: _read(value, name, known) for name, value in data.items()}


def chain_to_json(chain: Chain) -> dict[str, Any]:
    """Return functions, shape of a sample and float type; the chain must be initialized."""
    return {
        "functions": [to_json(function, "chain") for function in chain.functions],
        "input_shape": list(chain.layers[0].input_shape),
        "dtype": chain.dtype.name,
    }


def chain_from_json(data: object, extra: Classes = ()) -> ChainLayout:
    """Return the chain that `chain_to_json` described, without parameters.

    Raises
    ------
    ValueError
        A function is unknown or wrong, functions do not fit together, or sizes are absurd.
    """
    entries = strict_json.record(data, "chain", ("functions", "input_shape", "dtype"))
    items = strict_json.items(entries["functions"], "chain.functions", MOST_FUNCTIONS, least=1)
    known = _catalogue(extra)
    functions = [_read_object("function", item, "chain", known) for item in items]
    axes = strict_json.items(entries["input_shape"], "chain.input_shape", MOST_AXES, least=1)
    shape = tuple(strict_json.whole(n, "chain.input_shape", 1, LARGEST) for n in axes)
    if entries["dtype"] not in DTYPES:
        raise ValueError(f"chain.dtype: expected {' or '.join(DTYPES)}, got something else")
    return ChainLayout.of(functions, shape, entries["dtype"])


def to_json(value: Any, where: str) -> Any:
    """Return a value as JSON; ValueError begins with ``where`` if a file cannot keep it."""
    try:
        return _write(value, where)
    except RecursionError:
        raise ValueError(f"{where}: expected values that are not within themselves") from None


def object_from_json(kind: str, data: object, extra: Classes = ()) -> Any:
    """Return the object of a kind, such as "loss", that `to_json` described.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    data : JSON value
        What `to_json` returned.
    extra : sequence of classes
        Classes of the user's own, known by their names besides chainrule's.

    Raises
    ------
    ValueError
        The class is unknown, or its fields are not exactly what the class takes.
    """
    return _read_object(kind, data, kind, _catalogue(extra))


# Writing.


def _write(value: Any, where: str) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, list):
        return [_write(item, where) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_write(item, where) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_write(k, where), _write(v, where)] for k, v in value.items()]}
    if isinstance(value, Chain):
        return {"chain": [_write(function, where) for function in value.functions]}
    if isinstance(value, np.random.RandomState):
        return {"random_state": random_state_to_json(value, where)}
    for kind, (base, _) in KINDS.items():
        if isinstance(value, base):
            return {kind: type(value).__name__, **_write_fields(value, where)}
    raise ValueError(
        f"{where}: expected a number, text, list, dict, function, loss, optimizer, schedule or "
        f"augmentation, which a file can keep, got {type(value).__name__}; set it to another "
        "value first"
    )


def _write_fields(thing: Any, where: str) -> dict[str, Any]:
    name = type(thing).__name__
    if not is_dataclass(thing):
        raise ValueError(f"{where}: expected a dataclass, so that it can be saved, got {name}")
    own = _own_fields(thing)
    if taken := [field for field in own if field in KINDS]:
        raise ValueError(
            f"{where}: expected {name} with fields that are not named as the kinds of objects are "
            f"({', '.join(KINDS)}), got the field {taken[0]}"
        )
    said = {field.name for field in fields(thing) if not is_as_before(field, own.get(field.name))}
    return {
        field: _write(list(item) if isinstance(item, tuple) else item, f"{where}.{field}")
        for field, item in own.items()
        if field in said
    }


def is_as_before(field: Field[Any], value: Any) -> bool:
    """Return whether a file can leave a field out: one that was added, and is as it was before."""
    if not is_added(field):
        return False
    found, before = (to_json(each, field.name) for each in (value, value_before(field)))
    return canonical.write(found) == canonical.write(before)


def _own_fields(thing: Any) -> dict[str, Any]:
    """Return what a dataclass is made of."""
    return {field.name: getattr(thing, field.name) for field in fields(thing) if field.init}


# Reading.


def _read(value: Any, where: str, known: Catalogue) -> Any:
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
        return _read_items(value, where, known)
    if type(value) is not dict or not value:
        raise ValueError(f"{where}: expected a value of a parameter, got something else")
    match list(value.items()):
        case [("number", "inf" | "-inf" | "nan" as number)]:
            return float(number)
        case [("tuple", items)]:
            return tuple(_read_items(items, where, known))
        case [("dict", pairs)]:
            return _read_dict(pairs, where, known)
        case [("random_state", state)]:
            return random_state_from_json(state, where)
        case [("chain", items)]:
            items = strict_json.items(items, where, MOST_ITEMS)
            return Chain(*(_read_object("function", item, where, known) for item in items))
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        raise ValueError(f"{where}: expected one of {', '.join(KINDS)}, got something else")
    return _read_object(kinds[0], value, where, known)


def _read_items(value: Any, where: str, known: Catalogue) -> list[Any]:
    return [_read(item, where, known) for item in strict_json.items(value, where, MOST_ITEMS)]


def _read_dict(pairs: Any, where: str, known: Catalogue) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for pair in strict_json.items(pairs, where, MOST_ITEMS):
        key, item = (_read(part, where, known) for part in strict_json.items(pair, where, 2, 2))
        if not isinstance(key, float | str | int | bool | None) or key in result:
            raise ValueError(f"{where}: expected different keys, numbers or texts")
        result[key] = item
    return result


def _read_object(kind: str, data: Any, where: str, known: Catalogue) -> Any:
    """Return the instance of a known class."""
    if type(data) is not dict or kind not in data:
        raise ValueError(f"{where}: expected an object with the key {kind!r}, got none")
    name = strict_json.text(data[kind], f"{where}.{kind}")
    if name not in known[kind]:
        raise ValueError(f"{where}: {_unknown(kind, name)}")
    cls = known[kind][name]
    inside = f"{where}.{name}"
    own = [field for field in fields(cls) if field.init]
    before = {f.name: value_before(f) for f in own if is_added(f) and f.name not in data}
    names = [field.name for field in own if field.name not in before]
    entries = strict_json.record(data, inside, (kind, *names))
    values = {name: _read(entries[name], f"{inside}.{name}", known) for name in names}
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()} | before
    try:
        check_hints(cls, values, (*BASES, Chain, np.random.RandomState))
        return cls(**values)
    except (*CONSTRUCTION_ERRORS, AttributeError) as error:
        message = str(error) or f"{name}: it cannot be made: {error!r}"
        shown = message if len(message) <= LONGEST_REASON else f"{message[:LONGEST_REASON]}…"
        raise ValueError(f"{where}: {shown}") from None


def _unknown(kind: str, name: str) -> str:
    if not name.isidentifier() or len(name) > LONGEST_NAME:
        return f"expected the name of a known {kind}, got {name[:40]!a}"
    return (
        f"uses the {kind} {name}, which is not in chainrule; pass it as load(path, "
        f"functions=[{name}]), or read the file with the release that has written it"
    )


# Classes by name.


def _catalogue(extra: Classes, written: bool = False) -> dict[str, dict[str, type[Any]]]:
    """Return the known classes by kind and name, a user's own among them."""
    known = {kind: {cls.__name__: cls for cls in classes} for kind, (_, classes) in KINDS.items()}
    given: dict[str, type[Any]] = {}
    for cls in extra:
        if not (isinstance(cls, type) and issubclass(cls, BASES)):
            raise TypeError(
                "functions: expected classes of functions, losses, optimizers, schedules or "
                f"augmentations, got {cls!r}"
            )
        if not is_dataclass(cls):
            raise TypeError(f"functions: expected dataclasses, got {cls.__name__}, which is none")
        name = cls.__name__
        for kind in (kind for kind, (base, _) in KINDS.items() if issubclass(cls, base)):
            taken = given.get(name, known[kind].get(name) if name in FIRST or written else None)
            if taken not in (None, cls):
                raise ValueError(
                    "functions: expected classes of different names, none of them chainrule's, "
                    f"got another {name}"
                )
            known[kind][name] = given[name] = cls
    return known
