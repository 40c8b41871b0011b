"""The parts of the data: to train on, to watch, and to score at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.cli.column_roles import Roles
from chainrule.cli.known_classes import with_known_classes
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.text_sources import TextSource
from chainrule.data import DataError, Source, Table, split, split_groups, split_times
from chainrule.data.cells import Cells, shortened
from chainrule.inputs.tables.times import times_of
from chainrule.targets import Classes
from chainrule.targets.columns import Purpose, label_cells, number_cells, typed_labels
from chainrule.types import Array, Rows

__all__ = [
    "class_numbers",
    "has_several_labels",
    "labels_held",
    "learned_purpose",
    "parts_of",
]

PARTS = ("training", "validation", "test")
_OUT = "--validation 0 --test 0 trains on all rows"
"""The way out where there are too few rows to hold some of them out."""


def class_numbers(purpose: Purpose, source: Source) -> Array:
    """Return the place of each answer among the classes; DataError names the line of others."""
    if isinstance(source, TextSource) and source.labels:
        return _label_numbers(purpose, source)
    column = source.target
    classes = Classes(typed_labels(purpose.classes), pair=True, name=column.name)
    return classes.encode(classes.read(column))


def _label_numbers(purpose: Purpose, source: TextSource) -> Array:
    """Return the place of each line's label among the classes."""
    places = {label: place for place, label in enumerate(purpose.classes)}
    labels = list(map(str, source.cells or ()))
    strange = [row for row, label in enumerate(labels) if label not in places]
    if strange:
        raise DataError(
            f"{source.name}, {source.target.place(strange[0])}: got the label "
            f"{labels[strange[0]]!r}, expected one of {shortened(purpose.classes)}"
        )
    return np.array([places[label] for label in labels], np.intp)


def labels_held(purpose: Purpose, source: Source) -> Array:
    """Return whether each label holds on each line, (n, labels); others than these do not count."""
    places = {label: place for place, label in enumerate(purpose.classes)}
    held = np.zeros((len(source), len(places)), np.int64)
    for row, cell in enumerate(source.cells or ()):
        held[row, [places[label] for label in str(cell).split() if label in places]] = 1
    return held


def parts_of(
    source: Source, purpose: Purpose, options: CommandLineOptions, roles: Roles
) -> tuple[dict[str, Source], list[str]]:
    """Return the parts of the data, and notes on how they were made.

    Classes are shared out evenly; with times the last rows are the test, with groups each is in
    one part.
    """
    own = {"validation": source.validation, "test": source.test}
    shares = _shares(source, options)
    if len(source) < len(shares):
        raise DataError(
            f"{source.name}: expected a row or more for each of {', '.join(shares)}, "
            f"got {len(source)} in all; {_OUT}"
        )
    rows, notes = _rows(source, purpose, tuple(shares.values()), options.seed, roles)
    parts = {name: source.select(part) for name, part in zip(shares, rows, strict=True)}
    for name, part in own.items():
        if part is not None:
            parts[name], unknown = _checked(purpose, part)  # before any work is done
            notes += [f"{name} part: {note}" for note in unknown]
    if roles.time or roles.group:
        notes += _leave_out_unlearned(purpose, parts)
    return {name: parts[name] for name in PARTS if name in parts}, notes


def learned_purpose(purpose: Purpose, training: Source) -> Purpose:
    """Return the purpose with the classes that the part to train on has.

    Raises
    ------
    DataError
        It has one only.
    """
    if purpose.task == "regression":
        return purpose
    if has_several_labels(purpose):
        learned = {label for cell in training.cells or () for label in str(cell).split()}
        return replace(purpose, classes=tuple(sorted(learned)))
    numbers = np.unique(class_numbers(purpose, training))
    classes = tuple(purpose.classes[number] for number in numbers)
    if len(classes) == 1:
        raise DataError(
            f"the training part has one class only, {classes[0]!r}; another split, by --group, "
            "--time or --seed, may have more"
        )
    return replace(purpose, classes=classes, task="binary" if len(classes) == 2 else purpose.task)


def has_several_labels(purpose: Purpose) -> bool:
    """Return whether any label may hold: lines of them are split at random."""
    return str(purpose.task) == "multilabel"


def _checked(purpose: Purpose, part: Source) -> tuple[Source, list[str]]:
    """Return the rows of a part that can be scored, and notes; DataError for odd answers."""
    if purpose.task == "regression":
        number_cells(part.target)
        return part, []
    if has_several_labels(purpose):
        return part, []
    part, notes = with_known_classes(part, purpose.classes)
    class_numbers(purpose, part)
    return part, notes


