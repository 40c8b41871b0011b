"""How a file of texts is written: its delimiter, encoding, decimal sign and missing cells."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chainrule.data.errors import DataError

__all__ = ["TableFormat", "as_utf8"]

CHUNK = 2**20
LOCAL_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d*)?([eE][+-]?\d+)?|[+-]?,\d+")
"""A number with a decimal comma, and points between thousands or none."""


@dataclass(frozen=True)
class TableFormat:
    """How the texts of a table are written.

    Parameters
    ----------
    delimiter : str, default=None
        One character between fields; by default the one of , ; tab | that suits the first lines.
    encoding : str, default="utf-8"
        Any of Python's, such as "latin-1", "cp1252" or "utf-16".
    decimal : str, default="."
        "," takes 3,5 and 1.234,5 as numbers: a comma is the decimal sign, and points stand between
        groups of three digits. What is no such number stays as it is.
    missing : tuple of str, default=()
        Texts that stand for missing cells besides those of `MISSING`, such as "-999" or "k. A.".
        Upper and lower case differ; spaces around them do not count.
    header : bool, default=True
        Whether the first line names the columns; else they are c1, c2, ...

    Raises
    ------
    DataError
        There is no such encoding, the delimiter is not one character, or the decimal sign is
        neither "." nor ",".
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    missing: tuple[str, ...] = ()
    header: bool = True

    def __post_init__(self) -> None:
        mark = self.delimiter
        if mark is not None and (len(mark) != 1 or mark in '"\r\n'):
            raise DataError(f"TableFormat: expected a delimiter of one character, got {mark!r}")
        if self.decimal not in (".", ","):
            raise DataError(f"TableFormat: expected decimal to be '.' or ',', got {self.decimal!r}")
        if isinstance(self.missing, str) or not all(isinstance(m, str) for m in self.missing):
            raise DataError(f"TableFormat: expected missing to be texts, got {self.missing!r}")
        try:
            found = codecs.lookup(self.encoding)
            text = found._is_text_encoding
        except (LookupError, TypeError, ValueError):
            text = False
        if not text:
            raise DataError(
                f"TableFormat: expected an encoding such as 'utf-8', 'latin-1' or 'cp1252', "
                f"got {self.encoding!r}"
            )

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes are UTF-8's."""
        return codecs.lookup(self.encoding).name in ("utf-8", "utf-8-sig", "ascii")

    def cleaner(self) -> Callable[[str], str] | None:
        """Return what makes a file's text one that is read everywhere; None if all are."""
        if self.decimal == "." and not self.missing:
            return None
        missing = frozenset(text.strip() for text in self.missing)
        comma = self.decimal == ","

        def clean(text: str) -> str:
            if text.strip() in missing:
                return ""
            if comma and LOCAL_NUMBER.fullmatch(text.strip()):
                return text.replace(".", "").replace(",", ".")
            return text

        return clean


class _Recoded(io.RawIOBase):
    """A stream of text in some encoding as one of UTF-8."""

    def __init__(self, path: Path, stream: BinaryIO, encoding: str) -> None:
        self._path, self._stream, self._encoding = path, stream, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ready = b""
        self._line = 1
        self._ended = False

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer and return how many bytes were there."""
        while not self._ready and not self._ended:
            chunk = self._stream.read(CHUNK)
            self._ended = not chunk
            try:
                text = self._decoder.decode(chunk, final=self._ended)
                self._ready = text.encode()
            except UnicodeDecodeError as error:
                raise self._wrong(error) from None
            except UnicodeError as error:
                raise DataError(f"{self._path}: expected {self._encoding} text: {error}") from None
            self._line += text.count("\n")
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _wrong(self, error: UnicodeDecodeError) -> DataError:
        wrong = error.object[error.start : min(error.end, error.start + 4)]
        good = error.object[: error.start].decode(self._encoding, "ignore")
        line = self._line + good.count("\n")
        return DataError(
            f"{self._path}, line {line}: expected {self._encoding} text, got {bytes_text(wrong)}; "
            "another encoding may suit, such as 'utf-8' or 'cp1252'"
        )


def as_utf8(path: Path, stream: BinaryIO, layout: TableFormat) -> BinaryIO:
    """Return a file's stream as one of UTF-8."""
    if layout.is_utf8:
        return stream
    return io.BufferedReader(_Recoded(path, stream, layout.encoding), CHUNK)


def bytes_text(content: bytes) -> str:
    """Name bytes: byte 0xe9, bytes 0xff 0xfe."""
    return f"byte{'s' * (len(content) > 1)} " + " ".join(f"0x{byte:02x}" for byte in content)
