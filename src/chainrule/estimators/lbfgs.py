"""L-BFGS: the whole set at once, with SciPy, for small data."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from sklearn.utils.optimize import _check_optimize_result

from chainrule.chain import Chain
from chainrule.estimators import choices
from chainrule.estimators.callbacks import FitTask
from chainrule.estimators.course import Record
from chainrule.estimators.watching import WatchedTraining
from chainrule.training.gradients import LossAndGradient, loss_and_gradient
from chainrule.training.history import End, Epoch, History
from chainrule.training.samples import Samples

Array = NDArray[Any]

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
) -> optimize.OptimizeResult:
    """Move the chain's parameters to a minimum of the loss; return SciPy's result.

    ``after`` is called with the loss after each iteration, when the chain has its parameters.
    Ctrl-C leaves those of the last iteration.
    """
    flat = chain.parameters.flat
    reached = optimize.OptimizeResult(x=flat.copy(), fun=np.nan, nit=0, status=INTERRUPTED)

    def in_float64(x: Array) -> tuple[float, Array]:
        value, gradient = evaluate(x)
        return value, gradient.astype(np.float64, copy=False)

    def called(intermediate_result: optimize.OptimizeResult) -> None:
        flat[...] = intermediate_result.x
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
    return result


class OnTheWholeSet(WatchedTraining):
    """Networks that L-BFGS can train."""

    def _fit_second_order(
        self, chain: Chain, data: Samples, validation: Samples | None, heard: FitTask | None
    ) -> None:
        """Run L-BFGS on the whole set, while callbacks hear of each iteration if there are any."""
        task, record = self._task(), Record()
        score = self._scorer(chain, validation)
        iteration = None if heard is None else heard.begin_epoch()
        history, reporter, begin = History(), self._printer(), perf_counter()
        self.history_ = history

        def after(loss: float) -> None:
            nonlocal iteration, begin
            seconds = perf_counter() - begin
            held_out: tuple[float | None, float | None] = (None, None)
            if validation is not None and score is not None:
                Y = chain.forward(validation.X)
                value = chain.loss(task.loss, validation.X, validation.t, validation.weights)
                held_out = value / task.divisor, score(Y, validation.t)
            epoch = Epoch(len(history.epochs) + 1, loss, math.nan, seconds, *held_out)
            record.add(epoch, 0)
            history.epochs.append(epoch)
            if reporter is not None:
                reporter.stepped(len(data), loss)
                reporter.finished(epoch)
            begin = perf_counter()
            if heard is not None:
                asked_to_stop = heard.end(iteration, chain)
                iteration = heard.begin_epoch()
                if asked_to_stop:
                    raise StopIteration

        data.check(type(self).__name__)
        training = data.that_count()
        training = replace(training, t=self._training_targets(training.t))
        evaluate, self.engine_ = loss_and_gradient(
            *(chain, task.loss, training),
            l2=float(self.alpha) / training.weight,  # which the samples share
            seed=choices.mask_seed(chain, self._random_state),
            engine=self.engine,
            threads=self._threads(),
        )
        if reporter is not None:
            reporter.started(int(self.max_iter), len(data))
        result = minimize(
            chain,
            evaluate,
            iterations=int(self.max_iter),
            calls=int(self.max_fun),
            tolerance=float(self.tol),
            after=after,
        )
        ends: dict[int, End] = {
            **dict.fromkeys((CONVERGED, STOPPED_BY_CALLBACK), "converged"),
            INTERRUPTED: "interrupted",
        }
        history.end, history.engine = ends.get(result.status, "epochs"), self.engine_
        history.kept = len(history.epochs)
        if reporter is not None:
            reporter.ended(history)
        if heard is not None and iteration is not None:
            iteration.call_on_fit_task_end(estimator=self)
        self.n_iter_ = result.nit
        if result.status == INTERRUPTED:
            warnings.warn("Training interrupted by user.", stacklevel=6)
        elif result.status != STOPPED_BY_CALLBACK:
            self.n_iter_ = _check_optimize_result("lbfgs", result, self.max_iter)
        self.loss_ = result.fun
        self.loss_curve_ = record.losses
        if validation is not None:
            self.validation_scores_ = record.scores
            self.validation_loss_curve_ = record.validation_losses
