"""Every kind of file that release 0.1.0 has written is read for good, and predicts the same."""

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule.files.objects import (
    chain_from_json,
    object_from_json,
    parameters_from_json,
    parameters_to_json,
    to_json,
)
from cli.runs import chainrule
from files.by_hand import canonical, taken_apart
from files.golden.inputs import HERE, file, raw
from files.golden.own import OWN

EXPECTED = json.loads((HERE / "expected.json").read_text())
COMMANDS = [name for name, entry in EXPECTED.items() if entry["written_by"] == "chainrule train"]
SHOWN = [name for name, entry in EXPECTED.items() if "shown" in entry]


def load(name):
    known = EXPECTED[name].get("own", ())
    return cr.load(file(name), [cls for cls in OWN if cls.__name__ in known])


def predict(loaded, data):
    """Return what a network says of raw data, by the names in expected.json."""
    said = {"values": loaded.predict(data)}
    if hasattr(loaded, "classes_"):
        said["classes"] = loaded.classes_
        said["probabilities"] = loaded.predict_proba(data)
        said["decision"] = loaded.decision_function(data)
    return said


def same(found, expected, dtype):
    """Compare numbers to rounding, and all else exactly."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    if expected.dtype.kind == "f":
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    else:
        assert found.tolist() == expected.tolist()


def check_bag(entry, loaded):
    """Check a model's functions one by one: its samples would be refused today."""
    X = raw(entry["data"])
    with pytest.raises(ValueError, match="expected weights of tokens >= 0 in X"):
        loaded.predict(X)
    values = loaded.inputs_.encode(X).astype(loaded.chain_.dtype)
    for layer, own, _ in loaded.chain_.steps(None):
        values = layer.function.forward(values, own)
    same(loaded.targets_.decode(values), entry["values"], loaded.chain_.dtype)


@pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning")
@pytest.mark.parametrize("name", EXPECTED)
def test_python_reads_it_and_predicts_the_same(name):
    entry, loaded = EXPECTED[name], load(name)
    if name == "model bag":  # of numbers with signs, of which a mean is none
        check_bag(entry, loaded)
        return
    said = predict(loaded, raw(entry["data"]))
    if "classes_type" not in entry and "classes" in entry:  # a Model's classes were texts
        said |= {key: said[key].astype(str) for key in ("values", "classes")}
    if len(entry.get("classes", ())) == 1:  # a second column was that of no class
        np.testing.assert_array_equal(said["probabilities"], np.ones((len(said["values"]), 1)))
        entry = {key: value for key, value in entry.items() if key != "probabilities"}
    for key in ("values", "classes", "probabilities", "decision"):
        if key in entry:
            same(said[key], entry[key], loaded.chain_.dtype)
    if "y" in entry:
        score = loaded.score(raw(entry["data"]), np.array(entry["y"]))
        assert score == pytest.approx(entry["score"])
        assert loaded.classes_.dtype.name == entry["classes_type"] if "classes" in entry else True
        assert type(loaded).__name__ == entry["written_by"]
        assert repr(loaded) == entry["repr"]
    else:
        assert loaded.targets_.name == entry["target"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_line_reads_it_and_predicts_the_same(name):
    entry, dtype = EXPECTED[name], np.dtype(EXPECTED[name]["shown"]["dtype"])
    data = raw(entry["data"])
    said = chainrule("predict", file(name), data, "--probabilities", "--json").json
    assert said["target"] == entry["target"]
    same(said["predictions"], entry["values"], dtype)
    for key in ("classes", "probabilities"):
        assert (key in said) == (key in entry)
        if key in entry:
            same(said[key], entry[key], dtype)
    if "scores" in entry:
        scores = chainrule("evaluate", file(name), data, "--json").json["scores"]
        assert scores == {"all": pytest.approx(entry["scores"], rel=1e-5)}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_told_of_it_stays(name):
    shown = chainrule("show", file(name), "--json").json
    expected = EXPECTED[name]["shown"]
    assert {key: shown[key] for key in expected} == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_its_objects_are_written_as_they_were(name):
    data, _ = taken_apart(file(name).read_bytes())
    layout = chain_from_json(data["chain"], OWN)
    assert [to_json(each, "chain") for each in layout.functions] == data["chain"]["functions"]
    if "loss" in data:
        assert to_json(object_from_json("loss", data["loss"], OWN), "loss") == data["loss"]
    if "parameters" in data:
        parameters = parameters_from_json(data["parameters"], OWN)
        assert canonical(parameters_to_json(parameters)) == canonical(data["parameters"])


def test_they_are_all_there_and_small():
    saved = {path.stem for path in (HERE / "saved").iterdir()}
    assert saved == set(EXPECTED)
    assert sum(path.stat().st_size for path in HERE.rglob("*") if path.is_file()) < 10**6
