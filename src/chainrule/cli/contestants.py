"""Who is compared: chainrule's networks, and what scikit-learn has for the same data."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from scipy import special

from chainrule.cli.evaluation import evaluate
from chainrule.cli.folds import Fold
from chainrule.cli.option_values import hidden_sizes, optimizer
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.table_estimator import prepare_ensemble, table_estimator
from chainrule.targets.scores import class_scores, regression_scores
from chainrule.training import Optimizer
from chainrule.types import Array

__all__ = [
    "ACTIVATIONS",
    "BOOSTING",
    "MLP",
    "OPTIMIZERS",
    "OURS",
    "THEIR_MLP",
    "Contestant",
    "Fit",
    "mlp_parameters",
]

OURS, MLP, THEIR_MLP = "chainrule", "chainrule's MLP", "scikit-learn's MLP"
BOOSTING = "HistGradientBoosting"

ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "identity": "identity"}
OPTIMIZERS = ("adam", "sgd", "momentum", "nesterov", "lbfgs")
"""What both libraries' MLPs have, by the names of ``chainrule train``, with scikit-learn's."""

VALUES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda Z: np.maximum(Z, 0),
    "tanh": np.tanh,
    "logistic": special.expit,
    "identity": lambda Z: Z,
}
"""What scikit-learn's activations do."""

PENALTIES = np.logspace(-3, 3, 13)
"""Ridge regression takes the one that its leave-one-out error is lowest with."""


SECONDS, EPOCHS = "fit, seconds", "epochs"


@dataclass(frozen=True)
class Fit:
    """One fit: the scores on the rows that it did not see, its time, and its epochs if any."""

    model: str
    fold: int
    scores: dict[str, float]
    seconds: float
    epochs: int | None = None

    @property
    def figures(self) -> dict[str, float]:
        """Scores, time and epochs by their names."""
        epochs = {} if self.epochs is None else {EPOCHS: float(self.epochs)}
        return {**self.scores, SECONDS: self.seconds, **epochs}


class Contestant:
    """Fits a fold and is scored on it; a kind of them says how by what stands in its methods."""

    name: str

    def features(self, fold: Fold) -> tuple[Array, Array]:
        """Return what is learned from, and what is scored."""
        return fold.encoded

    def estimator(self, fold: Fold) -> Any:
        """Return the estimator for a fold, to be fitted."""
        raise NotImplementedError

    def logits(self, estimator: Any, X: Array) -> Array:
        """Return what goes into softmax or the sigmoid, (n, classes) or (n, 1)."""
        Z = np.asarray(estimator.decision_function(X), np.float64)
        return Z.reshape(len(Z), -1)

    def fit(self, fold: Fold, number: int) -> Fit:
        """Return the scores and the time of a fit; ValueError says who could not fit which fold."""
        X, X_test = self.features(fold)
        y, y_test = fold.y
        estimator = self.estimator(fold)
        seconds = timed(estimator, X, y, f"{self.name}, fold {number}")
        scores = self._scores(estimator, X_test, y_test, fold)
        return Fit(self.name, number, scores, seconds, self._epochs(estimator))

    def _epochs(self, estimator: Any) -> int | None:
        return None

    def _scores(self, estimator: Any, X: Array, t: Array, fold: Fold) -> dict[str, float]:
        """Return the scores of predictions for X and t, in the words of ``chainrule evaluate``."""
        if fold.purpose.task == "regression":
            y = np.asarray(estimator.predict(X), dtype=np.float64)
            return regression_scores(np.asarray(t, dtype=np.float64), y, fold.scale)
        shares = np.zeros((len(X), len(fold.purpose.classes)))
        shares[:, estimator.classes_.astype(int)] = estimator.predict_proba(X)
        return class_scores(t, np.argmax(shares, axis=1), shares, self.logits(estimator, X))


@dataclass
class Ensemble(Contestant):
    """chainrule's networks for tables, on columns as they are."""

    name = OURS

    threads: int = 0

    def fit(self, fold: Fold, number: int) -> Fit:
        """Return the scores and the time of a fit; a part of the rows is held out to stop early."""
        options = CommandLineOptions("", seed=fold.seed, threads=self.threads)
        training, held_out = fold.training, fold.held_out
        estimator = table_estimator(options, fold.purpose, fold.roles, len(training))
        begin = perf_counter()
        with calm():
            try:
                inputs = fold.learned(**estimator.encoding)
                prepare_ensemble(estimator, training, None, inputs, part=None).run()
            except ValueError as error:
                raise ValueError(f"{self.name}, fold {number}: {error}") from error
        seconds = perf_counter() - begin
        scores, _ = evaluate(estimator, held_out.data, held_out.target)
        return Fit(self.name, number, scores, seconds, estimator.n_iter_)


