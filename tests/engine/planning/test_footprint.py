"""Memory: none for each step, and a few times the parameters in all."""

import gc
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from chainrule import functions as f
from chainrule.chain import Chain
from chainrule.engine.planning.cost import cost
from chainrule.engine.planning.lowering import lower
from chainrule.engine.running.steps import Steps
from chainrule.losses import CrossEntropy
from chainrule.training import SGD, Adam, Plan, train

LOSS = CrossEntropy()
STATM = Path("/proc/self/statm")
PAGE = 4096


@contextmanager
def traced():
    """Follow what Python and NumPy allocate; kernels cannot allocate anything."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def peak_of(work):
    """Return the most bytes that some work holds beyond those before, and those it leaves."""
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    kept = work()
    after, peak = tracemalloc.get_traced_memory()
    del kept
    return peak - before, after - before


def rows_of_numbers():
    X = np.random.default_rng(1).normal(size=(48, 31))
    return [f.Linear(64), f.ReLU(), f.Dropout(0.3), f.Linear(40), f.Tanh()], X


def images():
    X = np.random.default_rng(2).normal(size=(48, 1, 9, 9))
    return [f.Conv2d(6, size=3), f.ReLU(), f.MaxPool2d(2), f.Flatten(), f.Linear(20), f.ReLU()], X


NETWORKS = [rows_of_numbers, images]
ROWS = 16
BYTES_A_STEP = 128
"""For the loss and the rates of each step, with room for computing them: less than a layer's."""


def program(network, threads):
    functions, X = network()
    chain = Chain(*functions, f.Linear(7), f.Softmax()).initialize(X, dtype=np.float64)
    t = np.random.default_rng(3).integers(0, 7, len(X))
    steps = Steps(chain, LOSS, Adam(1e-4), X, t, threads=threads)
    orders = {n: np.arange(n * ROWS) % len(X) for n in (10, 1000)}
    return lambda n: steps.run(orders[n], ROWS, np.full(n, 1e-4))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_step_allocates_nothing_but_its_loss_and_its_rates(network, threads):
    run = program(network, threads)
    run(10)  # the program is planned here, once
    with traced():
        run(10)
        few, _ = peak_of(lambda: run(10))
        many, left = peak_of(lambda: run(1000))
    assert many - few <= 990 * BYTES_A_STEP
    assert left <= 2 * 1000 * 8 + 4096  # the losses and the penalties


@pytest.mark.skipif(not STATM.exists(), reason="a file of Linux")
@pytest.mark.parametrize("network", NETWORKS)
def test_the_process_does_not_grow_with_steps(network):
    def resident():
        return int(STATM.read_text().split()[1]) * PAGE

    run = program(network, 2)
    for _ in range(3):
        run(1000)
    before = resident()
    for _ in range(10):
        run(1000)
    assert resident() - before < 10_000 * 64  # less than a cache line a step


@pytest.mark.parametrize("network", NETWORKS)
def test_training_longer_takes_no_more_memory(network):
    functions, X = network()
    t = np.random.default_rng(3).integers(0, 7, len(X))

    def trained(epochs):
        chain = Chain(*functions, f.Linear(7), f.Softmax())
        plan = Plan(Adam(1e-4), batch_size=ROWS, epochs=epochs, patience=None)
        return train(chain, LOSS, X, t, plan, engine="machine", threads=1)

    trained(2)
    with traced():
        trained(2)
        few, _ = peak_of(lambda: trained(2))
        many, _ = peak_of(lambda: trained(202))
    assert many - few <= 200 * 1024  # the history's epochs


@pytest.mark.parametrize(
    ("optimizer", "times"), [(SGD(0.1), 4), (SGD(0.1, momentum=0.9), 5), (Adam(0.001), 6)]
)
def test_training_holds_a_few_times_the_parameters(optimizer, times):
    """The chain's, the last good epoch's, those in panels, their transposes, the state."""
    rng = np.random.default_rng(4)
    X, t = rng.random((128, 784), dtype=np.float32), rng.integers(0, 10, 128)
    hidden = (f.Linear(1200), f.ReLU(), f.Linear(1200), f.ReLU())
    chain = Chain(*hidden, f.Linear(10), f.Softmax())
    plan = Plan(optimizer, batch_size=64, epochs=2)
    train(Chain(f.Linear(5), f.Linear(10), f.Softmax()), LOSS, X, t, plan)  # kernels are ready
    with traced():
        peak, _ = peak_of(lambda: train(chain, LOSS, X, t, plan, engine="machine"))
    activations = cost(lower(chain, LOSS), 64, 4, slots=0).activations
    assert peak <= X.nbytes + times * chain.parameters.flat.nbytes + activations
