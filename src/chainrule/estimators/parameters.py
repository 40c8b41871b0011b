"""The parameters of training that estimators share, stated once, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)


@dataclass(eq=False, repr=False, kw_only=True)
class TrainingParameters:
    """How an estimator trains.

    Parameters
    ----------
    solver : {"adam", "adamw", "sgd", "rmsprop", "lbfgs"} or Optimizer, default="adam"
        How parameters move; "lbfgs" takes all samples at once. An Optimizer has a learning rate of
        its own.
    alpha : float, default=0.0001
        The penalty: alpha/2 times the sum of squared weights is shared by the samples of a batch.
    batch_size : int or "auto", default="auto"
        Samples in a step; "auto" is 200, or all if there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "linear"} or Schedule, \
            default="constant"
        What becomes of the learning rate. "invscaling" and "adaptive" are scikit-learn's, and have
        no effect with "adam"; the others act with every solver that takes steps.
    learning_rate_init : float, default=0.001
        The learning rate at the start.
    power_t : float, default=0.5
        The exponent of ``learning_rate="invscaling"``.
    max_iter : int, default=200
        Passes over the data at most; iterations of "lbfgs".
    shuffle : bool, default=True
        Whether each pass has an order of its own.
    random_state : int, RandomState instance or None, default=None
        From it all is drawn: initial parameters, splits, shuffling, dropout, augmentation. The same
        int gives ``MLPClassifier`` and ``MLPRegressor`` the network that scikit-learn gives.
    tol : float, default=1e-4
        The smallest improvement that counts; see ``n_iter_no_change``.
    verbose : bool or "bar", default=False
        Whether to print each pass, or show a progress bar.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the fit before.
    momentum : float, default=0.9
        Of ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether that momentum is Nesterov's.
    early_stopping : bool, default=False
        Whether to watch a validation set, and to keep the best parameters.
    validation_fraction : float, default=0.1
        The part of the data set aside for that, if ``fit`` is given no validation set.
    beta_1, beta_2 : float, default=0.9, 0.999
        How slowly the means of "adam" and "adamw" forget.
    epsilon : float, default=1e-8
        Added to denominators by "adam", "adamw" and "rmsprop".
    n_iter_no_change : int, default=10
        More passes in a row without improvement than these end training.
    max_fun : int, default=15000
        Evaluations of the loss that "lbfgs" may make.
    scoring : str or callable, default=None
        What is watched on a validation set: "loss", or a score by scikit-learn's name of it
        ("roc_auc", "f1_macro", …) or as ``scorer(estimator, X, y)``. None takes accuracy or R².
    clip_norm : float, default=None
        The largest length of a step's gradient; a longer one is scaled down to it. "lbfgs" never
        clips.
    gradient_samples : int, default=None
        Training samples on which the gradient is taken once more after each epoch, to keep its
        lengths in ``gradient_norms_``; "lbfgs" keeps none.
    dtype : {"float32", "float64"}, default=None
        The type to train in. None takes float64 for "lbfgs", for small problems and for numbers too
        large for float32, else float32. Fitted parameters have the type of X.
    n_jobs : int, default=None
        Threads; None takes as many as pay. Their number does not change a bit.
    engine : {"auto", "machine", "reference"}, default="auto"
        Who computes: machine code where it can, machine code or an error, or NumPy.
    """

    solver: Any = "adam"
    alpha: Any = 0.0001
    batch_size: Any = "auto"
    learning_rate: Any = "constant"
    learning_rate_init: Any = 0.001
    power_t: Any = 0.5
    max_iter: Any = 200
    shuffle: Any = True
    random_state: Any = None
    tol: Any = 1e-4
    verbose: Any = False
    warm_start: Any = False
    momentum: Any = 0.9
    nesterovs_momentum: Any = True
    early_stopping: Any = False
    validation_fraction: Any = 0.1
    beta_1: Any = 0.9
    beta_2: Any = 0.999
    epsilon: Any = 1e-8
    n_iter_no_change: Any = 10
    max_fun: Any = 15000
    scoring: Any = None
    clip_norm: Any = None
    gradient_samples: Any = None
    dtype: Any = None
    n_jobs: Any = None
    engine: Any = "auto"


PLACE = "    {training parameters}\n"


def with_training_parameters(estimator: Class) -> Class:
    """Put the descriptions of these parameters into an estimator's docstring, at their place."""
    own, shared = TrainingParameters.__doc__ or "", estimator.__doc__ or ""
    if own:  # Python may run without docstrings
        descriptions = own.split("----------\n", 1)[1].rstrip() + "\n"
        estimator.__doc__ = shared.replace(PLACE, descriptions)
    return estimator
