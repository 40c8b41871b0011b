"""Rows as they are drawn, by machine code and one number after the other."""

import numpy as np
import pytest

from chainrule.fasttext.randomness import MinstdRand
from chainrule.fasttext.starting_rows import starting_rows


def drawn(rows: int, dim: int, seed: int) -> np.ndarray:
    """Return the matrix, block after block."""
    values, size = np.empty(rows * dim, np.float32), rows * dim // 10
    limit = float(np.float32(1 / dim))
    for block in range(11):
        generator = MinstdRand(block + seed)
        end = len(values) if block == 10 else (block + 1) * size
        for place in range(block * size, end):
            values[place] = generator.unit() * (2 * limit) - limit
    return values.reshape(rows, dim)


@pytest.mark.parametrize(("rows", "dim"), [(1, 1), (3, 3), (7, 1), (50, 10), (33, 17), (13, 100)])
@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, -3])
def test_all_rows_are_those_drawn_one_after_the_other(rows, dim, seed):
    expected = drawn(rows, dim, seed)
    assert starting_rows(range(rows), dim, rows, seed=seed).tobytes() == expected.tobytes()
    listed = np.array([rows - 1, 0, rows // 2, rows - 1])
    whole = starting_rows(listed, dim, rows, seed=seed, pad=True)
    assert whole[:, :dim].tobytes() == expected[listed].tobytes()
    assert whole.shape[1] % 16 == 0
    assert not whole[:, dim:].any()


def test_the_first_numbers_are_those_that_fasttext_draws():
    found = starting_rows(range(1), 10, 100)[0, :3]
    assert [f"{number:.7g}" for number in found] == ["-0.08299351", "0.07832225", "-0.06206205"]


def test_rows_of_any_processor_have_the_same_bits(other_processor):
    assert starting_rows(range(33), 17, 33).tobytes() == drawn(33, 17, 0).tobytes()
