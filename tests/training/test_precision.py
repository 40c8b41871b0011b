"""Training with products in bfloat16: what it leads to, and what it does not go with."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from chainrule import Adam, BatchNorm, Chain, CrossEntropy, Linear, Plan, ReLU, Softmax, train
from chainrule.training.optimizers import SGD


def digits():
    X, t = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), t


def network(*functions):
    return Chain(*functions, Linear(10), Softmax())


def test_training_learns_as_well():
    X, t = digits()
    right = {}
    for precision in ("float32", "bfloat16", "bfloat16_blocks"):
        chain = network(Linear(32), ReLU())
        plan = Plan(Adam(0.01), epochs=12, precision=precision)
        history = train(chain, CrossEntropy(), X[:1400], t[:1400], plan)
        assert history.engine == "machine"
        assert chain.dtype == np.float32
        right[precision] = float(np.mean(chain.forward(X[1400:]).argmax(axis=1) == t[1400:]))
    least = min(right["bfloat16"], right["bfloat16_blocks"])
    assert least != right["float32"] or least > 0.9
    assert least > right["float32"] - 0.02 > 0.85


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads():
    X, t = digits()
    flat = {}
    for precision in ("float32", "bfloat16", "bfloat16_blocks"):
        for threads in (1, 2, 3):
            chain = network(Linear(20), ReLU())
            plan = Plan(SGD(0.1), epochs=1, batch_size=37, precision=precision)
            train(chain, CrossEntropy(), X[:300], t[:300], plan, threads=threads)
            flat.setdefault(precision, set()).add(chain.parameters.flat.tobytes())
    assert [len(found) for found in flat.values()] == [1, 1, 1]
    assert len(set.union(*flat.values())) == 3  # an order of sums of its own each


def test_parameters_keep_more_digits_than_bfloat16_has():
    X, t = digits()
    chain = network()
    train(chain, CrossEntropy(), X[:64], t[:64], Plan(SGD(1e-4), epochs=1, precision="bfloat16"))
    assert (chain.parameters.flat.view(np.uint32) & 0xFFFF).any()


def test_a_validation_set_is_measured_as_forward_does():
    X, t = digits()
    chain = network(Linear(16), ReLU())
    plan = Plan(Adam(0.01), epochs=2, precision="bfloat16")
    history = train(chain, CrossEntropy(), X[:200], t[:200], plan, validation=(X[200:], t[200:]))
    best = history.epochs[history.kept - 1].validation_loss
    assert best == pytest.approx(chain.loss(CrossEntropy(), X[200:], t[200:]), rel=1e-6)


@pytest.mark.parametrize(
    ("functions", "dtype", "engine", "message"),
    [
        ((), np.float64, "auto", "a chain of float32 with precision='bfloat16', got float64"),
        ((), np.float32, "reference", "engine auto or machine with .*, got 'reference'"),
        ((BatchNorm(),), np.float32, "auto", r"precision='bfloat16': BatchNorm\(\): the engine"),
        ((BatchNorm(),), np.float32, "machine", r"precision='bfloat16': BatchNorm\(\): the"),
    ],
)
def test_what_it_does_not_go_with(functions, dtype, engine, message):
    X, t = digits()
    chain = network(*functions).initialize(X, dtype=dtype)
    before = chain.parameters.flat.copy()
    plan = Plan(epochs=1, precision="bfloat16")
    with pytest.raises(ValueError, match=f"train: (expected )?{message}"):
        train(chain, CrossEntropy(), X, t, plan, engine=engine)
    assert np.array_equal(chain.parameters.flat, before)


@pytest.mark.parametrize(
    "precision", ["float16", "float64", None, 16, ["bfloat16"], np.array(["a", "b"])]
)
def test_a_precision_is_one_of_those_known(precision):
    known = "float32, bfloat16, bfloat16_blocks"
    with pytest.raises(ValueError, match=f"Plan: expected a precision of {known}, got"):
        Plan(precision=precision)
