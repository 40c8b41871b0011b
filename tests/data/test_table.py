"""CSV files as tables: delimiters, line numbers, and one clear error for every fault."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from chainrule.data import DataError, Table, read_csv
from chainrule.data.csv_files import _check_header
from chainrule.data.table_files import read_table_file
from chainrule.inputs import Rows, TableEncoder
from chainrule.inputs.rows import table_numbers

TABLE = Table(("age", "job"), (["31", "42", "53"], ["cook", "", "smith"]))


def written(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    text = "a,b,c\n1,x,2\n3,y,4\n".replace(",", delimiter)
    table = read_csv(written(tmp_path, text))
    assert table == Table(("a", "b", "c"), (["1", "3"], ["x", "y"], ["2", "4"]))


def test_decimal_commas_do_not_mislead_the_delimiter(tmp_path):
    table = read_csv(written(tmp_path, "a;b\n1,5;2,5\n3,5;4,5\n"))
    assert table.columns == (["1,5", "3,5"], ["2,5", "4,5"])


def test_commas_in_every_cell_do_not_beat_tabs_in_every_line(tmp_path):
    table = read_csv(written(tmp_path, "text\tlabel\na, b\tx\nc, d, e\ty\n"))
    assert table.names == ("text", "label")


def test_a_given_delimiter_is_taken(tmp_path):
    assert read_csv(written(tmp_path, "a:b\n1:2\n"), delimiter=":").column("b") == ["2"]


@pytest.mark.parametrize("delimiter", ["", "::", '"', "\n"])
def test_a_bad_delimiter_is_refused(tmp_path, delimiter):
    with pytest.raises(DataError, match="expected a delimiter of one character"):
        read_csv(written(tmp_path, "a,b\n1,2\n"), delimiter=delimiter)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_single_columns_boms_and_line_endings(tmp_path, ending):
    content = "\ufeffname\nx\ny".replace("\n", ending)
    assert read_csv(written(tmp_path, content)) == Table(("name",), (["x", "y"],))


def test_gzip_is_found_by_content(tmp_path):
    content = gzip.compress(b"a,b\n1,2\n")
    assert read_csv(written(tmp_path, content)).column("a") == ["1"]
    assert read_csv(written(tmp_path, content, "t.csv.gz")).column("a") == ["1"]


def test_spaces_after_delimiters_and_before_quotes_go(tmp_path):
    assert read_csv(written(tmp_path, 'a, b\n1, "x, y"\n')).columns == (["1"], ["x, y"])


def test_blank_lines_do_not_count_and_lines_are_the_files(tmp_path):
    table = read_csv(written(tmp_path, 'a,b\n\n1,"x\ny"\n   \n2,z\n\n'))
    assert table.columns == (["1", "2"], ["x\ny", "z"])
    assert [table.line(0), table.line(1)] == [3, 6]


FAULTS = {
    "empty": ("", "expected a header line and rows, got an empty file"),
    "blank": ("\n\n", "got an empty file"),
    "header only": ("a,b\n", "expected rows below the header, got a header only"),
    "duplicate": ("a,b,a\n1,2,3\n", "line 1: expected different column names, got 'a' twice"),
    "no name": ("a,,c\n1,2,3\n", "line 1: expected a name for column 2, got none"),
    "too few": ("a,b\n1,2\n3\n", "line 3: expected 2 fields as in line 1, got 1"),
    "too many": ("a,b\n1,2\n3,4\n5,6,7\n", "line 4: expected 2 fields as in line 1, got 3"),
    "one field": ("a\n1,2\n", "line 2: expected 1 field as in line 1, got 2"),
    "latin-1": ("a,b\n1,café\n".encode("latin-1"), "line 2: expected UTF-8 text, got byte 0xe9"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), "expected UTF-8 text, got UTF-16"),
    "NUL": (b"a,b\n1,\0\n", "line 2: expected text, got a NUL byte"),
    "numbers": ("1,2\n3,4\n", "line 1: expected a header line .* looks like data: '1', '2'"),
    "data": ("5,red\n6,blue\n7,red\n", "expected a header line .* looks like data: '5', 'red'"),
    "quote": ('a,b\n1,2\n3,"x\n', "line 3: expected well-formed CSV, got: unexpected end of data"),
    "stray": ('a,b\n1,"x"y\n', "line 2: expected well-formed CSV"),
    "long": ("a,b\n1," + "x" * 140_000 + "\n", "line 2: expected well-formed CSV, got: field"),
    "gzip": (gzip.compress(b"a,b\n1,2\n" * 99)[:-9], "expected a whole gzip stream"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_clear_error(tmp_path, fault):
    content, message = FAULTS[fault]
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=message) as error:
        read_csv(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="expected a file, found nothing there"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(DataError, match="expected a file, got a folder"):
        read_csv(tmp_path)


@pytest.mark.parametrize("header", ["country,2019,2020", "0,1,target", "x,y", "label,0,1"])
def test_headers_with_numbers_among_the_names_are_headers(tmp_path, header):
    names = header.split(",")
    rows = [
        ",".join("red" if n in ("country", "target") else str(i) for n in names) for i in range(5)
    ]
    assert read_csv(written(tmp_path, "\n".join([header, *rows]))).names == tuple(names)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.data(), st.sampled_from(",;\t|"))
def test_what_csv_writes_is_read_back(tmp_path_factory, data, delimiter):
    width = data.draw(st.integers(2, 4))
    rows = data.draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1))
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([[f"name {i}" for i in range(width)], *rows])
    table = read_csv(path, delimiter=delimiter)
    assert [list(row) for row in zip(*table.columns, strict=True)] == rows


noise = st.one_of(
    st.binary(max_size=60), st.text('ab1,;\t|"\n\r .', max_size=60).map(lambda t: t.encode())
)


@given(noise, st.booleans())
@example(b"\t\r\t", False)
def test_whatever_a_file_holds_is_a_table_or_a_data_error(tmp_path_factory, content, zipped):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(b"\x1f\x8b\x08" + content if zipped else content)
    try:
        table = read_csv(path)
    except DataError:
        return
    assert len(table) >= 1
    assert all(table.names)


def test_columns_rows_and_lines():
    assert len(TABLE) == 3
    assert TABLE.column("age") == ["31", "42", "53"]
    assert TABLE.without("age") == Table(("job",), (["cook", "", "smith"],))
    chosen = TABLE.select(np.array([2, 0]))
    assert chosen.columns == (["53", "31"], ["smith", "cook"])
    assert [chosen.line(0), chosen.line(1)] == [4, 2]
    assert chosen.select(np.array([1])).line(0) == 2
    assert len(TABLE.select(np.array([], np.intp))) == 0


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="no column 'agee' among 'age', 'job'; did you mean 'age'"):
        TABLE.column("agee")
    with pytest.raises(ValueError, match=r"no column 'xyz' among 'age', 'job'$"):
        TABLE.without("xyz")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((("a",), ([], [])), "expected 1 columns, one a name, got 2"),
        ((("b", "a", "b"), ([], [], [])), "expected different names, got 'b' repeatedly"),
        ((("a", "b"), (["1"], [])), "expected columns of one length, got"),
        ((("a",), (["1"],), (2, 3)), "expected columns of one length, got"),
    ],
)
def test_tables_that_do_not_fit_together(fields, message):
    with pytest.raises(DataError, match=message):
        Table(*fields)


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson.gz", "x.JSON"])
def test_json_is_named_as_what_is_not_read(name):
    with pytest.raises(DataError, match=rf"{name}: JSON.* not read; pandas\.read_json"):
        read_table_file(Path(name))


class CountedName(str):
    """A name that counts how often it is compared."""

    compared = 0
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other):
        CountedName.compared += 1
        return str.__eq__(self, other)


def test_columns_are_found_without_going_through_all_names(tmp_path):
    names = tuple(CountedName(f"c{number}") for number in range(2000))
    CountedName.compared = 0
    table = Table(names, tuple(["1", "2"] for _ in names))
    _check_header(tmp_path, names, [["1"] * 2000])
    encoder = TableEncoder.fit(table)
    encoder.encode_table(table)
    rows = Rows().seen(2000, names)
    X, _ = table_numbers(table.select(np.array([1, 0])), rows)
    assert X.shape == (2, 2000)
    assert CountedName.compared < 20 * len(names)
