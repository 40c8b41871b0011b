"""Tables as people have them: an ensemble by default, spreadsheets, and how files are written."""

import datetime
import itertools
import random

import pytest

from chainrule import TableClassifier, TableRegressor, load
from chainrule.data.split import LEAST_ROWS
from cli.runs import chainrule, house_rows, train, written

HEADER = "House ID,Sold,Region,Area,Rooms,Garden,Currency,Price"


def sales(decimal=".", delimiter=","):
    """Return a table as a spreadsheet exports it: ids, dates, money, holes, and a row of totals."""
    numbers, rows, total = random.Random(3), [], 0.0

    def amount(value, digits):
        text = f"{value:,.{digits}f}"
        return text if decimal == "." else text.translate(str.maketrans(",.", ".,"))

    for row in range(150):
        day = datetime.date(2021, 1, 1) + datetime.timedelta(numbers.randrange(900))
        area, rooms = numbers.uniform(30, 200), numbers.randint(1, 6)
        price = round(3000 * area + 20000 * rooms + numbers.gauss(0, 4000), 2)
        total += price
        cells = [f"H-{1000 + row}", f"{day:%d/%m/%Y}", numbers.choice(["North", "South"])]
        cells += ["N/A" if row % 23 == 5 else amount(area, 1), str(rooms)]
        cells += [numbers.choice(["yes", "no"]), "EUR", f"{amount(price, 2)} €"]
        rows.append(cells)
    rows.append(["Total", *[""] * 6, f"{amount(total, 2)} €"])
    quoted = ([f'"{cell}"' if delimiter in cell else cell for cell in row] for row in rows)
    lines = [HEADER.replace(",", delimiter), *map(delimiter.join, quoted)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("decimal", "delimiter", "encoding"), [(".", ",", "utf-8"), (",", ";", "cp1252")]
)
def test_a_spreadsheet_is_learned_and_each_thing_is_said_in_a_line(
    tmp_path, monkeypatch, decimal, delimiter, encoding
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_bytes(sales(decimal, delimiter).encode(encoding))
    options = () if encoding == "utf-8" else ("--encoding", encoding)
    run = chainrule("train", "sales.csv", "-t", "Price", "--id", "House ID", *options)
    assert run.code == 0
    first, *_ = run.err.partition("\nMemberLinear(")
    assert first.splitlines() == [
        "line 152, the last row, 'Total', has the sums of the others: left out",
        "'Price' has 150 distinct numbers: regression",
        "left out, names the rows: House ID",
        "left out, constant: Currency",
    ]
    model = load("sales.safetensors")
    assert model.metadata_["scores"]["test"]["R²"] > 0.5
    assert model.metadata_["rows"] == {"training": 90, "validation": 30, "test": 30}
    *_, columns, told = chainrule("show", "sales.safetensors").out.split("\n\n")
    assert [line.split("  ")[0] for line in columns.splitlines()] == [
        "column", "Sold", "Region", "Area", "Rooms", "Garden", "House ID", "Currency"
    ]  # fmt: skip
    assert "\nGarden    booleans    1 for yes, −1 for no " in columns
    assert "\nHouse ID  left out    names the rows " in columns
    assert told.startswith("predicts 'Price', a number\ntrained on sales.csv: ")
    run = chainrule("predict", "sales.safetensors", "sales.csv")  # in its encoding
    lines = run.out.splitlines()
    assert lines[0] == "House ID,Price"
    assert [line.partition(",")[0] for line in lines[1:]] == [f"H-{1000 + n}" for n in range(150)]
    assert "the last row, 'Total'" in run.err


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return written(tmp_path_factory.mktemp("houses") / "houses.csv", house_rows())


@pytest.mark.parametrize(("target", "kind"), [("price", TableRegressor), ("kind", TableClassifier)])
def test_a_table_gets_an_ensemble(houses, tmp_path, target, kind):
    told = chainrule("train", houses, "-t", target, "-o", tmp_path / "m", "-e", 3, "--json").json
    assert told["network"] == "ensemble"
    assert told["members"] > 1
    assert told["epochs"] == 3
    columns = {each["name"]: each["kind"] for each in told["columns"]}
    assert columns["area"] == columns["rooms"] == "numbers"
    model = load(tmp_path / "m")
    assert type(model) is kind
    assert (model.max_iter, model.random_state) == (3, 0)
    shown = chainrule("show", tmp_path / "m", "--json").json
    assert shown["columns"] == told["columns"]
    assert chainrule("check", tmp_path / "m", houses, "--entries", 3, "--json").json["passed"]


@pytest.mark.parametrize("target", ["kind", "price"])
def test_columns_become_features_as_the_estimator_says(houses, tmp_path, target):
    model = load(train(houses, tmp_path / "m", "-t", target))
    bins = [column for column in model.inputs_.columns if column.kind == "piecewise"]
    assert bins
    assert {column.height for column in bins} == {model.encoding["bin_height"]}
    assert model.encoding["bin_height"] == (0.3 if target == "kind" else 0.5)


@pytest.mark.parametrize(
    ("options", "network"),
    [
        (("--layers", 7), "mlp"),
        (("--no-bias",), "mlp"),
        (("--dropout", 0), "mlp"),
        (("--double",), "mlp"),
        (("--model", "mlp"), "mlp"),
        (("--patience", 3), "ensemble"),
        (("--scoring", "neg_mean_absolute_error"), "ensemble"),
    ],
)
def test_an_option_that_describes_one_network_gives_it(houses, tmp_path, options, network):
    run = chainrule("train", houses, "-t", "price", "-o", tmp_path / "m", "-e", 2, *options)
    assert load(tmp_path / "m").metadata_["network"] == network
    said = f"one network, because of {options[0]} (--model ensemble: several small ones, and their"
    assert (said in run.err) == (network == "mlp" and options[0] != "--model")


def test_an_ensemble_takes_layers(houses, tmp_path):
    options = ("--model", "ensemble", "--layers", "9,5", "--batch", 0, "--patience", 0)
    arguments = ("-t", "price", "-o", tmp_path / "m", "-e", 2, "--json", *options)
    told = chainrule("train", houses, *arguments).json
    assert (told["layers"], told["batch_size"]) == ([9, 5], told["rows"]["training"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--model ensemble --optimizer sgd", "--optimizer: an ensemble has its own; expected --mo"),
        ("--model ensemble --no-bias", "--no-bias: an ensemble has its own; expected --model mlp"),
        ("--model mlp --max-seconds 3", "--max-seconds: expected the ensemble of a table"),
        ("--max-seconds 0", "--max-seconds: expected a number > 0, got 0.0"),
        ("--scoring accuracy", "--scoring: expected a score of numbers, such as r2 or neg_mean"),
        ("--layers 8 --scoring roc_auc", "--scoring: expected a score of numbers, such as r2 or"),
        ("--scoring acuracy", "such as accuracy or r2, got 'acuracy'; did you mean 'accuracy'?"),
    ],
)
def test_an_option_that_does_not_go_with_a_network_is_named(houses, tmp_path, options, message):
    run = chainrule("train", houses, "-t", "price", "-o", tmp_path / "m", *options.split())
    assert message in run.error


def test_images_get_no_ensemble(tmp_path):
    error = chainrule("train", "digits", "--model", "cnn", "--max-seconds", 3).error
    assert error.startswith("--max-seconds: expected the ensemble of a table")


def test_time_ends_a_training_with_the_best_so_far(houses, tmp_path, monkeypatch):
    seconds = itertools.count(step=0.1)  # that pass whenever somebody looks
    monkeypatch.setattr("chainrule.training.run.perf_counter", lambda: next(seconds))
    options = ("--max-seconds", 0.001, "--patience", 0)
    run = chainrule("train", houses, "-t", "price", "-o", tmp_path / "m", *options)
    assert "as the time was over" in run.err
    assert load(tmp_path / "m").max_seconds == 0.001


def test_few_rows_are_an_answer(tmp_path):
    path = written(tmp_path / "few.csv", house_rows(8))
    train(path, tmp_path / "m", "-t", "price", "-e", 2)
    assert load(tmp_path / "m").metadata_["rows"] == {"training": 6, "test": 2}
    assert chainrule("predict", tmp_path / "m", path).out.count("\n") == 9


def test_how_a_file_is_written_is_remembered(houses, tmp_path):
    kinds = ("straße", "unknown")
    rows = [[*row[:2], kinds[k % 2], row[3]] for k, row in enumerate(house_rows())]
    commas = [[cell.replace(".", ",") for cell in row] for row in rows]
    lines = "\n".join("\t".join(row) for row in commas)
    path = tmp_path / "häuser.tsv"
    path.write_bytes(lines.encode("utf-16"))
    options = ("--no-header", "--decimal", ",", "--missing", "unknown", "--encoding", "utf-16")
    model = train(path, tmp_path / "m", "-t", "c4", "--delimiter", "tab", *options)
    reading = load(model).metadata_["reading"]
    assert reading == {
        "delimiter": "\t", "encoding": "utf-16", "decimal": ",", "missing": ["unknown"],
        "header": False,
    }  # fmt: skip
    expected = chainrule("predict", model, path)
    assert expected.code == 0
    assert expected.out.startswith("c4\n")
    plain = written(tmp_path / "plain.csv", rows, "c1,c2,c3,c4")
    plain.write_text(plain.read_text().replace("unknown", ""))
    said = ("--encoding", "utf-8", "--decimal", ".", "--delimiter", ",")
    assert chainrule("predict", model, plain, *said, "--header").out == expected.out
    assert "no column 'c4' among" in chainrule("evaluate", model, houses, *said, "--header").error


def test_a_bad_cell_of_a_table_to_score_is_named_before_training(houses, tmp_path):
    other = written(tmp_path / "other.csv", [*house_rows(9), ["many", "70", "flat", "300"]])
    arguments = ("-t", "price", "-o", tmp_path / "m", "--test", other)
    error = chainrule("train", houses, *arguments).error
    assert error.startswith("--test: column 'rooms', line 11: expected a number")


@pytest.mark.parametrize("rows", [LEAST_ROWS - 1, LEAST_ROWS])
def test_from_as_many_rows_as_in_python_some_are_held_out_unasked(rows, tmp_path):
    path = written(tmp_path / "rows.csv", house_rows(rows))
    train(path, tmp_path / "m", "-t", "price", "-e", 1)
    assert ("validation" in load(tmp_path / "m").metadata_["rows"]) == (rows == LEAST_ROWS)


def test_scores_of_the_rows_to_learn_from_are_called_so(houses, tmp_path):
    note = "--test: these are the rows to learn from, so scores do not tell of rows that are new"
    arguments = ("train", houses, "-t", "price", "-e", 1, "-fo", tmp_path / "m", "--test")
    same = houses.parent / "." / ".." / houses.parent.name / houses.name
    assert note in chainrule(*arguments, same).err.splitlines()
    other = written(tmp_path / "other.csv", house_rows(9))
    assert note not in chainrule(*arguments, other).err
