"""Steps of training against differences of the loss; what is predicted, against small cases."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.fasttext.arithmetic import exp32
from chainrule.fasttext.dictionary import Dictionary
from chainrule.fasttext.features import LineFeatures
from chainrule.fasttext.matrices import Dense
from chainrule.fasttext.model import FastTextModel
from chainrule.fasttext.randomness import MinstdRand
from chainrule.fasttext.reference import NegativeTable, Trainer, predict_rows, train, train_further
from chainrule.fasttext.settings import Settings
from fasttext_cases import model_of

RATE = np.float32(0.5)
ROWS = [0, 3, 1, 3]


def small(loss, labels=4):
    """Return a model of four words and some labels, with random numbers."""
    draw = np.random.default_rng(5)
    words = [(b"w%d" % number, 5) for number in range(4)]
    names = [(b"__label__%d" % number, 9 - 2 * number) for number in range(labels)]
    A, B = (draw.normal(size=(count, 3)).astype(np.float32) for count in (4, labels))
    settings = Settings(dim=3, loss=loss, bucket=0, neg=2)
    return FastTextModel(settings, Dictionary.of_names(words, names, 20), Dense(A), Dense(B))


def sigmoid_loss(score, positive):
    return np.log1p(np.exp(-score if positive else score))


def loss_of(model, A, B, labels):
    """Return the loss of the line, in float64, with the labels that the trainer draws."""
    scores = B @ A[ROWS].mean(axis=0)
    random = MinstdRand(model.settings.seed)
    loss = model.settings.loss
    if loss == "ova":
        return sum(sigmoid_loss(score, i in labels) for i, score in enumerate(scores))
    target = labels[random.below(len(labels))]
    if loss == "softmax":
        return np.log(np.exp(scores - scores[target]).sum())
    if loss == "hs":
        return sum(sigmoid_loss(scores[row], right) for row, right in model.tree.path(target))
    table = NegativeTable(model.dictionary.label_counts)
    drawn = [table.other_than(target, random) for _ in range(model.settings.neg)]
    assert target not in drawn
    return sigmoid_loss(scores[target], True) + sum(sigmoid_loss(scores[i], False) for i in drawn)


def differences(function, X):
    slopes = np.zeros_like(X)
    for place in np.ndindex(X.shape):
        sides = []
        for step in (1e-5, -1e-5):
            moved = X.copy()
            moved[place] += step
            sides.append(function(moved))
        slopes[place] = (sides[0] - sides[1]) / 2e-5
    return slopes


@pytest.mark.parametrize(
    ("loss", "tolerance"), [("softmax", 1e-6), ("ova", 0.01), ("hs", 0.01), ("ns", 0.02)]
)
@pytest.mark.parametrize("labels", [[2], [0, 3]])
def test_a_step_goes_down_the_slope(loss, tolerance, labels):
    """The sigmoid's table has steps of 1/32, so its slopes are less exact."""
    model = small(loss)
    A, B = (matrix.values.astype(np.float64) for matrix in (model.input, model.output))
    trainer = Trainer(model)
    trainer.step(LineFeatures(ROWS, labels, 4), RATE)
    moved_A = (trainer.A - model.input.values) / RATE
    moved_B = (trainer.B - model.output.values) / RATE
    slopes_A = differences(lambda X: loss_of(model, X, B, labels), A)
    slopes_B = differences(lambda X: loss_of(model, A, X, labels), B)
    assert np.abs(slopes_A).max() > 0.05
    assert moved_A == pytest.approx(-slopes_A, abs=tolerance)
    assert moved_B == pytest.approx(-slopes_B, abs=tolerance)


@pytest.mark.parametrize(("rows", "labels"), [([], [1]), ([1], [])])
def test_lines_without_words_or_without_labels_are_skipped(rows, labels):
    model = small("softmax")
    trainer = Trainer(model)
    trainer.step(LineFeatures(rows, labels, 1), RATE)
    assert np.array_equal(trainer.A, model.input.values)
    assert np.array_equal(trainer.B, model.output.values)
    assert trainer.random.state == MinstdRand(0).state


