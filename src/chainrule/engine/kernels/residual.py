"""Where a way past some functions leaves and comes back: contiguous numbers copied and added."""

from __future__ import annotations

from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.machine.memory import VECTOR


@kernel("count", "x", "y")
def copy(k: KernelBuilder) -> None:
    """Y = X, for `count` vectors."""
    with k.loop(0, k.argument("count")) as i:
        k.store(k.load(k.argument("x") + i * VECTOR), k.argument("y") + i * VECTOR)


@kernel("count", "x", "other", "y")
def add(k: KernelBuilder) -> None:
    """Y = X + what lies elsewhere, for `count` vectors."""
    with k.loop(0, k.argument("count")) as i:
        at = i * VECTOR
        total = k.load(k.argument("x") + at) + k.load(k.argument("other") + at)
        k.store(total, k.argument("y") + at)
