"""What is drawn: the numbers that matplotlib's axes get."""

import numpy as np
import pytest

from chainrule.plotting import image_grid, learning_curve, new_figure, score_curve, weight_table


@pytest.fixture
def ax():
    return new_figure(4, 3).subplots()


def test_images_stand_side_by_side_on_one_scale(ax):
    tiles = np.arange(1.0, 25.0).reshape(4, 1, 2, 3) - 20
    image_grid(ax, tiles, columns=3)
    (picture,) = ax.images
    drawn = np.ma.filled(picture.get_array().astype(float), np.nan)
    assert drawn.shape == (2 * 2 + 1, 3 * 3 + 2)
    assert np.array_equal(drawn[:2, :3], tiles[0, 0])
    assert np.array_equal(drawn[:2, 4:7], tiles[1, 0])
    assert np.array_equal(drawn[3:, :3], tiles[3, 0])
    assert np.isnan(drawn[2]).all()
    assert np.isnan(drawn[3:, 4:]).all()
    assert picture.get_clim() == (-19, 19)


def test_three_channels_are_colours_about_grey(ax):
    tiles = np.zeros((2, 3, 2, 2))
    tiles[1, 0] = 5
    image_grid(ax, tiles, columns=2)
    drawn = ax.images[0].get_array()
    assert np.array_equal(drawn[0, 0], [0.5, 0.5, 0.5])
    assert np.array_equal(drawn[0, 2], [1, 1, 1])
    assert np.array_equal(drawn[0, 3], [1, 0.5, 0.5])


def test_a_table_has_a_row_a_feature(ax):
    W = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -4.0]])
    weight_table(ax, W, ["price in $", "a" * 40])
    assert np.array_equal(ax.images[0].get_array(), W)
    assert [label.get_text() for label in ax.get_yticklabels()] == [r"price in \$", "a" * 27 + "…"]


def test_losses_that_fall_far_have_a_logarithmic_axis(ax):
    learning_curve(ax, [1, 2, 3], [2.0, 0.5, 0.01], [1.0, 0.4, 0.3], kept=3)
    assert ax.get_yscale() == "log"
    assert [line.get_label() for line in ax.lines] == ["training", "validation", "kept, epoch 3"]
    assert np.array_equal(ax.lines[1].get_ydata(), [1.0, 0.4, 0.3])


def test_losses_that_do_not_and_scores_have_a_plain_one(ax):
    learning_curve(ax, [1, 2], [2.0, 0.5])
    assert (ax.get_yscale(), len(ax.lines)) == ("linear", 1)
    score_curve(ax, [1, 2], [0.0, 0.99], "accuracy")
    assert (ax.get_yscale(), ax.get_ylabel()) == ("linear", "accuracy")


@pytest.mark.parametrize("shape", [(4, 2, 3), (0, 1, 2, 2)])
def test_images_have_four_axes(ax, shape):
    with pytest.raises(ValueError, match=r"image_grid: expected tiles \(n, c, h, w\), got shape"):
        image_grid(ax, np.ones(shape))


def test_each_feature_has_a_name(ax):
    with pytest.raises(ValueError, match=r"weight_table: expected weights \(i, o\) and i names"):
        weight_table(ax, np.ones((2, 3)), ["a"])
