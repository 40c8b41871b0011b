"""What a TextClassifier knows before it reads: shares of labels, and how certain labels are."""

import numpy as np
import pytest

from chainrule import TextClassifier

TEXTS = ["tea and milk", "red wine", "green tea", "tea", "bread", "bread and wine"]
LABELS = [["tea", "hot"], ["wine"], ["tea"], ["tea", "hot"], [], ["wine"]]
CLASSES = ["tea", "wine", "tea", "tea", "bread", "wine"]
HARDLY = {"max_iter": 1, "learning_rate_init": 1e-9, "random_state": 0}
"""Trains so little that a network stays where it begins."""


def begin(y, weights=None, **options):
    """Return what a network of before training says of a text without a known word."""
    model = TextClassifier(**HARDLY, **options).fit(TEXTS, y, sample_weight=weights)
    return model.predict_proba(["unknown"])[0]


def test_each_label_begins_with_its_share_of_texts():
    # hot 2, tea 3, wine 2 of 6 texts; half a text with it and half without are added
    np.testing.assert_allclose(begin(LABELS), [2.5 / 7, 3.5 / 7, 2.5 / 7], rtol=1e-5)


def test_weights_of_texts_count():
    weights = np.array([2.0, 1, 0, 0, 2, 1])  # hot 2, tea 2, wine 2 of 6
    np.testing.assert_allclose(begin(LABELS, weights), [2.5 / 7] * 3, rtol=1e-5)
    np.testing.assert_allclose(begin(LABELS, weights / 3), [2.5 / 7] * 3, rtol=1e-5)


def test_sigmoids_of_exclusive_classes_begin_so_too():
    odds = np.array([1.5, 3.5, 2.5]) / 7
    np.testing.assert_allclose(begin(CLASSES, loss="ova"), odds / odds.sum(), rtol=1e-5)


def test_softmax_begins_without_an_opinion():
    np.testing.assert_allclose(begin(CLASSES), [1 / 3] * 3, rtol=1e-5)


def test_two_classes_with_one_sigmoid():
    y = [label == "tea" for label in CLASSES[:4]] + [False, False]
    np.testing.assert_allclose(begin(y, loss="ova"), [0.5, 0.5], rtol=1e-5)
    np.testing.assert_allclose(begin(y, [3.0, 1, 3, 3, 1, 1], loss="ova")[1], 5 / 7, rtol=1e-5)


def test_what_goes_on_keeps_its_biases():
    model = TextClassifier(**HARDLY, warm_start=True).fit(TEXTS, LABELS)
    before = model.predict_proba(["unknown"])
    model.fit(TEXTS[:2], LABELS[:2])
    np.testing.assert_allclose(model.predict_proba(["unknown"]), before, rtol=1e-5)
    model.partial_fit(TEXTS[:2], LABELS[:2])
    np.testing.assert_allclose(model.predict_proba(["unknown"]), before, rtol=1e-5)


def test_classes_that_come_later_begin_with_half_a_text():
    model = TextClassifier(loss="ova", **HARDLY)
    model.partial_fit(TEXTS[:4], CLASSES[:4], classes=["bread", "tea", "wine"])
    odds = np.array([0.5, 3.5, 1.5]) / 5
    np.testing.assert_allclose(model.predict_proba(["unknown"])[0], odds / odds.sum(), rtol=1e-5)


@pytest.mark.parametrize(("count", "share"), [(3, 0.2 / 3), (100, 0.002), (101, 0.0)])
def test_labels_are_smoothed_by_default(count, share):
    y = np.arange(count)
    texts = [f"word{number}" for number in y]
    usual = TextClassifier(4, random_state=0, max_iter=3).fit(texts, y)
    told = TextClassifier(4, random_state=0, max_iter=3, label_smoothing=share).fit(texts, y)
    np.testing.assert_array_equal(usual.decision_function(texts), told.decision_function(texts))
    other = TextClassifier(4, random_state=0, max_iter=3, label_smoothing=0.1).fit(texts, y)
    assert (usual.decision_function(texts) != other.decision_function(texts)).any()


@pytest.mark.parametrize("options", [{"y": LABELS}, {"y": CLASSES, "loss": "ova"}])
def test_sigmoids_are_not_smoothed_by_default(options):
    y = options.pop("y")
    usual = TextClassifier(4, random_state=0, **options).fit(TEXTS, y)
    none = TextClassifier(4, random_state=0, label_smoothing=0.0, **options).fit(TEXTS, y)
    np.testing.assert_array_equal(usual.decision_function(TEXTS), none.decision_function(TEXTS))


@pytest.mark.parametrize("value", ["much", 1.0, -0.1, None])
def test_a_share_that_makes_no_sense_is_refused(value):
    with pytest.raises(ValueError, match=r"label_smoothing.*'auto'"):
        TextClassifier(label_smoothing=value).fit(TEXTS, CLASSES)
