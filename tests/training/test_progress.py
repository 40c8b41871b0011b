from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from chainrule import Chain, Linear, MeanSquaredError
from chainrule.training import SGD, Patience, Plan, ProgressBar, TrainingDivergedError, train
from chainrule.training.progress import _figure, _short

N = 8


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return rng.normal(size=(N, 3)), rng.normal(size=N)


def draw(data, plan, *, terminal=False, times=1, **options):
    """Return what a bar draws while a chain trains, and the history."""
    file = StringIO()
    console = Console(file=file, force_terminal=terminal, width=120, legacy_windows=False)
    bar = ProgressBar(console)
    for _ in range(times):
        chain = Chain(Linear(1)).initialize(data[0], dtype=np.float64)
        history = train(chain, MeanSquaredError(), *data, plan, reporter=bar, **options)
    return file.getvalue(), history


def test_away_from_a_terminal_one_line_is_left(data):
    text, history = draw(data, Plan(SGD(0.1), epochs=3, batch_size=3))
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert text.startswith("epoch 3/3 ")
    assert f"loss {history.losses[-1]:.4f} " in text
    assert "samples/s" in text
    assert "validation" not in text


def test_on_a_terminal_a_line_is_drawn_again_and_the_cursor_comes_back(data):
    text, history = draw(data, Plan(SGD(0.1), epochs=3, batch_size=3), terminal=True)
    assert "epoch 0/3 " in text
    assert "\x1b[2Kepoch 3/3 " in text
    assert f"loss {history.losses[-1]:.4f} " in text
    assert text.index("\x1b[?25l") < text.rindex("\x1b[?25h")


def test_the_validation_loss_or_else_the_score_is_shown(data):
    plan = Plan(SGD(0.1), epochs=2)
    text, history = draw(data, plan, validation=data)
    assert f"  validation loss {history.epochs[-1].validation_loss:.4f} " in text
    text, _ = draw(data, plan, validation=data, score=lambda Y, t: 0.625)
    assert "  validation score 0.6250 " in text
    assert "validation loss" not in text


def test_an_early_end_is_a_full_bar_with_the_epochs_that_ran(data):
    text, history = draw(data, Plan(SGD(0.0), epochs=50, patience=Patience(3)))
    assert history.end == "converged"
    assert text.startswith("epoch 4/50 ━")
    assert text.split("━")[-1].split()[0] == "loss"
    bar = ProgressBar(Console(file=StringIO()))
    chain = Chain(Linear(1))
    train(chain, MeanSquaredError(), *data, Plan(SGD(0.0), patience=Patience(3)), reporter=bar)
    (task,) = bar._progress.tasks
    assert task.finished
    assert (task.completed, task.total) == (4 * N, 4 * N)


def test_a_bar_serves_a_second_training(data):
    text, _ = draw(data, Plan(SGD(0.1), epochs=3), times=2)
    assert [line[:10] for line in text.splitlines()] == ["epoch 3/3 "] * 2


def test_a_diverged_training_still_ends_the_bar(data):
    file = StringIO()
    bar = ProgressBar(Console(file=file, force_terminal=True, width=120, legacy_windows=False))
    with pytest.raises(TrainingDivergedError):
        train(
            Chain(Linear(1)),
            MeanSquaredError(),
            *data,
            Plan(SGD(1e30), batch_size=2, shuffle=False),
            reporter=bar,
        )
    assert file.getvalue().endswith("\x1b[?25h")
    assert not bar._progress.live.is_started


def test_by_default_a_bar_goes_where_results_do_not():
    assert ProgressBar().console.stderr


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (7.125, "7.12"), (999, "999"), (1000, "1k"), (23_456, "23.5k"), (4.56e6, "4.56M")],
)
def test_numbers_are_shown_with_three_digits(number, text):
    assert _short(number) == text


@pytest.mark.parametrize(("number", "text"), [(999.9, "1k"), (999_999, "1M"), (12e9, "12G")])
def test_rounding_never_makes_a_power_of_ten(number, text):
    assert _short(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.156083, "0.1561"), (99999.0, "99999.0000"), (6.3255e22, "6.33e+22")]
)
def test_losses_have_four_decimals_unless_they_explode(number, text):
    assert _figure(number) == text
