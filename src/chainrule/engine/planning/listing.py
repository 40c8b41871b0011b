"""A training step of a network as NumPy that a person can read, and run.

The machine's instructions are made from the same network: forward, loss, backprop, update, in
this order. Run with NumPy, the listing gives the machine's result up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chainrule.engine.network.network import Network, Part
from chainrule.engine.planning.cost import cost
from chainrule.engine.planning.kinds.base import Names, gradient_name
from chainrule.engine.planning.weights import Weights
from chainrule.losses import Loss, MeanOverMembers
from chainrule.types import Shape

_LETTERS: tuple[str, ...] = ("", *"bcdefghijklmnopqrstuvwxyz")
HEAD = "def step(X, t, share, w, state, rate, number):"
DOCUMENTATION = '"""X (n, i), t, share (n,), parameters w, optimizer\'s state -> the mean loss."""'


@dataclass(frozen=True)
class Named:
    """A part, and what the listing calls its numbers."""

    part: Part
    names: Names


def listing(weights: Weights, rows: int, seed: int, peak: float | None = None) -> str:
    """Return the step as a Python module: the rules that it uses, then a function, ``step``."""
    network = weights.network.together
    named = _named(network)
    cast = cost(weights.network, rows, weights.dtype.itemsize, len(weights.slots))
    images = ["×".join(map(str, part.inputs)) for part in network.images]
    sizes = [str(each.part.features) for each in named if not _early(each.part)]
    shape = "-".join([*(images or [str(network.inputs)]), *sizes])
    head = [
        f"# {shape}, batches of {rows:,}: {cast.operations:,} operations a step,",
        f"# {cast.parameters:,} bytes of parameters and {cast.activations:,} of activations",
        *([f"# {_least(cast.operations, peak)}"] if peak else []),
        "from chainrule.functions import *",
        "from chainrule.losses import *",
        *dict.fromkeys(line for each in named for line in each.part.kind.imports),
        "from chainrule.training.optimizers import *",
        "",
        *(f"{name} = {rule!r}" for each in named for name, rule in _rules(each).items()),
        f"loss = {_loss(network)!r}",
        f"optimizer = {weights.optimizer!r}",
        "",
        "",
        HEAD,
        f"    {DOCUMENTATION}",
    ]
    return "\n".join([*head, *_body(weights, named, weights.penalty(rows), seed)]) + "\n"


def _loss(network: Network) -> Loss | None:
    """Return the loss of a sample's outputs, with all of its members."""
    loss = network.loss
    return MeanOverMembers(loss) if loss and network.of_members else loss


def _least(operations: int, peak: float) -> str:
    return f"at least {operations / peak * 1e6:,.1f} µs, at {peak / 1e9:,.0f} GFLOP/s"


def _early(part: Part) -> bool:
    """Whether a part comes before the products of rows of numbers."""
    return part.of_images or bool(part.kind.idle)


def _named(network: Network) -> list[Named]:
    """Return the parts with the names of their numbers."""
    found: list[Named] = []
    counted, number, x = 0, 0, "X"
    for part in network.parts:
        count = len(part.pointwise)
        if part.kind.idle:
            functions = tuple(f"x{k}" for k in range(count))
            own = Names("X", "", ("X",) * (count + 1), functions, ("M",) * count, "", "")
        elif part.of_images:
            places = range(counted, counted + 1 + count)
            head, *rest = (f"g{at}" for at in places)
            masks = tuple(f"N{at}" for at in places[1:])
            values = tuple(f"U{at + 1}" for at in places)
            own = Names(f"U{counted}", head, values, tuple(rest), masks, "dU", "dU")
            counted, x = counted + 1 + count, "F"
        else:
            letters = _LETTERS[:count]
            values = (f"Z{number}", *(f"Y{number}{letter}" for letter in letters))
            functions, masks = (
                tuple(f"{kind}{number}{letter}" for letter in letters) for kind in "fM"
            )
            before = f"dZ{number - 1}" if number else "dF"
            own = Names(x, f"h{number}", values, functions, masks, f"dZ{number}", before)
            number, x = number + 1, values[-1]
        found.append(Named(part, own))
    return _paired(found)


def _paired(named: list[Named]) -> list[Named]:
    """Return the parts, of which the ends of residual blocks have each other's names."""
    ends = [each for each in named if each.part.kind.paired]
    first = {each.part.place: each for each in reversed(ends)}
    last = {each.part.place: each for each in ends}
    found = []
    for each in named:
        if each.part.kind.paired:
            is_first = first[each.part.place] is each
            other = (last if is_first else first)[each.part.place].names
            beside = other.gradient if is_first else other.values[0]
            each = replace(each, names=replace(each.names, beside=beside))
        found.append(each)
    return found


def _rules(each: Named) -> dict[str, Any]:
    """Return the functions of a part by the names that the listing gives them."""
    functions = (own.function for own in each.part.pointwise)
    pointwise = dict(zip(each.names.functions, functions, strict=True))
    return {**each.part.kind.rules(each.part, each.names.head), **pointwise}


def _line(code: str, note: str = "") -> str:
    return f"    {code:<50}  # {note}".rstrip() if note else f"    {code}"