def test_training_learns_the_labels():
    text = b"__label__cat miau purr\n__label__dog bark growl\n" * 30
    model = train(text, Settings(dim=4, epoch=20, lr=0.5))
    for words, label in ((b"purr", b"__label__cat"), (b"bark growl", b"__label__dog")):
        ((score, number),) = predict_rows(model, model.features(words.split()).rows)
        assert model.dictionary.labels[number] == label
        assert exp32(score) > 0.9


@pytest.mark.parametrize("loss", ["softmax", "ova", "hs", "ns"])
def test_numbers_that_grow_beyond_all_bounds_are_an_error(loss):
    text = b"__label__a b c\n__label__d b\n__label__e c\n" * 100
    with pytest.raises(ValueError, match="got NaN; a lower lr may help"):
        train(text, Settings(dim=4, epoch=20, lr=1e30, loss=loss))


def test_what_would_be_trained_for_ever():
    with pytest.raises(ValueError, match=r"two labels or more for the loss 'ns', .* got 1"):
        train(b"__label__a b\n", Settings(loss="ns"))
    assert train(b"__label__a b\n", Settings(loss="ns", neg=0)).dictionary.nlabels == 1
    with pytest.raises(ValueError, match="expected a text with words, got none"):
        train_further(small("softmax"), b" \t ")


def test_negatives_come_by_the_root_of_their_counts():
    slots = NegativeTable(np.array([100, 25, 4])).slots
    counts = np.bincount(slots)
    assert counts / counts.sum() == pytest.approx([10 / 17, 5 / 17, 2 / 17], abs=1e-6)
    assert 10_000_000 <= len(slots) <= 10_000_003


def equal_scores(loss="softmax"):
    model = small(loss, 6)
    return replace(model, output=Dense(np.zeros((6, 3), np.float32)))


@pytest.mark.parametrize(("k", "labels"), [(1, [5]), (2, [5, 4]), (3, [5, 1, 4])])
def test_of_equal_scores_the_heap_s_steps_decide(k, labels):
    found = predict_rows(equal_scores(), [0], k)
    assert [label for _, label in found] == labels


def test_a_threshold_is_of_probabilities():
    model = model_of("softmax")
    rows = model.features([b"0", b"5"]).rows
    everything = predict_rows(model, rows, -1)
    assert len(everything) == model.dictionary.nlabels
    p = exp32([score for score, _ in everything])
    assert np.all(np.diff(p) <= 0)
    least = float(p[2]) - 1e-5
    assert predict_rows(model, rows, -1, least - 1e-6) == everything[:3]
    assert predict_rows(model, rows, 2, least - 1e-6) == everything[:2]
    assert predict_rows(model, rows, -1, 1.0) == []


def test_leaves_below_the_least_probability_are_not_visited():
    model = model_of("many labels")
    rows = model.features([b"0"]).rows
    everything = predict_rows(model, rows, -1)
    assert len(everything) == len({label for _, label in everything}) == model.dictionary.nlabels
    sharp = replace(model, output=Dense(model.output.values * np.float32(1e4)))
    some = predict_rows(sharp, rows, -1)
    assert 0 < len(some) < len(everything)


def test_one_label_is_certain():
    for loss in ("softmax", "hs"):
        ((score, label),) = predict_rows(small(loss, 1), [0])
        assert (label, f"{exp32(score):.6g}") == (0, "1" if loss == "hs" else "1.00001")


@pytest.mark.parametrize("k", [0, -2])
def test_k_is_a_number_of_labels_or_all(k):
    with pytest.raises(ValueError, match=f"expected k to be 1 or more, or -1 for all .*got {k}"):
        predict_rows(small("softmax"), [0], k)


def test_nothing_is_predicted_without_rows():
    assert predict_rows(small("softmax"), [], 3) == []
