"""The training of a network on texts, prepared: which column has them, the parts, the estimator."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, cast

from chainrule.cli.column_names import named_columns
from chainrule.cli.column_roles import Kinds, Roles, are_beside_others
from chainrule.cli.ensembles import described_network
from chainrule.cli.network_estimator import check_scoring, weights_by_label
from chainrule.cli.option_values import class_weights
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.prepared import Training
from chainrule.cli.splitting import learned_purpose, parts_of
from chainrule.cli.text_options import check_texts, pieces
from chainrule.cli.text_sources import TextSource, of_known_labels, with_texts
from chainrule.data import DataError, Source, Table
from chainrule.data.cells import Cells, shortened
from chainrule.inputs import Texts
from chainrule.inputs.tables import TextColumn
from chainrule.inputs.tables.decisions import COUNTS, LEFT_OUT, Decision
from chainrule.inputs.tables.identifiers import FREE_TEXT
from chainrule.targets.columns import Purpose, TaskName, find_task, label_text

if TYPE_CHECKING:
    from chainrule.estimators.fitting import FitJob

__all__ = [
    "beside_others",
    "chosen_texts",
    "parameters_of",
    "prepare_job",
    "prepare_texts",
    "purpose_of_labels",
    "purpose_of_texts",
    "text_estimator",
]


def chosen_texts(
    options: CommandLineOptions, source: Source, kinds: Kinds | None, task: str
) -> tuple[TextSource | None, list[str]]:
    """Return data as texts, if one column of a table is to be learned from as such, and notes.

    It is the column that an option names, unless an ensemble is asked for, which has it beside
    others. Without, it is the only column of free text, if nothing else could be learned from, and
    classes are to be predicted.

    Raises
    ------
    DataError
        There is no such column, or it has numbers alone.
    """
    if isinstance(source, TextSource):
        return source, []
    if not isinstance(source.data, Table):
        if options.text is not None:
            raise DataError("--text: expected a table, got images")
        return None, []
    if options.text is not None and are_beside_others(options):
        return None, []
    if options.text is None:
        return _found(options, source, kinds or {}, task)
    if options.text == source.target_name:
        raise DataError(f"--text: {options.text!r} is the column to be predicted")
    (name,) = named_columns("--text", [options.text], source.data.names, whole=True)
    roles = Roles.of(options, source)
    if name in roles.unlearned:
        raise DataError(f"--text: {name!r} is a column that another option leaves out")
    if not Cells.read(source.data.column(name)).words.any():
        raise DataError(f"--text: expected a column of texts, {name!r} has none")
    others = [other for other in source.data.names if other != name]
    return with_texts(source, name), _left_out(others)


def _found(
    options: CommandLineOptions, source: Source, kinds: Kinds, task: str
) -> tuple[TextSource | None, list[str]]:
    """Return data as texts where only one column of these can be learned from."""
    free = [
        name
        for name, each in kinds.items()
        if each.kind == LEFT_OUT and each.reason.startswith(FREE_TEXT)
    ]
    if len(free) != 1 or task == "regression" or options.model or described_network(options):
        return None, []
    (name,) = free
    if any(_says_something(each) for each in kinds.values()):
        return None, []
    others = [other for other in kinds if other != name]
    note = f"{name!r} has free text, which is learned from: {kinds[name].reason}"
    return with_texts(source, name), [note, *_left_out(others)]


def beside_others(inputs: Any, task: str) -> list[str]:
    """Return in a sentence that texts of a table are learned from, and what else may be done."""
    names = [column.name for column in inputs.columns if column.kind == TextColumn.kind]
    if not names:
        return []
    told = f"texts are learned from beside other columns: {shortened(names)}"
    if len(names) > 1 or task == "regression":
        return [told]
    return [f"{told}; --text {_quoted(names[0])} learns from them alone"]


def _says_something(column: Decision) -> bool:
    """Return whether a column can be learned from; one that counts the rows is kept for want."""
    return column.kind != LEFT_OUT and not any(COUNTS in remark for remark in column.remarks)


def _left_out(others: list[str]) -> list[str]:
    if not others:
        return []
    return [f"texts are learned from alone; left out: {shortened(others, most=20)}"]


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def purpose_of_texts(source: TextSource, task: str | None = None) -> Purpose:
    """Return which classes texts are to have, or which labels.

    Raises
    ------
    DataError
        The target has numbers to predict, or one class only.
    """
    if not source.labels:
        purpose = find_task(source.target, cast("TaskName | None", task))
        if purpose.task == "regression":
            raise DataError(f"--text: texts predict classes; {purpose.reason}")
        return purpose
    if task == "regression":
        raise DataError("--task: texts predict classes, got regression")
    labels = {label for cell in source.cells or () for label in str(cell).split()}
    several = source.labels == "several"
    return purpose_of_labels(source.name, tuple(sorted(labels)), several=several)


def purpose_of_labels(name: str, labels: tuple[str, ...], *, several: bool) -> Purpose:
    """Return what the sorted labels of lines, any of which may hold if there are several, are for.

    Raises
    ------
    DataError
        There is one label only.
    """
    if len(labels) == 1:
        raise DataError(f"{name}: expected two different labels or more, got {labels[0]!r} only")
    if several:
        reason = f"{len(labels):,} labels, several on a line: any of them may hold"
        return Purpose(cast(Any, "multilabel"), labels, reason)
    found: TaskName = "binary" if len(labels) == 2 else "multiclass"
    return Purpose(found, labels, f"{len(labels):,} labels, one on each line: {found}")


def prepare_texts(
    options: CommandLineOptions,
    source: TextSource,
    purpose: Purpose,
    *,
    notes: list[str],
    bar: bool,
) -> Training:
    """Split the texts and prepare an estimator's fit."""
    check_texts(options)
    roles = Roles.of(options, source)
    check_scoring(options.scoring, purpose.task)
    parts, split_notes = parts_of(source, purpose, options, roles)
    purpose = learned_purpose(purpose, parts["training"])
    told = [*source.notes, purpose.reason, *notes, *split_notes, *source.notes_on_texts]
    chosen: dict[str, Source] = {}
    for name, part in parts.items():
        texts = part if isinstance(part, TextSource) else _as_training(part, source.column)
        if source.labels == "several" and name != "training":
            texts, unknown = of_known_labels(texts, purpose.classes)
            told += [f"{name} part: {note}" for note in unknown]
        chosen[name] = texts
    lines, rows = bool(source.labels), len(chosen["training"])
    estimator = text_estimator(options, purpose, source.column, rows, lines=lines)
    job = prepare_job(estimator, chosen["training"], chosen.get("validation"), options.scoring)
    estimator.verbose = "bar" if bar else False
    assert isinstance(job.inputs, Texts)
    told.append(job.inputs.describe())
    return Training(options, purpose, chosen, job, tuple(told), roles)


