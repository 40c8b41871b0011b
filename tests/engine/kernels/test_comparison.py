"""Numbers in panels beside the same in rows: a bit that differs is found, wherever it is."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.engine.kernels.comparison import compare
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.machine.memory import Panels
from engine.calls import OTHERS, call


def found(rows, panels, before=0, kernels=None):
    flag = np.array([before])
    call(
        (kernels or library(rows.dtype)).get(compare),
        rows=len(rows),
        features=rows.shape[1],
        numbers=rows,
        panels=panels.data,
        row_stride=panels.row_stride,
        vector_stride=panels.stride,
        differs=flag,
    )
    return int(flag[0])


def pair(n, features, dtype):
    """Return numbers of all kinds in rows and in panels, with others behind what is compared."""
    rows = np.random.default_rng(n).normal(size=(n, features)).astype(dtype)
    rows.flat[0], rows.flat[-1] = np.nan, -0.0
    panels = Panels.zeros(n, features, np.dtype(dtype))
    panels.data[...] = 7
    panels.write(rows)
    return rows, panels


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 150), st.sampled_from([np.float32, np.float64]), st.data())
def test_one_bit_anywhere(n, features, dtype, data):
    rows, panels = pair(n, features, dtype)
    assert found(rows, panels) == 0
    at = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, features - 1))
    rows.view(f"u{rows.itemsize}")[at] ^= 1 << data.draw(st.integers(0, 8 * rows.itemsize - 1))
    assert found(rows, panels) == 1


def test_what_was_found_before_stays():
    assert found(*pair(3, 20, np.float32), before=1) == 1


def test_zero_is_not_minus_zero():
    rows, panels = pair(2, 17, np.float32)
    rows[-1, -1] = 0.0
    assert found(rows, panels) == 1


@pytest.mark.parametrize("name", OTHERS)
def test_on_other_processors(name):
    kernels, (rows, panels) = Library(np.float32, OTHERS[name]), pair(4, 70, np.float32)
    assert found(rows, panels, kernels=kernels) == 0
    rows[2, 65] += 1
    assert found(rows, panels, kernels=kernels) == 1
