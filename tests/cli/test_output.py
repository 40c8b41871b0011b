"""What a person reads, word by word, in a terminal of 80 columns and in a file."""

import io
import re
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest

from chainrule import __version__
from chainrule.chain import Chain
from chainrule.checking import check_gradients
from chainrule.cli.encoding import speak_unicode
from chainrule.cli.output import (
    Output,
    layers_table,
    report_table,
    scores_table,
)
from chainrule.functions import Flatten, Linear, ReLU, Sigmoid, Softmax
from chainrule.losses import CrossEntropy
from cli.runs import chainrule, house_rows, train, written


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def columns(monkeypatch):
    """Run something with standard output as a terminal so many columns wide."""
    monkeypatch.setenv("TERM", "xterm")

    def run(width, show):
        monkeypatch.setenv("COLUMNS", str(width))
        terminal = Terminal()
        with redirect_stdout(terminal):
            show(Output())
        plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
        return [line.rstrip() for line in plain.splitlines()]

    return run


def golden(text):
    return text.strip("\n").splitlines()


def test_a_table_of_scores(columns):
    scores = {
        "training": {"R²": 0.91234, "mean absolute error": 45155.21631},
        "test": {"R²": -0.5, "mean absolute error": 123.0},
    }
    rows = {"training": 14448, "test": 28}
    lines = columns(80, lambda out: out.table(scores_table(scores, rows)))
    assert lines == golden("""
score                training (14,448)  test (28)
R²                              0.9123    -0.5000
mean absolute error         45155.2163   123.0000
""")


def test_a_score_that_one_part_lacks_is_left_blank(columns):
    scores = {"all": {"accuracy": 1.0}, "test": {"accuracy": 0.5, "F1": 0.25}}
    lines = columns(80, lambda out: out.table(scores_table(scores, {"all": 7, "test": 2})))
    assert lines == golden("""
score     all (7)  test (2)
accuracy   1.0000    0.5000
F1                   0.2500
""")


def test_small_and_large_scores_keep_their_digits(columns):
    scores = {"test": {"mean absolute error": 0.0000213456, "R²": 0.0, "root": 1.234567e9}}
    lines = columns(80, lambda out: out.table(scores_table(scores, {"test": 2})))
    assert lines == golden("""
score                 test (2)
mean absolute error  2.135e-05
R²                      0.0000
root                 1.235e+09
""")


def test_f1_is_that_of_a_class_which_is_named(columns):
    scores = {"all": {"accuracy": 1.0, "F1": 0.25, "F1 of labels": 0.5}}
    lines = columns(80, lambda out: out.table(scores_table(scores, {"all": 7}, "[red]")))
    assert lines == golden("""
score          all (7)
accuracy        1.0000
F1 of '[red]'   0.2500
F1 of labels    0.5000
""")


def test_a_table_of_layers(columns):
    chain = Chain(Flatten(), Linear(1200), ReLU(), Linear(3, bias=False), Softmax())
    chain.initialize((1, 28, 28))
    lines = columns(80, lambda out: out.table(layers_table(chain)))
    assert lines == golden("""
   function               output  parameters                count
0  Flatten()              784
1  Linear(1200)           1200    W0 784 × 1200, b0 1200  942,000
2  ReLU()                 1200
3  Linear(3, bias=False)  3       W1 1200 × 3               3,600
4  Softmax()              3
                                  in all, float32         945,600
""")


@pytest.fixture(scope="module")
def report():
    """A check with many entries, far places and small gradients."""
    chain = Chain(Flatten(), Linear(1200), Sigmoid(), Linear(3), Softmax())
    chain.initialize((1, 28, 28), dtype=np.float64)
    X = np.random.default_rng(3).normal(size=(5, 1, 28, 28))
    return check_gradients(chain, CrossEntropy(), X, np.array([0, 2, 1, 1, 0]), samples=2)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_of_gradients_loses_no_digit(columns, report, width):
    lines = columns(width, lambda out: out.table(report_table(report)))
    assert max(map(len, lines)) <= width
    text = "".join(line.replace(" ", "") for line in lines)
    assert "…" not in text
    if width >= 80:
        for entry in report.entries:
            (line,) = [line for line in lines if line.startswith(f"{entry.name} ")]
            assert f" {entry.analytic:+.4g}  " in line
            assert f" [{','.join(map(str, entry.where))}] " in line
            assert line.endswith("  right")


def test_a_table_of_gradients_in_a_file_is_not_folded(report):
    text = io.StringIO()
    with redirect_stdout(text):
        Output().table(report_table(report))
    header, *lines = text.getvalue().splitlines()
    assert header.split("  ")[0] == "gradient"
    assert " largest error " in header
    assert " finite difference  verdict" in header
    assert len(lines) == len(report.entries) == 5


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    place = tmp_path_factory.mktemp("houses")
    data = written(place / "houses.csv", house_rows())
    return train(data, place / "m", "-t", "price", "--layers", 7, "-e", 2)