@dataclass
class Perceptron(Contestant):
    """The MLP of a library, with parameters that both have."""

    name: str
    parameters: dict[str, Any]
    threads: int | None = None

    def estimator(self, fold: Fold) -> Any:
        """Return the library's MLP, seeded."""
        from sklearn import neural_network

        from chainrule import estimators

        library: Any = estimators if self.name == MLP else neural_network
        own = {"n_jobs": self.threads} if self.name == MLP else {}
        kind = "MLPRegressor" if fold.purpose.task == "regression" else "MLPClassifier"
        size = min(self.parameters["batch_size"], len(fold.training))
        parameters = {**self.parameters, "batch_size": size, "random_state": fold.seed}
        return getattr(library, kind)(**parameters, **own)

    def logits(self, estimator: Any, X: Array) -> Array:
        """Return them from the weights, so that no library clips its log loss."""
        Z = X.astype(np.float64)
        for layer, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
            Z = (VALUES[estimator.activation](Z) if layer else Z) @ W + b
        return Z

    def _epochs(self, estimator: Any) -> int | None:
        return int(estimator.n_iter_)


class Linear(Contestant):
    """Ridge regression, or logistic regression."""

    def __init__(self, task: str) -> None:
        self.name = "ridge regression" if task == "regression" else "logistic regression"

    def estimator(self, fold: Fold) -> Any:
        """Return it with scikit-learn's defaults, or with the best penalty of several."""
        from sklearn.linear_model import LogisticRegression, RidgeCV

        if fold.purpose.task == "regression":
            return RidgeCV(alphas=PENALTIES)
        return LogisticRegression(max_iter=1000)


class Boosting(Contestant):
    """Gradient boosting of trees on binned numbers, categories as they are."""

    name = BOOSTING

    def features(self, fold: Fold) -> tuple[Array, Array]:
        """Return numbers and the numbers of categories, missing cells as such."""
        return fold.native[:2]

    def estimator(self, fold: Fold) -> Any:
        """Return it with scikit-learn's defaults."""
        from sklearn import ensemble

        kind = "Regressor" if fold.purpose.task == "regression" else "Classifier"
        boosting = getattr(ensemble, f"{BOOSTING}{kind}")
        return boosting(categorical_features=fold.native[2], random_state=fold.seed)


def contestants(options: CommandLineOptions, purpose: Any, rows: int, *, table: bool) -> Any:
    """Return who is compared on a table or on images, of so many rows to learn from."""
    parameters = mlp_parameters(options, rows)
    found = [
        Perceptron(MLP, parameters, options.threads or None),
        Perceptron(THEIR_MLP, parameters),
    ]
    ours = Ensemble(options.threads)
    return [ours, *found, Linear(purpose.task), Boosting()] if table else found


def mlp_parameters(options: CommandLineOptions, rows: int) -> dict[str, Any]:
    """Return the parameters that both libraries' MLPs get, in scikit-learn's words."""
    assert options.activation is not None
    assert options.optimizer is not None
    chosen = optimizer(options.optimizer, options.learning_rate)
    size = min(options.batch or rows, rows)
    parameters: dict[str, Any] = {
        "hidden_layer_sizes": hidden_sizes(options.layers or "0"),
        "activation": ACTIVATIONS[options.activation],
        "solver": options.optimizer if options.optimizer in ("adam", "lbfgs") else "sgd",
        "alpha": size * (options.l2 or 0.0),
        "batch_size": size,
        "max_iter": options.epochs,
    }
    if isinstance(chosen, Optimizer):
        parameters["learning_rate_init"] = float(chosen.learning_rate)
        parameters["n_iter_no_change"] = options.patience or math.inf
    if parameters["solver"] == "sgd":
        momentum = 0.0 if options.optimizer == "sgd" else 0.9
        nesterov = options.optimizer == "nesterov"
        parameters |= {"momentum": momentum, "nesterovs_momentum": nesterov}
    return parameters


def timed(estimator: Any, X: Any, y: Any, who: str) -> float:
    """Fit and return the seconds that it took.

    Both libraries end their training at Ctrl-C with no more than a warning; here it ends all.
    Warnings of training that could go on are left to the number of epochs. ValueError says ``who``
    could not.
    """
    with calm():
        begin = perf_counter()
        try:
            estimator.fit(X, y)
        except ValueError as error:
            raise ValueError(f"{who}: {error}") from error
        return perf_counter() - begin


@contextmanager
def calm() -> Iterator[None]:
    """Keep warnings back, and make Ctrl-C of the one that training was interrupted."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    if any("interrupted by user" in str(warning.message) for warning in caught):
        raise KeyboardInterrupt
