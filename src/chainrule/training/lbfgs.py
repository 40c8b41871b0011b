"""L-BFGS: steps on the whole set at once, with SciPy, for small data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from chainrule.chain import Chain
from chainrule.training.gradients import LossAndGradient
from chainrule.types import Array

CONVERGED, STOPPED_BY_CALLBACK, INTERRUPTED, DIVERGED = 0, 99, -1, -2
"""Why a minimization ended: the first two are SciPy's; then Ctrl-C, and a loss not finite."""


class _NotFiniteError(Exception):
    """Ends a minimization whose loss is no longer finite."""


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
    Ctrl-C leaves those of the last iteration; so does a loss that is no longer finite, which the
    result's ``fun`` then is. ``settle`` is called before, to set parameters that follow the data
    and not the gradient.
    """
    flat = chain.parameters.flat
    reached = optimize.OptimizeResult(x=flat.copy(), fun=np.nan, nit=0, status=INTERRUPTED)
    evaluated = [0.0]

    def in_float64(x: Array) -> tuple[float, Array]:
        value, gradient = evaluate(x)
        evaluated[0] = value
        if reached.nit == 0 and not np.isfinite(value) and np.array_equal(x, reached.x):
            raise _NotFiniteError  # before any step
        return value, gradient.astype(np.float64, copy=False)

    def called(intermediate_result: optimize.OptimizeResult) -> None:
        if not _finite(intermediate_result):
            raise _NotFiniteError
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
        if not _finite(result):
            raise _NotFiniteError
    except KeyboardInterrupt:
        result = reached
    except _NotFiniteError:
        result = reached
        result.update(fun=evaluated[0], status=DIVERGED)
    flat[...] = result.x
    settle()
    return result


def _finite(result: optimize.OptimizeResult) -> bool:
    return bool(np.isfinite(result.fun) and np.isfinite(result.x).all())
