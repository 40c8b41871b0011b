"""IDX files: every array comes back, every damaged file is one DataError."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from chainrule.data import DataError, find_idx_pair, read_idx, write_idx

DTYPES = [np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=4, max_side=4))
)


def header(code: int, *shape: int) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


@given(arrays, st.sampled_from(["a", "a.gz"]))
def test_round_trip(tmp_path_factory, array, name):
    path = tmp_path_factory.mktemp("idx") / name
    write_idx(path, array)
    again = read_idx(path)
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)
    assert [entry.name for entry in path.parent.iterdir()] == [name]


def test_the_bytes_are_those_of_the_format(tmp_path):
    write_idx(tmp_path / "a", np.array([[1, 2, 3], [-1, 0, 256]], np.int16))
    expected = "00000b02 00000002 00000003 0001 0002 0003 ffff 0000 0100"
    assert (tmp_path / "a").read_bytes() == bytes.fromhex(expected)
    again = read_idx(tmp_path / "a")
    assert again.dtype.isnative
    again[0, 0] = 7


def test_no_items_and_byte_orders(tmp_path):
    write_idx(tmp_path / "a", np.zeros((0, 28, 28), np.uint8))
    assert read_idx(tmp_path / "a").shape == (0, 28, 28)
    write_idx(tmp_path / "b", np.array([1.5], ">f8"))
    write_idx(tmp_path / "c", np.array([1.5], "<f8"))
    assert (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_every_truncation_is_an_error(tmp_path, name):
    path = tmp_path / name
    write_idx(path, np.arange(30, dtype=np.int16).reshape(5, 3, 2))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="expected"):
            read_idx(path)


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_every_flipped_byte_is_an_error_or_a_whole_array(tmp_path, name):
    path = tmp_path / name
    array = np.arange(1, 31, dtype=np.int16).reshape(5, 3, 2)
    write_idx(path, array)
    whole = path.read_bytes()
    for position in range(len(whole)):
        for mask in (1, 2, 4, 8, 16, 32, 64, 128, 255):
            flipped = bytearray(whole)
            flipped[position] ^= mask
            path.write_bytes(flipped)
            try:
                again = read_idx(path)
            except DataError:
                continue
            assert again.shape == array.shape
            if name == "a.gz":
                np.testing.assert_array_equal(again, array)


FAULTS = {
    "empty": (b"", "expected an IDX file"),
    "magic": (b"\1\0\x08\1", "expected an IDX file .* got '01 00 08 01'"),
    "code": (header(0x0A, 1) + b"x", "expected an IDX type code of 08 to 0e, got 0a"),
    "no dimensions": (header(0x08), "expected 1 to 32 dimensions, got 0"),
    "many dimensions": (header(0x08, *[1] * 33), "expected 1 to 32 dimensions, got 33"),
    "short header": (header(0x08, 1, 1)[:-2], "expected 2 dimensions, the file ends among them"),
    "short": (header(0x0B, 2, 3) + b"x", r"expected 12 bytes of content for int16 \(2, 3\), got 1"),
    "long": (header(0x08, 2) + b"xyz", r"expected 2 bytes .* got more"),
    "huge": (header(0x08, 2**31, 3), "expected at most 4,294,967,296 bytes"),
    "overflow": (header(0x0E, *[2**32 - 1] * 9), "expected at most 4,294,967,296 bytes"),
    "zero and huge": (header(0x08, 0, 2**31, 2**31), "expected at most 4,294,967,296 bytes"),
    "large promise": (header(0x08, 2**32 - 1), "expected 4,294,967,295 bytes .* got 0"),
    "bomb": (gzip.compress(header(0x08, 5) + bytes(2**24)), "expected 5 bytes .* got more"),
    "promise": (gzip.compress(header(0x08, 2**32 - 1) + bytes(9)), "bytes .* got 9"),
    "after gzip": (gzip.compress(header(0x08, 1) + b"x") + b"junk", "a damaged one"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_clear_error(tmp_path, fault):
    content, message = FAULTS[fault]
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        read_idx(tmp_path / "a")
    assert str(error.value).startswith(str(tmp_path / "a"))


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="expected a file, found nothing there"):
        read_idx(tmp_path / "none")
    with pytest.raises(DataError, match="expected a file, got a folder"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.zeros(3, bool),
            "expected one of uint8, int8, int16, int32, float32, float64, got bool",
        ),
        (np.zeros(3, np.int64), "got int64"),
        (np.zeros((), np.uint8), "expected 1 to 32 dimensions"),
        (np.broadcast_to(np.uint8(0), (2**20, 2**20)), "at most 4,294,967,296 bytes"),
    ],
)
def test_what_the_format_has_not_is_refused(tmp_path, array, message):
    with pytest.raises(DataError, match=message):
        write_idx(tmp_path / "a", array)
    assert list(tmp_path.iterdir()) == []


def test_writing_where_nothing_can_be_written(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        write_idx(tmp_path / "none" / "a", np.zeros(3, np.uint8))


NAMES = ["train-images-idx3-ubyte", "train-labels.idx1-ubyte.gz"]
TEST_NAMES = ["t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte.gz"]


def test_the_files_of_a_set_are_found(tmp_path):
    for name in NAMES:
        (tmp_path / name).touch()
    found = find_idx_pair(tmp_path)
    assert [found.train_images, found.train_labels] == [tmp_path / name for name in NAMES]
    assert found.test_images is None
    for name in TEST_NAMES:
        (tmp_path / name).touch()
    found = find_idx_pair(tmp_path)
    assert [found.test_images, found.test_labels] == [tmp_path / name for name in TEST_NAMES]


def test_a_set_that_lacks_files(tmp_path):
    with pytest.raises(DataError, match="expected a folder, found none"):
        find_idx_pair(tmp_path / "none")
    with pytest.raises(DataError, match=r"expected train-images-idx3-ubyte or .* found neither"):
        find_idx_pair(tmp_path)
    (tmp_path / NAMES[0]).touch()
    with pytest.raises(DataError, match=r"expected train-labels-idx1-ubyte or .* found neither"):
        find_idx_pair(tmp_path)
    for name in (NAMES[1], TEST_NAMES[0]):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match="both t10k-images and t10k-labels, found one"):
        find_idx_pair(tmp_path)
