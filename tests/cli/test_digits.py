"""The main job from the command line: learn digits, and use what was learned."""

import pytest

from cli.runs import chainrule


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "digits.safetensors"
    return path, chainrule("train", "digits", "--json", "--output", path).json


def test_three_layers_learn_digits(digits):
    _, facts = digits
    assert facts["scores"]["test"]["accuracy"] >= 0.97


def test_the_saved_model_predicts_and_evaluates(digits):
    path, _ = digits
    predicted = chainrule("predict", path, "digits", "--json").json
    assert len(predicted["predictions"]) == 1797
    scores = chainrule("evaluate", path, "digits", "--json").json
    assert scores["scores"]["all"]["accuracy"] > 0.97


def test_the_gradients_of_the_saved_model_are_right(digits):
    path, _ = digits
    assert chainrule("check", path, "digits", "--entries", 10, "--json").json["passed"]


def test_show_prints_the_formulas(digits):
    path, _ = digits
    assert "dW[i,o] = X[n,i] dY[n,o]" in chainrule("show", path).out


@pytest.mark.parametrize(
    ("name", "target", "task", "classes"),
    [
        ("iris", "species", "multiclass", ["setosa", "versicolor", "virginica"]),
        ("wine", "cultivar", "multiclass", ["class_0", "class_1", "class_2"]),
        ("breast_cancer", "diagnosis", "binary", ["benign", "malignant"]),
        ("diabetes", "progression", "regression", []),
    ],
)
def test_each_built_in_set_is_trained_evaluated_and_predicted(
    tmp_path, name, target, task, classes
):
    path = tmp_path / "m"
    facts = chainrule("train", name, "-e", 30, "--json", "-o", path).json
    assert (facts["target"], facts["task"], facts["classes"]) == (target, task, classes)
    rows = chainrule("evaluate", path, name, "--json").json["rows"]["all"]
    assert rows == sum(facts["rows"].values())
    scores = facts["scores"]["test"]
    assert scores["R²"] > 0.3 if task == "regression" else scores["accuracy"] > 0.85
    lines = chainrule("predict", path, name).out.splitlines()
    assert (lines[0], len(lines)) == (target, rows + 1)


def test_training_tells_a_person_what_it_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = chainrule("train", "wine", "-e", 1, "--layers", 7)
    task, choice, network, bar, end, saved = run.err.splitlines()
    assert task == "'cultivar' has 3 distinct values: multiclass"
    assert choice == (
        "one network, because of --layers (--model ensemble: several small ones, and their mean)"
    )
    assert network == "Softmax(Linear(W1, b1; ReLU(Linear(W0, b0; x)))), 122 parameters"
    assert bar.startswith("epoch 1/1 ")
    assert end.startswith("ran 1 epoch, 0.")
    assert saved == "model saved in wine.safetensors"
    header, *scores = run.out.splitlines()
    assert header == "score     training (124)  validation (18)  test (36)"
    assert [line[:9].rstrip() for line in scores] == ["accuracy", "log loss"]
    assert chainrule("train", "wine", "-fe", 1, "--layers", 7, "--quiet").err == ""


def test_json_is_all_that_is_printed(tmp_path):
    run = chainrule("train", "wine", "-e", 1, "--json", "-o", tmp_path / "m")
    assert run.err == ""
    assert run.json["model"] == str(tmp_path / "m")
    assert set(run.json["scores"]["test"]) == {"accuracy", "log loss"}
