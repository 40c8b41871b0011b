"""What docs/export.md shows in C, JavaScript and the shell: it is compiled and run."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from chainrule import MLPClassifier
from documents import fenced_blocks
from export.programs import COMPILER, NODE, STRICT, needs_compiler, needs_node

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
BLOCKS = fenced_blocks(PAGE.read_text(encoding="utf-8"))


def block(language, *parts):
    """Return the one block in a language that has some texts in it."""
    found = [
        each.text
        for each in BLOCKS
        if each.language == language and all(part in each.text for part in parts)
    ]
    assert len(found) == 1, (language, parts)
    return found[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the network whose parameters are in a file, and its class of zeros."""
    path = tmp_path_factory.mktemp("page")
    names = {"MLPClassifier": MLPClassifier}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        exec(block("python", 'large.export("net.c"'), names)
    return path, str(names["large"].predict(np.zeros((1, 64)))[0])


def printed(*command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@needs_compiler
def test_parameters_are_read_in_c(folder):
    path, label = folder
    (path / "use.c").write_text(block("c", '#include "net.c"'), encoding="utf-8")
    subprocess.run([COMPILER, *STRICT, "use.c", "-o", "use", "-lm"], cwd=path, check=True)
    assert printed("./use", folder=path) == label


@needs_compiler
def test_the_check_takes_the_file(folder):
    path, _ = folder
    command = block("sh", "./net net.bin").replace("cc ", f"{COMPILER} ", 1)
    assert re.fullmatch(
        r"net: 20 samples, largest difference \S+, allowed \S+: right",
        printed("sh", "-c", command, folder=path),
    )


@needs_node
def test_parameters_are_read_in_node(folder):
    path, label = folder
    (path / "node.mjs").write_text(block("js", "readFile('net.bin')"), encoding="utf-8")
    assert printed(NODE, "node.mjs", folder=path) == label


FETCH = """
import { readFile } from 'node:fs/promises';
globalThis.fetch = async (name) => (
  { arrayBuffer: async () => new Uint8Array(await readFile(name)).buffer });
"""


@needs_node
def test_parameters_are_read_in_a_browser(folder):
    path, label = folder
    text = FETCH + block("js", "fetch('net.bin')")
    (path / "browser.mjs").write_text(text, encoding="utf-8")
    assert printed(NODE, "browser.mjs", folder=path) == label


@needs_compiler
def test_the_check_prints_what_the_page_shows(tmp_path):
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((3,), solver="lbfgs", max_iter=2000, random_state=0).fit(X, y)
    model.export(tmp_path / "iris.c", precision="float", samples=X, gradient=True)
    command = [COMPILER, *STRICT, "-DCHAINRULE_MAIN", "iris.c", "-o", "iris", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    shown, found = (
        re.sub(r"difference \S+, allowed \S+", "difference …, allowed …", text)
        for text in (block("text", "iris: gradient of"), printed("./iris", folder=tmp_path))
    )
    assert found == shown
