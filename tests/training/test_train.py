import numpy as np
import pytest
from scipy import sparse

from chainrule import Chain, CrossEntropy, Dropout, Linear, MeanSquaredError, Softmax, Tanh
from chainrule.checking import finite_difference
from chainrule.functions import RandomKey
from chainrule.training import SGD, Adam, Cosine, Plan, train
from training.recorder import Recorder

N, FEATURES = 11, 3


@pytest.fixture
def data():
    rng = np.random.default_rng(9)
    return rng.normal(size=(N, FEATURES)), rng.normal(size=(N, 2))


def network(*more, dtype=np.float64, seed=4):
    chain = Chain(Linear(5), Tanh(), *more, Linear(2))
    return chain.initialize((FEATURES,), dtype=dtype, seed=seed)


def trained(data, plan, *more, **options):
    chain = network(*more)
    history = train(chain, MeanSquaredError(), *data, plan, **options)
    return chain.parameters.flat, history


def test_gradient_descent_is_the_loop_by_hand(data):
    chain = network()
    losses = []
    for _ in range(6):
        value, gradient = chain.gradient(MeanSquaredError(), *data)
        losses.append(value)
        chain.parameters.flat[...] -= 0.2 * gradient.flat
    plan = Plan(SGD(0.2), batch_size=None, epochs=6)
    flat, history = trained(data, plan, engine="reference")
    np.testing.assert_array_equal(flat, chain.parameters.flat)
    assert history.losses == pytest.approx(losses, rel=1e-14)
    assert (history.end, history.kept, len(history.epochs)) == ("epochs", 6, 6)


@pytest.mark.parametrize("batch_size", [None, N, N + 1, 1000])
def test_gradient_descent_does_not_depend_on_the_order_of_samples(data, batch_size):
    order = np.random.default_rng(1).permutation(N)
    plan = Plan(SGD(0.2), batch_size=batch_size, epochs=6)
    one, _ = trained(data, plan)
    other, _ = trained((data[0][order], data[1][order]), plan)
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_batches_are_the_loop_by_hand_and_a_short_one_counts_less(data):
    chain, recorder = network(), Recorder()
    means = []
    for _ in range(3):
        total = 0.0
        for rows in (slice(0, 4), slice(4, 8), slice(8, 11)):
            value, gradient = chain.gradient(MeanSquaredError(), data[0][rows], data[1][rows])
            chain.parameters.flat[...] -= 0.2 * gradient.flat
            total += value * len(data[0][rows])
        means.append(total / N)
    plan = Plan(SGD(0.2), batch_size=4, epochs=3, shuffle=False)
    flat, history = trained(data, plan, reporter=recorder, engine="reference")
    np.testing.assert_array_equal(flat, chain.parameters.flat)
    np.testing.assert_allclose(history.losses, means, rtol=1e-14)
    assert [samples for samples, _ in recorder.steps] == [4, 4, 3] * 3
    assert recorder.starts == [(3, N)]
    assert recorder.epochs == history.epochs
    assert recorder.histories == [history]


def test_without_moving_every_epoch_has_the_loss_of_the_whole_set(data):
    chain = network()
    weights = np.random.default_rng(2).uniform(0.1, 5, N)
    for given in (None, weights):
        expected = chain.loss(MeanSquaredError(), *data, given)
        plan = Plan(SGD(0.0), batch_size=4, epochs=2)
        history = train(chain, MeanSquaredError(), *data, plan, sample_weight=given)
        np.testing.assert_allclose(history.losses, expected, rtol=1e-13)


def test_each_epoch_sees_every_sample_once_in_an_order_of_its_own():
    class Watched(CrossEntropy):
        seen = []  # noqa: RUF012 (one test)

        def value_and_gradient(self, Y, t, sample_weight=None):
            self.seen.append(t.argmax(axis=1))
            return super().value_and_gradient(Y, t, sample_weight)

    # One class for each sample tells which ones a batch has.
    X, t = np.eye(N), np.eye(N)
    plan = Plan(SGD(0.01), batch_size=4, epochs=3)
    train(Chain(Linear(N), Softmax()), Watched(), X, t, plan)
    assert [len(rows) for rows in Watched.seen] == [4, 4, 3] * 3
    orders = np.concatenate(Watched.seen).reshape(3, N)
    assert np.all(np.sort(orders, axis=1) == np.arange(N))
    assert len({tuple(order) for order in orders} | {tuple(range(N))}) == 4


@pytest.mark.parametrize("more", [(), (Dropout(0.4),)], ids=["", "dropout"])
def test_the_same_seed_gives_the_same_bits_and_another_other_ones(data, more):
    paths = [
        trained(data, Plan(Adam(0.02), Cosine(), batch_size=4, epochs=3, seed=seed), *more)[0]
        for seed in (7, 7, 8)
    ]
    assert paths[0].tobytes() == paths[1].tobytes()
    assert np.all(paths[0] != paths[2])


