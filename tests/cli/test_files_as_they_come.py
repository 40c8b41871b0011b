"""Tables as people have them: classes unknown to training, decimal commas, kinds of files."""

import numpy as np
import pytest

from chainrule import load
from chainrule.data.sources import read_source
from cli.runs import HEADER, chainrule, house_rows, train, written

ROWS = house_rows()
QUICK = ("-e", 1, "--seed", 0)


@pytest.fixture
def houses(tmp_path):
    return written(tmp_path / "houses.csv", ROWS)


@pytest.fixture
def others(tmp_path):
    rows = [["1", "50", "hut", "9"], *ROWS[:9], ["1", "50", "tent", "9"], ["1", "50", "tent", "9"]]
    return written(tmp_path / "others.csv", rows)



def with_word(rows, word, places):
    """The rows with a word for the area in some places."""
    return [
        [row[0], word if place in places else row[1], *row[2:]] for place, row in enumerate(rows)
    ]


NOTE = "3 of 12 rows are of classes that training did not have, 'hut', 'tent': no prediction of"


def test_rows_to_test_of_unknown_classes_are_said_and_not_scored(houses, others, tmp_path):
    model = tmp_path / "m"
    run = chainrule("train", houses, "-t", "kind", "--test", others, "-o", model, *QUICK)
    assert run.code == 0, run.err
    assert f"test part: {NOTE}" in run.err
    assert "test (9)" in run.out
    known = written(tmp_path / "known.csv", ROWS[:9])
    expected = chainrule("evaluate", model, known, "--json").json
    told = chainrule("evaluate", model, others, "--json").json
    assert told["scores"] == expected["scores"]
    assert told["rows"] == {"all": 9}
    assert told["notes"][0].startswith(NOTE)
    assert load(model).metadata_["scores"]["test"] == expected["scores"]["all"]


def test_a_test_of_unknown_classes_only_is_refused(houses, tmp_path):
    path = written(tmp_path / "huts.csv", [["1", "50", "hut", "9"]] * 3)
    run = chainrule("train", houses, "-t", "kind", "--test", path, "-o", tmp_path / "m", *QUICK)
    assert "got classes 'hut' only, expected those of training: 'barn', 'fl" in run.error
    assert not (tmp_path / "m").exists()


def test_classes_that_are_numbers_stay_known_beside_words(tmp_path):
    rows = [[row[0], row[1], str(place % 2), row[3]] for place, row in enumerate(ROWS)]
    model = train(written(tmp_path / "a.csv", rows), tmp_path / "m", "-t", "kind")
    path = written(tmp_path / "b.csv", [["1", "50", "1.0", "9"], ["1", "50", "odd", "9"]])
    told = chainrule("evaluate", model, path, "--json").json
    assert told["rows"] == {"all": 1}
    assert told["notes"][0].startswith("1 of 2 rows is of a class that training did not have,")


def test_a_bad_cell_is_told_once(tmp_path):
    path = written(tmp_path / "houses.csv", with_word(ROWS, "oops", [5]))
    run = chainrule("train", path, "-t", "price", "-o", tmp_path / "m", *QUICK)
    assert run.err.count("'oops'") == 1
    assert "column 'area' is taken for numbers: 1 cell taken as missing, 'oops' in l" in run.err


def german(rows):
    """The rows with decimal commas, the price in thousands with three digits behind."""
    return [
        [rooms, area.replace(".", ","), kind, f"{float(price):.3f}".replace(".", ",")]
        for rooms, area, kind, price in rows
    ]


def test_a_target_has_the_decimal_sign_of_the_file(tmp_path):
    path = written(tmp_path / "a.csv", german(ROWS), HEADER.replace(",", ";"), ";")
    source = read_source(path, "price")
    first = ROWS[0][3]
    assert source.notes == (
        f"target 'price': {first.replace('.', ',')!r} is read as {float(first):g}, for column "
        "'area' has decimal commas",
    )
    prices = [float(price) for *_, price in ROWS]
    np.testing.assert_allclose([float(cell) for cell in source.target.cells], prices)
    model = train(path, tmp_path / "m", "-t", "price")
    plain = train(written(tmp_path / "b.csv", ROWS), tmp_path / "n", "-t", "price")
    assert load(model).metadata_["scores"] == load(plain).metadata_["scores"]


def test_a_target_keeps_its_own_sign_or_that_of_thousands_alone(tmp_path):
    header = HEADER.replace(",", ";")
    millions = [[*row[:3], "1,234,567"] for row in german(ROWS[:5])]
    whole = [[row[0], "7", row[2], row[3]] for row in german(ROWS)]
    for rows in (millions, whole):  # it shows what it has; no other column has a comma
        source = read_source(written(tmp_path / "a.csv", rows, header, ";"), "price")
        assert source.notes == ()
        assert source.target.cells[0] == rows[0][3]


@pytest.mark.parametrize("option", ["--encoding=cp1252", "--delimiter=;"])
@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx", "a.xlsx:Sheet"])
def test_options_of_text_files_are_refused_for_others(tmp_path, option, name):
    error = chainrule("train", tmp_path / name, "-t", "y", option, "-o", tmp_path / "m").error
    what = option[2:].partition("=")[0]
    assert error == (
        f"--{what}: expected a text file such as CSV, got {tmp_path / name}, which needs no {what}"
    )


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
def test_markers_of_missing_cells_hold_in_all_kinds_of_files(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    x, words = [1.5, -999.0, 3.0], ["red", "none at all", "blue"]
    if suffix == "parquet":
        polars = pytest.importorskip("polars")
        polars.DataFrame({"x": x, "word": words}).write_parquet(path)
    else:
        book = pytest.importorskip("openpyxl").Workbook()
        for row in [("x", "word"), *zip(x, words, strict=True)]:
            book.active.append(row)
        book.save(path)
    from chainrule.data import TableFormat

    table = read_source(path, layout=TableFormat(missing=("-999", "none at all"))).data
    np.testing.assert_array_equal(table.column("x"), [1.5, np.nan, 3.0])
    assert table.column("word") == ["red", "", "blue"]


def test_numbers_with_commas_and_markers_are_numbers(tmp_path):
    ninth = range(4, len(ROWS), 9)
    rows = with_word(german(ROWS), "k. A.", ninth)
    path = written(tmp_path / "a.csv", rows, HEADER.replace(",", ";"), ";")
    run = chainrule("train", path, "-t", "price", "-o", tmp_path / "m", *QUICK)
    assert "column 'area' is taken for numbers: 6 cells taken as missing" in run.err
    rows = with_word(german(ROWS), "?!", ninth)
    path = written(tmp_path / "b.csv", rows, HEADER.replace(",", ";"), ";")
    run = chainrule("train", path, "-t", "price", "-o", tmp_path / "n", *QUICK)
    assert "most are numbers, but not '?!'" in run.err
