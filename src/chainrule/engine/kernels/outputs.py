"""Outputs of samples, from panels to rows: each call puts them behind those of the last call."""

from __future__ import annotations

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.machine.memory import VECTOR

FIELDS = fields("first last outputs y vector_stride result result_at result_row result_step")


@kernel(*FIELDS)
def outputs(k: KernelBuilder) -> None:
    """Rows of outputs, or of a member's part of them, which begins ``result_at`` in each row."""
    outputs, result = k.argument("outputs"), k.argument("result")
    with k.loop(k.argument("first"), k.argument("last")) as n:
        row = result + k.argument("result_at") + n * k.argument("result_row")
        with k.loop(0, (outputs + (k.lanes - 1)) // k.lanes) as v:
            y = k.load(k.argument("y") + n * VECTOR + v * k.argument("vector_stride"))
            k.store_first(y, row + v * VECTOR, outputs - v * k.lanes)
    following = result + k.argument("result_step")
    k.store_integer(following, k.arguments_at + 8 * FIELDS.index("result"))