def _body(weights: Weights, named: list[Named], l2: float, seed: int) -> Iterator[str]:
    images = [each for each in named if each.part.of_images]
    rows = [each for each in named if not _early(each.part)]
    if images:
        yield _line("U0 = X")
    for each in named:
        if each is rows[0] and images:
            yield _line(f"F = {images[-1].names.values[-1]}.reshape(len(X), -1)")
        yield from _forward(each, seed)
    loss, last = _loss(weights.network), rows[-1]
    output, gradient = last.names.values[-1], last.names.gradient
    apart, flat = _of_members(weights.network.shape) if weights.network.of_members else ("", "")
    call = f"loss.value_and_gradient({output}{apart}, t, share)"
    yield _line(f"mean, {gradient} = {call}", str(loss))
    if flat:
        yield _line(f"{gradient} = {gradient}{flat}")
    for each in reversed(rows):
        yield from _slopes(each)
        if each is not rows[0] or images:
            yield from _lines(each.part.kind.backward_lines(each.part, each.names))
    if images:
        yield _line(f"dU = dF.reshape({images[-1].names.values[-1]}.shape)")
    for each in reversed(images):
        yield from _slopes(each)
        yield from _lines(each.part.kind.backward_lines(each.part, each.names))
    if l2:
        names = (n for each in named for n in each.part.shapes if n in each.part.penalized)
        squares = (f"(w[{name!r}] ** 2).sum()" for name in names)
        yield _line(f"mean = mean + {l2!r} / 2 * ({' + '.join(squares)})", "the penalty")
    yield from _moves(rows, images, f" + {l2!r} * w['{{}}']" if l2 else "", weights)
    yield _line("return mean")


def _lines(pairs: Iterator[tuple[str, str]]) -> Iterator[str]:
    return (_line(code, note) for code, note in pairs)


def _forward(each: Named, seed: int) -> Iterator[str]:
    """Return the lines of a part, and of the functions after its head."""
    part, names = each.part, each.names
    yield from _lines(part.kind.forward_lines(part, names))
    for k, own in enumerate(part.pointwise):
        key = f"RandomKey({seed}, number - 1, {own.place})"
        *first, last = (line.format(key=key, **_of(each, k)) for line in own.kind.listed)
        yield from map(_line, first)
        yield _line(last, str(own.function))


def _slopes(each: Named) -> Iterator[str]:
    """Return the lines that take a gradient from a part's output back to its head's."""
    for k in reversed(range(len(each.part.pointwise))):
        kind = each.part.pointwise[k].kind
        given = {"gradient": each.names.gradient, **_of(each, k)}
        yield _line(kind.listed_back.format(**given), kind.law)


def _of(each: Named, k: int) -> dict[str, str]:
    """Return the names of a pointwise function, and of what it reads, makes and draws."""
    names, (rows, flat) = each.names, _of_members(each.part.pointwise[k].shape)
    x, y = names.values[k], names.values[k + 1]
    own = {"f": names.functions[k], "x": x, "y": y, "mask": names.masks[k]}
    return {**own, "rows": rows, "flat": flat}


def _of_members(shape: Shape) -> tuple[str, str]:
    """Return what reshapes rows of numbers into those of members (k, c), and back."""
    if len(shape) != 2:
        return "", ""
    return f".reshape(-1, {shape[0]}, {shape[1]})", ".reshape(len(X), -1)"


def _moves(
    rows: list[Named], images: list[Named], penalty: str, weights: Weights
) -> Iterator[str]:
    """Return the gradients by parameters that are missing yet, and the moves along all."""
    moves: list[tuple[str, str]] = []
    clip = weights.clip
    for each in rows:
        yield from _lines(each.part.kind.gradient_lines(each.part, each.names, penalty))
        own = [(name, gradient_name(name)) for name in each.part.names.values()]
        moves += own
        if clip is None:
            yield from (_moved(weights, name, gradient) for name, gradient in own)
    for each in images:
        for name in each.part.shapes:
            due = penalty.format(name) if name in each.part.penalized else ""
            own_gradient = gradient_name(name)
            if clip is None:
                yield _moved(weights, name, f"{own_gradient}{due}")
            elif due:
                yield _line(f"{own_gradient} = {own_gradient}{due}")
            moves.append((name, own_gradient))
    if clip is not None:
        squares = " + ".join(f"({gradient} ** 2).sum()" for _, gradient in moves)
        yield _line(f"length = ({squares}) ** 0.5", "of the whole gradient")
        yield _line(f"scale = {clip!r} / max({clip!r}, length)")
        yield from (_moved(weights, name, f"scale * {gradient}") for name, gradient in moves)


def _moved(weights: Weights, name: str, gradient: str) -> str:
    factor, *others = weights.factors(name)
    rate = "rate" if factor == 1 else f"{factor!r} * rate"
    changed = [
        f"{hyperparameter}={other!r} * optimizer.{hyperparameter}"
        for hyperparameter, other in zip(weights.hyperparameters, others, strict=True)
        if other != 1
    ]
    optimizer = f"optimizer.with_values({', '.join(changed)})" if changed else "optimizer"
    rule = f"{optimizer}.rule(w[{name!r}], {gradient}, state[{name!r}], {rate}, number)"
    return _line(f"w[{name!r}], state[{name!r}] = {rule}")
