"""The site's navigation: every page of the documentation is offered, once."""

import re
from collections import Counter
from pathlib import Path

import pytest

import commands
import markers
from navigation import HOME, NAVIGATION, TITLES, contents

ROOT = Path(__file__).parents[2]
PAGES = [page for pages in NAVIGATION.values() for page in pages]


def test_each_page_is_in_the_navigation_once():
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    names = [path.relative_to(ROOT).with_suffix("").as_posix() for path in files]
    assert Counter([HOME, *PAGES]) == Counter(names), "docs/site/navigation.py lists each page"


def test_the_contents_have_each_page():
    listed = re.findall(r"^(?:[^`:\n]* <)?/([\w/-]+)>?$", contents(), flags=re.MULTILINE)
    assert listed == PAGES
    assert contents().count("```{toctree}") == len(NAVIGATION)
    assert {*TITLES} <= {*PAGES}


def test_the_home_page_leads_to_each_tutorial():
    home = (ROOT / HOME).with_suffix(".md").read_text(encoding="utf-8")
    for page in NAVIGATION["Tutorials"]:
        assert f"]({page.removeprefix('docs/')}.md)" in home, page


@pytest.mark.parametrize("page", [p for p in PAGES if p.startswith("docs/tutorials/")])
def test_each_tutorial_ends_with_what_to_read_next(page):
    text = (ROOT / page).with_suffix(".md").read_text(encoding="utf-8")
    last = text.split("\n## ")[-1]
    assert last.startswith("What to read next\n")
    assert last.count("](") >= 2


def test_pages_are_filled_with_what_their_comments_ask_for():
    assert markers.filled("docs/tables", "# Tables\n") == "# Tables\n"
    assert "{toctree}" in markers.filled(HOME, "# chainrule\n")
    filled = markers.filled("docs/x", "<!-- names of chainrule.parameters -->\n<!-- commands -->\n")
    assert ".. autoclass:: chainrule.Parameters" in filled
    assert all(section in filled for section in commands.sections().values())
    assert "<!--" not in filled
    mentioned = "A comment such as `<!-- commands -->`\n"
    assert markers.filled("docs/x", mentioned) == mentioned
