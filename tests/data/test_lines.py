"""Files that are read as they are decompressed: bounds on rows, and what is no text."""

import gzip
import os
import threading
import tracemalloc

import pytest

from chainrule.data import DataError, lines, read_csv, read_source
from chainrule.data.signatures import looks_like_picture

BOUND = 2**18


@pytest.fixture
def small_records(monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_RECORD", BOUND)


def zipped(path, pieces):
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(pieces)
    return path


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"a,b\n1,", b"x" * BOUND),
        (b"a,b\n1,", b"1," * BOUND),
        (b"", b"name," * BOUND),
        (b"a,b\n1,2\n", b'"\n",' * (BOUND // 4)),
    ],
)
def test_a_row_without_end_is_an_error_before_it_is_in_memory(
    tmp_path, small_records, head, piece
):
    path = zipped(tmp_path / "t.csv.gz", [head, *[piece] * 25])
    tracemalloc.start()
    with pytest.raises(DataError, match=r"at most 262,144 characters in a row, got more|field l"):
        read_csv(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * BOUND


def test_rows_may_be_wide_and_many(tmp_path, small_records):
    wide = ",".join(f"c{number}" for number in range(25_000))
    path = tmp_path / "t.csv"
    path.write_text("\n".join([wide, *[wide.replace("c", "")] * 9]) + "\n")
    table = read_csv(path)  # more characters in all than a row may have
    assert len(table.names) == 25_000
    assert table.columns[24_999] == ["24999"] * 9
    path.write_text("a,b\n" + "1,some words\n" * 100_000)
    assert len(read_csv(path)) == 100_000


def test_quoted_lines_end_with_their_row(tmp_path, small_records):
    row = '"' + "a line of text\n" * 2_000 + '",1\n'
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + row * 40)
    table = read_csv(path)
    assert (len(table), table.line(1)) == (40, 2_003)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", r"expected text, got a picture \(JPEG\)"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", r"expected text, got a picture \(WebP\)"),
        (b"a,b\n" + b"1,2\n" * 9000 + b"\xe9,1\n", "line 9002: expected UTF-8 text, got byte 0xe9"),
        (b"a,b\n" + b"1,2\n" * 9000 + b"\0,1\n", "line 9002: expected text, got a NUL byte"),
        (b"a,b\n1,\xc3", "line 2: expected UTF-8 text, got byte 0xc3"),
    ],
)
def test_what_is_no_text_is_named_with_its_place(tmp_path, content, message):
    for path in (tmp_path / "t.csv", tmp_path / "t.csv.gz"):
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        with pytest.raises(DataError, match=message):
            read_csv(path)


@pytest.mark.parametrize("head", ["GIF", "12345678WEBP", "col,ftypavif", "BM,\u00e41", "II*,MM"])
def test_text_that_begins_like_a_picture_is_text(tmp_path, head):
    path = tmp_path / "t.csv"
    path.write_text(f"{head},b\n" + "1," * head.count(",") + "1,2\n", encoding="utf-8")
    assert read_csv(path).names == (*head.split(","), "b")
    assert not looks_like_picture(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tiff", "bmp", "avif", "jp2"])
def test_pictures_are_known_by_their_first_bytes(tmp_path, suffix):
    image = pytest.importorskip("PIL.Image").new("RGB", (9, 8), "red")
    image.save(tmp_path / f"a.{suffix}")
    (tmp_path / f"a.{suffix}").rename(tmp_path / "a.csv")
    assert looks_like_picture(tmp_path / "a.csv")
    with pytest.raises(DataError, match="one image, without a class"):
        read_source(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"expected text, got a picture \("):
        read_csv(tmp_path / "a.csv")


def test_a_pipe_is_read_once(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for content, names in ((b"a,b\n1,2\n", ("a", "b")), (b"a,b\n1,\xe9\n", None)):
        writer = threading.Thread(target=path.write_bytes, args=[content])
        writer.start()
        try:
            if names is None:
                with pytest.raises(DataError, match="expected UTF-8 text, got other bytes"):
                    read_csv(path)
            else:
                assert read_csv(path).names == names
        finally:
            writer.join()
