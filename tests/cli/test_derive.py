"""``chainrule derive``: of saved models and of networks that are spelled out, in every form."""

import sys

import pytest

from chainrule import load
from cli.runs import chainrule, house_rows, train, written

SPELLED = ("derive", "--layers", "2", "--inputs", 3, "--outputs", 2)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return train("iris", folder / "iris.st", "--model", "mlp", "--layers", "3")


def test_a_network_that_is_spelled_out():
    run = chainrule(*SPELLED, "--no-bias", "--activation", "tanh")
    title, *_ = lines = run.out.split("\n")
    assert title == (
        "The backprop of Chain(Linear(2, bias=False), Tanh(), Linear(2, bias=False), Softmax()) "
        "with CrossEntropy"
    )
    assert "   dX1[n,i] = dX2[n,i]·(1 − X2[n,i])·(1 + X2[n,i])" in lines
    assert "   dW0[i,o] = X[n,i] dX1[n,o]" in lines


@pytest.mark.parametrize(
    ("options", "ends"),
    [
        (("--task", "regression"), "Identity()) with MeanSquaredError"),
        (("--task", "regression", "--loss", "poisson"), "Softplus()) with Poisson"),
        (("--task", "binary", "--outputs", 1), "Sigmoid()) with BinaryCrossEntropy"),
    ],
)
def test_tasks_and_losses(options, ends):
    run = chainrule("derive", "--layers", "0", *options)
    assert run.out.split("\n")[0] == f"The backprop of Chain(Linear(1), {ends}"


def test_a_sample_in_numbers():
    run = chainrule(*SPELLED, "--sample", "0.5,−1,2", "--answer", 1, "--digits", 3)
    assert "     X = [[0.5 −1 2]]\n" in run.out
    assert "     T = [[0 1]]\n" in run.out
    run = chainrule(
        "derive", "--layers", 0, "--task", "regression", "--sample", "1,2,3", "--answer", "-2"
    )
    assert "     T = [[−2]]\n" in run.out


def test_the_example_of_the_fifth_note():
    shown = chainrule("derive", "--example", "note-5").out
    assert "Y[0,1] = exp(0.86)/(exp(−2.85) + exp(0.86) + exp(0.28)) = 0.6311633536" in shown
    assert "1·log(0.3533873307)) = 1.040190569" in shown
    assert "∂L/∂X = [[0.01544931568 0.6311633536 −0.6466126693]]" in shown
    other = chainrule("derive", "--example", "note-5", "--answer", 0, "--digits", 3).out
    assert "∂L/∂X = [[−0.985 0.631 0.353]]" in other
    own = chainrule("derive", "--example", "note-5", "--sample", "1,1,1", "--answer", 0).out
    assert "Y = [[0.3333333333 0.3333333333 0.3333333333]]" in own


def test_the_three_layer_networks_of_the_notes():
    third = chainrule("derive", "--example", "note-3").out.rstrip().split("\n")
    assert third[-8:] == [
        "   dX5[n,j] = 1/N·(Y[n,j] − T[n,j])",
        "   dW2[i,o] = X4[n,i] dX5[n,o]",
        "   dX4[n,i] = dX5[n,o] W2[i,o]",
        "   dX3[n,i] = dX4[n,i]·(1 if X3[n,i] > 0 else 0)",
        "   dW1[i,o] = X2[n,i] dX3[n,o]",
        "   dX2[n,i] = dX3[n,o] W1[i,o]",
        "   dX1[n,i] = dX2[n,i]·(1 if X1[n,i] > 0 else 0)",
        "   dW0[i,o] = X[n,i] dX1[n,o]",
    ]
    first = chainrule("derive", "--example", "note-1", "--sample", "1,2,3", "--answer", 4).out
    assert "     T = [[0 0 0 0 1]]" in first


@pytest.mark.parametrize("note", [2, 4])
def test_other_networks_of_the_notes(note):
    run = chainrule("derive", "--example", f"note-{note}", "--check")
    assert "all lines are right" in run.err


def test_a_saved_model_and_a_row_of_data(model):
    shown = chainrule("derive", model).out
    assert "Linear(3), ReLU()" in shown
    assert "X = [[" not in shown
    shown = chainrule("derive", model, "iris", "--sample", 149).out
    assert "     T = [[0 0 1]]\n" in shown
    chain = load(model).chain_
    first = f"{chain.parameters['W0'][0, 0]:.6g}".replace("-", "−")
    assert f"     W0 = [[{first} " in shown


def test_a_model_of_a_table_with_a_target(tmp_path):
    table = written(tmp_path / "houses.csv", house_rows())
    path = train(table, tmp_path / "m", "-t", "price", "--model", "mlp", "--layers", "2")
    shown = chainrule("derive", path, table, "--sample", 0).out
    assert "with MeanSquaredError" in shown
    assert "W0 (6, 2)" in shown or "W0 (" in shown


