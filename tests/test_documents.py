"""The README and CONTRIBUTING: what they show is what happens."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from chainrule.engine.planning.kinds.table import KINDS
from chainrule.estimators.solvers import SOLVERS
from chainrule.inputs import INPUTS
from cli.runs import chainrule
from documents import fenced_blocks, run_document

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "docs/checkpoints.md": 6,
    "docs/command-line.md": 19,
    "docs/derivation.md": 11,
    "docs/explain.md": 3,
    "docs/images.md": 10,
    "docs/fasttext.md": 13,
}
"""Pages whose commands run, too, with the number of blocks that do."""

WRITTEN = {
    "docs/checkpoints.md": {"digits.safetensors", "run.safetensors", "chain.safetensors"},
    "docs/command-line.md": {"images.png", "curve.svg", "mistakes.png", "predictions.csv"},
    "docs/derivation.md": {"derivation.html", "notes.html"},
    "docs/explain.md": {"digits.html", "digits-page.html"},
    "docs/images.md": {"kinds.csv"},
    "docs/fasttext.md": {"model.bin", "model.vec", "model.ftz", "pets.ftz"},
}
"""Some of what these write."""

PAGES = ["accuracy", "backprop", "engine", "estimators", "networks", "plots", "reproducible"]
PAGES += ["tables", "texts", "export", "streaming", "scaling"]
PAGES += [f"tutorials/{page}" for page in ("table", "photos", "texts", "one-import", "production")]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{page}.md" for page in PAGES)]


@pytest.fixture(autouse=True)
def whole_tables():
    """Take back the lines that documents add to the tables of kinds, and close their pictures."""
    before = [(table, dict(table)) for table in (INPUTS, SOLVERS, KINDS)]
    yield
    for table, lines in before:
        table.clear()
        table.update(lines)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_its_python_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_document(ROOT / name) > 0


def test_each_page_with_python_runs():
    pages = {path.relative_to(ROOT).as_posix(): path for path in ROOT.glob("docs/**/*.md")}
    with_code = {
        name
        for name, path in pages.items()
        if any(block.language == "python" for block in fenced_blocks(path.read_text("utf-8")))
    }
    elsewhere = {name for name in pages if name.startswith("docs/notes/")}  # tests/notes
    assert with_code <= {*DOCUMENTS, *COMMANDS, *elsewhere}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_commands_of_a_page_run(name, tmp_path, monkeypatch):
    def shell(line):
        name, *arguments = shlex.split(line)
        assert name == "chainrule", line
        run = chainrule(*arguments)
        assert run.code == 0, f"{line}: {run.err}"
        return run.out

    monkeypatch.chdir(tmp_path)
    assert run_document(ROOT / name, shell) == COMMANDS[name]
    written = {path.name for path in tmp_path.iterdir()}
    assert WRITTEN[name] <= written


PLAIN = ["docs/index.md", "docs/gallery.md"]
PLAIN += sorted(f"docs/reference/{path.name}" for path in (ROOT / "docs/reference").glob("*.md"))
"""Pages without code that runs."""


@pytest.mark.parametrize("name", [*DOCUMENTS, *COMMANDS, *PLAIN])
def test_its_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", prose):
        assert target.startswith("https://") or ((ROOT / name).parent / target).exists(), target


def test_two_commands_do_all_the_set_up():
    blocks = fenced_blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    commands = [
        line for block in blocks if block.language == "sh" for line in block.text.split("\n")
    ]
    assert [line for line in commands if line.startswith(("python3 -m venv", ".venv/bin/pip"))] == [
        "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/chainrule train digits",
        '.venv/bin/pip install -q -e ".[dev]" && .venv/bin/pytest -q -n auto --dist loadfile',
    ]
