r"""Plain CSV files, read a block of lines at a time by pyarrow.

A file is plain if pyarrow and the strict reader are sure to read the same: no quotes within
fields, no space before a quote, no line endings but \n and \r\n, rows of one width. Any other
file is left to the strict reader, which knows what to say of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import MISSING
from chainrule.data.coded import Coded
from chainrule.data.columns import GrowingColumn
from chainrule.data.files import LARGEST

__all__ = ["NotPlainError", "read_blocks"]

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

LONG = 1e15
"""Numbers from here on may be integers that float64 does not hold."""

NULLS = sorted({written for text in MISSING for written in (text, text.upper(), text.title())})


Values = list[NDArray[np.float64] | None]
"""The columns of numbers, None for the others."""


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
    parser = Parser(delimiter, columns)
    for block in _blocks(stream, ord(delimiter), has_header):
        if parser.add(block) != len(block.starts):
            raise NotPlainError
        lines.append(block.starts + 1)
    parser.finish()
    return np.concatenate(lines) if lines else np.empty(0, np.int64)


def _blocks(stream: BinaryIO, delimiter: int, has_header: bool) -> Iterator[Block]:
    """Cut the bytes after lines that end a row."""
    rest, line, first, size, wanted = b"", 0, True, 0, FIRST_BLOCK
    while True:
        chunk = stream.read(min(BLOCK, wanted))
        size += len(chunk)
        wanted *= 2
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


class Parser:
    """Blocks of rows become cells of columns, numbers without a Python object for each.

    Parameters
    ----------
    delimiter : str
        One character.
    columns : list of GrowingColumn
        What the cells are added to.
    """

    def __init__(self, delimiter: str, columns: list[GrowingColumn]) -> None:
        self.delimiter = delimiter
        self.columns = columns
        self.nulls = [""]
        """What pyarrow takes for a missing number; to look for all markers takes time."""
        self.encoded: dict[int, list[Any]] = defaultdict(list)
        """Blocks of columns that are known to be texts, as pyarrow has encoded them."""
        self.spaced = False
        """Whether spaces before a text have been seen, which pyarrow keeps."""

    def add(self, block: Block) -> int:
        """Add a block's rows to the columns and return how many they are."""
        content, columns = block.content, self.columns
        numbers = [column.are_numbers for column in columns]
        found: tuple[Any, Values] | None = None
        if any(numbers):
            odd = _odd_numbers(content, ord(self.delimiter), len(block.starts), len(columns))
            if not any(wanted and place in odd for place, wanted in enumerate(numbers)):
                found = self._with_numbers(content, numbers)
        if found is None:
            table = self._table(content, [False] * len(columns))
            if table is None:
                raise NotPlainError
            found = table, [None] * len(columns)
        table, values = found
        self.spaced = self.spaced or _has_spaces(content, self.delimiter)
        for column, own, part in zip(columns, values, table.columns, strict=True):
            if own is None:
                self._add_texts(column, part)
            else:
                column.add_numbers(own)
        return int(table.num_rows)

    def finish(self) -> None:
        """Give the columns of texts their cells."""
        for column in self.columns:
            self._decode(column)

    def _add_texts(self, column: GrowingColumn, cells: Any) -> None:
        """Add cells that pyarrow has encoded; spaces before a text do not count."""
        (chunk,) = cells.chunks
        if column.is_text and column.clean is None and not self.spaced:
            self.encoded[column.place].append(chunk)
            return
        self._decode(column)
        texts = chunk.dictionary.to_numpy(zero_copy_only=False).tolist()
        if self.spaced:
            texts = [text.lstrip(" ") for text in texts]
        column.add_coded(texts, chunk.indices.to_numpy())

    def _decode(self, column: GrowingColumn) -> None:
        """Give a column of texts those of its cells that are still as pyarrow has encoded them."""
        import pyarrow

        chunks = self.encoded.pop(column.place, [])
        if not chunks:
            return
        if column.begun:
            own = column.coded()
            texts = pyarrow.array(own.texts, pyarrow.string())
            chunks.insert(0, pyarrow.DictionaryArray.from_arrays(own.codes, texts))
        try:
            whole = pyarrow.chunked_array(chunks).unify_dictionaries()
        except pyarrow.ArrowException:  # texts of more than 2 GiB
            raise NotPlainError from None
        texts = whole.chunk(0).dictionary.to_numpy(zero_copy_only=False).tolist()
        codes = np.concatenate([chunk.indices.to_numpy() for chunk in whole.chunks])
        column.replace(Coded(texts, codes))

    def _with_numbers(
        self, content: bytes, numbers: list[bool]
    ) -> tuple[Any, Values] | None:
        """Return rows and the values of the columns of numbers; None if one may not be plain."""
        for nulls in ([""], NULLS)[self.nulls is NULLS :]:
            self.nulls = nulls
            table = self._table(content, numbers)
            if table is not None and (values := _values(table, numbers)) is not None:
                return table, values
        return None

    def _table(self, content: bytes, numbers: list[bool]) -> Any:
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
                pyarrow.BufferReader(_own_buffer(content)),
                csv.ReadOptions(
                    column_names=names, block_size=len(content) + 1, use_threads=False
                ),
                csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=b'"' in content
                ),
                csv.ConvertOptions(
                    column_types=types, null_values=self.nulls, strings_can_be_null=False
                ),
            )
        except pyarrow.ArrowInvalid:
            return None


