"""All kernels, compiled ahead of the first training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from chainrule.engine.kernels.library import Library, library
from chainrule.engine.running import walk
from chainrule.functions import FUNCTIONS, Elementwise
from chainrule.losses import LOSSES, ElementwiseLoss, SoftmaxCrossEntropy

NAMES = (
    *("product", "product_stored", "dot", "dot_added", "store", "advance", "transpose"),
    *("squares", "total", "clip", "dropout", "dropout_lanes", "masked"),
    *("bag", "into_panels", "outputs"),
)
"""Kernels that depend on no rule."""

PLANES = (
    *("gather", "copy", "times", "zero"),
    *("max_pool", "max_unpool", "average_pool", "average_unpool"),
)
"""Those of images."""

WINOGRAD = ("filters", "inputs", "input_line", "gradient_line", "filter_gradients")
"""Those of convolutions of 3 × 3 taps."""


def compilations(optimizers: Iterable[Any]) -> list[Callable[[], Any]]:
    """Return calls that compile, or find on the disk, each kernel for both float types."""
    calls: list[Callable[[], Any]] = [walk.walk]
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        calls += _of(library(dtype), list(optimizers))
    return calls


def _of(kernels: Library, optimizers: list[Any]) -> list[Callable[[], Any]]:
    functions = [kind() for kind in FUNCTIONS if issubclass(kind, Elementwise)]
    errors = [kind() for kind in LOSSES if issubclass(kind, ElementwiseLoss)]
    of_rows = (kernels.activation, kernels.slope, kernels.value_map, kernels.slope_map)
    uses = (
        *of_rows,
        *(kernels.plane_value, kernels.plane_slope, partial(kernels.activation, by_rows=True)),
    )
    return [
        *(partial(getattr, kernels, name) for name in NAMES),
        *(partial(kernels.affine, by_rows=by_rows) for by_rows in (False, True)),
        *(partial(kernels.scatter, alone=alone) for alone in (False, True)),
        *(partial(kernels.softmax, logarithm=logarithm) for logarithm in (False, True)),
        *(partial(kernels.softmax_slope, logarithm=logarithm) for logarithm in (False, True)),
        *(partial(kernels.planes, what) for what in PLANES),
        *(partial(kernels.winograd, what) for what in WINOGRAD),
        *(partial(use, function) for function in functions for use in uses),
        *(
            partial(use, function)
            for use in (kernels.winograd_outputs, kernels.winograd_slopes)
            for function in (None, *functions)
        ),
        *(
            partial(kernels.unpool_apart, kind, function)
            for kind in ("max", "average")
            for function in (None, *functions)
        ),
        *(partial(kernels.update, optimizer) for optimizer in optimizers),
        *(partial(kernels.update_all, optimizer) for optimizer in optimizers),
        *(partial(kernels.move_touched, optimizer) for optimizer in optimizers),
        *(partial(kernels.move_all, optimizer) for optimizer in optimizers),
        *(partial(kernels.loss, error, labels=False) for error in errors),
        *(partial(kernels.loss, SoftmaxCrossEntropy(), labels=labels) for labels in (True, False)),
    ]
