"""chain.forward by machine code, of a chain that may be trained on meanwhile."""

from __future__ import annotations

from functools import partial
from threading import RLock
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.chain import Chain
from chainrule.engine.machine.availability import UnsupportedError, check_runs_here, processors
from chainrule.engine.planning.in_place import in_place
from chainrule.engine.running.changes import Changes, changes
from chainrule.engine.running.prediction import Outputs, Predictor
from chainrule.sparse_rows import as_csr
from chainrule.types import Array

ROWS_OF_NUMPY = 4096
"""Samples that NumPy takes at once."""

FEW_ROWS = 8
"""Samples for which parameters are read where the chain has them: to compare them takes longer."""


class Forward(Predictor):
    """chain.forward, by machine code where the engine has it.

    The chain may be trained on meanwhile: its parameters are those at each call. By machine code a
    sample's output is the same to the bit, alone or among others, in the first call and in every
    other one; NumPy's last bits depend on how many samples there are. A few samples go through the
    parameters where they are; for more, those of the program are compared with them first.

    Parameters
    ----------
    chain : Chain
        Of any functions.
    threads : int, optional
        That large batches may use; by default as many as there are processors.
    """

    _changed: Changes

    def __init__(self, chain: Chain, *, threads: int | None = None) -> None:
        self.chain, self._most, self._forward = chain, threads, RLock()
        self._parameters: Any = None
        self._by_machine = False
        self._flat: Array | None = None

    def refresh(self) -> None:
        """Take over the chain's parameters as they are now."""
        super().refresh()
        parameters = self.chain.parameters
        if parameters.flat is self._flat:
            self._changed.taken_over()
            return
        self._flat = parameters.flat
        self._changed = changes(self.weights, parameters, self.library)
        self._read = in_place(self.network.in_prediction(), parameters)
        self._of_few = self._read and Outputs(self.network, self._read, 1, self.library)

    def __reduce__(self) -> Any:
        """Return how a copy is made: programs hold addresses, and are made anew."""
        return partial(type(self), threads=self._most), (self.chain,)

    def __call__(self, X: Any) -> Array:
        """Return the chain's output (n, …) for X (n, …)."""
        with self._forward:
            if self._parameters is not self.chain.parameters:
                self._parameters, self._by_machine = self.chain.parameters, self._prepared()
            if not self._by_machine:
                return in_blocks(self.chain, X)
            return super().__call__(X)

    def _of(self, X: Any, outputs: Outputs) -> Array:
        if self._flat is not self._parameters.flat:
            self.refresh()
        if self._read and self._of_few and type(X) is np.ndarray and X.ndim and len(X) <= FEW_ROWS:
            self._read.follow()
            return super()._of(X, self._of_few)
        if self._changed():
            self.refresh()
        return super()._of(X, outputs)

    def _prepared(self) -> bool:
        """Return whether the engine has kernels for the chain, with programs begun anew."""
        self._flat = None
        try:
            check_runs_here()
            super().__init__(self.chain, threads=self._most or processors())
        except UnsupportedError:
            return False
        return True


def in_blocks(chain: Chain, X: Any) -> Array:
    """Return chain.forward(X), some samples at a time, so that memory stays bounded."""
    if sparse.issparse(X):
        X = as_csr(str(chain.functions[0]), X)
    starts = range(0, max(X.shape[0], 1), ROWS_OF_NUMPY)
    return np.concatenate([chain.forward(X[at : at + ROWS_OF_NUMPY]) for at in starts])
