r"""Plain CSV files, cut into blocks of whole rows.

A file is plain if pyarrow and the strict reader are sure to read the same: no quotes within
fields, no space before a quote, no line endings but \n and \r\n, rows of one width. Any other
file is left to the strict reader, which knows what to say of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.data.files import LARGEST

__all__ = ["Block", "NotPlainError", "blocks_of", "odd_numbers", "row_starts"]

BLOCK = 2**21
"""Bytes that are read at once."""

FIRST_BLOCK = 2**18
"""Bytes that are read first, doubled until a block is whole: columns soon are known as numbers."""

LONGEST_LINE = 2**17
"""Bytes of a row in a plain file."""

BOM = b"\xef\xbb\xbf"
NEWLINE, RETURN, SPACE, QUOTE, PLUS, MINUS, ZERO = b'\n\r "+-0'
PIECE = 2**16
"""Bytes that are gone through together, few enough for the processor's own memory."""


Codes = NDArray[np.uint8]


class NotPlainError(Exception):
    """A file that pyarrow may read in another way than the strict reader."""


class Block(NamedTuple):
    """Whole rows of a file.

    Parameters
    ----------
    content : bytes
        A line break, perhaps a header, the rows, and what follows them.
    begin, end : int
        Where the rows stand in it, between two line breaks.
    line : int
        The line on which they begin, counted from 0.
    breaks : int
        How many line breaks they have: as many as rows, unless lines are blank or a row goes on
        over several.
    """

    content: bytes
    begin: int
    end: int
    line: int
    breaks: int

    @property
    def codes(self) -> Codes:
        """The bytes of the rows (b)."""
        return np.frombuffer(self.content, np.uint8, self.end - self.begin, self.begin)


def blocks_of(stream: BinaryIO, delimiter: int, *, has_header: bool) -> Iterator[Block]:
    """Cut the bytes after lines that end a row, and leave out the header.

    Raises
    ------
    NotPlainError
        The file is to be read by the strict reader.
    """
    rest, line, first, size, wanted = b"", 0, True, 0, FIRST_BLOCK
    while True:
        chunk = stream.read(min(BLOCK, wanted))
        size += len(chunk)
        wanted *= 2
        if size > LARGEST:
            raise NotPlainError
        if first:
            chunk = chunk.removeprefix(BOM)
        if not chunk and rest and not rest.endswith(b"\n"):
            chunk = b"\n"
        if not chunk and not rest:
            return
        content = b"".join((b"\n", rest, chunk))
        begin, end = 1, _end(content, delimiter)
        if chunk in (b"", b"\n") and end != len(content):
            raise NotPlainError
        if first and has_header:
            begin = _first_row(content)
            line = int(np.count_nonzero(_codes(content)[1:begin] == NEWLINE))
        if begin < end:
            last = _last_row(content, end)
            breaks, blank = (
                int(np.count_nonzero(_codes(content)[start:stop] == NEWLINE))
                for start, stop in ((begin, last), (last, end))
            )
            if begin < last:
                yield Block(content, begin, last, line, breaks)
            line += breaks + blank
        rest, first = content[end:], False


def row_starts(block: Block) -> NDArray[np.int64]:
    """Return the lines on which the rows of a block begin, counted from 0."""
    codes = block.codes
    breaks, outer = _breaks(codes)
    begins = np.concatenate([[0], outer[:-1] + 1])
    lengths = outer - begins
    lengths -= (lengths > 0) & (codes[outer - 1] == RETURN)
    if lengths.max() > LONGEST_LINE:
        raise NotPlainError
    lines: NDArray[np.int64] = np.searchsorted(breaks, begins[lengths > 0])
    return block.line + lines


def _codes(content: bytes) -> Codes:
    return np.frombuffer(content, np.uint8)


