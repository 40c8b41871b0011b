"""Images: a folder for each class, MNIST's files, single pictures, and what is wrong with them."""

import sys

import numpy as np
import pytest
from PIL import Image

from chainrule.data import write_idx
from cli.runs import chainrule, train


def picture(path, shade, size=(6, 5), channels=1):
    """A noisy picture (h, w) about a shade, in colour if it has three channels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(len(path.stem) + shade)
    shape = size if channels == 1 else (*size, channels)
    Image.fromarray(numbers.integers(shade, shade + 90, shape, dtype=np.uint8)).save(path)


def pictures(folder, n=12, **options):
    """A folder of n dark cats and n bright dogs."""
    for i in range(n):
        picture(folder / "cat" / f"{i}.png", 5 + i, **options)
        picture(folder / "dog" / f"{i}.png", 140 + i, **options)
    return folder


def digits(folder, n=40, labels=None):
    """MNIST's files for n grey images of 7 x 6 in three classes, and 9 for test."""
    folder.mkdir()
    numbers = np.random.default_rng(2)
    for name, rows in (("train", n), ("t10k", 9)):
        t = np.arange(rows, dtype=np.uint8) % 3
        X = numbers.integers(0, 60, (rows, 7, 6), dtype=np.uint8) + 80 * t[:, None, None]
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", X.astype(np.uint8))
        write_idx(folder / f"{name}-labels-idx1-ubyte", t[: labels or rows])
    return folder


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    folder = pictures(tmp_path_factory.mktemp("images") / "pets")
    return folder, train(folder, folder.parent / "pets.st", "-e", 30)


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    folder = digits(tmp_path_factory.mktemp("idx") / "mnist")
    return folder, train(folder, folder.parent / "mnist.st", "-e", 30)


def test_each_prediction_has_the_name_of_its_file(pets):
    folder, model = pets
    lines = chainrule("predict", model, folder).out.splitlines()
    assert lines[:3] == ["file,class", "cat/0.png,cat", "cat/1.png,cat"]
    assert lines[3] == "cat/10.png,cat"  # in the order of names, not of numbers
    assert lines[-1] == "dog/9.png,dog"
    told = chainrule("predict", model, folder, "--json").json
    assert [f"{f},{c}" for f, c in zip(told["files"], told["predictions"], strict=True)] == lines[
        1:
    ]


def test_pictures_without_classes_are_predicted(pets, tmp_path):
    _, model = pets
    for name, shade in (("b.png", 150), ("a.png", 9)):
        picture(tmp_path / "new" / name, shade)
    assert chainrule("predict", model, tmp_path / "new").out == "file,class\na.png,cat\nb.png,dog\n"
    run = chainrule("predict", model, tmp_path / "new" / "b.png", "--probabilities")
    assert run.out.splitlines()[0] == "file,class,p(cat),p(dog)"
    assert run.out.splitlines()[1].startswith("b.png,dog,")


def test_pictures_of_other_sizes_and_colours_are_fitted(pets, tmp_path):
    _, model = pets
    for size, channels in (((9, 11), 1), ((6, 5), 3), ((12, 10), 3)):
        folder = pictures(tmp_path / f"{size[0]}-{channels}", 3, size=size, channels=channels)
        scores = chainrule("evaluate", model, folder, "--json").json["scores"]["all"]
        assert scores["accuracy"] == 1.0


def test_training_tells_that_sizes_differ(tmp_path):
    folder = pictures(tmp_path / "pets", 11)
    for i in (3, 8):
        picture(folder / "dog" / f"{i}.png", 140, size=(8, 5))
    run = chainrule("train", folder, "-e", 1, "-o", tmp_path / "m")
    assert run.code == 0
    assert run.err.startswith(
        "22 images of 6 × 5 to 8 × 5 pixels are read as 6 × 5; 2 of another shape are cut to the "
        "middle; --size, in Python size=, says another\n"
    )


def test_unknown_classes_are_named_at_evaluation(pets, tmp_path):
    _, model = pets
    folder = pictures(tmp_path / "farm", 2)
    (folder / "dog").rename(folder / "pig")
    assert chainrule("evaluate", model, folder).error == (
        "farm: got images of 'pig', expected the classes 'cat', 'dog'"
    )


