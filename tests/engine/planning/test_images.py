"""Convolutional networks by the engine against the textbook."""

import numpy as np
import pytest
from hypothesis import given, reject, settings, strategies as st
from llvmlite import binding

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.kernels.library import Library
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.network.windows import phases
from chainrule.engine.running.steps import Steps
from chainrule.functions.sliding import Axis
from chainrule.training import SGD, Adam
from engine.calls import OTHERS
from engine.running.test_steps import both, by_the_engine, close

MAPS = [f.ReLU(), f.LeakyReLU(0.1), f.ELU(), f.GELU(), f.SiLU(), f.Tanh(), f.Softplus()]

DROPOUTS = [f.Dropout(0.3), f.Dropout(0.0)]


@st.composite
def windows(draw):
    """Draw a convolution or a pool that sees something of 5 × 6 pixels or more."""
    one_or_two = st.integers(1, 2)
    pairs = st.tuples(one_or_two, one_or_two)
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = draw(st.sampled_from(["valid", "same", 0, (1, 0)]))
    stride = draw(pairs)
    kind = draw(st.sampled_from(["conv", "conv", "conv", "max", "average"]))
    if kind == "conv":
        groups = draw(one_or_two)
        options = {"stride": stride, "padding": padding, "groups": groups}
        dilation = draw(st.sampled_from([1, 1, (1, 2)]))
        channels = 2 * draw(st.integers(1, 3))
        return f.Conv2d(channels, size, **options, dilation=dilation, bias=draw(st.booleans()))
    if padding == (1, 0) and size[0] == 1:
        padding = 0
    kinds = {"max": f.MaxPool2d, "average": f.AvgPool2d}
    return kinds[kind](size, stride, padding)


@st.composite
def networks(draw):
    """Draw the functions of a convolutional network, and the shape of its images."""
    functions = draw(st.sampled_from([[], [], [f.Tanh()], [f.Dropout(0.2), f.ELU()]]))
    for _ in range(draw(st.integers(1, 3))):
        functions = [*functions, draw(windows())]
        functions += draw(st.lists(st.sampled_from([*MAPS, *DROPOUTS]), max_size=2))
    functions.append(f.Flatten())
    if draw(st.booleans()):
        functions += [f.Linear(draw(st.integers(1, 20))), draw(st.sampled_from(MAPS))]
    return functions, (draw(st.sampled_from([2, 4])), *draw(st.sampled_from([(5, 6), (8, 7)])))


@settings(max_examples=120, deadline=None)
@given(
    networks(),
    st.integers(1, 20),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([None, None, 0.1, 10.0]),
    st.integers(0, 2**32),
)
def test_float64_agrees_to_twelve_digits(network, rows, threads, l2, clip, seed):
    functions, shape = network
    rng = np.random.default_rng(seed)
    X, t = rng.normal(size=(20, *shape)), rng.integers(0, 3, 20)
    chain = Chain(*functions, f.Linear(3), f.Softmax())
    try:
        chain.initialize(X, seed=1, dtype=np.float64)
    except ValueError:
        reject()  # nothing is left of the images
    options = {"rows": rows, "l2": l2, "clip": clip, "threads": threads, "steps": 2}
    expected, end, found, moved = both(chain, losses.CrossEntropy(), SGD(0.05), X, t, **options)
    assert close(expected, found, 1e-12)
    assert close(end, moved, 1e-12)


