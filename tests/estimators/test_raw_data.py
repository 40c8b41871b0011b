"""Raw tables and images in, answers out: from Python, by files' names, and after loading."""

import numpy as np
import pandas
import polars
import pytest
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from chainrule import (
    AvgPool2d,
    Chain,
    Classifier,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    Sigmoid,
    load,
)
from chainrule.data import DataError, DataWarning, read_csv

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(5)
ROWS = 120
AREA = np.round(rng.uniform(30, 200, ROWS), 1)
KIND = rng.choice(["flat", "barn", "villa"], ROWS)
GARDEN = rng.random(ROWS) < 0.5
PRICE = np.round(3 * AREA + 100 * (KIND == "villa") + rng.normal(0, 5, ROWS), 2)
HOUSES = pandas.DataFrame(
    {"area": np.where(np.arange(ROWS) % 9, AREA, np.nan), "kind": KIND, "garden": GARDEN}
)
MODEL = {"complete": True, "inputs": "table", "learning_rate_init": 0.02, "random_state": 0}


@pytest.fixture(scope="module")
def regressor():
    chain = Chain(Linear(16), ReLU())
    return Regressor(chain, **MODEL, scale_target=True, max_iter=60).fit(
        HOUSES, pandas.Series(PRICE, name="price")
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "houses.csv"
    HOUSES.assign(price=PRICE).to_csv(path, index=False)
    return path


def test_a_frame_a_file_and_a_table_predict_the_same(regressor, path):
    predicted = regressor.predict(HOUSES)
    frames = [
        HOUSES.assign(price=PRICE),
        polars.read_csv(path),
        path,
        str(path),
        read_csv(path),
        HOUSES.to_dict("list"),
    ]
    for data in frames:
        np.testing.assert_array_equal(regressor.predict(data), predicted)
    assert predicted.dtype == np.float64
    np.testing.assert_array_equal(
        [regressor.predict(HOUSES[row : row + 1])[0] for row in range(9)], predicted[:9]
    )


def test_answers_may_stand_in_the_table(regressor, path):
    score = regressor.score(HOUSES, PRICE)
    assert score > 0.9
    assert regressor.score(path) == score
    assert regressor.score(HOUSES.assign(price=PRICE)) == score
    assert regressor.score(HOUSES.assign(cost=PRICE), "cost") == score
    same = clone(regressor).fit(path, "price")
    np.testing.assert_array_equal(same.predict(HOUSES), regressor.predict(HOUSES))
    whole = HOUSES.assign(price=PRICE)  # nothing is said of the column of answers
    same.set_params(warm_start=True).fit(whole, PRICE)
    assert same.input_gradient(whole, PRICE).shape == (ROWS, 6)
    with pytest.raises(DataError, match=r"no column 'prise' among .*; did you mean 'price'"):
        regressor.score(path, "prise")
    with pytest.raises(DataError, match="y='price': expected answers, or with a table as X"):
        regressor.score(np.zeros((3, 2)), "price")


def test_numbers_are_predicted_in_their_own_units(regressor):
    t = regressor.targets_.encode(PRICE)
    np.testing.assert_allclose(t.mean(), 0, atol=1e-12)
    assert abs(regressor.predict(HOUSES).mean() - PRICE.mean()) < 10
    plain = clone(regressor).set_params(scale_target=False).fit(HOUSES, PRICE)
    assert plain.score(HOUSES, PRICE) < regressor.score(HOUSES, PRICE)


def test_gradients_of_a_table_are_by_its_features(regressor, path):
    names = regressor.inputs_.feature_names
    expected = ("area", "area (missing)", "kind=barn", "kind=flat", "kind=villa")
    assert names == (*expected, "garden")
    gradient = regressor.input_gradient(path)
    assert gradient.shape == (ROWS, len(names))
    np.testing.assert_array_equal(gradient, regressor.input_gradient(HOUSES, PRICE))
    assert regressor.jacobian(HOUSES).shape == (ROWS, 1, len(names))
    assert regressor.check_gradients(HOUSES[:6], PRICE[:6]).passed


def test_what_training_did_not_have_is_said(regressor):
    other = HOUSES[:3].assign(kind=["castle", None, "barn"], colour="red")
    with pytest.warns(DataWarning) as said:
        predicted = regressor.predict(other)
    assert np.isfinite(predicted).all()
    messages = [str(warning.message) for warning in said]
    assert any("'castle'" in message for message in messages)
    assert any("columns not seen in training are ignored: 'colour'" in m for m in messages)
    assert all(warning.filename == __file__ for warning in said)
    with pytest.raises(DataError, match="lacks columns seen in training: 'kind'"):
        regressor.predict(HOUSES.drop(columns="kind"))


def test_a_saved_table_comes_back_whole(regressor, path, tmp_path):
    regressor.save(tmp_path / "m")
    for loaded in (load(tmp_path / "m"), Regressor.load(tmp_path / "m")):
        np.testing.assert_array_equal(loaded.predict(path), regressor.predict(path))
        assert loaded.score(path) == regressor.score(path)
        assert loaded.inputs_ == regressor.inputs_
        assert loaded.feature_names_in_.tolist() == ["area", "kind", "garden"]
        assert loaded.get_params()["inputs"] == "table"


@pytest.mark.parametrize("last", [True, False])
def test_classes_of_a_table_have_the_type_they_came_in(path, last, tmp_path):
    chain = Chain(Linear(8), ReLU(), *([] if last else [Linear(1), Sigmoid()]))
    model = Classifier(chain, **{**MODEL, "complete": last}, max_iter=40).fit(path, "garden")
    assert model.classes_.tolist() == ["False", "True"]
    truths = model.predict(path)
    assert model.score(path) == np.mean((truths == "True") == GARDEN)
    assert model.score(HOUSES.assign(price=PRICE), GARDEN) == model.score(path)
    numbers = Classifier(chain, **{**MODEL, "complete": last}, max_iter=5)
    numbers.fit(HOUSES.assign(digit=np.arange(ROWS) % 2), "digit")
    assert numbers.classes_.tolist() == [0, 1]
    assert numbers.predict(HOUSES).dtype.kind == "i"


def test_going_on_keeps_the_encoding(regressor):
    model = Classifier(Chain(Linear(6)), **MODEL, max_iter=3, warm_start=True).fit(HOUSES, KIND)
    inputs, epochs = model.inputs_, len(model.loss_curve_)
    model.fit(HOUSES[HOUSES.kind != "none"], KIND)
    model.partial_fit(HOUSES[:20], KIND[:20])
    assert model.inputs_ is inputs
    assert len(model.loss_curve_) == 2 * epochs + 1


def test_tables_in_cross_validation(regressor):
    scores = cross_val_score(clone(regressor).set_params(max_iter=30), HOUSES, PRICE, cv=3)
    assert (scores > 0.8).all()


def test_rows_of_a_frame_predict_a_file(tmp_path):
    X = pandas.DataFrame(rng.normal(size=(50, 3)), columns=["a", "b", "c"])
    model = MLPRegressor(hidden_layer_sizes=(5,), max_iter=5, random_state=0).fit(X, X["a"])
    X[["c", "a", "b"]].assign(more=1).to_csv(tmp_path / "x.csv", index=False)
    np.testing.assert_allclose(model.predict(tmp_path / "x.csv"), model.predict(X), rtol=1e-12)
    X[["a", "b"]].to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(DataError, match="lacks columns seen in training: 'c'"):
        model.predict(tmp_path / "x.csv")
    X.assign(c="word").to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(DataError, match="column 'c', line 2: expected a finite number, got 'word'"):
        model.predict(tmp_path / "x.csv")
    rows = X[["a", "b"]].to_numpy()
    plain = MLPRegressor(hidden_layer_sizes=(5,), max_iter=5, random_state=0).fit(rows, X["a"])
    X[["a", "b"]].to_csv(tmp_path / "x.csv", index=False)
    np.testing.assert_allclose(plain.predict(tmp_path / "x.csv"), plain.predict(rows))


@pytest.mark.parametrize(
    "model", [MLPClassifier(), Classifier(Chain(Linear(3)), complete=True), MLPRegressor()]
)
def test_who_takes_tables_is_said_where_rows_were_expected(model):
    y = PRICE if isinstance(model, MLPRegressor) else KIND
    with pytest.raises(ValueError, match=r'could not convert .*inputs="table"'):
        model.fit(HOUSES, y)
    with pytest.raises(ValueError, match=r'contains NaN[\s\S]*inputs="table"'):
        model.fit(HOUSES[["area"]], y)


def test_images_are_standardised_where_asked(tmp_path):
    images = rng.integers(0, 256, (30, 8, 6, 3)).astype(np.uint8)
    y = np.array(["dark", "light"])[np.arange(30) % 2]
    images[y == "dark"] //= 2
    chain = Chain(AvgPool2d(2), Flatten())
    model = Classifier(chain, complete=True, inputs="images", max_iter=40, random_state=0)
    model.fit(images, y)
    scaled = model.inputs_.encode(images)
    np.testing.assert_allclose(scaled.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    assert scaled.shape == (30, 3, 8, 6)
    assert model.score(images, y) > 0.9
    for number in range(4):
        Image.fromarray(images[number]).save(tmp_path / f"{number}.png")
    np.testing.assert_array_equal(model.predict(tmp_path), model.predict(images[:4]))
    assert model.predict(tmp_path / "1.png")[0] == model.predict(images[1:2])[0]
    assert model.input_gradient(images, y).shape == images.shape
    model.save(tmp_path / "m.safetensors")
    loaded = load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(images), model.predict_proba(images))
    with pytest.raises(ValueError, match="expected images for inputs='images', got rows"):
        clone(model).fit(images.reshape(30, -1), y)


def test_answers_that_are_lacking_are_asked_for(regressor):
    with pytest.raises(ValueError, match="Regressor: expected answers y to compare with"):
        regressor.check_gradients(regressor.inputs_.encode(HOUSES))
    plain = MLPClassifier((3,), max_iter=1, random_state=0).fit(AREA[:, None], KIND)
    for call in (plain.check_gradients, plain.input_gradient):
        with pytest.raises(ValueError, match="MLPClassifier: expected answers y to compare with"):
            call(AREA[:4, None])


def test_no_rows_are_no_samples(regressor):
    none = HOUSES.assign(price=PRICE)[:0]
    for call in (regressor.score, regressor.input_gradient, regressor.check_gradients):
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            call(none)
    assert regressor.predict(none).shape == (0,)


@pytest.mark.parametrize("model", [MLPClassifier((3,)), MLPRegressor(hidden_layer_sizes=(3,))])
def test_a_score_without_answers_is_an_error(model):
    y = (AREA > 100).astype(float)
    model.set_params(max_iter=1, random_state=0).fit(AREA[:, None], y)
    with pytest.raises(ValueError, match="expected answers y to compare with"):
        model.score(AREA[:, None])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(AREA[:, None], y[1:])


def test_the_first_call_of_partial_fit_takes_a_columns_name():
    data = HOUSES.assign(sold=AREA > 100)
    model = Classifier(Chain(Linear(3)), **MODEL)
    model.partial_fit(data, "sold", classes=[False, True]).partial_fit(data[:9], "sold")
    assert model.t_ == ROWS + 9
    numbered = pandas.DataFrame({0: AREA, 1: AREA > 100})
    assert Classifier(Chain(Linear(3)), **MODEL, max_iter=2).fit(numbered, 1).n_features_in_ == 1


def test_callbacks_are_given_the_answers_themselves(path):
    callback = pytest.importorskip("sklearn.callback")
    monitor = callback.ScoringMonitor(scoring="r2")
    model = Regressor(Chain(Linear(3)), **MODEL, max_iter=3).set_callbacks(monitor)
    model.fit(path, "price")
    assert model.n_iter_ == 3


def pixels(images):
    names = [f"p{number}" for number in range(images[0].size)]
    return pandas.DataFrame(images.reshape(len(images), -1), columns=names)


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3), (3, 6, 5)])
def test_rows_of_pixels_keep_their_names_where_they_are_standardised(shape, tmp_path):
    images = rng.integers(0, 256, (40, *shape)).astype(np.uint8)
    y, frame = np.where(images.reshape(40, -1)[:, 0] > 120, "a", "b"), pixels(images)
    options = {"complete": True, "inputs": "images", "image_shape": shape, "random_state": 0}
    chain = Chain(Flatten(), Linear(4))
    model = Classifier(chain, **options, max_iter=4).fit(frame, y)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    predicted = model.predict_proba(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[frame.columns[::-1]])
    frame[frame.columns[::-1]].to_csv(tmp_path / "x.csv", index=False)
    np.testing.assert_allclose(model.predict_proba(tmp_path / "x.csv"), predicted, rtol=1e-6)
    raw = [images, images.reshape(40, -1), images.reshape(40, -1).tolist()]
    raw.append(sparse.csr_array(images.reshape(40, -1)))
    for X in raw:
        other = Classifier(chain, **options, max_iter=4)
        other.fit(X, y)
        np.testing.assert_allclose(other.predict_proba(X), predicted, rtol=1e-6)


