"""Steps by the engine against the same steps by the textbook."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from llvmlite import binding

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.kernels.library import Library
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.running.steps import Steps
from chainrule.functions import RandomKey
from chainrule.training import SGD, AdaGrad, Adam, AdamW, RMSProp
from engine.calls import OTHERS
from engine.unknown import Reversed

OPTIMIZERS = [
    SGD(0.1),
    SGD(0.05, momentum=0.9),
    SGD(0.05, momentum=0.8, nesterov=True),
    Adam(0.01),
    Adam(0.01, beta1=0.7, uncorrected_epsilon=True),
    AdamW(0.01, weight_decay=0.3),
    RMSProp(0.003),
    AdaGrad(0.01),
]
MAPS = [
    *(f.ReLU(), f.LeakyReLU(0.2), f.ELU(0.7), f.GELU(), f.SiLU(), f.Sigmoid(), f.Tanh()),
    *(f.SELU(), f.Mish(), f.Cos()),
    *(f.Softplus(), f.Identity(), f.Dropout(0.3), f.Dropout(0.0)),
    *(f.Softmax(), f.LogSoftmax()),
]
SEED = 5


def by_the_textbook(chain, loss, optimizer, X, t, order, rows, rates, l2, weights, clip=None):
    """Take the steps with chain.py; return the losses. The chain's parameters move."""
    w = chain.parameters
    mask, state, values = chain.weight_mask(), optimizer.start(w.flat), []
    for step, rate in enumerate(rates):
        batch = order[step * rows : (step + 1) * rows]
        own = None if weights is None else weights[batch]
        value, g = chain.gradient(loss, X[batch], t[batch], own, RandomKey(SEED, step))
        penalized = np.where(mask, w.flat, 0)
        values.append(value + l2 / 2 * float(penalized @ penalized))
        factor = rate / optimizer.learning_rate
        gradient = g.flat + l2 * penalized
        if clip is not None:
            gradient = gradient * clip / max(clip, np.linalg.norm(gradient))
        optimizer.update(w.flat, gradient, state, factor=factor, step=step + 1)
    return values


def both(
    chain, loss, optimizer, X, t, *, rows, steps=3, l2=0.0, weights=None, clip=None, **options
):
    """Return losses and parameters of the textbook and of the engine."""
    own = {"l2": l2, "weights": weights, "clip": clip}
    found, moved = by_the_engine(
        chain, loss, optimizer, X, t, rows=rows, steps=steps, **own, **options
    )
    order, rates = order_and_rates(optimizer, X, rows, steps)
    given = (X, t, order, rows, rates, l2, weights, clip)
    expected = by_the_textbook(chain, loss, optimizer, *given)
    return expected, chain.parameters.flat, found, moved


def by_the_engine(
    chain, loss, optimizer, X, t, *, rows, steps=3, l2=0.0, weights=None, clip=None, **options
):
    """Return losses and parameters of the engine; those of the chain stay as they are."""
    start = chain.parameters.flat.copy()
    engine = Steps(chain, loss, optimizer, X, t, weights, l2=l2, clip=clip, seed=SEED, **options)
    order, rates = order_and_rates(optimizer, X, rows, steps)
    found = engine.run(order, rows, rates)
    engine.store()
    moved = chain.parameters.flat.copy()
    chain.parameters.flat[...] = start
    return found, moved


def order_and_rates(optimizer, X, rows, steps):
    rng = np.random.default_rng(7)
    order = np.concatenate([rng.permutation(X.shape[0])[:rows] for _ in range(steps)])
    return order, optimizer.learning_rate * np.linspace(1, 0.5, steps)


def close(expected, found, tolerance):
    scale = np.max(np.abs(expected))
    return np.all(np.abs(np.asarray(found) - np.asarray(expected)) <= tolerance * scale)


@st.composite
def networks(draw):
    """Draw a chain, a loss and data that fit each other."""
    size = st.integers(1, 40)
    functions = draw(st.lists(st.sampled_from(MAPS), max_size=2))
    for _ in range(draw(st.integers(0, 3))):
        functions.append(f.Linear(draw(size), bias=draw(st.booleans())))
        functions += draw(st.lists(st.sampled_from(MAPS), max_size=2))
    outputs = draw(size)
    functions.append(f.Linear(outputs))
    n, inputs = draw(st.integers(1, 30)), draw(size)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kinds = ["labels", "soft", "binary", "squared", "huber", "poisson", "shares", "logarithms"]
    kind = draw(st.sampled_from([*kinds, "summed"]))
    t = rng.normal(size=(n, outputs))
    if kind == "labels":
        functions, loss = [*functions, f.Softmax()], losses.CrossEntropy()
        t = rng.integers(0, outputs, n)
    elif kind == "soft":
        functions, loss = [*functions, f.Softmax()], losses.CrossEntropy()
        t = rng.dirichlet(np.ones(outputs), n)
    elif kind == "binary":
        functions, loss = [*functions, f.Sigmoid()], losses.BinaryCrossEntropy()
        t = rng.integers(0, 2, (n, outputs))
    elif kind == "summed":
        loss = losses.HalfSquaredError(outputs="sum")
    elif kind == "poisson":
        functions, loss = [*functions, f.Softplus()], losses.Poisson()
        t = rng.poisson(2, (n, outputs))
    elif kind == "shares":
        functions, loss = [*functions, f.Softmax()], losses.MeanSquaredError()
    elif kind == "logarithms":
        functions, loss = [*functions, f.LogSoftmax()], losses.Huber(0.5)
    else:
        loss = losses.MeanSquaredError() if kind == "squared" else losses.Huber(0.5)
    return functions, loss, rng.normal(size=(n, inputs)), t


