"""Learning a column of free text, with answers.

Of the words, those whose weights go along, beyond chance (an F test, at 1 % for all of them), with
what other columns leave open of answers have a feature each, so that networks learn them together
with other columns. What rarer words and runs of words say comes as a score for each answer,
cross-fitted as means of many categories are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import Cells
from chainrule.inputs.tables.number_columns import Fit, NumberColumn
from chainrule.inputs.tables.target_means import Answers
from chainrule.inputs.tables.telling import telling, tells
from chainrule.inputs.tables.text_scores import TextScores, cross_fitted
from chainrule.inputs.tables.texts import (
    MOST_WEIGHTS,
    MOST_WORDS,
    TextColumn,
    score_name,
    texts_of,
)
from chainrule.inputs.texts import TextFeatures, Texts
from chainrule.inputs.texts.words import Words, words_of

__all__ = ["fit_texts"]

LEAST_COUNT = 2
"""A feature that stands once says nothing out of its fold."""

MOST_RUNS = 50_000

DIGITS = 7
"""Of the scales of words in a file."""


def fit_texts(
    name: str,
    cells: Cells,
    answers: Answers,
    rest: Answers,
    fit: Fit,
    threads: int | None = None,
) -> tuple[TextColumn, NDArray[np.float32]] | None:
    """Learn from the cells (n) of training; None if they tell nothing of the answers.

    Also return the features (n, f) of these cells, scores by networks that have not seen them.

    Parameters
    ----------
    name : str
        Of the column.
    cells : Cells
        Its own.
    answers, rest : Answers
        Those of the rows, and what other columns leave open of them. Scores are of the rest of
        numbers, and of classes as they are.
    fit : callable
        Learns how scores become features.
    threads : int, optional
        To train with; as many as pay by default.
    """
    texts, missing = texts_of(cells), cells.missing[cells.codes]
    in_rows = words_of(texts, lowercase=TextFeatures().lowercase).of_rows(cells.codes)
    learned = _vocabulary(in_rows, len(answers.names))
    if learned is None:
        return None
    known, X = learned
    words = telling(X[:, : len(known.words)], rest, MOST_WORDS)
    scored = answers if answers.classes else rest
    found = cross_fitted(X, scored, threads)
    scores: dict[int, NumberColumn] = {}
    if found is None or not tells(found.out_of_fold, scored):
        found = TextScores.none(X)
    else:
        for place, what in enumerate(answers.names):
            score = fit(score_name(name, what), found.out_of_fold[:, place])
            if score is not None:
                scores[place] = score
    if not scores and not len(words):
        return None
    found = found.of(list(scores))
    column = TextColumn(
        name,
        known,
        tuple(words.tolist()),
        _scales(X[:, words]),
        tuple(scores.values()),
        found.weights,
        found.bias,
        bool(missing.any()),
    )
    return column.checked(), column.features(X, found.out_of_fold, missing)


def _vocabulary(found: Words, outputs: int) -> tuple[Texts, Any] | None:
    """Return the features of texts, as many as weights may be, and what they weigh in each text.

    None if texts have no words.
    """
    least = LEAST_COUNT
    while True:
        features = TextFeatures(min_count=least, min_ngram_count=least, max_ngrams=MOST_RUNS)
        try:
            known, counts = Texts.of_words(found, features)
        except ValueError:  # no word stands so often
            return None
        if known.count * outputs <= MOST_WEIGHTS:
            return known, known.weighted(counts)
        least *= 2


def _scales(X: Any) -> tuple[float, ...]:
    """Return the mean of each column of X (n, k) where it is not 0, to some digits."""
    counts = np.bincount(X.indices, minlength=X.shape[1])
    means = np.bincount(X.indices, X.data.astype(np.float64), minlength=X.shape[1]) / counts
    return tuple(float(f"{mean:.{DIGITS}g}") for mean in means)
