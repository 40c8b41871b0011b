"""The lines of a text file, decoded as they are read, none of them of any length."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from chainrule.data.errors import DataError
from chainrule.data.files import LARGEST, opened
from chainrule.data.signatures import LONGEST_HEAD, picture_format

__all__ = ["LONGEST_RECORD", "Lines"]

LONGEST_RECORD = 16 * 2**20
"""Characters of a record, which is a line, or several that a quoted field goes on over."""

OF_A_LINE = 64
"""Characters that each line counts besides its own, for it takes memory of its own."""

UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Lines:
    """The lines of an open text file with their endings, for a reader of records.

    Those that were looked at can be read again; whoever reads calls `end_record` after each
    record.
    """

    def __init__(self, path: Path, stream: BinaryIO, *, recoded: bool = False) -> None:
        self.path = path
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        self._recoded = recoded
        self._seen: list[str] = []
        self._room = LONGEST_RECORD
        self._left = LARGEST

    def looked_at(self) -> Iterator[str]:
        """Yield the lines from the first one on, and keep them to be read again."""
        place = 0
        while place < len(self._seen) or self._read_ahead():
            yield self._seen[place]
            place += 1

    def read(self) -> Iterator[str]:
        """Yield all lines, once."""
        self._room = LONGEST_RECORD
        seen, self._seen = self._seen, []
        yield from seen
        while line := self._next():
            yield line

    def end_record(self) -> None:
        """Take note that a record is over."""
        self._room = LONGEST_RECORD

    def close(self) -> None:
        """Leave the stream to whoever opened it."""
        self._text.detach()

    def _read_ahead(self) -> bool:
        line = self._next()
        if line:
            self._seen.append(line)
        return bool(line)

    def _next(self) -> str:
        """Return the next line, "" after the last one; DataError for what is no text."""
        try:
            line = self._text.readline(max(self._room, 1))
        except UnicodeDecodeError:
            raise _no_text(self.path) from None
        self._room -= len(line) + OF_A_LINE
        self._left -= len(line)
        if self._room < 0:
            raise DataError(
                f"{self.path}: expected at most {LONGEST_RECORD:,} characters in a row, got more"
            )
        if self._left < 0:
            raise DataError(f"{self.path}: expected at most {LARGEST:,} characters, got more")
        if "\0" in line:
            if self._recoded:
                raise DataError(f"{self.path}: expected text, got a NUL character")
            raise _no_text(self.path)
        return line


def _no_text(path: Path) -> DataError:
    """Return the error that says where a file stops being text, and what it may be instead."""
    number = 0
    if not path.is_file():  # a pipe cannot be read twice
        return DataError(f"{path}: expected UTF-8 text, got other bytes")
    with opened(path) as stream:
        if kind := picture_format(stream.read(LONGEST_HEAD)):
            return DataError(f"{path}: expected text, got a picture ({kind})")
    with opened(path) as stream:
        while line := stream.readline(LONGEST_RECORD):
            number += 1
            if number == 1 and line.startswith(UTF16):
                return DataError(
                    f"{path}: expected UTF-8 text, got UTF-16; say encoding='utf-16' "
                    "(--encoding utf-16)"
                )
            if b"\0" in line:
                return DataError(f"{path}, line {number}: expected text, got a NUL byte")
            try:
                line.decode()
            except UnicodeDecodeError as error:
                byte = f"0x{line[error.start]:02x}"
                return DataError(
                    f"{path}, line {number}: expected UTF-8 text, got byte {byte}; is the file's "
                    f"encoding {_likely(line)!r}?"
                )
    return DataError(f"{path}: expected UTF-8 text, got a file that has changed")


def _likely(line: bytes) -> str:
    """Return the encoding of Western Europe that has these bytes: Windows' own, or Latin-1."""
    try:
        line.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
