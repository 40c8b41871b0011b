"""What people get wrong with tables: one sentence says what is wrong and what was expected."""

import gzip

import pytest

from chainrule import load
from cli.runs import HEADER, chainrule, house_rows, train, written


def changed(rows, column, cells):
    """The rows (n) with other cells in one column: a list of n, or one for all."""
    cells = [cells] * len(rows) if isinstance(cells, str) else cells
    return [[*r[:column], cell, *r[column + 1 :]] for r, cell in zip(rows, cells, strict=True)]


def once(rows, column, row, cell):
    """The rows with one cell changed; row 0 stands on line 2."""
    cells = [r[column] for r in rows]
    return changed(rows, column, [*cells[:row], cell, *cells[row + 1 :]])


def text(rows, header=HEADER):
    return "\n".join([header, *(",".join(row) for row in rows)]) + "\n"


ROWS = house_rows()
CONTENTS = {
    "empty": (b"", "expected a header line and rows, got an empty file"),
    "header only": (HEADER.encode(), "expected rows below the header, got a header only"),
    "no header": (
        text(ROWS[1:], ",".join(ROWS[0])).encode(),
        "'; say header=False (--no-header) if it has none",
    ),
    "UTF-16": (text(ROWS).encode("utf-16"), "expected UTF-8 text, got UTF-16"),
    "Latin-1": (
        text(once(ROWS, 2, 3, "château")).encode("latin-1"),
        "line 5: expected UTF-8 text, got byte 0xe2",
    ),
    "NUL": (text(once(ROWS, 2, 4, "\0")).encode(), "line 6: expected text, got a NUL byte"),
    "same names": (
        text(ROWS, "area,area,kind,price").encode(),
        "line 1: expected different column names, got 'area' twice",
    ),
    "pandas' index": (
        text([[str(i), *row] for i, row in enumerate(ROWS)], f",{HEADER}").encode(),
        "line 1: expected a name for column 1, got none; pandas leaves out its index with "
        "to_csv(index=False)",
    ),
    "a column without a name": (
        text([[*row, "7"] for row in ROWS], f"{HEADER},").encode(),
        "line 1: expected a name for column 5, got none",
    ),
    "ragged": (
        text([*ROWS[:7], [*ROWS[7], "9"], *ROWS[8:]]).encode(),
        "line 9: expected 4 fields as in line 1, got 5",
    ),
    "open quote": (text(once(ROWS, 2, 5, '"flat')).encode(), "line 7: expected well-formed CSV"),
    "damaged gzip": (gzip.compress(text(ROWS).encode())[:90], "expected a whole gzip stream"),
}


@pytest.mark.parametrize(("content", "message"), CONTENTS.values(), ids=CONTENTS.keys())
def test_a_file_that_is_no_table_is_named(tmp_path, content, message):
    path = tmp_path / "houses.csv"
    path.write_bytes(content)
    error = chainrule("train", path, "-t", "price", "-o", tmp_path / "m").error
    assert error.startswith(f"{path}")
    assert message in error
    assert not (tmp_path / "m").exists()


TABLES = {
    "no target": (
        changed(ROWS, 3, ""),
        HEADER,
        "houses.csv: the column 'price' has no values at all",
    ),
    "one number": (changed(ROWS, 3, "7"), HEADER, "expected two classes or more, got '7' only"),
    "one class": (changed(ROWS, 3, "yes"), HEADER, "expected two classes or more, got 'yes' only"),
    "one word": (
        once(ROWS, 3, 3, "cheap"),
        HEADER,
        "got 57 in 57 rows; most are numbers, but 'cheap' is not",
    ),
    "all words": (
        changed(ROWS, 3, [f"no. {i}" for i in range(57)]),
        HEADER,
        "is this a column of identifiers or of free text?",
    ),
    "infinite": (
        changed(ROWS, 0, "inf"),
        HEADER,
        "expected a finite number, got 'inf'",
    ),
    "target only": (
        [row[3:] for row in ROWS],
        "price",
        "houses.csv: expected columns to learn from besides 'price', got none",
    ),
    "constants only": (
        changed([row[2:] for row in ROWS], 0, "flat"),
        "kind,price",
        "no column is left to learn from: 'kind': constant",
    ),
    "two rows": (
        ROWS[:2],
        HEADER,
        "houses.csv: expected a row or more in each part of (0.8, 0.2), got 2 rows; "
        "--validation 0 --test 0 trains on all rows",
    ),
}


