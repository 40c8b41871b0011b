"""Folders of pictures: sizes, channels, notes, and pictures that are none."""

import sys

import numpy as np
import pytest
from PIL import Image

from chainrule.data import DataError, read_image_files, read_image_folder

GREY = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20
RGB = np.arange(36, dtype=np.uint8).reshape(4, 3, 3) * 7


def save(path, pixels, **options):
    path.parent.mkdir(exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def test_grey_pictures_stay_grey_and_come_in_order(tmp_path):
    save(tmp_path / "dog" / "b.png", GREY)
    save(tmp_path / "dog" / "a.bmp", GREY + 1)
    save(tmp_path / "cat" / "c.gif", GREY + 2)
    images = read_image_folder(tmp_path)
    assert images.labels == ["cat", "dog", "dog"]
    assert [path.name for path in images.paths] == ["c.gif", "a.bmp", "b.png"]
    np.testing.assert_array_equal(images.X, np.stack([GREY + 2, GREY + 1, GREY])[:, None])
    assert images.X.dtype == np.uint8
    assert images.notes == []


def test_one_colour_picture_makes_all_rgb(tmp_path):
    save(tmp_path / "a" / "1.png", GREY)
    save(tmp_path / "b" / "2.png", RGB)
    X = read_image_folder(tmp_path).X
    assert X.shape == (2, 3, 4, 3)
    np.testing.assert_array_equal(X[0], np.stack([GREY] * 3))
    np.testing.assert_array_equal(X[1], RGB.transpose(2, 0, 1))


def test_pictures_get_the_size_of_most_or_the_one_given(tmp_path):
    save(tmp_path / "a" / "1.png", GREY)
    save(tmp_path / "a" / "2.png", GREY)
    save(tmp_path / "b" / "3.png", np.full((7, 9), 50, np.uint8))
    images = read_image_folder(tmp_path)
    assert images.X.shape == (3, 1, 4, 3)
    assert images.size == (4, 3)
    np.testing.assert_array_equal(images.X[1, 0], GREY)
    assert (images.X[2] == 50).all()
    assert images.notes == [
        "3 images of 4 × 3 to 7 × 9 pixels are read as 4 × 3; 1 of another shape is cut to the "
        "middle; --size, in Python size=, says another"
    ]
    for size, sides, cut in (((5, 6), (5, 6), 2), (8, (8, 8), 3), (np.int64(8), (8, 8), 3)):
        images = read_image_folder(tmp_path, size=size)
        assert images.X.shape == (3, 1, *sides)
        assert images.notes[0].endswith(
            f"are read as {sides[0]} × {sides[1]}; {cut} of another shape are cut to the middle"
        )


def test_other_files_are_noted_and_hidden_ones_are_not(tmp_path):
    save(tmp_path / "a" / "1.png", GREY)
    save(tmp_path / "b" / "2.JPG", GREY)
    for name in ("a/notes.txt", "a/.hidden.png", ".DS_Store", "readme.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    assert read_image_folder(tmp_path).notes == [
        "2 other files are ignored, such as 'a/notes.txt'",
        "folder 'empty' has no images and makes no class",
    ]


def test_transparent_pictures_are_laid_on_white(tmp_path):
    pixels = np.zeros((4, 3, 4), np.uint8)
    pixels[0, 0, 3] = 255
    x = read_image_files([save(tmp_path / "a.png", pixels)], 1, (4, 3))[0, 0]
    assert x[0, 0] == 0
    assert (x.ravel()[1:] == 255).all()


def test_deep_grey_pictures_are_scaled_not_cut(tmp_path):
    deep = (np.arange(12).reshape(4, 3) * 5000).astype(np.uint16)
    save(tmp_path / "a" / "1.png", deep)
    save(tmp_path / "b" / "2.png", deep)
    images = read_image_folder(tmp_path)
    np.testing.assert_array_equal(images.X[0, 0], deep >> 8)


def test_palettes_are_looked_into(tmp_path):
    save(tmp_path / "a" / "1.png", Image.fromarray(GREY).convert("P"))
    save(tmp_path / "b" / "2.png", Image.fromarray(GREY))
    assert read_image_folder(tmp_path).X.shape[1] == 1
    save(tmp_path / "b" / "3.png", Image.fromarray(RGB).quantize(8))
    assert read_image_folder(tmp_path).X.shape[1] == 3


def test_errors_of_folders(tmp_path):
    with pytest.raises(DataError, match="expected a folder with one sub-folder a class"):
        read_image_folder(tmp_path / "none")
    with pytest.raises(DataError, match=r"two sub-folders or more with images .* got no images"):
        read_image_folder(tmp_path)
    save(tmp_path / "a" / "1.png", GREY)
    with pytest.raises(DataError, match=r"two sub-folders or more with images .* got 'a' only"):
        read_image_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n junk"])
def test_a_file_that_is_no_picture_is_named(tmp_path, content):
    save(tmp_path / "a" / "1.png", GREY)
    (tmp_path / "a" / "2.png").write_bytes(content)
    save(tmp_path / "b" / "3.png", GREY)
    with pytest.raises(DataError, match=r"2\.png: expected an image, got a damaged or other file"):
        read_image_folder(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif"])
def test_truncated_pictures_are_errors_or_whole(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    path = save(tmp_path / f"a.{suffix}", noise)
    whole = path.read_bytes()
    for length in range(0, len(whole) // 2, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="expected an image"):
            read_image_files([path], 3, (16, 16))


def test_bombs_are_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", np.zeros((20, 30), np.uint8))
    for limit in (500, 100):  # Pillow warns above the limit and raises above twice the limit
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=f"at most {limit} pixels, got more"):
            read_image_files([path], 1, (4, 3))


def test_errors_of_files(tmp_path):
    with pytest.raises(DataError, match="expected an image file, found none"):
        read_image_files([tmp_path / "none.png"], 1, (4, 3))
    with pytest.raises(DataError, match="expected 1 or 3 channels and sides above 0, got 2 of"):
        read_image_files([], 2, (4, 3))
    with pytest.raises(DataError, match=r"take more than .* expected a smaller size"):
        read_image_files([tmp_path / "a.png"] * 9, 3, (20_000, 20_000))


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match=r"reading images needs Pillow: pip install chainrule\[im"):
        read_image_folder(tmp_path)
