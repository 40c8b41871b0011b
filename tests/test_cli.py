"""The main job from the command line, and what goes wrong with it."""

import json

import pytest
from typer.testing import CliRunner

from chainrule.cli import app, main

run = CliRunner().invoke


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "digits.safetensors"
    result = run(app, ["train", "digits", "--json", "--output", str(path)])
    assert result.exit_code == 0, result.output
    return path, json.loads(result.stdout)


def test_three_layers_learn_digits(digits):
    _, facts = digits
    assert facts["scores"]["test"]["accuracy"] >= 0.97


def test_the_saved_model_predicts_and_evaluates(digits):
    path, _ = digits
    predicted = json.loads(run(app, ["predict", str(path), "digits", "--json"]).stdout)
    assert len(predicted["predictions"]) == 1797
    scores = json.loads(run(app, ["evaluate", str(path), "digits", "--json"]).stdout)
    assert scores["scores"]["all"]["accuracy"] > 0.97


def test_the_gradients_of_the_saved_model_are_right(digits):
    path, _ = digits
    result = run(app, ["check", str(path), "digits", "--entries", "10", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["passed"]


def test_show_prints_the_formulas(digits):
    path, _ = digits
    assert "dW[i,o] = X[n,i] dY[n,o]" in run(app, ["show", str(path)]).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "nothing"], "no file or folder is named 'nothing'"),
        (["train", "digits", "--optimizer", "adm"], "expected one of adam"),
        (["train", "digits", "--layers", "a"], "expected sizes such as 256,128"),
        (["train", "digits", "-l", "1e8", "--optimizer", "sgd"], "lower the learning rate"),
        (["predict", "absent.safetensors", "digits"], "absent.safetensors"),
    ],
)
def test_an_error_is_one_sentence(arguments, message, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["chainrule", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    text = " ".join(capsys.readouterr().err.split())
    assert "Traceback" not in text
    assert message in text
