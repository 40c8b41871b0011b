"""Functions, losses and chains as JSON, and back by an allow-list of classes.

A function is an object with its class's name and all of its hyperparameters:
``{"function": "Linear", "outputs": 8, "bias": true}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from chainrule import strict_json
from chainrule.chain import Chain
from chainrule.functions import FUNCTIONS, Function
from chainrule.layout import CONSTRUCTION_ERRORS, LARGEST, ChainLayout
from chainrule.losses import LOSSES, Loss
from chainrule.models.hyperparameters import check_hints, plain_value, read_value

__all__ = [
    "chain_from_json",
    "chain_to_json",
    "check_classes",
    "function_from_json",
    "function_to_json",
    "loss_from_json",
    "loss_to_json",
]

Classes = Sequence[type[Function] | type[Loss]]

DTYPES = ("float32", "float64")
MOST_FUNCTIONS = 1000
MOST_AXES = 8


def function_to_json(function: Function) -> dict[str, Any]:
    """Return the class's name under "function", and every hyperparameter under its own."""
    return _to_json("function", function)


def function_from_json(data: object, extra: Classes = ()) -> Function:
    """Return the function that `function_to_json` described.

    Parameters
    ----------
    extra
        Classes of the user's own, known by their names besides chainrule's.

    Raises
    ------
    ValueError
        The class is unknown, or its hyperparameters are not exactly what the class takes.
    """
    function: Function = _from_json("function", data, _catalogue(FUNCTIONS, Function, extra))
    return function


def loss_to_json(loss: Loss) -> dict[str, Any]:
    """Return the class's name under "loss", and every hyperparameter under its own."""
    return _to_json("loss", loss)


def loss_from_json(data: object, extra: Classes = ()) -> Loss:
    """Return the loss that `loss_to_json` described, as `function_from_json` does."""
    loss: Loss = _from_json("loss", data, _catalogue(LOSSES, Loss, extra))
    return loss


def chain_to_json(chain: Chain) -> dict[str, Any]:
    """Return functions, shape of a sample and float type; the chain must be initialized."""
    return {
        "functions": [function_to_json(function) for function in chain.functions],
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
    catalogue = _catalogue(FUNCTIONS, Function, extra)
    functions = tuple(_from_json("function", item, catalogue) for item in items)
    axes = strict_json.items(entries["input_shape"], "chain.input_shape", MOST_AXES, least=1)
    shape = tuple(strict_json.whole(n, "chain.input_shape", 1, LARGEST) for n in axes)
    if entries["dtype"] not in DTYPES:
        raise ValueError(f"chain.dtype: expected {' or '.join(DTYPES)}, got something else")
    return ChainLayout.of(functions, shape, entries["dtype"])


def check_classes(extra: Classes) -> None:
    """Complain about classes that cannot be in the allow-list.

    Raises
    ------
    TypeError
        An item is no dataclass that is a Function or a Loss.
    ValueError
        Its name is taken by another class.
    """
    _catalogue(FUNCTIONS, Function, extra)
    _catalogue(LOSSES, Loss, extra)


def _catalogue(known: Classes, base: Any, extra: Classes) -> dict[str, type[Any]]:
    """Return the allowed classes by name."""
    classes: dict[str, type[Any]] = {cls.__name__: cls for cls in known}
    for cls in extra:
        if not (isinstance(cls, type) and issubclass(cls, Function | Loss)):
            raise TypeError(f"functions: expected classes of functions or losses, got {cls!r}")
        if not is_dataclass(cls):
            raise TypeError(f"functions: expected dataclasses, got {cls.__name__}, which is none")
        if not issubclass(cls, base):
            continue
        if classes.setdefault(cls.__name__, cls) is not cls:
            raise ValueError(
                f"functions: expected classes of different names, none of them chainrule's, "
                f"got another {cls.__name__}"
            )
    return classes


def _to_json(kind: str, thing: Any) -> dict[str, Any]:
    """Return {kind: class, field: value, …}."""
    name = type(thing).__name__
    if not is_dataclass(thing):
        raise ValueError(f"{name}: expected a dataclass, so that it can be saved")
    own = {field.name: getattr(thing, field.name) for field in fields(thing) if field.init}
    if kind in own:
        raise ValueError(f"{name}: expected fields named other than {kind!r}")
    return {kind: name, **{key: plain_value(v, f"{name}.{key}") for key, v in own.items()}}


def _from_json(kind: str, data: object, catalogue: Mapping[str, type[Any]]) -> Any:
    """Return the instance of a class in the catalogue that `_to_json` described."""
    if type(data) is not dict or kind not in data:
        raise ValueError(f"expected an object with the key {kind!r}, got none")
    name = strict_json.text(data[kind], kind)
    if name not in catalogue:
        raise ValueError(_unknown(kind, name))
    cls = catalogue[name]
    names = [field.name for field in fields(cls) if field.init]
    entries = strict_json.record(data, name, (kind, *names))
    values = {key: read_value(entries[key], f"{name}.{key}") for key in names}
    check_hints(cls, values)
    try:
        return cls(**values)
    except CONSTRUCTION_ERRORS as error:
        raise ValueError(str(error) or f"{name}: it cannot be made: {error!r}") from None


def _unknown(kind: str, name: str) -> str:
    if not name.isidentifier() or len(name) > 100:
        return f"expected the name of a {kind}, got {name[:40]!r}"
    return (
        f"uses the {kind} {name}, which is not in chainrule; "
        f"pass it as load(path, functions=[{name}])"
    )
