"""Text files with a text on each line, and labels among its words; a block is a range of bytes.

A block begins with the first line that begins at the byte k · 2²⁰ of a file or behind it, k = 0, 1,
2, …, and goes on to where the next one begins. Lines that do not count, and blocks that have no
others, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.data.files import COMPRESSIONS
from chainrule.data.labelled_lines import PREFIX, SPACES, TEXT, check_labels_of_line, split_lines
from chainrule.data.lines import UTF16
from chainrule.data.streams.blocks import RowBlocks
from chainrule.data.streams.contents import check_stamp, contents_of, described_files, stamp_of
from chainrule.data.streams.parts import Part
from chainrule.data.table import Table

__all__ = ["LineBlocks", "LinePart"]

BLOCK_BYTES = 2**20
LONGEST_LINE = 2**24
"""Bytes of a line, at most."""

BOM = b"\xef\xbb\xbf"
LABEL, LINE_END = PREFIX.encode(), ord("\n")
APART = np.isin(np.arange(256), list(SPACES.encode() + b"\n"))
"""Which bytes may stand before a word."""


class LinePart(Part):
    """Texts of lines, and the labels of each.

    Parameters
    ----------
    texts : list of str
        Without labels.
    labels : ndarray of shape (n,) or None
        A text each, or tuples of texts where lines may have several.
    lines : ndarray of int
        The line of each in its file, from 1.
    """

    def __init__(
        self, texts: list[str], labels: NDArray[Any] | None, lines: NDArray[np.int64]
    ) -> None:
        self.texts, self.labels, self.lines = texts, labels, lines

    @property
    def nbytes(self) -> int:
        """The characters of all texts."""
        return sum(map(len, self.texts))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def own_answers(self) -> Any:
        """The labels."""
        return self.labels

    def raw(self, names: Sequence[str] | None = None) -> Table:
        """Return the texts as the column of a table."""
        return Table((TEXT,), (self.texts,), self.lines)

    def numbers(self, names: Sequence[str] | None = None) -> NDArray[Any]:
        """Raise DataError: there are none."""
        raise DataError("lines of texts: expected numbers, got texts; TextClassifier takes them")

    def take(self, rows: NDArray[np.integer]) -> Part:
        """Return some of the lines."""
        texts = [self.texts[row] for row in rows.tolist()]
        return LinePart(texts, None if self.labels is None else self.labels[rows], self.lines[rows])

    def slice(self, start: int, stop: int) -> Part:
        """Return the lines from one to another."""
        labels = None if self.labels is None else self.labels[start:stop]
        return LinePart(self.texts[start:stop], labels, self.lines[start:stop])

    @classmethod
    def joined(cls, parts: Sequence[LinePart]) -> Part:
        """Return the lines of several parts."""
        texts = [text for part in parts for text in part.texts]
        labels = [part.labels for part in parts if part.labels is not None]
        lines = np.concatenate([part.lines for part in parts])
        return cls(texts, np.concatenate(labels) if labels else None, lines)


class _Range(NamedTuple):
    """A range of a file's bytes, which begins with a line, counted from 0."""

    file: int
    begin: int
    end: int
    line: int


