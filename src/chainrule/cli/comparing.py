"""chainrule's estimator beside scikit-learn's: the same data, splits and hyperparameters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
from scipy import special

from chainrule.cli.evaluation import positive_class
from chainrule.cli.option_values import hidden_sizes, optimizer
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.splitting import class_numbers
from chainrule.cli.training import purpose_of
from chainrule.data import DataError, Source, Table, split
from chainrule.inputs import ImageScaling, TableEncoder
from chainrule.targets import Numbers
from chainrule.targets.columns import Purpose, number_cells
from chainrule.targets.scores import class_scores, regression_scores
from chainrule.training import Optimizer
from chainrule.types import Array

OURS, THEIRS = "chainrule", "scikit-learn"

ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "identity": "identity"}
OPTIMIZERS = ("adam", "sgd", "momentum", "nesterov", "lbfgs")
"""What both libraries have, by the names of ``chainrule train``, with scikit-learn's."""

VALUES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda Z: np.maximum(Z, 0),
    "tanh": np.tanh,
    "logistic": special.expit,
    "identity": lambda Z: Z,
}
"""What scikit-learn's activations do."""

MOST_FOLDS = 100
MOST_REPEATS = 100
FIRST_ROWS = 200
"""Both fit these before the clock runs, so that nothing is loaded or compiled under it."""

Rows = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class Fit:
    """One fit: the scores on the rows that it did not see, its time and its epochs."""

    library: str
    fold: int
    scores: dict[str, float]
    seconds: float
    epochs: int


@dataclass
class Comparison:
    """All fits so far, and what was compared."""

    target: str
    task: str
    folds: int
    parameters: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...]
    fits: list[Fit] = field(default_factory=list)
    interrupted: bool = False
    positive: str | None = None

    @property
    def whole_folds(self) -> list[int]:
        """The folds that both libraries have fitted."""
        seen = [fit.fold for fit in self.fits]
        return [fold for fold in range(1, self.folds + 1) if seen.count(fold) == 2]

    def values(self, library: str, name: str) -> Array:
        """Return a score, "fit, seconds" or "epochs" of each whole fold that has it."""
        whole = self.whole_folds
        fits = [fit for fit in self.fits if fit.library == library and fit.fold in whole]
        figures = [
            {**fit.scores, "fit, seconds": fit.seconds, "epochs": float(fit.epochs)} for fit in fits
        ]
        return np.array([figure[name] for figure in figures if name in figure])


FitCallback = Callable[[int, str], None]
"""Called as a fit begins, with fold and library."""


def compare(
    source: Source,
    options: CommandLineOptions,
    folds: int,
    repeats: int = 1,
    callback: FitCallback | None = None,
) -> Comparison:
    """Fit both libraries' estimators on folds of the data, by turns, and score them.

    With repeats the data are cut into folds several times, each time in another way.
    Data that came with a test set of their own keep it: each fold is then a fit on all training
    data with another seed. Ctrl-C ends the comparison early; what is known so far is returned.

    Raises
    ------
    DataError
        The data cannot be learned from, or have too few rows for the folds.
    ValueError
        scikit-learn has no network of this kind.
    """
    _check_options(options, folds, repeats)
    options = replace(options, model="mlp").with_defaults(source)
    purpose = purpose_of(source, options)
    parts = [
        part
        for repeat in range(repeats)
        for part in _parts(source, purpose, options.seed + repeat, folds)
    ]
    parameters = _parameters(options, min(len(rows) for rows, _ in parts))
    comparison = Comparison(
        source.target_name,
        purpose.task,
        len(parts),
        parameters,
        _versions(),
        source.notes,
        positive=positive_class(purpose.classes),
    )
    estimators = _estimators(purpose.task)
    try:
        for fold, (rows, others) in enumerate(parts, 1):
            training = source.select(rows)
            held_out = source.select(others) if source.test is None else source.test
            X, X_test, y, y_test, scale = _encoded(training, held_out, purpose, options)
            seeded = {**parameters, "random_state": (options.seed + fold - 1) % 2**32}
            threads = {"n_jobs": options.threads or None}
            if fold == 1:
                _fit_first(estimators, seeded, threads, X, y)
            for library in (OURS, THEIRS) if fold % 2 else (THEIRS, OURS):
                if callback is not None:
                    callback(fold, library)
                estimator = estimators[library](**seeded, **(threads if library == OURS else {}))
                seconds = _fit(estimator, X, y, f"{library}, fold {fold}")
                scores = _scores(estimator, X_test, y_test, purpose, scale)
                comparison.fits.append(Fit(library, fold, scores, seconds, int(estimator.n_iter_)))
    except KeyboardInterrupt:
        comparison.interrupted = True
    return comparison


def _check_options(options: CommandLineOptions, folds: int, repeats: int) -> None:
    if not 1 <= repeats <= MOST_REPEATS:
        raise ValueError(f"--repeats: expected a number from 1 to {MOST_REPEATS}, got {repeats}")
    if not 2 <= folds <= MOST_FOLDS:
        raise ValueError(f"--folds: expected a number from 2 to {MOST_FOLDS}, got {folds}")
    both = (
        ("activation", options.activation, ACTIVATIONS),
        ("optimizer", options.optimizer, OPTIMIZERS),
    )
    for name, word, known in both:
        if word not in known:
            raise ValueError(
                f"--{name}: expected one of {', '.join(known)}, which both have, got {word!r}"
            )