@settings(max_examples=200, deadline=None)
@given(
    networks(),
    st.sampled_from(OPTIMIZERS),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([None, None, 0.01, 1.0, 100.0]),
    st.integers(1, 3),
    st.booleans(),
    st.data(),
)
def test_float64_agrees_to_twelve_digits(network, optimizer, l2, clip, threads, weighted, data):
    functions, loss, X, t = network
    rows = data.draw(st.integers(1, len(X)))
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
    chain = Chain(*functions).initialize(X, seed=1, dtype=np.float64)
    options = {"rows": rows, "l2": l2, "weights": weights, "clip": clip, "threads": threads}
    expected, end, found, moved = both(chain, loss, optimizer, X, t, **options)
    # All but SGD divide by √g²: where g is rounding alone, its sign is anybody's guess.
    tolerance = 1e-12 if isinstance(optimizer, SGD) else 1e-7
    assert close(expected[:1], found[:1], 1e-12)
    assert close(expected, found, tolerance)
    assert close(end, moved, tolerance)


def digits_like(dtype):
    rng = np.random.default_rng(2)
    X, t = rng.normal(size=(53, 21)).astype(dtype), rng.integers(0, 11, 53)
    functions = [
        f.Softplus(),
        f.Dropout(0.1),
        f.Linear(67),
        f.GELU(),
        f.Dropout(0.25),
        f.LogSoftmax(),
    ]
    functions += [f.Linear(35, bias=False), f.Tanh(), f.Softmax()]
    chain = Chain(*functions, f.Linear(11), f.Softmax()).initialize(X, seed=3, dtype=dtype)
    return chain, losses.CrossEntropy(), Adam(0.01), X, t


def test_float32_agrees_to_its_rounding():
    chain, loss, _, X, t = digits_like(np.float32)
    expected, end, found, moved = both(chain, loss, SGD(0.1), X, t, rows=17)
    assert close(expected, found, 1e-6)
    assert close(end, moved, 1e-6)


