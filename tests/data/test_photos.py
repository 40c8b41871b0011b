"""Pictures of every kind as images: orientations, formats, shrinking, and what none of them is."""

import pickle
import struct
import weakref
import zlib

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from chainrule.data import DataError, read_image_files, read_image_folder
from chainrule.data.images import usual_size
from chainrule.data.photos import Photo, PhotoError, Reading

RNG = np.random.default_rng(3)
ORIENTATION = 0x0112
BACK = {  # how a picture is stored whose orientation turns it back
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def stored(image, orientation):
    """Return a picture as a camera that is held in a way stores it, and the tag that says so."""
    method, exif = BACK[orientation], Image.Exif()
    exif[ORIENTATION] = orientation
    return (image if method is None else image.transpose(method)), exif


def noise(h, w):
    return Image.fromarray(RNG.integers(0, 256, (h, w, 3), dtype=np.uint8))


def smooth(h, w):
    """Return a picture that JPEG keeps well, and that is another one however it is turned."""
    corner = np.add.outer(np.linspace(0, 1, h) ** 3, np.linspace(0, 0.7, w) ** 2)
    shades = np.stack([corner, corner[::-1] * 0.5, 0.2 + 0 * corner], axis=-1)
    return Image.fromarray((shades * 255 / 1.7).astype(np.uint8))


@pytest.mark.parametrize("orientation", BACK)
@pytest.mark.parametrize(
    ("suffix", "options"), [("png", {}), ("webp", {"lossless": True}), ("tiff", {})]
)
def test_a_picture_and_its_turned_copy_are_the_same(tmp_path, orientation, suffix, options):
    for h, w in ((40, 60), (33, 150)):
        upright = noise(h, w)
        turned, exif = stored(upright, orientation)
        upright.save(tmp_path / f"a.{suffix}", **options)
        turned.save(tmp_path / f"b.{suffix}", exif=exif, **options)
        paths = [tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"]
        for size in ((h, w), 16, (20, 11)):
            a, b = read_image_files(paths, 3, size)
            np.testing.assert_array_equal(a, b)
        with Photo.opened(paths[1]) as photo:
            assert photo.size == (h, w)
        with Image.open(paths[1]) as image:
            x = read_image_files([paths[1]], 3, 16)[0]
            with Photo.opened(image) as photo:
                np.testing.assert_array_equal(photo.pixels(Reading(3, (16, 16))), x)


@pytest.mark.parametrize("orientation", BACK)
@pytest.mark.parametrize("suffix", ["jpg", "mpo"])
def test_jpegs_are_turned_however_small_they_are_decoded(tmp_path, orientation, suffix):
    upright = smooth(320, 480)
    turned, exif = stored(upright, orientation)
    turned.save(tmp_path / f"a.{suffix}", exif=exif, quality=95)
    for size in ((320, 480), (32, 48), (20, 20)):
        x = read_image_files([tmp_path / f"a.{suffix}"], 3, size)[0].astype(int)
        upright.save(tmp_path / "b.png")
        expected = read_image_files([tmp_path / "b.png"], 3, size)[0].astype(int)
        assert np.abs(x - expected).max() <= 6
        for axes in ((1,), (2,), (1, 2)):
            assert np.abs(np.flip(x, axes) - expected).max() > 30


def test_an_orientation_behind_the_pixels_of_a_png_counts(tmp_path):
    upright = noise(30, 20)
    turned, exif = stored(upright, 6)
    turned.save(tmp_path / "b.png")
    content = (tmp_path / "b.png").read_bytes()
    data = b"eXIf" + exif.tobytes()[6:]
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    (tmp_path / "b.png").write_bytes(content[:-12] + chunk + content[-12:])
    x = read_image_files([tmp_path / "b.png"], 3, (30, 20))[0]
    np.testing.assert_array_equal(x, np.asarray(upright).transpose(2, 0, 1))


@pytest.mark.parametrize("exif", [b"Exif\0\0junk", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\3"])
def test_damaged_exif_is_no_damaged_picture(tmp_path, exif):
    image = noise(8, 9)
    image.save(tmp_path / "a.png", exif=exif)
    x = read_image_files([tmp_path / "a.png"], 3, (8, 9))[0]
    np.testing.assert_array_equal(x, np.asarray(image).transpose(2, 0, 1))


LOSSLESS = ["PNG", "Bmp", "tif", "TIFF", "ppm", "dib", "tga", "pcx", "sgi", "png"]


@pytest.mark.parametrize("suffix", [*LOSSLESS, "webp", "WEBP", "JPG", "JPEG", "jpe", "jfif", "gif"])
def test_what_pillow_takes_is_taken_whatever_its_name_is_written_in(tmp_path, suffix):
    image = smooth(24, 36)
    for label in "ab":
        (tmp_path / label).mkdir()
        image.save(tmp_path / label / f"1.{suffix}", quality=95)
    images = read_image_folder(tmp_path)
    assert [path.name for path in images.paths] == [f"1.{suffix}"] * 2
    difference = images.X[0].astype(int) - np.asarray(image).transpose(2, 0, 1)
    assert np.abs(difference).max() <= (0 if suffix in LOSSLESS else 24)


def test_a_picture_may_have_another_formats_name_or_none(tmp_path):
    for label, name in (("a", "1.jpg"), ("b", "2")):
        (tmp_path / label).mkdir()
        noise(5, 6).save(tmp_path / label / name, format="PNG")
    assert len(read_image_folder(tmp_path)) == 2


def test_the_first_page_and_the_first_frame_count(tmp_path):
    frames = [Image.fromarray(np.full((4, 5), shade, np.uint8)) for shade in (40, 90, 200)]
    for suffix in ("tiff", "gif", "webp", "png"):
        path = tmp_path / f"a.{suffix}"
        options = {"lossless": True} if suffix == "webp" else {}
        frames[0].save(path, save_all=True, append_images=frames[1:], **options)
        assert (read_image_files([path], 1, (4, 5)) == 40).all()


def test_inks_palettes_and_grays_of_16_bits(tmp_path):
    image = smooth(16, 24)
    expected = np.asarray(image).astype(int).transpose(2, 0, 1)
    image.convert("CMYK").save(tmp_path / "a.jpg", quality=98)
    image.quantize(256).save(tmp_path / "b.png")
    for name, most in (("a.jpg", 12), ("b.png", 24)):
        x = read_image_files([tmp_path / name], 3, (16, 24))[0]
        assert np.abs(x - expected).max() <= most
    deep = (np.arange(12).reshape(4, 3) * 5000).astype(np.uint16)
    for suffix in ("png", "tiff"):
        Image.fromarray(deep).save(tmp_path / f"d.{suffix}")
        x = read_image_files([tmp_path / f"d.{suffix}"], 1, (4, 3))[0, 0]
        np.testing.assert_array_equal(x, deep >> 8)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((4, 5), 70_000, np.int32), "its pixels have 32 bits; expected 8 or 16"),
        (np.full((4, 5), 0.5, np.float32), "its pixels are floating-point numbers"),
    ],
)
def test_numbers_that_are_no_shades_are_not_guessed(tmp_path, pixels, message):
    Image.fromarray(pixels).save(tmp_path / "a.tiff")
    with pytest.raises(DataError, match=message):
        read_image_files([tmp_path / "a.tiff"], 1, (4, 5))


def test_an_error_goes_from_process_to_process(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(PhotoError) as error, Photo.opened(tmp_path / "a.png"):
        pass
    again = pickle.loads(pickle.dumps(error.value))
    assert str(again) == str(error.value)
    assert (again.path, again.reason) == (error.value.path, error.value.reason)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_shrinking_averages_what_it_leaves_out(tmp_path, suffix):
    stripes = np.zeros((960, 1280), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / f"a.{suffix}", quality=95)
    for size in (64, 50, (31, 64)):
        x = read_image_files([tmp_path / f"a.{suffix}"], 1, size).astype(int)
        assert np.abs(x - 127).max() <= 3


def test_what_is_cut_off_lies_at_the_edges(tmp_path):
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 200
    Image.fromarray(wide).save(tmp_path / "a.png")
    Image.fromarray(wide.transpose(1, 0, 2)).save(tmp_path / "b.png")
    X = read_image_files([tmp_path / "a.png", tmp_path / "b.png"], 3, 20)
    assert (X[:, :, 3:-3, 3:-3] == 200).all()
    np.testing.assert_array_equal(X[0], X[1].transpose(0, 2, 1))


def test_photos_are_decoded_small_and_one_at_a_time(tmp_path, monkeypatch):
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(3):
            smooth(960, 1280).save(tmp_path / label / f"{number}.jpg")
    decoded, held, most = [], [], []
    load = JpegImagePlugin.JpegImageFile.load

    def counted(self):
        if self.tile:
            decoded.append(self.size)
            held.append(weakref.ref(self))
            most.append(sum(each() is not None for each in held))
        return load(self)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", counted)
    assert read_image_folder(tmp_path).X.shape == (6, 3, 48, 64)
    assert decoded == [(160, 120)] * 6
    assert read_image_folder(tmp_path, size=224).X.shape == (6, 3, 224, 224)
    assert decoded[6:] == [(640, 480)] * 6
    assert most == [1] * 12


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)], (28, 28)),
        ([(64, 20), (64, 20)], (64, 20)),
        ([(3000, 4000)] * 2, (48, 64)),
        ([(3000, 4000), (960, 1280), (480, 640)], (48, 64)),
        ([(3000, 4000)] * 3 + [(4000, 3000)], (48, 64)),
        ([(3000, 4000), (4000, 3000)], (64, 64)),
        ([(20, 10), (30, 40), (18, 30)], (30, 30)),
        ([(1, 9000)], (1, 64)),
    ],
)
def test_the_usual_size_is_that_of_most(sizes, expected):
    assert usual_size(sizes) == expected
    assert usual_size(sizes[::-1]) == expected


@pytest.mark.parametrize("size", [0, -3, (3,), (3, 4, 5), "64", 2.5, (4, 2.0), True, (0, 3), 5000])
def test_sizes_that_are_none(tmp_path, size):
    for label in "ab":
        (tmp_path / label).mkdir()
        noise(4, 5).save(tmp_path / label / "1.png")
    with pytest.raises(DataError, match=r"size: expected a side or \(h, w\) from 1 to 4,096"):
        read_image_folder(tmp_path, size=size)
