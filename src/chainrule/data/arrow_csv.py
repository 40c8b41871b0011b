"""Plain CSV files, read a block of lines at a time by pyarrow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from chainrule.data import columns as kinds
from chainrule.data.cells import MISSING, number
from chainrule.data.coded import Coded
from chainrule.data.columns import GrowingColumn, plain_numbers
from chainrule.data.csv_blocks import Block, NotPlainError, blocks_of, odd_numbers, row_starts
from chainrule.data.formats import TableFormat

__all__ = ["NotPlainError", "read_blocks"]

LONG = 1e15
"""Numbers from here on may be integers that float64 does not hold."""

NULLS = sorted({written for text in MISSING for written in (text, text.upper(), text.title())})
SPACE = ord(" ")

Values = list[NDArray[np.float64] | None]
"""The columns of numbers, None for the others."""


def read_blocks(
    stream: BinaryIO, delimiter: str, columns: list[GrowingColumn], layout: TableFormat
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
    parser = Parser(delimiter, columns, layout)
    for block in blocks_of(stream, ord(delimiter), has_header=layout.header):
        rows = parser.add(block)
        if rows == block.breaks:
            starts = np.arange(block.line, block.line + rows)
        else:
            starts = row_starts(block)
        if rows != len(starts):
            raise NotPlainError
        lines.append(starts + 1)
    parser.finish()
    return np.concatenate(lines) if lines else np.empty(0, np.int64)


class Parser:
    """Blocks of rows become cells of columns, without a Python object for each.

    Texts stay as pyarrow has encoded them, block by block, until all is read.

    Parameters
    ----------
    delimiter : str
        One character.
    columns : list of GrowingColumn
        What the cells are added to.
    layout : TableFormat
        How numbers and missing cells are written.
    """

    def __init__(
        self, delimiter: str, columns: list[GrowingColumn], layout: TableFormat
    ) -> None:
        self.delimiter = delimiter
        self.columns = columns
        self.decimal = layout.decimal
        own = [text.strip() for text in layout.missing]
        self.nulls = ["", *own], [*NULLS, *own]
        """What may be a missing number; to look for all markers takes time."""
        self.all_nulls = False
        self.marked = [value for text in own if (value := number(self._pointed(text))) is not None]
        """Numbers that stand for missing ones, which pyarrow finds in one spelling only."""
        self.encoded: dict[int, list[Any]] = defaultdict(list)
        self.distinct: dict[int, list[Any]] = defaultdict(list)
        """Texts of columns that may become numbers, those of several blocks or merged."""

    def add(self, block: Block) -> int:
        """Add a block's rows to the columns and return how many they are."""
        columns = self.columns
        numbers = [column.are_numbers for column in columns]
        found: tuple[Any, Values] | None = None
        if any(numbers):
            odd = odd_numbers(block, ord(self.delimiter), len(columns))
            if not any(wanted and place in odd for place, wanted in enumerate(numbers)):
                found = self._with_numbers(block, numbers)
        if found is None:
            table = self._table(block, [False] * len(columns), self.nulls[0])
            if table is None:
                raise NotPlainError
            found = table, [None] * len(columns)
        table, values = found
        for column, own, part in zip(columns, values, table.columns, strict=True):
            if own is None:
                self._add_texts(column, part)
            else:
                column.add_numbers(own)
        return int(table.num_rows)

    def finish(self) -> None:
        """Give the columns of texts their cells."""
        for column in self.columns:
            if chunks := self.encoded.pop(column.place, []):
                whole = _unified(chunks)
                codes = np.concatenate([chunk.indices.to_numpy() for chunk in whole.chunks])
                column.replace(Coded(_texts(whole.chunk(0).dictionary), codes))

    def _add_texts(self, column: GrowingColumn, cells: Any) -> None:
        """Add cells that pyarrow has encoded; spaces before a text do not count."""
        (chunk,) = cells.chunks
        if column.are_numbers:
            texts = [text.lstrip(" ") for text in _texts(chunk.dictionary)]
            column.add_coded(texts, chunk.indices.to_numpy())
            return
        if column.clean is not None or _has_spaces(chunk.dictionary):
            chunk = _cleaned(chunk, column)
        self.encoded[column.place].append(chunk)
        if column.is_text:
            return
        distinct = self.distinct[column.place]
        distinct.append(chunk.dictionary)
        if sum(map(len, distinct)) > kinds.FEW_TEXTS:
            merged = _merged(distinct)
            self.distinct[column.place] = [merged]
            if len(merged) > kinds.FEW_TEXTS:
                self._decide(column, _texts(merged))

    def _decide(self, column: GrowingColumn, texts: list[str]) -> None:
        """Let a column of many different texts be one of numbers, if it is."""
        del self.distinct[column.place]
        values = plain_numbers(texts)
        if values is None:
            column.is_text = True
            return
        whole = _unified(self.encoded.pop(column.place))
        column.become_numbers([values[chunk.indices.to_numpy()] for chunk in whole.chunks])

    def _with_numbers(
        self, block: Block, numbers: list[bool]
    ) -> tuple[Any, Values] | None:
        """Return rows and the values of the columns of numbers; None if one may not be plain."""
        for nulls in self.nulls[self.all_nulls :]:
            self.all_nulls = nulls is self.nulls[1]
            table = self._table(block, numbers, nulls)
            if table is not None and (values := self._values(table, numbers)) is not None:
                return table, values
        return None

    def _values(self, table: Any, numbers: list[bool]) -> Values | None:
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
            if self.marked and np.isin(present, self.marked).any():
                return None
            found.append(values)
        return found

    def _table(self, block: Block, numbers: list[bool], nulls: list[str]) -> Any:
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
                pyarrow.BufferReader(_own_buffer(block)),
                csv.ReadOptions(
                    column_names=names, block_size=len(block.codes) + 1, use_threads=False
                ),
                csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=b'"' in block.content
                ),
                csv.ConvertOptions(
                    check_utf8=not block.content.isascii(),
                    column_types=types,
                    null_values=nulls,
                    strings_can_be_null=False,
                    decimal_point=self.decimal,
                ),
            )
        except pyarrow.ArrowInvalid:
            return None

    def _pointed(self, text: str) -> str:
        return text.replace(self.decimal, ".")