class LineBlocks(RowBlocks):
    """Text files in UTF-8, a text on each line.

    Where lines have labels, those without one do not count, as in training in memory; where no
    line of no file has a label, each line is a text without an answer.

    Parameters
    ----------
    paths : sequence of path
        In the order of their lines.
    """

    names = (TEXT,)
    row_bytes = 1

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._stamps = [stamp_of(path) for path in self.paths]
        self.several, self.left_out = False, 0
        ranges: list[_Range] = []
        labelled: list[int] = []
        lines: list[int] = []
        for file in range(len(self.paths)):
            for found, content in self._ranges(file):
                ranges.append(found)
                lines.append(content.count(b"\n") + (not content.endswith(b"\n")))
                labelled.append(self._labelled_in(content, found))
                if labelled[-1] < lines[-1]:
                    filled = sum(bool(text.strip()) for text in content.split(b"\n"))
                    self.left_out += filled - labelled[-1]
        self.labelled = any(labelled)
        counts = labelled if self.labelled else lines
        kept = [place for place, count in enumerate(counts) if count]
        self._blocks = [ranges[place] for place in kept]
        self.sizes = tuple(counts[place] for place in kept)

    def __repr__(self) -> str:
        first = self.paths[0].name
        return first if len(self.paths) == 1 else f"{first} and {len(self.paths) - 1} files more"

    def read(self, block: int, names: Sequence[str] | None = None) -> Iterator[Part]:
        """Yield the lines of a block, all at once."""
        found = self._blocks[block]
        path, stamp = self.paths[found.file], self._stamps[found.file]
        check_stamp(path, stamp)
        try:
            with open(path, "rb") as file:
                file.seek(found.begin)
                content = file.read(found.end - found.begin)
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error}") from None
        check_stamp(path, stamp)
        texts, labels = split_lines(self._decoded(content, found))
        lines = found.line + 1 + np.arange(len(texts))
        part = LinePart(texts, self._answers(labels), lines)
        if not self.labelled:
            yield part
            return
        for line, own in enumerate(labels, found.line + 1):
            if len(own) > 1 or own == ("",):
                check_labels_of_line(path.name, line, own, several=self.several)
        yield part if all(labels) else part.take(np.flatnonzero([bool(own) for own in labels]))

    def place(self, block: int, row: int) -> str:
        """Return the name of the file, and the line in it."""
        (part,) = self.read(block)
        assert isinstance(part, LinePart)
        return f"line {part.lines[row]} of {self.paths[self._blocks[block].file].name}"

    def contents(self) -> dict[str, str]:
        """Return size and digest of each file, or of all where they are many."""
        for path, stamp in zip(self.paths, self._stamps, strict=True):
            check_stamp(path, stamp)
        return contents_of([path.name for path in self.paths], described_files(self.paths))

    def _answers(self, labels: list[tuple[str, ...]]) -> NDArray[Any] | None:
        """Return the labels of lines as answers, those of lines that do not count among them."""
        if not self.labelled:
            return None
        if not self.several:
            return np.array([own[0] if own else "" for own in labels])
        found = np.empty(len(labels), object)
        found[:] = labels
        return found

    def _ranges(self, number: int) -> Iterator[tuple[_Range, bytes]]:
        """Yield the ranges of a file, and their content."""
        path, begin, line = self.paths[number], 0, 0
        try:
            with open(path, "rb") as file:
                head = file.peek(8)
                if head.startswith(UTF16):
                    raise DataError(f"{path}: expected UTF-8 text, got UTF-16")
                for magic, (kind, _) in COMPRESSIONS.items():
                    if head.startswith(magic):
                        raise DataError(
                            f"{path}: expected a text file as it is, whose blocks can be read one "
                            f"by one, got one that is compressed by {kind}"
                        )
                while content := file.read((begin // BLOCK_BYTES + 1) * BLOCK_BYTES - begin):
                    if not content.endswith(b"\n"):
                        content += file.readline(LONGEST_LINE)
                    ends = content.count(b"\n")
                    if len(content) > LONGEST_LINE and not content.endswith(b"\n"):
                        raise DataError(
                            f"{path}, line {line + ends + 1}: expected at most {LONGEST_LINE:,} "
                            "bytes, got more"
                        )
                    yield _Range(number, begin, begin + len(content), line), content
                    begin, line = begin + len(content), line + ends
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error}") from None

    def _labelled_in(self, content: bytes, found: _Range) -> int:
        """Return how many lines have labels; take note of it if one has several."""
        if b"\0" * 8 in content:
            raise DataError(f"{self.paths[found.file]}: expected text, got NUL bytes")
        starts, at = [], content.find(LABEL)
        while at >= 0:
            starts.append(at)
            at = content.find(LABEL, at + len(LABEL))
        codes, places = np.frombuffer(content, np.uint8), np.array(starts, np.int64)
        first = places == (len(BOM) if not found.begin and content.startswith(BOM) else 0)
        places = places[first | APART[codes[places - 1]]]
        if not len(places):
            return 0
        lines = np.searchsorted(np.flatnonzero(codes == LINE_END), places)
        count = int((np.diff(lines) > 0).sum()) + 1
        if count < len(places) and not self.several:
            _, labels = split_lines(self._decoded(content, found))
            self.several = any(len(own) > 1 for own in labels)
        return count

    def _decoded(self, content: bytes, found: _Range) -> str:
        """Return the content of a range as a text."""
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            self._no_utf8(content, found, error.start)
        return text.removeprefix("\ufeff") if not found.begin else text

    def _no_utf8(self, content: bytes, found: _Range, start: int) -> NoReturn:
        line = found.line + content[:start].count(b"\n") + 1
        raise DataError(
            f"{self.paths[found.file].name}, line {line}: expected UTF-8, got byte "
            f"0x{content[start]:02x}"
        ) from None