@pytest.mark.parametrize(("rows", "header", "message"), TABLES.values(), ids=TABLES.keys())
def test_a_table_that_cannot_be_learned_is_named(tmp_path, rows, header, message):
    path = written(tmp_path / "houses.csv", rows, header)
    error = chainrule("train", path, "-t", "price", "-o", tmp_path / "m").error
    assert message in error
    assert not (tmp_path / "m").exists()


def test_decimal_commas_are_recognised(tmp_path):
    commas = [[cell.replace(".", ",") for cell in row] for row in ROWS]
    path = written(tmp_path / "häuser.csv", commas, HEADER.replace(",", ";"), ";")
    run = chainrule("train", path, "-t", "price", "-e", 1, "-o", tmp_path / "m")
    assert run.code == 0
    assert "target 'price': '396,725' is read as 396.725, for column 'area' has" in run.err
    run = chainrule("train", path, "-t", "kind", "-e", 1, "-fo", tmp_path / "m")
    assert run.code == 0
    assert "column 'price' is taken for numbers: '396,725' is read as 396.725\n" in run.err
    names = load(tmp_path / "m").inputs_.feature_names
    assert {"rooms", "area", "price"} < set(names)
    assert not any("=" in name for name in names)


def test_a_word_among_numbers_is_told(tmp_path):
    path = written(tmp_path / "houses.csv", once(ROWS, 0, 3, "many"))
    run = chainrule("train", path, "-t", "price", "-e", 1, "-o", tmp_path / "m")
    assert run.code == 0
    said = "column 'rooms' is taken for numbers: 1 cell taken as missing, 'many' in line 5\n"
    assert said in run.err
    assert "'kind' is taken" not in run.err


def test_constants_and_missing_values_are_told(tmp_path):
    rows = changed(ROWS, 0, "4")
    for row in (3, 30, 50):
        rows = once(rows, 3, row, "")
    path = written(tmp_path / "houses.csv", rows)
    run = chainrule("train", path, "-t", "price", "-e", 1, "-o", tmp_path / "m")
    assert run.code == 0
    assert "3 rows have no value of 'price' and are left out\n" in run.err
    assert "left out, constant: rooms\n" in run.err


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ((), "which column is to be predicted? Say --target NAME; there are 'rooms', 'area', "),
        (("-t", "pirce"), "no column 'pirce' among 'rooms', 'area', 'kind', 'price'; did you mean"),
        (("-t", "Price"), "did you mean 'price'?"),
    ],
)
def test_the_target_must_be_a_column(tmp_path, target, message):
    path = written(tmp_path / "houses.csv", ROWS)
    assert message in chainrule("train", path, *target, "-o", tmp_path / "m").error


def test_data_must_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert chainrule("train", "digit").error == (
        "no file or folder is named 'digit', nor a built-in set; those are digits, iris, wine, "
        "breast_cancer, diabetes"
    )


@pytest.mark.parametrize("line", ["a line of text", "a line, of text", "a line\nof, text"])
def test_of_lines_without_labels_it_is_said_how_labels_are_written(tmp_path, line):
    path = tmp_path / "lines.txt"
    path.write_text(f"{line}\n" * 30)
    error = chainrule("train", path, "-o", tmp_path / "m").error
    told = "lines of texts to learn from have labels among their words, as __label__x"
    assert error.endswith(f"; {told}")


def test_training_leaves_the_endings_of_fasttext_to_it(tmp_path):
    path = written(tmp_path / "houses.csv", ROWS)
    error = chainrule("train", path, "-t", "price", "-o", tmp_path / "x.bin").error
    assert "--output: expected a name such as x.safetensors, got .bin, the ending of" in error


@pytest.mark.parametrize("output", ["houses.csv", "notes.txt"])
def test_training_keeps_files_that_are_no_models(tmp_path, output):
    path = written(tmp_path / "houses.csv", ROWS)
    (tmp_path / "notes.txt").write_text("kept")
    before = (tmp_path / output).read_bytes()
    error = chainrule("train", path, "-t", "price", "-o", tmp_path / output).error
    assert "another name was expected" in error
    assert (tmp_path / output).read_bytes() == before


def test_training_again_takes_the_place_of_the_model(tmp_path):
    path = written(tmp_path / "houses.csv", ROWS)
    first = train(path, tmp_path / "m", "-t", "price").read_bytes()
    assert train(path, tmp_path / "m", "-t", "price", "-s", 1).read_bytes() != first