def _end(content: bytes, delimiter: int) -> int:
    """Return where the last whole row ends, if all is plain up to there."""
    if b"\0" in content:
        raise NotPlainError
    end = content.rfind(b"\n") + 1
    codes = _codes(content)
    if b'"' in content:
        quotes = np.flatnonzero(codes == QUOTE)
        if np.searchsorted(quotes, end) % 2:  # this line break stands between quotes
            end = int(_breaks(codes)[1][-1]) + 1
        _check_quotes(codes, quotes[: np.searchsorted(quotes, end)], delimiter)
    if end == 1 or _has_long_line(content, end):
        raise NotPlainError
    if b"\r" in content:
        returns = np.flatnonzero(codes[:end] == RETURN)
        if (codes[returns + 1] != NEWLINE).any():
            raise NotPlainError
    return end


def _first_row(content: bytes) -> int:
    """Return where the header ends."""
    after = content.index(b"\n", 1) + 1
    if content.count(b'"', 0, after) % 2:  # it goes on over several lines
        after = int(_breaks(_codes(content))[1][1]) + 1
    if not content[:after].strip(b"\r\n"):
        raise NotPlainError
    return after


def _last_row(content: bytes, end: int) -> int:
    """Return where the last row ends that is not blank."""
    while content.endswith((b"\n\n", b"\n\r\n"), 0, end):
        end -= 1 if content[end - 2] == NEWLINE else 2
    return end


def _breaks(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of all line breaks, and of those that end a row."""
    breaks = np.flatnonzero(codes == NEWLINE)
    quotes = np.flatnonzero(codes == QUOTE)
    return breaks, breaks[np.searchsorted(quotes, breaks) % 2 == 0]


def _has_long_line(content: bytes, end: int) -> bool:
    place = 1
    while end - place > LONGEST_LINE:
        place = content.rfind(b"\n", place, place + LONGEST_LINE + 1) + 1
        if not place:
            return True
    return False


def _check_quotes(codes: Codes, quotes: NDArray[np.int64], delimiter: int) -> None:
    """Refuse quotes that do not stand around a whole field, and spaces that begin one in quotes."""
    if not len(quotes):
        return
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, codes[opening - 1], NEWLINE)
    after, within = codes[closing + 1], codes[opening + 1]
    starts = (before == delimiter) | (before == NEWLINE)
    ends = (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == QUOTE)
    if not (starts | (before == QUOTE)).all() or not ends.all():
        raise NotPlainError
    if (starts & (within == SPACE)).any():
        raise NotPlainError


def odd_numbers(block: Block, delimiter: int, width: int) -> set[int]:
    """Return the columns in which a field may begin as 007 or +49 do."""
    content = block.content
    codes = _codes(content)[block.begin - 1 : block.end]  # line breaks begin and end it
    there = {mark for mark in (SPACE, QUOTE, PLUS, MINUS) if mark in content}
    found = [
        places + first
        for first in range(0, len(codes), PIECE)
        if len(places := _odd_places(codes[first : first + PIECE + 3], delimiter, there))
    ]
    if not found:
        return set()
    begins = np.flatnonzero((codes[:-1] == delimiter) | (codes[:-1] == NEWLINE))
    if b'"' in content or len(begins) != block.breaks * width:
        return set(range(width))
    columns = (np.searchsorted(begins, np.concatenate(found), "right") - 1) % width
    return set(columns.tolist())


def _odd_places(codes: Codes, delimiter: int, there: set[int]) -> NDArray[np.intp]:
    """Return what stands before 0 and a digit, or before +, where a field may begin.

    ``there`` are the marks that occur, of spaces, quotes and signs.
    """
    starts = (codes == delimiter) | (codes == NEWLINE)
    if QUOTE in there:
        starts |= codes == QUOTE
    if SPACE in there:
        spaces = codes == SPACE
        if spaces[0] or (spaces[1:] & starts[:-1]).any():  # else none begins a field
            starts |= spaces
    if MINUS in there:
        minus = codes == MINUS
        minus[1:] &= starts[:-1]
        starts |= minus
    odd = codes[1:-1] == ZERO
    odd &= codes[2:] - np.uint8(ZERO) < 10  # what is below 0 wraps around
    if PLUS in there:
        odd |= codes[1:-1] == PLUS
    odd &= starts[:-2]
    return np.flatnonzero(odd)