def _as_training(test: Source, column: str) -> TextSource:
    """Return a table to score as texts."""
    if not isinstance(test.data, Table) or column not in test.data.names:
        names = test.data.names if isinstance(test.data, Table) else ()
        raise DataError(
            f"--test: expected a column {column!r} of texts, got {shortened(names, most=20)}"
        )
    return with_texts(test, column)


def text_estimator(
    options: CommandLineOptions, purpose: Purpose, column: str, rows: int, *, lines: bool
) -> Any:
    """Return the estimator for so many texts, or lines; what is not said is left to it."""
    from chainrule.estimators import TextClassifier

    weights = class_weights(options.class_weight)
    if isinstance(weights, dict):
        weights = weights_by_label(weights, purpose)
        if lines:  # whose labels are texts, be they of digits
            weights = {label_text(label): weight for label, weight in weights.items()}
    return TextClassifier(
        text=column,
        class_weight=weights,
        random_state=options.seed,
        engine=options.engine,
        n_jobs=options.threads or None,
        **parameters_of(options, rows),
    )


def parameters_of(options: CommandLineOptions, rows: int) -> dict[str, Any]:
    """Return what is said of the network and of its training, in the estimator's words."""
    said = {
        "dimensions": options.dimensions,
        "word_ngrams": options.ngrams,
        "char_ngrams": pieces(options.chars),
        "lowercase": options.lowercase,
        "min_count": options.min_count,
        "batch_size": rows if options.batch == 0 else options.batch,
        "max_iter": options.epochs,
        "learning_rate_init": options.learning_rate,
        "n_iter_no_change": math.inf if options.patience == 0 else options.patience,
        "label_smoothing": options.label_smoothing,
    }
    return {name: value for name, value in said.items() if value is not None}


def prepare_job(
    estimator: Any, training: Any, held_out: Any = None, scoring: str | None = None
) -> FitJob:
    """Return the fit of an estimator on texts, watched on others if there are any."""
    from chainrule.estimators.preparation import prepare

    validation: tuple[Any, Any, Any] = (None, None, None)
    if held_out is not None:
        estimator.set_params(early_stopping=True, scoring=scoring or "loss", tol=0.0)
        validation = held_out.texts(), held_out.answers, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return prepare(estimator, training.texts(), training.answers, None, validation)
