"""Tables for a trained network that are read in blocks: folders of files, and large files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.evaluation import Scores, compared
from chainrule.cli.known_classes import KnownClasses
from chainrule.cli.model_data import answers_of, predicts_one, samples_of
from chainrule.cli.predictions import Shown
from chainrule.cli.spelling import options_said
from chainrule.cli.table_options import ReadingOptions
from chainrule.data import DataError, Source, Table
from chainrule.data.cells import Cells, shortened
from chainrule.data.sources import STREAMED
from chainrule.data.streams import DataStream
from chainrule.data.streams.opening import are_files_of_tables
from chainrule.data.table_files import PARQUET
from chainrule.inputs import Images, Texts
from chainrule.tables import counted
from chainrule.targets.columns import label_text
from chainrule.targets.score_sums import ClassSums, LabelSums, RegressionSums, ScoreSums

__all__ = ["Notes", "TableBlocks", "blocks_for", "evaluate_blocks", "predict_blocks"]

LARGE = 2**25
"""A file of so many cells, or more, is read in blocks: 256 MiB of them as numbers."""

COUNT = re.compile(r"[\d,]+ cells?")


def blocks_for(
    estimator: Any, arguments: Sequence[str], reading: ReadingOptions, *, as_json: bool = False
) -> TableBlocks | None:
    """Return data that are read in blocks, None if these are not.

    Parameters
    ----------
    estimator : NetworkEstimator
        Of tables: others take no files of tables.
    arguments : sequence of str
        What names the data.
    reading : ReadingOptions
        How files are written, which those of columns with types say themselves.
    as_json : bool
        Whether all predictions are wanted as one value: then none but a folder is.

    Raises
    ------
    ValueError
        An option says how texts are read.
    """
    if len(arguments) != 1 or isinstance(estimator.inputs_, Images | Texts):
        return None
    path = Path(arguments[0])
    suffix = path.suffix.lower()
    if path.is_dir():
        if not are_files_of_tables(path):
            return None
    elif not path.is_file() or suffix not in STREAMED:
        return None
    said = options_said(reading, [each.name for each in fields(reading)])
    fits = suffix in PARQUET and path.is_file()  # unless it is large
    if fits and (said or as_json):
        return None
    stream = DataStream(path)
    names = stream.names or ()
    if fits and len(stream) * len(names) < LARGE:
        return None
    if said:
        raise ValueError(
            f"{said[0]}: expected it with a table in one file, got {path}, whose files say "
            "themselves how they are read"
        )
    width = prod(estimator.inputs_.sample_shape)
    return TableBlocks(stream, path.name or str(path), names, width)


@dataclass
class TableBlocks:
    """Rows of files, some at a time.

    Parameters
    ----------
    stream : DataStream
        All rows, with all columns.
    name : str
        What messages call the data.
    names : tuple of str
        Of the columns.
    width : int
        How many numbers the network takes for a row.
    """

    stream: DataStream
    name: str
    names: tuple[str, ...]
    width: int

    def __len__(self) -> int:
        return len(self.stream)

    def sources(self) -> Iterator[Source]:
        """Yield all rows in their order, so few at a time that they take little memory."""
        from chainrule.estimators.streams.encoding import few_rows

        for part in few_rows(self.stream.parts(), self.width):
            table: Table = part.raw
            yield Source(self.name, table, lines=table.lines)


class Notes:
    """What there is to say of parts, each thing once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def add(self, notes: Sequence[str]) -> None:
        """Take the notes on a part."""
        for note in notes:
            counts = COUNT.search(note)
            key = note if counts is None else COUNT.sub("", note.rpartition(": ")[0])
            first, times = self._known.get(key, (note, 0))
            self._known[key] = first, times + 1 if counts else 1

    def told(self) -> list[str]:
        """Return the first of each kind, and of how many parts more there are others."""
        return [
            note if times == 1 else f"{note}; and so in {counted(times - 1, 'part')} more"
            for note, times in self._known.values()
        ]


def predict_blocks(
    estimator: Any, blocks: TableBlocks, shown: Shown, notes: Notes
) -> Iterator[str]:
    """Yield predictions as lines of CSV, those of some rows at a time, and take note of the data.

    Raises
    ------
    DataError
        Rows are not as those of training; the message names the file.
    """
    from chainrule.estimators.streams.places import rows_placed

    first = True
    with rows_placed(blocks.stream):
        for source in blocks.sources():
            found, beside, told = shown.predicted(estimator, source)
            notes.add([*found.notes, *told])
            yield shown.csv(estimator, source, found, beside, heading=first)
            first = False


def evaluate_blocks(
    estimator: Any, blocks: TableBlocks, target: str | None
) -> tuple[Scores, dict[str, int], list[str]]:
    """Return scores, the rows that they are of, and notes, as `evaluate_source` does.

    Raises
    ------
    DataError
        There are no targets, or they are not like those of training.
    """
    from chainrule.estimators.streams.places import placed, rows_placed

    sums, notes, answers = _sums_for(estimator), Notes(), _Answers(estimator, blocks, target)
    with rows_placed(blocks.stream):
        for source in blocks.sources():
            part = answers.of(source)
            if len(part):
                y = answers_of(estimator, part, target)
                found = compared(estimator, samples_of(estimator, part, target), y)
                sums.add(found.t, found.chosen, found.probabilities, found.logits)
                notes.add(found.notes)
    told = [placed(each, blocks.stream) for each in answers.notes()]
    return {"all": sums.scores()}, {"all": sums.rows}, [*told, *notes.told()]


class _Answers:
    """The rows whose answers predictions are compared with, and how many are not."""

    def __init__(self, estimator: Any, blocks: TableBlocks, target: str | None) -> None:
        self.name, self.target = blocks.name, target if predicts_one(estimator) else None
        if self.target is not None and self.target not in blocks.names:
            raise DataError(
                f"{blocks.name}: no column {target!r} among {shortened(blocks.names, most=50)}"
            )
        self.lacking, self.rows, self.known = 0, len(blocks), None
        if self.target is not None and estimator.targets_.kind == "classes":
            self.known = KnownClasses([label_text(each) for each in estimator.classes_.tolist()])

    def of(self, source: Source) -> Source:
        """Return those of a part, their answers apart where one column has them."""
        if self.target is None or not isinstance(source.data, Table):
            return source
        table = source.data
        gone = Cells.read(table.column(self.target)).gone()
        if gone.any():
            self.lacking += int(gone.sum())
            table = table.select(np.flatnonzero(~gone))
        if self.known is not None and len(table):
            known = self.known.rows(table.target(self.target))
            table = table if known.all() else table.select(np.flatnonzero(known))
        cells = table.column(self.target)
        return Source(self.name, table.without(self.target), self.target, cells, table.lines)

    def notes(self) -> list[str]:
        """Return what there is to say of the other rows; DataError if there are no more."""
        if self.lacking == self.rows:
            raise DataError(f"{self.name}: the column {self.target!r} has no values at all")
        plural = self.lacking > 1
        told = (
            f"{self.lacking:,} {'rows have' if plural else 'row has'} no value of {self.target!r} "
            f"and {'are' if plural else 'is'} left out"
        )
        return [
            *([told] if self.lacking else []),
            *([] if self.known is None else self.known.notes(self.name)),
        ]


def _sums_for(estimator: Any) -> ScoreSums:
    """Return what scores of an estimator's predictions are made of."""
    targets = estimator.targets_
    if targets.kind == "numbers":
        return RegressionSums()
    return LabelSums() if targets.several else ClassSums()
