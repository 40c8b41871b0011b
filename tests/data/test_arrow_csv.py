"""Files that pyarrow reads block by block: the same tables as the strict reader's."""

import gzip

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from chainrule.data import (
    DataError,
    TableFormat,
    arrow_csv,
    columns,
    csv_blocks,
    csv_files,
    read_csv,
)
from chainrule.data.coded import Coded
from chainrule.data.csv_blocks import Block, NotPlainError

pytest.importorskip("pyarrow")

FIELDS = ["1", "2.5", "-3e2", "007", "+4", "", "NA", "nan", "inf", "x", " y", "z ", "é", "1e999"]
FIELDS += ['"q"', '"a,b"', '"a\nb"', '"say ""so"""', '" s"', 'o"o', '""', "#N/A", "1" * 17]
ENDS = ["\n", "\r\n", "\n\n", ",\n", "\r", ",1\n", "\n  \n"]
LIKELY_ENDS = st.sampled_from(["\n"] * 12 + ENDS)
rows = st.lists(st.tuples(*[st.sampled_from(FIELDS)] * 3, LIKELY_ENDS), min_size=1, max_size=30)
plain_fields = st.sampled_from(["1", "2.5", "-3e2", "", "NA", "8", "9", "0.25", "red", '"q, q"'])
plain_rows = st.lists(st.tuples(*[plain_fields] * 3, st.just("\n")), min_size=1, max_size=30)


def outcome(path, **options):
    try:
        table = read_csv(path, **options)
    except DataError as error:
        return str(error)
    kinds = ["coded" if isinstance(cells, Coded) else cells.dtype.kind for cells in table.columns]
    return table.names, kinds, [[str(c) for c in cells] for cells in table.columns], [
        table.line(row) for row in range(len(table))
    ]


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(csv_files, "QUICK_FROM", 0)
    monkeypatch.setattr(csv_blocks, "BLOCK", 64)
    monkeypatch.setattr(columns, "FEW_TEXTS", 4)


def both(path, monkeypatch, layout=None):
    """Return what both readers make of a file, and whether pyarrow read it."""
    read = []

    def noted(*arguments, **options):
        places = arrow_csv.read_blocks(*arguments, **options)
        read.append(places)
        return places

    with monkeypatch.context() as patch:
        patch.setattr(csv_files, "read_blocks", noted)
        found = outcome(path, layout=layout)
    with monkeypatch.context() as patch:
        patch.setattr(csv_files, "find_spec", lambda name: None)
        expected = outcome(path, layout=layout)
    return found, expected, bool(read)


LAYOUTS = [None, TableFormat(missing=("8", "red")), TableFormat(decimal=",", delimiter=";")]
COMMAS = ["1", "2,5", "-3e2", "", "NA", "1.234,5", "1.234", "2.5", ",5", "007,5", "red", "8"]
COMMAS += ["+1,5"]
commas = st.lists(st.tuples(*[st.sampled_from(COMMAS)] * 3, st.just("\n")), min_size=1, max_size=30)


@settings(max_examples=90)
@example([("1", "2", "3", "\n")] * 5, "", "\ufeff", None)
@given(
    st.one_of(rows, plain_rows, commas),
    st.sampled_from(["", "\n"]),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(LAYOUTS),
)
def test_both_readers_give_the_same_table(tmp_path_factory, lines, before, mark, layout):
    comma = (layout and layout.delimiter) or ","
    text = mark + before + comma.join("abc") + "\n"
    text += "".join(comma.join(row[:3]) + row[3] for row in lines)
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (csv_files, "QUICK_FROM", 0),
            (csv_blocks, "BLOCK", 64),
            (columns, "FEW_TEXTS", 4),
        ):
            patch.setattr(module, name, value)
        found, expected, _ = both(path, patch, layout)
    assert found == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_plain_files_are_read_by_pyarrow(tmp_path, quick, monkeypatch, delimiter, ending, compress):
    lines = ["a,b,c,d", *(f'{k}.5,w{k % 3},"x, {k}",0{k}' for k in range(50)), "", "7,?,y,8"]
    text = ending.join(line.replace(",", delimiter) for line in lines)
    path = tmp_path / "t.csv"
    path.write_bytes(compress(text.encode()))
    found, expected, was_quick = both(path, monkeypatch)
    assert was_quick
    assert found == expected
    table = read_csv(path)
    np.testing.assert_array_equal(table.columns[0], [*np.arange(0.5, 50), 7.0])
    assert table.columns[3][:2] == ["00", "01"]  # what numbers would lose is kept
    assert table.columns[1][50] == "?"
    assert table.line(50) == 53


def test_a_word_after_thousands_of_numbers_makes_texts_of_them(tmp_path, quick, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"{k}.50,1\n" for k in range(99)) + "many,1\n")
    found, expected, was_quick = both(path, monkeypatch)
    assert was_quick
    assert found == expected
    assert read_csv(path).columns[0][97:] == ["97.50", "98.50", "many"]


@pytest.mark.parametrize("row", ['1,"x"y', "1, \"x\"", '1,o"o', "1,x\ry", "1,\0", "1,2,3", "1,é"])
def test_what_is_not_plain_is_left_to_the_strict_reader(tmp_path, quick, row):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + row.encode("latin-1") + b"\n")
    grown = [columns.GrowingColumn(place) for place in range(2)]
    with path.open("rb") as stream, pytest.raises(NotPlainError):
        arrow_csv.read_blocks(stream, ",", grown, TableFormat())


