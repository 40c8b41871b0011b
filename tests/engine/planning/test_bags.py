"""Sparse samples by the engine against the same steps by the textbook."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from llvmlite import binding
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import Panels
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.planning.kinds.sparse import rests_without_gradient
from chainrule.engine.running.steps import Steps, threads_for
from chainrule.training import SGD, AdaGrad, Adam, Plan, train
from engine.calls import OTHERS
from engine.running.test_steps import MAPS, OPTIMIZERS, both, by_the_engine, close


def documents(rng, n, tokens, *, most=9, dtype=np.float64, index=np.int32):
    """Return counts of tokens: columns unsorted, some twice in a row, and some rows empty."""
    lengths = rng.integers(0, most + 1, n)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(index)
    columns = rng.integers(0, tokens, starts[-1]).astype(index)
    values = rng.integers(1, 4, len(columns)).astype(dtype)
    return sparse.csr_array((values, columns, starts), shape=(n, tokens))


@dataclass(frozen=True)
class Fading(SGD):
    """A rule of a user's own, whose parameters shrink by themselves."""

    def rule(self, w, g, state, rate, step):
        """Return w and (v,) after a step."""
        return w - rate * (g + 0.3 * w), state


@st.composite
def networks(draw):
    """Draw a chain whose first function takes sparse samples, and samples for it."""
    size = st.integers(1, 40)
    firsts = [f.Linear, f.EmbeddingBag, lambda outputs: f.EmbeddingBag(outputs, mode="mean")]
    first, outputs = draw(st.sampled_from(firsts)), draw(size)
    functions = []
    for number in range(draw(st.integers(0, 2))):
        functions.append(f.Linear(draw(size)) if number else first(draw(size)))
        functions += draw(st.lists(st.sampled_from(MAPS), max_size=2))
    functions.append(f.Linear(outputs) if functions else first(outputs))
    n, tokens = draw(st.integers(1, 30)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X = documents(rng, n, tokens, index=draw(st.sampled_from([np.int32, np.int64])))
    if draw(st.booleans()):
        return functions, losses.Huber(0.5), X, rng.normal(size=(n, outputs))
    return [*functions, f.Softmax()], losses.CrossEntropy(), X, rng.integers(0, outputs, n)


@settings(max_examples=200, deadline=None)
@given(
    networks(),
    st.sampled_from([*OPTIMIZERS, Fading(0.1)]),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([None, None, 0.01, 1.0]),
    st.integers(1, 3),
    st.booleans(),
    st.data(),
)
def test_float64_agrees_to_twelve_digits(network, optimizer, l2, clip, threads, weighted, data):
    functions, loss, X, t = network
    rows = data.draw(st.integers(1, X.shape[0]))
    weights = np.random.default_rng(1).uniform(0.5, 2, X.shape[0]) if weighted else None
    chain = Chain(*functions).initialize(X, seed=1, dtype=np.float64)
    options = {"rows": rows, "l2": l2, "weights": weights, "clip": clip, "threads": threads}
    expected, end, found, moved = both(chain, loss, optimizer, X, t, **options)
    # All but SGD divide by √g²: where g is rounding alone, its sign is anybody's guess.
    tolerance = 1e-12 if isinstance(optimizer, SGD) else 1e-7
    assert abs(expected[0] - found[0]) <= 1e-12 * abs(expected[0])
    assert close(expected, found, tolerance)
    assert close(end, moved, tolerance)


def newsgroups_like(dtype, first=None):
    rng = np.random.default_rng(2)
    X, t = documents(rng, 53, 210, dtype=dtype), rng.integers(0, 11, 53)
    first = first or f.EmbeddingBag(150, mode="mean")
    chain = Chain(first, f.Dropout(0.25), f.Linear(11), f.Softmax())
    return chain.initialize(X, seed=3, dtype=dtype), losses.CrossEntropy(), X, t


def test_float32_agrees_to_its_rounding():
    chain, loss, X, t = newsgroups_like(np.float32)
    expected, end, found, moved = both(chain, loss, SGD(0.1), X, t, rows=17)
    assert close(expected, found, 1e-6)
    assert close(end, moved, 1e-6)


@pytest.mark.parametrize("optimizer", [SGD(0.5), Adam(0.01)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_on_any_number_of_threads(dtype, optimizer):
    results = []
    for threads in (1, 2, 3, 7):
        chain, loss, X, t = newsgroups_like(dtype)
        options = {"rows": 29, "steps": 5, "threads": threads}
        found, moved = by_the_engine(chain, loss, optimizer, X, t, **options)
        results.append((found.tobytes(), moved.tobytes()))
    assert len(set(results)) == 1


@pytest.mark.parametrize("optimizer", [SGD(0.5), Adam(0.01)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_on_other_processors(dtype, optimizer):
    binding.load_library_permanently("libm.so.6")
    results = []
    for kernels in (None, *(Library(dtype, target) for target in OTHERS.values())):
        chain, loss, X, t = newsgroups_like(dtype)
        options = {"rows": 29, "l2": 0.01, "kernels": kernels}
        found, moved = by_the_engine(chain, loss, optimizer, X, t, **options)
        results.append((found.tobytes(), moved.tobytes()))
    assert len(set(results)) == 1


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix])
def test_the_type_of_indices_changes_nothing(kind, index):
    chain, loss, X, t = newsgroups_like(np.float64)
    X = kind((X.data, X.indices.astype(index), X.indptr.astype(index)), shape=X.shape)
    _, end, _, moved = both(chain, loss, SGD(0.5), X, t, rows=20)
    assert close(end, moved, 1e-12)


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_a_bag_of_dense_counts(mode):
    chain, loss, X, t = newsgroups_like(np.float64, f.EmbeddingBag(21, mode=mode))
    expected, end, found, moved = both(chain, loss, SGD(0.5), X.toarray(), t, rows=20)
    assert close(expected, found, 1e-12)
    assert close(end, moved, 1e-12)


def test_optimizers_that_move_nothing_without_a_gradient():
    resting = [optimizer for optimizer in OPTIMIZERS if rests_without_gradient(optimizer)]
    assert resting == [SGD(0.1), AdaGrad(0.01)]
    assert not rests_without_gradient(Fading(0.1))


@pytest.mark.parametrize("trained_on", [sparse.csr_array, np.asarray])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 7, 1200])
def test_outputs_are_what_the_loss_sees(n, threads, trained_on):
    chain, loss, X, t = newsgroups_like(np.float64)
    X = X if trained_on is sparse.csr_array else X.toarray()
    steps = Steps(chain, loss, SGD(0.5), X, t, threads=threads)
    new = documents(np.random.default_rng(6), n, 210)
    for _ in range(2):
        expected = chain.trace(new, until=3)[-1]
        assert close(expected, steps.outputs(new), 1e-13)
        assert close(expected, steps.outputs(new.toarray()), 1e-13)
        steps.run(np.arange(53), 53, np.ones(1))  # outputs follow the parameters that moved
        steps.store()


@pytest.mark.parametrize(
    "first", [f.Linear(19), f.EmbeddingBag(19), f.EmbeddingBag(19, mode="mean")]
)
def test_the_listing_runs_with_numpy_alone_and_gives_the_same(first):
    chain, loss, X, t = newsgroups_like(np.float64, first)
    steps = Steps(chain, loss, Adam(0.01), X[:16], t[:16], l2=0.02, seed=9)
    namespace = {}
    exec(steps.listing(16), namespace)
    w = {name: array.copy() for name, array in chain.parameters.items()}
    state = {name: (np.zeros_like(array),) * 2 for name, array in w.items()}
    expected = [namespace["step"](X[:16], t[:16], None, w, state, 0.01, n) for n in (1, 2, 3)]
    found = steps.run(np.tile(np.arange(16), 3), 16, np.full(3, 0.01))
    steps.store()
    assert close(expected, found, 1e-14)
    assert all(close(w[name], chain.parameters[name], 1e-12) for name in w)


def test_the_listing_counts_what_sparse_samples_have():
    X = sparse.csr_array(np.eye(4, 1000))  # one number in each sample
    chain = Chain(f.EmbeddingBag(8, mode="mean")).initialize(X, dtype=np.float64)
    text = Steps(chain, losses.Huber(), SGD(0.1), X, np.zeros((4, 8))).listing(4)
    assert text.startswith("# 1000-8, batches of 4: 128 operations a step,")
    assert "bag = EmbeddingBag(dimensions=8, mode='mean')" in text
    assert "Z0 = X @ w['A0']                                    # Y[n,d] = X[n,p] A[p,d]" in text


def test_threads_are_as_many_as_sparse_samples_keep_busy():
    chain = Chain(f.Linear(16)).initialize((50_000,))
    assert threads_for(chain, losses.Huber(), 32, 8) == 8
    assert threads_for(chain, losses.Huber(), 32, 8, entries=30.0) == 1
    assert threads_for(chain, losses.Huber(), 1024, 8, entries=30.0) == 7
    assert threads_for(chain, losses.Huber(), 32, 8, entries=30.0, all_rows=True) == 8


def broken(what):
    X = sparse.csr_array(([1.0, 2.0, 3.0], [1, 0, 2], [0, 1, 3]), shape=(2, 4))
    if what == "too high":
        X.indices[2] = 4
    elif what == "negative":
        X.indices[1] = -1
    elif what == "a fall":
        X.indptr[:] = [0, 4, 3]
    elif what == "too long":
        X.indptr[2] = 9
    elif what == "too few":
        X.indptr = X.indptr[:2]
    return X


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("too high", "expected column numbers from 0 to 3 in X, got 4 in sample 1"),
        ("negative", "expected column numbers from 0 to 3 in X, got -1 in sample 1"),
        ("a fall", "expected row starts in X that rise from 0 to at most 3, .* a fall between"),
        ("too long", "expected row starts in X that rise from 0 to at most 3, .* got 0 to 9"),
        ("too few", "expected 3 row starts in X, got 2"),
    ],
)
def test_a_matrix_that_points_outside_is_refused(what, message):
    chain = Chain(f.EmbeddingBag(3)).initialize((4,), dtype=np.float64)
    t = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"EmbeddingBag\(3\): " + message):
        Steps(chain, losses.Huber(), SGD(0.1), broken(what), t)
    steps = Steps(chain, losses.Huber(), SGD(0.1), broken("nothing"), t)
    with pytest.raises(ValueError, match=r"EmbeddingBag\(3\): " + message):
        steps.outputs(broken(what))
    for engine in ("machine", "reference"):
        with pytest.raises(ValueError, match="train: " + message):
            train(chain, losses.Huber(), broken(what), t, Plan(epochs=1), engine=engine)


