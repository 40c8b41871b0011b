"""What a Dropout's masks are drawn from, for every kernel that draws them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.engine.machine.memory import address
from chainrule.engine.planning.program import Instructions
from chainrule.functions import Dropout


def drawn(
    code: Instructions, function: Dropout, seed: int, layer: int, dtype: np.dtype[Any]
) -> dict[str, int]:
    """Return the arguments of a Dropout at a place in the chain; a run sets the step.

    The threshold is for the upper 52 bits of a word, which stand for the number in their middle.
    """
    code.kept.append(np.array([1 / (1 - function.rate)], dtype=dtype))
    return {
        "seed": seed,
        "layer": layer,
        "threshold": math.ceil(Fraction(function.rate) * 2**52 - Fraction(1, 2)),
        "scale": address(code.kept[-1]),
    }
