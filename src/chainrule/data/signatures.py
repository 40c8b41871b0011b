"""What a file is by its first bytes, where its name does not tell."""

from __future__ import annotations

from pathlib import Path

__all__ = ["looks_like_picture", "picture_format"]

LONGEST = 16

SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"jP  ", "JPEG 2000"),
)


def picture_format(head: bytes) -> str:
    """Return the format of a picture by its first bytes, "" if they are of none."""
    found = (name for at, mark, name in SIGNATURES if head[at : at + len(mark)] == mark)
    return next(found, "BMP" if head[:2] == b"BM" and head[6:10] == bytes(4) else "")


def looks_like_picture(path: Path) -> bool:
    """Return whether a file's first bytes are those of a picture."""
    try:
        with path.open("rb") as file:
            return bool(picture_format(file.read(LONGEST)))
    except OSError:
        return False