def _parts(source: Source, purpose: Purpose, seed: int, folds: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows to train on and the rows to score, where the data have no test set."""
    everything = np.arange(len(source))
    if source.test is not None:
        yield from [(everything, everything[:0])] * folds
        return
    if len(source) < 2 * folds:
        raise DataError(
            f"{source.name}: expected two rows or more for each of {folds} folds, got "
            f"{len(source)} in all"
        )
    labels = None if purpose.task == "regression" else class_numbers(purpose, source)
    for held_out in split(len(source), (1 / folds,) * folds, seed, labels):
        rows = np.setdiff1d(everything, held_out)
        seen = () if labels is None else labels[rows]
        unseen = np.setdiff1d(np.arange(len(purpose.classes)), seen)
        if unseen.size:
            raise DataError(
                f"{source.name}: expected two rows or more of each class, in different folds, "
                f"got too few of {purpose.classes[unseen[0]]!r}"
            )
        yield rows, held_out


def _encoded(
    training: Source, held_out: Source, purpose: Purpose, options: CommandLineOptions
) -> tuple[Array, Array, Array, Array, float]:
    """Return features and targets of both parts, by rules learnt from the first, and a scale.

    Numbers are standardised targets; their scale gives errors in units of the target.
    """
    inputs: Any = TableEncoder if isinstance(training.data, Table) else ImageScaling
    encoder = inputs.fit(training.data)
    dtype = np.float64 if options.double else np.float32
    X, X_test = (_features(encoder, part.data).astype(dtype) for part in (training, held_out))
    if purpose.task != "regression":
        return X, X_test, class_numbers(purpose, training), class_numbers(purpose, held_out), 1.0
    numbers = Numbers.fit(number_cells(training.target), scaled=True, name=training.target_name)
    y, y_test = (numbers.encode(numbers.read(part.target))[:, 0] for part in (training, held_out))
    assert numbers.scale is not None
    return X, X_test, y, y_test, numbers.scale[0]


def _features(encoder: TableEncoder | ImageScaling, data: Any) -> Array:
    """Return a table or images as rows of numbers (n, i)."""
    if isinstance(encoder, TableEncoder):
        return encoder.encode_table(data)[0]
    return encoder.encode(data).reshape(len(data), -1)


def _parameters(options: CommandLineOptions, rows: int) -> dict[str, Any]:
    """Return the parameters that both estimators get, in scikit-learn's words."""
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


def _versions() -> dict[str, str]:
    import sklearn

    from chainrule import __version__

    return {OURS: __version__, THEIRS: sklearn.__version__, "NumPy": np.__version__}


def _estimators(task: str) -> dict[str, Any]:
    from sklearn import neural_network

    from chainrule import estimators

    name = "MLPRegressor" if task == "regression" else "MLPClassifier"
    return {OURS: getattr(estimators, name), THEIRS: getattr(neural_network, name)}


def _fit_first(
    estimators: dict[str, Any],
    parameters: dict[str, Any],
    threads: dict[str, Any],
    X: Array,
    y: Array,
) -> None:
    rows = np.unique(y, return_index=True)[1][:FIRST_ROWS]
    rows = np.union1d(rows, np.arange(min(len(X), FIRST_ROWS)))
    few = {**parameters, "max_iter": 1, "batch_size": min(parameters["batch_size"], len(rows))}
    _fit(estimators[OURS](**few, **threads), X[rows], y[rows], OURS)
    _fit(estimators[THEIRS](**few), X[rows], y[rows], THEIRS)


def _fit(estimator: Any, X: Array, y: Array, who: str) -> float:
    """Fit and return the seconds that it took.

    Both libraries end their training at Ctrl-C with no more than a warning; here it ends all.
    Warnings of training that could go on are left to the number of epochs.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begin = perf_counter()
        try:
            estimator.fit(X, y)
        except ValueError as error:
            raise ValueError(f"{who}: {error}") from error
        seconds = perf_counter() - begin
    if any("interrupted by user" in str(warning.message) for warning in caught):
        raise KeyboardInterrupt
    return seconds


def _scores(estimator: Any, X: Array, t: Array, purpose: Purpose, scale: float) -> dict[str, float]:
    """Return the scores of predictions for X and t, in the words of ``chainrule evaluate``.

    Both libraries' logits are computed here, from their weights, so that no log loss is clipped.
    """
    if purpose.task == "regression":
        y = np.asarray(estimator.predict(X), dtype=np.float64)
        return regression_scores(np.asarray(t, dtype=np.float64), y, scale)
    shares = np.zeros((len(X), len(purpose.classes)))
    shares[:, estimator.classes_.astype(int)] = estimator.predict_proba(X)
    return class_scores(t, np.argmax(shares, axis=1), shares, _logits(estimator, X))


def _logits(estimator: Any, X: Array) -> Array:
    """Return what goes into softmax or the sigmoid, (n, classes) or (n, 1)."""
    Z = X.astype(np.float64)
    for layer, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        Z = (VALUES[estimator.activation](Z) if layer else Z) @ W + b
    return Z
