"""Files of what came after the first estimators of tables are read for good, and say the same."""

import json

import numpy as np
import pandas
import pytest

from chainrule import load
from cli.runs import chainrule
from files.golden_later.make import HERE, file
from files.test_golden import same

EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
VISITS = HERE / "visits.csv"


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
def test_python_reads_it_and_predicts_the_same(name, tmp_path):
    entry, loaded = EXPECTED[name], load(file(name))
    assert (type(loaded).__name__, repr(loaded)) == (entry["estimator"], entry["repr"])
    assert loaded.columns_ == entry["columns"]
    assert list(loaded.targets_.columns) == entry["answers"]
    for rows in (VISITS, pandas.read_csv(VISITS)):
        same(loaded.predict(rows), entry["values"], np.float32)
    if "classes" in entry:
        assert (loaded.classes_.dtype.name, loaded.classes_.tolist()) == (
            entry["type"],
            entry["classes"],
        )
    loaded.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == file(name).read_bytes()


@pytest.mark.parametrize("name", EXPECTED)
def test_the_command_line_predicts_the_same(name):
    entry = EXPECTED[name]
    values = list(map(str, entry["values"])) if "classes" in entry else entry["values"]
    same(chainrule("predict", file(name), VISITS, "--json").json["predictions"], values, np.float32)


def test_answers_of_files_are_found():
    """Truth values of a frame may be written in a file in any letters, or as 1 and 0."""
    model, rows = load(file("truth values")), pandas.read_csv(VISITS)
    expected = model.score(VISITS)
    for pair in (["False", "True"], ["false", "true"], ["0", "1"], [0, 1]):
        frame = rows.assign(again=[pair[int(each)] for each in rows["again"]])
        assert model.score(frame) == expected
    assert load(file("two numbers")).score(VISITS) == load(file("two numbers")).score(rows)


def test_all_files_are_there():
    assert {path.stem for path in file("x").parent.iterdir()} == set(EXPECTED)
