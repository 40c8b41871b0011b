"""Data and plans that make no sense are named before any step is taken."""

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    BinaryCrossEntropy,
    Chain,
    CrossEntropy,
    Linear,
    MeanSquaredError,
    Sigmoid,
    Softmax,
)
from chainrule.training import SGD, Adam, Constant, Cosine, Patience, Plan, train
from training.recorder import Recorder

N, FEATURES, CLASSES = 9, 3, 4


def refused(message, X, t, *, loss=None, chain=None, error=ValueError, **options):
    """Train, expecting an error; see that nothing was begun."""
    chain = chain or Chain(Linear(CLASSES), Softmax())
    chain.initialize((FEATURES,), dtype=np.float64)
    before, recorder = chain.parameters.flat.copy(), Recorder()
    plan = Plan(SGD(0.1), batch_size=2)
    with pytest.raises(error, match=message):
        train(chain, loss or CrossEntropy(), X, t, plan, reporter=recorder, **options)
    np.testing.assert_array_equal(chain.parameters.flat, before)
    assert recorder.starts == []


@pytest.fixture(name="X")
def inputs():
    return np.random.default_rng(1).normal(size=(N, FEATURES))


@pytest.fixture(name="t")
def targets():
    return np.arange(N) % CLASSES


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, sparse.csc_array])
def test_a_number_in_x_that_is_none_is_named_with_its_place(X, t, value, layout):
    X[:2] = 0  # rows without entries in the sparse ones
    X[6, 1] = value
    refused(rf"train: expected finite X, got {value} in sample 6 at \(1\)$", layout(X), t)
    held_out = (layout(X), t)
    message = rf"validation: expected finite X, got {value} in sample 6 at \(1\)$"
    refused(message, np.ones_like(X), t, validation=held_out)


def test_the_place_in_an_image_has_all_its_numbers(t):
    X = np.zeros((N, 2, 3, 5), dtype=np.float32)
    X[7, 1, 0, 4] = np.inf
    refused(r"^train: expected finite X, got inf in sample 7 at \(1, 0, 4\)$", X, t)


def test_a_target_that_is_no_number_is_named_with_its_sample(X):
    t = np.arange(N) * 1.0
    t[8] = np.nan
    options = {"loss": MeanSquaredError(), "chain": Chain(Linear(1))}
    refused("^train: expected finite targets, got nan in sample 8$", X, t, **options)
    T = np.zeros((N, CLASSES))
    T[5, 2] = np.inf
    refused(r"^train: expected finite targets, got inf in sample 5 at \(2\)$", X, T)
    held_out = (X, t)
    message = "^validation: expected finite targets, got nan in sample 8$"
    refused(message, X, np.zeros(N), validation=held_out, **options)


def test_lengths_that_differ(X, t):
    refused("^train: expected 9 targets, got 8", X, t[1:])
    refused("^train: expected 9 targets, got a single number", X, 3)
    refused("^train: expected 9 sample weights, got 4", X, t, sample_weight=np.ones(4))
    refused("^train: expected 9 sample weights, got a single number", X, t, sample_weight=1.0)
    refused("^validation: expected 9 targets, got 2", X, t, validation=(X, t[:2]))
    held_out = (X, t, np.ones(3))
    refused("^validation: expected 9 sample weights, got 3", X, t, validation=held_out)


def test_no_samples(X, t):
    refused("^train: expected at least one sample, got none", X[:0], t[:0])
    refused("^validation: expected at least one sample, got none", X, t, validation=(X[:0], t[:0]))
    refused("^train: expected at least one sample", sparse.csr_array((0, FEATURES)), t[:0])


def test_sample_weights_that_make_no_sense(X, t):
    for weight, message in (
        (-0.5, r"train: expected sample weights >= 0, got -0\.5 for sample 4"),
        (np.nan, "train: expected finite sample weights, got nan in sample 4"),
        (np.inf, "train: expected finite sample weights, got inf in sample 4"),
    ):
        weights = np.ones(N)
        weights[4] = weight
        refused(message, X, t, sample_weight=weights)
    nothing = np.zeros(N)
    refused("^train: expected a sample weight > 0, got only zeros", X, t, sample_weight=nothing)
    held_out = (X, t, nothing)
    refused("^validation: expected a sample weight > 0, got only", X, t, validation=held_out)


