"""How tables are written: encodings, decimal commas, markers of missing cells, compression."""

import bz2
import io
import lzma
import sys

import numpy as np
import pytest

from chainrule.data import DataError, columns, csv_files, read_csv
from chainrule.data.cells import MISSING, Cells
from chainrule.data.formats import TableFormat

TEXT = "name,größe\nAnna,3\nJosé,4\n"


def written(folder, content, name="t.csv"):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.fixture(params=[0, 2**30])
def quick(request, monkeypatch):
    """Both readers, the one of pyarrow first."""
    if request.param == 0:
        pytest.importorskip("pyarrow")
    monkeypatch.setattr(csv_files, "QUICK_FROM", request.param)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
def test_encodings_are_read(tmp_path, encoding):
    path = written(tmp_path, TEXT.encode(encoding))
    table = read_csv(path, TableFormat(encoding=encoding))
    assert table.names == ("name", "größe")
    assert table.columns == (["Anna", "José"], ["3", "4"])


def test_another_encoding_is_proposed(tmp_path):
    path = written(tmp_path, TEXT.encode("cp1252"))
    with pytest.raises(DataError, match=r"line 1: .* got byte 0xf6; is .* encoding 'cp1252'"):
        read_csv(path)
    path = written(tmp_path, TEXT.encode("utf-16"))
    with pytest.raises(DataError, match="got UTF-16; say encoding='utf-16'"):
        read_csv(path)
    path = written(tmp_path, b"a,b\n1,\x81\n")
    with pytest.raises(DataError, match=r"is .* encoding 'latin-1'"):
        read_csv(path)


@pytest.mark.usefixtures("quick")
def test_a_wrong_encoding_names_line_and_bytes(tmp_path):
    path = written(tmp_path, b"a,b\n1,x\n2,\x81\n")
    with pytest.raises(DataError, match="line 3: expected cp1252 text, got byte 0x81; another"):
        read_csv(path, TableFormat(encoding="cp1252"))
    path = written(tmp_path, "a,b\n1,\0\n".encode("utf-16"))
    with pytest.raises(DataError, match="expected text, got a NUL character"):
        read_csv(path, TableFormat(encoding="utf-16"))


@pytest.mark.usefixtures("quick")
def test_decimal_commas_are_numbers(tmp_path):
    path = written(tmp_path, b"a;b\n1.234,5;x\n-0,25;3.5\n12;1.2.3\n,5;1.23,4\n")
    a, b = read_csv(path, TableFormat(decimal=",")).columns
    np.testing.assert_array_equal(Cells.read(a).numbers(), [1234.5, -0.25, 12, 0.5])
    assert b == ["x", "3.5", "1.2.3", "1.23,4"]


@pytest.mark.usefixtures("quick")
def test_own_markers_of_missing_cells(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "FEW_TEXTS", 4)
    lines = "".join(f"{k},w\n" for k in range(20))
    path = written(tmp_path, f"a,b\n{lines}-999,k. A.\n -999 ,K. A.\n".encode())
    a, b = read_csv(path, TableFormat(missing=("-999", "k. A."))).columns
    np.testing.assert_array_equal(a, [*range(20), np.nan, np.nan])
    assert b[20:] == ["", "K. A."]


PANDAS_MARKERS = ["-1.#IND", "1.#QNAN", "1.#IND", "-1.#QNAN", "#N/A", "#N/A N/A", "N/A", "n/a"]
PANDAS_MARKERS += ["NA", "<NA>", "#NA", "NULL", "null", "NaN", "-NaN", "nan", "-nan", "None"]


@pytest.mark.parametrize("marker", ["", "?", *PANDAS_MARKERS])
def test_what_pandas_reads_as_missing_is_missing(marker):
    cells = Cells.read(["red", f" {marker} ", "blue"])
    assert list(cells.gone()) == [False, True, False]
    assert marker.lower() in MISSING


def test_the_markers_are_those_of_pandas():
    parsers = pytest.importorskip("pandas._libs.parsers")
    assert {marker.lower() for marker in parsers.STR_NA_VALUES} | {"?"} == MISSING


@pytest.mark.usefixtures("quick")
def test_without_a_header_columns_are_counted(tmp_path):
    table = read_csv(written(tmp_path, b"1,red\n2,blue\n\n3,red\n"), TableFormat(header=False))
    assert table.names == ("c1", "c2")
    assert table.columns == (["1", "2", "3"], ["red", "blue", "red"])
    assert [table.line(row) for row in range(3)] == [1, 2, 4]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "content", [b"a,b,\n1,2,\n3,4,\n", b"a,b\n1,2,\n3,4,\n", b",a,b\n,1,2\n,3,4\n"]
)
def test_empty_columns_without_a_name_are_left_out(tmp_path, content):
    table = read_csv(written(tmp_path, content))
    assert (table.names, table.columns) == (("a", "b"), (["1", "3"], ["2", "4"]))


@pytest.mark.usefixtures("quick")
def test_a_late_cell_under_no_name_is_an_error(tmp_path):
    content = b"a,b,\n" + b"1,2,\n" * 500 + b"1,2,3\n"
    with pytest.raises(DataError, match="line 1: expected a name for column 3, got none"):
        read_csv(written(tmp_path, content))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ",,"}, "expected a delimiter of one character, got ',,'"),
        ({"encoding": "klingon"}, "expected an encoding such as .* got 'klingon'"),
        ({"encoding": "base64"}, "expected an encoding such as .* got 'base64'"),
        ({"decimal": ";"}, "expected decimal to be '.' or ',', got ';'"),
        ({"missing": "NA"}, "expected missing to be texts, got 'NA'"),
    ],
)
def test_odd_formats_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        TableFormat(**options)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("kind", "pack"), [("bzip2", bz2.compress), ("xz", lzma.compress)])
def test_compressed_files_are_known_by_their_content(tmp_path, kind, pack):
    content = pack(b"a,b\n" + b"1,2\n" * 999)
    assert len(read_csv(written(tmp_path, content))) == 999
    with pytest.raises(DataError, match=f"expected a whole {kind} stream, got a damaged one"):
        read_csv(written(tmp_path, content[:-9]))


def test_zstandard_is_read_by_pyarrow(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    content = pyarrow.compress(b"a,b\n1,2\n", "zstd", asbytes=True)
    assert read_csv(written(tmp_path, content)).columns == (["1"], ["2"])
    with pytest.raises(DataError, match="expected a whole Zstandard stream, got a damaged one"):
        read_csv(written(tmp_path, content[:5] + b"\xff" * 9))


def test_standard_input_is_read_once(monkeypatch):
    monkeypatch.setattr(columns, "FEW_TEXTS", 4)
    content = b"a,b,c\n" + b"".join(b"%d,w%d,0%d\n" % (k, k, k) for k in range(9))
    stream = io.BufferedReader(io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    a, b, c = read_csv("-").columns
    np.testing.assert_array_equal(a, np.arange(9.0))
    assert (b[8], c[8]) == ("w8", "08")
