"""L-BFGS: the whole set at once, with SciPy, for small data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.samples import Samples

Array = NDArray[Any]


def loss_and_gradient(
    chain: Chain, loss: Loss, data: Samples, l2: float
) -> Callable[[Array], tuple[float, Array]]:
    """Return the function from flat parameters to the loss, penalty included, and its gradient.

    The chain's parameters move with the calls. The samples share the penalty l2.
    """
    flat, gradients = chain.parameters.flat, chain.parameters.empty_like()
    penalized, share = chain.parameters.weight_mask(), l2 / data.weight

    def evaluate(x: Array) -> tuple[float, Array]:
        flat[...] = x
        with np.errstate(over="ignore", invalid="ignore"):
            value, _ = chain.gradient(loss, data.X, data.t, data.weights, out=gradients)
            weights = np.where(penalized, flat, 0)
            value += share / 2 * float(weights @ weights)
            return value, np.asarray(gradients.flat + share * weights, dtype=np.float64)

    return evaluate


def minimize(
    chain: Chain,
    loss: Loss,
    data: Samples,
    *,
    l2: float,
    iterations: int,
    calls: int,
    tolerance: float,
    after: Callable[[float], None],
) -> optimize.OptimizeResult:
    """Move the chain's parameters to a minimum of the loss; return SciPy's result.

    ``after`` is called with the loss after each iteration, when the chain has its parameters.
    """
    flat = chain.parameters.flat

    def called(intermediate_result: optimize.OptimizeResult) -> None:
        flat[...] = intermediate_result.x
        after(float(intermediate_result.fun))

    result = optimize.minimize(
        loss_and_gradient(chain, loss, data, l2),
        flat.astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        callback=called,
        options={"maxfun": calls, "maxiter": iterations, "gtol": tolerance},
    )
    flat[...] = result.x
    return result