def test_its_lines_are_checked(model):
    run = chainrule("derive", model, "--check")
    assert run.code == 0
    assert "all lines are right" in run.err
    assert "chain.gradient dW1" in run.out
    assert chainrule("derive", "--layers", 0, "--check", "--json").json["passed"]


def test_a_page_and_an_exercise(model, tmp_path):
    page = tmp_path / "derivation.html"
    run = chainrule("derive", model, "--html", page)
    assert f"page written to {page}" in run.err
    assert "<details>" not in page.read_text(encoding="utf-8")
    assert chainrule("derive", model, "--html", page, "--exercise", "--force").code == 0
    assert "<details>" in page.read_text(encoding="utf-8")


def test_latex_and_json(model):
    assert chainrule("derive", model, "--latex").out.startswith(r"\section*{The backprop of Chain")
    told = chainrule("derive", model, "--json").json
    assert told["steps"][-1]["program"][-1] == "db0[o] = dX1[n,o]"
    loss = told["steps"][1]["equations"][0]
    assert loss["lines"][0]["text"] == "L = −1/N·Σ_n Σ_k T[n,k]·log(Y[n,k])"
    assert loss["latex"][0].startswith("L = -\\frac{1}{N}")


def test_at_a_terminal_each_line_waits_for_enter(monkeypatch):
    waits = []
    monkeypatch.setattr("builtins.input", lambda prompt: waits.append(prompt))
    without = chainrule("derive", "--layers", "0", "--exercise")
    assert waits == []
    assert "= ?" not in without.out
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked = chainrule("derive", "--layers", "0", "--exercise").out
    assert len(waits) > 20
    assert "   ∂L/∂W0[i,o] = ?\n" in asked
    assert "program: dW0[i,o] = X[n,i] dX1[n,o]" in asked


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "derive: expected one of MODEL, --layers and --example, got none"),
        (("x.st", "--layers", "2"),
         "derive: expected one of MODEL, --layers and --example, got MODEL and --layers"),
        (("--example", "note-6"),
         "--example: expected one of note-1, note-2, note-3, note-4, note-5, got 'note-6'"),
        (("--example", "note-1", "--inputs", 4),
         "--inputs: expected --layers, too, got a network that has its own"),
        (("x.st", "--no-bias"), "--bias: expected --layers, too, got a network that has its own"),
        (("--layers", "2", "--answer", 1),
         "--answer: expected --sample NUMBERS, whose answer it is, got none"),
        (("x.st", "iris", "--sample", 1, "--answer", 1),
         "--answer: expected --sample NUMBERS, whose answer it is, got a MODEL, "
         "whose DATA has them"),
        (("--layers", "2", "--latex", "--html", "page.html"),
         "derive: expected one of --html, --latex, --json, --check, got --html and --latex"),
        (("--layers", "2", "--latex", "--check"),
         "derive: expected one of --html, --latex, --json, --check, got --latex and --check"),
        (("--layers", "2", "--latex", "--exercise"),
         "--exercise: expected text or --html, got --latex"),
        (("--layers", "2", "--html", "no/page.html"), "--html: there is no folder no"),
        (("--layers", "2,x"), "--layers: expected sizes such as 256,128, got '2,x'"),
        (("--layers", "2", "--inputs", 0), "--inputs: expected a number from 1 to 100,000, got 0"),
        (("--layers", "2", "--task", "guess"),
         "--task: expected one of regression, binary, multiclass, got 'guess'"),
        (("--layers", "2", "--loss", "huber"),
         "--loss: huber is for --task regression, got multiclass"),
        (("--layers", "2", "--sample", "1,2", "--answer", 0),
         "--sample: expected 3 numbers such as 0.5,0.5,0.5, got '1,2'"),
        (("--layers", "2", "--sample", "1,2,3"),
         "--answer: expected the answer of the sample, got none"),
        (("--layers", "2", "--sample", "1,2,3", "--answer", 3),
         "--answer: expected a class from 0 to 2, got '3'"),
        (("--layers", "2", "--digits", 0), "derivation: expected digits from 1 to 17, got 0"),
        (("--layers", "2", "--html", "page.txt"),
         "--html: expected a name that ends in .html, got 'page.txt'"),
    ],
)  # fmt: skip
def test_mistakes_are_a_sentence(arguments, error):
    assert chainrule("derive", *arguments).error == error


def test_mistakes_with_data(model):
    assert chainrule("derive", model, "iris").error == (
        "derive: expected --sample ROW, too, as DATA is given"
    )
    assert chainrule("derive", model, "--sample", 3).error == (
        "derive: expected DATA, too, as --sample is given"
    )
    assert chainrule("derive", model, "iris", "--sample", 150).error == (
        "--sample: expected a row from 0 to 149 of iris, got '150'"
    )


def test_a_page_that_is_there_is_kept(model, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("mine")
    said = "is there already; --force overwrites it, --html NAME writes another file"
    error = chainrule("derive", model, "--html", page).error
    assert error == f"--html: {page} {said}"
    assert page.read_text() == "mine"
