"""The site's live page is written, and a page leads to it."""

from pathlib import Path

import live_page
from markers import filled
from offline import requests_elsewhere

EXPLAIN = Path(__file__).parents[2] / "docs/explain.md"


def test_it_is_written_and_fetches_nothing(tmp_path):
    path = live_page.write(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert path == tmp_path / "live.html"
    assert not list(requests_elsewhere(text))


def test_the_page_on_pages_leads_to_it():
    text = filled("docs/explain", EXPLAIN.read_text(encoding="utf-8"))
    assert f'href="{live_page.NAME}"' in text
