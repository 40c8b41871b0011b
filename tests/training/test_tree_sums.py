"""Sums over ranks, which are threads here that pass each other copies."""

import threading
import time
from collections import defaultdict

import numpy as np
import pytest

from chainrule.engine.running.token_rows import TokenRows
from chainrule.training.ranks import nodes
from chainrule.training.tree_sums import HALVED, Butterfly
from chainrule.training.uneven_sums import OverRanks
from chainrule.training.wire import Rounded, packed, unpacked

LANES = 16


class Post:
    """Messages on their way, by sender, receiver and tag, in their order."""

    def __init__(self):
        self.lock, self.boxes = threading.Lock(), defaultdict(list)
        self.bytes = defaultdict(int)


class Thread:
    """The channel of one rank."""

    interrupted = False

    def __init__(self, post, rank, size):
        self.post, self.rank, self.size = post, rank, size

    def send(self, array, to, tag):
        assert array.flags.c_contiguous
        with self.post.lock:
            self.post.boxes[self.rank, to, tag].append(array.copy())
            self.post.bytes[self.rank] += array.nbytes
        return {"done": True}

    def receive(self, array, source, tag):
        array.reshape(-1).view(np.uint8)[...] = 255  # NaN of whatever type
        return {"done": False, "into": array, "from": (source, self.rank, tag)}

    def done(self, requests):
        for request in requests:
            with self.post.lock:
                box = self.post.boxes[request["from"]] if not request["done"] else None
                if box:
                    request["into"][...] = box.pop(0)
                    request["done"] = True
        return all(request["done"] for request in requests)

    def wait_until(self, done, whom):
        end = time.perf_counter() + 60
        while not done():
            assert time.perf_counter() < end, whom()
            time.sleep(0)


def plus(total, other):
    total += other


def leaves(shards, vectors):
    rng = np.random.default_rng(shards)
    shape = shards, vectors, LANES
    return (rng.normal(size=shape) * 10.0 ** rng.integers(-4, 4, shape)).astype(np.float32)


def in_a_tree(values):
    while len(values) > 1:
        values = [a + b for a, b in zip(values[::2], values[1::2], strict=True)]
    return values[0]


def summed(size, shards, vectors, pieces, kind, interrupted=(), through=lambda channel: channel):
    """Return what each rank has in the end: gradients, loss, whether a rank was interrupted."""
    post, given = Post(), leaves(shards, vectors)
    results = [None] * size

    def run(rank):
        channel = Thread(post, rank, size)
        channel.interrupted = rank in interrupted
        gradients, incoming = (np.full((vectors, LANES), np.nan, np.float32) for _ in range(2))
        total = kind(through(channel), gradients, incoming, plus, shards)
        for node in nodes(size, rank, shards):

            def made(node=node):
                for start, stop in pieces:
                    own = slice(start, stop)
                    gradients[own] = in_a_tree([given[shard, own] for shard in node])
                    yield start, stop

            total.take(node, made())
            total.take_loss(node, float(in_a_tree([0.1 * 3.0**shard for shard in node])))
        loss = total.finished()
        results[rank] = gradients.tobytes(), loss, total.interrupted

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return given, results, post


PIECES = {7: [(0, 7)], 2000: [(0, 700), (700, 705), (705, 2000)]}


@pytest.mark.parametrize("vectors", PIECES)
@pytest.mark.parametrize(
    ("size", "shards", "kind"),
    [
        *((size, 8, Butterfly) for size in (1, 2, 4, 8)),
        *((size, 16, OverRanks) for size in (1, 2, 3, 5, 6, 7, 8, 11, 16)),
    ],
)
def test_all_ranks_have_the_sum_of_the_tree(size, shards, kind, vectors):
    given, results, _ = summed(size, shards, vectors, PIECES[vectors], kind)
    loss = in_a_tree([0.1 * 3.0**shard for shard in range(shards)])
    expected = in_a_tree(list(given)).tobytes(), loss, False
    assert results == [expected] * size
    assert given.sum(axis=0).tobytes() != expected[0]


