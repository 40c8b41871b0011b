"""Shards of batches: what they have, and that steps on them are those of the whole batch."""

from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.machine.memory import address, aligned
from chainrule.engine.planning import shard_gradients
from chainrule.engine.running.shard_steps import ShardRows, ShardSteps, tree_sum
from chainrule.training import SGD, Adam, AdamW, Plan, WarmUp, train
from chainrule.training.ranks import nodes
from chainrule.training.shards import Shards, shards_of
from engine.running.test_steps import OPTIMIZERS, close, networks


@given(st.integers(1, 300), st.sampled_from([1, 2, 4, 8]), st.integers(1, 20), st.booleans())
def test_an_epoch_has_each_sample_once_in_the_shard_of_its_part(samples, count, size, shuffle):
    batch = min(samples, size * count)
    shards = Shards(samples, count, batch)
    order = shards.order(seed=3, epoch=2 if shuffle else None)
    assert sorted(order) == list(range(samples))
    start = 0
    while start < samples:
        rows = order[start : start + batch]
        sizes = shards.sizes(len(rows))
        assert sizes.sum() == len(rows)
        parts = np.repeat(np.arange(count), sizes)
        assert np.all(rows >= shards.bounds[parts])
        assert np.all(rows < shards.bounds[parts + 1])
        start += batch
    assert np.diff(shards.bounds).max() - np.diff(shards.bounds).min() <= 1


