"""What a file is by its first bytes, where its name does not tell."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["LONGEST_HEAD", "looks_like_picture", "picture_format"]

LONGEST_HEAD = 16
"""So many bytes tell."""

SIGNATURES = {
    rb"\xff\xd8\xff": "JPEG",
    rb"\x89PNG\r\n\x1a\n": "PNG",
    rb"GIF8[79]a": "GIF",
    rb"RIFF.{4}WEBP": "WebP",
    rb"II\*\0|MM\0\*": "TIFF",
    rb"\0\0\0.ftypavi[fs]": "AVIF",
    rb"\0\0\0.ftyp(hei|mif)": "HEIC",
    rb"\0\0\0\x0cjP  ": "JPEG 2000",
    rb"BM.{4}\0\0\0\0": "BMP",
}
"""How files of pictures begin, as regular expressions."""


def picture_format(head: bytes) -> str:
    """Return the format of a picture by its first bytes, "" if they are of none."""
    found = (name for mark, name in SIGNATURES.items() if re.match(mark, head, re.DOTALL))
    return next(found, "")


def looks_like_picture(path: Path) -> bool:
    """Return whether a file's first bytes are those of a picture."""
    try:
        with path.open("rb") as file:
            return bool(picture_format(file.read(LONGEST_HEAD)))
    except OSError:
        return False