def test_images_of_either_layout_fit_where_one_of_them_does():
    images = rng.integers(0, 256, (20, 3, 6, 5)).astype(np.uint8)
    y = np.arange(20) % 2
    model = Classifier(
        Chain(Flatten()), complete=True, inputs="images", max_iter=2, random_state=0
    ).fit(images, y)
    last = images.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(model.predict_proba(last), model.predict_proba(images))
    with pytest.raises(ValueError, match=r"X has images of 6 × 4 pixels .* expecting images of"):
        model.predict(images[..., :4])


def test_a_folder_of_images_has_its_answers(tmp_path):
    images = rng.integers(0, 256, (20, 6, 5, 3)).astype(np.uint8)
    y = np.array(["dark", "light"])[np.arange(20) % 2]
    images[y == "dark"] //= 3
    for number, (image, label) in enumerate(zip(images, y, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / label / f"{number:02}.png")
    chain = Chain(AvgPool2d(2), Flatten())
    model = Classifier(chain, complete=True, inputs="images", max_iter=30, random_state=0)
    model.fit(images, y)
    assert model.score(tmp_path) == model.score(images, y)
    assert model.check_gradients(tmp_path).passed
    assert model.input_gradient(str(tmp_path)).shape == images.shape


def test_what_a_file_says_of_a_training_goes_with_it():
    model = MLPClassifier((3,), max_iter=1, random_state=0).fit(AREA[:, None], KIND)
    model.metadata_ = {"data": "houses.csv"}
    assert not hasattr(model.partial_fit(AREA[:, None], KIND), "metadata_")
