"""Whatever is trained in Python predicts, scores and is checked on files at the command line."""

import csv
import io

import numpy as np
import pandas
import pytest
from PIL import Image
from sklearn import metrics
from sklearn.datasets import load_iris

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Flatten,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    Softmax,
    load,
)
from cli.runs import chainrule, house_rows, train, written

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(as_frame=True)
SPECIES = pandas.Series(IRIS.target_names[IRIS.target], name="species")
SHORT = [name.removesuffix(" (cm)").replace(" ", "_") for name in IRIS.feature_names]


def saved(model, path):
    model.save(path)
    return path


def rows(run):
    assert run.code == 0, run.err
    return list(csv.reader(io.StringIO(run.out)))


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return written(tmp_path_factory.mktemp("houses") / "houses.csv", house_rows())


def test_a_network_of_a_data_frame_predicts_and_scores_a_file(houses, tmp_path):
    frame = pandas.read_csv(houses)
    chain = Chain(Linear(8), ReLU(), Linear(1))
    model = Regressor(chain, inputs="table", scale_target=True, max_iter=30, random_state=0)
    model.fit(frame.drop(columns="price"), frame["price"])
    path = saved(model, tmp_path / "m")
    header, *lines = rows(chainrule("predict", path, houses))
    assert header == ["price"]
    found = [float(line[0]) for line in lines]
    assert found == model.predict(houses).tolist()
    scores = chainrule("evaluate", path, houses, "--json").json["scores"]["all"]
    assert scores == {
        "R²": pytest.approx(model.score(houses)),
        "mean absolute error": pytest.approx(metrics.mean_absolute_error(frame["price"], found)),
        "root mean squared error": pytest.approx(
            metrics.root_mean_squared_error(frame["price"], found)
        ),
    }
    assert chainrule("check", path, houses, "--entries", 4).code == 0


def test_it_goes_from_the_command_line_to_a_notebook_and_back(houses, tmp_path):
    model = load(train(houses, tmp_path / "m", "-t", "price", "-e", 5))
    frame = pandas.read_csv(houses)
    frame.loc[3, "area"] = np.nan
    frame.loc[5, "kind"] = "castle"
    missing, unknown = "column 'area': 1 cell missing", "column 'kind': 1 cell with values"
    with pytest.warns(match=missing), pytest.warns(match=unknown):
        found = model.predict(frame)
    frame.to_csv(tmp_path / "new.csv", index=False)
    run = chainrule("predict", saved(model, tmp_path / "again"), tmp_path / "new.csv")
    assert "column 'area': 1 cell missing, none in training" in run.err
    assert "column 'kind': 1 cell with values not seen in training" in run.err
    assert [float(line[0]) for line in rows(run)[1:]] == found.tolist()
    assert model.check_gradients(frame.head(3)).passed


def test_a_classifier_s_columns_are_found_by_name(tmp_path):
    model = MLPClassifier((8,), max_iter=60, random_state=0).fit(IRIS.data, SPECIES)
    path = saved(model, tmp_path / "m")
    shuffled = pandas.concat([SPECIES, IRIS.data.iloc[:, ::-1]], axis=1)
    shuffled.to_csv(tmp_path / "iris.csv", index=False)
    header, *lines = rows(chainrule("predict", path, tmp_path / "iris.csv", "--probabilities"))
    assert header == ["species", "p(setosa)", "p(versicolor)", "p(virginica)"]
    assert [line[0] for line in lines] == model.predict(IRIS.data).tolist()
    shares = [[float(cell) for cell in line[1:]] for line in lines]
    np.testing.assert_allclose(shares, model.predict_proba(IRIS.data), rtol=1e-5)
    for data in (tmp_path / "iris.csv", "iris"):
        scores = chainrule("evaluate", path, data, "--json").json["scores"]["all"]
        assert scores["accuracy"] == model.score(IRIS.data, SPECIES)