def test_each_part_has_an_order_of_its_own_in_each_epoch():
    shards = Shards(800, 8, 80)
    one, two = shards.order(0, 1), shards.order(0, 2)
    assert not np.array_equal(one, two)
    own = [one[one // 100 == part] % 100 for part in range(8)]
    assert len({part.tobytes() for part in own}) == 8


def test_without_shuffling_samples_of_a_part_come_in_their_order():
    order = Shards(20, 2, 8).order(0, None)
    full = [0, 1, 2, 3, 10, 11, 12, 13], [4, 5, 6, 7, 14, 15, 16, 17]
    assert order.tolist() == [*full[0], *full[1], 8, 9, 18, 19]


def test_batches_that_shards_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="that 8 shards divide, such as 96 or 104, got 100"):
        Shards(1000, 8, 100)
    with pytest.raises(ValueError, match="that 8 shards divide, such as 8, got 3"):
        Shards(1000, 8, 3)
    assert Shards(100, 8, 100).sizes(100).sum() == 100


def test_the_usual_number_of_shards_divides_the_batch():
    for batch, expected in ((200, 8), (100, 4), (150, 2), (33, 1), (None, 8), (5000, 8)):
        assert shards_of(Plan(batch_size=batch), 1000, 1).count == expected
    with pytest.raises(ValueError, match="at least as many shards as ranks, 3, got 2 shards"):
        shards_of(Plan(batch_size=150), 1000, 3)
    with pytest.raises(ValueError, match="at least as many shards as ranks, 16, got 8 shards"):
        shards_of(Plan(batch_size=64, shards=8), 1000, 16)


@pytest.mark.parametrize("given", [0, 3, -2, 2.0, True, "8", 2**17])
def test_a_plan_refuses_other_numbers_than_powers_of_two(given):
    with pytest.raises(ValueError, match="Plan: expected shards to be a power of two"):
        Plan(shards=given)


@given(st.integers(1, 40), st.sampled_from([1, 2, 8, 64]))
def test_ranks_have_whole_subtrees_that_make_all_shards(size, count):
    size = min(size, count)
    own = [nodes(size, rank, count) for rank in range(size)]
    assert [shard for part in own for node in part for shard in node] == list(range(count))
    for node in (node for part in own for node in part):
        assert node.start % len(node) == 0
        assert len(node) & (len(node) - 1) == 0
    if size & (size - 1) == 0:
        assert all(len(part) == 1 for part in own)


def trained(functions, loss, X, t, plan, dtype=np.float64, engine="machine", **options):
    chain = Chain(*functions).initialize(X.shape[1:], seed=1, dtype=dtype)
    history = train(chain, loss, X, t, plan, engine=engine, **options)
    return chain.parameters.flat.copy(), [epoch.loss for epoch in history.epochs]


@settings(max_examples=60)
@given(
    networks(),
    st.sampled_from(OPTIMIZERS),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([None, 0.1]),
    st.sampled_from([2, 8]),
    st.integers(1, 3),
    st.booleans(),
    st.integers(1, 2),
)
def test_steps_are_those_of_the_textbook(
    network, optimizer, l2, clip, count, size, weighted, threads
):
    functions, loss, X, t = network
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
    size = max(size, -(-len(X) // (3 * count)))  # few steps, as rounding grows with each
    options = {"batch_size": size * count, "epochs": 1, "patience": None, "seed": 4}
    options |= {"l2": l2, "l2_shared": weighted, "clip_norm": clip}
    order = Shards(len(X), count, min(len(X), size * count)).order
    data = functions, loss, X, t
    found, values = trained(
        *data, Plan(optimizer, shards=count, **options), sample_weight=weights, threads=threads
    )
    expected, there = trained(
        *data,
        Plan(optimizer, shuffle=lambda n, epoch: order(4, epoch), **options),
        sample_weight=weights,
        engine="reference",
    )
    # All but SGD divide by √g²: where g is rounding alone, its sign is anybody's guess.
    tolerance = 1e-12 if isinstance(optimizer, SGD) else 1e-7
    assert close(there, values, tolerance)
    assert close(expected, found, tolerance)


def other_networks():
    rng = np.random.default_rng(0)
    labels, ends = rng.integers(0, 3, 50), (f.Linear(3), f.Softmax())
    conv = f.Conv2d(5, 3, padding=1), f.ReLU(), f.Dropout(0.3), f.MaxPool2d(2), f.Flatten(), *ends
    yield "images", conv, rng.normal(size=(50, 2, 7, 6)), labels
    bags = sparse.random(50, 40, 0.2, "csr", random_state=2)
    yield "sparse", (f.EmbeddingBag(19), f.Tanh(), *ends), bags, labels
    norms = f.Linear(70), f.LayerNorm(), f.GELU(), f.Residual([f.Linear(70), f.Tanh()]), *ends
    yield "norms", norms, rng.normal(size=(50, 9)), labels
    large = f.Linear(600), f.ReLU(), f.Dropout(0.4), f.Linear(150), f.Tanh(), *ends
    yield "large", large, rng.normal(size=(50, 301)), labels


@pytest.mark.parametrize("network", [*other_networks()], ids=lambda network: network[0])
def test_networks_of_all_kinds_move_as_in_the_textbook(network):
    _, functions, X, t = network
    options = {"batch_size": 24, "epochs": 2, "patience": None, "l2": 0.01, "schedule": WarmUp(3)}
    order = Shards(50, 8, 24).order
    data = functions, losses.CrossEntropy(), X, t
    found, values = trained(*data, Plan(SGD(0.3, momentum=0.9), shards=8, **options))
    plan = Plan(SGD(0.3, momentum=0.9), shuffle=lambda n, epoch: order(0, epoch), **options)
    expected, there = trained(*data, plan, engine="reference")
    assert close(there, values, 1e-12)
    assert close(expected, found, 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_change_no_bit(dtype):
    network = list(other_networks())[-1]
    results = [
        trained(*network[1:2], losses.CrossEntropy(), *network[2:], PLAN, dtype, threads=threads)
        for threads in (1, 2, 3)
    ]
    assert len({(flat.tobytes(), tuple(values)) for flat, values in results}) == 1


PLAN = Plan(AdamW(), batch_size=24, epochs=2, patience=None, clip_norm=1.0, shards=4)


def shard_steps(dtype, count=8):
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(48, 301)), rng.normal(size=(48, 20))
    chain = Chain(f.Linear(600), f.Tanh(), f.Linear(20)).initialize(X, seed=2, dtype=dtype)
    return ShardSteps(chain, losses.MeanSquaredError(), Adam(), X, t, count)


def gradient_of(steps, sizes, order, weight=None):
    rows = sum(sizes)
    weight = weight or rows
    steps.plan_steps(np.full(1, 0.1), {})
    steps.set_step(weight)
    for _ in steps.gradient_pieces(ShardRows(order, sizes, np.full((1, rows), 1 / weight), 0)):
        pass
    return steps.gradients.copy(), steps.loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("taps", [6, 12, 256])
@pytest.mark.parametrize("sizes", [(6,) * 8, (5, 6, 6, 6, 5, 6, 6, 6), (7, 1), (3,)])
def test_sums_made_at_once_have_the_bits_of_those_made_one_by_one(dtype, sizes, taps, monkeypatch):
    monkeypatch.setattr(shard_gradients, "TAPS", taps)  # one, two or all shards in registers
    order = np.random.default_rng(1).permutation(48)[: sum(sizes)]
    steps = shard_steps(dtype)
    assert steps.at_once
    together, loss = gradient_of(steps, sizes, order)
    steps = shard_steps(dtype)
    steps.at_once = False
    apart, same = gradient_of(steps, sizes, order)
    assert together.tobytes() == apart.tobytes()
    assert loss == same
    assert np.abs(together).max() > 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(6,) * 8, (5, 6, 6, 6, 5, 6, 6, 6), (7, 1), (3,)])
def test_rows_by_tokens_are_those_that_are_made_shard_by_shard(dtype, sizes):
    X, t = sparse.random(48, 40, 0.1, "csr", random_state=2), np.arange(48 * 20).reshape(48, 20)
    order, found = np.random.default_rng(1).permutation(48)[: sum(sizes)], []
    for at_once, threads in ((False, 1), (True, 1), (True, 2)):
        chain = Chain(f.EmbeddingBag(19), f.Tanh(), f.Linear(20))
        chain = chain.initialize(X.shape[1:], seed=2, dtype=dtype)
        loss = losses.MeanSquaredError()
        steps = ShardSteps(chain, loss, Adam(), X, t % 7, 8, threads=threads)
        assert steps.at_once
        steps.at_once = at_once
        dense, value = gradient_of(steps, sizes, order)
        rows = steps.rows
        found.append((rows.tokens.tolist(), rows.rows.tobytes(), dense.tobytes(), value))
    assert found == [found[0]] * 3
    assert found[0][0] == np.unique(X[order].indices).tolist()


def test_parameters_move_along_the_sum_of_gradients_in_several_places():
    order, moved = np.arange(48), []
    for apart in (False, True):
        steps = shard_steps(np.float32)
        if not apart:
            gradient_of(steps, (6,) * 8, order)
        else:
            rooms = [aligned(steps.gradients.shape, np.float32) for _ in range(3)]
            one, two, last = map(address, rooms)
            steps.keep_gradients_in(rooms[-1], ((one, two), last), lambda: None)
            for first, shards, room in ((0, 2, rooms[0]), (2, 2, rooms[1]), (4, 4, rooms[2])):
                rows = order[6 * first : 6 * (first + shards)]
                room[...] = gradient_of(steps, (6,) * shards, rows, weight=48)[0]
        steps.move()
        steps.store()
        moved.append(steps.chain.parameters.flat.tobytes())
    assert moved[0] == moved[1]


def test_the_order_of_the_sum_is_that_of_the_tree():
    steps, order = shard_steps(np.float32), np.arange(48)
    own = []
    for shard in range(8):
        rows = order[6 * shard : 6 * shard + 6]
        steps.plan_steps(np.full(1, 0.1), {})
        steps.set_step(48)
        for _ in steps.gradient_pieces(ShardRows(rows, (6,), np.full((1, 6), 1 / 48), 6 * shard)):
            pass
        own.append(steps.gradients.copy())
    pairs = [own[k] + own[k + 1] for k in range(0, 8, 2)]
    expected = (pairs[0] + pairs[1]) + (pairs[2] + pairs[3])
    in_turn = sum(own[1:], own[0])
    found, _ = gradient_of(steps, (6,) * 8, order)
    assert np.array_equal(found, expected)
    assert not np.array_equal(found, in_turn)


def test_a_tree_sum_adds_pairs():
    numbers = [1e16, 1.0, -1e16, 1.0]
    assert tree_sum(numbers) == (1e16 + 1.0) + (-1e16 + 1.0)
    assert tree_sum(numbers) != fsum(numbers)


def test_the_loss_waits_for_all_threads():
    """Of one sample a network of one layer has no other barrier."""
    X, t = np.array([[-0.5]]), np.array([0])
    plan = Plan(SGD(0.1), batch_size=2, epochs=5, patience=None, l2=0.1, shards=2)
    found = [
        trained((f.Linear(1), f.Softmax()), losses.CrossEntropy(), X, t, plan, threads=threads)
        for threads in (1, 2, 3)
    ]
    assert len({(flat.tobytes(), tuple(values)) for flat, values in found}) == 1
    assert np.all(np.diff(found[0][1]) < 0)


def test_a_batch_with_empty_shards():
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(19, 5)), rng.normal(size=(19, 2))
    data = (f.Linear(4), f.Tanh(), f.Linear(2)), losses.MeanSquaredError(), X, t
    options = {"batch_size": 16, "epochs": 3, "patience": None, "l2": 0.1}
    order = Shards(19, 8, 16).order
    assert 0 in Shards(19, 8, 16).sizes(3)
    found, values = trained(*data, Plan(SGD(0.1), shards=8, **options))
    plan = Plan(SGD(0.1), shuffle=lambda n, epoch: order(0, epoch), **options)
    expected, there = trained(*data, plan, engine="reference")
    assert close(expected, found, 1e-13)
    assert close(there, values, 1e-13)


def test_shards_take_machine_code():
    X, t = np.zeros((8, 3)), np.zeros((8, 1))
    plan = Plan(shards=2, batch_size=4)
    with pytest.raises(ValueError, match="expected engine auto or machine with shards, got 'ref"):
        trained((f.Linear(1),), losses.MeanSquaredError(), X, t, plan, engine="reference")
    normed = f.Linear(4), f.BatchNorm(), f.Linear(1)
    with pytest.raises(ValueError, match=r"shards take machine code: .*BatchNorm"):
        trained(normed, losses.MeanSquaredError(), X, t, plan, engine="auto")
