"""Data larger than memory: rows in files or mapped arrays, which are read in blocks."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import shortened
from chainrule.data.coded import RawCells
from chainrule.data.errors import DataError
from chainrule.data.streams.arrays import Answers, described_array
from chainrule.data.streams.labelled import LabelledPart
from chainrule.data.streams.opening import counts_in, opened_answers, opened_blocks
from chainrule.data.streams.parts import Part
from chainrule.tables import counted

__all__ = ["DataStream"]

WINDOW_BYTES = 2**26
"""A window has as many rows as make 64 MiB of a network's inputs, where nobody says otherwise."""


class DataStream:
    """Rows of files or arrays that need not fit in memory, read in blocks as they are needed.

    It stands in for X and y in ``fit``, ``partial_fit``, ``predict`` and ``score``. A training
    holds two windows of rows, one that is trained on and one that is being read; blocks come in an
    order drawn for each epoch, and rows are shuffled within a window. A stream whose rows fit into
    one window is read once, and trained on as the same rows in memory are, with the same bits.

    Parameters
    ----------
    data : str, path, list of them, or array
        A Parquet file (.parquet, .pq), an Arrow IPC file (.arrow, .feather, .ipc), an array in a
        .npy or IDX file, a text file with a text on each line, perhaps with labels such as
        __label__x, a folder of such files of one kind, or several of them; a folder with a folder
        of photos for each class; or an array of shape (n_samples, …) that is read in
        slices: one mapped into memory by ``np.memmap`` or ``np.load(…, mmap_mode="r")``, or a data
        set of h5py. Of a folder all files below count, sorted by their paths.
    y : str, list of str, path or array-like, default=None
        The answers: the column of a table that has them, or columns; for an array, an array or the
        name of a .npy or IDX file. A folder with MNIST's files, one with a folder of photos for
        each class, and lines with labels have their own.
    window_rows : int, default=None
        Rows that are shuffled together. None takes as many as make 64 MiB of a network's inputs,
        of texts on average, whatever memory the machine has.
    block_rows : int, default=None
        Rows of a block of an array, by default as many as 1 MiB holds. The blocks of Parquet files
        are their row groups, those of Arrow files their record batches, and those of text files
        ranges of 1 MiB, cut at the ends of lines.
    image_size : int or tuple of int, default=None
        Of photos: the side of squares, or (h, w), in pixels; None finds one for the folder.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import DataStream, MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(1000, 4))
    >>> stream = DataStream(X, X[:, 0] > 0, window_rows=500)
    >>> model = MLPClassifier(random_state=0).fit(stream)
    >>> model.score(stream) > 0.9
    True
    """

    def __init__(
        self,
        data: Any,
        y: Any = None,
        *,
        window_rows: int | None = None,
        block_rows: int | None = None,
        image_size: Any = None,
    ) -> None:
        for name, value in (("window_rows", window_rows), ("block_rows", block_rows)):
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and not (whole and value >= 1):
                raise DataError(f"DataStream: expected {name} >= 1 or None, got {value!r}")
        self.window_rows = None if window_rows is None else int(window_rows)
        self._blocks, own = opened_blocks(data, block_rows, image_size)
        if not self._blocks.sizes:
            raise DataError(f"DataStream: {self._blocks!r}: expected rows, got none")
        given = data if isinstance(data, list | tuple) else [data]
        self._folders = [
            Path(each)
            for each in given
            if isinstance(each, str | os.PathLike) and os.path.isdir(each)
        ]
        self._aside: tuple[str, ...] = ()
        self._answers: Answers | None = None
        self.answer_columns: tuple[str, ...] = ()
        self._several = False
        self._take_answers(own if y is None else y)

    def __len__(self) -> int:
        return sum(self.sizes)

    def __repr__(self) -> str:
        rows = f"{counted(len(self), 'row')} in {counted(len(self.sizes), 'block')}"
        answers = f", answers {shortened(self.answer_columns)}" if self.answer_columns else ""
        answers = ", with labels" if self._own else answers
        return f"DataStream({self._blocks!r}: {rows}{answers})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Raise TypeError: what takes arrays would have all rows in memory."""
        raise TypeError(
            "expected rows in memory, such as stream.head(100).raw, got a DataStream, which is "
            "read in blocks; fit, partial_fit, predict and score take it"
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many rows each block has."""
        return self._blocks.sizes

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the columns that are no answers, None where columns have none."""
        if self._blocks.names is None:
            return None
        others = {*self.answer_columns, *self._aside}
        return tuple(name for name in self._blocks.names if name not in others)

    @property
    def labelled(self) -> bool:
        """Whether there are answers."""
        return self._answers is not None or bool(self.answer_columns) or self._own

    @property
    def left_out(self) -> int:
        """How many lines are no rows, for they have no label as others have."""
        return self._blocks.left_out if self._own else 0

    @property
    def row_bytes(self) -> int:
        """Bytes of a row's numbers."""
        return self._blocks.row_bytes

    def with_answers(self, y: Any) -> DataStream:
        """Return the stream with other answers, as the constructor takes them."""
        stream = copy.copy(self)
        stream._take_answers(y)
        return stream

    def without(self, name: str) -> DataStream:
        """Return the stream without a column among the features; DataError if there is none."""
        if self._blocks.names is None:
            raise DataError(
                f"DataStream: expected a table's files for the name of a column, {name!r}, got "
                f"{self!r}, whose columns have no names"
            )
        if name not in (self.names or ()):
            known = shortened(self.names or (), most=50)
            raise DataError(f"DataStream: no column {name!r} among {known}")
        stream = copy.copy(self)
        stream._aside = (*self._aside, name)
        return stream

    def read(self, block: int) -> Iterator[LabelledPart]:
        """Yield the rows of a block in their order, some at a time."""
        start = 0
        for part in self._blocks.read(block):
            yield self._labelled(part, block, start)
            start += len(part)

    def answers(self) -> Iterator[Any]:
        """Yield the answers of all rows in their order, some at a time, without the rows."""
        for block, size in enumerate(self.sizes):
            if self._answers is not None:
                yield self._answers.of(block, 0, size)
            else:
                for part in self._blocks.read(block, self.answer_columns):
                    yield self._columns_of(part)

    def all_answers(self) -> Any:
        """Return the answers of all rows, in memory, without the rows."""
        if self._answers is not None or self._own:
            return np.concatenate(list(self.answers()))
        blocks = range(len(self.sizes))
        parts = [part for block in blocks for part in self._blocks.read(block, self.answer_columns)]
        return self._columns_of(type(parts[0]).joined(parts))

    def place(self, block: int, row: int) -> str:
        """Return in words where a row of a block stands, both counted from 0."""
        return self._blocks.place(block, row)

    def column_numbers(self, name: str) -> NDArray[Any]:
        """Return the numbers of one column (n); DataError if there is none of the name."""
        return np.concatenate([part.numbers((name,))[:, 0] for part in self._of_column(name)])

    def column_parts(self, name: str) -> Iterator[RawCells]:
        """Yield the cells of one column, some at a time; DataError if there is none of the name."""
        for part in self._of_column(name):
            yield part.raw((name,)).columns[0]

    def _of_column(self, name: str) -> Iterator[Part]:
        self.without(name)
        for block in range(len(self.sizes)):
            yield from self._blocks.read(block, (name,))

    def check_aside(self, path: Path) -> None:
        """Raise DataError for a file that, once written, would be one of the stream's folder."""
        for folder in self._folders:
            if counts_in(folder, path):
                raise DataError(
                    f"{path}: expected a file outside of {folder}, all of whose files are read as "
                    "rows, or a name that begins with '_'"
                )

    def place_of(self, row: int) -> str:
        """Return in words where a row of the stream stands, counted from 0."""
        first = np.cumsum([0, *self.sizes])
        block = int(np.searchsorted(first, row, side="right")) - 1
        return self.place(block, row - int(first[block]))

    def contents(self) -> dict[str, str]:
        """Return all rows and answers, part by part, each as a text with a digest of its bytes.

        Everything is read once.
        """
        found = dict(self._blocks.contents())
        if self._answers is not None:
            found["all answers"] = described_array(self._answers.y)
        if self._blocks.names is not None:
            found["columns"] = ", ".join(map(repr, self.names or ()))
            found["columns of answers"] = ", ".join(map(repr, self.answer_columns)) or "none"
        return found

    def head(self, rows: int) -> LabelledPart:
        """Return the first rows of the stream, at most so many; of what takes long, a few."""
        rows = min(rows, self._blocks.head_rows)
        parts: list[LabelledPart] = []
        for part in self.parts():
            parts.append(part)
            if sum(map(len, parts)) >= rows:
                break
        found = self.joined(parts)
        return found if len(found) <= rows else self.taken(found, np.arange(rows))

    def whole(self) -> LabelledPart:
        """Return all rows, in memory."""
        return self.joined(list(self.parts()))

    def at(self, rows: NDArray[np.integer]) -> LabelledPart:
        """Return some rows, whose numbers rise."""
        found, first = [], 0
        for block, size in enumerate(self.sizes):
            start, stop = np.searchsorted(rows, (first, first + size))
            if start < stop:
                wanted, at = rows[start:stop] - first, 0
                for part in self.read(block):
                    here = wanted[(wanted >= at) & (wanted < at + len(part))] - at
                    found += [self.taken(part, here)] if len(here) else []
                    at += len(part)
            first += size
        return self.joined(found)

    def taken(self, part: LabelledPart, rows: NDArray[np.integer]) -> LabelledPart:
        """Return some rows of a part."""
        own = part.part.take(rows)
        y = self._columns_of(own) if self.answer_columns or self._own else None
        return LabelledPart(
            own, part.features, y if part.y is None or y is not None else part.y[rows]
        )

    def joined(self, parts: Sequence[LabelledPart]) -> LabelledPart:
        """Return the rows of several parts, one after the other."""
        part = type(parts[0].part).joined([each.part for each in parts])
        if self.answer_columns or self._own:
            y = self._columns_of(part)
        else:
            y = None if parts[0].y is None else np.concatenate([each.y for each in parts])
        return LabelledPart(part, parts[0].features, y)

    def parts(self) -> Iterator[LabelledPart]:
        """Yield all rows in their order, some at a time."""
        for block in range(len(self.sizes)):
            yield from self.read(block)

    def _take_answers(self, y: Any) -> None:
        """Take note of where answers stand."""
        names = self._blocks.names
        self._answers, self.answer_columns, self._several = None, (), False
        self._own = y is None and self._blocks.labelled
        if y is None:
            return
        listed = isinstance(y, list | tuple) and all(isinstance(each, str) for each in y)
        if names is not None and (isinstance(y, str) or listed):
            chosen = tuple(y) if listed else (y,)
            absent = [name for name in chosen if name not in names]
            if len(set(chosen)) < len(chosen):
                raise DataError(f"DataStream: expected different columns as y, got {list(chosen)}")
            if absent or not chosen:
                raise DataError(
                    f"DataStream: no column {shortened(absent)} among {shortened(names, most=50)}"
                )
            self.answer_columns, self._several = chosen, len(chosen) > 1
            return
        found = opened_answers(y)
        if len(found) != len(self):
            raise DataError(f"DataStream: expected {len(self):,} answers, got {len(found):,}")
        self._answers = Answers(found, self.sizes)

    def _columns_of(self, part: Part) -> Any:
        """Return the columns of answers of a part, or the answers that it has."""
        if self._own:
            return part.own_answers
        table = part.raw(self.answer_columns)
        columns = tuple(table.target(name) for name in self.answer_columns)
        return columns if self._several else columns[0]

    def _labelled(self, part: Part, block: int, start: int) -> LabelledPart:
        y = None
        if self._answers is not None:
            y = self._answers.of(block, start, start + len(part))
        elif self.labelled:
            y = self._columns_of(part)
        return LabelledPart(part, self.names, y)
