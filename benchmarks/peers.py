"""All who train."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from benchmarks.jax_trainer import Jax
from benchmarks.torch_trainers import Autocast, Compiled, PyTorch
from benchmarks.trainers import Chainrule, Reference, ScikitLearn, Trainer

TRAINERS: tuple[type[Trainer], ...] = (
    *(Chainrule, PyTorch, Autocast, Compiled, Jax),
    *(ScikitLearn, Reference),
)

__all__ = ["TRAINERS", "Trainer", "installed"]


def installed(kinds: Sequence[type[Trainer]]) -> list[type[Trainer]]:
    """Return those whose libraries are installed; print a line about each of the others."""
    found = []
    for kind in kinds:
        missing = [name for name in kind.libraries if not find_spec(name.partition(".")[0])]
        if missing:
            print(f"{kind.name} is left out: {missing[0].partition('.')[0]} is not installed")
        else:
            found.append(kind)
    return found
