"""What the words in an estimator's parameters stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils import check_random_state

from chainrule.chain import Chain
from chainrule.engine.machine.availability import processors
from chainrule.functions import ACTIVATIONS, Dropout, Elementwise, Sigmoid
from chainrule.functions.sequence import every
from chainrule.training.augmentation import Augmentation
from chainrule.training.optimizers import SGD, AdaGrad, Adam, AdamW, Optimizer, RMSProp
from chainrule.training.schedules import Cosine, CosLog, FlatCosine, LinearToZero, Schedule
from chainrule.training.session import present_ranks
from chainrule.warning import warn

ACTIVATION_NAMES: dict[str, type[Elementwise]] = {**ACTIVATIONS, "logistic": Sigmoid}
"""Functions of hidden layers, by scikit-learn's names and by ours."""

STOCHASTIC = ("sgd", "adam", "adamw", "rmsprop", "adagrad")
"""Solvers that take steps on batches, by name."""

MOST_THREADS = 64
"""So many at most, or a few for each processor: each takes memory, and not a bit is different."""

SCHEDULE_NAMES: dict[str, type[Schedule]] = {
    "cosine": Cosine,
    "linear": LinearToZero,
    "flat-cosine": FlatCosine,
    "coslog": CosLog,
}


def activation(choice: str | Elementwise) -> Elementwise:
    """Return the function of the hidden layers."""
    return ACTIVATION_NAMES[choice]() if isinstance(choice, str) else choice


def optimizer(estimator: Any) -> Optimizer:
    """Return the optimizer that an estimator's parameters describe."""
    solver, rate = estimator.solver, float(estimator.learning_rate_init)
    if isinstance(solver, Optimizer):
        return solver
    if solver == "sgd":
        momentum = float(estimator.momentum)
        return SGD(rate, momentum, nesterov=bool(estimator.nesterovs_momentum) and momentum > 0)
    if solver == "rmsprop":
        return RMSProp(rate, epsilon=float(estimator.epsilon))
    if solver == "adagrad":
        return AdaGrad(rate, epsilon=float(estimator.epsilon))
    beta1, beta2 = float(estimator.beta_1), float(estimator.beta_2)
    epsilon = float(estimator.epsilon)
    if solver == "adamw":
        return AdamW(rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
    return Adam(rate, beta1=beta1, beta2=beta2, epsilon=epsilon, uncorrected_epsilon=True)


def schedule(choice: str | Schedule) -> Schedule | None:
    """Return a schedule, or None for scikit-learn's own, which change between epochs."""
    if isinstance(choice, Schedule):
        return choice
    kind = SCHEDULE_NAMES.get(choice)
    return kind() if kind else None


def random_state(choice: Any) -> np.random.RandomState:
    """Return the RandomState of a parameter, the same for all processes that share a training."""
    own: np.random.RandomState = check_random_state(choice)
    ranks = present_ranks()
    if ranks is not None:
        state = ranks.share(own.get_state())
        if ranks.rank:
            own.set_state(state)
    return own


def mask_seed(chain: Chain, random_state: np.random.RandomState) -> int:
    """Return the seed of dropout's masks; where nothing is dropped, none is drawn."""
    drops = any(isinstance(function, Dropout) for function in every(chain.functions))
    return int(random_state.randint(2**31 - 1)) if drops else 0


def augmentations(estimator: Any) -> tuple[Augmentation, ...]:
    """Return the random changes of training samples, () for estimators that have none."""
    given = getattr(estimator, "augmentation", None) or ()
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def batch_size(choice: int | str, samples: int, usual: int) -> int:
    """Return the samples in a batch, warning of a size that is more than there are."""
    if isinstance(choice, str):
        return min(usual, samples)
    if choice > samples:
        warn(
            "Got `batch_size` less than 1 or larger than "
            "sample size. It is going to be clipped",
            UserWarning,
        )
    return min(int(choice), samples)


def threads(n_jobs: int | None) -> int | None:
    """Return how many threads the engine may use, None for as many as pay."""
    if n_jobs is None:
        return None
    return min(int(effective_n_jobs(n_jobs)), max(MOST_THREADS, 4 * processors()))
