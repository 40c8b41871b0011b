"""Photos from the command line: their size, how they lie, their layouts, and damaged ones."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from chainrule import load
from cli.runs import chainrule, train


def photo(path, shade, size=(90, 120), orientation=1):
    """Save a photo that is dark, or bright, in its upper half, stored as a camera is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(path.name)).integers(0, 40, (*size, 3), dtype=np.uint8)
    pixels[: size[0] // 2] += np.uint8(shade)
    image, exif = Image.fromarray(pixels), Image.Exif()
    if orientation == 6:
        image = image.transpose(Image.Transpose.ROTATE_90)
    exif[0x0112] = orientation
    image.save(path, exif=exif)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos") / "photos"
    for part, count in (("train", 10), ("val", 3), ("test", 4)):
        for number in range(count):
            turned = 6 if number % 2 else 1
            photo(folder / part / "day" / f"{number}.JPG", 180, orientation=turned)
            photo(folder / part / "night" / f"{number}.webp", 0, orientation=turned)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return train(folder, folder.parent / "m", "-e", 30, "--size", "12x16")


def test_folders_for_parts_are_the_parts(folder, model, tmp_path):
    shares = ("--validation", 0.3, "--test", 0.9)  # both have folders of their own
    run = chainrule("train", folder, "-e", 1, "--size", 8, "-o", tmp_path / "m", "--json", *shares)
    assert run.json["rows"] == {"training": 20, "validation": 6, "test": 8}
    run = chainrule("evaluate", model, folder, "--json")
    assert run.json["rows"] == {"training": 20, "validation": 6, "test": 8}
    assert all(scores["accuracy"] == 1 for scores in run.json["scores"].values())
    run = chainrule("predict", model, folder)
    assert run.err == "these are the 20 training images; for others, name their file\n"


def test_classes_that_training_has_not_are_told(folder, tmp_path):
    for part in ("train", "test"):
        for label in ("a", "b"):
            photo(tmp_path / "p" / part / label / "1.png", 9)
    (tmp_path / "p" / "test" / "b").rename(tmp_path / "p" / "test" / "c")
    run = chainrule("train", tmp_path / "p", "--validation", 0, "-o", tmp_path / "m")
    assert run.code == 0
    assert "1 of 2 rows is of a class that training did not have, 'c'" in run.err
    assert "it stands in image 'c/1.png'" in run.err


def test_names_that_are_no_unicode_are_written_as_they_are(model, tmp_path):
    name = b"\xff\xfe.png"
    photo(tmp_path / "1.png", 180)
    os.rename(tmp_path / "1.png", os.path.join(os.fsencode(tmp_path), name))
    run = chainrule("predict", model, tmp_path, "--output", tmp_path / "p.csv")
    assert run.code == 0
    assert (tmp_path / "p.csv").read_bytes() == b"file,class\n" + name + b",day\n"


def test_json_tells_what_was_left_out(folder, model, tmp_path):
    for label in ("day", "night"):
        photo(tmp_path / "p" / label / "1.png", 9)
    (tmp_path / "p" / "day" / "2.png").write_bytes(b"")
    told = "1 file is damaged or no image and left out: 'day/2.png' "
    told += "(no picture that Pillow can read)"
    for command in ("predict", "evaluate"):
        run = chainrule(command, model, tmp_path / "p", "--skip-damaged", "--json")
        assert run.json["notes"] == [told]
    rest = ("--skip-damaged", "--validation", 0, "--test", 0, "-e", 1, "-o", tmp_path / "m")
    assert told in chainrule("train", tmp_path / "p", *rest, "--json").json["notes"]


def test_an_empty_argument_is_no_folder(model):
    for words in (("predict", model, ""), ("train", "")):
        assert "expected the name of a file, folder or built-in set, got ''" in (
            chainrule(*words).error
        )


def test_the_size_is_said_chosen_and_kept(folder, model, tmp_path):
    run = chainrule("train", folder, "-e", 1, "--model", "mlp", "-o", tmp_path / "m")
    assert run.err.startswith(
        "20 images of 90 × 120 pixels are read as 48 × 64; --size, in Python size=, says another\n"
    )
    assert load(tmp_path / "m").inputs_.reading.size == (48, 64)
    assert load(model).inputs_.reading.size == (12, 16)
    for size, sides in (("24", [24, 24]), ("20X30", [20, 30])):
        path = train(folder, tmp_path / f"{size}.st", "--size", size, "--model", "mlp")
        assert chainrule("show", path, "--json").json["input_shape"] == [3, *sides]
        assert len(chainrule("predict", path, folder / "test" / "day").out.splitlines()) == 5


def test_photos_of_any_size_go_the_same_way(model, tmp_path):
    for number, size in enumerate([(90, 120), (900, 1200), (45, 60), (120, 90), (30, 400)]):
        photo(tmp_path / "new" / f"{number}.png", 180, size)
    assert chainrule("predict", model, tmp_path / "new").out == "file,class\n" + "".join(
        f"{number}.png,day\n" for number in range(5)
    )


def test_a_photo_lies_as_people_see_it(model, tmp_path):
    photo(tmp_path / "upright.png", 180)
    photo(tmp_path / "slanted.png", 180, orientation=6)
    run = chainrule("predict", model, tmp_path, "--json").json
    assert run["files"] == ["slanted.png", "upright.png"]
    assert run["probabilities"][0] == run["probabilities"][1]


def test_photos_folders_and_patterns_are_predicted_together(folder, model):
    day, night = folder / "test" / "day", folder / "test" / "night"
    run = chainrule("predict", model, day / "0.JPG", night / "1.webp")
    assert run.out == "file,class\n0.JPG,day\n1.webp,night\n"
    run = chainrule("predict", model, day, night / "1.webp", "--json")
    assert json.loads(run.out)["predictions"] == ["day"] * 4 + ["night"]
    run = chainrule("predict", model, str(folder / "test" / "*" / "0.*"))
    assert [line.rpartition(",")[2] for line in run.out.splitlines()[1:]] == ["day", "night"]
    error = chainrule("predict", model, str(folder / "*.png")).error
    assert error == f"{folder}/*.png: no files have such names"
    error = chainrule("predict", model, "iris", "iris").error
    assert error == "expected one table, or images, got 2 files"


def test_nested_photos_without_classes_are_predicted(model, tmp_path):
    photo(tmp_path / "phone" / "2021" / "b.png", 180)
    photo(tmp_path / "phone" / "a.png", 0)
    run = chainrule("predict", model, tmp_path / "phone")
    assert run.out == "file,class\n2021/b.png,day\na.png,night\n"


def test_a_table_and_a_photo_are_not_mistaken_for_each_other(folder, model, tmp_path):
    table = train("iris", tmp_path / "iris.st")
    picture = folder / "test" / "day" / "0.JPG"
    (tmp_path / "rows.csv").write_bytes(picture.read_bytes())
    for data, received in (
        ([picture], "an image"),
        ([folder / "test" / "night" / "0.webp"], "an image"),
        ([tmp_path / "rows.csv"], "an image"),
        ([picture, picture], "2 images"),
        ([str(folder / "*" / "day" / "*")], "17 images"),
        ([folder], "a folder"),
    ):
        error = chainrule("predict", table, *data).error
        assert error.startswith("this model was trained on a table with the columns 'sepal length")
        assert error.endswith(f", got {received}")
    error = chainrule("train", tmp_path / "rows.csv").error
    assert error == "rows.csv: one image, without a class; expected a folder for each class with " \
        "images in it"


def test_damaged_photos_are_named_or_left_out(folder, model, tmp_path):
    for label, shade in (("day", 180), ("night", 0)):
        for number in range(8):
            photo(tmp_path / "p" / label / f"{number}.png", shade)
        (tmp_path / "p" / label / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    for command in (
        ("train", tmp_path / "p", "-e", 1, "--size", 8, "-o", tmp_path / "m"),
        ("predict", model, tmp_path / "p"),
        ("evaluate", model, tmp_path / "p"),
    ):
        error = chainrule(*command).error
        assert "2 of 18 files are damaged or no images: 'day/bad.jpg' (" in error
        assert error.endswith("; --skip-damaged, in Python skip_damaged=True, goes on without them")
        run = chainrule(*command, "--skip-damaged")
        assert run.code == 0
        assert "2 files are damaged or no image and left out: 'day/bad.jpg' (" in run.err
    error = chainrule("predict", model, tmp_path / "p" / "day" / "bad.jpg").error
    assert "bad.jpg: expected an image, got a damaged or other file" in error
    assert "--skip" not in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("photos", "--size", "x"), "--size: expected pixels such as 128 or 96x128, got 'x'"),
        (("photos", "--size", "3x4x5"), "--size: expected pixels such as 128 or 96x128, got '3x4"),
        (("photos", "--size", "0"), "--size: expected a side or (h, w) from 1 to 4,096 pixels"),
        (("iris", "--size", "32"), "iris: expected a folder of image files for --size, in"),
        (("iris", "--skip-damaged"), "iris: expected a folder of image files for --skip-damaged"),
    ],
)
def test_options_of_photos_are_checked(folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder.parent)
    assert chainrule("train", *arguments).error.startswith(message)
