"""Samples that are read window by window: their order, by plain NumPy, and what goes wrong."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import sparse

from chainrule import (
    AdaGrad,
    Adam,
    Chain,
    CrossEntropy,
    Dropout,
    EmbeddingBag,
    Linear,
    MeanSquaredError,
    Noise,
    Plan,
    ReLU,
    Softmax,
    Tanh,
    TrainingDivergedError,
    random,
    train,
)
from chainrule.training import SGD
from chainrule.training.identity import described_data
from chainrule.training.loop import train_blocks
from chainrule.training.ranks import OneProcess
from chainrule.training.samples import Samples
from chainrule.training.shards import WindowShards
from chainrule.training.windows import WindowedSamples

SIZES = (40, 7, 100, 1, 62, 33)  # 243 samples
FEATURES = 5


@dataclass
class Blocks:
    """Samples in memory as blocks of sizes, in pieces of a few."""

    X: np.ndarray
    t: np.ndarray
    weights: np.ndarray | None = None
    sizes: tuple[int, ...] = SIZES
    pieces: int = 17
    reads: list[int] = field(default_factory=list)

    def read(self, block):
        self.reads.append(block)
        first = sum(self.sizes[:block])
        for start in range(first, first + self.sizes[block], self.pieces):
            rows = slice(start, min(start + self.pieces, first + self.sizes[block]))
            yield Samples(self.X, self.t, self.weights).at(rows)

    def place(self, block, sample):
        return f"row {sample} of block {block}"

    def identity(self):
        return {name: described_data(getattr(self, name)) for name in ("X", "t", "weights")}


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    n = sum(SIZES)
    return rng.normal(size=(n, FEATURES)).astype(np.float32), rng.integers(0, 3, n)


def network(dtype=np.float32, last=True):
    functions = [Linear(8), ReLU(), Linear(3), *([Softmax()] if last else [])]
    return Chain(*functions).initialize((FEATURES,), seed=4, dtype=dtype)


def row_by_hand(epoch, seed, shuffle):
    """Return all samples in the order of an epoch's blocks."""
    first = np.concatenate([[0], np.cumsum(SIZES)])
    blocks = np.arange(len(SIZES))
    if shuffle:
        blocks = random.permutation(len(SIZES), seed, random.Stream.BLOCKS, epoch)
    return np.concatenate([np.arange(first[b], first[b + 1]) for b in blocks])


def order_by_hand(epoch, seed, window, shuffle=True):
    """Return the order of all samples in an epoch."""
    row, order = row_by_hand(epoch, seed, shuffle), []
    for number, start in enumerate(range(0, len(row), window)):
        rows = row[start : start + window]
        if shuffle:
            place = random.permutation(len(rows), seed, random.Stream.SHUFFLING, epoch, number)
            rows = rows[place]
        order.append(rows)
    return np.concatenate(order)