def test_a_chain_without_parameters_starts_from_the_seed(data):
    starts = []
    for seed in (3, 3, 4):
        chain = Chain(Linear(5), Tanh(), Linear(2))
        train(chain, MeanSquaredError(), *data, Plan(SGD(0.0), epochs=1, seed=seed))
        starts.append(chain.parameters.flat)
    assert chain.dtype == np.float32
    np.testing.assert_array_equal(starts[0], starts[1])
    np.testing.assert_array_equal(starts[0], network(seed=3, dtype=np.float32).parameters.flat)
    assert np.any(starts[0] != starts[2])


def test_training_goes_on_from_the_parameters_there_are(data):
    chain = network()
    for _ in range(2):
        train(chain, MeanSquaredError(), *data, Plan(SGD(0.1), batch_size=None, epochs=3))
    whole, _ = trained(data, Plan(SGD(0.1), batch_size=None, epochs=6))
    np.testing.assert_array_equal(chain.parameters.flat, whole)


def test_the_penalty_and_its_gradient(data):
    chain, strength = network(), 0.3
    chain.parameters["b0"][...] = 2.0  # must not count

    def penalized(flat):
        moved = chain.astype(np.float64)
        moved.parameters.flat[...] = flat
        squares = sum(np.sum(moved.parameters[name] ** 2) for name in ("W0", "W1"))
        return moved.loss(MeanSquaredError(), *data) + strength / 2 * squares

    before = chain.parameters.flat.copy()
    expected = finite_difference(penalized, before)
    history = train(
        chain, MeanSquaredError(), *data, Plan(SGD(1.0), batch_size=None, epochs=1, l2=strength)
    )
    np.testing.assert_allclose(before - chain.parameters.flat, expected, rtol=1e-8, atol=1e-9)
    assert history.losses == pytest.approx([penalized(before)], rel=1e-13)


def test_whole_weights_repeat_samples(data):
    counts = np.array([2, 0, 1, 3, 1, 0, 0, 1, 2, 1, 1])
    repeated = (data[0].repeat(counts, axis=0), data[1].repeat(counts, axis=0))
    plan = Plan(SGD(0.2), batch_size=None, epochs=5, l2=0.1)
    one, history = trained(data, plan, sample_weight=counts)
    other, expected = trained(repeated, plan)
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(history.losses, expected.losses, rtol=1e-12)


def test_samples_of_weight_zero_are_left_out_before_batches_are_made(data):
    weights, kept = np.array([0.0] * 6 + [1.0] * 5), slice(6, None)
    plan, recorder = Plan(SGD(0.2), batch_size=2, epochs=4), Recorder()
    one, _ = trained(data, plan, sample_weight=weights, reporter=recorder)
    other, _ = trained((data[0][kept], data[1][kept]), plan)
    np.testing.assert_allclose(one, other, rtol=1e-13)
    assert recorder.starts == [(4, 5)]


def test_dropout_draws_the_mask_of_its_step(data):
    chain = network(Dropout(0.4))
    for step in range(5):
        _, gradient = chain.gradient(MeanSquaredError(), *data, key=RandomKey(6, step))
        chain.parameters.flat[...] -= 0.2 * gradient.flat
    plan = Plan(SGD(0.2), batch_size=None, epochs=5, seed=6)
    flat, _ = trained(data, plan, Dropout(0.4), engine="reference")
    np.testing.assert_array_equal(flat, chain.parameters.flat)
    plain, _ = trained(data, plan)
    assert np.abs(plain - flat).max() > 1e-3
    np.testing.assert_array_equal(chain.forward(data[0]), chain.forward(data[0]))


@pytest.mark.parametrize("layout", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_a_sparse_x_trains_to_the_same_numbers(data, layout):
    X = np.where(np.random.default_rng(3).random((N, FEATURES)) < 0.5, 0, data[0])
    plan = Plan(SGD(0.2), batch_size=4, epochs=4)
    one, history = trained((layout(X), data[1]), plan, validation=(layout(X), data[1]))
    other, expected = trained((X, data[1]), plan, validation=(X, data[1]))
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(history.losses, expected.losses, rtol=1e-12)


def test_single_precision_stays_single_and_close_to_double(data):
    chains = [network(dtype=dtype) for dtype in (np.float32, np.float64)]
    chains[1].parameters.flat[...] = chains[0].parameters.flat
    for chain in chains:
        train(chain, MeanSquaredError(), *data, Plan(Adam(0.01), Cosine(), 4, epochs=5, l2=0.01))
    assert chains[0].parameters.flat.dtype == np.float32
    np.testing.assert_allclose(chains[0].parameters.flat, chains[1].parameters.flat, atol=1e-4)
