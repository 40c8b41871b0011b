"""The language of kernels: each construct computes what it says."""

import numpy as np
import pytest

from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.lanes import lane_sums, reduce
from chainrule.engine.language.values import fma
from chainrule.engine.machine.memory import VECTOR
from engine.calls import run, vectors

TYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", TYPES)
def test_operators_round_like_numpy(dtype):
    x = vectors(np.random.default_rng(0).normal(size=48), dtype)
    k = KernelBuilder("operators", dtype, ("count", "x", "y"))
    with k.loop(0, k.argument("count")) as i:
        v = k.load(k.argument("x") + i * VECTOR)
        k.store((v * 3 - 0.1) / (v + 2) + (1 - v) * -v / 7, k.argument("y") + i * VECTOR)
    y = np.full_like(x, 9)
    run(k, count=x.nbytes // VECTOR, x=x, y=y)
    assert np.array_equal(y, (x * dtype(3) - dtype(0.1)) / (x + dtype(2)) + (1 - x) * -x / 7)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_loop_carries_values_and_may_have_no_turn(count):
    k = KernelBuilder("sums", np.float64, ("count", "x", "y"))
    with k.loop(0, k.argument("count"), carry=[k.constant(0.5), k.integer(3)]) as turn:
        v = k.load(k.argument("x") + turn.index * VECTOR)
        turn.following = [turn.carried[0] + v, turn.carried[1] + 2]
    total, number = turn.carried
    k.store(total, k.argument("y"))
    k.store_integer(number, k.argument("y") + VECTOR)
    x = np.random.default_rng(1).normal(size=(5, 8))
    y = np.zeros(16)
    run(k, count=count, x=x, y=y)
    expected = np.full(8, 0.5)
    for row in x[:count]:
        expected = expected + row
    assert np.array_equal(y[:8], expected)
    assert y[8:9].view(np.int64)[0] == 3 + 2 * count


@pytest.mark.parametrize(
    ("count", "pieces"), [(0, []), (1, [1]), (12, [5, 5, 2]), (13, [5, 5, 2, 1])]
)
def test_pieces_are_the_largest_that_fit(count, pieces):
    k = KernelBuilder("pieces", np.float64, ("count", "y"))
    for first, size in k.pieces(k.argument("count"), (5, 2, 1)):
        k.store_integer(k.integer(size), k.argument("y") + first * 8)
    y = np.zeros(14, dtype=np.int64)
    run(k, count=count, y=y)
    expected, at = np.zeros(14), 0
    for size in pieces:
        expected[at] = size
        at += size
    assert np.array_equal(y, expected)


@pytest.mark.parametrize("dtype", TYPES)
def test_lanes_are_reduced_halves_first(dtype):
    x = vectors(np.random.default_rng(2).normal(size=64 // np.dtype(dtype).itemsize), dtype)
    k = KernelBuilder("reduced", dtype, ("x", "y"))
    k.store_number(reduce(k.load(k.argument("x")), lambda a, b: a + b), k.argument("y"))
    y = np.zeros(1, dtype)
    run(k, x=x, y=y)
    parts = x
    while len(parts) > 1:
        half = len(parts) // 2
        parts = parts[:half] + parts[half:]
    assert y[0] == parts[0]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("count", range(1, 9))
def test_sums_over_lanes_are_those_of_each_vector_and_zeros_behind(count, dtype):
    lanes = VECTOR // np.dtype(dtype).itemsize
    x = vectors(np.random.default_rng(3).normal(size=count * lanes), dtype)
    k = KernelBuilder("lane_sums", dtype, ("x", "y"))
    read = [k.load(k.argument("x") + i * VECTOR) for i in range(count)]
    k.store(lane_sums(read), k.argument("y"))
    y = vectors(np.full(lanes, np.nan), dtype)
    run(k, x=x, y=y)
    parts = x.reshape(count, lanes)
    while parts.shape[1] > 1:
        half = parts.shape[1] // 2
        parts = parts[:, :half] + parts[:, half:]
    assert np.array_equal(y, np.r_[parts[:, 0], np.zeros(lanes - count, dtype)])


@pytest.mark.parametrize("count", [-3, 0, 1, 7, 8, 20])
def test_the_first_lanes_are_read_and_no_byte_beyond(count):
    k = KernelBuilder("head", np.float64, ("x", "count", "y"))
    k.store(k.load_first(k.argument("x"), k.argument("count")), k.argument("y"))
    x, y = np.arange(1.0, 9.0), np.full(8, np.nan)
    run(k, x=x, count=count, y=y)
    assert np.array_equal(y, np.where(np.arange(8) < count, x, 0))


def test_a_multiply_add_is_rounded_once():
    k = KernelBuilder("fused", np.float64, ("x", "y"))
    v = k.load(k.argument("x"))
    k.store(fma(v, v, k.constant(-1.0)), k.argument("y"))
    x, y = np.full(8, 1 + 2.0**-30), np.zeros(8)
    run(k, x=x, y=y)
    assert y[0] == 2.0**-29 + 2.0**-60


def test_branches_run_only_if_their_condition_holds():
    k = KernelBuilder("branches", np.float64, ("a", "b", "y"))
    for place, condition in enumerate(
        [
            k.argument("a") < k.argument("b"),
            k.argument("a") >= 3,
            k.argument("a").equals(2) & (k.argument("b") > 4),
            ~(k.argument("a") <= 1) | (k.argument("b") < 0),
        ]
    ):
        with k.when(condition):
            k.store_integer(k.integer(1), k.argument("y") + 8 * place)
    y = np.zeros(4, dtype=np.int64)
    run(k, a=2, b=5, y=y)
    assert y.tolist() == [1, 0, 1, 1]


def test_whole_numbers_count_and_divide():
    k = KernelBuilder("whole", np.float64, ("a", "y"))
    a = k.argument("a")
    for place, value in enumerate([a * 3 - 1, 100 - a, a // 4, a % 4, 2 * a + a]):
        k.store_integer(value, k.argument("y") + 8 * place)
    y = np.zeros(5, dtype=np.int64)
    run(k, a=11, y=y)
    assert y.tolist() == [32, 89, 2, 3, 33]


def test_a_value_that_is_not_there_yet_cannot_be_branched_on():
    k = KernelBuilder("unknown", np.float32, ("a",))
    with pytest.raises(TypeError, match="not known yet"):
        bool(k.argument("a") > 0)