def test_numbers_that_are_more_than_their_value_stay_texts():
    for texts in (["007"], ["+49"], ["1234567890123456"], ["1_0"], ["inf"], ["1e999"], ["x"]):
        assert columns.plain_numbers(["1", *texts]) is None
    np.testing.assert_array_equal(columns.plain_numbers(["0.5", "-3", "NA"]), [0.5, -3, np.nan])


@pytest.mark.parametrize(
    ("content", "odd"),
    [
        (b"007,1,x\n1,2,+49\n", {0, 2}),
        (b"1, -05,x\n", {1}),
        (b"0,0.5,-0\n10,200,1+1\n", set()),
        (b"1,2,x\n0,-0.25,2-01\n", set()),
        (b'1,"05",x\n', {0, 1, 2}),  # a field's place is not known where there are quotes
        (b"1,05,x\n\n", {0, 1, 2}),  # nor where there are blank lines
        (b"1,22,x\n" * 20_000 + b"1,2,03\n", {2}),
    ],
)
def test_the_columns_of_odd_numbers_are_found(content, odd):
    block = Block(b"\n" + content, 1, len(content) + 1, 0, content.count(b"\n"))
    assert csv_blocks.odd_numbers(block, ord(","), 3) == odd


def test_numbers_stay_numbers_beside_texts_such_as_007(tmp_path, quick, monkeypatch):
    lines = ["code,x,when,phone"]
    lines += [f"0{k:03},{k}.5,0{k % 9 + 1}.02.2020,+49{k}" for k in range(99)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    read_as_texts = []
    add_coded = columns.GrowingColumn.add_coded

    def noted(column, texts, codes):
        if column.are_numbers:
            read_as_texts.append(column.place)
        add_coded(column, texts, codes)

    monkeypatch.setattr(columns.GrowingColumn, "add_coded", noted)
    found, expected, was_quick = both(path, monkeypatch)
    assert was_quick
    assert found == expected
    assert found[1] == ["coded", "f", "coded", "coded"]
    assert not read_as_texts


def test_texts_stay_in_order_where_some_begin_with_spaces(tmp_path, quick, monkeypatch):
    words = [f"{' ' * (k // 10 % 3 == 1)}w{k % 40}" for k in range(400)]
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n" + "".join(f"{word},{k},{word}\n" for k, word in enumerate(words)))
    found, expected, was_quick = both(path, monkeypatch)
    assert was_quick
    assert found == expected
    assert read_csv(path).columns[2] == [word.lstrip() for word in words]


def test_numbers_with_other_markers_of_missing_cells_stay_numbers(tmp_path, quick, monkeypatch):
    path = tmp_path / "t.csv"
    cells = [("NA", "?", "", "n/a")[k // 8 % 4] if k % 8 == 7 else f"{k}.5" for k in range(99)]
    path.write_text("a,b\n" + "".join(f"{cell},x\n" for cell in cells))
    found, expected, was_quick = both(path, monkeypatch)
    assert was_quick
    assert found == expected
    assert np.isnan(read_csv(path).columns[0]).sum() == 12


def test_numbers_that_stand_for_missing_cells_do_so_in_all_blocks(tmp_path, quick, monkeypatch):
    path = tmp_path / "t.csv"
    cells = ["-999" if k % 7 == 6 else f"{k}.5" for k in range(99)]
    cells[90] = "-999.0"  # is no marker
    path.write_text("a,b\n" + "".join(f"{cell},x\n" for cell in cells))
    found, expected, was_quick = both(path, monkeypatch, TableFormat(missing=("-999",)))
    assert was_quick
    assert found == expected
    x = read_csv(path, TableFormat(missing=("-999",))).columns[0]
    assert np.isnan(x).sum() == 13
    assert (x == -999).sum() == 1


def test_decimal_commas_are_read_as_numbers_by_pyarrow(tmp_path, quick, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n" + "".join(f"{k},25;{k}\n" for k in range(99)) + "1.234,5;1\n\n\n")
    layout = TableFormat(decimal=",")
    found, expected, was_quick = both(path, monkeypatch, layout)
    assert was_quick
    assert found == expected
    np.testing.assert_array_equal(read_csv(path, layout).columns[0], [*np.arange(0.25, 99), 1234.5])


def test_rows_over_several_lines_and_blank_lines_keep_their_lines(tmp_path, quick, monkeypatch):
    path = tmp_path / "t.csv"
    rows = [f'{k},"x\ny"\n' if k % 5 == 3 else f"{k},z\n" + "\n" * (k % 4 == 1) for k in range(60)]
    path.write_text('"a\nb",c\n' + "".join(rows))
    found, expected, was_quick = both(path, monkeypatch)
    assert was_quick
    assert found == expected
    assert found[3][:5] == [3, 4, 6, 7, 9]


def test_what_pyarrow_reads_is_its_own(tmp_path, quick, monkeypatch):
    import pyarrow

    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"{k}.5,x\n" for k in range(99)))
    given = []

    def noted(source):
        given.append(source)
        return original(source)

    original = pyarrow.BufferReader
    monkeypatch.setattr(pyarrow, "BufferReader", noted)
    read_csv(path)
    assert given
    # an object of Python's would be freed by a thread of pyarrow's, which may outlive Python
    assert all(isinstance(each, pyarrow.Buffer) and each.is_mutable for each in given)
