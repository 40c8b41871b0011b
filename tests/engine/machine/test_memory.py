"""Panels and planes: where numbers lie, and what moves them."""

import numpy as np
import pytest

from chainrule.engine.machine.memory import VECTOR, Panels
from chainrule.engine.machine.planes import Planes


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


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 4, 4), (3, 3, 5)])
def test_channels_kept_apart_are_an_odd_number_of_vectors_from_one_another(shape):
    c, h, w = shape
    planes = Planes.filled(2, shape, np.float32, ((0, 0), (0, 0)), 7.0, apart=True)
    assert planes.read().shape == (2, *shape, 16)
    assert (planes.read() == 7).all()
    assert planes.channel // VECTOR == (h * w if c == 1 else h * w | 1)
    assert planes.contiguous == (planes.channel == h * w * VECTOR)
    assert Planes.filled(2, shape, np.float32).contiguous