def test_evaluation_needs_classes(pets, tmp_path):
    picture(tmp_path / "new" / "a.png", 9)
    error = chainrule("evaluate", pets[1], tmp_path / "new").error
    assert error == "new: expected the classes of the images as folders' names"


def test_a_folder_of_idx_files_has_its_own_test_set(mnist):
    folder, model = mnist
    told = chainrule("evaluate", model, folder, "--json").json
    assert told["rows"] == {"training": 40, "test": 9}
    assert told["scores"]["test"]["accuracy"] == 1.0
    trained = chainrule("show", model, "--json").json["training"]["rows"]
    assert trained == {"training": 36, "validation": 4, "test": 9}


def test_predictions_of_idx_files_tell_which_images_they_are_of(mnist):
    folder, model = mnist
    run = chainrule("predict", model, folder)
    assert run.out.count("\n") == 41
    assert run.err == "these are the 40 training images; for others, name their file\n"
    run = chainrule("predict", model, folder / "t10k-images-idx3-ubyte.gz")
    assert run.out == "class\n" + "0\n1\n2\n" * 3
    assert run.err == ""


def test_a_gradient_check_takes_images_with_classes_and_without(pets, mnist):
    for (folder, model), data in ((pets, "cat"), (mnist, "t10k-images-idx3-ubyte.gz")):
        for place in (folder, folder / data):
            assert chainrule("check", model, place, "--entries", 3, "--json").json["passed"]


def broken(folder):
    pictures(folder, 3)
    (folder / "dog" / "1.png").write_bytes(b"no picture")


def one_class(folder):
    picture(folder / "cat" / "a.png", 3)


def empty_classes(folder):
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)


def wrong_magic(folder):
    path = digits(folder) / "train-images-idx3-ubyte"
    path.write_bytes(b"\x89PNG" + bytes(60))


def cut_off(folder):
    path = digits(folder) / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-6])


def no_labels(folder):
    (digits(folder) / "train-labels-idx1-ubyte").unlink()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (broken, "dog/1.png: expected an image, got a damaged or other file"),
        (one_class, "expected two sub-folders or more with images (.jpg, .png and others), got"),
        (empty_classes, "got no images in any"),
        (lambda folder: picture(folder / "a.png", 3), "expected a folder for each class"),
        (lambda folder: folder.mkdir(), "expected a folder for each class with images in it, "),
        (wrong_magic, "expected an IDX file (bytes 00 00 first), got '89 50 4e 47'"),
        (cut_off, "expected 40 bytes of content for uint8 (40,), got 34"),
        (no_labels, "expected train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz, found neith"),
        (lambda folder: digits(folder, labels=8), "expected 40 labels for the images in train-im"),
    ],
)
def test_images_that_cannot_be_learned_are_named(tmp_path, make, message):
    make(tmp_path / "data")
    assert message in chainrule("train", tmp_path / "data", "-o", tmp_path / "m").error
    assert not (tmp_path / "m").exists()


def test_images_have_no_columns(pets, tmp_path):
    folder, _ = pets
    error = chainrule("train", folder, "-t", "kind", "-o", tmp_path / "m").error
    assert error == f"--target: {folder} is no table, so it has no column 'kind'"


def test_tables_and_images_are_not_mistaken_for_each_other(pets, tmp_path):
    folder, model = pets
    error = chainrule("predict", model, "iris").error
    assert error == "this model was trained on images of 1 × 6 × 5, got a table"
    table = train("iris", tmp_path / "iris.st")
    error = chainrule("predict", table, folder).error
    assert error.startswith("this model was trained on a table with the columns 'sepal length")


def test_pillow_is_asked_for_when_it_is_missing(pets, monkeypatch):
    folder, model = pets
    monkeypatch.setitem(sys.modules, "PIL", None)
    for arguments in (("train", folder), ("predict", model, folder / "cat" / "1.png")):
        error = chainrule(*arguments).error
        assert error == "reading images needs Pillow: pip install chainrule[images]"
