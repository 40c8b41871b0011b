"""Predictions and scores of a saved model, on data that are as they should be or not quite."""

import csv
import io

import pytest

from chainrule import load
from chainrule.data import Table
from cli.runs import HEADER, chainrule, house_rows, train, written

ROWS = house_rows()
CLASSES = [[*row[:3], "high" if float(row[3]) > 300 else "low"] for row in ROWS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A regression and a classification, trained, with their data."""
    place = tmp_path_factory.mktemp("houses")
    train(written(place / "prices.csv", ROWS), place / "prices.st", "-t", "price")
    train(written(place / "classes.csv", CLASSES), place / "classes.st", "-t", "price")
    return place


def read(text):
    return list(csv.reader(io.StringIO(text)))


def test_predictions_are_the_model_s(folder):
    table = Table(tuple(HEADER.split(",")), tuple(map(list, zip(*ROWS, strict=True))))
    expected = load(folder / "prices.st").predict(table)
    lines = read(chainrule("predict", folder / "prices.st", folder / "prices.csv").out)
    assert lines[0] == ["price"]
    assert [float(value) for (value,) in lines[1:]] == expected.tolist()


def test_classes_come_with_probabilities(folder):
    arguments = ("predict", folder / "classes.st", folder / "classes.csv")
    lines = read(chainrule(*arguments, "--probabilities").out)
    assert lines[0] == ["price", "p(high)", "p(low)"]
    shares = [(float(high), float(low)) for _, high, low in lines[1:]]
    assert [sum(pair) for pair in shares] == pytest.approx([1.0] * 57, abs=2e-6)
    assert [row[0] for row in lines[1:]] == ["high" if h > o else "low" for h, o in shares]
    told = chainrule(*arguments, "--json").json
    assert told["classes"] == ["high", "low"]
    assert told["predictions"] == [row[0] for row in lines[1:]]
    assert told["probabilities"] == [pytest.approx(pair, abs=1e-6) for pair in shares]


def test_a_number_has_no_probabilities(folder):
    arguments = ("predict", folder / "prices.st", folder / "prices.csv")
    run = chainrule(*arguments, "--probabilities")
    assert run.out == chainrule(*arguments).out
    assert "--probabilities: there are none of numbers\n" in run.err
    assert set(chainrule(*arguments, "--json").json) == {"target", "predictions", "notes"}


def test_json_goes_to_a_file_as_well(folder, tmp_path):
    arguments = ("predict", folder / "prices.st", folder / "prices.csv", "--json")
    run = chainrule(*arguments, "-o", tmp_path / "p.json")
    assert (run.code, run.out) == (0, "")
    assert (tmp_path / "p.json").read_text() == chainrule(*arguments).out


def test_every_row_is_predicted_with_its_target_or_without(folder, tmp_path):
    expected = chainrule("predict", folder / "prices.st", folder / "prices.csv")
    bare = written(tmp_path / "bare.csv", [row[:3] for row in ROWS], "rooms,area,kind")
    holes = [[*row[:3], "" if i % 7 == 3 else row[3]] for i, row in enumerate(ROWS)]
    for path in (bare, written(tmp_path / "holes.csv", holes)):
        run = chainrule("predict", folder / "prices.st", path)
        assert (run.code, run.err) == (0, "")
        assert run.out == expected.out


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_forms_of_the_same_table_predict_the_same(folder, tmp_path, delimiter):
    expected = chainrule("predict", folder / "prices.st", folder / "prices.csv").out
    swapped = [[row[2], f'"{row[1]}"', row[0]] for row in ROWS]
    path = written(tmp_path / "t", swapped, delimiter.join(("kind", "area", "rooms")), delimiter)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert chainrule("predict", folder / "prices.st", path).out == expected


def test_predictions_go_into_a_file(folder, tmp_path):
    output = tmp_path / "out.csv"
    arguments = ("predict", folder / "prices.st", folder / "prices.csv")
    for force in ((), ("--force",)):
        run = chainrule(*arguments, "-o", output, *force)
        assert (run.code, run.out) == (0, "")
        assert run.err == f"57 predictions written to {output}\n"
    assert output.read_text() == chainrule(*arguments).out


@pytest.mark.parametrize("name", ["prices.st", "prices.csv"])
def test_predictions_do_not_take_the_place_of_what_is_read(folder, name):
    before = (folder / name).read_bytes()
    arguments = ("predict", folder / "prices.st", folder / "prices.csv", "-o", folder / name)
    assert "is to be read; another name was expected" in chainrule(*arguments).error
    assert (folder / name).read_bytes() == before


@pytest.mark.parametrize(
    ("header", "row", "note"),
    [
        (f"{HEADER},colour", [*ROWS[0], "red"], "columns not seen in training are ignored"),
        (HEADER, ["3", "70", "castle", "9"], "column 'kind': 1 cell with values not seen in"),
        (HEADER, ["", "70", "flat", "9"], "column 'rooms': 1 cell missing, none in training"),
    ],
)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_what_is_unusual_is_told(folder, tmp_path, command, header, row, note):
    path = written(tmp_path / "new.csv", [row], header)
    run = chainrule(command, folder / "prices.st", path)
    assert run.code == 0
    assert run.err.startswith(note)
    assert chainrule(command, folder / "prices.st", path, "--json").err == ""


@pytest.mark.parametrize(
    ("command", "header", "row", "message"),
    [
        ("predict", "area,kind", ["70", "flat"], "the table lacks columns seen in training: 'room"),
        ("predict", HEADER, ["many", "70", "flat", "9"], "column 'rooms', line 2: expected a numb"),
        ("predict", HEADER, ["nan", "1e400", "flat", "9"], "column 'area', line 2: expected a fin"),
        ("evaluate", "rooms,area,kind", ["3", "70", "flat"], "no column 'price' among 'rooms', "),
        ("evaluate", HEADER, ["3", "70", "flat", "?"], "new.csv: the column 'price' has no values"),
        ("evaluate", HEADER, ["3", "70", "flat", "low"], "target 'price', line 2: expected a numb"),
    ],
)
def test_data_unlike_those_of_training_are_refused(folder, tmp_path, command, header, row, message):
    path = written(tmp_path / "new.csv", [row], header)
    assert message in chainrule(command, folder / "prices.st", path).error


def test_gradients_are_checked_on_unusual_data_without_a_word(folder, tmp_path):
    for number, data in enumerate((["", "70", "castle", "9"], ["", "70", "castle"])):
        header = HEADER if number == 0 else "rooms,area,kind"
        path = written(tmp_path / "new.csv", [data, data], header)
        run = chainrule("check", folder / "prices.st", path, "--entries", 3)
        assert run.err == "all gradients are right (relative error up to 1e-07 allowed)\n"


def test_an_unknown_label_is_not_scored_and_said_with_its_line(folder, tmp_path):
    path = written(tmp_path / "new.csv", [*CLASSES[:4], [*CLASSES[4][:3], "middling"]])
    told = chainrule("evaluate", folder / "classes.st", path, "--json").json
    assert told["rows"] == {"all": 4}
    assert told["notes"] == [
        "1 of 5 rows is of a class that training did not have, 'middling': no prediction of it "
        "can be right; left out of the scores, it stands in line 6"
    ]


def test_scores_leave_out_rows_without_a_target(folder, tmp_path):
    holes = [[*row[:3], "" if i == 5 else row[3]] for i, row in enumerate(ROWS)]
    told = chainrule("evaluate", folder / "prices.st", written(tmp_path / "h.csv", holes))
    assert told.err == "1 row has no value of 'price' and is left out\n"
    whole = chainrule("evaluate", folder / "prices.st", folder / "prices.csv", "--json").json
    assert whole["rows"] == {"all": 57}
    assert set(whole["scores"]["all"]) == {"R²", "mean absolute error", "root mean squared error"}


def test_another_column_can_be_the_target_of_evaluation(folder, tmp_path):
    path = written(tmp_path / "new.csv", ROWS, "rooms,area,kind,paid")
    told = chainrule("evaluate", folder / "prices.st", path, "--target", "paid", "--json").json
    expected = chainrule("evaluate", folder / "prices.st", folder / "prices.csv", "--json").json
    assert told == expected


def test_a_built_in_set_lends_its_own_target_as_a_feature(tmp_path):
    model = train("iris", tmp_path / "m", "-t", "petal width (cm)")
    run = chainrule("predict", model, "iris")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("petal width (cm)\n")
    assert run.out.count("\n") == 151


MODELS = {
    "a table": (lambda content: b"rooms,area\n1,2\n", "is no model of chainrule"),
    "empty": (lambda content: b"", "is no model of chainrule: it is empty"),
    "cut off": (lambda content: content[:-100], "is cut off: expected"),
    "damaged": (lambda content: content[:-9] + b"\7" + content[-8:], "is damaged"),
}


@pytest.mark.parametrize(("damage", "message"), MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("command", ["predict", "evaluate", "check", "show"])
def test_a_file_that_is_no_whole_model_is_refused(folder, tmp_path, command, damage, message):
    path = tmp_path / "m.st"
    path.write_bytes(damage((folder / "prices.st").read_bytes()))
    data = () if command == "show" else (folder / "prices.csv",)
    error = chainrule(command, path, *data).error
    assert error.startswith(f"{path}: ")
    assert message in error


def test_models_and_data_in_the_wrong_place_are_named(folder, tmp_path):
    data, model = folder / "prices.csv", folder / "prices.st"
    assert "it is a folder" in chainrule("show", tmp_path).error
    assert "there is no such file" in chainrule("predict", tmp_path / "absent", data).error
    named = tmp_path / "m.safetensors"
    named.write_bytes(model.read_bytes())
    assert "is a model file; data were expected" in chainrule("predict", model, named).error
