"""Who is compared on texts: TextClassifier, and scikit-learn's linear models of TF-IDF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from chainrule.cli.contestants import OURS, Contestant, Fit, calm
from chainrule.cli.evaluation import FIRST, evaluate, first_right
from chainrule.cli.folds import Fold
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.splitting import has_several_labels
from chainrule.cli.text_options import pieces
from chainrule.cli.text_sources import TextSource
from chainrule.cli.text_training import parameters_of, prepare_job, text_estimator
from chainrule.targets.scores import label_scores
from chainrule.types import Array

__all__ = ["LOGISTIC", "VECTORS", "text_contestants", "text_parameters"]

VECTORS, LOGISTIC = "TF-IDF + LinearSVC", "TF-IDF + logistic regression"


@dataclass
class Texts(Contestant):
    """Whoever learns from the texts in a column."""

    options: CommandLineOptions
    column: str

    def parts(self, fold: Fold) -> tuple[TextSource, TextSource]:
        """Return the texts to learn from, and those to score."""
        assert isinstance(fold.training, TextSource)
        assert isinstance(fold.held_out, TextSource)
        return fold.training, fold.held_out


@dataclass
class OurTexts(Texts):
    """chainrule's TextClassifier, its vocabulary learned anew in each fold."""

    name = OURS

    def fit(self, fold: Fold, number: int) -> Fit:
        """Return the scores and the time of a fit, in which the vocabulary is learned, too."""
        training, held_out = self.parts(fold)
        lines, rows = bool(training.labels), len(training)
        estimator = text_estimator(self.options, fold.purpose, self.column, rows, lines=lines)
        estimator.random_state = fold.seed
        begin = perf_counter()
        with calm():
            try:
                prepare_job(estimator, training).run()
            except ValueError as error:
                raise ValueError(f"{self.name}, fold {number}: {error}") from error
        seconds = perf_counter() - begin
        scores, _ = evaluate(estimator, held_out.texts(), held_out.answers)
        return Fit(self.name, number, scores, seconds, estimator.n_iter_)


@dataclass
class TheirTexts(Texts):
    """A linear model of scikit-learn on TF-IDF of words and their runs."""

    kind: str

    def __post_init__(self) -> None:
        self.name = self.kind

    def features(self, fold: Fold) -> tuple[Any, Any]:
        """Return the texts themselves."""
        first, other = (list(part.texts().columns[0]) for part in self.parts(fold))
        return first, other

    def estimator(self, fold: Fold) -> Any:
        """Return a pipeline with scikit-learn's defaults, but sublinear counts."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import FeatureUnion, make_pipeline
        from sklearn.svm import LinearSVC

        if self.kind == VECTORS:
            last: Any = LinearSVC(random_state=fold.seed)
        else:
            last = LogisticRegression(max_iter=1000)
        if has_several_labels(fold.purpose):
            last = OneVsRestClassifier(last)
        kinds = {name: TfidfVectorizer(**own) for name, own in their_features(self.options).items()}
        first = FeatureUnion(list(kinds.items())) if len(kinds) > 1 else kinds["words"]
        return make_pipeline(first, last)

    def _scores(self, estimator: Any, X: Any, t: Array, fold: Fold) -> dict[str, float]:
        """Return the scores of predictions: without probabilities, those of the classes alone."""
        if has_several_labels(fold.purpose):
            margins = np.asarray(estimator.decision_function(X)).reshape(len(t), -1)
            chosen = np.asarray(estimator.predict(X))
            return {FIRST: first_right(t, margins), **label_scores(t, chosen)}
        if self.kind == LOGISTIC:
            return super()._scores(estimator, X, t, fold)
        from sklearn import metrics

        chosen = np.asarray(estimator.predict(X))
        scores = {"accuracy": float(metrics.accuracy_score(t, chosen))}
        if len(fold.purpose.classes) == 2 and len(np.unique(t)) == 2:
            scores["F1"] = float(metrics.f1_score(t, chosen, zero_division=0.0))
            margins = estimator.decision_function(X)
            scores["area under ROC"] = float(metrics.roc_auc_score(t, margins))
        return scores


def their_features(options: CommandLineOptions) -> dict[str, dict[str, Any]]:
    """Return parameters of scikit-learn's TF-IDF: runs of words as TextClassifier has them.

    With pieces of words there is another for these, with a space where a word begins and ends.
    """
    shared = {"sublinear_tf": True, "lowercase": options.lowercase is not False}
    words: dict[str, Any] = {**shared, "ngram_range": (1, options.ngrams or 2)}
    kinds = {"words": words}
    if (characters := pieces(options.chars)) is not None:
        kinds["pieces"] = {**shared, "analyzer": "char_wb", "ngram_range": characters}
    return kinds


def text_contestants(options: CommandLineOptions, column: str) -> list[Contestant]:
    """Return who is compared on the texts in a column."""
    others = [TheirTexts(options, column, kind) for kind in (VECTORS, LOGISTIC)]
    return [OurTexts(options, column), *others]


def text_parameters(options: CommandLineOptions, rows: int) -> dict[str, Any]:
    """Return what both sides have that is not their default, by whose it is."""
    ours = parameters_of(replace(options, patience=None), rows)  # nothing is watched
    theirs = their_features(options)
    told = {"TextClassifier": ours, "TfidfVectorizer": theirs["words"]}
    if "pieces" in theirs:
        told["TfidfVectorizer of pieces"] = theirs["pieces"]
    return told
