"""How to train: optimizer, schedule, batches, epochs, penalties, stopping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from chainrule.tables import short_repr
from chainrule.training.augmentation import Augmentation
from chainrule.training.history import Batches, weighted_mean
from chainrule.training.optimizers import Adam, Optimizer
from chainrule.training.schedules import Constant, Schedule
from chainrule.training.stopping import Patience
from chainrule.types import Array

Orders = Callable[[int, int], Array]
"""From the number of samples and that of the epoch, 1, 2, …, to the order of the samples."""

Precision = Literal["float32", "bfloat16", "bfloat16_blocks"]
"""What products read their operands as, in training."""

_EXAMPLES = {"optimizer": "Adam()", "schedule": "Cosine()", "patience": "Patience() or None"}


@dataclass(frozen=True)
class Plan:
    """How to train.

    Parameters
    ----------
    optimizer : Optimizer, default=Adam()
        How parameters move.
    schedule : Schedule, default=Constant()
        How the learning rate changes.
    batch_size : int or None, default=32
        Samples in a step; None takes the whole set, which is gradient descent.
    epochs : int, default=100
        Passes over the data, at most.
    l2 : float, default=0.0
        The penalty λ: λ/2 times the sum of squared weights, biases left out, is added to the loss.
    l2_shared : bool, default=False
        Whether the samples of a batch share the penalty, as scikit-learn's do: λ is then divided by
        their number, or by the sum of their weights.
    clip_norm : float or None, default=None
        The largest length of a step's gradient, penalty included: a longer one is scaled down to
        it; None leaves gradients as they are.
    patience : Patience or None, default=Patience()
        When to stop early; None never does.
    shuffle : bool or callable, default=True
        Whether each epoch has an order of its own; or a function from the number of samples and
        that of the epoch to the order.
    augmentation : tuple of Augmentation, default=()
        Random changes that samples go through, others in each epoch, in this order.
    seed : int, default=0
        Of shuffling, dropout and augmentation; the same seed gives the same bits.
    epoch_loss : callable, default=weighted_mean
        How the losses of an epoch's batches make the epoch's; their weighted mean by default. One
        on another scale has a method ``of(loss, penalty)`` for the loss of a validation set.
    precision : {"float32", "bfloat16", "bfloat16_blocks"}, default="float32"
        "bfloat16": in a step, the products of Linear layers read their operands rounded to
        bfloat16, and sum in float32; all else, the parameters and what is done on a validation
        set among it, is float32's, and so are products of other functions and of sparse samples.
        That takes machine code, and a chain of float32. It pays on AMD's processors from Zen 4 on.
        "bfloat16_blocks" is the same with sums in another order, that of the matrix tiles (AMX) of
        Intel's Xeons from Sapphire Rapids on; there wide layers train several times as fast, under
        Linux. On other processors each gives the same bits and is slower than float32.
    max_seconds : float or None, default=None
        After so many seconds training ends, in the midst of an epoch if need be, with the best
        epoch so far; None never ends it.
    averaging : float, default=0.0
        A share a from 0 to below 1: after each epoch the parameters kept, and validated, are
        a times those kept after the epoch before, and 1 − a times those of the steps, which go on
        from where they are. Noise of the last steps averages out; 0 keeps parameters as they are.
    shards : int or None, default=None
        In how many parts, a power of two, samples and each batch are cut; gradients of the parts
        are summed in a fixed tree, so that processes may share them out and the bits stay the same.
        Each part has an order of its own. None is what `ranks_of` says, which without shards and
        processes cuts nothing.
    """

    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    batch_size: int | None = 32
    epochs: int = 100
    l2: float = 0.0
    l2_shared: bool = False
    clip_norm: float | None = None
    patience: Patience | None = Patience()
    shuffle: bool | Orders = True
    augmentation: tuple[Augmentation, ...] = ()
    seed: int = 0
    epoch_loss: Callable[[Batches], float] = weighted_mean
    precision: Precision = "float32"
    max_seconds: float | None = None
    averaging: float = 0.0
    shards: int | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Check what no other class checks."""
        parts = (("optimizer", Optimizer), ("schedule", Schedule), ("patience", Patience | None))
        for name, kind in parts:
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"Plan: expected {name} such as {_EXAMPLES[name]}, got {value!r}")
        if not isinstance(self.augmentation, tuple | list):
            raise TypeError(
                "Plan: expected augmentation such as (Flip(), Noise(0.1)), got "
                f"{self.augmentation!r}"
            )
        size = 1 if self.batch_size is None else self.batch_size
        for name, value in (("batch_size", size), ("epochs", self.epochs)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"Plan: expected {name} to be a whole number >= 1, got {value!r}")
        if not (isinstance(self.l2, int | float | np.number) and 0 <= self.l2 < np.inf):
            raise ValueError(f"Plan: expected l2 to be a number >= 0, got {self.l2!r}")
        if not isinstance(self.precision, str) or self.precision not in get_args(Precision):
            known = ", ".join(get_args(Precision))
            raise ValueError(f"Plan: expected a precision of {known}, got {self.precision!r}")
        clip = 1.0 if self.clip_norm is None else self.clip_norm
        if not (isinstance(clip, int | float | np.number) and 0 < clip < np.inf):
            raise ValueError(
                f"Plan: expected clip_norm to be a number > 0 or None, got {self.clip_norm!r}"
            )
        most = 1.0 if self.max_seconds is None else self.max_seconds
        if not (isinstance(most, int | float | np.number) and most > 0):
            raise ValueError(
                f"Plan: expected max_seconds to be a number > 0 or None, got {self.max_seconds!r}"
            )
        share = self.averaging
        if isinstance(share, bool) or not (
            isinstance(share, int | float | np.number) and 0 <= share < 1
        ):
            raise ValueError(
                f"Plan: expected averaging from 0 to below 1, such as 0.6, got {share!r}"
            )
        check_shards("Plan", self.shards)


def check_shards(name: str, shards: int | None) -> None:
    """Raise ValueError, which begins with ``name``, unless shards are None or a power of two."""
    if shards is None:
        return
    whole = isinstance(shards, int | np.integer) and not isinstance(shards, bool)
    if not whole or shards < 1 or shards & (shards - 1) or shards > 2**16:
        raise ValueError(
            f"{name}: expected shards to be a power of two from 1 to 65536 or None, got {shards!r}"
        )
