"""Parquet and Arrow IPC files, one or many: their row groups and record batches are the blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from chainrule.data.cells import shortened
from chainrule.data.errors import DataError
from chainrule.data.files import installed
from chainrule.data.frame_columns import is_index
from chainrule.data.streams.blocks import RowBlocks
from chainrule.data.streams.contents import (
    check_stamp,
    contents_of,
    described_files,
    stamp_of,
)
from chainrule.data.streams.parts import ArrowPart, Part, rows_at_once
from chainrule.data.streams.schemas import cast_batch, common_types

__all__ = ["ARROW", "PARQUET", "ArrowFileBlocks", "ParquetBlocks"]

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")

READ_BYTES = 2**17
"""So much of a column of a row group is read from the disk at once."""


class _TableFiles(RowBlocks):
    """Files of tables with the same columns, and blocks that the files themselves have.

    Parameters
    ----------
    paths : sequence of path
        In the order of their rows.
    """

    kind: str

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._stamps = [stamp_of(path) for path in self.paths]
        names: tuple[str, ...] | None = None
        schemas: list[Any] = []
        blocks: list[tuple[int, int, int, int]] = []  # the file, its block, first row, rows
        for number, path in enumerate(self.paths):
            try:
                schema, sizes = self._look_into(path)
            except (OSError, ValueError) as error:
                reason = str(error).partition("\n")[0]
                raise DataError(f"{path}: expected {self.kind}: {reason}") from None
            fields = [field for field in schema if not is_index(field.name)]
            found = tuple(field.name for field in fields)
            schemas.append(fields)
            names = found if names is None else names
            if set(found) != set(names) or len(found) != len(names):
                other = sorted(set(found) ^ set(names))
                raise DataError(
                    f"{path}: expected the columns of {self.paths[0].name}, which differ in "
                    f"{shortened(other)}"
                )
            first = 0
            for block, size in enumerate(sizes):
                if size:
                    blocks.append((number, block, first, size))
                first += size
        self.names = names or ()
        if len(set(self.names)) < len(self.names):
            raise DataError(f"{self.paths[0]}: expected different names of columns")
        self._types = common_types(self.paths, schemas)
        self._blocks = blocks
        self.sizes = tuple(size for *_, size in blocks)
        self._first = [0, *accumulate(self.sizes)]
        self.row_bytes = 8 * len(self.names)

    def __repr__(self) -> str:
        first = self.paths[0].name
        return first if len(self.paths) == 1 else f"{first} and {len(self.paths) - 1} files more"

    def _look_into(self, path: Path) -> tuple[Any, list[int]]:
        """Return the schema of a file's columns, and how many rows each of its blocks has."""
        raise NotImplementedError

    def _batches(self, path: Path, block: int, names: list[str] | None) -> Iterator[Any]:
        """Yield the record batches of a file's block."""
        raise NotImplementedError

    def read(self, block: int, names: Sequence[str] | None = None) -> Iterator[Part]:
        """Yield the rows of a block, of all columns in the order of the first file, or of some."""
        number, own, _, _ = self._blocks[block]
        first = self._first[block]
        chosen = list(self.names or ()) if names is None else list(names)
        rows = rows_at_once(len(chosen))
        path, stamp = self.paths[number], self._stamps[number]
        check_stamp(path, stamp)
        try:
            for batch in self._batches(path, own, chosen):
                for start in range(0, batch.num_rows, rows):
                    piece = batch.slice(start, min(rows, batch.num_rows - start))
                    piece = cast_batch(piece, self._types)
                    yield ArrowPart(piece, first + start)
                first += batch.num_rows
        except (OSError, ValueError) as error:
            check_stamp(path, stamp)
            reason = str(error).partition("\n")[0]
            raise DataError(f"{path}: cannot be read: {reason}") from None
        check_stamp(path, stamp)

    def contents(self) -> dict[str, str]:
        """Return size and digest of each file, or of all where they are many."""
        for path, stamp in zip(self.paths, self._stamps, strict=True):
            check_stamp(path, stamp)
        return contents_of([path.name for path in self.paths], described_files(self.paths))

    def place(self, block: int, row: int) -> str:
        """Return the name of the file, and the row in it."""
        number, _, first, _ = self._blocks[block]
        return f"row {first + row} of {self.paths[number].name}"


class ParquetBlocks(_TableFiles):
    """Parquet files; a block is a row group, of which a part is decoded at a time."""

    kind = "a Parquet file"

    def _look_into(self, path: Path) -> tuple[Any, list[int]]:
        found = _metadata(path)
        schema = found.schema.to_arrow_schema()
        groups = range(found.num_row_groups)
        return schema, [found.row_group(group).num_rows for group in groups]

    def _batches(self, path: Path, block: int, names: list[str] | None) -> Iterator[Any]:
        parquet = _parquet()
        options = {"pre_buffer": False, "buffer_size": READ_BYTES, "metadata": _metadata(path)}
        with parquet.ParquetFile(path, **options) as file:
            yield from file.iter_batches(
                rows_at_once(len(names or ())), [block], names, use_threads=False
            )


class ArrowFileBlocks(_TableFiles):
    """Arrow IPC files, which Feather files are, too; a block is a record batch."""

    kind = "an Arrow IPC file"

    def _look_into(self, path: Path) -> tuple[Any, list[int]]:
        with _reader(path, []) as file:
            sizes = [file.get_batch(block).num_rows for block in range(file.num_record_batches)]
            return file.schema, sizes

    def _batches(self, path: Path, block: int, names: list[str] | None) -> Iterator[Any]:
        with _reader(path) as file:
            known = file.schema.names
        places = [known.index(name) for name in names or known]
        with _reader(path, sorted(places)) as file:
            yield file.get_batch(block).select(names or known)


class _reader(AbstractContextManager[Any]):  # noqa: N801
    """An Arrow IPC file that is read through memory that is mapped to it."""

    def __init__(self, path: Path, columns: list[int] | None = None) -> None:
        pyarrow, ipc = installed("pyarrow", "Arrow files"), installed("pyarrow.ipc", "Arrow files")
        self._source = pyarrow.memory_map(str(path))
        options = ipc.IpcReadOptions(included_fields=columns, use_threads=False)
        try:
            self._file = ipc.open_file(self._source, options=options)
        except BaseException:
            self._source.close()
            raise

    def __enter__(self) -> Any:
        return self._file

    def __exit__(self, *error: object) -> None:
        self._source.close()


def _parquet() -> Any:
    return installed("pyarrow.parquet", "Parquet files")


def _metadata(path: Path) -> Any:
    """Return what the end of a Parquet file says."""
    found = path.stat()
    return _read_metadata(path, found.st_mtime_ns, found.st_size)


@lru_cache(16)
def _read_metadata(path: Path, changed: int, size: int) -> Any:
    """Return the same of the files that were read last, as they were when they changed."""
    with _parquet().ParquetFile(path, pre_buffer=False) as file:
        return file.metadata
