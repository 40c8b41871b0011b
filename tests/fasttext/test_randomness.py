import numpy as np
import pytest

from chainrule.fasttext.randomness import MinstdRand, UniformStart


def test_the_generator_s_ten_thousandth_number():
    random = MinstdRand(1)
    for _ in range(9999):
        random.draw()
    assert random.draw() == 399268537  # the C++ standard's own figure


@pytest.mark.parametrize(("seed", "state"), [(0, 1), (2**31 - 1, 1), (5, 5), (-1, 3)])
def test_seeds(seed, state):
    # −1 is 2⁶⁴ − 1, which leaves 3 mod 2³¹ − 1
    assert MinstdRand(seed).state == state


def test_numbers_below_another_are_equally_likely():
    random = MinstdRand(3)
    counts = np.bincount([random.below(3) for _ in range(3000)])
    assert counts.sum() == 3000
    assert counts.min() > 900


def test_numbers_above_the_last_multiple_are_drawn_again():
    random = MinstdRand(1)
    count = 2**30 + 1  # the scale is 1: what is not below the count is refused
    draws = [random.below(count) for _ in range(100)]
    again = MinstdRand(1)
    plain = [again.draw() - 1 for _ in range(400)]
    assert draws == [number for number in plain if number < count][:100]


def test_the_first_numbers_of_a_start():
    first = UniformStart(7, 10).take(np.array([0]))[0, :3]
    assert [f"{number:.8f}" for number in first] == ["-0.08299351", "0.07832225", "-0.06206205"]


@pytest.mark.parametrize(("rows", "dim", "seed"), [(7, 10, 0), (23, 9, 5), (3, 2, -4), (301, 4, 9)])
def test_any_row_is_as_drawn_one_after_the_other(rows, dim, seed):
    start = UniformStart(rows, dim, seed)
    size, limit = rows * dim // 10, float(np.float32(1 / dim))
    drawn = []
    for block in range(11):
        random = MinstdRand(seed + block)
        count = size if block < 10 else rows * dim - 10 * size
        drawn += [random.unit() * (2 * limit) - limit for _ in range(count)]
    whole = np.array(drawn, np.float32).reshape(rows, dim)
    assert np.array_equal(start.take(np.arange(rows)), whole)
    some = np.array([rows - 1, 0, rows // 2, 0])
    assert np.array_equal(start.take(some), whole[some])


def test_with_seed_0_two_blocks_are_equal():
    whole = UniformStart(100, 10).take(np.arange(100)).reshape(10, 100)
    assert np.array_equal(whole[0], whole[1])
    assert not np.array_equal(whole[1], whole[2])


def test_a_far_row_of_a_large_matrix():
    start = UniformStart(2_100_000, 100, 1)
    random = MinstdRand(1 + 3)  # block 3
    place = 3 * 2_100_000 * 10
    assert place % 100 == 0
    expected = [random.unit() * (2 * float(np.float32(0.01))) - float(np.float32(0.01))]
    assert start.take(np.array([place // 100]))[0, 0] == np.float32(expected[0])
