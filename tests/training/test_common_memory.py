"""Memory that ranks on one machine have in common, and gradients in it."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule.training import common_memory
from chainrule.training.common_gradients import CommonGradients, size_of
from chainrule.training.common_memory import CommonMemory, file_in_common
from chainrule.training.ranks import OneProcess, nodes
from training.test_tree_sums import in_a_tree, leaves

VECTORS = 70


class Alone(OneProcess):
    """A rank whose partner says what it says."""


def files():
    return {path.name for path in Path(common_memory.FOLDER).glob("chainrule-*")}


def test_a_file_in_common_is_zeros_that_nobody_else_finds():
    before = files()
    contents = file_in_common(Alone(), 10_000)
    assert contents.shape == (10_000,)
    assert not contents.any()
    contents[:] = 7
    assert contents.sum() == 70_000
    assert files() == before


def test_without_room_nothing_is_in_common(monkeypatch):
    before = files()
    assert file_in_common(Alone(), 2**55) is None
    assert files() == before
    monkeypatch.setattr(common_memory, "FOLDER", "/nowhere")
    assert file_in_common(Alone(), 10) is None


def test_where_one_rank_cannot_open_the_file_none_has_it(monkeypatch):
    before, group = files(), Alone()
    group.gather = lambda value: [value, False]
    assert file_in_common(group, 100) is None
    assert files() == before


class Channel:
    """What a rank knows of others beside the memory."""

    def __init__(self, rank, size, interrupted):
        self.rank, self.size, self.interrupted = rank, size, interrupted

    def wait_until(self, done, whom):
        end = time.perf_counter() + 60
        while not done():
            assert time.perf_counter() < end, whom()
            time.sleep(0)


class Steps:
    """Steps that make gradients of shards, and note where their sum is."""

    can_lie_apart = True

    def __init__(self):
        self.gradients = np.full((VECTORS, 16), np.nan, np.float32)

    def keep_gradients_in(self, room, places, before):
        self.gradients, self.places, self.before = room, places, before

    def made(self, node, given):
        self.before()
        self.gradients[...] = in_a_tree([given[shard] for shard in node])
        yield 0, VECTORS


class Sharing(OneProcess):
    """One of some ranks, which are threads."""

    def __init__(self, contents, rank, size, interrupted=False):
        self.rank, self.size, self.contents = rank, size, contents
        self.channel = Channel(rank, size, interrupted)

    def common_memory(self, size):
        return CommonMemory(self.contents, self.channel)


@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_all_ranks_find_the_tree_of_gradients_and_the_sum_of_losses(size):
    """In each of some steps, one after the other: nobody writes what another still reads."""
    like = Steps().gradients
    contents = np.zeros(CommonMemory.counted(size) + size_of(16, like), np.uint8)
    given, found = [leaves(8, VECTORS) * step for step in (1, 2, 3)], [[] for _ in range(size)]

    def run(rank):
        steps = Steps()
        common = CommonGradients.of(Sharing(contents, rank, size, rank == 1), steps, 8)
        for step, own in enumerate(given):
            total = common.begin()
            for node in nodes(size, rank, 8):
                total.take(node, steps.made(node, own))
                total.take_loss(node, in_a_tree([0.1 * 3.0**s + step for s in node]))
            loss = total.finished()
            whole = over(steps.places).tobytes()
            found[rank].append((whole, loss, total.interrupted))

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    losses = [in_a_tree([0.1 * 3.0**shard + step for shard in range(8)]) for step in range(3)]
    sums = [in_a_tree(list(own)).tobytes() for own in given]
    assert found == [[(own, loss, True) for own, loss in zip(sums, losses, strict=True)]] * size


def over(places):
    """Return the sum of the gradients at addresses, in the order of their tree."""
    if isinstance(places, tuple):
        return over(places[0]) + over(places[1])
    memory = (np.ctypeslib.ctypes.c_float * (VECTORS * 16)).from_address(places)
    return np.ctypeslib.as_array(memory).copy()


def test_one_process_and_steps_that_must_stay_have_no_memory_in_common():
    steps = Steps()
    assert CommonGradients.of(OneProcess(), steps, 8) is None
    steps.can_lie_apart = False
    assert CommonGradients.of(Sharing(None, 0, 2), steps, 8) is None
