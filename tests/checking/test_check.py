"""The checker accepts right rules, rejects wrong ones, and says what it found and where."""

import numpy as np
import pytest

from chainrule import (
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    MeanSquaredError,
    RandomKey,
    ReLU,
    Softmax,
    Tanh,
    check_function,
    check_gradients,
    check_loss,
)
from chainrule.checking.report import Entry, Report, compare
from wrong_rules import (
    FlatJacobian,
    LongBias,
    Mixing,
    NoInputGradient,
    NotANumber,
    OneWrongEntry,
    SumInsteadOfMean,
    SummedSquaredError,
    TooSteep,
    Transposed,
    UnweightedError,
    WithoutBias,
    WrongSign,
)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def random_parameters(function, shape, rng):
    return {name: rng.normal(size=s) for name, s in function.parameter_shapes(shape).items()}


# ---- what is right, and what is not judged


def test_a_convolutional_chain_is_right(rng):
    chain = Chain(Conv2d(3), Tanh(), MaxPool2d(2), Flatten(), Linear(4), Softmax())
    X = rng.normal(size=(3, 2, 7, 6))
    chain.initialize(X, seed=1)
    assert check_gradients(chain, CrossEntropy(), X, [0, 3, 1], key=RandomKey(0, 0)).passed


def test_float32_chains_are_checked_in_float64(rng):
    X, t = rng.normal(size=(5, 2)).astype(np.float32), [0, 2, 1, 1, 0]
    chain = Chain(Linear(4), Tanh(), Linear(3), Softmax()).initialize(X, seed=1)
    before = chain.parameters.flat.copy()
    report = check_gradients(chain, CrossEntropy(), X, t)
    assert report.passed
    assert report.largest_error < 1e-8
    assert np.array_equal(chain.parameters.flat, before)


def test_a_random_function_is_checked_at_its_moment(rng):
    X, key = rng.normal(size=(6, 7)), RandomKey(seed=2, step=5)
    assert check_function(Dropout(0.5), X, key=key).passed
    dropped = Dropout(0.5).forward(X, {}, key) == 0
    assert 0 < dropped.sum() < X.size  # so both kinds were seen


def test_zero_gradients_are_right_and_not_divided_by():
    dead = Chain(Linear(3), ReLU(), Linear(1)).initialize((2,), dtype=np.float64)
    dead.parameters["b0"][...] = -100
    report = check_gradients(dead, MeanSquaredError(), np.ones((4, 2)), np.ones(4))
    assert report.passed
    assert report.entries[0].analytic == 0


def test_a_kink_is_reported_and_not_judged():
    report = check_function(ReLU(), np.array([[0.0, 1.0, -2.0]]))
    assert report.passed
    assert [entry.kinks for entry in report.entries] == [1, 1]
    assert "9 of 9, 1 at kinks" in str(report)
    nothing_left = check_function(ReLU(), np.zeros((1, 1)))
    assert nothing_left.passed
    assert "1 of 1, 1 at kinks" in str(nothing_left)


# ---- what is wrong


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (TooSteep(), {"∂Y/∂X", "dX"}),
        (WrongSign(), {"∂Y/∂X", "dX"}),
        (NotANumber(), {"∂Y/∂X", "dX"}),
        (Mixing(), {"∂Y/∂X", "dX"}),
        (Transposed(3), {"dW"}),
        (WithoutBias(3), {"db"}),
        (OneWrongEntry(3), {"dW"}),
    ],
)
def test_a_wrong_function_is_rejected_by_name(rng, function, wrong):
    X = rng.normal(size=(5, 2))
    report = check_function(function, X, random_parameters(function, (2,), rng))
    assert {entry.name for entry in report.entries if not entry.passed} == wrong
    assert str(report).endswith("WRONG: tolerance 1e-07")


@pytest.mark.parametrize("function", [Tanh(), Linear(3)])
def test_the_right_one_is_not(rng, function):
    X = rng.normal(size=(5, 2))
    report = check_function(function, X, random_parameters(function, (2,), rng))
    assert report.passed
    assert report.largest_error < 1e-8


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        (Linear(4), TooSteep(), {"dW0", "db0", "dX"}),
        (Linear(4), WrongSign(), {"dW0", "db0", "dX"}),
        (Linear(4), NotANumber(), {"dW0", "db0", "dX"}),
        (Linear(4), Mixing(), {"dW0", "db0", "dX"}),
        (Transposed(4), Tanh(), {"dW0"}),
        (WithoutBias(4), Tanh(), {"db0"}),
        (OneWrongEntry(4), Tanh(), {"dW0"}),
    ],
)
def test_a_wrong_function_in_a_chain_spoils_what_lies_before_it(rng, first, second, wrong):
    X, t = rng.normal(size=(5, 2)), [0, 2, 1, 1, 0]
    chain = Chain(first, second, Linear(3), Softmax()).initialize(X, seed=1, dtype=np.float64)
    report = check_gradients(chain, CrossEntropy(), X, t)
    assert {entry.name for entry in report.entries if not entry.passed} == wrong


def test_a_loss_that_is_no_mean_is_rejected(rng):
    Y, t = rng.dirichlet(np.ones(3), 4), np.array([0, 2, 1, 1])
    assert check_loss(CrossEntropy(), Y, t, [1.0, 2, 0.5, 1]).passed
    report = check_loss(SumInsteadOfMean(), Y, t)
    assert not report.passed
    assert report.largest_error == pytest.approx(0.75, rel=1e-6)  # 4 against 1