def order_of_shards(epoch, seed, window, batch, count, shuffle):
    """Return the same order cut into shards, window by window and batch by batch."""

    def cuts(samples):
        return np.array([samples * k // count for k in range(count + 1)])

    row, order = row_by_hand(epoch, seed, shuffle), []
    sizes = [min(batch, len(row) - start) for start in range(0, len(row), batch)]
    bounds = sum(map(cuts, sizes))
    parts = [row[bounds[k] : bounds[k + 1]].tolist() for k in range(count)]
    for number, start in enumerate(range(0, len(sizes), window // batch)):
        here = sizes[start : start + window // batch]
        own = []
        for k, part in enumerate(parts):
            taken = sum(np.diff(cuts(size))[k] for size in here)
            rows, part[:taken] = part[:taken], []
            place = random.Stream.SHUFFLING, epoch, number * count + k + 1
            drawn = random.permutation(taken, seed, *place) if shuffle else range(taken)
            own.append([rows[place] for place in drawn])
        for size in here:
            for rows, m in zip(own, np.diff(cuts(size)), strict=True):
                order += rows[:m]
                del rows[:m]
    return np.array(order)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("batch", "count"), [(16, 8), (14, 8), (7, 4)])
def test_the_order_of_shards_is_the_stated_one(data, batch, count, shuffle):
    X, t = data
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    streamed, known = network(np.float64), network(np.float64)
    plan = {"batch_size": batch, "epochs": 2, "seed": 9}
    history = train_blocks(
        streamed,
        CrossEntropy(),
        Blocks(X, t, weights),
        Plan(SGD(0.05), shuffle=shuffle, shards=count, **plan),
        window_rows=70,
    )
    window = 70 // batch * batch
    by_hand = Plan(
        SGD(0.05),
        shuffle=lambda n, epoch: order_of_shards(epoch, 9, window, batch, count, shuffle),
        **plan,
    )
    assert sorted(by_hand.shuffle(243, 1)) == list(range(243))
    options = {"sample_weight": weights, "engine": "reference"}
    expected = train(known, CrossEntropy(), X, t, by_hand, **options)
    np.testing.assert_allclose(streamed.parameters.flat, known.parameters.flat, rtol=1e-10)
    np.testing.assert_allclose(history.losses, expected.losses, rtol=1e-12)


@given(st.integers(1, 400), st.integers(1, 40), st.integers(1, 4), st.sampled_from([1, 2, 4, 8]))
def test_each_part_of_a_window_has_a_place_of_its_own(samples, batch, batches, count):
    window = batch * batches
    shards = WindowShards(samples, count, min(batch, samples), window)
    found = np.zeros(count, int)
    for number in range(-(-samples // window)):
        for half in (0, 1):
            seen = np.zeros(shards.in_memory[-1], int)
            for part, place in enumerate(shards.places(number, half)):
                assert shards.in_memory[part] <= place.start
                assert place.stop <= shards.in_memory[part + 1]
                seen[place] += 1
            assert seen.max() == 1
        found += [place.stop - place.start for place in shards.places(number, 0)]
    assert np.array_equal(found, np.diff(shards.bounds))


class OneOf(OneProcess):
    """A process that others are like."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def gather(self, value):
        """Return the value of each."""
        return [value] * self.size


def test_a_process_reads_the_blocks_of_its_own_parts(data):
    sizes, plan = (9,) * 27, Plan(batch_size=16, epochs=1, seed=1)
    order = random.permutation(27, 1, random.Stream.BLOCKS, 1).tolist()
    for rank in range(4):
        blocks = Blocks(*data, sizes=sizes)
        windows = WindowedSamples(
            blocks, plan, np.dtype("f4"), 64, lambda samples: None, shards=8, ranks=OneOf(rank, 4)
        )
        for _ in windows.slices(1, Unmoved()):
            pass
        windows.close()
        first, last = (windows.shards.bounds[[2 * rank, 2 * rank + 2]] - [0, 1]) // 9
        expected = order[first : last + 1]
        assert set(blocks.reads) == {order[0], *expected}
        assert len(blocks.reads) <= len(expected) + 2  # the first samples, and where parts meet


class Unmoved:
    """Takes no steps."""

    def renew(self, rows, X=None):
        """Do nothing."""

    def leave_room(self, busy):
        """Do nothing."""

    def at_once(self, size):
        """Return 1."""
        return 1


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_the_order_is_the_stated_one(data, engine, shuffle):
    X, t = data
    plan = Plan(Adam(0.01), batch_size=16, epochs=3, seed=9, shuffle=shuffle)
    streamed, known = network(), network()
    history = train_blocks(
        streamed, CrossEntropy(), Blocks(X, t), plan, window_rows=70, engine=engine
    )
    by_hand = Plan(
        Adam(0.01),
        batch_size=16,
        epochs=3,
        seed=9,
        shuffle=lambda n, epoch: order_by_hand(epoch, 9, 64, shuffle),
    )
    expected = train(known, CrossEntropy(), X, t, by_hand, engine=engine)
    np.testing.assert_array_equal(streamed.parameters.flat, known.parameters.flat)
    assert history.losses == expected.losses
    assert history.engine == engine


def test_what_fits_into_a_window_has_the_bits_of_training_in_memory(data):
    plan = Plan(Adam(0.01), batch_size=16, epochs=3, seed=9)
    streamed, known = network(), network()
    blocks = Blocks(*data)
    train_blocks(streamed, CrossEntropy(), blocks, plan, window_rows=len(data[0]))
    train(known, CrossEntropy(), *data, plan)
    np.testing.assert_array_equal(streamed.parameters.flat, known.parameters.flat)
    assert blocks.reads == [0, 1, 2, 3, 4, 5]  # once


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("pieces", [1, 243])
def test_neither_threads_nor_pieces_change_a_bit(data, threads, pieces):
    plan = Plan(Adam(0.01), batch_size=10, epochs=2, seed=1)
    chains = network(), network()
    for chain, size, count in zip(chains, (17, pieces), (1, threads), strict=True):
        blocks = Blocks(*data, pieces=size)
        train_blocks(
            chain, CrossEntropy(), blocks, plan, window_rows=50, threads=count, engine="machine"
        )
    np.testing.assert_array_equal(chains[0].parameters.flat, chains[1].parameters.flat)


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_and_weights_of_each_window_are_taken(data, engine, dtype):
    X = data[0].astype(dtype)
    rng = np.random.default_rng(0)
    t, weights = rng.normal(size=(len(X), 3)), rng.uniform(0.5, 2, len(X))
    plan = Plan(SGD(0.05), batch_size=25, epochs=3, seed=2)
    streamed, known = network(dtype, last=False), network(dtype, last=False)
    history = train_blocks(
        streamed, MeanSquaredError(), Blocks(X, t, weights), plan, window_rows=75, engine=engine
    )
    by_hand = Plan(
        SGD(0.05), batch_size=25, epochs=3, seed=2, shuffle=lambda n, e: order_by_hand(e, 2, 75)
    )
    expected = train(known, MeanSquaredError(), X, t, by_hand, sample_weight=weights, engine=engine)
    np.testing.assert_array_equal(streamed.parameters.flat, known.parameters.flat)
    assert history.losses == expected.losses


def test_dropout_goes_on_from_window_to_window(data):
    def trained(**options):
        chain = Chain(Linear(8), Tanh(), Dropout(0.5), Linear(3), Softmax())
        chain.initialize((FEATURES,), seed=4, dtype=np.float32)
        plan = Plan(batch_size=20, epochs=2, seed=5, **options)
        if options:
            train(chain, CrossEntropy(), *data, plan)
        else:
            train_blocks(chain, CrossEntropy(), Blocks(*data), plan, window_rows=60)
        return chain.parameters.flat

    by_hand = trained(shuffle=lambda n, epoch: order_by_hand(epoch, 5, 60))
    np.testing.assert_array_equal(trained(), by_hand)


def test_augmentation_changes_each_window_by_its_place_in_the_epoch(data):
    class Seen(Noise):
        """Noise that notes what it is given."""

        def apply(self, X, words):
            seen.append((X.copy(), words.copy()))
            return super().apply(X, words)

    seen = []
    plan = Plan(batch_size=20, epochs=2, seed=5, augmentation=(Seen(0.5),))
    train_blocks(network(), CrossEntropy(), Blocks(*data), plan, window_rows=100)
    first = np.concatenate([[0], np.cumsum(SIZES)])
    expected = []
    for epoch in (1, 2):
        blocks = random.permutation(len(SIZES), 5, random.Stream.BLOCKS, epoch)
        row = np.concatenate([np.arange(first[b], first[b + 1]) for b in blocks])
        for window, start in enumerate(range(0, len(row), 100)):
            rows = row[start : start + 100]
            drawn = random.words(len(rows) * 2, 5, random.Stream.AUGMENTATION, epoch, window)
            expected.append((data[0][rows], drawn.reshape(-1, 2)))
    assert len(seen) == len(expected)
    for (X, words), (rows, drawn) in zip(seen, expected, strict=True):
        np.testing.assert_array_equal(X, rows)
        np.testing.assert_array_equal(words, drawn)


def test_a_network_learns_from_windows(data):
    X, _ = data
    t = X[:, :3].argmax(axis=1)
    chain = network()
    plan = Plan(Adam(0.02), batch_size=16, epochs=60)
    train_blocks(chain, CrossEntropy(), Blocks(X, t), plan, window_rows=64)
    assert (chain.forward(X).argmax(axis=1) == t).mean() > 0.95


def test_a_validation_set_ends_training_and_its_best_epoch_is_kept(data):
    X, t = data
    plan = Plan(Adam(0.01), batch_size=16, epochs=4, seed=9)
    chain = network()
    history = train_blocks(
        chain, CrossEntropy(), Blocks(X, t), plan, window_rows=64, validation=(X[:50], t[:50])
    )
    kept = history.epochs[history.kept - 1].validation_loss
    assert chain.loss(CrossEntropy(), X[:50], t[:50]) == pytest.approx(kept, rel=1e-5)


def test_a_number_that_is_none_is_found_before_its_window_is_trained_on(data):
    X, t = data
    X[150, 2] = np.nan  # row 3 of block 4
    with pytest.raises(
        ValueError, match=r"finite X, got nan in sample 2 at \(2\); sample 0 is row 0 of block 4"
    ):
        train_blocks(network(), CrossEntropy(), Blocks(X, t), Plan(epochs=1), window_rows=64)


def test_a_target_of_no_class_is_found(data):
    X, t = data
    t[-1] = 3
    with pytest.raises(ValueError, match=r"row 17 of block 5$"):
        train_blocks(network(), CrossEntropy(), Blocks(X, t), Plan(epochs=1), window_rows=64)


def test_weights_of_0_are_refused(data):
    weights = np.ones(len(data[0]))
    weights[3] = 0
    with pytest.raises(ValueError, match=r"weights > 0 .* got 0 in sample 3; leave such samples"):
        train_blocks(
            network(),
            CrossEntropy(),
            Blocks(*data, weights),
            Plan(epochs=1),
            window_rows=64,
        )


def test_a_number_beyond_float32_is_found(data):
    X, t = data[0].astype(np.float64), data[1]
    X[0, 0] = 1e39
    with pytest.raises(ValueError, match=r"within ±3.4e\+38 for float32, got 1e\+39 in sample 0"):
        train_blocks(network(), CrossEntropy(), Blocks(X, t), Plan(epochs=1), window_rows=64)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(batch_size=None), "a batch_size of at most a window's rows, 64, got all samples"),
        (Plan(batch_size=65), "a batch_size of at most a window's rows, 64, got 65"),
        (Plan(shuffle=lambda n, epoch: np.arange(n)), "expected shuffle True or False"),
    ],
)
def test_plans_that_need_all_samples_are_refused(data, plan, message):
    with pytest.raises(ValueError, match=message):
        train_blocks(network(), CrossEntropy(), Blocks(*data), plan, window_rows=64)


def test_a_file_that_has_changed_is_noticed(data):
    blocks = Blocks(*data)
    whole = blocks.read
    blocks.read = lambda block: (piece.at(slice(0, 5)) for piece in whole(block))
    with pytest.raises(ValueError, match=r"expected .* samples in block .* its file has changed"):
        train_blocks(network(), CrossEntropy(), blocks, Plan(epochs=1), window_rows=64)


def test_a_training_that_diverges_ends_its_reader(data):
    import threading

    X = data[0].astype(np.float32) * 1e30
    with pytest.raises(TrainingDivergedError), np.errstate(all="ignore"):
        train_blocks(
            network(last=False),
            MeanSquaredError(),
            Blocks(X, X[:, :3].copy()),
            Plan(SGD(1.0), batch_size=8),
            window_rows=64,
        )
    assert not [t for t in threading.enumerate() if t.name.startswith("chainrule-reader")]


@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_a_training_goes_on_from_the_midst_of_a_window(data, tmp_path, engine):
    def trained(path=None, **options):
        chain = network()
        plan = Plan(Adam(0.01), batch_size=8, epochs=3, seed=2, **options)
        train_blocks(
            chain,
            CrossEntropy(),
            Blocks(*data),
            plan,
            window_rows=64,
            engine=engine,
            checkpoint=path,
        )
        return chain.parameters.flat

    path = tmp_path / "t.checkpoint"
    for _ in range(40):  # each takes a slice of batches, as its time is over then
        cut = trained(path, max_seconds=1e-9)
    gone_on = trained(path)
    assert (cut != gone_on).any()
    np.testing.assert_array_equal(gone_on, trained())


def test_a_checkpoint_is_of_its_blocks(data, tmp_path):
    path = tmp_path / "t.checkpoint"
    plan = Plan(batch_size=8, epochs=1)
    options = {"window_rows": 64, "checkpoint": path}
    train_blocks(network(), CrossEntropy(), Blocks(*data), plan, **options)
    other = Blocks(*data, sizes=(47, *SIZES[2:]))
    with pytest.raises(ValueError, match="sizes of blocks"):
        train_blocks(network(), CrossEntropy(), other, plan, **options)


@dataclass
class SparseBlocks(Blocks):
    """The same of sparse samples, some without an entry, of very different lengths."""

    X: sparse.csr_array


def sparse_data():
    rng = np.random.default_rng(5)
    n = sum(SIZES)
    dense = rng.normal(size=(n, 40)) * (rng.random((n, 40)) < rng.random((n, 1)) ** 2)
    dense[[0, 63, 64, 128]] = 0
    return sparse.csr_array(dense.astype(np.float32)), rng.integers(0, 3, n)


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize("pieces", [1, 17])
def test_sparse_samples_are_trained_on_window_by_window(engine, pieces):
    X, t = sparse_data()
    weights = np.linspace(0.5, 2, len(t))

    def chain():
        return Chain(EmbeddingBag(6), Linear(3), Softmax()).initialize((40,), seed=4)

    plan = Plan(AdaGrad(0.1), batch_size=16, epochs=3, seed=9)
    by_hand = replace(plan, shuffle=lambda n, epoch: order_by_hand(epoch, 9, 64))
    streamed, known = chain(), chain()
    blocks = SparseBlocks(X, t, weights, pieces=pieces)
    history = train_blocks(
        streamed, CrossEntropy(), blocks, plan, window_rows=70, engine=engine, threads=2
    )
    train(known, CrossEntropy(), X, t, by_hand, sample_weight=weights, engine=engine, threads=1)
    np.testing.assert_array_equal(streamed.parameters.flat, known.parameters.flat)
    assert history.engine == engine
    with pytest.raises(ValueError, match="sparse samples, such as texts, that fit into a window"):
        train_blocks(chain(), CrossEntropy(), blocks, replace(plan, shards=2), window_rows=70)
    whole = chain()
    train_blocks(whole, CrossEntropy(), blocks, plan, window_rows=len(t))
    train(known := chain(), CrossEntropy(), X, t, plan, sample_weight=weights)
    np.testing.assert_array_equal(whole.parameters.flat, known.parameters.flat)
