"""What columns of a table are for: left out, names of rows, groups and times."""

import csv
import io

import pytest

from chainrule import load
from chainrule.cli.column_names import listed, named_columns
from chainrule.data import Column, DataError
from chainrule.inputs.tables.times import times_of
from cli.runs import chainrule, house_rows, train, written

ROWS = [
    [f"h{n:03}", f"street {n % 12}", f"{2000 + n // 5}", *row]
    for n, row in enumerate(house_rows(60))
]
HEADER = "code,street,year,rooms,area,kind,price"


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return written(tmp_path_factory.mktemp("houses") / "houses.csv", ROWS, HEADER)


def told(houses, tmp_path, *options):
    arguments = ("-t", "price", "-fo", tmp_path / "m", "-e", 2, "--json", *options)
    return chainrule("train", houses, *arguments).json


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b", ["a", "b"]),
        (" a , b c ,", ["a", "b c"]),
        ('"size, m²",b', ["size, m²", "b"]),
        ("", []),
    ],
)
def test_names_stand_between_commas_or_in_quotes(text, names):
    assert listed(text) == names


def test_columns_are_named_by_lists_or_whole():
    names = ("a", "size, m²", "b", "c")
    assert named_columns("--drop", ["b,a", "size, m²"], names) == ("a", "size, m²", "b")
    assert named_columns("--drop", ['c,"size, m²"'], names) == ("size, m²", "c")
    with pytest.raises(DataError, match=r"--drop: no column 'size' among 'a', 'size, m²', 'b'"):
        named_columns("--drop", ["size, m"], names)


BY_CHOICE = [("--drop", "code,street"), ("--drop", "street", "--id", "code")]


@pytest.mark.parametrize("options", BY_CHOICE)
def test_columns_that_are_named_are_not_learned_from(houses, tmp_path, options):
    notes = told(houses, tmp_path, *options)["notes"]
    inputs = load(tmp_path / "m").inputs_
    assert set(inputs.raw_names) == {"year", "rooms", "area", "kind"}
    assert {name for name, _ in inputs.dropped} == {"code", "street"}
    assert any(note.startswith("left out, by choice: ") and "street" in note for note in notes)
    run = chainrule("predict", tmp_path / "m", houses)
    assert (run.code, run.err) == (0, "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--drop", "cod"), "--drop: no column 'cod' among 'code', 'street', 'year', 'rooms', "),
        (("--drop", "cod"), "; did you mean 'code'?"),
        (("--id", "price"), "--id: 'price' is the column to be predicted"),
        (("--group", "a,b"), "--group: no column 'a,b' among"),
        (("--drop", "area", "--numeric", "area"), "--numeric: expected it without --drop, got"),
        (("--time", "year", "--group", "street"), "--time: expected it without --group, got both"),
        (("--time", "kind"), "--time: column 'kind': expected numbers, or dates such as 2024"),
        (("--drop", "code,street,year,rooms,area,kind"), "no column is left to learn from: 'cod"),
        (("--group", "kind", "--validation", 0.2), "--group: 'kind': expected a group or more"),
        (("--test", "absent.csv"), "--test: no file or folder is named 'absent.csv'"),
        (("--delimiter", "ab"), "--delimiter: expected one character, or tab, got 'ab'"),
        (("--decimal", ";"), "--decimal: expected , or ., got ';'"),
        (("--encoding", "klingon"), "--encoding: expected the name of an encoding such as utf-8"),
    ],
)
def test_an_option_without_sense_is_named(houses, tmp_path, options, message):
    rows = [row for row in ROWS if row[5] != "barn"]
    path = written(tmp_path / "houses.csv", rows, HEADER)
    error = chainrule("train", path, "-t", "price", "-o", tmp_path / "m", *options).error
    assert message in error
    assert not (tmp_path / "m").exists()


def test_images_have_no_columns(tmp_path):
    options = ("--model", "cnn", "--drop", "a", "-o", tmp_path / "m")
    assert chainrule("train", "digits", *options).error == "--drop: expected a table, got images"


