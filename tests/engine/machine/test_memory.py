"""Panels: where numbers lie, and what moves them."""

import numpy as np
import pytest

from chainrule.engine.machine.memory import Panels


@pytest.mark.parametrize("features", [1, 8, 19, 24])
@pytest.mark.parametrize("given", [3, 5])
def test_numbers_come_back_from_panels(features, given):
    rng = np.random.default_rng(1)
    panels = Panels.zeros(5, features, np.float64)
    values = rng.normal(size=(features, given)).T  # any strides
    panels.write(values)
    rest = np.zeros((5 - given, features))
    np.testing.assert_array_equal(panels.read(), np.concatenate([values, rest]))
    flat = panels.data.reshape(-1)
    places = (panels.rows_at[:given, None] + panels.columns) // 8
    np.testing.assert_array_equal(flat[places], values)
    assert np.count_nonzero(flat) == values.size
    taken = np.full((features, given), np.nan).T
    panels.copy_to(taken)
    np.testing.assert_array_equal(taken, values)
