"""How standard output and error take letters."""

from __future__ import annotations

import sys
from io import TextIOWrapper

__all__ = ["speak_unicode"]


def speak_unicode() -> None:
    """Let standard output and error take any letter, whatever their encoding is.

    A terminal shows a question mark for a letter that it lacks; a file or pipe gets UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() not in ("utf-8", "utf8"):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")
