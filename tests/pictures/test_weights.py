"""Weights are shown as they are: as images where inputs are pixels, else as a table."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas
import pytest

from chainrule import (
    BatchEnsembleLinear,
    Chain,
    Classifier,
    Conv2d,
    Dropout,
    EmbeddingBag,
    Flatten,
    Linear,
    MemberLinear,
    MLPClassifier,
    Multilinear,
    Regressor,
    ReLU,
    Softmax,
    WeightsDisplay,
)
from chainrule.pictures.layer_weights import layer_weights
from pictures.test_pictures import X, closed, cnn, pyplot, ticks, y

__all__ = ["closed"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def shown(display, count):
    return np.array([np.ma.getdata(ax.images[0].get_array()) for ax in display.axes_[:count]])


def test_filters_are_shown_with_one_scale():
    model = cnn().fit(X, y)
    W = model.chain_.parameters["W0"]
    display = WeightsDisplay.from_estimator(model)
    np.testing.assert_array_equal(shown(display, 3), W[:, 0].astype(float))
    limits = {ax.images[0].get_clim() for ax in display.axes_[:3]}
    assert limits == {(-float(np.abs(W).max()), float(np.abs(W).max()))}
    second = WeightsDisplay.from_estimator(model, layer=1, count=1)
    np.testing.assert_array_equal(second.weights, model.chain_.parameters["W1"][:1])


def test_channels_stand_in_rows_or_are_colors():
    weights = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    display = WeightsDisplay(weights).plot()
    np.testing.assert_array_equal(shown(display, 6), weights.reshape(6, 4, 5))
    assert [ax.get_title() for ax in display.axes_[:2]] == ["0", "1"]
    assert [ax.get_ylabel() for ax in display.axes_[::2]] == ["0", "1", "2"]
    color = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    display = WeightsDisplay(color).plot()
    scaled = 0.5 + color / (2 * np.abs(color).max())
    np.testing.assert_allclose(shown(display, 2), scaled.transpose(0, 2, 3, 1))


def test_as_many_images_stand_in_a_row_as_is_said():
    for columns, rows in ((None, 2), (2, 3), (9, 1)):
        axes = WeightsDisplay(np.ones((5, 1, 2, 2)), columns=columns).plot().axes_
        assert axes[0].get_subplotspec().get_gridspec().nrows == rows


def test_three_channels_are_colors_about_gray():
    weights = np.zeros((2, 3, 2, 2))
    weights[1, 0] = 5
    drawn = shown(WeightsDisplay(weights).plot(), 2)
    assert np.array_equal(drawn[0, 0, 0], [0.5, 0.5, 0.5])
    assert np.array_equal(drawn[1, 0, 0], [1, 0.5, 0.5])


def test_features_are_images_of_a_shape():
    model = MLPClassifier((4,), max_iter=2).fit(X, y)
    display = WeightsDisplay.from_estimator(model, shape=(8, 8), count=3)
    np.testing.assert_array_equal(shown(display, 3), model.coefs_[0].T[:3].reshape(3, 8, 8))
    flat = Classifier(Chain(Flatten(), Linear(10), Softmax()), max_iter=2)
    flat.fit(X.reshape(-1, 8, 8), y)
    known = WeightsDisplay.from_estimator(flat)
    assert known.weights.shape == (10, 1, 8, 8)
    chain = Chain(Flatten(), Dropout(0.2), Linear(3), Linear(2)).initialize((2, 3, 4))
    model = SimpleNamespace(chain_=chain, inputs_=SimpleNamespace(feature_names=()))
    assert WeightsDisplay.from_estimator(model).weights.shape == (3, 2, 3, 4)
    assert WeightsDisplay.from_estimator(model, layer=1).weights.shape == (3, 2)
    figure, (left, right) = pyplot.subplots(1, 2)
    display = WeightsDisplay.from_estimator(flat, ax=left)
    assert left not in figure.axes
    assert right in figure.axes
    assert set(display.axes_) <= set(figure.axes)
    figure.canvas.draw()


def test_features_that_are_no_pixels_are_a_table():
    frame = pandas.DataFrame({"rooms": np.arange(40.0), "kind": ["flat", "villa"] * 20})
    model = Regressor(Chain(Linear(3)), complete=True, inputs="table", max_iter=2)
    model.fit(frame, np.arange(40.0))
    display = WeightsDisplay.from_estimator(model)
    W = model.chain_.parameters["W0"]
    np.testing.assert_array_equal(display.ax_.images[0].get_array(), W.astype(float))
    assert ticks(display.ax_.yaxis) == list(model.inputs_.feature_names)
    assert ticks(display.ax_.xaxis) == ["0", "1", "2"]
    first = WeightsDisplay.from_estimator(model, count=1)
    assert ticks(first.ax_.xaxis) == ["0"]
    figure, (left, right) = pyplot.subplots(1, 2)
    assert WeightsDisplay.from_estimator(model, layer=-1, ax=left).figure_ is figure
    assert ticks(left.yaxis) == ["unit 0", "unit 1", "unit 2"]
    assert not right.images


def test_of_many_features_the_longest_are_drawn_by_name():
    model = MLPClassifier((70,), max_iter=1).fit(X, y)
    W = model.coefs_[0] = model.coefs_[0].copy()
    display = WeightsDisplay.from_estimator(model)
    lengths = np.linalg.norm(W, axis=1)
    kept = np.sort(np.argsort(-lengths, kind="stable")[:40])
    assert ticks(display.ax_.yaxis) == [f"input {row}" for row in kept]
    np.testing.assert_array_equal(display.weights, W[kept, :60].astype(float))
    assert ticks(display.ax_.xaxis) == [str(unit) for unit in range(0, 60, 4)]


def test_columns_called_pixels_are_an_image():
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    model = MLPClassifier((4,), max_iter=1).fit(pandas.DataFrame(X, columns=names), y)
    display = WeightsDisplay.from_estimator(model)
    np.testing.assert_array_equal(shown(display, 4), model.coefs_[0].T.reshape(4, 8, 8))


def test_tokens_and_lines_of_ones_own_have_tables_too():
    @dataclass(frozen=True)
    class Grouped(Multilinear):
        outputs: int

        def text(self):
            return "Y[n,o] = X[n,c,i] V[c,i,o]"

        def parameter_shapes(self, input_shape):
            return {"V": (*input_shape, self.outputs)}

    bag = Classifier(Chain(EmbeddingBag(3)), complete=True, max_iter=1).fit(X[:, :5] > 0.5, y)
    table = WeightsDisplay.from_estimator(bag)
    np.testing.assert_array_equal(table.weights, bag.chain_.parameters["A0"].astype(float))
    own = Chain(Grouped(2)).initialize((2, 3))
    drawn = layer_weights(SimpleNamespace(chain_=own, inputs_=bag.inputs_))
    assert drawn.names == tuple(f"input {c}, {i}" for c in range(2) for i in range(3))
    np.testing.assert_array_equal(drawn.numbers, own.parameters["V0"].reshape(6, 2).astype(float))
    none = SimpleNamespace(chain_=Chain(ReLU()).initialize((2,)))
    with pytest.raises(ValueError, match="has no layer with weights to draw"):
        WeightsDisplay.from_estimator(none)


def test_a_layer_of_many_images_shows_some(monkeypatch):
    monkeypatch.setattr("chainrule.pictures.weights.MOST_IMAGES", 20)
    chain = Chain(Conv2d(8, 3), Conv2d(80, 3)).initialize((1, 6, 6))
    model = SimpleNamespace(chain_=chain, inputs_=None)
    assert WeightsDisplay.from_estimator(model, layer=1).weights.shape == (2, 8, 3, 3)
    assert WeightsDisplay.from_estimator(model, layer=1, count=3).weights.shape == (3, 8, 3, 3)


@dataclass(frozen=True)
class OwnMembers(Multilinear):
    """A layer of members by a user of the library."""

    def text(self):
        return "Y[n,k,o] = X[n,i] W[k,i,o]"

    def parameter_shapes(self, input_shape):
        return {"W": (4, *input_shape, 2)}

    def output_shape(self, input_shape):
        return 4, 2


@pytest.mark.parametrize("first", [MemberLinear(2, 4), OwnMembers()])
def test_weights_of_members_stand_side_by_side(first):
    chain = Chain(first, MemberLinear(1)).initialize((3,), seed=0)
    names = SimpleNamespace(feature_names=("a", "b", "c"))
    model = SimpleNamespace(chain_=chain, inputs_=names)
    W = next(array for name, array in chain.parameters.items() if name[0] == "W")
    found = layer_weights(model)
    np.testing.assert_array_equal(found.numbers, np.concatenate(W, axis=1))
    assert found.names == ("a", "b", "c")


def test_scales_of_members_are_no_weights():
    chain = Chain(BatchEnsembleLinear(2, 4), MemberLinear(1)).initialize((3,), seed=0)
    model = SimpleNamespace(chain_=chain, inputs_=SimpleNamespace(feature_names=("a", "b", "c")))
    W = next(array for name, array in chain.parameters.items() if name[0] == "W")
    np.testing.assert_array_equal(layer_weights(model).numbers, W)


def test_weights_that_are_no_images_are_named():
    model = MLPClassifier((4,), max_iter=2).fit(X, y)
    for shape, received in (((8, 7), "8 × 7"), ((64,), "64")):
        with pytest.raises(
            ValueError, match=rf"for the 64 features of Linear\(4\), got {received}"
        ):
            WeightsDisplay.from_estimator(model, shape=shape)
    with pytest.raises(ValueError, match="expected layer to be 0 to 1, got 2"):
        WeightsDisplay.from_estimator(model, layer=2)
    for wrong in ("a", 0.0, None):
        with pytest.raises(ValueError, match=f"expected layer to be 0 to 1, got {wrong!r}"):
            WeightsDisplay.from_estimator(model, layer=wrong)
    with pytest.raises(ValueError, match=r"with names of the features, got shape \(2, 3\)"):
        WeightsDisplay(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"got shape \(1, 1, 2, 2\)"):
        WeightsDisplay(np.zeros((1, 1, 2, 2)), names=["a"])
