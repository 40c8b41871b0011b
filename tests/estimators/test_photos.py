"""Photos in Python: a folder, files and Pillow's images are learned, predicted and scored."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from chainrule import (
    AvgPool2d,
    Chain,
    Classifier,
    Flatten,
    Linear,
    MLPClassifier,
    Regressor,
    load,
)
from chainrule.data import DataError, read_image_folder, write_idx

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for part, count in (("train", 12), ("test", 4)):
        for label, lowest in (("dark", 0), ("light", 130)):
            (folder / part / label).mkdir(parents=True)
            for number in range(count):
                pixels = RNG.integers(lowest, lowest + 120, (60, 90, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / part / label / f"{number:02}.jpg")
    return folder


@pytest.fixture
def files(folder):
    return sorted((folder / "test").glob("*/*.jpg"))


def classifier(**parameters):
    chain = Chain(AvgPool2d(2), Flatten())
    return Classifier(chain, complete=True, max_iter=25, random_state=0, **parameters)


@pytest.fixture(scope="module")
def model(folder):
    return classifier(image_size=16).fit(folder / "train")


def test_a_folder_is_learned_and_scored(folder, model):
    assert model.classes_.tolist() == ["dark", "light"]
    assert model.inputs_.reading.size == (16, 16)
    assert model.inputs_.scaling is not None
    assert model.score(folder / "test") == model.score(str(folder / "test")) == 1
    whole = classifier(image_size=16, inputs="images").fit(str(folder))  # its part for training
    np.testing.assert_array_equal(whole.chain_.parameters.flat, model.chain_.parameters.flat)
    images = read_image_folder(folder, size=16)
    same = classifier().fit(images)
    np.testing.assert_array_equal(same.chain_.parameters.flat, model.chain_.parameters.flat)
    assert same.score(images.test) == 1
    array = classifier(inputs="images").fit(images.X, images.labels)
    np.testing.assert_array_equal(array.chain_.parameters.flat, model.chain_.parameters.flat)


@pytest.fixture
def opened(files):
    """The files as Pillow opens them: their pixels are not read yet."""
    with ExitStack() as stack:
        yield [stack.enter_context(Image.open(path)) for path in files]


def test_a_loaded_model_predicts_whatever_a_photo_is(folder, model, files, opened, tmp_path):
    model.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    assert loaded.image_size == 16
    expected = model.predict_proba(read_image_folder(folder, size=16).test.X)
    for data in (
        files,
        [str(path) for path in files],
        np.array([str(path) for path in files]),
        folder / "test",
        str(folder / "test"),
        str(folder / "test" / "*" / "*.jpg"),
        opened,
        read_image_folder(folder / "test", size=16),
    ):
        np.testing.assert_array_equal(loaded.predict_proba(data), expected)
    for one in (files[5], str(files[5]), opened[5]):
        np.testing.assert_array_equal(loaded.predict(one), ["light"])
    for image in opened:
        assert image.size == (90, 60)  # as whoever opened it left it
    opened[5].load()
    np.testing.assert_allclose(loaded.predict_proba(opened[5]), expected[5:6], atol=0.02)


def test_gradients_take_photos_too(folder, model, files, opened):
    assert model.check_gradients(folder / "test").passed
    assert model.input_gradient(folder / "test").shape == (8, 3, 16, 16)
    assert model.jacobian(files[:2]).shape == (2, 1, 3, 16, 16)
    assert model.jacobian(opened[0]).shape == (1, 1, 3, 16, 16)


def test_lists_of_files_are_learned_with_answers(files, opened):
    y = [path.parent.name for path in files]
    scores = cross_val_score(classifier(image_size=8), [str(path) for path in files], y, cv=2)
    assert scores.tolist() == [1, 1]
    model = classifier(image_size=(8, 12), image_format="nhwc").fit(np.array(files, object), y)
    assert model.image_format_ == "nhwc"
    assert model.inputs_.given == (8, 12, 3)
    number = Regressor(model.chain, complete=True, max_iter=200, random_state=0)
    number.set_params(learning_rate_init=0.01, image_size=4, scale_target=True)
    brightness = [np.asarray(image).mean() for image in opened]
    assert number.fit(files, brightness).score(files, brightness) > 0.9
    assert number.predict(opened[:1]).shape == (1,)


def test_validation_and_going_on_take_folders(folder):
    model = classifier(early_stopping=True).fit(folder / "train", X_val=folder / "test")
    assert model.validation_scores_[-1] == 1
    model = classifier().partial_fit(folder / "train", classes=["dark", "light"])
    model.partial_fit(folder / "train")
    assert model.t_ == 48
    assert model.set_params(warm_start=True).fit(folder / "train").score(folder / "test") == 1
    model.set_params(image_size=(43, 64)).fit(folder / "train")
    with pytest.raises(ValueError, match=r"go on with, image_size=\(43, 64\), got 32"):
        model.set_params(image_size=32).fit(folder / "train")


def test_the_size_found_is_told(folder, capsys):
    classifier(verbose=True).fit(folder / "train")
    assert "Classifier: 24 images of 60 × 90 pixels are read as 43 × 64" in capsys.readouterr().out


def test_a_folder_of_mnists_files_is_learned(tmp_path):
    t = np.arange(30, dtype=np.uint8) % 2
    X = (RNG.integers(0, 99, (30, 6, 5)) + 150 * t[:, None, None]).astype(np.uint8)
    write_idx(tmp_path / "train-images-idx3-ubyte", X)
    write_idx(tmp_path / "train-labels-idx1-ubyte", t)
    model = classifier().fit(tmp_path)
    assert model.classes_.tolist() == [0, 1]
    assert model.score(tmp_path) == 1
    with pytest.raises(DataError, match="expected a folder of image files for --size"):
        classifier(image_size=8).fit(tmp_path)


def test_what_is_no_photo_is_named(folder, model, files, tmp_path):
    images = read_image_folder(folder, size=16)
    (tmp_path / "x.txt").write_text("x")
    calls = [
        (lambda: classifier(image_size=8).fit(images.X, images.labels), "image_size=8 is for fold"),
        (lambda: classifier(image_size=8, inputs="table").fit("iris"), "image_size=8 is for fold"),
        (lambda: classifier(image_size="8").fit(folder), "'image_size' parameter of Classifier"),
        (lambda: classifier().fit(files), "requires y to be passed"),
        (lambda: model.predict([tmp_path / "x.txt"]), r"x\.txt: expected an image, got a damaged"),
        (lambda: model.predict([*files, "a.png", "b.png"]), "2 of 10 files are damaged or no imag"),
        (lambda: model.predict("none*.png"), r"none\*\.png: no files have such names"),
        (lambda: model.predict("iris"), "iris: expected images, got a table"),
        (lambda: model.predict(np.zeros((1, 60, 90, 3))), "files, and images of Pillow, may"),
    ]
    for name in ("y.png", "z.png"):
        (tmp_path / name).write_bytes(b"no picture")
    bad = [str(tmp_path / "y.png"), tmp_path / "z.png"]
    with Image.open(files[0]) as image:
        calls.append((lambda: classifier().fit([*bad, image], [1, 2, 3]), "2 of 3 files are dam"))
    table = Classifier(Chain(Linear(3)), complete=True, inputs="table", max_iter=1)
    table.fit("iris", "species")
    calls += [
        (lambda: table.predict(files[0]), r"00\.jpg: expected a table, .* got a picture"),
        (lambda: table.predict(folder), "expected a table, a CSV file with a header, got a folder"),
        (lambda: MLPClassifier().fit(Path(folder)), "expected a table, .*, got a folder"),
    ]
    for call, message in calls:
        with pytest.raises(ValueError, match=message):
            call()
    assert clone(model).image_size == 16


def test_what_is_neither_pictures_nor_numbers_is_named(model, files):
    with open(files[0], "rb") as file:
        for wrong, received in (
            (None, "NoneType"),
            (file.read(), "bytes"),
            (file, "BufferedReader"),
            (iter(files), "list_iterator"),
            ([files[0], None], "a list that holds NoneType"),
        ):
            with pytest.raises(ValueError, match=f"or pictures .a path, .*, got {received}$"):
                model.predict(wrong)
    with pytest.raises(DataError, match="it has 5 × 0 pixels"):
        model.predict(Image.new("RGB", (0, 5)))