def test_the_last_years_are_the_test(houses, tmp_path):
    scores = told(houses, tmp_path, "--time", "year", "--drop", "code")
    assert scores["rows"] == {"training": 35, "validation": 15, "test": 10}
    assert scores["split"] == {"time": "year"}
    last = written(tmp_path / "last.csv", ROWS[50:], HEADER)
    alone = chainrule("evaluate", tmp_path / "m", last, "--json").json["scores"]["all"]
    assert alone == pytest.approx(scores["scores"]["test"])


def test_rows_without_a_time_are_trained_on(tmp_path):
    rows = [[*row[:2], "" if n in (50, 59) else row[2], *row[3:]] for n, row in enumerate(ROWS)]
    path = written(tmp_path / "holes.csv", rows, HEADER)
    scores = told(path, tmp_path, "--time", "year")
    assert "2 rows have no time in 'year', and are trained on" in scores["notes"]
    assert scores["rows"]["training"] == 37


def test_times_of_several_zones_are_in_the_order_in_which_they_were():
    cells = ["2024-01-01 12:00+05:00", "2024-01-01 11:00+00:00", "2024-01-01 08:30-02:00"]
    assert times_of(Column("t", cells))[0].argsort().tolist() == [0, 2, 1]


def test_a_group_is_in_one_part_and_not_learned_from(houses, tmp_path):
    scores = told(houses, tmp_path, "--group", "street", "--drop", "code")
    assert {count % 5 for count in scores["rows"].values()} == {0}
    inputs = load(tmp_path / "m").inputs_
    assert ("street", "groups the rows") in inputs.dropped


def test_classes_that_the_first_part_lacks_are_left_out_of_the_others(tmp_path):
    rows = [[*row[:6], "new" if n in (3, 57) else f"{n % 2}"] for n, row in enumerate(ROWS)]
    rows[3][2] = "2011"
    path = written(tmp_path / "classes.csv", rows, HEADER)
    scores = told(path, tmp_path, "--time", "year", "--drop", "code")
    note = "rows of the test part whose class the training part has not are left out: 2, of 'new'"
    assert note in scores["notes"]


def test_another_table_is_scored(houses, tmp_path):
    other = written(tmp_path / "other.csv", ROWS[:20], HEADER)
    scores = told(houses, tmp_path, "--test", other, "--drop", "code")
    assert scores["rows"] == {"training": 48, "validation": 12, "test": 20}
    alone = chainrule("evaluate", tmp_path / "m", other, "--json").json["scores"]["all"]
    assert alone == pytest.approx(scores["scores"]["test"])


@pytest.fixture(scope="module")
def model(houses):
    path = houses.parent / "m"
    return train(houses, path, "-t", "price", "--id", "code", "--drop", "street,year")


def read(run):
    assert run.code == 0, run.err
    return list(csv.reader(io.StringIO(run.out)))


def test_rows_keep_their_names_in_predictions(houses, model):
    lines = read(chainrule("predict", model, houses))
    assert lines[0] == ["code", "price"]
    assert [line[0] for line in lines[1:]] == [row[0] for row in ROWS]
    told = chainrule("predict", model, houses, "--json").json
    assert told["input"] == {"code": [row[0] for row in ROWS]}
    assert told["predictions"] == [float(line[1]) for line in lines[1:]]


def test_columns_are_kept_beside_predictions(houses, model):
    lines = read(chainrule("predict", model, houses, "--keep", "kind,area", "--id", "street"))
    assert lines[0] == ["street", "area", "kind", "price"]
    assert lines[1][:3] == [ROWS[0][1], ROWS[0][4], ROWS[0][5]]


def test_the_answers_of_the_input_keep_their_name(houses, model):
    lines = read(chainrule("predict", model, houses, "--with-input"))
    assert lines[0] == [*HEADER.split(","), "price_predicted"]
    assert [line[:7] for line in lines[1:]] == ROWS


