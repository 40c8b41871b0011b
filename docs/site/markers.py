"""What pages ask for by comments, which readers of the Markdown files do not see.

``<!-- names of chainrule.losses -->`` is where the documentation of these names stands, and
``<!-- commands -->`` where that of the command line does; ``<!-- live page -->`` leads to a page
that is live. The home page has the navigation.
"""

import re
from typing import Any

import commands
import live_page
import navigation
import reference

NAMES = re.compile(r"^<!-- names of ([\w.]+) -->$", re.MULTILINE)
LIVE = re.compile(r"^<!-- live page -->$", re.MULTILINE)
COMMANDS = re.compile(r"^<!-- commands -->$", re.MULTILINE)


def filled(page: str, text: str) -> str:
    """Return the text of a page with what it asks for."""
    text = NAMES.sub(lambda found: reference.entries(found[1]), text)
    text = COMMANDS.sub(lambda _: "\n".join(commands.sections().values()), text)
    text = LIVE.sub(lambda _: live_page.LINK, text)
    if page == navigation.HOME:
        text += navigation.contents()
    return text


def _read(app: Any, page: str, source: list[str]) -> None:
    source[0] = filled(page, source[0])


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx fill each page when it reads it."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
