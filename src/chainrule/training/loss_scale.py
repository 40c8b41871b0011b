"""How large losses are at the start of a training, and whether one has left that scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.parameters import Parameters
from chainrule.training.history import Epoch
from chainrule.training.samples import Samples
from chainrule.training.snapshot import Reader, Snapshot
from chainrule.types import Array

RISE = 1000.0
"""A training whose last loss is more than so many times that of its start has diverged."""

ROWS = 1024


class LossScale:
    """The loss that a training starts from, with which its last one is compared.

    That is the loss of the first batch before any update. Where the last one seems far above it,
    the largest of three counts, so that neither a fortunate first batch nor an outlier makes a
    healthy training look like a diverged one: that loss, the loss of the first parameters on all
    samples, and the loss of outputs that are 1/2 for all of them, which is the targets' scale.

    Parameters
    ----------
    chain : Chain
        The network in training.
    loss : Loss
        What is minimized.
    samples : Samples
        The training data.
    told : callable
        From a loss as it is computed to the one that is told of an epoch.
    first : ndarray or None
        The parameters at the start, as long as they are known.
    """

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        samples: Samples,
        told: Callable[[float], float],
        first: Array | None,
    ) -> None:
        self.chain, self.loss, self.samples = chain, loss, samples
        self.told, self.first = told, first
        self.start: float | None = None
        self._weighed = False

    def begin(self, loss: float) -> None:
        """Take note of the loss of a batch, if it is the first one."""
        if self.start is None:
            self.start = abs(loss)

    def exceeded(self, loss: float) -> bool:
        """Return whether a loss is more than :data:`RISE` times that of the start."""
        assert self.start is not None
        if loss > RISE * self.start and not self._weighed:
            self._weighed = True
            self.start = max(self.start, *self._references())
        return loss > RISE * self.start

    def first_epoch(self, loss: float) -> None:
        """Take note of the loss of the first epoch; later its first parameters are not known."""
        assert self.start is not None
        if not self.exceeded(loss):
            self.start = max(self.start, abs(loss))
        self.first = None

    def snapshot(self) -> Snapshot:
        """Return the loss of the start, and whether the first parameters are still known."""
        return {
            "start": self.start,
            "weighed": self._weighed,
            "first_known": self.first is not None,
        }

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot; the first parameters stay where they are still known."""
        reader.expect("start", "weighed", "first_known")
        self.start = reader.number("start") if reader.has("start") else None
        self._weighed = reader.flag("weighed")
        if not reader.flag("first_known"):
            self.first = None

    def _references(self) -> list[float]:
        """Return the losses of outputs of 1/2 and, if they are known, of the first parameters."""
        last, count = self.chain.fuse(self.loss)
        layers = self.chain.layers
        shape = layers[count - 1].output_shape if count else layers[0].input_shape
        chains = []
        if self.first is not None:
            parameters = Parameters(self.chain.parameters.shapes, self.first)
            chains.append(Chain.assemble(layers, parameters))
        sums = np.zeros(1 + len(chains))
        with np.errstate(over="ignore", invalid="ignore"):
            for at in range(0, len(self.samples), ROWS):
                batch = self.samples.at(np.arange(at, min(at + ROWS, len(self.samples))))
                half = np.full((len(batch), *shape), 0.5, self.chain.dtype)
                values = [last.value(half, batch.t, batch.weights)]
                values += [each.loss(self.loss, batch.X, batch.t, batch.weights) for each in chains]
                sums += batch.weight * np.array(values)
        means = [abs(self.told(float(each))) for each in sums / self.samples.weight]
        return [each for each in means if np.isfinite(each)]


def lowered(rate: float) -> float:
    """Return the learning rate to try after one that was too high: a tenth, and at most 1."""
    return min(rate / 10, 1.0)


def rise_remark(scale: LossScale, epochs: Sequence[Epoch]) -> str:
    """Return what there is to say of a training that ends far above its start, "" of others."""
    last = epochs[-1]
    if not scale.exceeded(last.loss):
        return ""
    remedy = "bring the numbers in X and t near 1, such as by scaling"
    if np.isfinite(last.learning_rate):
        rate = epochs[0].learning_rate  # schedules fall
        remedy = (
            f"lower the learning rate, from {rate:g} to {lowered(rate):g} for a start, or {remedy}"
        )
    return (
        f"the loss rose from {scale.start:.3g} at the start to {last.loss:.3g}, so that training "
        f"has diverged: {remedy}"
    )
