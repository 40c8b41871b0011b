"""The fit of a stream before anything of its estimator changes: what can be refused is refused."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from math import prod
from numbers import Integral
from typing import Any

import numpy as np

from chainrule import random
from chainrule.data.streams import DataStream
from chainrule.data.streams.stream import WINDOW_BYTES
from chainrule.estimators.checkpoints import FitCheckpoint
from chainrule.estimators.classification import check_same_classes
from chainrule.estimators.fitting import FitJob
from chainrule.estimators.preparation import prepare
from chainrule.estimators.streams.answers import AnswerEncoder, class_counts, scaled_by_all
from chainrule.estimators.streams.encoding import EncodedBlocks, encoded_rows
from chainrule.estimators.streams.places import rows_placed
from chainrule.estimators.streams.texts import EncodedTexts, texts_of
from chainrule.estimators.streams.weights import RowWeights, weighed
from chainrule.estimators.validation import read_answers
from chainrule.inputs import Inputs, Options, TableEncoder, Texts
from chainrule.inputs.tables.streaming import learn_in_one_pass
from chainrule.losses import Poisson
from chainrule.targets.label_lists import as_label_lists, is_listed
from chainrule.training import History, Plan
from chainrule.training.loop import train_blocks
from chainrule.training.samples import Samples

__all__ = ["StreamJob", "answered", "prepare_stream", "seed_of", "window_of"]

HEAD = 4096
"""The first rows of a stream, on which names, shapes and parameters are checked."""


@dataclass
class StreamJob(FitJob):
    """A fit of a stream: ``data`` are its first rows, and training reads all of them in blocks.

    Parameters
    ----------
    blocks : EncodedBlocks
        All rows.
    window_rows : int
        The most rows of a window.
    """

    blocks: EncodedBlocks = field(kw_only=True)
    window_rows: int = field(kw_only=True)

    def rows(self, data: Samples) -> int:
        """Return how many samples are trained on."""
        return sum(self.blocks.sizes)

    @cached_property
    def _seed(self) -> int:
        """Of the order of rows, and of those set aside."""
        return seed_of(self.estimator, int(self.random_state.randint(2**31 - 1)))

    def parts(self) -> tuple[Samples, Samples | None]:
        """Return the first samples, and the validation set: that given, or one set aside.

        Rows to be set aside are drawn, and held in memory, at most as many as a window has.
        """
        if self.validation is not None or not self.estimator.early_stopping:
            return self.data, self.validation
        count = len(self.blocks.stream)
        rows = min(round(float(self.estimator.validation_fraction) * count), self.window_rows)
        if rows < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' "
                "or the size of your dataset."
            )
        out = random.choice(count, rows, self._seed, random.Stream.SPLITTING)
        held_out = self.blocks.rows_at(out)
        self.blocks = self.blocks.without(out)
        return self.data, held_out

    def train(self, data: Samples, plan: Plan, **options: Any) -> History:
        """Train on all rows; one seed draws the order of blocks, and of rows, in each epoch."""
        name = type(self.estimator).__name__
        return train_blocks(
            self.chain,
            self.objective.loss,
            self.blocks,
            replace(plan, shuffle=bool(plan.shuffle), seed=self._seed),
            window_rows=max(self.window_rows, plan.batch_size or 1),
            name=name,
            advice="; dtype='float64' trains in float64",
            **options,
        )


def prepare_stream(
    estimator: Any,
    stream: DataStream,
    y: Any,
    sample_weight: Any = None,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    *,
    incremental: bool = False,
    classes: Any = None,
    checkpoint: FitCheckpoint | None = None,
) -> FitJob:
    """Return a fit of a stream, validated; of one that fits into a window, the fit of its rows.

    Parameters are those of :func:`~chainrule.estimators.preparation.prepare`.

    Raises
    ------
    ValueError
        Anything is wrong with parameters or data, as far as it is seen before rows are read.
    """
    name = type(estimator).__name__
    stream = answered(estimator, stream, y)
    stream, weights = weighed(name, stream, sample_weight)
    if checkpoint is not None:
        stream.check_aside(checkpoint.path)
    with rows_placed(stream):
        return _prepared(
            estimator, stream, weights, held_out,
            incremental=incremental, classes=classes, checkpoint=checkpoint,
        )  # fmt: skip


def _prepared(
    estimator: Any,
    stream: DataStream,
    weights: RowWeights | None,
    held_out: tuple[Any, Any, Any],
    *,
    incremental: bool,
    classes: Any,
    checkpoint: FitCheckpoint | None,
) -> FitJob:
    """Return a fit of a stream with answers, and of what its rows weigh."""
    name = type(estimator).__name__
    first = not estimator._has_network() or not (estimator.warm_start or incremental)
    options: dict[str, Any] = {"incremental": incremental, "checkpoint": checkpoint}
    if stream.window_rows is not None and len(stream) <= stream.window_rows:
        return _in_memory(estimator, stream, weights, held_out, classes, **options)
    head = stream.head(HEAD)
    if first:
        inputs = _inputs(estimator, stream, head.raw)
    else:
        inputs = _inputs_going_on(estimator, stream, incremental=incremental)
    dtype = np.dtype(estimator.dtype or np.float32)
    window = window_of(stream, _numbers_of(inputs, head.raw), dtype)
    if len(stream) <= window:
        return _in_memory(estimator, stream, weights, held_out, classes, **options)
    if estimator.solver == "lbfgs":
        raise ValueError(
            f"{name}: expected a solver that takes steps on batches for {stream!r}, which has more "
            f"rows than a window, {window:,}, got solver='lbfgs'"
        )
    twin = copy.copy(estimator)
    if hasattr(estimator, "predict_proba") and (first or not incremental):
        counted = class_counts(name, stream)
        if counted is not None:
            if not first:
                check_same_classes(estimator.targets_.attributes()["classes_"], counted.labels)
            classes = counted.classes if classes is None else counted.like(classes)
            if estimator.class_weight == "balanced":
                twin.class_weight = counted.balanced()
    job = prepare(
        twin, head.raw, head.y, None, held_out,
        classes=classes, inputs=inputs, whole=False, **options,
    )  # fmt: skip
    targets = scaled_by_all(
        job.targets,
        stream,
        lambda raw: read_answers(twin, raw, None),
        positive=isinstance(job.objective.loss, Poisson),
    )
    if not first:
        dtype = job.chain.dtype
    known = {each.name: getattr(job, each.name) for each in fields(FitJob)}
    inputs, trained = job.inputs, partial(twin._training_targets, job.targets)
    answers = AnswerEncoder(twin, targets, trained)  # not the job's, whose chain is to be freed
    kind = EncodedTexts if isinstance(inputs, Texts) else EncodedBlocks
    blocks = kind(stream, lambda part, _: encoded_rows(inputs, part), answers, weights)
    if first:
        estimator._begin_with_all(job.chain, blocks)
    known |= {"estimator": estimator, "chain": job.chain.astype(dtype), "targets": targets}
    return StreamJob(**known, blocks=blocks, window_rows=window)


def seed_of(estimator: Any, drawn: int) -> int:
    """Return the seed of the order of rows: the random state if that is a number, or one drawn."""
    given = estimator.random_state
    return int(given) if isinstance(given, Integral) else drawn


def answered(estimator: Any, stream: DataStream, y: Any) -> DataStream:
    """Return a stream with answers y, or with those it has; ValueError for none, or for both."""
    if y is not None and stream.labelled:
        raise ValueError(
            f"{type(estimator).__name__}: expected no y beside {stream!r}, which has its answers, "
            "and would be trained on them"
        )
    if y is not None:
        stream = stream.with_answers(y)
    if not stream.labelled:
        raise ValueError(
            f"{type(estimator).__name__}: expected a stream with answers, such as "
            f"DataStream(data, y='price'), or y, got {stream!r}"
        )
    return stream


def window_of(stream: DataStream, numbers: int, dtype: np.dtype[Any]) -> int:
    """Return how many rows of so many numbers, of a float type, a window of a stream has."""
    if stream.window_rows is not None:
        return stream.window_rows
    return max(1, WINDOW_BYTES // max(1, numbers * dtype.itemsize))


def _in_memory(
    estimator: Any,
    stream: DataStream,
    weights: RowWeights | None,
    held_out: tuple[Any, Any, Any],
    classes: Any,
    **options: Any,
) -> FitJob:
    """Return the fit of all rows, which fit into a window."""
    rows = stream.whole()
    given = None if weights is None else weights.at(rows, np.arange(len(rows)))
    if classes is not None and is_listed(rows.y):
        classes = as_label_lists([tuple(classes)])
    return prepare(estimator, rows.raw, rows.y, given, held_out, classes=classes, **options)


def _inputs_going_on(estimator: Any, stream: DataStream, *, incremental: bool) -> Inputs:
    """Return the inputs of a fitted network, which may learn of all rows."""
    inputs: Inputs = estimator.inputs_
    if incremental and isinstance(inputs, Texts):
        return inputs.grown_in_passes(texts_of(type(estimator).__name__, stream, inputs.column))
    return inputs


def _inputs(estimator: Any, stream: DataStream, head: Any) -> Inputs:
    """Return the inputs of a first fit, learned of all rows."""
    if set(estimator._kinds_of_inputs) == {Texts.kind}:
        learned: Inputs = estimator._new_inputs_of_stream(stream, head)
        return learned
    inputs: Inputs = estimator._new_inputs(head)
    if isinstance(inputs, TableEncoder):
        tables = (part.raw for part in stream.parts())
        return learn_in_one_pass(head, tables, Options(type(estimator).__name__), len(stream))
    return inputs.learned_from(part.raw for part in stream.parts())


def _numbers_of(inputs: Inputs, head: Any) -> int:
    """Return how many numbers a row of a stream is for a chain; of texts, on average."""
    if isinstance(inputs, Texts):
        return 2 * max(1, round(int(inputs.texts_with.sum()) / inputs.training_texts))
    numbers = prod(inputs.sample_shape)
    if numbers:
        return numbers
    return len(head.names) if hasattr(head, "names") else prod(head.shape[1:])