def test_columns_without_names_are_found_by_order_and_the_target_by_its_option(tmp_path):
    X, y = IRIS.data.to_numpy(), IRIS.target.to_numpy()
    model = MLPClassifier((8,), max_iter=60, random_state=0).fit(X, y)
    path = saved(model, tmp_path / "m")
    frame = pandas.DataFrame(X, columns=SHORT)
    frame.to_csv(tmp_path / "bare.csv", index=False)
    expected = ["prediction", *map(str, model.predict(X))]
    assert [line[0] for line in rows(chainrule("predict", path, tmp_path / "bare.csv"))] == expected
    frame.assign(kind=y).to_csv(tmp_path / "kinds.csv", index=False)
    run = chainrule("predict", path, tmp_path / "kinds.csv")
    assert run.error.startswith("expected a table of 4 columns, as the samples of training have")
    run = chainrule("predict", path, tmp_path / "kinds.csv", "-t", "kind")
    assert [line[0] for line in rows(run)] == ["kind", *expected[1:]]
    error = chainrule("evaluate", path, tmp_path / "kinds.csv").error
    assert "which column is to be predicted? Say --target NAME; there are 'sepal_length'" in error
    run = chainrule("evaluate", path, tmp_path / "kinds.csv", "-t", "kind", "--json")
    assert run.json["scores"]["all"]["accuracy"] == model.score(X, y)
    assert chainrule("check", path, tmp_path / "kinds.csv", "-t", "kind").code == 0
    assert len(rows(chainrule("predict", path, "iris"))) == 151
    told = chainrule("predict", path, tmp_path / "bare.csv", "--json").json
    assert (told["target"], told["classes"]) == (None, ["0", "1", "2"])


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (SHORT[:3], "1,2,3", "expected a table of 4 columns, as the samples of training have, got"),
        (SHORT, "1,2,3,x", "column 'petal_width', line 3: expected a finite number, got 'x'"),
        (SHORT, "1,2,3,", "column 'petal_width', line 3: expected a finite number, got an empty"),
    ],
)
def test_a_table_unlike_the_rows_of_training_is_refused(tmp_path, header, row, message):
    model = MLPClassifier((3,), max_iter=1).fit(IRIS.data.to_numpy(), IRIS.target)
    data = tmp_path / "new.csv"
    data.write_text(",".join(header) + f"\n{','.join(['1'] * len(header))}\n{row}\n")
    assert message in chainrule("predict", saved(model, tmp_path / "m"), data).error


def test_several_numbers_have_a_column_each(tmp_path):
    frame = IRIS.data.set_axis(SHORT, axis=1)
    X, y = frame[SHORT[:2]], frame[SHORT[2:]]
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=40, random_state=0).fit(X, y)
    path, data = saved(model, tmp_path / "m"), tmp_path / "iris.csv"
    frame.to_csv(data, index=False)
    header, *lines = rows(chainrule("predict", path, data))
    assert header == ["prediction_1", "prediction_2"]
    assert np.array(lines, float).tolist() == model.predict(X).tolist()
    names = ",".join(SHORT[2:])
    assert rows(chainrule("predict", path, data, "-t", names))[0] == SHORT[2:]
    scores = chainrule("evaluate", path, data, "-t", names, "--json").json["scores"]["all"]
    assert scores["R²"] == pytest.approx(model.score(X, y))
    assert scores["mean absolute error"] == pytest.approx(
        metrics.mean_absolute_error(y, model.predict(X))
    )
    assert chainrule("check", path, data, "-t", names, "--entries", 5).code == 0
    assert chainrule("check", path, data, "--entries", 5).code == 0
    error = chainrule("evaluate", path, data).error
    assert "which 2 columns are predicted? Say --target NAME,NAME,…; there are 'sepal_" in error


def test_several_labels_have_a_column_each(tmp_path):
    frame = IRIS.data.set_axis(SHORT, axis=1)
    held = np.c_[IRIS.target == 0, frame["sepal_length"] > 6].astype(int)
    model = MLPClassifier((8,), max_iter=60, random_state=0).fit(frame, held)
    path, data = saved(model, tmp_path / "m"), tmp_path / "iris.csv"
    frame.assign(small=held[:, 0], long=held[:, 1]).to_csv(data, index=False)
    header, *lines = rows(chainrule("predict", path, data, "--probabilities"))
    assert header == ["label_0", "label_1", "p(label_0)", "p(label_1)"]
    assert [list(map(int, line[:2])) for line in lines] == model.predict(frame).tolist()
    run = chainrule("evaluate", path, data, "--target", "small,long", "--json")
    found = model.predict(frame)
    assert run.json["scores"]["all"] == {
        "subset accuracy": model.score(frame, held),
        "label accuracy": pytest.approx((found == held).mean()),
        "F1 of labels": pytest.approx(metrics.f1_score(held, found, average="macro")),
    }
    assert "positive" not in run.json
    told = chainrule("predict", path, data, "--json").json
    assert told["predictions"] == found.tolist()
    frame.assign(small=held[:, 0], long=2 * held[:, 1] - 1).to_csv(data, index=False)
    for command in ("evaluate", "check"):
        error = chainrule(command, path, data, "--target", "small,long").error
        expected = "target 'long', line 2: expected 1 where the label holds, else 0, got '-1'"
        assert error == expected