def _shares(source: Source, options: CommandLineOptions) -> dict[str, float]:
    """Return the share of each part that is cut out of the data."""
    test = 0.0 if source.test is not None else options.test_share or 0.0
    validation = 0.0 if source.validation is not None else options.validation or 0.0
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise DataError(
            f"the shares held out for validation ({validation:g}) and test ({test:g}) "
            "must leave something to train on"
        )
    shares = {"training": 1 - validation - test, "validation": validation, "test": test}
    return {name: share for name, share in shares.items() if share > 0}


def _rows(
    source: Source, purpose: Purpose, shares: tuple[float, ...], seed: int, roles: Roles
) -> tuple[Sequence[Rows], list[str]]:
    """Return the rows of each part, and notes."""
    labels = None
    if purpose.task != "regression" and not has_several_labels(purpose):
        tagged = isinstance(source, TextSource) and source.labels
        labels = list(source.target.cells) if tagged else label_cells(source.target)
    if roles.time and isinstance(source.data, Table):
        return _by_time(source.data, roles.time, shares)
    if roles.group and isinstance(source.data, Table):
        return _by_group(source.data, roles.group, shares, seed)
    try:
        rows = split(len(source), shares, seed, labels)
    except DataError as error:
        raise DataError(f"{source.name}: {str(error).removeprefix('split: ')}; {_OUT}") from None
    if labels is not None:
        rows = _all_learned(rows, class_numbers(purpose, source))
    return rows, []


def _by_time(
    table: Table, name: str, shares: tuple[float, ...]
) -> tuple[Sequence[Rows], list[str]]:
    """Return the rows of each part in the order of time; those without one are trained on."""
    try:
        times, _ = times_of(table.target(name))
    except DataError as error:
        raise DataError(f"--time: column {name!r}: {error}") from None
    known = np.flatnonzero(~np.isnan(times))
    try:
        parts = [known[part] for part in split_times(times[known], shares)]
    except DataError as error:
        raise DataError(f"--time: {name!r}: {str(error).removeprefix('split: ')}") from None
    unknown, notes = np.flatnonzero(np.isnan(times)), []
    if unknown.size:
        parts[0] = np.concatenate([unknown, parts[0]])
        one = "1 row has no time in {}, and is trained on"
        several = f"{unknown.size:,} rows have no time in {{}}, and are trained on"
        notes.append((one if unknown.size == 1 else several).format(repr(name)))
    return parts, notes


def _by_group(
    table: Table, name: str, shares: tuple[float, ...], seed: int
) -> tuple[Sequence[Rows], list[str]]:
    """Return the rows of each part, whole groups in each; rows without one are a group."""
    codes = Cells.read(table.column(name)).codes
    try:
        return split_groups(codes, shares, seed), []
    except DataError as error:
        raise DataError(f"--group: {name!r}: {str(error).removeprefix('split: ')}") from None


def _leave_out_unlearned(purpose: Purpose, parts: dict[str, Source]) -> list[str]:
    """Take rows of classes that training has not out of the other parts; return notes."""
    if purpose.task == "regression":
        return []
    learned, notes = np.unique(class_numbers(purpose, parts["training"])), []
    for name in PARTS[1:]:
        if name not in parts:
            continue
        codes = class_numbers(purpose, parts[name])
        strange = ~np.isin(codes, learned)
        if strange.all():
            raise DataError(
                f"the {name} part has no class that the training part has: "
                f"{shortened([purpose.classes[code] for code in np.unique(codes)])}"
            )
        if strange.any():
            unseen = [purpose.classes[code] for code in np.unique(codes[strange])]
            parts[name] = parts[name].select(np.flatnonzero(~strange))
            notes.append(
                f"rows of the {name} part whose class the training part has not are left out: "
                f"{np.count_nonzero(strange):,}, of {shortened(unseen)}"
            )
    return notes


def _all_learned(parts: list[Rows], codes: Array) -> list[Rows]:
    """Return the parts of the rows, the first with a row of each class: rare ones change places."""
    for code in np.setdiff1d(codes, codes[parts[0]]):
        learned = codes[parts[0]]
        rare = np.flatnonzero(codes == code)[0]
        common = parts[0][learned == np.bincount(learned).argmax()][0]
        other = {rare: common, common: rare}
        parts = [np.array([other.get(row, row) for row in part]) for part in parts]
    return parts
