"""One run of training, epoch by epoch: steps, validation, and the parameters that are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from chainrule.chain import Chain
from chainrule.functions.sequence import outermost
from chainrule.losses import Loss
from chainrule.training.averaging import Average
from chainrule.training.checkpoint_writer import NoCheckpoints, Writer
from chainrule.training.epoch_at_work import EpochAtWork
from chainrule.training.epoch_samples import EpochSamples
from chainrule.training.errors import StepsFailedError, TrainingDivergedError
from chainrule.training.history import Batches, Epoch, History, weighted_mean
from chainrule.training.loss_scale import LossScale, lowered, rise_remark
from chainrule.training.plan import Plan
from chainrule.training.reporter import ReporterTee
from chainrule.training.run_snapshot import restore_run, run_snapshot
from chainrule.training.schedules import TrainingPosition
from chainrule.training.snapshot import Reader, Snapshot
from chainrule.training.stepper import Stepper
from chainrule.training.stopping import Watcher
from chainrule.training.validation import Validation
from chainrule.training.windows import WindowedSamples
from chainrule.types import Array


@dataclass
class TrainingRun:
    """One call of train: what it needs, and everything that changes while it runs."""

    chain: Chain
    loss: Loss
    plan: Plan
    data: EpochSamples | WindowedSamples
    stepper: Stepper
    validation: Validation | None
    reporter: ReporterTee
    watcher: Watcher
    writer: Writer = field(default_factory=NoCheckpoints)
    agree: Callable[[bool], bool] = bool
    """Returns what the first of several processes decides: clocks differ."""
    step: int = 0
    spent: float = 0.0
    begun: float = 0.0
    present: EpochAtWork | None = None
    cut: bool = False
    whole: bool = True

    def __post_init__(self) -> None:
        """Take note of the parameters to fall back on."""
        self.history = History(engine=self.stepper.engine, reason=self.stepper.reason)
        self.parameters = self.chain.parameters
        self.average: Average = Average(self.plan.averaging, self.parameters)
        self.good = self.parameters.flat.copy()
        known = self.data.known
        self.scale: LossScale = LossScale(self.chain, self.loss, known, self.told, self.good)

    def all_epochs(self) -> History:
        """Train until it is time to stop."""
        history, self.begun = self.history, perf_counter()
        try:
            with self.writer.at_work(self):
                self.epochs_to_come()
        except KeyboardInterrupt:
            history.end = "interrupted"
            self.stepper.store()
            self.settle()
        if self._keeps and history.epochs:
            self.parameters.flat[...] = self.good  # the start's, where no epoch was better
        self.compare_with_the_start()
        return history

    def epochs_to_come(self) -> None:
        """Pass over the data until an epoch is the last one."""
        history, before = self.history, len(self.history.epochs)
        while history.end == "epochs" and len(history.epochs) < self.plan.epochs:
            if history.epochs and self.present is None and self.late:
                history.end = "time"  # in a training that has gone on
                break
            epoch = self.one_epoch()
            history.epochs.append(epoch)
            if epoch.number == 1:
                self.scale.first_epoch(epoch.loss)
            best = self.watcher.see(epoch)
            if best or self.validation is None:
                self.good[...] = self.average.flat
                history.kept = epoch.number
            with self.to_the_end_of_the_epoch(epoch):
                self.reporter.finished(epoch)
            self.writer.look(self)
        if len(history.epochs) > before and not self.cut:
            self.writer.last(self)
        self.writer.look(self)

    @contextmanager
    def to_the_end_of_the_epoch(self, epoch: Epoch) -> Iterator[None]:
        """Decide what comes after an epoch, whatever becomes of those who are told of it."""
        try:
            yield
        finally:
            if self.watcher.exhausted(epoch):
                self.history.end = "converged" if self.validation is None else "validation"
            elif self.late:
                self.history.end = "time"
            self.present, self.whole = None, not self.cut  # more steps may belong to that epoch

    @property
    def _keeps(self) -> bool:
        """Whether other parameters are kept than those of the last step."""
        return self.validation is not None or self.plan.averaging > 0

    def compare_with_the_start(self) -> None:
        """Take note of it if training ended with a loss far above that of the start."""
        history, told = self.history, self.plan.epoch_loss
        if history.end == "interrupted" or not (told is weighted_mean or hasattr(told, "of")):
            return  # a mean of one's own may be on any scale
        if remark := rise_remark(self.scale, history.epochs):
            history.remarks.append(remark)
        history.start = self.scale.start

    def settle(self) -> None:
        """Keep, without a validation set, what the steps of an unfinished epoch have learned."""
        if not self.parameters.finite:
            self.parameters.flat[...] = self.good
        elif not self._keeps and not np.array_equal(self.parameters.flat, self.good):
            self.history.kept = 0

    def one_epoch(self) -> Epoch:
        """Pass over the data once, or go on with it."""
        if self.present is None:
            rate = self.plan.optimizer.learning_rate
            self.present = EpochAtWork(len(self.history.epochs) + 1, rate)
        work = self.present
        self.data.augment(work.number)
        for rows, size in self.data.slices(work.number, self.stepper, work.steps):
            if work.runs and self.late:
                break
            self.take(rows, size, work)
            self.reporter.stepped(len(rows), float(work.runs[-1].losses[-1]))
            self.writer.look(self)
        if self.late:
            self.cut = True  # where training may go on from, if it is given more time
            self.writer.last(self)
        return self.ended(work)

    def take(self, rows: Array, size: int, work: EpochAtWork) -> None:
        """Take some steps of an epoch; where one of them fails, those before it are taken."""
        self.whole = False
        steps, at = len(rows) // size, self.position
        factors = self.plan.schedule.factors(at, steps)
        changes = self.plan.optimizer.scheduled(at, steps)
        failed: BaseException | None = None
        try:
            values, penalties = self.stepper.take(rows, size, factors, changes)
        except StepsFailedError as error:
            values, penalties, failed = error.values, error.penalties, error.__cause__
        if len(values):
            work.rate = self.plan.optimizer.learning_rate * float(factors[len(values) - 1])
            self.note(work, rows, size, values, penalties)
        self.whole = True
        if failed is not None:
            raise failed

    def note(
        self, work: EpochAtWork, rows: Array, size: int, values: Array, penalties: Array
    ) -> None:
        """Take note of the steps that have values, on the first of the rows."""
        self.step += len(values)
        if not math.isfinite(values[-1]):
            what = f"the loss became {values[-1]}"
            raise self.diverged(what, work.number, work.rate, self.origin())
        self.scale.begin(self.told(float(values[0]), float(penalties[0])))
        weights = self.data.samples.batch_weights(rows[: len(values) * size], size)
        work.runs.append(Batches.of_one_size(values, penalties, weights, size))

    def ended(self, work: EpochAtWork) -> Epoch:
        """Return an epoch whose steps are taken, validated."""
        number, rate = work.number, work.rate
        self.stepper.store()
        if not self.parameters.finite:
            names = [name for name, w in self.parameters.items() if not np.isfinite(w).all()]
            raise self.diverged(f"the parameter {names[0]} became infinite or NaN", number, rate)
        average, seconds = self.average.see(), work.so_far
        batches = Batches.together(work.runs)
        with self.average.in_place(average, self.stepper):
            loss, score = self.validate(number, rate)
        epoch = Epoch(number, self.plan.epoch_loss(batches), rate, seconds, loss, score)
        self.whole = False
        self.average.accept(average)
        return epoch

    @property
    def samples(self) -> int:
        """How many samples training has passed over so far."""
        runs = [] if self.present is None else self.present.runs
        whole = len(self.history.epochs) * len(self.data)
        return whole + sum(int(run.sizes.sum()) for run in runs)

    @property
    def size(self) -> int:
        """About how many bytes a snapshot has."""
        return self.good.nbytes * (2 + len(self.plan.optimizer.slots))

    @property
    def seconds(self) -> float:
        """How long training has taken so far."""
        return self.spent + perf_counter() - self.begun

    @property
    def late(self) -> bool:
        """Whether the plan's time is over."""
        most = self.plan.max_seconds
        return most is not None and self.agree(self.seconds >= most)

    def snapshot(self) -> Snapshot:
        """Return all that changes."""
        return run_snapshot(self)

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot, before any step."""
        restore_run(self, reader)

    @property
    def position(self) -> TrainingPosition:
        """Where training is."""
        each = self.data.steps_per_epoch
        return TrainingPosition(self.step, self.plan.epochs * each, each)

    def validate(self, number: int, rate: float) -> tuple[float | None, float | None]:
        """Return loss and score on the validation set, of predictions."""
        if self.validation is None:
            return None, None
        Y = self.stepper.outputs(self.validation.samples.X)
        loss, score = self.validation.measure(self.chain, self.loss, Y)
        if not np.isfinite(loss):
            raise self.diverged(f"the validation loss became {loss}", number, rate)
        return self.told(loss), score

    def told(self, loss: float, penalty: float = 0.0) -> float:
        """Return the loss of a batch, or of a validation set, on the scale of an epoch's."""
        of = getattr(self.plan.epoch_loss, "of", None)
        return loss if of is None else float(of(loss, penalty))

    def origin(self) -> str:
        """Return where what is not finite came up first."""
        place = self.stepper.first_not_finite
        if place is None:
            return " (all outputs were finite)"
        place = outermost(place)
        return f" (first seen in the output of function {place}, {self.chain.functions[place]})"

    def diverged(
        self, what: str, epoch: int, rate: float, origin: str = ""
    ) -> TrainingDivergedError:
        """Put the last good parameters back and return the error to raise."""
        self.whole = False
        self.parameters.flat[...] = self.good
        self.history.end = "diverged"
        kept = f"epoch {self.history.kept}" if self.history.kept else "the start"
        where = f"{what} in epoch {epoch}, step {self.step}{origin}"
        advice = (
            f", at a learning rate of {rate:g}: lower the learning rate, to {lowered(rate):g} for "
            f"a start. The parameters are those of {kept}."
        )
        if self.step == 1 and what.startswith("the loss"):  # no update has been made yet
            advice = ", before any update: bring the numbers in X and t near 1, such as by scaling."
        self.history.trouble = where + advice
        return TrainingDivergedError(self.history.trouble, self.history)