@pytest.mark.parametrize("axes", ["nchw", "nhwc"])
@pytest.mark.parametrize("inputs", ["images", None])
def test_images_of_every_format_are_read_from_files(tmp_path, axes, inputs):
    numbers = np.random.default_rng(0)
    X = numbers.integers(0, 256, (12, 6, 5, 3), dtype=np.uint8)
    for number, picture in enumerate(X):
        (tmp_path / "new").mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "new" / f"{number:02}.png")
    given = X if axes == "nhwc" else X.transpose(0, 3, 1, 2)
    chain = Chain(Conv2d(4, 3), ReLU(), Flatten(), Linear(2), Softmax())
    options = {"inputs": inputs, "image_format": axes, "max_iter": 3, "random_state": 0}
    model = Classifier(chain, **options).fit(given, ["cat", "dog"] * 6)
    path = saved(model, tmp_path / "m")
    header, *lines = rows(chainrule("predict", path, tmp_path / "new", "--probabilities"))
    assert header == ["file", "prediction", "p(cat)", "p(dog)"]
    assert [line[1] for line in lines] == model.predict(given).tolist()
    assert model.predict(tmp_path / "new").tolist() == model.predict(given).tolist()
    np.testing.assert_allclose(
        [float(line[2]) for line in lines], model.predict_proba(given)[:, 0], rtol=1e-5, atol=1e-6
    )


def test_gray_images_and_rows_of_their_pixels_are_read(tmp_path):
    X = np.random.default_rng(0).integers(0, 17, (20, 8, 8), dtype=np.uint8)
    chain = Chain(Flatten(), Linear(2), Softmax())
    flat = X.reshape(20, 64)
    gray = Classifier(chain, max_iter=2, random_state=0).fit(X, [0, 1] * 10)
    pixels = Classifier(chain, image_shape=(8, 8), max_iter=2, random_state=0)
    pixels.fit(flat, [0, 1] * 10)
    for model in (gray, pixels):
        found = chainrule("predict", saved(model, tmp_path / "m"), "digits", "--json").json
        assert len(found["predictions"]) == 1797
    pandas.DataFrame(flat).add_prefix("pixel").to_csv(tmp_path / "p.csv", index=False)
    run = chainrule("predict", tmp_path / "m", tmp_path / "p.csv")
    assert [int(line[0]) for line in rows(run)[1:]] == pixels.predict(flat).tolist()


def test_data_of_the_wrong_kind_are_named(tmp_path):
    named = MLPClassifier((3,), max_iter=1).fit(IRIS.data, SPECIES)
    bare = MLPClassifier((3,), max_iter=1).fit(IRIS.data.to_numpy(), SPECIES)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "a.png")
    for model, words in (
        (named, "a table with the columns 'sepal length (cm)'"),
        (bare, "rows of 4 numbers"),
    ):
        error = chainrule("predict", saved(model, tmp_path / "m"), tmp_path / "a.png").error
        assert error == "a.png: images without classes; expected a folder for each class" or (
            error.startswith(f"this model was trained on {words}")
        )


def test_an_unknown_class_is_named_with_its_line(tmp_path):
    model = MLPClassifier((3,), max_iter=1).fit(IRIS.data, SPECIES)
    table = IRIS.data.assign(species=SPECIES)
    table.loc[2, "species"] = "tulip"
    table.to_csv(tmp_path / "new.csv", index=False)
    run = chainrule("evaluate", saved(model, tmp_path / "m"), tmp_path / "new.csv")
    assert run.code == 0
    assert "1 of 150 rows is of a class that training did not have, 'tulip'" in run.err
    assert "it stands in line 4" in run.err
