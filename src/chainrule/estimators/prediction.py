"""Predictions of a fitted estimator: programs that are kept, and blocks of samples."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from math import prod
from threading import Lock
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.engine.running.forward import Forward, in_blocks
from chainrule.estimators import resolve
from chainrule.finite import finite_outputs, narrowed
from chainrule.types import Array

MOST_ROWS = 1024
MOST_NUMBERS = 2**27
"""The most images of a block, and the most numbers in all layers of a block together."""

ADVICE = "; fitted on X of float64, the network takes it"


class Predictions:
    """A chain's predictions, whole or without the last function, for one thread at a time.

    By machine code where it has kernels for the chain, whatever the number of samples: the same
    samples get the same bits again.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.made: dict[tuple[Hashable, ...], tuple[Any, Callable[[Any], Array]]] = {}

    def __call__(self, estimator: Any, X: Any, *, whole: bool) -> Array:
        """Return the outputs (n, k) of raw samples X by a fitted estimator's network."""
        chain: Chain = estimator._network()
        X = estimator.inputs_.opened(X)
        if type(X) is not np.ndarray or getattr(estimator.inputs_, "scaling", None) is None:
            Y = self._outputs(estimator, chain, estimator._encoded(X), whole)
            return finite_outputs(type(estimator).__name__, Y)
        # Raw images are small; as numbers of float32 they go through the chain block by block.
        made = (inside for layer in chain.layers for inside in layer.walk())
        width = sum(prod(layer.output_shape) for layer in made)
        rows = max(1, min(MOST_ROWS, MOST_NUMBERS // width))
        blocks = [
            self._outputs(estimator, chain, estimator._encoded(X[at : at + rows]), whole)
            for at in range(0, max(len(X), 1), rows)
        ]
        return finite_outputs(type(estimator).__name__, np.concatenate(blocks))

    def _outputs(self, estimator: Any, chain: Chain, X: Any, whole: bool) -> Array:
        chosen = estimator.engine, estimator.n_jobs  # which may be arrays of one
        key = whole, *(each if isinstance(each, Hashable) else repr(each) for each in chosen)
        with self.lock:
            parameters, predict = self.made.get(key, (None, None))
            if predict is None or parameters is not chain.parameters:
                parameters, predict = chain.parameters, _program(estimator, chain, whole)
                self.made[key] = parameters, predict
            if X.dtype.itemsize > parameters.flat.itemsize:
                X = narrowed(type(estimator).__name__, X, chain.dtype, ADVICE)
            return predict(X)


def _program(estimator: Any, chain: Chain, whole: bool) -> Callable[[Any], Array]:
    """Return what makes outputs of X by a chain, or by all of it but the last function."""
    part = Chain.assemble(chain.layers if whole else chain.layers[:-1], chain.parameters)
    if estimator.engine == "reference":
        return partial(in_blocks, part)
    return Forward(part, threads=resolve.threads(estimator.n_jobs))
