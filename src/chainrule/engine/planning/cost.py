"""What a step takes: operations on numbers, and memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod

from chainrule.engine.network.network import Network


@dataclass(frozen=True)
class Cost:
    """Operations on numbers, and bytes of buffers."""

    operations: int
    parameters: int
    activations: int


def cost(network: Network, rows: int, itemsize: int, slots: int) -> Cost:
    """Return the cost of a step on a batch of `rows` samples: a multiply-add is two operations."""
    parts = network.parts
    numbers = sum(prod(shape) for part in parts for shape in part.shapes.values())
    values = sum(p.features * (2 - p.kind.idle + len(p.pointwise)) for p in parts)
    behind = (part for before, part in pairwise(parts) if not before.kind.idle)
    transposed = sum(part.kind.transposed(part) for part in behind)
    entries = (network.entries, *[None] * (len(parts) - 1))
    every = [p.kind.multiply_adds(p, each) for p, each in zip(parts, entries, strict=True)]
    products = [count for part, count in zip(parts, every, strict=True) if part.names]
    total = 3 * sum(products) - sum(products[:1])  # the gradient by X is not needed
    times = network.members if network.joint else 1
    return Cost(
        times * 2 * rows * total,
        times * (numbers * (1 + slots) + transposed) * itemsize,
        times * rows * values * itemsize,
    )
