"""Files that are read as they are decompressed: bounds on rows, and what is no text."""

import gzip
import tracemalloc

import pytest

from chainrule.data import DataError, lines, read_csv

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
