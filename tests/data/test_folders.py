"""Folders of images as people have them: nested, in parts, with other and damaged files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.data import DataError, read_image_folder, read_source


def picture(path, shade=9, size=(5, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, shade, np.uint8)).save(path)


def damaged(path, content=b"no picture"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_folders_in_a_folder_of_a_class_belong_to_it(tmp_path):
    for name in ("cat/b.png", "cat/2021/may/a.png", "cat/2020/c.png", "dog/1/2/3.png"):
        picture(tmp_path / name)
    images = read_image_folder(tmp_path)
    assert images.names == ["cat/2020/c.png", "cat/2021/may/a.png", "cat/b.png", "dog/1/2/3.png"]
    assert images.labels == ["cat"] * 3 + ["dog"]
    assert images.notes == []
    assert images.paths == [tmp_path / name for name in images.names]


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "validation", "Testing"), ("train", "valid", None)],
)
def test_folders_for_parts_are_parts(tmp_path, train, validation, test):
    shapes = {train: (5, 6), validation: (9, 9), test: (50, 70)}
    for number, (part, size) in enumerate(shapes.items()):
        for label in ("cat", "dog") if part else ():
            for each in range(number + 1):
                picture(tmp_path / part / label / f"{each}.png", 10 * number, size)
    images = read_image_folder(tmp_path)
    assert images.labels == ["cat", "dog"]
    assert images.validation.X.shape == (4, 1, 5, 6)
    assert images.validation.labels == ["cat", "cat", "dog", "dog"]
    assert (images.validation.X == 10).all()
    if test is None:
        assert images.test is None
    else:
        assert images.test.X.shape == (6, 1, 5, 6)
        assert images.test.names[:2] == ["cat/0.png", "cat/1.png"]
    source = read_source(tmp_path)
    assert source.validation.cells == images.validation.labels
    assert (source.test is None) == (test is None)
    assert source.validation.name == f"{tmp_path.name} (validation)"


def test_test_images_without_classes_are_told(tmp_path):
    for name in ("train/cat/1.png", "train/dog/1.png", "test/1.png", "readme.txt", "test/x.txt"):
        picture(tmp_path / "x.png")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x.png").rename(tmp_path / name)
    images = read_image_folder(tmp_path)
    assert images.test is None
    assert images.notes == [
        "2 other files are ignored, such as 'test/x.txt'",
        "the images for test are in no classes and left out",
    ]


def test_a_class_may_be_called_train(tmp_path):
    for name in ("train/1.png", "bus/1.png", "test/1.png"):
        picture(tmp_path / name)
    assert read_image_folder(tmp_path).labels == ["bus", "test", "train"]


def test_two_folders_for_one_part_are_an_error(tmp_path):
    for name in ("train/a/1.png", "train/b/1.png", "val/a/1.png", "valid/a/1.png"):
        picture(tmp_path / name)
    with pytest.raises(DataError, match="expected one folder for validation, got two, 'valid' too"):
        read_image_folder(tmp_path)


def test_what_systems_leave_behind_is_not_seen_and_other_files_are_told(tmp_path):
    for name in ("a/1.png", "b/2.png", "loose.png"):
        picture(tmp_path / name)
    for name in ("a/Thumbs.db", "b/desktop.ini", ".DS_Store", "a/._1.png", "__MACOSX/a/1.png"):
        damaged(tmp_path / name)
    assert read_image_folder(tmp_path).notes == ["1 other file is ignored, such as 'loose.png'"]
    damaged(tmp_path / "a" / "labels.txt")
    damaged(tmp_path / "a" / "film.mp4")
    assert read_image_folder(tmp_path).notes == [
        "3 other files are ignored, such as 'a/film.mp4'"
    ]


def test_a_link_to_a_folder_above_leads_nowhere(tmp_path):
    for name in ("a/1.png", "b/2.png"):
        picture(tmp_path / name)
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "c").symlink_to(tmp_path / "b", target_is_directory=True)
    assert read_image_folder(tmp_path).names == ["a/1.png", "b/2.png", "c/2.png"]


def test_all_damaged_files_are_named_at_once(tmp_path):
    for number in range(4):
        picture(tmp_path / "a" / f"{number}.png", size=(40, 50))
        picture(tmp_path / "b" / f"{number}.png", size=(40, 50))
    noise = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    Image.fromarray(noise).save(tmp_path / "b" / "cut.png")
    cut = (tmp_path / "b" / "cut.png").read_bytes()[:900]
    damaged(tmp_path / "b" / "cut.png", cut)
    damaged(tmp_path / "a" / "none.webp")
    with pytest.raises(DataError) as error:
        read_image_folder(tmp_path)
    message = str(error.value)
    assert message.startswith(f"{tmp_path}: 2 of 10 files are damaged or no images: ")
    assert "'a/none.webp' (no picture that Pillow can read), 'b/cut.png' (" in message
    advice = "--skip-damaged, in Python skip_damaged=True, goes on without them"
    assert message.endswith(f"; {advice}")
    images = read_image_folder(tmp_path, skip_damaged=True)
    assert len(images) == len(images.labels) == len(images.paths) == len(images.names) == 8
    (note,) = images.notes
    assert note.startswith("2 files are damaged or no image and left out: 'a/none.webp' (no ")
    assert read_source(tmp_path, skip_damaged=True).notes == (note,)


def test_of_many_damaged_files_some_are_named(tmp_path):
    for label in "ab":
        picture(tmp_path / label / "good.png")
        for number in range(30):
            damaged(tmp_path / label / f"{number:02}.jpg")
    with pytest.raises(DataError, match=r"60 of 62 .*'a/09.jpg' \(.*, … \(60 in all\); --skip"):
        read_image_folder(tmp_path)
    assert len(read_image_folder(tmp_path, skip_damaged=True)) == 2


def test_damaged_files_among_those_for_test_are_named_too(tmp_path):
    for name in ("train/a/1.png", "train/b/1.png", "test/a/1.png"):
        picture(tmp_path / name)
    damaged(tmp_path / "test" / "b" / "1.png")
    with pytest.raises(DataError, match=r"test/b/1\.png: expected an image, got a damaged or"):
        read_image_folder(tmp_path)
    images = read_image_folder(tmp_path, skip_damaged=True)
    assert images.test.labels == ["a"]


def test_a_class_of_damaged_files_is_no_class(tmp_path):
    picture(tmp_path / "a" / "1.png")
    damaged(tmp_path / "b" / "1.png")
    with pytest.raises(DataError, match=r"expected two sub-folders or more .* got 'a' only"):
        read_image_folder(tmp_path, skip_damaged=True)
    damaged(tmp_path / "a" / "1.png")
    with pytest.raises(DataError, match="2 of 2 files are damaged"):
        read_image_folder(tmp_path)


def test_large_folders_are_listed_without_going_through_them_for_each_file(tmp_path, monkeypatch):
    count = 300
    for number in range(count):
        for label in "ab":
            damaged(tmp_path / label / f"{number}.txt")
    picture(tmp_path / "a" / "1.png")
    picture(tmp_path / "b" / "1.png")
    compared, equal, hashed = [], Path.__eq__, Path.__hash__
    monkeypatch.setattr(Path, "__eq__", lambda a, b: (compared.append(1), equal(a, b))[1])
    monkeypatch.setattr(Path, "__hash__", lambda a: (compared.append(1), hashed(a))[1])
    assert len(read_image_folder(tmp_path)) == 2
    assert len(compared) < 10 * count
