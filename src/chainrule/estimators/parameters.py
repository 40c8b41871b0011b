"""What estimators share in their docstrings and constraints: training, and fitted attributes."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, TypeVar, get_args

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from chainrule.estimators import resolve
from chainrule.estimators.scoring import NAMES
from chainrule.estimators.solvers import SOLVERS
from chainrule.training.optimizers import Optimizer
from chainrule.training.plan import Precision
from chainrule.training.schedules import Schedule

Class = TypeVar("Class", bound=type)
Method = TypeVar("Method", bound=Callable[..., Any])


class Whole(Interval):  # type: ignore[misc]
    """Whole numbers within bounds, such as sizes and counts; True and False are none."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value is such a number."""
        return not isinstance(val, bool) and bool(super().is_satisfied_by(val))


TRAINING_PARAMETERS = """\
    solver : {"adam", "adamw", "sgd", "rmsprop", "adagrad", "lbfgs"} or Optimizer, default="adam"
        How parameters move; "lbfgs" takes all samples at once. An Optimizer has a learning rate of
        its own.
    alpha : float, default=0.0001
        The penalty: alpha/2 times the sum of squared weights is shared by the samples of a batch.
    batch_size : int or "auto", default="auto"
        Samples in a step; "auto" is 200, or all if there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "linear", "flat-cosine", \
            "coslog"} or Schedule, default="constant"
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
        Whether ``fit`` goes on from the parameters of the fit before. What the network is made of
        and for may not change between them.
    momentum : float, default=0.9
        Of ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether that momentum is Nesterov's.
    early_stopping : bool, default=False
        Whether to watch a validation set, and to keep the best parameters; "lbfgs" keeps those of
        its best iteration.
    validation_fraction : float, default=0.1
        The part of the data set aside for that, if ``fit`` is given no validation set.
    beta_1, beta_2 : float, default=0.9, 0.999
        How slowly the means of "adam" and "adamw" forget.
    epsilon : float, default=1e-8
        Added to denominators by "adam", "adamw", "rmsprop" and "adagrad".
    n_iter_no_change : int, default=10
        More passes in a row without improvement than these end training; those of "lbfgs" count
        with early stopping only.
    max_fun : int, default=15000
        Evaluations of the loss that "lbfgs" may make.
    scoring : str or callable, default=None
        What is watched on a validation set: "loss", or a score by scikit-learn's name of it
        ("roc_auc", "f1_macro", …) or as ``scorer(estimator, X, y)``. None takes accuracy or R².
        NaN, or an error, after the first epoch is no improvement, and is warned of.
    clip_norm : float, default=None
        The largest length of a step's gradient; a longer one is scaled down to it. "lbfgs" never
        clips.
    gradient_samples : int, default=None
        Training samples on which the gradient is taken once more after each epoch, to keep its
        lengths in ``gradient_norms_``; "lbfgs" keeps none.
    dtype : {"float32", "float64"}, default=None
        The type to train in. None takes float64 for "lbfgs", for small problems and for numbers too
        large for float32, else float32. Fitted parameters have the type of X.
    precision : {"float32", "bfloat16", "bfloat16_blocks"}, default="float32"
        "bfloat16": training is in float32, but the products of Linear layers read their operands
        rounded to bfloat16, in steps on batches by machine code. Predictions, and what is done on a
        validation set, are float32's. It pays on AMD's processors from Zen 4 on. "bfloat16_blocks"
        has another order of sums, that of the matrix tiles (AMX) of Intel's Xeons from Sapphire
        Rapids on, where wide layers train several times as fast, under Linux. On other processors
        each gives the same bits and is slower than float32. X should be standardised first: it is
        rounded, too, to hardly three decimal digits.
    n_jobs : int, default=None
        Threads; None takes as many as pay. Their number does not change a bit.
    engine : {"auto", "machine", "reference"}, default="auto"
        Who computes: machine code where it can, machine code or an error, or NumPy.
"""