@st.composite
def many_channels(draw):
    """Draw two convolutions of 3 × 3 taps whose channels are enough to be transformed."""
    paddings = st.sampled_from(["valid", "same", 0, 1, 2, (1, 0), (3, 4)])
    groups = draw(st.sampled_from([1, 2]))
    first = f.Conv2d(draw(st.sampled_from([16, 18])) * groups, padding=draw(paddings))
    options = {"padding": draw(paddings), "groups": groups, "bias": draw(st.booleans())}
    functions = [first, *draw(st.lists(st.sampled_from([*MAPS, *DROPOUTS]), max_size=2))]
    functions.append(f.Conv2d(draw(st.sampled_from([16, 17])) * groups, **options))
    functions += draw(st.lists(st.sampled_from([*MAPS, *DROPOUTS]), max_size=2))
    functions += draw(st.sampled_from([[], [f.MaxPool2d(2)], [f.AvgPool2d(2, stride=1)]]))
    return functions, (draw(st.sampled_from([1, 16])), *draw(st.sampled_from([(7, 6), (6, 15)])))


@settings(max_examples=25, deadline=None)
@given(many_channels(), st.integers(1, 12), st.integers(1, 3), st.integers(0, 2**32))
def test_transformed_convolutions_agree_to_twelve_digits(network, rows, threads, seed):
    functions, shape = network
    rng = np.random.default_rng(seed)
    X, t = rng.normal(size=(12, *shape)), rng.integers(0, 3, 12)
    chain = Chain(*functions, f.Flatten(), f.Linear(3), f.Softmax())
    chain.initialize(X, seed=1, dtype=np.float64)
    options = {"rows": rows, "threads": threads, "steps": 2}
    expected, end, found, moved = both(chain, losses.CrossEntropy(), SGD(0.05), X, t, **options)
    assert close(expected, found, 1e-12)
    assert close(end, moved, 1e-12)


def small(dtype=np.float64):
    rng = np.random.default_rng(2)
    X, t = rng.normal(size=(41, 2, 9, 8)).astype(dtype), rng.integers(0, 5, 41)
    functions = [f.Conv2d(6, padding=1), f.ReLU(), f.MaxPool2d(2), f.Dropout(0.2)]
    functions += [f.Conv2d(5, size=2), f.Tanh(), f.Dropout(0.1), f.Flatten(), f.Linear(20)]
    chain = Chain(*functions, f.ReLU(), f.Dropout(0.2), f.Linear(5), f.Softmax())
    chain.initialize(X, seed=3, dtype=dtype)
    return chain, losses.CrossEntropy(), Adam(0.01), X, t


def wide(dtype=np.float64):
    """Return what small returns, with channels enough for Winograd's transforms."""
    rng = np.random.default_rng(4)
    X, t = rng.normal(size=(41, 2, 9, 8)).astype(dtype), rng.integers(0, 5, 41)
    functions = [f.Conv2d(18, padding=1), f.GELU(), f.Conv2d(17, padding=1), f.ReLU()]
    functions += [f.MaxPool2d(2), f.Dropout(0.2), f.Conv2d(16), f.Tanh(), f.Flatten()]
    chain = Chain(*functions, f.Linear(5), f.Softmax()).initialize(X, seed=3, dtype=dtype)
    return chain, losses.CrossEntropy(), Adam(0.01), X, t