def test_no_two_columns_of_predictions_have_one_name(tmp_path, houses, model):
    once, path = chainrule("predict", model, houses, "--with-input"), tmp_path / "once.csv"
    path.write_text(once.out)
    lines = read(chainrule("predict", model, path, "--with-input"))
    assert lines[0] == [*read(once)[0], "price_predicted_2"]


def test_cells_with_commas_and_quotes_come_back(tmp_path, model):
    odd = [['"a ""b"", c"', *ROWS[0][1:]]]
    lines = read(chainrule("predict", model, written(tmp_path / "odd.csv", odd, HEADER)))
    assert lines[1][0] == 'a "b", c'


def test_names_of_rows_that_are_not_there_are_told(tmp_path, model):
    path = written(tmp_path / "bare.csv", [row[3:6] for row in ROWS], "rooms,area,kind")
    run = chainrule("predict", model, path)
    assert run.err == "there is no column 'code' to name the rows\n"
    assert read(run)[0] == ["price"]


@pytest.mark.parametrize("option", ["--id", "--keep"])
def test_a_column_to_keep_must_be_there(houses, model, option):
    error = chainrule("predict", model, houses, option, "colour").error
    assert error.startswith(f"{option}: no column 'colour' among 'code', ")


def test_images_have_no_columns_to_keep(tmp_path):
    model = train("digits", tmp_path / "m", "--model", "cnn")
    error = chainrule("predict", model, "digits", "--with-input").error
    assert error == "--with-input: expected a table, got images"


def test_a_file_of_predictions_is_overwritten_by_force_alone(houses, model, tmp_path):
    output = tmp_path / "p.csv"
    output.write_text("kept")
    arguments = ("predict", model, houses, "-o", output)
    assert "p.csv is there already; --force overwrites it" in chainrule(*arguments).error
    assert output.read_text() == "kept"
    assert chainrule(*arguments, "--force").code == 0
    assert output.read_text().startswith("code,price\n")


def test_a_model_is_overwritten_by_force_alone(houses, model):
    before = model.read_bytes()
    error = chainrule("train", houses, "-t", "absent", "-o", model).error
    assert "m is there already; --force overwrites it" in error  # before the data are read
    assert model.read_bytes() == before


def test_a_model_without_a_name_goes_beside_the_older_one(houses, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("train", houses, "-t", "price", "-e", 1)
    names = ["houses.safetensors", "houses-2.safetensors", "houses-3.safetensors"]
    for seed, name in enumerate(names):
        run = chainrule(*arguments, "--seed", seed)
        assert run.err.endswith(f"model saved in {name}\n")
        told = f"houses.safetensors is there already, so the model goes to {name} (--force over"
        assert (told in run.err) == (seed > 0)
    assert [load(name).random_state for name in names] == [0, 1, 2]
    assert chainrule(*arguments, "--force").err.endswith("model saved in houses.safetensors\n")


class Typed:
    """Standard input that has some bytes, or is a terminal."""

    def __init__(self, content, terminal=False):
        self.buffer, self.terminal = io.BufferedReader(io.BytesIO(content)), terminal

    def isatty(self):
        return self.terminal


def test_tables_come_by_standard_input(houses, model, tmp_path, monkeypatch):
    expected = chainrule("predict", model, houses).out
    monkeypatch.setattr("sys.stdin", Typed(houses.read_bytes()))
    assert chainrule("predict", model, "-").out == expected
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", Typed(houses.read_bytes()))
    run = chainrule("train", "-", "-t", "price", "-e", 1)
    assert run.code == 0
    assert run.err.endswith("model saved in model.safetensors\n")
    assert load(tmp_path / "model.safetensors").metadata_["data"] == "standard input"


def test_mistakes_of_standard_input_are_named(model, monkeypatch):
    monkeypatch.setattr("sys.stdin", Typed(b"a,b\n1\n"))
    error = chainrule("predict", model, "-").error
    assert error == "standard input, line 2: expected 2 fields as in line 1, got 1"
    monkeypatch.setattr("sys.stdin", Typed(b"", terminal=True))
    error = chainrule("predict", model, "-").error
    assert error == "-: expected a table on standard input, got a terminal"