def _has_spaces(content: bytes, delimiter: str) -> bool:
    """Return whether a field may begin with a space."""
    if b" " not in content:
        return False
    return content[:1] == b" " or b"\n " in content or f"{delimiter} ".encode() in content


def _own_buffer(content: bytes) -> Any:
    """Copy bytes to where pyarrow's threads can free them without Python, which may be ending."""
    import pyarrow

    buffer = pyarrow.allocate_buffer(len(content))
    np.frombuffer(buffer, np.uint8)[:] = np.frombuffer(content, np.uint8)
    return buffer


def _values(table: Any, numbers: list[bool]) -> Values | None:
    """Return the columns of numbers, None for the others; None if one may not be plain."""
    found: Values = []
    for part, wanted in zip(table.columns, numbers, strict=True):
        if not wanted:
            found.append(None)
            continue
        values = part.to_numpy()
        present = values[~np.isnan(values)] if part.null_count else values
        if len(present) + part.null_count != len(values):
            return None
        if len(present) and not np.abs(present).max() < LONG:  # nor NaN, which some spell
            return None
        found.append(values)
    return found


def _odd_numbers(content: bytes, delimiter: int, rows: int, width: int) -> set[int]:
    """Return the columns in which a field may begin as 007 or +49 do."""
    codes = np.frombuffer(b"\n" + content, np.uint8)  # a line break ends the content
    quoted = b'"' in content
    others = [mark for mark in (SPACE, QUOTE) if mark in content]
    found = [
        places + first
        for first in range(0, len(codes), PIECE)
        if len(places := _odd_places(codes[first : first + PIECE + 3], delimiter, others))
    ]
    if not found:
        return set()
    begins = np.flatnonzero((codes[:-1] == delimiter) | (codes[:-1] == NEWLINE))
    if quoted or len(begins) != rows * width:
        return set(range(width))
    columns = (np.searchsorted(begins, np.concatenate(found), "right") - 1) % width
    return set(columns.tolist())


def _odd_places(
    codes: NDArray[np.uint8], delimiter: int, others: list[int]
) -> NDArray[np.intp]:
    """Return what stands before 0 and a digit, or before +, where a field may begin."""
    starts = (codes == delimiter) | (codes == NEWLINE)
    for mark in others:
        starts |= codes == mark
    signs = codes == MINUS
    signs[1:] &= starts[:-1]
    starts |= signs
    odd = codes[1:-1] == ZERO
    odd &= codes[2:] - np.uint8(ZERO) < 10  # what is below 0 wraps around
    odd |= codes[1:-1] == PLUS
    odd &= starts[:-2]
    return np.flatnonzero(odd)