@pytest.mark.parametrize(("rows", "clip"), [(29, None), (29, 0.1), (51, None)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_on_any_number_of_threads(dtype, rows, clip):
    results = []
    for threads in (1, 2, 3, 7):
        chain, *rest = digits_like(dtype)
        options = {"rows": rows, "l2": 0.01, "steps": 5, "clip": clip, "threads": threads}
        found, moved = by_the_engine(chain, *rest, **options)
        results.append((found.tobytes(), moved.tobytes()))
    assert len(set(results)) == 1


def test_threads_that_share_out_samples_wait_for_each_other_twice_a_step():
    rng = np.random.default_rng(5)
    X, t = rng.normal(size=(64, 20)), rng.integers(0, 10, 64)
    functions = f.Linear(30), f.ReLU(), f.Linear(16), f.ReLU(), f.Linear(10), f.Softmax()
    chain = Chain(*functions).initialize(X, seed=0)
    barriers = []
    for rows in (16, 64):  # so few that panels are shared out, and more
        steps = Steps(chain, losses.CrossEntropy(), SGD(0.1), X, t, threads=2)
        listed = steps._program(rows)[0].code.finished()
        barriers.append([int((each[:, 0] == 0).sum()) for each in listed])
    assert barriers == [[5, 5], [2, 2]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_on_other_processors(dtype):
    binding.load_library_permanently("libm.so.6")
    results = []
    for kernels in (None, *(Library(dtype, target) for target in OTHERS.values())):
        chain, *rest = digits_like(dtype)
        found, moved = by_the_engine(chain, *rest, rows=29, l2=0.01, kernels=kernels)
        results.append((found.tobytes(), moved.tobytes()))
    assert len(set(results)) == 1


@pytest.mark.parametrize("function", [f.Softmax(), f.LogSoftmax()])
def test_softmax_of_large_numbers(function):
    rng = np.random.default_rng(4)
    X, t = 1000 * rng.normal(size=(9, 5)), rng.normal(size=(9, 13))
    chain = Chain(f.Linear(13), function).initialize(X, seed=0, dtype=np.float64)
    expected, end, found, moved = both(chain, losses.Huber(), SGD(1e-4), X, t, rows=9)
    assert np.isfinite(expected).all()
    assert close(expected, found, 1e-12)
    assert close(end, moved, 1e-12)


def test_images_are_flattened():
    rng = np.random.default_rng(4)
    X, t = rng.normal(size=(9, 2, 3, 5)), rng.normal(size=(9, 1))
    for functions in ([f.Flatten()], [f.Dropout(0.2), f.Flatten(), f.Sigmoid()]):
        chain = Chain(*functions, f.Linear(4), f.Tanh(), f.Linear(1))
        chain.initialize(X, seed=0, dtype=np.float64)
        expected, end, found, moved = both(chain, losses.Huber(), SGD(0.1), X, t, rows=4)
        assert close(expected, found, 1e-12)
        assert close(end, moved, 1e-12)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_that_is_not_finite_ends_the_run_after_its_step(threads):
    chain, loss, _, X, t = digits_like(np.float32)
    X[5] = 3e38
    steps = Steps(chain, loss, SGD(0.1), X, t, threads=threads)
    values = steps.run(np.arange(8), 1, np.full(8, 0.1))
    assert len(values) == 6
    assert np.isfinite(values[:5]).all()
    assert not np.isfinite(values[5])


@pytest.mark.parametrize("clip", [None, 0.1])
def test_the_listing_runs_with_numpy_alone_and_gives_the_same(clip):
    rng = np.random.default_rng(5)
    X, t = rng.normal(size=(16, 11)), rng.integers(0, 5, 16)
    functions = [f.Dropout(0.1), f.Tanh(), f.LogSoftmax()]
    functions += [f.Linear(19), f.ReLU(), f.Dropout(0.4), f.Linear(7, bias=False), f.LogSoftmax()]
    functions += [f.Tanh(), f.Softmax()]
    chain = Chain(*functions, f.Linear(5), f.Softmax()).initialize(X, dtype=np.float64)
    steps = Steps(chain, losses.CrossEntropy(), Adam(0.01), X, t, l2=0.02, clip=clip, seed=9)
    namespace = {}
    exec(steps.listing(16), namespace)
    w = {name: array.copy() for name, array in chain.parameters.items()}
    state = {name: (np.zeros_like(array),) * 2 for name, array in w.items()}
    expected = [namespace["step"](X, t, None, w, state, 0.01, n) for n in (1, 2, 3)]
    found = steps.run(np.tile(np.arange(16), 3), 16, np.full(3, 0.01))
    steps.store()
    assert close(expected, found, 1e-14)
    assert all(close(w[name], chain.parameters[name], 1e-12) for name in w)


def test_the_listing_as_a_person_reads_it():
    X, t = np.zeros((4, 3)), np.zeros(4)
    chain = Chain(f.Linear(8), f.Tanh(), f.Linear(1)).initialize(X, dtype=np.float64)
    steps = Steps(chain, losses.MeanSquaredError(), SGD(0.1), X, t)
    golden = Path(__file__).with_name("listing.txt")
    assert steps.listing(4) == golden.read_text(encoding="utf-8")
    assert "# at least 5.8 µs, at 0 GFLOP/s" in steps.listing(4, peak=1e8)


@pytest.mark.parametrize(
    ("functions", "loss", "message"),
    [
        ([f.Linear(3)], losses.CrossEntropy(), "CrossEntropy: the engine has a kernel for it"),
        ([Reversed(), f.Linear(3)], losses.Huber(), r"Reversed\(\): .* no kernel for it$"),
        ([f.Flatten()], losses.Huber(), "expects a Linear"),
    ],
)
def test_what_the_engine_cannot_lower_is_named(functions, loss, message):
    chain = Chain(*functions).initialize((4,), dtype=np.float64)
    with pytest.raises(CannotLowerError, match=message):
        Steps(chain, loss, SGD(0.1), np.zeros((2, 4)), np.zeros(2))


def test_outputs_have_no_dropout_of_inputs():
    X = np.random.default_rng(6).normal(size=(9, 21))
    chain = Chain(f.Dropout(0.5), f.Linear(4)).initialize(X, dtype=np.float64)
    steps = Steps(chain, losses.Huber(), SGD(0.1), X, np.zeros((9, 4)))
    assert close(chain.forward(X), steps.outputs(X), 1e-14)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 7, 600, 1200])
def test_outputs_are_what_the_loss_sees(n, threads):
    chain, loss, optimizer, X, t = digits_like(np.float64)
    steps = Steps(chain, loss, optimizer, X, t, threads=threads)
    new = np.random.default_rng(6).normal(size=(n, 21))
    expected = chain.trace(new, until=len(chain.functions) - 1)[-1]
    assert close(expected, steps.outputs(new), 1e-13)
    steps.run(np.arange(53), 53, np.ones(1))  # outputs follow the parameters that moved
    steps.store()
    assert close(chain.trace(new, until=len(chain.functions) - 1)[-1], steps.outputs(new), 1e-13)
