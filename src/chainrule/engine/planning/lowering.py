"""From a chain and a loss to a network of parts, before any planning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chainrule.chain import Chain
from chainrule.engine.network.dependencies import check_keeps_nothing
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.network.members import one_member
from chainrule.engine.network.network import Draft, Network, Part
from chainrule.engine.planning.kinds.rounded import with_rounded_products
from chainrule.engine.planning.kinds.rows import RowHead
from chainrule.engine.planning.kinds.table import kind_of
from chainrule.functions import Elementwise
from chainrule.layout import Layer
from chainrule.losses import ElementwiseLoss, Loss, MeanOverMembers, SoftmaxCrossEntropy, fused

_LOSSES = (ElementwiseLoss, SoftmaxCrossEntropy)
_OF_LOSSES = ("errors", "error_gradients", "value", "gradient", "value_and_gradient")


def lower(
    chain: Chain, loss: Loss | None, entries: float | None = None, *, rounds: bool = False
) -> Network:
    """Return the network of a chain; without a loss, that of its predictions.

    Parameters
    ----------
    chain : Chain
        Functions, each of a kind in the table of kinds.
    loss : Loss or None
        With the last function it may be a pair that fuses.
    entries : float, optional
        Of sparse samples, how many numbers one has, on average.
    rounds : bool
        Whether products read operands rounded to bfloat16, where there are kernels for that.

    Raises
    ------
    CannotLowerError
        The engine has no kernel for a part of the network; the message names it.
    """
    pair = fused(chain.functions[-1], loss) if loss else None
    layers = chain.layers[:-1] if pair else chain.layers
    parts = _parts(layers)
    if not any(issubclass(p.kind, RowHead) and not (p.kind.idle or p.kind.paired) for p in parts):
        what = "a Linear, or another line on rows of numbers, in it"
        raise CannotLowerError(f"{chain!r}: the engine expects {what}")
    shape, of_outputs = chain.layers[-1].output_shape, pair or loss
    members = 1
    if isinstance(of_outputs, MeanOverMembers):
        _check_inherited(of_outputs, MeanOverMembers, _OF_LOSSES)
        members, of_outputs = shape[0], of_outputs.each
    if len(shape) > 2 or (len(shape) == 2 and loss and not isinstance(loss, MeanOverMembers)):
        raise CannotLowerError(f"{chain!r}: the engine makes rows of numbers; end with Flatten()")
    network = Network(parts, of_outputs, entries, shape, members)
    own = one_member(layers)
    if own:
        network = replace(network, parts=_parts(own), members=shape[0], joint=parts)
    if rounds:
        network = with_rounded_products(network)
    if of_outputs is None:
        return network.in_prediction()
    if isinstance(of_outputs, ElementwiseLoss):
        check_keeps_nothing(of_outputs, of_outputs.error, "yt")
    for known in _LOSSES:
        if isinstance(of_outputs, known):
            _check_inherited(of_outputs, known, _OF_LOSSES)
            return network
    raise CannotLowerError(f"{of_outputs}: the engine has a kernel for it after Softmax only")


def _parts(layers: Sequence[Layer]) -> tuple[Part, ...]:
    """Return layers as parts."""
    draft = Draft(_add)
    for layer in layers:
        _add(draft, layer, layer.place)
    return tuple(draft.parts)


def _add(draft: Draft, layer: Layer, place: int) -> None:
    """Add a layer to a network; CannotLowerError names a function that has no kernel there."""
    function, found = layer.function, kind_of(layer.function)
    if found is None:
        raise CannotLowerError(f"{function}: the engine has no kernel for it")
    base, kind = found
    _check_inherited(function, base, kind.replaced)
    if isinstance(function, Elementwise):
        check_keeps_nothing(function, function.value, "x")
    if not kind.lower(draft, layer, place):
        raise CannotLowerError(f"{function}: the engine has no kernel for it in this place")


def _check_inherited(part: Any, base: type[Any], names: tuple[str, ...]) -> None:
    """Raise CannotLowerError if a class has methods of its own where kernels stand for others."""
    for name in names:
        if getattr(type(part), name, None) is not getattr(base, name, None):
            raise CannotLowerError(f"{part}: the engine does not know its own {name}")