@pytest.mark.parametrize(("network", "clip"), [(small, None), (small, 0.1), (wide, None)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_on_any_number_of_threads(network, dtype, clip):
    results = []
    for threads in (1, 2, 3, 7):
        chain, *rest = network(dtype)
        found, moved = by_the_engine(chain, *rest, rows=37, l2=0.01, clip=clip, threads=threads)
        results.append((found.tobytes(), moved.tobytes()))
    assert len(set(results)) == 1


@pytest.mark.parametrize("network", [small, wide])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_on_other_processors(network, dtype):
    binding.load_library_permanently("libm.so.6")
    results = []
    for kernels in (None, *(Library(dtype, target) for target in OTHERS.values())):
        chain, *rest = network(dtype)
        found, moved = by_the_engine(chain, *rest, rows=18, l2=0.01, kernels=kernels)
        results.append((found.tobytes(), moved.tobytes()))
    assert len(set(results)) == 1


@pytest.mark.parametrize("network", [small, wide])
def test_float32_agrees_to_its_rounding(network):
    chain, loss, _, X, t = network(np.float32)
    expected, end, found, moved = both(chain, loss, SGD(0.05), X, t, rows=16)
    assert close(expected, found, 1e-6)
    assert close(end, moved, 1e-6)


@pytest.mark.parametrize("n", [1, 40, 700])
@pytest.mark.parametrize("threads", [1, 3])
def test_outputs_are_what_the_loss_sees(n, threads):
    chain, loss, optimizer, X, t = small()
    steps = Steps(chain, loss, optimizer, X, t, threads=threads)
    new = np.random.default_rng(6).normal(size=(n, 2, 9, 8))
    expected = chain.trace(new, until=len(chain.functions) - 1)[-1]  # prediction draws no mask
    assert close(expected, steps.outputs(new), 1e-13)


def test_what_the_last_tile_is_filled_with_counts_for_nothing():
    chain, loss, _, X, t = small()
    X[0] = 1e30  # the first sample of a batch fills the tile
    chain.parameters["b1"][...] = 0.5
    expected, end, found, moved = both(chain, loss, SGD(0.01), X, t, rows=17, steps=1)
    assert close(expected, found, 1e-12)
    assert close(end, moved, 1e-12)


def test_of_equal_maxima_the_first_takes_the_gradient():
    X, t = np.ones((3, 1, 4, 4)), np.array([0.0, 1, 2])
    chain = Chain(f.Conv2d(2, size=1), f.MaxPool2d(2), f.Flatten(), f.Linear(1))
    chain.initialize(X, seed=1, dtype=np.float64)
    expected, end, found, moved = both(chain, losses.MeanSquaredError(), SGD(0.1), X, t, rows=3)
    assert close(expected, found, 1e-13)
    assert close(end, moved, 1e-13)


@pytest.mark.parametrize("clip", [None, 0.1])
def test_the_listing_runs_with_numpy_alone_and_gives_the_same(clip):
    chain, loss, optimizer, X, t = small()
    steps = Steps(chain, loss, optimizer, X, t, l2=0.02, clip=clip, seed=9)
    namespace = {}
    exec(steps.listing(16), namespace)
    w = {name: array.copy() for name, array in chain.parameters.items()}
    state = {name: (np.zeros_like(array),) * 2 for name, array in w.items()}
    batch = X[:16], t[:16], None
    expected = [namespace["step"](*batch, w, state, 0.01, n) for n in (1, 2, 3)]
    found = steps.run(np.tile(np.arange(16), 3), 16, np.full(3, 0.01))
    steps.store()
    assert close(expected, found, 1e-13)
    assert all(close(w[name], chain.parameters[name], 1e-10) for name in w)


@pytest.mark.parametrize("axis", [Axis(3, 2, 1, 1), Axis(2, 3, 2, 0), Axis(4, 1, 1, None)])
def test_phases_name_every_window_that_sees_a_pixel(axis):
    size = 11
    seen = {
        (phase.first + axis.stride * step, u, window + step)
        for phase in phases(axis, size)
        for u, window in phase.taps
        for step in range(phase.count)
    }
    count = axis.length(size, "a window")
    taps = {
        (axis.stride * i + axis.dilation * u - axis.before(size), u, i)
        for i in range(count)
        for u in range(axis.size)
    }
    inside = {place for place in taps if 0 <= place[0] < size}
    assert {place for place in seen if 0 <= place[2] < count} == inside


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ([f.Conv2d(2), f.Flatten(), f.Softmax(), f.Linear(2)], r"Softmax\(\): .* in this place"),
        ([f.Conv2d(2), f.Flatten()], "expects a Linear"),
    ],
)
def test_what_the_engine_cannot_lower_is_named(functions, message):
    chain = Chain(*functions).initialize((1, 5, 5), dtype=np.float64)
    with pytest.raises(CannotLowerError, match=message):
        Steps(chain, losses.MeanSquaredError(), SGD(0.1), np.zeros((2, 1, 5, 5)), np.zeros((2, 2)))
