import numpy as np
import pytest

from chainrule.training import Epoch, History, Patience
from chainrule.training.stopping import PatientWatcher


def epochs(losses=None, validation_losses=None, scores=None):
    """Return epochs of which some numbers are known, the others falling for ever."""
    count = len(losses or validation_losses or scores)
    falling = [-float(number) for number in range(count)]
    columns = zip(
        losses or falling,
        validation_losses or ([None] * count if losses else falling),
        scores or [None] * count,
        strict=True,
    )
    return [
        Epoch(number, loss, 0.1, 1.0, validation_loss, score)
        for number, (loss, validation_loss, score) in enumerate(columns, start=1)
    ]


def watch(patience, seen):
    """Return the epochs that were the best so far, and the first that exhausts the patience."""
    watcher, best, end = PatientWatcher(patience), [], None
    for epoch in seen:
        if watcher.see(epoch):
            best.append(epoch.number)
        if end is None and watcher.exhausted(epoch):
            end = epoch.number
    assert watcher.best_epoch == best[-1]
    return best, end


def test_the_training_loss_is_watched_where_there_is_nothing_else():
    assert watch(Patience(2, 0.0), epochs(losses=[3, 2, 2.5, 1, 1, 1.5, 1])) == ([1, 2, 4], 6)


def test_the_validation_loss_goes_before_the_training_loss():
    assert watch(Patience(2, 0.0), epochs(validation_losses=[3, 2, 4, 5, 1])) == ([1, 2, 5], 4)


def test_the_score_goes_before_both_and_more_is_better():
    assert watch(Patience(3, 0.0), epochs(scores=[0.1, 0.3, 0.2, 0.2, 0.1])) == ([1, 2], 5)


def test_of_equal_scores_the_lower_validation_loss_is_best_but_no_improvement():
    seen = epochs(scores=[0.5] * 4, validation_losses=[3, 2, 2, 1])
    assert watch(Patience(3, 0.0), seen) == ([1, 2, 4], 4)


def test_a_lower_loss_does_not_outdo_a_higher_score():
    seen = epochs(scores=[0.6, 0.5, 0.7], validation_losses=[3, 1, 9])
    assert watch(None, seen) == ([1, 3], None)


def test_small_steps_are_improvements_once_they_add_up():
    losses = [1.0, 0.96, 0.92, 0.88, 0.84, 0.80]
    assert watch(Patience(2, 0.1), epochs(losses=losses)) == ([1, 2, 3, 4, 5, 6], 3)
    assert watch(Patience(3, 0.1), epochs(losses=losses)) == ([1, 2, 3, 4, 5, 6], None)


def test_an_improvement_by_exactly_the_tolerance_is_none():
    assert watch(Patience(1, 0.25), epochs(losses=[1.0, 0.75]))[1] == 2
    assert watch(Patience(1, 0.25), epochs(losses=[1.0, 0.7]))[1] is None


def test_without_patience_nothing_is_ever_exhausted():
    assert watch(None, epochs(losses=[1.0] * 50)) == ([1], None)


def test_patience_of_one_ends_at_the_first_epoch_that_is_no_better():
    assert watch(Patience(1, 0.0), epochs(losses=[2, 1, 1])) == ([1, 2], 3)


def test_an_infinite_score_at_the_start_can_be_improved():
    assert watch(Patience(2, 0.0), epochs(scores=[-np.inf, -np.inf, 0.5])) == ([1, 2, 3], None)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Patience(0), "Patience: expected epochs to be a whole number >= 1, got 0"),
        (lambda: Patience(2.0), r"Patience: expected epochs to be a whole number >= 1, got 2\.0"),
        (lambda: Patience(True), "Patience: expected epochs to be a whole number >= 1, got True"),
        (lambda: Patience(5, -1e-3), r"Patience: expected a number 0 <= tolerance, got -0\.001"),
        (lambda: Patience(5, float("nan")), "Patience: expected a number 0 <= tolerance, got nan"),
    ],
)
def test_hyperparameters_that_make_no_sense_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("end", "count", "kept", "sentence"),
    [
        ("epochs", 1, 1, "ran 1 epoch"),
        ("epochs", 7, 7, "ran all 7 epochs"),
        ("epochs", 7, 4, "ran all 7 epochs, kept the best, epoch 4"),
        ("converged", 7, 7, "converged after 7 epochs"),
        ("converged", 1, 1, "converged after 1 epoch"),
        ("validation", 7, 4, "stopped after 7 epochs, kept the best, epoch 4"),
        ("interrupted", 0, 0, "interrupted after 0 epochs"),
        ("interrupted", 3, 0, "interrupted after 3 epochs"),
        ("interrupted", 3, 2, "interrupted after 3 epochs, kept epoch 2"),
        ("diverged", 0, 0, "diverged after 0 epochs"),
        ("diverged", 3, 3, "diverged after 3 epochs, kept epoch 3"),
    ],
)
def test_a_history_says_how_training_ended(end, count, kept, sentence):
    history = History(epochs(losses=[1.0] * count) if count else [], end, kept)
    assert history.describe() == sentence


def test_a_history_has_all_losses_and_the_whole_time():
    history = History(epochs(losses=[3.0, 2.0, 2.5]))
    assert (history.losses, history.seconds) == ([3.0, 2.0, 2.5], 3.0)
