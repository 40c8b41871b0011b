"""Tables of weights, and figures as files."""

import numpy as np
import pytest

from chainrule.pictures.figures import new_figure
from chainrule.pictures.tables import weight_table

pytest.importorskip("matplotlib")


@pytest.fixture
def ax():
    return new_figure(4, 3).subplots()


def test_a_table_has_a_row_a_feature(ax):
    W = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -4.0]])
    weight_table(ax, W, ["price in $", "kind of the house = villa with a very large garden"])
    assert np.array_equal(ax.images[0].get_array(), W)
    assert ax.images[0].get_clim() == (-4, 4)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        r"price in \$",
        "kind of the house …very large garden",
    ]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2"]


def test_each_feature_has_a_name(ax):
    with pytest.raises(ValueError, match=r"weight_table: expected weights \(i, o\) and i names"):
        weight_table(ax, np.ones((2, 3)), ["a"])
