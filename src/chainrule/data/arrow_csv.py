r"""Plain CSV files, read a block of lines at a time by pyarrow.

A file is plain if pyarrow and the strict reader are sure to read the same: no quotes within
fields, no space before a quote, no line endings but \n and \r\n, rows of one width. Any other
file is left to the strict reader, which knows what to say of it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import MISSING
from chainrule.data.columns import GrowingColumn
from chainrule.data.files import LARGEST

__all__ = ["NotPlainError", "read_blocks"]

BLOCK = 2**21
"""Bytes that are read at once."""

LONGEST_LINE = 2**17
"""Bytes of a row in a plain file."""

BOM = b"\xef\xbb\xbf"
NEWLINE, RETURN, SPACE, QUOTE, PLUS, MINUS, ZERO, NINE = b'\n\r "+-09'
LONG = 1e15
"""Numbers from here on may be integers that float64 does not hold."""

NULLS = sorted({written for text in MISSING for written in (text, text.upper(), text.title())})


class NotPlainError(Exception):
    """A file that pyarrow may read in another way than the strict reader."""


class Block(NamedTuple):
    """Whole rows of a file as bytes, and the lines (n) on which they begin, counted from 0."""

    content: bytes
    starts: NDArray[np.int64]


def read_blocks(
    stream: BinaryIO, delimiter: str, columns: list[GrowingColumn], *, has_header: bool
) -> NDArray[np.int64]:
    """Add all rows below the header to the columns and return the lines on which they begin.

    Raises
    ------
    NotPlainError
        The file is to be read by the strict reader.
    """
    if len(delimiter.encode()) != 1 or len(columns) < 2:
        raise NotPlainError
    lines = []
    for block in _blocks(stream, ord(delimiter), has_header):
        rows = _parsed(block, delimiter, columns)
        if rows != len(block.starts):
            raise NotPlainError
        lines.append(block.starts + 1)
    return np.concatenate(lines) if lines else np.empty(0, np.int64)


def _blocks(stream: BinaryIO, delimiter: int, has_header: bool) -> Iterator[Block]:
    """Cut the bytes after lines that end a row."""
    rest, line, first, size = b"", 0, True, 0
    while True:
        chunk = stream.read(BLOCK)
        size += len(chunk)
        if size > LARGEST:
            raise NotPlainError
        content = rest + chunk
        if first:
            content = content.removeprefix(BOM)
        if not chunk and content and not content.endswith(b"\n"):
            content += b"\n"
        if not content:
            return
        end, breaks, outer = _scan(content, delimiter, whole=not chunk)
        whole, rest = content[:end], content[end:]
        begins, lengths = _rows(np.frombuffer(whole, np.uint8), outer)
        if first and has_header:
            if lengths[0] == 0:
                raise NotPlainError
            whole, begins, lengths = whole[outer[0] + 1 :], begins[1:], lengths[1:]
        begins = begins[lengths > 0]
        if len(begins):
            yield Block(whole, line + np.searchsorted(breaks, begins))
        line += len(breaks)
        first = False


def _scan(
    content: bytes, delimiter: int, *, whole: bool
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return where the last row ends, the line breaks before that, and those that end a row."""
    if b"\0" in content:
        raise NotPlainError
    codes = np.frombuffer(content, np.uint8)
    breaks = np.flatnonzero(codes == NEWLINE)
    outer = breaks
    quotes = np.flatnonzero(codes == QUOTE) if b'"' in content else breaks[:0]
    if len(quotes):
        outer = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
    if not len(outer):
        raise NotPlainError
    end = int(outer[-1]) + 1
    if whole and end != len(content):
        raise NotPlainError
    _check_quotes(codes, quotes[: np.searchsorted(quotes, end)], delimiter)
    if b"\r" in content:
        returns = np.flatnonzero(codes[:end] == RETURN)
        if (codes[returns + 1] != NEWLINE).any():
            raise NotPlainError
    return end, breaks[: np.searchsorted(breaks, end)], outer


def _check_quotes(codes: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: int) -> None:
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


def _rows(
    codes: NDArray[np.uint8], outer: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where rows begin, and how many bytes they have without their line's end."""
    begins = np.concatenate([[0], outer[:-1] + 1])
    lengths = outer - begins
    lengths -= (lengths > 0) & (codes[outer - 1] == RETURN)
    if lengths.max() > LONGEST_LINE:
        raise NotPlainError
    return begins, lengths


def _parsed(block: Block, delimiter: str, columns: list[GrowingColumn]) -> int:
    """Add a block's rows to the columns and return how many they are."""
    numbers = [column.are_numbers for column in columns]
    if any(numbers) and not _has_odd_numbers(block.content, ord(delimiter)):
        table = _arrow_table(block.content, delimiter, numbers)
        if table is not None and (found := _values(table, numbers)) is not None:
            for column, values, part in zip(columns, found, table.columns, strict=True):
                if values is None:
                    _add_texts(column, part)
                else:
                    column.add_numbers(values)
            return int(table.num_rows)
    table = _arrow_table(block.content, delimiter, [False] * len(columns))
    if table is None:
        raise NotPlainError
    for column, part in zip(columns, table.columns, strict=True):
        _add_texts(column, part)
    return int(table.num_rows)


def _add_texts(column: GrowingColumn, cells: Any) -> None:
    """Add cells that pyarrow has encoded; spaces before a text do not count."""
    (chunk,) = cells.chunks
    texts = [text.lstrip(" ") for text in chunk.dictionary.to_pylist()]
    column.add_coded(texts, chunk.indices.to_numpy())


def _values(table: Any, numbers: list[bool]) -> list[NDArray[np.float64] | None] | None:
    """Return the columns of numbers, None for the others; None if one may not be plain."""
    found: list[NDArray[np.float64] | None] = []
    for part, wanted in zip(table.columns, numbers, strict=True):
        if not wanted:
            found.append(None)
            continue
        values = part.to_numpy()
        gone = np.isnan(values)
        if np.count_nonzero(gone) != part.null_count or (np.abs(values[~gone]) >= LONG).any():
            return None
        found.append(values)
    return found


def _has_odd_numbers(content: bytes, delimiter: int) -> bool:
    """Return whether a field may begin as 007 or +49 do."""
    codes = np.frombuffer(content, np.uint8)  # which ends with a line break
    starts = np.zeros(256, np.bool_)
    starts[[delimiter, NEWLINE, SPACE, QUOTE]] = True
    if b"+" in content and starts[codes[np.flatnonzero(codes == PLUS) - 1]].any():
        return True
    zeros = np.flatnonzero(codes == ZERO)
    before = codes[zeros - 1]
    first = starts[before] | ((before == MINUS) & starts[codes[zeros - 2]])
    following = codes[zeros[first] + 1]
    return bool(((following >= ZERO) & (following <= NINE)).any())


def _arrow_table(content: bytes, delimiter: str, numbers: list[bool]) -> Any:
    """Parse rows: numbers as float64, all else as codes into texts; None if that cannot be."""
    import pyarrow
    from pyarrow import csv

    names = [str(place) for place in range(len(numbers))]
    texts = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = {
        name: pyarrow.float64() if wanted else texts
        for name, wanted in zip(names, numbers, strict=True)
    }
    try:
        return csv.read_csv(
            io.BytesIO(content),
            csv.ReadOptions(column_names=names, block_size=len(content) + 1),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in content),
            csv.ConvertOptions(
                column_types=types, null_values=NULLS, strings_can_be_null=False
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