def test_long_pieces_are_halved():
    vectors = 4096
    _, _, post = summed(8, 8, vectors, [(0, vectors)], Butterfly)
    whole = vectors * LANES * 4
    assert whole > HALVED
    sent = {rank: count - 3 * 16 for rank, count in post.bytes.items()}  # 16 are loss and flag
    assert set(sent.values()) == {2 * (whole // 2 + whole // 4 + whole // 8)}


@pytest.mark.parametrize(("size", "kind"), [(4, Butterfly), (3, OverRanks)])
def test_all_ranks_know_that_one_was_interrupted(size, kind):
    _, results, _ = summed(size, 8, 7, PIECES[7], kind, interrupted={2})
    assert [interrupted for *_, interrupted in results] == [True] * size


@pytest.mark.parametrize("vectors", PIECES)
@pytest.mark.parametrize(
    ("size", "kind"), [(2, Butterfly), (8, Butterfly), (3, OverRanks), (5, OverRanks)]
)
def test_rounded_messages_give_all_ranks_the_same_sum_of_three_digits(size, kind, vectors):
    given, results, post = summed(size, 8, vectors, PIECES[vectors], kind, through=Rounded)
    assert len(set(results)) == 1
    found = np.frombuffer(results[0][0], np.float32).reshape(given.shape[1:])
    error = np.abs(found - in_a_tree(list(given)))
    assert error.max() > 0
    assert np.all(error <= 4 * 2.0**-8 * np.abs(given).sum(axis=0))
    assert results[0][1] == in_a_tree([0.1 * 3.0**shard for shard in range(8)])
    _, _, exact = summed(size, 8, vectors, PIECES[vectors], kind)
    facts = 16 * 2 * size * 3  # at most
    assert sum(post.bytes.values()) <= sum(exact.bytes.values()) / 2 + facts


def test_numbers_of_bfloat16_stay_and_others_are_rounded_to_even():
    every = np.arange(2**16, dtype=np.uint16)
    known = ~np.isnan(unpacked(every))
    assert np.array_equal(packed(unpacked(every))[known], every[known])
    assert np.isnan(unpacked(packed(unpacked(every[~known])))).all()
    halfway = np.array([1 + 2.0**-8, 1 + 3 * 2.0**-8, -1 - 2.0**-8], np.float32)
    assert unpacked(packed(halfway)).tolist() == [1.0, 1 + 2.0**-6, -1.0]
    beyond = np.array([3.4e38, -np.inf], np.float32)
    assert unpacked(packed(beyond)).tolist() == [np.inf, -np.inf]


def rows_of(shard, width=LANES):
    """Return rows of some tokens: of one shard none, of others up to a dozen."""
    rng = np.random.default_rng(shard)
    tokens = np.sort(rng.choice(20, 0 if shard == 3 else 3 + shard, replace=False))
    return TokenRows(tokens, rng.normal(size=(len(tokens), width)).astype(np.float32))


def dense(rows):
    whole = np.zeros((20, LANES), np.float32)
    whole[rows.tokens] = rows.rows
    return whole


@pytest.mark.parametrize(
    ("size", "kind"),
    [(1, Butterfly), (2, Butterfly), (8, Butterfly), *((n, OverRanks) for n in (1, 3, 5, 8))],
)
def test_rows_of_tokens_are_summed_as_the_matrix_is(size, kind):
    post, results = Post(), [None] * size

    def run(rank):
        gradients, incoming = np.zeros((2, 1, LANES), np.float32)
        total = kind(Thread(post, rank, size), gradients, incoming, plus, 8)
        for node in nodes(size, rank, 8):
            total.take(node, [(0, 1)])
            total.take_loss(node, 0.0)
            parts = [rows_of(shard) for shard in node]
            while len(parts) > 1:
                pairs = zip(parts[::2], parts[1::2], strict=True)
                parts = [left.plus(right, plus) for left, right in pairs]
            total.take_rows(node, parts[0])
        total.finished()
        results[rank] = total.rows

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    expected = in_a_tree([dense(rows_of(shard)) for shard in range(8)])
    named = sorted({token for shard in range(8) for token in rows_of(shard).tokens.tolist()})
    for rows in results:
        assert rows.tokens.tolist() == named
        assert dense(rows).tobytes() == expected.tobytes()
