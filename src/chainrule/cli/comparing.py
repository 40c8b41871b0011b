"""Networks of chainrule beside scikit-learn's estimators: the same data and the same folds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.cli.column_roles import Roles
from chainrule.cli.contestants import (
    ACTIVATIONS,
    EPOCHS,
    OPTIMIZERS,
    SECONDS,
    Contestant,
    Fit,
    Perceptron,
    contestants,
)
from chainrule.cli.evaluation import positive_class
from chainrule.cli.folds import Fold, folds_of
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.splitting import has_several_labels
from chainrule.cli.text_contestants import text_contestants, text_parameters
from chainrule.cli.text_options import check_no_texts, check_texts
from chainrule.cli.text_sources import TextSource
from chainrule.cli.text_training import chosen_texts, purpose_of_texts
from chainrule.cli.training import purpose_of
from chainrule.data import Source, Table
from chainrule.types import Array

__all__ = ["Comparison", "Fit", "FitCallback", "compare"]

MOST_FOLDS = 100
MOST_REPEATS = 100
FIRST_ROWS = 200
"""All fit these before the clock runs, so that nothing is loaded or compiled under it."""


@dataclass
class Comparison:
    """All fits so far, and what was compared."""

    target: str
    task: str
    models: tuple[str, ...]
    folds: int
    parameters: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...]
    fits: list[Fit] = field(default_factory=list)
    interrupted: bool = False
    positive: str | None = None

    @property
    def whole_folds(self) -> list[int]:
        """The folds that all models have fitted."""
        seen = [fit.fold for fit in self.fits]
        every = range(1, self.folds + 1)
        return [fold for fold in every if seen.count(fold) == len(self.models)]

    @property
    def names(self) -> list[str]:
        """The names of all figures: scores, then time and epochs."""
        scores = [name for fit in self.fits for name in fit.scores]
        epochs = [EPOCHS] * any(fit.epochs is not None for fit in self.fits)
        return [*dict.fromkeys(scores), SECONDS, *epochs]

    def values(self, model: str, name: str) -> Array:
        """Return a figure of each whole fold that has it."""
        whole = self.whole_folds
        fits = [fit for fit in self.fits if fit.model == model and fit.fold in whole]
        return np.array([fit.figures[name] for fit in fits if name in fit.figures])


FitCallback = Callable[[int, str, int], None]
"""Called as a fit begins, with fold, model, and how many models there are."""


def compare(
    source: Source,
    options: CommandLineOptions,
    folds: int,
    repeats: int = 1,
    callback: FitCallback | None = None,
) -> Comparison:
    """Fit all models on folds of the data, by turns, and score them.

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
    texts, about_texts = _texts(source, options)
    if texts is not None:
        return _compare_texts(texts, options, (folds, repeats), about_texts, callback)
    check_no_texts(options)
    options = replace(options, model="mlp").with_defaults(source)
    purpose = purpose_of(source, options)
    sizes = [len(fold.training) for fold in folds_of(source, purpose, options, folds, repeats)]
    models = contestants(options, purpose, min(sizes), table=isinstance(source.data, Table))
    comparison = Comparison(
        source.target_name,
        purpose.task,
        tuple(model.name for model in models),
        len(sizes),
        next(each.parameters for each in models if isinstance(each, Perceptron)),
        _versions(),
        source.notes,
        positive=positive_class(purpose.classes),
    )
    all_folds = folds_of(source, purpose, options, folds, repeats)
    return _fitted(comparison, models, all_folds, callback)


def _texts(source: Source, options: CommandLineOptions) -> tuple[TextSource | None, list[str]]:
    """Return data as texts, where these are what is learned from, and notes."""
    if isinstance(source, TextSource):
        return source, []
    kinds = None if options.text else Roles.of(options, source).kinds(source)
    return chosen_texts(options, source, kinds, purpose_of(source, options).task)


def _compare_texts(
    source: TextSource,
    options: CommandLineOptions,
    counts: tuple[int, int],
    about_texts: list[str],
    callback: FitCallback | None,
) -> Comparison:
    """Fit TextClassifier, and linear models of TF-IDF, on folds of texts."""
    check_texts(options)
    purpose = purpose_of_texts(source, options.task)
    sizes = [len(fold.training) for fold in folds_of(source, purpose, options, *counts)]
    models = text_contestants(options, source.column)
    comparison = Comparison(
        source.target_name,
        purpose.task,
        tuple(model.name for model in models),
        len(sizes),
        text_parameters(options, min(sizes)),
        _versions(),
        (*source.notes, purpose.reason, *about_texts, *source.notes_on_texts),
        positive=None if has_several_labels(purpose) else positive_class(purpose.classes),
    )
    all_folds = folds_of(source, purpose, options, *counts)
    return _fitted(comparison, models, all_folds, callback)


def _fitted(
    comparison: Comparison,
    models: Sequence[Contestant],
    folds: Iterable[Fold],
    callback: FitCallback | None,
) -> Comparison:
    """Fit all models on all folds; Ctrl-C ends that early."""
    try:
        _fit_all(comparison, models, folds, callback)
    except KeyboardInterrupt:
        comparison.interrupted = True
    return comparison


def _fit_all(
    comparison: Comparison,
    models: Sequence[Contestant],
    folds: Iterable[Fold],
    callback: FitCallback | None,
) -> None:
    """Fit each model on each fold; each fold begins with another of them."""
    for number, fold in enumerate(folds, 1):
        for model in models if number == 1 else ():
            model.fit(fold.head(FIRST_ROWS), number)
        first = (number - 1) % len(models)
        for model in (*models[first:], *models[:first]):
            if callback is not None:
                callback(number, model.name, len(models))
            comparison.fits.append(model.fit(fold, number))


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
        if word is not None and word not in known:
            raise ValueError(
                f"--{name}: expected one of {', '.join(known)}, which both have, got {word!r}"
            )


def _versions() -> dict[str, str]:
    import sklearn

    from chainrule import __version__

    return {"chainrule": __version__, "scikit-learn": sklearn.__version__, "NumPy": np.__version__}