def test_targets_that_do_not_fit_the_loss(X, t):
    last = np.append(t[:-1], CLASSES)
    message = "^CrossEntropy: expected class numbers from 0 to 3, got 4"
    refused(message, X, last)
    refused(message, X, t, validation=(X, last))
    refused("^CrossEntropy: expected class numbers, or rows of probabilities", X, t * 1.0)
    binary = {"loss": BinaryCrossEntropy(), "chain": Chain(Linear(1), Sigmoid())}
    refused("^BinaryCrossEntropy: expected targets from 0 to 1, got 2", X, t, **binary)
    plain = {"loss": MeanSquaredError(), "chain": Chain(Linear(2))}
    refused(
        r"MeanSquaredError: expected targets of shape \(9, 2\), got shape \(9,\)", X, t, **plain
    )


def test_a_wrong_target_far_behind_the_others_is_found(t):
    many = np.zeros((10_000, FEATURES))
    labels = np.zeros(10_000, dtype=int)
    labels[9_999] = -1
    refused("^CrossEntropy: expected class numbers from 0 to 3, got -1", many, labels)


def test_inputs_that_do_not_fit_the_chain(X, t):
    refused(r"^Linear\(4\): expected X with 3 features, got 5", np.ones((N, 5)), t)
    held_out = (np.ones((N, 2)), t)
    refused(r"^Linear\(4\): expected X with 3 features, got 2", X, t, validation=held_out)
    refused(r"^Linear\(4\): expected numbers as X, got <U1 values", np.full((N, 3), "a"), t)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "Plan: expected batch_size to be a whole number >= 1, got 0"),
        ({"batch_size": -3}, "Plan: expected batch_size to be a whole number >= 1, got -3"),
        ({"batch_size": 2.5}, r"Plan: expected batch_size to be a whole number >= 1, got 2\.5"),
        ({"batch_size": True}, "Plan: expected batch_size to be a whole number >= 1, got True"),
        ({"epochs": 0}, "Plan: expected epochs to be a whole number >= 1, got 0"),
        ({"epochs": None}, "Plan: expected epochs to be a whole number >= 1, got None"),
        ({"l2": -0.1}, r"Plan: expected l2 to be a number >= 0, got -0\.1"),
        ({"l2": float("inf")}, "Plan: expected l2 to be a number >= 0, got inf"),
        ({"l2": float("nan")}, "Plan: expected l2 to be a number >= 0, got nan"),
        ({"l2": "much"}, "Plan: expected l2 to be a number >= 0, got 'much'"),
    ],
)
def test_numbers_of_a_plan_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        Plan(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": Adam}, r"Plan: expected optimizer such as Adam\(\), got <class"),
        ({"optimizer": "adam"}, r"Plan: expected optimizer such as Adam\(\), got 'adam'"),
        ({"schedule": Cosine}, r"Plan: expected schedule such as Cosine\(\), got <class"),
        ({"schedule": None}, r"Plan: expected schedule such as Cosine\(\), got None"),
        ({"patience": 10}, r"Plan: expected patience such as Patience\(\) or None, got 10"),
    ],
)
def test_parts_of_a_plan_that_are_none(arguments, message):
    with pytest.raises(TypeError, match=message):
        Plan(**arguments)


def test_a_plan_takes_the_numbers_of_numpy():
    plan = Plan(batch_size=np.int64(4), epochs=np.int32(3), l2=np.float32(0.5))
    assert (plan.batch_size, plan.epochs, plan.l2) == (4, 3, 0.5)
    assert (plan.optimizer, plan.schedule, plan.patience) == (Adam(), Constant(), Patience())


def test_a_seed_that_is_none(X, t):
    chain = Chain(Linear(CLASSES), Softmax())
    with pytest.raises(ValueError, match="seed: expected a whole number from 0 to"):
        train(chain, CrossEntropy(), X, t, Plan(seed=-1))
