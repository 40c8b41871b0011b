"""How products are cut into blocks: the same taps in the same order, and room for what waits."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.engine.language.formats import Format
from chainrule.engine.machine.compiling import Target
from chainrule.engine.planning.blocks import FIRST_CACHE, ROWS, blocks, waiting_bytes

TARGETS = [Target("znver5", "", 64), Target("haswell", "", 32), Target("nehalem", "", 16)]


@given(
    st.sampled_from(TARGETS),
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.sampled_from([np.float32, np.float64]),
)
def test_what_a_block_reads_fits_the_caches(target, rows, depth, dtype):
    item, widest = np.dtype(dtype).itemsize, target.even_tile[0][0]
    made = blocks(target, rows, depth, item)
    row_block = made.get("row_block", rows)
    depth_block = made.get("depth_block", depth)
    assert row_block == rows or row_block % (64 // item) == 0
    assert depth_block * widest * 64 <= FIRST_CACHE * 5 / 4
    if "depth_block" in made:
        size = row_block * widest * 64
        assert size <= waiting_bytes(target, Format.of(dtype))
    assert row_block <= max(ROWS, (1 << 20) // (depth * item), 48)


@pytest.mark.parametrize(("rows", "depth"), [(64, 120), (784, 64), (1, 100)])
def test_a_product_that_fits_is_one_block(rows, depth):
    assert blocks(TARGETS[0], rows, depth, 4) == {}


def test_blocks_of_taps_are_as_equal_as_can_be():
    assert blocks(TARGETS[0], 64, 784, 4)["depth_block"] == 88  # nine of 96 at most