@pytest.mark.parametrize("loss", [SummedSquaredError(), UnweightedError()])
def test_a_wrong_loss_spoils_every_gradient_of_a_chain(rng, loss):
    X, t, weights = rng.normal(size=(5, 2)), rng.normal(size=(5, 3)), rng.uniform(0.5, 2, 5)
    chain = Chain(Linear(4), Tanh(), Linear(3)).initialize(X, dtype=np.float64)
    assert check_gradients(chain, MeanSquaredError(), X, t, weights).passed
    report = check_gradients(chain, loss, X, t, weights)
    assert [entry.passed for entry in report.entries] == [False] * 5


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (NoInputGradient(3), r"expected dX of shape \(5, 2\), got None"),
        (LongBias(3), r"expected db of shape \(3,\), got \(4,\)"),
        (FlatJacobian(3), r"expected a Jacobian \(5, 3, 2, 3\) by W, .*\(5, 3, 6\)"),
    ],
)
def test_arrays_of_a_wrong_shape_are_named(rng, function, message):
    with pytest.raises(ValueError, match=rf"{type(function).__name__}\(3\): {message}"):
        check_function(function, rng.normal(size=(5, 2)), random_parameters(function, (2,), rng))


def test_parameters_that_do_not_belong_are_named():
    with pytest.raises(ValueError, match=r"Linear\(4\): missing or unknown parameters: b, c"):
        check_function(Linear(4), np.zeros((2, 3)), {"W": np.zeros((3, 4)), "c": 1.0})


# ---- what the report says


def test_the_place_of_an_error_is_told(rng):
    X = rng.normal(size=(5, 2))
    chain = Chain(OneWrongEntry(4), Tanh(), Linear(3), Softmax())
    chain.initialize(X, seed=1, dtype=np.float64)
    report = check_gradients(chain, CrossEntropy(), X, [0, 2, 1, 1, 0])
    (entry,) = (entry for entry in report.entries if not entry.passed)
    assert (entry.name, entry.where) == ("dW0", (1, 2))
    assert entry.error == pytest.approx(1e-5, rel=0.01)
    assert entry.analytic == pytest.approx(entry.numeric * (1 + 1e-5), rel=1e-9)


def test_places_count_what_was_left_out():
    entry = compare(
        "dX",
        (3, 4),
        [0.0, 1.0, 2.5],
        [7.0, 1.0, 2.0],
        kinks=np.array([True, False, False]),
        positions=np.array([1, 6, 11]),
    )
    assert (entry.where, entry.checked, entry.kinks) == ((2, 3), 3, 1)
    assert entry.error == pytest.approx(0.5 / 2.5)


@pytest.mark.parametrize(
    ("stated", "found", "error"),
    [
        (1.0, 1.0 + 1e-6, 1e-6),
        (0.0, 1e-9, 1e-5),  # small numbers on the scale of f, 1/10,000 at the least
        (1e-3, 1e-3 + 1e-9, 1e-6),
        (np.nan, 1.0, np.inf),
        (np.nan, np.nan, np.inf),
        (np.inf, 1.0, np.inf),
    ],
)
def test_errors_are_relative_and_nan_is_never_right(stated, found, error):
    entry = compare("dY", (1,), np.array([stated]), np.array([found]))
    assert entry.error == pytest.approx(error, rel=1e-5)
    assert not entry.passed


def test_a_small_number_is_judged_beside_the_largest():
    # 1e-5 is below a hundredth of the largest, so its error counts as a share of that: of 1.
    entry = compare("dY", (2,), np.array([1e-5, 100]), np.array([2e-5, 100]))
    assert entry.error == pytest.approx(1e-5)


def test_a_large_array_is_sampled_by_the_seed(rng):
    chain = Chain(Linear(20), Tanh(), Linear(2)).initialize((9,), dtype=np.float64)
    X, t = rng.normal(size=(3, 9)), rng.normal(size=(3, 2))
    first, again, other, every = (
        check_gradients(chain, MeanSquaredError(), X, t, seed=seed, samples=samples)
        for seed, samples in ((1, 10), (1, 10), (2, 10), (1, None))
    )
    assert [e.checked for e in first.entries] == [10, 10, 10, 2, 10]
    assert str(first) == str(again) != str(other)
    assert [e.checked for e in every.entries] == [180, 20, 40, 2, 27]
    assert every.passed


def test_the_report_as_a_person_reads_it():
    entries = (
        Entry("dW0", (3, 2), 6, 0, 2.5e-11, (2, 1), 0.125, 0.125000000003, True),
        Entry("db0", (1200,), 50, 1, 2.0, (31,), -1.5, 1.5, False),
        Entry("dX", (5, 3), 15, 15, 0.0, (), 0.0, 0.0, True),
    )
    assert str(Report(entries, 1e-7)) == REPORT.strip("\n")
    assert str(Report(entries[:1], 1e-7)).endswith("right\nall right: tolerance 1e-07")
    assert Report(entries, 1e-7).largest_error == 2


REPORT = """
array  checked                  largest error  at     backprop  finite difference
dW0    6 of 6                   2.5e-11        [2,1]  +0.125    +0.125             right
db0    50 of 1,200, 1 at kinks  2.0e+00        [31]   -1.5      +1.5               WRONG
dX     15 of 15, 15 at kinks    0.0e+00        []     +0        +0                 not judged
WRONG: tolerance 1e-07
"""
