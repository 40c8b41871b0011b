"""All kernels, compiled ahead of the first training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from chainrule.engine.kernels import bags, epilogues, losses, outputs, rows
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.planning.forms import ROUNDED
from chainrule.engine.planning.kept_gradient import Keep
from chainrule.engine.planning.kinds.table import WARMED
from chainrule.engine.running.dispatch import dispatch_loop
from chainrule.engine.running.gradients import Sum
from chainrule.losses import LOSSES, ElementwiseLoss, SoftmaxCrossEntropy

STEP = (rows.advance, rows.squares, rows.total, rows.clip, outputs.outputs, epilogues.plus)
"""What every step or prediction needs, whatever its functions."""

MOVES = (
    epilogues.update,
    epilogues.update_sums,
    epilogues.update_all,
    bags.move_touched,
    bags.move_all,
)
"""What is made from an optimizer."""


def kernels_so_far() -> int:
    """Return how many kernels this process has asked for, for both float types."""
    return sum(library(np.dtype(dtype)).count for dtype in (np.float32, np.float64))


def compilations(optimizers: Iterable[Any]) -> list[Callable[[], Any]]:
    """Return calls that compile, or find on the disk, each kernel for both float types."""
    calls: list[Callable[[], Any]] = [dispatch_loop]
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        calls += _of(library(dtype), list(optimizers))
    single = library(np.dtype(np.float32))
    for form in ROUNDED.values():
        needed = form(single.target).kernels()
        calls += [partial(single.get, emit, **options) for emit, options in needed]
    return calls


def _of(kernels: Library, optimizers: list[Any]) -> list[Callable[[], Any]]:
    pair, kinds = SoftmaxCrossEntropy(), dict.fromkeys(WARMED)
    errors = [kind() for kind in LOSSES if issubclass(kind, ElementwiseLoss)]
    made = [emission for kind in kinds for emission in kind.kernels()]
    calls: list[Callable[[], Any]] = [partial(kernels.get, emit) for emit in STEP]
    calls += [partial(kernels.get, emit, *rules, **options) for emit, rules, options in made]
    carries = (epilogues.carry, epilogues.carry_sums)  # of up to eight shards
    calls += [partial(kernels.get, emit, sums=sums) for emit in carries for sums in range(4)]
    rules = [*optimizers, Keep(), Sum()]  # those of clipped steps, and of whole gradients, too
    calls += [partial(kernels.get, emit, rule) for rule in rules for emit in MOVES]
    calls += [partial(kernels.get, epilogues.update_all, rule, scaled=True) for rule in optimizers]
    calls += [partial(losses.of, kernels, error, labels=False) for error in errors]
    calls += [partial(losses.of, kernels, pair, labels=labels) for labels in (True, False)]
    calls += [partial(kernels.get, losses.softmax_of_labels)]
    return calls