def test_a_model_is_shown(model):
    run = chainrule("show", model)
    assert (run.code, run.err) == (0, "")
    assert [line.rstrip() for line in run.out.splitlines()] == golden("""
Identity(Linear(W1, b1; ReLU(Linear(W0, b0; x))))

   function    output  parameters       count
0  Linear(7)   7       W0 5 × 7, b0 7      42
1  ReLU()      7
2  Linear(1)   1       W1 7 × 1, b1 1       8
3  Identity()  1
                       in all, float32     50

Linear(7), Linear(1)
    definition  Y[n,o] = X[n,i] W[i,o] + b[o]
    derivative  dY_dX[n,o,i] = W[i,o]
                dY_dW[n,o,i,o] = X[n,i]
                dY_db[n,o,o] = 1
    backprop    dX[n,i] = dY[n,o] W[i,o]
                dW[i,o] = X[n,i] dY[n,o]
                db[o] = dY[n,o]

ReLU()
    definition  y = max(x, 0)
    derivative  dy/dx = 1 if x > 0 else 0
    backprop    dX = dY · dy/dx

Identity()
    definition  y = x
    derivative  dy/dx = 1
    backprop    dX = dY · dy/dx

MeanSquaredError
    definition  err = (y - t)^2
                L = 1/(N·K) Σ_n Σ_k err, of N samples with K outputs
    derivative  derr/dy = 2*y - 2*t
    backprop    dY = 1/(N·K) · derr/dy

Identity() and MeanSquaredError together
    definition  y = z
                err = (y - t)^2
                L = 1/(N·K) Σ_n Σ_k err, of N samples with K outputs
    derivative  derr/dz = 2*(y - t)
    backprop    dZ = 1/(N·K) · derr/dz

column  is          becomes
rooms   numbers     (x − 3.525) / 1.432
area    numbers     (x − 113.2) / 52.56
kind    categories  one each: 'barn', 'flat', 'villa'

predicts 'price', a number
trained on houses.csv: ran all 2 epochs, seed 0
""")


def test_what_is_trained_is_shown_of_a_classifier(tmp_path):
    data = written(tmp_path / "houses.csv", house_rows())
    model = train(data, tmp_path / "m", "-t", "kind", "--model", "mlp")
    title = "Softmax() and CrossEntropy together"
    shown = chainrule("show", model).out
    assert f"{title}\n    definition  L = 1/N Σ_n (log Σ_k exp(Z[n,k])" in shown
    assert "∂L/∂Z[n,k] = 1/N (softmax(Z)[n,k] − T[n,k]), that is 1/N (y − t)\n" in shown
    typeset = chainrule("show", model, "--latex").out
    assert r"\frac{\partial L}{\partial Z_{n,k}} = \frac{1}{N} \left(\mathrm{softmax}" in typeset
    assert r"    Y_{n,i} = \frac{\exp\left(X_{n,i}\right)}{\sum_{k} \exp" in typeset
    assert "Σ" not in typeset
    told = chainrule("show", model, "--json").json["formulas"]
    assert told[title]["derivative"][0].endswith("that is 1/N (y − t)")
    assert told[title]["latex"][-1].endswith(r"\frac{1}{N} \left(y - t\right)")


def test_a_model_is_shown_to_programs(model):
    told = chainrule("show", model, "--json").json
    assert told["formula"] == "Identity(Linear(W1, b1; ReLU(Linear(W0, b0; x))))"
    assert (told["target"], told["task"], told["classes"]) == ("price", "regression", [])
    assert (told["input_shape"], told["parameters"], told["dtype"]) == ([5], 50, "float32")
    assert told["layers"][2] == {
        "function": "Linear(1)",
        "output_shape": [1],
        "parameters": {"W1": [7, 1], "b1": [1]},
    }
    assert told["formulas"]["ReLU()"]["derivative"] == ["dy/dx = 1 if x > 0 else 0"]
    assert told["training"]["rows"] == {"training": 40, "validation": 6, "test": 11}


def test_a_sentence_in_a_file_stands_on_one_line(model, tmp_path):
    error = chainrule("predict", model, "digits").error
    assert len(error) > 300
    assert error.startswith("the table lacks columns seen in training: 'rooms', 'area', 'kind'; ")


def test_a_check_tells_its_verdict(model):
    run = chainrule("check", model)
    assert run.code == 0
    assert [line.split()[0] for line in run.out.splitlines()] == [
        *("gradient", "dW0", "db0", "dW1", "db1", "dX")
    ]
    assert run.err == "all gradients are right (relative error up to 1e-07 allowed)\n"
    told = chainrule("check", model, "--json", "--samples", 3, "--entries", 4).json
    assert told["passed"] is True
    assert [gradient["checked"] for gradient in told["gradients"]] == [4, 4, 4, 1, 4]
    assert told["gradients"][-1]["shape"] == [3, 5]


def test_a_wrong_gradient_is_called_wrong(model, monkeypatch):
    monkeypatch.setattr(ReLU, "derivative", lambda self, x, y: 0.9 * (x > 0))
    run = chainrule("check", model)
    assert run.code == 1
    assert run.err == "some gradients are WRONG (relative error up to 1e-07 allowed)\n"
    verdicts = {line.split()[0]: line.split()[-1] for line in run.out.splitlines()[1:]}
    assert verdicts["dW1"] == verdicts["db1"] == "right"
    assert verdicts["dW0"] != "right"
    run = chainrule("check", model, "--json")
    assert run.code == 1
    assert '"passed": false' in run.out


def test_the_version_is_told():
    assert chainrule("--version").out == f"chainrule {__version__}\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_letters_that_an_encoding_lacks_do_not_stop_the_output(monkeypatch, encoding):
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding=encoding))
    speak_unicode()
    print("R² = 1 − Σ", flush=True)
    assert content.getvalue().decode() == "R² = 1 − Σ\n"


def test_a_terminal_shows_a_question_mark_for_a_letter_that_it_lacks(monkeypatch):
    class Old(io.TextIOWrapper):
        def isatty(self):
            return True

    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Old(content, encoding="cp1252"))
    speak_unicode()
    print("R² = 1 − Σ", flush=True)
    assert content.getvalue().decode("cp1252") == "R² = 1 ? ?\n"
