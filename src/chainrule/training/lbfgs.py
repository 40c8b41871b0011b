"""L-BFGS: steps on the whole set at once, with SciPy, for small data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from chainrule.chain import Chain
from chainrule.training.gradients import LossAndGradient
from chainrule.types import Array

CONVERGED, STOPPED_BY_CALLBACK, INTERRUPTED = 0, 99, -1
"""Why a minimization ended: the first two are SciPy's, the last stands for Ctrl-C."""


def minimize(
    chain: Chain,
    evaluate: LossAndGradient,
    *,
    iterations: int,
    calls: int,
    tolerance: float,
    after: Callable[[float], None],
    settle: Callable[[], None] = lambda: None,
) -> optimize.OptimizeResult:
    """Move the chain's parameters to a minimum of the loss; return SciPy's result.

    ``after`` is called with the loss after each iteration, when the chain has its parameters.
    Ctrl-C leaves those of the last iteration. ``settle`` is called before, to set parameters that
    follow the data and not the gradient.
    """
    flat = chain.parameters.flat
    reached = optimize.OptimizeResult(x=flat.copy(), fun=np.nan, nit=0, status=INTERRUPTED)

    def in_float64(x: Array) -> tuple[float, Array]:
        value, gradient = evaluate(x)
        return value, gradient.astype(np.float64, copy=False)

    def called(intermediate_result: optimize.OptimizeResult) -> None:
        flat[...] = intermediate_result.x
        settle()
        reached.update(x=flat.copy(), fun=intermediate_result.fun, nit=reached.nit + 1)
        after(float(intermediate_result.fun))

    try:
        result = optimize.minimize(
            in_float64,
            flat.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=called,
            options={"maxfun": calls, "maxiter": iterations, "gtol": tolerance},
        )
    except KeyboardInterrupt:
        result = reached
    flat[...] = result.x
    settle()
    return result
