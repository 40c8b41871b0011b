"""Parquet and Excel files, and what spreadsheets leave below a table."""

import sys
from datetime import datetime

import numpy as np
import pandas
import polars
import pytest

from chainrule.data import DataError, Table, read_csv, read_source, table_files
from chainrule.data.cells import Cells
from chainrule.data.coded import Coded
from chainrule.data.formats import TableFormat
from chainrule.data.sources import read_table
from chainrule.data.table_files import read_table_file

FRAME = {
    "area": [50.5, 70.0, None],
    "rooms": [2, 3, 1],
    "kind": ["flat", "007", None],
    "garden": [True, False, True],
    "sold": [datetime(2020, 1, 2, 3), datetime(2021, 5, 6), None],
}


def check(table):
    assert table.names == tuple(FRAME)
    np.testing.assert_array_equal(table.columns[0], [50.5, 70, np.nan])
    np.testing.assert_array_equal(table.columns[1], [2, 3, 1])
    assert table.columns[2] == ["flat", "007", ""]
    assert table.columns[3] == ["True", "False", "True"]
    times = np.array(["2020-01-02T03", "2021-05-06", "NaT"], "M8[us]")
    np.testing.assert_array_equal(table.columns[4], times)
    kinds = [Cells.read(cells).kind for cells in table.columns]
    assert kinds == ["number", "number", "text", "boolean", "time"]


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_parquet_files_keep_kinds(tmp_path, monkeypatch, library):
    pytest.importorskip(library)
    polars.DataFrame(FRAME).write_parquet(tmp_path / "t.parquet")
    find = table_files.find_spec
    monkeypatch.setattr(table_files, "find_spec", lambda n: find(n) if n == library else None)
    check(read_table(tmp_path / "t.parquet"))
    indexed = pandas.DataFrame({"a": [1, 2, 3]}, index=[5, 2, 9])
    indexed.to_parquet(tmp_path / "i.parquet")
    assert read_table(tmp_path / "i.parquet").names == ("a",)
    (tmp_path / "t.parquet").write_bytes(b"no such file")
    with pytest.raises(DataError, match="expected a Parquet file"):
        read_table(tmp_path / "t.parquet")


def test_sheets_keep_kinds(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "t.xlsx"
    with pandas.ExcelWriter(path) as writer:
        pandas.DataFrame(FRAME).to_excel(writer, index=False)
        pandas.DataFrame({"b": ["1,5", "x"]}).to_excel(writer, sheet_name="More", index=False)
    check(read_table(path))
    table = read_table_file(tmp_path / "t.xlsx:More", TableFormat(decimal=","))
    assert table == Table(("b",), (["1.5", "x"],), [2, 3])
    assert read_source(f"{path}:More").data.columns == (["1,5", "x"],)
    with pytest.raises(DataError, match="no sheet 'Other' among 'Sheet1', 'More'"):
        read_table(f"{path}:Other")
    path.write_bytes(b"no such file")
    with pytest.raises(DataError, match="expected an Excel file, got"):
        read_table(path)


def saved(path, rows):
    book = pytest.importorskip("openpyxl").Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_empty_rows_and_columns_of_a_sheet_do_not_count(tmp_path):
    rows = [[], ["a", None, "b"], [1, None, "x"], [None], [2.5, None, 3], ["", ""]]
    table = read_table(saved(tmp_path / "t.xlsx", rows))
    np.testing.assert_array_equal(table.columns[0], [1, 2.5])
    assert (table.names, table.columns[1]) == (("a", "b"), ["x", "3"])
    assert [table.line(0), table.line(1)] == [3, 5]
    table = read_table_file(tmp_path / "t.xlsx", TableFormat(header=False))
    assert table.names == ("c1", "c3")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["a", "b"]], "expected a row with the columns' names and rows below it"),
        ([["a", None], [1, 2]], "expected a name of its own for each column, got none"),
        ([["a", "a"], [1, 2]], "expected a name of its own for each column, got 'a' twice"),
    ],
)
def test_sheets_that_are_no_tables(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        read_table(saved(tmp_path / "t.xlsx", rows))


@pytest.mark.parametrize(
    ("name", "module"), [("t.parquet", "pyarrow"), ("t.xlsx", "openpyxl")]
)
def test_the_extra_to_install_is_named(tmp_path, monkeypatch, name, module):
    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(table_files, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=rf"expected {module} for .* 'chainrule\[tables\]'"):
        read_table(tmp_path / name)


def test_old_files_of_excel_are_to_be_saved_anew(tmp_path):
    (tmp_path / "t.xls").write_bytes(b"x")
    with pytest.raises(DataError, match=r"expected an .xlsx file; save the old .xls"):
        read_table(tmp_path / "t.xls")


HOUSES = "id,area,price,kind\nA1,50,\"$1,000.50\",flat\nA2,70,\"$2,000.00\",barn\nA3,,$4.25,flat\n"


@pytest.mark.parametrize("label", ["Total", "Summe:", "sum"])
def test_a_row_of_sums_is_left_out_and_said(tmp_path, label):
    path = tmp_path / "t.csv"
    path.write_text(HOUSES + f'{label},120,"$3,004.75",\n,,,\n,,,\n')
    source = read_source(path)
    assert source.notes == (
        "2 empty rows at the end left out",
        f"line 5, the last row, '{label}', has the sums of the others: left out",
    )
    assert len(source) == 3
    assert read_table(path).column("area") == ["50", "70", ""]


@pytest.mark.parametrize("row", ['Total,60,"$3,004.75",', "Total,120,mean,", "Total,,,"])
def test_a_row_that_may_be_no_sum_is_kept_and_said(tmp_path, row):
    path = tmp_path / "t.csv"
    path.write_text(HOUSES + row + "\n")
    source = read_source(path)
    assert source.notes == (
        "line 5, the last row, 'Total', looks like totals, but not all are sums: kept",
    )
    assert len(source) == 4


def test_words_among_numbers_are_named_with_their_line(tmp_path):
    path = tmp_path / "t.csv"
    cells = [str(k) for k in range(60)]
    path.write_text("a,b\n" + "".join(f"{cell},1\n" for cell in [*cells, "many", "7 kg"]))
    assert read_source(path, "b").notes == (
        "column 'a', line 62: 'many' and 1 other cell among numbers",
    )
    path.write_text("a,b\n" + "".join(f"{cell},{cell}\n" for cell in cells))
    assert read_source(path, "b").notes == ()


def test_rows_without_an_answer_are_left_out_of_numbers_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n2,\n3,4\n")
    source = read_source(path, "b")
    assert [source.target.line(row) for row in range(2)] == [2, 4]
    polars.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 1.5]}).write_parquet(tmp_path / "t.parquet")
    pytest.importorskip("pyarrow")
    np.testing.assert_array_equal(read_source(tmp_path / "t.parquet", "b").target.cells, [0.5, 1.5])


def test_cells_of_files_are_codes(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,x\n")
    assert all(isinstance(cells, Coded) for cells in read_csv(tmp_path / "t.csv").columns)
