"""What takes training steps: a protocol, and the options of a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chainrule.training.optimizers import State
from chainrule.training.plan import Precision
from chainrule.types import Array


@dataclass(frozen=True)
class StepOptions:
    """What a step does beside the optimizer's rule, as in the plan; and the seed of masks.

    ``precision`` is that of the operands of products.
    """

    l2: float = 0.0
    l2_shared: bool = False
    clip_norm: float | None = None
    seed: int = 0
    precision: Precision = "float32"

    @property
    def rounds(self) -> bool:
        """Whether products read operands rounded to bfloat16."""
        return self.precision != "float32"


class Stepper(Protocol):
    """Takes training steps; a step is an update on the gradient of a batch's mean loss."""

    engine: str
    reason: str
    """Why the engine does not take the steps, where it might have."""

    first_not_finite: int | None
    """Where a loss was not finite, the place of the first function whose output was neither."""

    def take(
        self, rows: Array, size: int, factors: Array, changes: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        """Take a step on each ``size`` of the rows, the learning rate times each factor.

        ``changes`` are hyperparameters of the optimizer that change from step to step.

        Return the batches' losses before their steps, penalties included, and the penalties.
        Where a loss is not finite, it is the last one, and what the parameters are then does not
        matter.
        """

    def at_once(self, size: int) -> int:
        """Return how many steps on ``size`` rows to take before looking at the clock again."""

    def renew(self, rows: slice, X: Any = None) -> None:
        """Take note that other samples stand in these rows of the data now.

        Sparse ones are given as X: those of these rows, and no others are there.
        """

    def leave_room(self, busy: bool) -> None:
        """Leave a processor to another thread in the next steps, while that one is busy."""

    def store(self) -> None:
        """Put the parameters into the chain."""

    def load(self) -> None:
        """Take the parameters from the chain, for steps and outputs."""

    def resume(self, state: State) -> None:
        """Continue with an optimizer's state, which is copied."""

    def keep(self, state: State) -> None:
        """Put the optimizer's state there."""

    def outputs(self, X: Any) -> Array:
        """Return what the loss takes of samples X in prediction: of a pair, what goes into it."""
