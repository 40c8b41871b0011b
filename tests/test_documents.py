"""The README and CONTRIBUTING: what they show is what happens."""

import re
from pathlib import Path

import pytest

from documents import fenced_blocks, run_document

ROOT = Path(__file__).parents[1]
PAGES = ["backprop", "engine", "estimators", "networks", "reproducible"]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{page}.md" for page in PAGES)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_its_python_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_document(ROOT / name) > 0


@pytest.mark.parametrize("name", DOCUMENTS)
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
        '.venv/bin/pip install -q -e ".[dev]" && .venv/bin/pytest -q',
    ]
