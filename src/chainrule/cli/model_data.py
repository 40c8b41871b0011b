"""Data for a trained network: read as its inputs take them, and cut into samples and answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.cli.model_file import expect_model_file
from chainrule.cli.reading import check_is_text, layout_of, read_data
from chainrule.cli.table_options import ReadingOptions
from chainrule.cli.text_data import label_of_lines, texts_for
from chainrule.cli.text_sources import LABELS_EXPECTED, TextSource
from chainrule.data import BUILTIN, Column, DataError, Source, Table
from chainrule.data.builtin import TARGETS
from chainrule.data.cells import shortened
from chainrule.data.pictures import is_picture, named_files, source_of_pictures
from chainrule.display import shape_text
from chainrule.inputs import Images, Rows, Texts
from chainrule.targets.columns import number_cells
from chainrule.types import Array

FASTTEXT_COMMANDS = {"predict": "predict {} TEXT", "evaluate": "test {} TEXT"}
"""What does the work of commands with a model of fastText's."""


def loaded(path: Path, command: str) -> Any:
    """Return the network in a file, for a command.

    scikit-learn is loaded here, not with the command line.

    Raises
    ------
    ModelFileError
        The file cannot be read.
    ValueError
        It has a model of fastText's, whose commands are others.
    """
    from chainrule.estimators import FastTextClassifier, load

    expect_model_file(path)
    estimator = load(path)
    if isinstance(estimator, FastTextClassifier):
        instead = FASTTEXT_COMMANDS.get(command, "dump {} args").format(path)
        verb = "shows its settings" if command not in FASTTEXT_COMMANDS else "takes it"
        raise ValueError(
            f"{command}: expected a network that chainrule has trained, got a model of fastText's, "
            f"{path}; chainrule fasttext {instead} {verb}"
        )
    return estimator


def target_of(source: Source) -> Column:
    """Return the target's cells; DataError says how to name it if there are none."""
    if source.cells is None and isinstance(source.data, Table):
        names = source.data.names
        may_be_lines = len(names) == 1 or ".txt" in Path(source.name).suffixes
        lines = f"; {LABELS_EXPECTED}" if may_be_lines else ""
        raise DataError(
            f"{source.name}: which column is to be predicted? Say --target NAME; there are "
            f"{shortened(names, most=50)}{lines}"
        )
    return source.target


def target_name(estimator: Any, data: str, target: str | None) -> str | None:
    """Return the column that a network predicts: the one that is said or known, if any.

    Of several the names have commas between them.
    """
    columns = estimator.targets_.columns
    told = len(columns) == 1 or not any("," in name for name in columns)
    known = target or (",".join(columns) if told else "") or label_of_lines(estimator)
    if known or data not in TARGETS:
        return known or None
    usual = TARGETS[data][0]
    return None if usual in (estimator.inputs_.raw_names or ()) else usual


def predicts_one(estimator: Any) -> bool:
    """Return whether a network predicts one number or one class, which one column holds."""
    targets = estimator.targets_
    return bool(
        targets.task != "multilabel" and (targets.kind == "classes" or targets.outputs == 1)
    )


