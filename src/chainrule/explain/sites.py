"""A chain and its loss as a derivation names them: X, X1, X2, …, Y, and the functions between.

A loss that has the last function in it, as SoftmaxCrossEntropy has softmax, is taken apart into
that function and the loss of its outputs. What a residual block holds has names of its own: on the
way from X2 to X3 these are X3.0, which is X2, X3.1, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from chainrule.chain import Chain
from chainrule.functions import Dropout, Function, MaxPool2d, RandomKey
from chainrule.functions.sequence import Layer, Step, steps
from chainrule.losses import FUSED, Loss, MeanOverMembers
from chainrule.types import Array, Shape

MASKED = (Dropout, MaxPool2d)
"""Functions that multiply X by a mask, which they make of X or draw."""


@dataclass(frozen=True)
class Site:
    """A function in its place: what it takes and makes, by name, and its parameters' names."""

    function: Function
    input: str
    output: str
    names: dict[str, str]
    input_shape: Shape
    output_shape: Shape
    number: str
    inner: tuple[Site, ...] = ()

    @property
    def mask(self) -> str:
        """What the mask is called, where there is one."""
        return f"M{self.number}"

    @property
    def shares(self) -> str:
        """What the shares of tokens are called, where the function is a mean of embeddings."""
        return f"P{self.output[1:]}"

    def walk(self) -> Iterator[Site]:
        """Yield this site and those inside."""
        yield self
        for site in self.inner:
            yield from site.walk()


@dataclass(frozen=True)
class Parts:
    """What a derivation goes through: the functions, the loss of their outputs, and what is fused.

    ``fused`` is the loss from which backprop starts, of what goes into the last function, or None;
    ``added`` says that the last function is the loss's own, and ``left_out`` is one that it makes
    needless.
    """

    sites: tuple[Site, ...]
    loss: Loss
    fused: Loss | None
    added: bool
    left_out: Function | None = None

    @property
    def given(self) -> Loss:
        """The loss as it was given, the last function in it or not."""
        return self.fused if self.added and self.fused is not None else self.loss

    @classmethod
    def of(cls, chain: Chain, loss: Loss) -> Parts:
        """Return the parts of an initialized chain and a loss.

        Raises
        ------
        ValueError
            The loss does not take what the last function makes.
        """
        start, count = chain.fuse(loss)
        function, plain = _apart(start)
        layers = chain.layers[:count]
        shape = layers[-1].output_shape if layers else chain.layers[0].input_shape
        if function is None:
            function_sites = _sites(layers, "X", "Y")
            return cls(tuple(function_sites), loss, None, False)
        last = Layer(function, shape, function.output_shape(shape), {}, len(layers))
        sites = _sites([*layers, last], "X", "Y")
        ended = chain.functions[-1] if count < len(chain.layers) else None
        other = ended if type(ended) is not type(function) else None
        return cls(tuple(sites), plain, start, ended is None or other is not None, other)

    def every(self) -> Iterator[Site]:
        """Yield all sites, those inside of others after these."""
        for site in self.sites:
            yield from site.walk()


def _apart(loss: Loss) -> tuple[Function | None, Loss]:
    """Return the function that a loss has in it, and the loss of that function's outputs."""
    if isinstance(loss, MeanOverMembers):
        function, each = _apart(loss.each)
        return function, replace(loss, each=each)
    for (function_kind, plain_kind), fused_kind in FUSED.items():
        if type(loss) is fused_kind:
            own: dict[str, Any] = {f.name: getattr(loss, f.name) for f in fields(loss)}  # type: ignore[arg-type]
            return function_kind(), plain_kind(**own)
    return None, loss


def _sites(
    layers: Sequence[Layer], first: str, last: str, block: str = "", above: str = ""
) -> list[Site]:
    """Return the sites of layers, what comes between them numbered.

    ``block`` is what a residual block makes that holds the layers, ``above`` its number and a dot.
    """
    found: list[Site] = []
    name = first
    for place, layer in enumerate(layers):
        number = f"{above}{place}"
        whole = f"{block}.{place + 1}" if block else f"X{place + 1}"
        made = last if place == len(layers) - 1 and not block else whole
        inner = _sites(layer.inner, f"{made}.0", "", made, f"{number}.") if layer.inner else []
        found.append(
            Site(
                layer.function,
                name,
                made,
                dict(layer.names),
                layer.input_shape,
                layer.output_shape,
                number,
                tuple(inner),
            )
        )
        name = made
    return found


def steps_of(chain: Chain, parts: Parts, key: RandomKey | None) -> dict[str, Step]:
    """Return each site's step by the name of its output: its layer, its parameters, its key."""
    found: dict[str, Step] = {}

    def add(sites: Sequence[Site], taken: Sequence[Step]) -> None:
        for site, step in zip(sites, taken, strict=False):
            found[site.output] = step
            if site.inner:
                add(site.inner, steps(step[0].inner, chain.parameters, key))

    add(parts.sites, chain.steps(key))
    last = parts.sites[-1]
    if parts.fused is not None:
        own: dict[str, Array] = {}
        layer = Layer(last.function, last.input_shape, last.output_shape, {}, len(parts.sites) - 1)
        found[last.output] = (layer, own, key)
    return found
