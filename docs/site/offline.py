"""No page of the site asks anything of another host: a warning, and so an error, where one does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.util import logging

ELEMENT = re.compile(r"<(?:script|img|iframe|source|video|audio|object|embed|link)\b[^>]*>")
ADDRESS = re.compile(r"\b(?:src|srcset|href|data)=[\"']?((?:https?:)?//[^\"'\s>]+)")
IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")

logger = logging.getLogger(__name__)


def requests_elsewhere(text: str) -> Iterator[str]:
    """Yield the addresses that a browser fetches for a page or style sheet, if on another host."""
    for element in ELEMENT.findall(text):
        yield from ADDRESS.findall(element)
    yield from IN_STYLES.findall(text)


def _check(app: Any, exception: Exception | None) -> None:
    for path in sorted(Path(app.outdir).rglob("*")) if exception is None else ():
        if path.suffix in (".html", ".css"):
            for address in requests_elsewhere(path.read_text(encoding="utf-8")):
                logger.warning("%s asks another host: %s", path.relative_to(app.outdir), address)


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx look at what it has written."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
