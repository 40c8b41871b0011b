"""The pictures of docs/plots.md are those that its script saves, small enough for a page."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def drawn():
    pytest.importorskip("matplotlib")
    sys.path.insert(0, str(DOCS / "pictures"))
    try:
        spec = importlib.util.spec_from_file_location("plots_page", DOCS / "pictures" / "plots.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(DOCS / "pictures"))
    return module.DRAWN


def test_the_page_shows_what_the_script_saves_of_its_variables(drawn):
    page = (DOCS / "plots.md").read_text(encoding="utf-8")
    assert re.findall(r"!\[.+\]\(pictures/([\w.]+)\)", page) == list(drawn)
    for variable in drawn.values():
        assert re.search(rf"^{variable} = \w+Display\.", page, re.MULTILINE)


def test_pictures_are_small_and_words_are_text(drawn):
    for name in [*drawn, "rates.png"]:
        content = (DOCS / "pictures" / name).read_bytes()
        assert len(content) < 140_000, name
        if name.endswith(".svg"):
            assert b"<text" in content
