"""Paths and names of exported programs: which are refused, and what is said of them."""

import errno
import os
import re
import subprocess

import pytest
from sklearn.datasets import load_iris

from chainrule import Chain, Linear, MLPClassifier, export_network
from export.programs import COMPILER, STRICT, needs_compiler

X, y = load_iris(return_X_y=True)


def chain(*functions):
    return Chain(*functions).initialize((4,))


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        (
            "a.c",
            {"to": "js"},
            "ends in .js or .mjs for to='js', got 'a.c', the name of a file of C99",
        ),
        (
            "a.JS",
            {"to": "c"},
            "ends in .c for to='c', got 'a.JS', the name of a file of JavaScript",
        ),
        (
            "a.mjs",
            {"to": "onnx"},
            "ends in .onnx for to='onnx', got 'a.mjs', the name of a file of Jav",
        ),
        ("a.onnx", {"to": "c"}, "ends in .c for to='c', got 'a.onnx', the name of a file of ONNX"),
        ("b/a.c", {}, "b/a.c: cannot be written: its folder does not exist"),
        ("b/a.onnx", {}, "b/a.onnx: cannot be written: its folder does not exist"),
        ("a.c", {"weights": "b/w.bin"}, "b/w.bin: cannot be written: its folder does not exist"),
        ("/dev/null", {"to": "c"}, "/dev/null: cannot be written: it is a device or pipe"),
        (f"{'a' * 300}.c", {}, "aaa.c: cannot be written: File name too long"),
    ],
)
def test_paths_that_are_refused(tmp_path, monkeypatch, path, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=re.escape(message)):
        export_network(chain(Linear(300)), path, **options)
    assert not list(tmp_path.iterdir())


def test_a_name_of_no_language_goes_with_any(tmp_path):
    for to, begin in [("c", "/* Chain as C99"), ("js", "/**\n * Chain as a module")]:
        done = export_network(chain(Linear(2)), tmp_path / f"net.{to}x", to=to)
        assert done.path.read_text(encoding="utf-8").startswith(begin)


@pytest.mark.parametrize("name", ["net.c", "net.mjs", "net.onnx"])
def test_what_the_system_refuses_is_said_of_the_path(tmp_path, monkeypatch, name):
    if name == "net.onnx":
        pytest.importorskip("onnx")

    def refuse(path, flags, mode=0o777):  # permissions do not bind every user who runs tests
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("chainrule.partial_files.os.open", refuse)
    path = tmp_path / name
    with pytest.raises(ValueError, match="cannot be written") as found:
        export_network(chain(Linear(2)), path)
    assert str(found.value) == f"{path}: cannot be written: Permission denied"


@pytest.mark.parametrize(
    ("file", "own"),
    [
        ("-x.c", "x"),
        ("__x.c", "x"),
        ("my net-2.0.c", "my_net_2_0"),
        ("int.c", "int_"),
        ("layers.c", "layers"),
        ("d.c", "d"),
        ("2.c", "n2"),
        ("_.c", "n"),
        ("é.c", "ue9"),
    ],
)
def test_functions_are_called_as_the_file(tmp_path, file, own):
    assert export_network(chain(Linear(2)), tmp_path / file).name == own
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert f"void {own}_predict(const real x[4], real y[2])" in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "of letters from A to Z, digits and _, got ''"),
        ("a b", "of letters from A to Z, digits and _, got 'a b'"),
        ("é", "of letters from A to Z, digits and _, got 'é'"),
        ("_net", "without _ in front, which compilers keep for theirs, got '_net'"),
        ("7up", "that begins with a letter, got '7up'"),
        *(
            (name, f"have for nothing else, such as '{name}_net', got '{name}'")
            for name in ("int", "main", "exp", "await", "function", "NULL")
        ),
    ],
)
def test_names_that_are_refused_with_a_reason(tmp_path, name, message):
    with pytest.raises(ValueError, match="expected a name for functions to begin with") as found:
        export_network(chain(Linear(2)), tmp_path / "net.c", name=name)
    assert str(found.value).endswith(message)
    assert not list(tmp_path.iterdir())


@needs_compiler
@pytest.mark.parametrize("name", ["check", "memory", "larger", "read", "str", "X", "d", "real"])
def test_names_meet_none_of_the_program_s_own(tmp_path, name):
    model = MLPClassifier((4,), solver="lbfgs", max_iter=2000, random_state=0).fit(X, y)
    model.export(tmp_path / "net.c", name=name, samples=X, gradient=True)
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "net.c", "-o", "net", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run("./net", cwd=tmp_path, check=True)
