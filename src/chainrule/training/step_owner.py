"""What steppers share whose parameters and optimizer's numbers the engine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.training.optimizers import State

if TYPE_CHECKING:
    from chainrule.engine.running.steps import Steps


class StepOwner:
    """Moves numbers between the chain, an optimizer's state and the engine's ``steps``."""

    steps: Steps

    def store(self) -> None:
        """Put the parameters into the chain."""
        self.steps.store()

    def load(self) -> None:
        """Take the parameters from the chain."""
        self.steps.load()

    def resume(self, state: State) -> None:
        """Continue with an optimizer's state."""
        self.steps.resume(state.slots, state.steps)

    def keep(self, state: State) -> None:
        """Put the optimizer's state there."""
        state.steps = self.steps.done
        self.steps.keep(state.slots)
