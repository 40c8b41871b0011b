"""How parameters start: small random weights of the right size, zero biases.

Weights are uniform in (−bound, bound); the bound keeps signals, forward or back, from growing or
fading layer by layer. Scales start at 1, and a function may say how its parameters start
(:meth:`chainrule.functions.Function.starts`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from chainrule import random
from chainrule.functions import Function
from chainrule.functions.contract import checked_names
from chainrule.functions.sequence import Layer
from chainrule.functions.starts import Start
from chainrule.parameters import Parameters

SCHEMES = ("auto", "he", "glorot", "fasttext")


def initialize(
    parameters: Parameters,
    layers: Sequence[Layer],
    *,
    scheme: str,
    seed: int,
) -> None:
    """Fill the parameters of a chain.

    Parameters
    ----------
    parameters : Parameters
        The parameters of the chain.
    layers : sequence of Layer
        The functions in their places; those that one of them holds are initialized likewise.
    scheme : {"auto", "he", "glorot", "fasttext"}
        "he" (He et al., 2015, for rectifiers): √(6/inputs); "glorot" (Glorot & Bengio, 2010):
        √(6/(inputs + outputs)); "fasttext": embeddings 1/dimensions and other weights zero, as
        fastText does; "auto": what suits the function that follows, embeddings as fastText.
    seed : int
        The same seed draws the same bits.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"initialization: expected one of {', '.join(SCHEMES)}, got {scheme!r}")
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        if layer.inner:
            initialize(parameters, layer.inner, scheme=scheme, seed=seed)
            continue
        function, shape, names = layer.function, layer.input_shape, layer.names
        following = None if after is None else after.function
        starts, scales = _starts(function, shape, names), function.scales(shape)
        drawn = 0
        for own, name in names.items():
            view = parameters[name]
            start = starts.get(own, float(own in scales) if view.ndim < 2 else None)
            if isinstance(start, int | float):
                view[...] = start
                continue
            place = (layer.place, drawn) if drawn else (layer.place,)
            drawn += 1
            if start is not None:
                view[...] = start.draw(view.size, seed, place).reshape(view.shape)
                continue
            bound = _bound(function, own, following, shape, scheme)
            numbers = random.uniform(view.size, seed, random.Stream.INITIALIZATION, *place)
            numbers *= 2
            numbers -= 1
            numbers *= bound
            view[...] = numbers.reshape(view.shape)


def _starts(
    function: Function, shape: tuple[int, ...], names: Mapping[str, str]
) -> Mapping[str, Start]:
    """Return how a function says that its parameters start; ValueError names a wrong one."""
    starts = checked_names(function, "starts", function.starts(shape))
    for name, start in starts.items():
        if name not in names:
            known = ", ".join(names) or "none"
            raise ValueError(f"{function}: expected starts of {known}, got one of {name!r}")
        if isinstance(start, int | float):
            right = math.isfinite(start) and not isinstance(start, bool)
        else:
            right = hasattr(start, "draw")
        if not right:
            raise ValueError(
                f"{function}: expected a finite number or a distribution such as Normal() as "
                f"start of {name}, got {start!r}"
            )
    return starts


def _bound(
    function: Function,
    name: str,
    following: Function | None,
    shape: tuple[int, ...],
    scheme: str,
) -> float:
    inputs, outputs = function.parameter_fans(name, shape)
    if scheme == "auto":
        usual = following.preceding_initialization if following is not None else "glorot"
        scheme = function.initialization or usual
    if scheme == "fasttext":
        return 1 / outputs if function.initialization == "fasttext" else 0.0
    return math.sqrt(6 / inputs) if scheme == "he" else math.sqrt(6 / (inputs + outputs))
