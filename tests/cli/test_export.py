"""Models as programs, from the command line."""

import subprocess

import pytest

from cli.runs import chainrule, train
from export.programs import COMPILER, STRICT, needs_compiler


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return train("digits", folder / "digits.safetensors", "--layers", "16")


@needs_compiler
def test_a_program_that_checks_itself(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = chainrule("export", digits, "--to", "c", "--samples", "digits", "--gradient")
    assert run.code == 0
    assert run.err.startswith("C99 in float written to digits.c: 4,480 bytes of parameters, ")
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "digits.c", "-o", "digits", "-lm"]
    subprocess.run(command, check=True)
    done = subprocess.run(["./digits"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("digits: 20 samples, largest difference")


def test_names_and_json(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert chainrule("export", digits, "--to", "js").err.startswith("JavaScript in float")
    assert (tmp_path / "digits.mjs").exists()
    assert "digits-2.mjs" in chainrule("export", digits, "--to", "js").err
    told = chainrule("export", digits, "-o", "net.c", "--precision", "double", "--json").json
    assert told["precision"] == "double"
    assert told["language"] == "C99"
    assert told["path"] == "net.c"
    assert told["parameter_bytes"] > 2 * 4480 - 1


def test_onnx(digits, tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    told = chainrule("export", digits, "--to", "onnx", "--opset", "21").err
    assert told.startswith("ONNX (opset 21) in float written to digits.onnx: 6,")
    told = chainrule("export", digits, "-o", "x.onnx", "--encoded", "--json").json
    assert (told["language"], told["opset"], told["memory_bytes"]) == ("ONNX", 17, None)
    assert (
        "expected opset as one of 17, 21"
        in chainrule("export", digits, "-o", "y.onnx", "--opset", "3").error
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--to: expected one of c, js, onnx, or --output NAME"),
        (("--to", "java"), "--to: expected one of c, js, onnx, got 'java'"),
        (("-o", "here.c"), "here.c is there already; --force overwrites it"),
        (("-o", "folder/x.c"), "--output: there is no folder folder"),
        (
            ("-o", "x.c", "--weights", "here.c"),
            "--weights: here.c is there already; --force overwrites it, --weights NAME writes "
            "another file",
        ),
        (("-o", "x.c", "--weights", "folder/w"), "--weights: there is no folder folder"),
        (("-o", "x.c", "--weights", "."), "--weights: . is a folder"),
        (("-o", "x.c", "--weights", "x.c"), "expected weights in another file than x.c"),
        (("--to", "c", "-o", "x.js"), "expected a name that ends in .c for to='c', got 'x.js'"),
        (("-o", "x.c", "--name", "int"), "such as 'int_net', got 'int'"),
        (("-o", "x.c", "--precision", "half"), "expected precision as one of float, double"),
        (("-o", "x.mjs", "--samples", "digits"), "samples are kept in C alone"),
        (("-o", "x.c", "--samples", "iris"), "the table lacks columns seen in training"),
    ],
)
def test_what_is_refused(digits, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.c").write_text("mine")
    assert message in chainrule("export", digits, *options).error
    assert (tmp_path / "here.c").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["here.c"]
