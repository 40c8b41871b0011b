"""Which form a precision's products have on a processor."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.engine.machine.compiling import Target
from chainrule.engine.planning.blocked import Blocked
from chainrule.engine.planning.operands import Form, fastest

ROUNDED: dict[str, Callable[[Target], Form]] = {
    "bfloat16": fastest,
    "bfloat16_blocks": lambda _: Blocked(),
}
"""For precisions whose products read rounded operands, the form on a processor.

The order of sums, and so the bits, depend on the precision alone.
"""


def form_of(precision: str, target: Target) -> Form | None:
    """Return how products read their operands; None where these are not rounded."""
    return ROUNDED[precision](target) if precision in ROUNDED else None