def source_for(
    estimator: Any,
    data: str | Sequence[str],
    target: str | None,
    *,
    optional: bool,
    skip_damaged: bool = False,
    reading: ReadingOptions | None = None,
) -> Source:
    """Read data for a trained network, its answers apart if they stand in one column, ``target``.

    Images may be several files, folders, and patterns such as ``photos/*.jpg``. A table is read as
    that of training was, where ``reading`` says nothing else.

    Raises
    ------
    DataError
        They are not of the kind that it was trained on.
    """
    inputs = estimator.inputs_
    like = inputs.reading if isinstance(inputs, Images) else None
    arguments = [data] if isinstance(data, str) else list(data)
    if isinstance(inputs, Texts):
        return texts_for(estimator, arguments, target, optional=optional, reading=reading)
    if reading is not None and reading.text is not None:
        raise DataError(f"--text: this model was trained on {_described(inputs)}, not on texts")
    pictures = _pictures(arguments)
    if like is None and pictures is not None:
        received = "an image" if len(pictures) == 1 else f"{len(pictures):,} images"
        raise DataError(f"this model was trained on {_described(inputs)}, got {received}")
    if like is not None and pictures is not None:
        return source_of_pictures(pictures, like, skip_damaged=skip_damaged)
    if len(arguments) == 1 and (files := named_files(arguments[0])):
        arguments = [str(file) for file in files]
    if len(arguments) != 1:
        raise DataError(f"expected one table, or images, got {len(arguments)} files")
    argument = arguments[0]
    if like is None and argument not in BUILTIN and Path(argument).is_dir():
        raise DataError(f"this model was trained on {_described(inputs)}, got a folder")
    if not predicts_one(estimator):
        target, optional = None, True
    known = (getattr(estimator, "metadata_", None) or {}).get("reading")
    check_is_text(reading or ReadingOptions(), argument)
    source = read_data(
        argument,
        target,
        layout_of(reading or ReadingOptions(), known),
        like=like,
        optional=optional,
        skip_damaged=skip_damaged,
    )
    if isinstance(source.data, Table):
        received, fits = "a table", like is None or inputs.rows
    else:
        received, fits = f"images of {shape_text(source.data.shape[1:])}", like is not None
    if not fits:
        raise DataError(f"this model was trained on {_described(inputs)}, got {received}")
    return source


def _pictures(arguments: Sequence[str]) -> list[Path] | None:
    """Return the files and folders of images that arguments stand for, None if one is no image.

    One folder by itself may have classes, or be one of MNIST's files: it is none of these.
    """
    paths: list[Path] = []
    for argument in arguments:
        paths += named_files(argument) or [Path(argument)]
    alone = len(paths) == 1 and (arguments[0] in BUILTIN or paths[0].is_dir())
    images = all(path.is_dir() or is_picture(path) for path in paths)
    return paths if images and not alone else None


def samples_of(estimator: Any, source: Source, target: str | None) -> Any:
    """Return the samples of data that were read, as the inputs of a network take them."""
    if isinstance(source, TextSource):
        return source.texts(estimator.inputs_.column)
    data = source.data
    if not isinstance(data, Table):
        return estimator.inputs_.raw(data)
    for name in _names(data, target):
        data = data.without(name) if name in data.names else data
    return data


def answers_of(estimator: Any, source: Source, target: str | None) -> Column | Array:
    """Return the answers in data that were read: a column, or numbers of several columns.

    Raises
    ------
    DataError
        There are none, or too few columns of them.
    """
    if isinstance(source, TextSource) and source.labels:
        return source.answers
    if predicts_one(estimator):
        return target_of(source)
    if not isinstance(source.data, Table):
        raise DataError(f"{source.name}: expected a table with columns of answers, got images")
    names, count = _names(source.data, target), estimator.targets_.outputs
    if len(names) != count:
        raise DataError(
            f"{source.name}: which {count} columns are predicted? Say --target NAME,NAME,…; "
            f"there are {shortened(source.data.names, most=50)}"
        )
    columns = [source.data.target(name) for name in names]
    numbers = np.stack([number_cells(column) for column in columns], axis=1)
    if estimator.targets_.kind == "numbers":
        return numbers
    other = (numbers != 0) & (numbers != 1)
    if other.any():
        row, place = np.argwhere(other)[0]
        column = columns[place]
        raise DataError(
            f"target {column.name!r}, {column.place(row)}: expected 1 where the label holds, "
            f"else 0, got {shortened([column.cells[row]])}"
        )
    return numbers.astype(np.int64)


def _names(table: Table, target: str | None) -> list[str]:
    """Return the columns that ``--target`` names, one or, with commas, several."""
    if not target or target in table.names:
        return [target] if target else []
    return [name.strip() for name in target.split(",")]


def _described(inputs: Any) -> str:
    """Return in words what a network was trained on."""
    if isinstance(inputs, Images):
        return f"images of {shape_text(inputs.sample_shape)}"
    if isinstance(inputs, Rows) and inputs.names is None:
        return f"rows of {inputs.count} numbers"
    return f"a table with the columns {shortened(inputs.raw_names)}"