FITTED_ATTRIBUTES = """\
    inputs_ : Inputs
        How raw samples become the numbers that the chain takes.
    chain_ : Chain
        The network itself.
    targets_ : Targets
        How answers become numbers, and outputs answers.
    loss_ : float
        The loss of the last epoch.
    loss_curve_ : list of float
        The loss of each epoch, or of each iteration of L-BFGS.
    best_loss_ : float or None
        The lowest of them; None with early stopping.
    validation_scores_ : list of float or None
        The score on the validation set after each epoch, if there is one: accuracy, R², or what
        ``scoring`` says.
    best_validation_score_ : float or None
        The score of the epoch that early stopping has kept.
    validation_loss_curve_ : list of float or None
        The loss on the validation set after each epoch, without penalty, if there is one.
    n_iter_ : int
        Epochs, or iterations, of the last call of ``fit``.
    t_ : int
        Samples seen by all epochs together.
    n_outputs_ : int
        Outputs of the chain.
    out_activation_ : str
        What ends the network: "softmax", "logistic", "identity" or "exp".
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if they have any.
    gradient_norms_ : dict of list of float
        For each parameter the length of the gradient by it after each epoch, if
        ``gradient_samples`` says on how many samples.
    history_ : History
        Each epoch's loss, learning rate and seconds, and how training ended, of the last call.
        Files have it with ``save(path, training_state=True)``.
    metadata_ : dict
        Of a network of the command line: its data, options and scores, which its file keeps.
    engine_ : str
        What took the steps: "machine" code, or the "reference" in NumPy.
"""

RUN_PLACE = """\
        checkpoint, checkpoint_every, communicator
            {as of every fit}
"""

RUN_PARAMETERS = """\
        checkpoint : str or path, default=None
            A file that keeps the training now and then, such as "run.safetensors". Where it is
            there already, training goes on from it, with the same bits as if it had never been
            interrupted; one of other data, code or parameters is refused. SIGTERM then ends a
            training as Ctrl-C does.
        checkpoint_every : float, default=None
            Seconds from one checkpoint to the next, at least; 60 by default.
        communicator : mpi4py.MPI.Comm, default=None
            Whose ranks share each batch out, such as ``MPI.COMM_WORLD``; all of them call this with
            the same data, and have the same fitted estimator in the end.
"""

CONSTRAINTS: dict[str, list[Any]] = {
    "solver": [StrOptions(SOLVERS.keys()), Optimizer],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Whole(Integral, 1, None, closed="left")],
    "learning_rate": [
        StrOptions({"constant", "invscaling", "adaptive", *resolve.SCHEDULE_NAMES}),
        Schedule,
    ],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Whole(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose", StrOptions({"bar"})],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "scoring": [StrOptions(NAMES), callable, None],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Whole(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Whole(Integral, 1, None, closed="left")],
    "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "gradient_samples": [Whole(Integral, 1, None, closed="left"), None],
    "dtype": [StrOptions({"float32", "float64"}), None],
    "precision": [StrOptions(set(get_args(Precision)))],
    "n_jobs": [
        Whole(Integral, None, -1, closed="right"),
        Whole(Integral, 1, None, closed="left"),
        None,
    ],
    "engine": [StrOptions({"auto", "machine", "reference"})],
}
"""What the parameters of training may be, as scikit-learn checks them."""

PLACES = {
    "    {training parameters}\n": TRAINING_PARAMETERS,
    "    {fitted attributes}\n": FITTED_ATTRIBUTES,
}


def with_shared_docs(estimator: Class) -> Class:
    """Put what estimators share into an estimator's docstring, at its places."""
    for place, text in PLACES.items():
        if estimator.__doc__:  # Python may run without docstrings
            estimator.__doc__ = estimator.__doc__.replace(place, _with_defaults(estimator, text))
    return estimator


def with_run_docs(fit: Method) -> Method:
    """Put into the docstring of a fit what all say of checkpoints and of ranks."""
    if fit.__doc__:  # Python may run without docstrings
        fit.__doc__ = fit.__doc__.replace(RUN_PLACE, RUN_PARAMETERS)
    return fit


def _with_defaults(estimator: Any, text: str) -> str:
    """Return the text with an estimator's own defaults, where they are others than it says."""
    for field in fields(estimator):
        line = rf"^(    {field.name} : (?:.|\n {{8,}})*?default=)([^\n]+)$"
        said = re.search(line, text, re.MULTILINE)
        if said is not None and literal_eval(said[2]) != field.default:
            shown = repr(field.default).replace("'", '"')
            text = text[: said.start(2)] + shown + text[said.end(2) :]
    return text.replace('"auto" is 200', f'"auto" is {estimator._usual_batch_size}')
