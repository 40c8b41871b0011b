"""From data to a trained estimator: split, prepare, train, score."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from chainrule.cli.column_roles import Roles
from chainrule.cli.ensembles import described_network
from chainrule.cli.evaluation import Scores, evaluate
from chainrule.cli.metadata import metadata
from chainrule.cli.model_data import target_of
from chainrule.cli.network_estimator import check_scoring, network_estimator, prepare_network
from chainrule.cli.option_values import CNN, ENSEMBLE
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.prepared import Training
from chainrule.cli.reading import without_repeats
from chainrule.cli.splitting import learned_purpose, parts_of
from chainrule.cli.table_estimator import prepare_ensemble, table_estimator
from chainrule.cli.text_options import check_no_texts
from chainrule.cli.text_sources import TextSource
from chainrule.cli.text_training import beside_others, chosen_texts, prepare_texts, purpose_of_texts
from chainrule.data import DataError, Source, Table
from chainrule.inputs import TableEncoder
from chainrule.targets import Numbers
from chainrule.targets.columns import Purpose, TaskName, find_task, number_cells
from chainrule.training import History, TrainingDivergedError

if TYPE_CHECKING:
    from chainrule.estimators.fitting import FitJob


@dataclass(frozen=True)
class Outcome:
    """A trained estimator, what happened, and its scores by part and by name.

    ``diverged`` is the error that ended training early, if one did.
    """

    estimator: Any
    history: History
    scores: Scores
    diverged: TrainingDivergedError | None = None


def purpose_of(source: Source, options: CommandLineOptions) -> Purpose:
    """Return what the target is to be predicted for; DataError if it cannot be."""
    task = "regression" if options.loss else options.task
    return find_task(target_of(source), cast("TaskName | None", task))


def prepare_training(options: CommandLineOptions, source: Source, *, bar: bool) -> Training:
    """Split the data and prepare an estimator's fit; with a progress bar, if wanted."""
    said, options = options, options.with_defaults(source)
    if isinstance(source, TextSource):
        purpose = purpose_of_texts(source, options.task)
        return prepare_texts(said, source, purpose, notes=[], bar=bar)
    roles = Roles.of(said, source)
    purpose = purpose_of(source, options)
    check_scoring(options.scoring, purpose.task)
    if purpose.task == "regression" and (options.class_weight or options.label_smoothing):
        option = "--class-weight" if options.class_weight else "--label-smoothing"
        raise DataError(f"{option}: expected classes to predict; {purpose.reason}")
    kinds = roles.kinds(source)
    texts, about_texts = chosen_texts(said, source, kinds, purpose.task)
    if texts is not None:
        purpose = purpose_of_texts(texts, options.task)
        return prepare_texts(said, texts, purpose, notes=about_texts, bar=bar)
    check_no_texts(said)
    parts, split_notes = parts_of(source, purpose, options, roles)
    purpose = learned_purpose(purpose, parts["training"])
    if options.loss == "poisson":  # the parts held out have counts, too
        Numbers.fit(
            number_cells(source.target), scaled=True, positive=True, name=source.target_name
        )
    training, held_out = parts["training"], parts.get("validation")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # notes tell of the training part
        ensemble = options.model == ENSEMBLE
        if ensemble:
            estimator = table_estimator(options, purpose, roles, len(training))
        else:
            estimator = network_estimator(options, purpose, training)
        inputs = None
        if isinstance(training.data, Table):
            encoding = estimator.encoding if ensemble else {}
            inputs = roles.inputs(training.data, kinds or {}, **encoding)
            _check_test(inputs, source.test)
        if ensemble:
            job = prepare_ensemble(estimator, training, held_out, inputs)
            inputs = cast(TableEncoder, job.inputs)  # which has learned of the answers
            _check_test(inputs, source.test)
            about_texts = beside_others(inputs, purpose.task)
        else:
            job = prepare_network(estimator, training, held_out, inputs, options.scoring)
    estimator.verbose = "bar" if bar else False
    learned = inputs.notes() if inputs else ()
    told = without_repeats(source.notes, learned)
    notes = [*told, purpose.reason, *split_notes, *learned]
    notes += about_texts
    return Training(options, purpose, parts, job, (*notes, *_choice(said, options)), roles)


def _check_test(inputs: TableEncoder, test: Source | None) -> None:
    """Raise DataError, before any work is done, for a table to score that cannot be encoded."""
    if test is not None and isinstance(test.data, Table):
        try:
            inputs.encode_table(test.data)
        except DataError as error:
            raise DataError(f"--test: {error}") from None


def _choice(said: CommandLineOptions, options: CommandLineOptions) -> list[str]:
    """Return in a sentence which network was chosen for want of an option, if it may surprise."""
    if said.model is not None or options.model == ENSEMBLE:
        return []
    if options.model == CNN:
        return ["the data are images, so the network is convolutional (--model mlp: multilayer)"]
    described = described_network(said)
    if not described:
        return []
    others = " (--model ensemble: several small ones, and their mean)"
    return [f"one network, because of {' and '.join(described)}{others}"]


def run_fit(job: FitJob) -> tuple[History, TrainingDivergedError | None]:
    """Train an estimator; return what happened, and the error that ended it early, if one did.

    Raises
    ------
    TrainingDivergedError
        Not even the first epoch went well.
    KeyboardInterrupt
        Ctrl-C came before the first epoch was over, so that there is nothing to keep.
    """
    estimator = job.estimator
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the history says how training ended
        try:
            job.run()
        except ValueError as error:
            if not isinstance(error.__cause__, TrainingDivergedError):
                raise
    estimator.verbose = False
    history: History = estimator.history_
    diverged = None
    if history.end == "diverged":
        diverged = TrainingDivergedError(history.trouble, history)
    if not history.epochs:
        raise diverged or KeyboardInterrupt
    return history, diverged


def train_network(training: Training) -> Outcome:
    """Train the estimator, and score it on every part of the data.

    A diverged training still has an outcome if an epoch went well before, and so has one at whose
    end Ctrl-C comes: then parts of the data have no scores.

    Raises
    ------
    TrainingDivergedError
        Not even the first epoch went well.
    KeyboardInterrupt
        Ctrl-C came before the first epoch was over, so that there is nothing to keep.
    """
    estimator = training.job.estimator
    history, diverged = run_fit(training.job)
    scores: Scores = {}
    with suppress(KeyboardInterrupt):
        for name, part in training.parts.items():
            if isinstance(part, TextSource):
                scores[name] = evaluate(estimator, part.texts(), part.answers)[0]
            else:
                scores[name] = evaluate(estimator, part.data, part.target)[0]
    estimator.metadata_ = metadata(training, scores)
    return Outcome(estimator, history, scores, diverged)