def _own_buffer(block: Block) -> Any:
    """Copy a block to where pyarrow's threads can free them without Python, which may be ending.

    One of these threads reads ahead even where none is asked for, and it may be the last to let
    go of what it has read.
    """
    import pyarrow

    buffer = pyarrow.allocate_buffer(len(block.codes))
    np.frombuffer(buffer, np.uint8)[:] = block.codes
    return buffer


def _texts(dictionary: Any) -> list[str]:
    texts: list[str] = dictionary.to_numpy(zero_copy_only=False).tolist()
    return texts


def _has_spaces(dictionary: Any) -> bool:
    """Return whether one of an array's texts begins with a space."""
    _, offsets, content = dictionary.buffers()
    if content is None or not content.size:
        return False
    ends = np.frombuffer(offsets, np.int32)[dictionary.offset :][: len(dictionary) + 1]
    begins = ends[:-1][ends[:-1] < ends[1:]]
    return bool((np.frombuffer(content, np.uint8)[begins] == SPACE).any())


def _cleaned(chunk: Any, column: GrowingColumn) -> Any:
    """Return encoded cells without spaces before the texts, which become what they stand for."""
    import pyarrow

    texts = [text.lstrip(" ") for text in _texts(chunk.dictionary)]
    own = Coded.of(texts if column.clean is None else map(column.clean, texts))
    codes = own.codes[chunk.indices.to_numpy()]
    return pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(own.texts, pyarrow.string()))


def _merged(dictionaries: Sequence[Any]) -> Any:
    """Return all texts of arrays, each once, in the order in which they occur."""
    import pyarrow

    none = pyarrow.array([], pyarrow.int32())
    empty = [pyarrow.DictionaryArray.from_arrays(none, texts) for texts in dictionaries]
    return _unified(empty).chunk(0).dictionary


def _unified(chunks: list[Any]) -> Any:
    """Return encoded cells with one array of texts for all."""
    import pyarrow

    try:
        return pyarrow.chunked_array(chunks).unify_dictionaries()
    except pyarrow.ArrowException:  # texts of more than 2 GiB
        raise NotPlainError from None
