"""Random words are those of Philox, fixed for good; distributions made from them are right."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from chainrule import random
from chainrule.random import Stream

GOLDEN = {
    Stream.INITIALIZATION: [0x02F4BA6408E4D89B, 0x3DD62B0B9CA8C5B2, 0x1C8667A55D902E79],
    Stream.SHUFFLING: [0x57994A7DB8F816C6, 0x93967384228B3028, 0x162ED305C3FE6350],
    Stream.DROPOUT: [0xDE227EDFF3DC0EFC, 0x9C4FDBAF8FC5D354, 0xFF5E7FC4264184F4],
    Stream.SPLITTING: [0x4C7F83D0FF63E8B9, 0xDC72E0E2B1A664EB, 0xE8B278C1C3218D61],
    Stream.CHECKING: [0xDE4264DD1F01EB42, 0xFB9625945EC88C98, 0x314B4C2E1ECDBD42],
    Stream.AUGMENTATION: [0xEE19A05DBAA2F781, 0x7C8BDCA772F877B0, 0xE6008D0A8F917C30],
    Stream.BLOCKS: [0xC2737AE888C121AC, 0xCE180BC346CD0071, 0x60FC278E5012EE1A],
}
SEEDS = st.integers(0, 2**64 - 1)


def philox(counter, key):
    """Philox 4x64 with ten rounds, after Salmon et al., 2011."""
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [high >> 64 ^ c[1] ^ k[0], high, low >> 64 ^ c[3] ^ k[1], low]
        c = [word % 2**64 for word in c]
        k = [(k[0] + 0x9E3779B97F4A7C15) % 2**64, (k[1] + 0xBB67AE8584CAA73B) % 2**64]
    return c


def test_the_oracle_gives_the_published_answer():
    expected = [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]
    assert philox([0] * 4, [0] * 2) == expected


@given(SEEDS, st.sampled_from(Stream), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_words_are_those_of_philox(seed, stream, first, second):
    blocks = [philox([block, first, second, stream], [seed, 0]) for block in (1, 2, 3)]
    assert (
        random.words(11, seed, stream, first, second).tolist()
        == [w for block in blocks for w in block][:11]
    )


@pytest.mark.parametrize("stream", Stream)
def test_the_bits_are_fixed_for_good(stream):
    assert random.words(3, 0, stream).tolist() == GOLDEN[stream]


def test_distributions_are_fixed_for_good():
    assert random.uniform(3, 1, Stream.SHUFFLING).tolist() == [
        0.26990706458045255,
        0.9929787238884437,
        0.5539684257438157,
    ]
    np.testing.assert_allclose(
        random.normal(3, 1, Stream.INITIALIZATION, 4),
        [-0.766422290302964, -0.11264247197903539, 0.5915546179893559],
        rtol=1e-15,
    )
    expected = [7, 8, 1, 3, 9, 6, 0, 2, 4, 5]
    assert random.permutation(10, 1, Stream.SHUFFLING, 3).tolist() == expected


@given(SEEDS, st.integers(0, 40), st.integers(0, 40))
def test_more_words_begin_with_fewer(seed, few, more):
    few, more = sorted((few, more))
    words = [random.words(count, seed, Stream.DROPOUT, 3) for count in (few, more)]
    assert words[0].tolist() == words[1][:few].tolist()


def test_another_seed_stream_or_place_gives_other_words():
    keys = [(0, s) for s in Stream] + [(1, Stream.DROPOUT), (2**64 - 1, Stream.DROPOUT)]
    keys += [(0, Stream.DROPOUT, 1), (0, Stream.DROPOUT, 0, 1), (0, Stream.DROPOUT, 1, 1)]
    drawn = [random.uniform(4000, *key) for key in keys]
    for a, b in combinations(drawn, 2):
        assert not np.intersect1d(a, b).size
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.08


def test_a_place_left_out_is_zero():
    words = [random.words(5, 3, Stream.DROPOUT, *place) for place in ((), (0,), (0, 0))]
    assert words[0].tolist() == words[1].tolist() == words[2].tolist()


def test_numpy_integers_are_seeds_too():
    words = [random.words(5, seed, Stream.DROPOUT) for seed in (7, np.uint64(7))]
    assert words[0].tolist() == words[1].tolist()


def test_uniform_numbers_are_uniform_and_never_0_or_1():
    x = random.uniform(100_000, 5, Stream.CHECKING)
    assert 0 < x.min() < 1e-4
    assert 1 - 1e-4 < x.max() < 1
    assert stats.kstest(x, "uniform").pvalue > 0.001


def test_many_uniform_numbers_are_made_as_few_are():
    count = 2 * random.BLOCK + 3
    words = random.words(count, 5, Stream.CHECKING) >> np.uint64(12)
    expected = (words + 0.5) * 2.0**-52
    assert random.uniform(count, 5, Stream.CHECKING).tobytes() == expected.tobytes()


@pytest.mark.parametrize(("word", "number"), [(0, 2.0**-53), (2**64 - 1, 1 - 2.0**-53)])
def test_the_outermost_words_stay_inside(monkeypatch, word, number):
    monkeypatch.setattr(random, "words", lambda *_: np.array([word], np.uint64))
    assert random.uniform(1, 0, Stream.CHECKING).tolist() == [number]
    assert np.isfinite(random.normal(1, 0, Stream.CHECKING)).all()


def test_normal_numbers_are_normal():
    x = random.normal(100_000, 5, Stream.CHECKING)
    assert stats.kstest(x, "norm").pvalue > 0.001
    moments = [np.mean(x**power) for power in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.06)


@given(st.integers(0, 200), SEEDS)
def test_a_permutation_holds_every_number_once(count, seed):
    order = random.permutation(count, seed, Stream.SHUFFLING, 2)
    assert sorted(order.tolist()) == list(range(count))


def test_every_order_of_three_is_as_likely():
    orders = [tuple(random.permutation(3, 0, Stream.SHUFFLING, i)) for i in range(3000)]
    counts = list(np.unique(orders, axis=0, return_counts=True)[1])
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, True, "1", None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match=r"seed: expected a whole number from 0 to 2\*\*64 - 1"):
        random.words(1, seed, Stream.DROPOUT)


@pytest.mark.parametrize("place", [(1, 2, 3), (-1,), (0, -1)])
def test_a_place_is_two_numbers_at_most(place):
    with pytest.raises(ValueError, match="place: expected at most two numbers, none negative"):
        random.words(1, 0, Stream.DROPOUT, *place)


@given(SEEDS, st.integers(0, 40), st.integers(0, 40))
def test_a_choice_is_of_different_numbers(seed, size, more):
    chosen = random.choice(size + more, size, seed, Stream.CHECKING, 3).tolist()
    assert chosen == sorted(set(chosen))
    assert len(chosen) == size
    assert set(chosen) <= set(range(size + more))


def test_each_choice_is_as_likely():
    chosen = [tuple(random.choice(5, 2, seed, Stream.CHECKING).tolist()) for seed in range(3000)]
    counts = [chosen.count(pair) for pair in combinations(range(5), 2)]
    assert stats.chisquare(counts).pvalue > 1e-3
