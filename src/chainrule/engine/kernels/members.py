"""Numbers of a sample's members: side by side in panels, or each member in panels of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.values import Integer
from chainrule.engine.machine.memory import VECTOR

Emit = Callable[[KernelBuilder], None]

FIELDS = fields(
    "first last members numbers together together_stride apart apart_stride member_stride"
)


@kernel(*FIELDS)
def apart(k: KernelBuilder) -> None:
    """Each member's numbers begin a vector."""
    for there, here in _places(k):
        k.store_number(k.load_number(there), here)


@kernel(*FIELDS)
def together(k: KernelBuilder) -> None:
    """The numbers of all members are one row."""
    for there, here in _places(k):
        k.store_number(k.load_number(here), there)


def _places(k: KernelBuilder) -> Iterator[tuple[Integer, Integer]]:
    """Yield where a number is side by side, and where it is apart: emitted once, for all."""
    numbers = k.argument("numbers")
    with k.loop(0, k.argument("members")) as member, k.loop(0, numbers) as number:
        feature = member * numbers + number
        row = k.argument("together") + _column(k, feature, k.argument("together_stride"))
        own = k.argument("apart") + member * k.argument("member_stride")
        own = own + _column(k, number, k.argument("apart_stride"))
        with k.loop(k.argument("first"), k.argument("last")) as n:
            yield row + n * VECTOR, own + n * VECTOR


def _column(k: KernelBuilder, feature: Integer, stride: Integer) -> Integer:
    """Return how far a feature is from the first."""
    return feature // k.lanes * stride + feature % k.lanes * k.item