def test_sparse_samples_that_do_not_fit():
    chain = Chain(f.EmbeddingBag(3)).initialize((4,), dtype=np.float64)
    with pytest.raises(ValueError, match=r"EmbeddingBag\(3\): expected X with 4 features, got 5"):
        Steps(chain, losses.Huber(), SGD(0.1), sparse.csr_array((2, 5)), np.zeros((2, 3)))
    chain = Chain(f.Flatten(), f.Linear(3)).initialize((4,), dtype=np.float64)
    with pytest.raises(ValueError, match=r"Flatten\(\): expected a dense array, got a sparse"):
        Steps(chain, losses.Huber(), SGD(0.1), sparse.csr_array((2, 4)), np.zeros((2, 3)))


@pytest.mark.parametrize("before", [f.Flatten(), f.Linear(4)])
def test_a_bag_after_other_functions_is_named(before):
    chain = Chain(before, f.EmbeddingBag(3)).initialize((4,), dtype=np.float64)
    with pytest.raises(CannotLowerError, match=r"EmbeddingBag\(3\): .* in this place"):
        Steps(chain, losses.Huber(), SGD(0.1), np.zeros((2, 4)), np.zeros((2, 3)))


@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.01)])
def test_nothing_is_made_dense(optimizer):
    n, tokens = 20_000, 100_000
    X = documents(np.random.default_rng(8), n, tokens, dtype=np.float32)
    t = np.arange(n) % 7
    chain = Chain(f.EmbeddingBag(10), f.Linear(7), f.Softmax()).initialize(X)
    plan = Plan(optimizer, batch_size=4096, epochs=1)
    tracemalloc.start()
    history = train(chain, losses.CrossEntropy(), X, t, plan, validation=(X, t))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert history.engine == "machine"
    assert peak < 100e6  # X as a dense array would be 8,000e6, its batch 1,640e6


def test_rows_that_lie_as_a_whole():
    panels = Panels.by_rows(5, 19, np.float64)
    values = np.random.default_rng(0).normal(size=(5, 19))
    panels.write(values)
    np.testing.assert_array_equal(panels.read(), values)
    assert (panels.row_stride, panels.stride, panels.count) == (3 * 64, 64, 3)
    flat = panels.data.transpose(1, 0, 2).reshape(-1)
    assert flat[(panels.rows_at[3] + panels.columns[17]) // 8] == values[3, 17]
