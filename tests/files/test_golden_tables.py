"""Files of tables' estimators and of newer functions are read for good, and predict the same."""

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule.files.estimator import describe
from chainrule.files.objects import FIRST, KINDS, chain_from_json, to_json
from cli.runs import chainrule
from files.by_hand import canonical, taken_apart
from files.golden.inputs import raw
from files.golden_tables.make import HERE, file
from files.golden_texts.make import file as text_file
from files.test_golden import predict, same

EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
OF_TABLES = [name for name, entry in EXPECTED.items() if entry["data"].endswith(".csv")]

pytestmark = pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")


@pytest.mark.parametrize("name", EXPECTED)
def test_python_reads_it_and_predicts_the_same(name):
    entry, loaded = EXPECTED[name], cr.load(file(name))
    assert (type(loaded).__name__, repr(loaded)) == (entry["estimator"], entry["repr"])
    said = predict(loaded, raw(entry["data"]))
    if "interval" in entry:
        said["interval"] = loaded.predict_interval(raw(entry["data"]))
    for key, value in said.items():
        same(value, entry[key], loaded.chain_.dtype)
    assert getattr(loaded, "columns_", None) == entry.get("columns")


@pytest.mark.parametrize("name", OF_TABLES)
def test_the_command_line_predicts_the_same(name):
    entry = EXPECTED[name]
    said = chainrule("predict", file(name), raw(entry["data"]), "--probabilities", "--json").json
    values = entry["values"] if "classes" not in entry else list(map(str, entry["values"]))
    same(said["predictions"], values, np.float32)
    if "classes" in entry:
        same(said["probabilities"], entry["probabilities"], np.float32)
    assert chainrule("show", file(name), "--json").json["target"]


@pytest.mark.parametrize("name", EXPECTED)
def test_its_objects_are_written_as_they_were(name):
    data, _ = taken_apart(file(name).read_bytes())
    functions = chain_from_json(data["chain"]).functions
    assert [to_json(each, "chain") for each in functions] == data["chain"]["functions"]
    written = json.loads(describe(cr.load(file(name))).text)["parameters"]
    assert canonical(written) == canonical(data["parameters"])


def test_every_class_is_in_a_file_and_all_are_there():
    folders = [made("x").parent for made in (file, text_file)]
    files = [path for folder in folders for path in folder.iterdir()]
    texts = [canonical(taken_apart(path.read_bytes())[0]) for path in files]
    for kind, (_, classes) in KINDS.items():
        for name in {cls.__name__ for cls in classes} - FIRST:
            assert any(f'"{kind}":"{name}"' in text for text in texts), f"no file has {name}"
    assert {path.stem for path in file("x").parent.iterdir()} == set(EXPECTED)
    assert sum(path.stat().st_size for path in file("x").parent.iterdir()) < 10**6
