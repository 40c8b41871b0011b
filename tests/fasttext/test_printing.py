"""What is printed, in small cases; test_recorded.py has whole texts."""

import numpy as np

from chainrule.fasttext.predictions import LabelScores, Predictions
from chainrule.fasttext.printing import predictions_text, scores_of_labels_text, scores_text

LABELS = [b"__label__a", b"__label__b", b"__label__c"]


def found():
    """Return predictions of three lines, the second of which has none."""
    p = [0.75, 0.25, 1.0]
    return Predictions.of_lines([[(np.log(p[0]), 1), (np.log(p[1]), 0)], [], [(0.0, 2)]])


def test_a_line_of_predictions():
    assert list(predictions_text(LABELS, found())) == [
        b"__label__b 0.75 __label__a 0.25\n",
        b"\n",
        b"__label__c 1\n",
    ]
    names = [b"__label__b __label__a\n", b"\n", b"__label__c\n"]
    assert list(predictions_text(LABELS, found(), probabilities=False)) == names


def scores():
    """Return the scores for the labels b b, a, and a c."""
    offsets, labels = np.array([0, 2, 3, 5]), np.array([1, 1, 0, 0, 2], np.int32)
    return LabelScores.of(found(), offsets, labels, 3)


def test_labels_that_stand_there_twice_count_twice():
    made = scores()
    assert made.predicted.tolist() == [1, 1, 1]
    assert made.gold.tolist() == [2, 2, 1]
    assert made.hits.tolist() == [0, 1, 1]
    assert (made.examples, made.precision, made.recall) == (3, 2 / 3, 2 / 5)


def test_scores_of_all_have_three_digits():
    assert scores_text(scores(), 2) == b"N\t3\nP@2\t0.667\nR@2\t0.4\n"
    nothing = LabelScores.of(
        Predictions.of_lines([]), np.array([0]), np.empty(0, np.int32), 3
    )
    assert scores_text(nothing, -1) == b"N\t0\nP@-1\tnan\nR@-1\tnan\n"


def test_scores_of_each_label():
    assert b"".join(scores_of_labels_text(scores(), LABELS, 2)).decode() == (
        "F1-Score : 0.000000  Precision : 0.000000  Recall : 0.000000   __label__a\n"
        "F1-Score : 0.666667  Precision : 1.000000  Recall : 0.500000   __label__b\n"
        "F1-Score : 1.000000  Precision : 1.000000  Recall : 1.000000   __label__c\n"
        "N\t3\nP@2\t0.667\nR@2\t0.400\n"
    )


def test_what_is_undefined_is_dashes():
    seldom = LabelScores.of(
        Predictions.of_lines([[(0.0, 0)]]), np.array([0, 1]), np.array([1], np.int32), 3
    )
    first, second, third = list(scores_of_labels_text(seldom, LABELS, 1))[:3]
    assert first.startswith(b"F1-Score : 0.000000  Precision : 0.000000  Recall : --------   ")
    assert second.startswith(b"F1-Score : 0.000000  Precision : --------  Recall : 0.000000   ")
    assert third.startswith(b"F1-Score : --------  Precision : --------  Recall : --------   ")
