"""All who train."""

from __future__ import annotations

from benchmarks.jax_trainer import Jax
from benchmarks.torch_trainers import Compiled, PyTorch
from benchmarks.trainers import Chainrule, Reference, ScikitLearn, Trainer

TRAINERS: tuple[type[Trainer], ...] = (Chainrule, PyTorch, Compiled, Jax, ScikitLearn, Reference)

__all__ = ["TRAINERS", "Trainer"]
